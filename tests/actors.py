"""Officers and an enterprise, with short methods for their acts: loads, patrols, proposals, services."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from PIL import Image

from builders import OWN, law
from qualwatch.accounts.actions import create_account, create_organisations
from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.cases.applications.actions import file_application, uphold, verify
from qualwatch.cases.applications.filing import Filing
from qualwatch.cases.applications.repairs import Repairs
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.documents.evidence import evidence_of, open_file
from qualwatch.cases.models import (
    Application,
    Case,
    Determination,
    Document,
    Notice,
    ProposedAct,
    Service,
)
from qualwatch.cases.proposed_acts.actions import NewAct, finding_act, propose_act, sign_act
from qualwatch.cases.service.actions import (
    fail_service,
    issue_warning,
    prove_service,
    start_service,
)
from qualwatch.cases.warnings.determine import ProposedDetermination, propose, sign
from qualwatch.cases.warnings.officer_figures import DifferenceReason
from qualwatch.cases.warnings.supervise import (
    InspectionFinding,
    RecheckFinding,
    open_notice,
    recheck,
)
from qualwatch.law.loader import Law
from qualwatch.patrol.days import DayOutcome, run_day
from qualwatch.procedure.checklists import lines_of
from qualwatch.procedure.service import NEEDS_FILE, CannotServe
from qualwatch.publication.queries import public_copy
from register_files import Rows
from register_office import DAY, SOURCES, RegisterOffice
from register_rows import province

PASSWORD = "correct-horse-battery"
# Why a figure differs from the registers'.
WHY = DifferenceReason("李某", "太原市某路1号", "不在岗，没有工资和社保记录")
TAIYUAN, DATONG = "city-140100", "city-140200"
APPROVAL = "city-140100-bureau"
ITEM = (OWN, "specialist-decoration", "")
OFFICERS = {
    "officer": ("province", "province-officer"),
    "reviewer": ("province", "province-reviewer"),
    "other-reviewer": ("province", "province-reviewer"),
    "city-officer": (TAIYUAN, "city-officer"),
    "city-reviewer": (TAIYUAN, "city-reviewer"),
    "datong-officer": (DATONG, "city-officer"),
    "datong-reviewer": (DATONG, "city-reviewer"),
    "auditor": ("province", "auditor"),
    "second-officer": ("province", "province-officer"),
    "third-reviewer": ("province", "province-reviewer"),
    "fourth-reviewer": ("province", "province-reviewer"),
    "approval-officer": (APPROVAL, "approval-officer"),
    "approval-second-officer": (APPROVAL, "approval-officer"),
    "approval-reviewer": (APPROVAL, "approval-reviewer"),
    "approval-lawyer": (APPROVAL, "approval-reviewer"),
}


def act_arguments(actors: Actors, by: str, day: date) -> dict[str, Any]:
    """The arguments that every act has: by, law, at."""
    return {"by": actors.account(by), "law": actors.law, "at": actors.office.tick(day)}


@dataclass
class Actors:
    """The accounts of permission tests, created at first use, and their acts."""

    office: RegisterOffice
    law: Law = field(default_factory=law)
    accounts: dict[str, Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        create_organisations(divisions=self.law.divisions, by="prepare", at=self.office.tick())
        Organisation.objects.exclude(kind="enterprise").update(
            contact="联系甲",
            telephone="0351-5550001",
            address="某路1号一楼大厅",
            office_hours="工作日9时至17时",
        )

    def account(self, name: str) -> Account:
        """The account of an officer, by its name in `OFFICERS`."""
        if name not in self.accounts:
            where, role = OFFICERS[name]
            self.accounts[name] = create_account(
                username=name,
                password=PASSWORD,
                organisation=organisation(where),
                roles=[role],
                early_warning=True,
                by="admin",
                at=self.office.tick(),
            )
        return self.accounts[name]

    def enterprise_account(self, code: str = OWN, email: str = "") -> Account:
        """An enterprise's account."""
        where = Organisation.objects.create(
            slug=f"e-{code}".lower(), name="甲", kind="enterprise", credit_code=code
        )
        return create_account(
            username=f"e-{code}",
            password=PASSWORD,
            organisation=where,
            roles=["enterprise-user"],
            early_warning=False,
            by="admin",
            at=self.office.tick(),
            email=email,
        )

    def load_and_patrol(self, day: date = DAY, people: int = 2, **changed: Rows) -> DayOutcome:
        """Loads the registers of a day and runs its patrol."""
        self.load_registers(day, people, changed)
        return self.patrol(day)

    def load_registers(
        self,
        day: date,
        people: int = 2,
        changed: dict[str, Rows] | None = None,
        *,
        may_be_held: bool = False,
    ) -> None:
        """Loads the registers of a day; each must be accepted unless `may_be_held`."""
        for sheet, rows in province(people, **(changed or {})).items():
            load = self.office.load(SOURCES[sheet], rows, day=day)
            assert may_be_held or load.state in ("released", "unchanged"), load.because

    def patrol(self, day: date, *, run_on: date | None = None) -> DayOutcome:
        """The patrol of a day, by default run on that day."""
        return run_day(day=day, law=self.law, by="patrol", at=self.office.tick(run_on or day))

    def propose(
        self, case: Case, *, by: str = "officer", day: date | None = None, **changed: Any
    ) -> Any:
        """An officer proposes; red if nothing else is given."""
        proposed = ProposedDetermination(
            **{
                "outcome": "red",
                "because": "期满后核查仍缺一名注册建造师",
                "evidence": [evidence_file()],
                **changed,
            }
        )
        at = self.office.tick(day or DAY)
        return propose(
            case=reload(case), proposed=proposed, by=self.account(by), law=self.law, at=at
        )

    def sign(self, case: Case, *, by: str = "reviewer", day: date | None = None) -> Any:
        """A reviewer opens the evidence and signs."""
        waiting = case.determinations.filter(state="proposed").first()
        if waiting is not None:
            self.read_evidence(waiting, by, day)
        return sign(
            case=reload(case),
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day or DAY),
            because="同意",
        )

    def prove_warning(self, case: Case, day: date, by: str = "officer") -> Any:
        """The warning is served as a letter, with a receipt."""
        who, office = self.account(by), self.office
        letter = issue_warning(case=reload(case), by=who, law=self.law, at=office.tick(day))
        return self.serve(letter, day, by=by)

    def serve_order(self, case: Case, day: date, by: str = "officer") -> Any:
        """The order to rectify is served, with a receipt."""
        return self.serve(self.order_of(case), day, by=by)

    def order_of(self, case: Case) -> Document:
        """The newest order to rectify that is not voided; CannotServe without one."""
        orders = Document.objects.filter(case=case, kind="order-to-rectify").order_by("-pk")
        document = orders.filter(voided_on=None).first()
        if document is None:
            raise CannotServe("没有责令整改通知书")
        return document

    def start_service(
        self,
        document: Document,
        day: date,
        method: str = "in-person",
        by: str = "officer",
        **details: Any,
    ) -> Service:
        """Starts a service attempt."""
        return start_service(
            document=document,
            method=method,
            recipient="甲公司，太原市某路1号",
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
            **details,
        )

    def prove_service(
        self, service: Service, day: date, by: str = "officer", **changed: Any
    ) -> Service:
        """Proves a service with a receipt."""
        files = [SubmittedFile("送达回证.png", picture())]
        return prove_service(
            service=service,
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
            **{"proved_on": day, "proof": "送达回证", "files": files, **changed},
        )

    def serve(self, document: Document, day: date, by: str = "officer") -> Service:
        """Starts and proves a service on one day."""
        return self.prove_service(self.start_service(document, day, by=by), day, by=by)

    def filing(
        self, cause: str = "assessment-wrong", *requirements: str, files: Any = None, **changed: Any
    ) -> Filing:
        """An application with every line of its checklist answered."""
        submitted_files = [SubmittedFile("证明.png", picture())] if files is None else files
        lines = {
            requirement: {
                line: [submitted_files[0].name] if submitted_files else "见说明"
                for line in lines_of(requirement)
            }
            for requirement in requirements or ("constructors",)
        }
        return Filing(
            **{
                "cause": cause,
                "statement": "人员确在本单位",
                "files": submitted_files,
                "requirements": requirements,
                "checklist": lines,
                **changed,
            }
        )

    def verify(
        self, application: Application, repairs: Repairs, day: date, by: str = "second-officer"
    ) -> Application:
        """An officer says what is to be repaired, and how."""
        return verify(
            application=application,
            repairs=repairs,
            because="已核实",
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
        )

    def uphold(
        self, application: Application, repairs: Repairs, day: date, by: str = "reviewer"
    ) -> Document:
        """Verified by an officer, signed by a reviewer."""
        self.verify(application, repairs, day)
        return uphold(
            application=application,
            because="核实属实",
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
        )

    def fail_service(
        self, service: Service, day: date, why: str = "absent", by: str = "officer"
    ) -> Service:
        """Marks a service attempt as failed."""
        files = [SubmittedFile("退件.png", picture(5))] if why in NEEDS_FILE else []
        return fail_service(
            service=service,
            why=why,
            because="情况说明",
            files=files,
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
        )

    def apply(
        self, case: Case, day: date, by: Account, filing: Filing | None = None
    ) -> Application:
        """The enterprise applies."""
        return file_application(
            case=reload(case),
            filing=filing or self.filing(),
            by=by,
            law=self.law,
            at=self.office.tick(day),
        )

    def read_evidence(
        self, owner: Determination | ProposedAct, by: str, day: date | None = None
    ) -> None:
        """An account opens every file of a proposal that it may see."""
        for file in evidence_of(owner):
            if by not in file.opened_by:
                with suppress(ObjectDoesNotExist):
                    open_file(
                        number=file.number, by=self.account(by), at=self.office.tick(day or DAY)
                    )

    def propose_act(
        self, kind: str, day: date, *, by: str = "officer", because: str = "属实", **about: Any
    ) -> ProposedAct:
        """An officer proposes an act with a file of evidence; `about`: fields of NewAct."""
        new = NewAct(**{"kind": kind, "because": because, "files": [evidence_file()], **about})
        return propose_act(
            new=new, by=self.account(by), law=self.law, at=self.office.tick(day), read="后果"
        )

    def sign_act(self, act: ProposedAct, day: date, *, by: str = "reviewer") -> Any:
        """Another person opens the evidence and signs."""
        self.read_evidence(act, by, day)
        return sign_act(
            act=act,
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
            because="同意",
            read="后果",
        )

    def act(
        self,
        kind: str,
        day: date,
        *,
        by: str = "officer",
        signer: str = "reviewer",
        **about: Any,
    ) -> Any:
        """An act that one person proposes and another signs on the same day."""
        return self.sign_act(self.propose_act(kind, day, by=by, **about), day, by=signer)

    def open_inbox(self, name: str, day: date) -> None:
        """Opens every document in the inbox of an account's authority."""
        account = self.account(name)
        assert account.organisation is not None
        unopened = Notice.objects.filter(
            organisation=account.organisation.slug, first_opened_at=None
        ).exclude(document=None)
        for notice in unopened.order_by("pk"):
            open_notice(notice=notice, by=account, at=self.office.tick(day), law=self.law)

    def propose_finding(self, day: date, by: str = "officer", **changed: Any) -> ProposedAct:
        """A supervision finding that differs from the registers, with its reasons."""
        figures = {"constructors": {"required": 3, "held": 1}}
        files = changed.pop("files", [evidence_file("笔录.png")])
        finding = InspectionFinding(
            **{
                "credit_code": OWN,
                "category": ITEM[1],
                "sub_item": "",
                "what": "现场核查只有一人",
                "figures": figures,
                "reasons": dict.fromkeys(changed.get("figures", figures), WHY),
                **changed,
            }
        )
        return propose_act(
            new=finding_act(finding, files),
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
        )

    def inspect(
        self, day: date, by: str = "officer", signer: str = "reviewer", **changed: Any
    ) -> Case:
        """A supervision finding, proposed and signed: red at once."""
        step = self.sign_act(self.propose_finding(day, by, **changed), day, by=signer)
        return reload(step.case)

    def recheck(
        self,
        case: Case,
        day: date,
        outcome: str = "short",
        *,
        by: str = "officer",
        **changed: Any,
    ) -> Any:
        """An officer rechecks a red card: one less than required, or as many."""
        names = list(
            case.requirements.filter(determined_on__isnull=False, recovered_on=None).values_list(
                "requirement", flat=True
            )
        )
        missing = 2 if outcome == "short" else 0
        figures: dict[str, dict[str, int]] = {
            name: {"people": missing}
            if name == "insurance"
            else {"required": 3, "held": 3 - missing}
            for name in names
        }
        finding = RecheckFinding(
            **{
                "outcome": outcome,
                "because": "复查",
                "figures": figures,
                "reasons": dict.fromkeys(names, WHY),
                **changed,
            }
        )
        return recheck(
            case=reload(case),
            finding=finding,
            files=[evidence_file("照片.png")],
            by=self.account(by),
            law=self.law,
            at=self.office.tick(day),
        )

    def yellow_case(self, day: date = DAY, **changed: Rows) -> Case:
        """The yellow card of a firm that lacks one of three constructors."""
        self.load_and_patrol(day, 2, **changed)
        return Case.objects.get(state="yellow", category__isnull=False)

    def red_case(self, day: date = DAY, **changed: Rows) -> Case:
        """The same case, served and determined on the day after its period."""
        case = self.yellow_case(day, **changed)
        self.prove_warning(case, day + timedelta(days=1))
        day_after = case.requirements.get().ends_on + timedelta(days=1)
        self.load_and_patrol(day_after, 2, **changed)
        self.propose(case, day=day_after)
        self.sign(case, day=day_after)
        return reload(case)


@cache
def picture(colour: int = 0) -> bytes:
    """A small picture, as a scan of a receipt."""
    written = io.BytesIO()
    Image.new("L", (2, 2), colour).save(written, "PNG")
    return written.getvalue()


def evidence_file(name: str = "核查表.png", colour: int = 9, note: str = "") -> SubmittedFile:
    """A file of evidence."""
    return SubmittedFile(name, picture(colour), note)


def cards_and_notices() -> dict[str, Any]:
    """The public copy without the keys of seals and packs, which stay for ever."""
    copy = public_copy()
    return {key: body for key, body in copy.items() if not key.startswith("signing-key/")}


def reload(case: Case) -> Case:
    """The case as it is in the database."""
    return Case.objects.get(pk=case.pk)
