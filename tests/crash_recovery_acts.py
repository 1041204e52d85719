"""A sequence of acts, each at a fixed moment, that continues after a crash when it is run again."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qualwatch.law.loader import Law

DAY = date(2026, 5, 20)
AT = datetime(2026, 5, 20, 2, tzinfo=UTC)
SOURCES = {
    "enterprises": "企业",
    "qualifications": "资质",
    "practitioners": "注册人员",
    "insurance": "社保",
    "exemptions": "豁免",
    "locks": "锁定",
}


NEXT_DAY = DAY + timedelta(days=1)


def run(folder: Path) -> None:
    """All acts. Each is skipped, or does nothing, where an earlier run has done it."""
    from qualwatch.journal.actions import seal
    from qualwatch.law.loader import load_law
    from qualwatch.patrol.days import run_day

    law = load_law()
    load_and_assess(folder, law)
    load_shrunken_list(folder, law)
    push_changes(folder, law)
    seal(day=NEXT_DAY)
    create_accounts()
    run_day(day=NEXT_DAY, law=law, by="patrol", at=AT + timedelta(days=2))
    record_officers_red_card(law)
    # Also what a rerun after the finding does
    run_day(day=NEXT_DAY, law=law, by="patrol", at=AT + timedelta(days=2))
    send_messages()


def load_and_assess(folder: Path, law: Law) -> None:
    """Every register, a run, and its release by another person where it is held."""
    from qualwatch.assessments.actions import assess, release_run
    from qualwatch.assessments.models import Run
    from qualwatch.registers.loads import Delivery, import_delivery

    for source, name in SOURCES.items():
        path = folder / f"{name}.csv"
        import_delivery(delivery=Delivery(source, {path.name: path}, DAY), law=law, by="li", at=AT)
    if not Run.objects.exists():
        assess(as_of=DAY, law=law, by="li", at=AT)
    run = Run.objects.get(is_full=True, of=None, as_of=DAY)
    if run.state == "held":
        release_run(run=run, law=law, by="wang", at=AT, because="核对过样本", proposed_by="li")


def load_shrunken_list(folder: Path, law: Law) -> None:
    """A list that has shrunk is held, and released by another person."""
    from qualwatch.registers.loads import Delivery, import_delivery, release
    from qualwatch.registers.models import Load

    path, at = folder / "少.csv", AT + timedelta(days=1)
    if not Load.objects.filter(as_of=NEXT_DAY).exists():
        delivery = Delivery("practitioners", {path.name: path}, NEXT_DAY)
        import_delivery(delivery=delivery, law=law, by="li", at=at)
    load = Load.objects.get(as_of=NEXT_DAY)
    if load.state == "held":
        release(load=load, law=law, by="wang", at=at, because="核对过", proposed_by="li")


def push_changes(folder: Path, law: Law) -> None:
    """The platform removes some people."""
    from qualwatch.patrol.pushes import import_changes
    from qualwatch.registers.changes import Change

    rows = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
    changes = [Change(f"c{n}", n, "practitioners", "remove", row) for n, row in enumerate(rows, 1)]
    import_changes(changes=changes, law=law, by="platform", at=AT + timedelta(days=2), day=NEXT_DAY)


def create_accounts() -> None:
    """An officer, and the accounts of two enterprises that are short."""
    from django.db import transaction

    from qualwatch.accounts.actions import create_account
    from qualwatch.accounts.models import Account, Organisation
    from qualwatch.accounts.queries import organisation
    from qualwatch.assessments.models import FindingRow

    account: dict[str, Any] = {
        "password": "correct-horse-battery",
        "by": "admin",
        "at": AT + timedelta(days=2),
        "early_warning": True,
    }
    for name, role in (("li", "province-officer"), ("wang", "province-reviewer")):
        if not Account.objects.filter(username=name).exists():
            create_account(
                username=name, organisation=organisation("province"), roles=[role], **account
            )
    short = FindingRow.objects.filter(recorded_to=None, verdict="short").order_by("credit_code")
    with transaction.atomic():  # all or none: after the patrol others may be short
        if Organisation.objects.filter(kind="enterprise").exists():
            return
        for code in sorted(set(short.values_list("credit_code", flat=True)))[:2]:
            enterprise = Organisation.objects.create(
                slug=f"e-{code}".lower(), name="x", kind="enterprise", credit_code=code
            )
            create_account(
                username=code,
                organisation=enterprise,
                roles=["enterprise-user"],
                email=f"{code}@example.com",
                **account,
            )


def record_officers_red_card(law: Law) -> None:
    """A supervision finding about an item that the run finds in order."""
    from actors import evidence_file
    from qualwatch.accounts.models import Account
    from qualwatch.assessments.models import FindingRow
    from qualwatch.cases.documents.evidence import evidence_of, open_file
    from qualwatch.cases.models import Case, ProposedAct
    from qualwatch.cases.proposed_acts.actions import finding_act, propose_act, sign_act
    from qualwatch.cases.warnings.officer_figures import DifferenceReason
    from qualwatch.cases.warnings.supervise import InspectionFinding

    met = (
        FindingRow.objects.filter(recorded_to=None, verdict="met", required__gt=1)
        .order_by("credit_code")
        .first()
    )
    if met is None or Case.objects.filter(origin="officer").exists():
        return
    finding = InspectionFinding(
        met.credit_code,
        met.category,
        met.sub_item,
        "现场核查",
        {met.requirement: {"required": 2, "held": 0}},
        {met.requirement: DifferenceReason("李某", "某路1号", "不在岗")},
    )
    officer, reviewer = (Account.objects.get(username=name) for name in ("li", "wang"))
    at = AT + timedelta(days=2)
    act = ProposedAct.objects.filter(state="proposed").first()
    if act is None:
        new = finding_act(finding, [evidence_file("笔录.png")])
        act = propose_act(new=new, by=officer, law=law, at=at)
    for file in evidence_of(act):
        open_file(number=file.number, by=reviewer, at=at)
    sign_act(act=act, by=reviewer, law=law, at=at, because="属实")


def send_messages() -> None:
    """Writes every message's key to a file instead of sending it."""
    from django.conf import settings

    from qualwatch.cases.notices.notify import record_sent
    from qualwatch.outbox.actions import deliver
    from qualwatch.outbox.models import Message

    def send(message: Message) -> None:
        with (settings.STATE / "sent.txt").open("a", encoding="utf-8") as file:
            file.write(message.key + "\n")

    deliver(send=send, at=AT + timedelta(days=3), on_sent=record_sent)


def recorded_state() -> dict[str, Any]:
    """Everything that must be equal after a crash: rows, findings, journal entries."""
    from qualwatch.publication.queries import canonical, public_copy, replayed

    positions = positions_of_records()
    return {
        **register_state(),
        **assessment_state(),
        **journal_state(positions),
        **case_state(),
        "public": [canonical(public_copy()), public_copy() == replayed(10**9)],
        "sent": sent_keys(positions),
    }


def positions_of_records() -> dict[str, str]:
    """Names of cases and notices by their order: a killed transaction may have used up a number."""
    from qualwatch.cases.models import Case, Notice

    streams = [case.stream for case in Case.objects.order_by("pk")]
    numbers = Notice.objects.order_by("pk").values_list("pk", flat=True)
    positions = {stream: f"case {position}" for position, stream in enumerate(streams)}
    return positions | {
        str(number): f"notice {position}" for position, number in enumerate(numbers)
    }


def register_state() -> dict[str, Any]:
    """Rows, people, changes, revisions and loads."""
    from qualwatch.registers.models import TABLES, Load, Person, PlatformChange, Revision

    loads = Load.objects.exclude(state="unchanged").values_list("source", "state")
    return {
        "rows": {
            slug: [
                model._default_manager.count(),
                model._default_manager.filter(recorded_to=None).count(),
            ]
            for slug, model in TABLES.items()
        },
        "people": Person.objects.count(),
        "changes": PlatformChange.objects.count(),
        "revisions": Revision.objects.count(),
        "loads": sorted(map(list, loads)),
    }


def assessment_state() -> dict[str, Any]:
    """Runs, current findings and anomalies."""
    from qualwatch.assessments.models import AnomalyRow, FindingRow, Run

    key = ["credit_code", "category", "sub_item", "requirement"]
    findings = FindingRow.objects.filter(recorded_to=None).order_by(*key)
    values = findings.values_list(*key, "verdict", "held", "possible", "because")
    return {
        "runs": sorted(map(list, Run.objects.values_list("is_full", "state"))),
        "findings": sorted(map(list, values), key=repr),
        "anomalies": AnomalyRow.objects.filter(recorded_to=None).count(),
    }


def journal_state(positions: dict[str, str]) -> dict[str, Any]:
    """Entries, and faults of the journal under the office's own key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.conf import settings

    from qualwatch.journal.models import Entry
    from qualwatch.journal.queries import faults

    key = Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY).public_key()
    entries = Entry.objects.values_list("stream", "number", "by", "what")
    return {
        "journal": sorted([positions.get(stream, stream), *rest] for stream, *rest in entries),
        "faults": list(faults(key.public_bytes_raw().hex())),
    }


def case_state() -> dict[str, Any]:
    """Cases, counts of what hangs on them, and documents."""
    from qualwatch.cases.models import Case, CaseRequirement, Delivery, Document, Notice, Task

    cases = Case.objects.values_list("credit_code", "category", "origin", "state", "version")
    documents = Document.objects.values_list("number", "kind", "credit_code")
    return {
        "cases": sorted(map(list, cases), key=repr),
        "case records": [
            CaseRequirement.objects.count(),
            Notice.objects.count(),
            Delivery.objects.count(),
            Task.objects.count(),
            Delivery.objects.filter(delivered_at=None).count(),
        ],
        "documents": sorted(map(list, documents)),
    }


def sent_keys(positions: dict[str, str]) -> list[str]:
    """The keys of the sent messages, with positions instead of numbers."""
    from django.conf import settings

    keys = set((settings.STATE / "sent.txt").read_text(encoding="utf-8").split())
    return sorted("/".join(positions.get(part, part) for part in key.split("/")) for key in keys)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "state":
        print(json.dumps(recorded_state(), ensure_ascii=False, default=str))
    else:
        run(Path(sys.argv[1]))
