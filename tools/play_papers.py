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
}
DAYS_IN_TRANSIT = (3, 8)
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

    def cases_with_letter_in_transit(self) -> set[int]:
        """Cases whose warning letter has neither a proof nor a failure of service."""
        from qualwatch.cases.models import Service

        waiting = Service.objects.filter(document__kind="warning", proved_on=None, failed_on=None)
        return set(waiting.values_list("document__case_id", flat=True))

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
        lines = {
            requirement: {line: [proof.name] for line in lines_of(requirement)}
            for requirement in about
        }
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
