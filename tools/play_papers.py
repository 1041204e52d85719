"""Documents in the played province: letters, services, applications, evidence packs."""

from __future__ import annotations

import io
import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

CHANCE = {
    "post-returns": 0.12,
    "post-lost": 0.05,
    "applies": 0.04,
    "data-wrong": 0.3,
    "examined": 0.2,
    "agreed": 0.5,
    "upheld": 0.4,
    "home": 0.6,
    "pursued": 0.3,
}
DAYS_IN_TRANSIT = (3, 8)
DAYS_OF_PURSUIT = 45  # after a failed attempt, until another letter is written
# Hours of a day; the time between two acts.
MACHINES_AT, OPENS_AT, CLOSES_AT = 5, 9, 18
BETWEEN_ACTS = timedelta(seconds=20)
ADDRESS = "登记住所"
FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = ("建国", "志强", "秀英", "海燕", "晋生", "文斌", "丽华", "永红", "卫东", "晓明")
PASSWORD = "correct-horse-battery"  # of the demo's own database


def moment(day: date, hour: int) -> datetime:
    """An hour of a Beijing day."""
    from qualwatch.procedure.periods import BEIJING

    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)


def invented_name(chance: random.Random) -> str:
    """The name of a person of the play."""
    return chance.choice(FAMILY_NAMES) + chance.choice(GIVEN_NAMES)


@dataclass
class OfficeClock:
    """The moments of the office's acts, in order: on a day from its opening, seconds apart.

    A day that has more acts than its hours hold is a fault of the play.
    """

    now: datetime | None = None

    def next(self, day: date) -> datetime:
        """The moment of the next act of a day, within office hours."""
        opens = moment(day, OPENS_AT)
        following = self.now + BETWEEN_ACTS if self.now else opens
        self.now = max(opens, following)
        if self.now >= moment(day, CLOSES_AT):
            raise ClosedOffice(self.now)
        return self.now

    def at_night(self, day: date) -> datetime:
        """The moment of what machines do before the office opens, in order."""
        early = moment(day, MACHINES_AT)
        following = self.now + BETWEEN_ACTS if self.now else early
        self.now = max(early, following)
        return self.now


class ClosedOffice(Exception):
    """The acts of a day do not fit into its office hours."""


def scan(serial: int) -> bytes:
    """A scanned receipt, each its own."""
    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (8, 8), (serial % 256, serial // 256 % 256, 90)).save(written, "PNG")
    return written.getvalue()


@dataclass
class Papers:
    """Issues and serves documents, files and decides applications, day by day."""

    law: Any
    chance: random.Random
    accounts: dict[str, Any]
    counts: Counter[str]
    clock: OfficeClock
    serial: int = 0

    def act(self, day: date, by: str = "sample-officer") -> dict[str, Any]:
        """The arguments that every act has: by, law, at."""
        return {"by": self.accounts[by], "law": self.law, "at": self.clock.next(day)}

    def file(self, name: str) -> Any:
        """A file to be handed in."""
        from qualwatch.cases.documents.attachments import SubmittedFile

        self.serial += 1
        return SubmittedFile(name, scan(self.serial))

    def read_evidence(self, owner: Any, by: Any, at: datetime) -> None:
        """Opens every file of a proposal, as whoever signs it must."""
        from qualwatch.cases.documents.evidence import open_file, unopened_evidence

        for file in unopened_evidence(owner, by.username):
            open_file(number=file.number, by=by, at=at)

    def act_by_two(self, new: Any, day: date, by: Any, signer: Any) -> Any:
        """An act that one officer proposes and another signs later that day."""
        from qualwatch.cases.proposed_acts.actions import propose_act, sign_act
        from qualwatch.cases.proposed_acts.kinds import ACT_KINDS

        consequence = ACT_KINDS[new.kind].consequence
        act = propose_act(new=new, by=by, law=self.law, at=self.clock.next(day), read=consequence)
        self.read_evidence(act, signer, self.clock.next(day))
        return sign_act(
            act=act,
            by=signer,
            law=self.law,
            at=self.clock.next(day),
            because="同意",
            read=consequence,
        )

    def recheck(self, case: Any, day: date, by: Any) -> None:
        """Rechecks an officer's red card: still as it was found."""
        from qualwatch.cases.warnings.officer_figures import DifferenceReason
        from qualwatch.cases.warnings.supervise import RecheckFinding, recheck

        finding = case.supervision_finding
        why = DifferenceReason(
            "认定时不在岗的人员", f"企业{ADDRESS}", "复查时仍不在岗，花名册和工资表中没有此人"
        )
        finding_of_recheck = RecheckFinding(
            "short",
            "到企业住所复查，认定时所缺的人员没有补充，登记在册的该人员仍不在岗",
            {
                name: {key: row["found"][key] for key in ("required", "held")}
                for name, row in finding.figures.items()
            },
            dict.fromkeys(finding.figures, why),
        )
        recheck(
            case=case,
            finding=finding_of_recheck,
            files=[self.file("复查笔录（两名检查人员和企业负责人签名）.png")],
            by=by,
            law=self.law,
            at=self.clock.next(day),
        )

    def post_warning(self, case: Any, day: date) -> None:
        """A warning by post to an enterprise without an account."""
        from qualwatch.cases.service.actions import issue_warning, start_service

        document = issue_warning(case=case, **self.act(day))
        start_service(
            document=document,
            method="post",
            recipient=f"{case.enterprise}，{ADDRESS}",
            **self.act(day),
        )
        self.counts["letters: posted"] += 1

    def cases_with_letter_under_way(self, day: date) -> set[int]:
        """Cases whose warning letter is in the post, or is tried by another method."""
        from django.db.models import Q

        from qualwatch.cases.models import Service

        unproved = Service.objects.filter(document__kind="warning", proved_on=None)
        lately = Q(failed_on=None) | Q(failed_on__gt=day - timedelta(days=DAYS_OF_PURSUIT))
        return set(unproved.filter(lately).values_list("document__case_id", flat=True))

    def pursue_warnings(self, day: date) -> None:
        """A warning whose letter came back is brought; where nobody is there, announced."""
        from qualwatch.cases.models import Document, Task
        from qualwatch.cases.service.actions import fail_service, prove_service, start_service

        tasks = Task.objects.filter(kind="serve", completed_on=None, case__state="yellow")
        for task in tasks.select_related("case").order_by("pk"):
            number, method = task.detail.rsplit(" ", 1)
            document = Document.objects.filter(
                case=task.case, kind="warning", number=number, services__method="post"
            ).first()
            if document is None or self.chance.random() >= CHANCE["pursued"]:
                continue
            service = start_service(
                document=document,
                method=method,
                recipient=f"{document.addressee}，{ADDRESS}",
                **self.act(day),
            )
            self.counts[f"warnings: {method}"] += 1
            if method == "in-person" and self.chance.random() < CHANCE["home"]:
                prove_service(
                    service=service,
                    proved_on=day,
                    proof="送达回证",
                    files=[self.file("送达回证.png")],
                    **self.act(day),
                )
            elif method == "in-person":
                fail_service(
                    service=service,
                    why="absent",
                    because="登记住所无人",
                    files=[self.file("上门照片.png")],
                    **self.act(day),
                )

    def serve_red_card(self, case: Any, day: date) -> None:
        """Serves determination and order by the next allowed method; it may fail."""
        from qualwatch.cases.models import Document
        from qualwatch.cases.service.actions import fail_service, prove_service, start_service

        at_home = self.chance.random() < CHANCE["home"]
        for document in Document.objects.filter(
            case=case, kind__in=("determination", "order-to-rectify"), voided_on=None
        ):
            services = document.services.exclude(method="platform")
            is_served = document.services.filter(proved_on__isnull=False).exists()
            if is_served or services.filter(proved_on=None, failed_on=None).exists():
                continue
            task = case.tasks.filter(
                kind="serve", detail__startswith=document.number, completed_on=None
            ).first()
            method = task.detail.rsplit(" ", 1)[1] if task else "in-person"
            service = start_service(
                document=document,
                method=method,
                recipient=f"{case.enterprise}，{ADDRESS}",
                **self.act(day),
            )
            self.counts[f"red cards: {method}"] += 1
            if method == "left" or (method == "in-person" and at_home):
                prove_service(
                    service=service,
                    proved_on=day,
                    proof="送达回证",
                    files=[self.file("送达回证.png")],
                    **self.act(day),
                )
            elif method == "in-person":
                fail_service(
                    service=service,
                    why=self.chance.choice(["absent", "refused"]),
                    because="上门未能送达",
                    files=[self.file("上门照片.png")],
                    **self.act(day),
                )
                self.counts["services: failed"] += 1

    def process_post(self, day: date) -> None:
        """Receipts and returned letters come back; of some letters neither does."""
        from qualwatch.cases.models import Service
        from qualwatch.cases.service.actions import fail_service, prove_service

        since = [day - timedelta(days=days) for days in DAYS_IN_TRANSIT]
        waiting = Service.objects.filter(
            method="post",
            proved_on=None,
            failed_on=None,
            document__voided_on=None,
            sent_on__lte=since[0],
            sent_on__gte=since[1],
        )
        for service in waiting.select_related("document__case").order_by("pk"):
            if service.document.services.filter(proved_on__isnull=False).exists():
                continue
            lot = self.chance.random()
            if lot < CHANCE["post-returns"] / 3:
                fail_service(
                    service=service,
                    why="unknown",
                    because="查无此单位，退回",
                    files=[self.file("退件.png")],
                    **self.act(day),
                )
                self.counts["services: failed"] += 1
            elif lot < CHANCE["home"] - CHANCE["post-lost"]:
                prove_service(
                    service=service,
                    proved_on=day - timedelta(days=1),
                    proof="邮政回执",
                    files=[self.file("邮政回执.png")],
                    **self.act(day),
                )
                self.counts["services: proved"] += 1

    def file_application(self, account: Any, day: date) -> None:
        """An enterprise objects, or asks for its data to be repaired."""
        from qualwatch.cases.applications.actions import file_application
        from qualwatch.cases.applications.filing import Filing
        from qualwatch.cases.models import Case
        from qualwatch.procedure.checklists import lines_of

        case = (
            Case.objects.filter(
                credit_code=account.organisation.credit_code,
                category__isnull=False,
                application__isnull=True,
            )
            .exclude(state="closed")
            .order_by("pk")
            .first()
        )
        if case is None or case.disputed or self.chance.random() >= CHANCE["applies"]:
            return
        about = list(
            case.requirements.filter(recovered_on=None).values_list("requirement", flat=True)
        )
        if not about:
            return
        proof = self.file("证明材料.png")
        lines = {one: {line: [proof.name] for line in lines_of(one)} for one in about}
        filing = Filing(
            "assessment-wrong",
            "所缺人员自入职起一直在本单位执业，社保由本单位按月缴纳",
            [proof],
            about,
            lines,
        )
        file_application(
            case=case, filing=filing, by=account, law=self.law, at=self.clock.next(day)
        )
        self.counts["applications: filed"] += 1

    def decide_applications(self, day: date) -> None:
        """Cities examine their applications; the province decides."""
        from qualwatch.cases.applications.actions import agree, refuse, uphold, verify
        from qualwatch.cases.applications.repairs import Repairs
        from qualwatch.cases.models import Application
        from qualwatch.procedure.transitions import CannotStep

        for application in (
            Application.objects.filter(stage__in=("received", "agreed"))
            .select_related("case")
            .order_by("pk")
        ):
            if self.chance.random() >= CHANCE["examined"]:
                continue
            is_city = application.stage == "received" and application.receiver != "province"
            who = "sample-city-reviewer" if is_city else "sample-second-reviewer"
            if is_city and application.receiver != self.accounts[who].organisation.slug:
                continue
            yes = self.chance.random() < CHANCE["agreed" if is_city else "upheld"]
            try:
                if not yes:
                    refuse(
                        application=application,
                        because="只附了劳动合同，没有注册证书和缴费记录，证明不了人员在本单位执业",
                        **self.act(day, who),
                    )
                elif is_city:
                    agree(
                        application=application,
                        because="调阅注册证书、劳动合同和缴费记录，人员在本单位执业",
                        **self.act(day, who),
                    )
                else:
                    verify(
                        application=application,
                        repairs=Repairs(day + timedelta(days=180)),
                        because="核对注册证书和缴费记录，人员在本单位执业",
                        **self.act(day, "sample-second-officer"),
                    )
                    uphold(
                        application=application,
                        because="注册证书、缴费记录与申请一致",
                        **self.act(day, who),
                    )
                self.counts[
                    f"applications: {'refused' if not yes else 'agreed' if is_city else 'upheld'}"
                ] += 1
            except CannotStep as why:
                self.counts[f"refused: {why.slug}"] += 1

    def write_documents(self, folder: Path, until: date, pack_count: int) -> None:
        """Writes evidence packs and every issued document to folders and prints their names."""
        from qualwatch.archive.actions import content_of
        from qualwatch.cases.evidence_packs.pack import evidence_pack
        from qualwatch.cases.models import Case, Document, Service

        letters, packs = folder / "letters", folder / "packs"
        letters.mkdir(parents=True)
        packs.mkdir(parents=True)
        for document in Document.objects.select_related("file").order_by("pk"):
            (letters / f"{document.number} {document.title}.docx").write_bytes(
                content_of(document.file)
            )
        reds = Case.objects.filter(origin="system", published_on__isnull=False).exclude(
            closed_because="repaired"
        )
        for case in reds.order_by("order_served_on", "pk")[:pack_count]:
            pack = evidence_pack(
                card_number=case.card_number,
                by=self.accounts["sample-officer"],
                at=self.clock.next(until),
            )
            (packs / f"{case.card_number}.zip").write_bytes(pack)
        proved = Service.objects.filter(proved_on__isnull=False)
        print(
            f"\ndocuments issued: {Document.objects.count()} (every one in {letters}); services: "
            f"{Service.objects.count()}, proved {proved.count()}, "
            f"by method {dict(sorted(Counter(proved.values_list('method', flat=True)).items()))}, "
            "failed "
            f"{Service.objects.filter(failed_on__isnull=False).count()}"
        )
        print("evidence packs:", ", ".join(str(path) for path in sorted(packs.iterdir())))
