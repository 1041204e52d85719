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


def run(folder: Path) -> None:
    """Loads, a held run and its release, a held load and its release, a push, cards, a supervision finding, mail."""
    from qualwatch.assessments.actions import assess, release_run
    from qualwatch.assessments.models import Run
    from qualwatch.journal.actions import seal
    from qualwatch.law.loader import load_law
    from qualwatch.patrol.pushes import import_changes
    from qualwatch.registers.changes import Change
    from qualwatch.registers.loads import Delivery, import_delivery, release
    from qualwatch.registers.models import Load

    law = load_law()
    for source, name in SOURCES.items():
        path = folder / f"{name}.csv"
        import_delivery(delivery=Delivery(source, {path.name: path}, DAY), law=law, by="li", at=AT)
    if not Run.objects.exists():
        assess(as_of=DAY, law=law, by="li", at=AT)
    held = Run.objects.get(is_full=True, of=None, as_of=DAY)
    if held.state == "held":
        release_run(run=held, law=law, by="wang", at=AT, because="核对过样本")
    less, next_day = folder / "少.csv", DAY + timedelta(days=1)
    if not Load.objects.filter(as_of=next_day).exists():
        import_delivery(
            delivery=Delivery("practitioners", {less.name: less}, next_day),
            law=law,
            by="li",
            at=AT + timedelta(days=1),
        )
    load = Load.objects.get(as_of=next_day)
    if load.state == "held":
        release(load=load, law=law, by="wang", at=AT + timedelta(days=1), because="核对过")
    rows = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
    changes = [Change(f"c{n}", n, "practitioners", "remove", row) for n, row in enumerate(rows, 1)]
    import_changes(changes=changes, law=law, by="platform", at=AT + timedelta(days=2), day=next_day)
    seal(day=next_day)
    cards(law, next_day)


def cards(law: Law, day: date) -> None:
    """A patrol with its cards, an officer's red card, messages sent."""
    from django.conf import settings
    from django.db import transaction

    from qualwatch.accounts.actions import create_account
    from qualwatch.accounts.models import Account, Organisation
    from qualwatch.accounts.queries import organisation
    from qualwatch.assessments.models import FindingRow
    from qualwatch.cases.models import Case
    from qualwatch.cases.notices.notify import record_sent
    from qualwatch.cases.warnings.supervise import InspectionFinding, record_supervision_finding
    from qualwatch.outbox.actions import deliver
    from qualwatch.outbox.models import Message
    from qualwatch.patrol.days import run_day

    account: dict[str, Any] = {
        "password": "correct-horse-battery",
        "by": "admin",
        "at": AT + timedelta(days=2),
        "early_warning": True,
    }
    if not Account.objects.filter(username="li").exists():
        create_account(
            username="li",
            organisation=organisation("province"),
            roles=["province-officer"],
            **account,
        )
    short = FindingRow.objects.filter(recorded_to=None, verdict="short").order_by("credit_code")
    with transaction.atomic():  # all or none: after the patrol others may be short
        if not Organisation.objects.filter(kind="enterprise").exists():
            for code in sorted(set(short.values_list("credit_code", flat=True)))[:2]:
                where = Organisation.objects.create(
                    slug=f"e-{code}".lower(), name="x", kind="enterprise", credit_code=code
                )
                create_account(
                    username=code,
                    organisation=where,
                    roles=["enterprise-user"],
                    email=f"{code}@example.com",
                    **account,
                )
    run_day(day=day, law=law, by="patrol", at=AT + timedelta(days=2))
    met = (
        FindingRow.objects.filter(recorded_to=None, verdict="met", required__gt=1)
        .order_by("credit_code")
        .first()
    )
    if met is not None and not Case.objects.filter(origin="officer").exists():
        finding = InspectionFinding(
            met.credit_code,
            met.category,
            met.sub_item,
            "现场核查",
            ["笔录"],
            {met.requirement: {"required": 2, "held": 0, "shortfall": 2}},
        )
        who = Account.objects.get(username="li")
        record_supervision_finding(finding=finding, by=who, law=law, at=AT + timedelta(days=2))
    # Also what a rerun after the finding does
    run_day(day=day, law=law, by="patrol", at=AT + timedelta(days=2))

    def send(message: Message) -> None:
        with (settings.STATE / "sent.txt").open("a", encoding="utf-8") as file:
            file.write(message.key + "\n")

    deliver(send=send, at=AT + timedelta(days=3), noted=record_sent)


def recorded_state() -> dict[str, Any]:
    """Everything that must be equal after a crash: rows, findings, journal entries."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.conf import settings

    from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
    from qualwatch.cases.models import Case, CaseRequirement, Delivery, Document, Notice, Task
    from qualwatch.journal.models import Entry
    from qualwatch.journal.queries import faults
    from qualwatch.registers.models import TABLES, Load, Person, PlatformChange, Revision

    key = (
        Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)
        .public_key()
        .public_bytes_raw()
        .hex()
    )
    from qualwatch.publication.queries import canonical, public_copy, replayed

    sent = (settings.STATE / "sent.txt").read_text(encoding="utf-8").split()
    names = [
        "credit_code",
        "category",
        "sub_item",
        "requirement",
        "verdict",
        "held",
        "possible",
        "because",
    ]
    current = FindingRow.objects.filter(recorded_to=None)
    # A killed transaction may have used up a number; the order of cases and notices is the same.
    place = {case.stream: f"case {at}" for at, case in enumerate(Case.objects.order_by("pk"))}
    place |= {
        str(number): f"notice {at}"
        for at, number in enumerate(Notice.objects.order_by("pk").values_list("pk", flat=True))
    }
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
        "loads": sorted(
            map(list, Load.objects.exclude(state="unchanged").values_list("source", "state"))
        ),
        "runs": sorted(map(list, Run.objects.values_list("is_full", "state"))),
        "findings": sorted(map(list, current.order_by(*names[:4]).values_list(*names)), key=repr),
        "anomalies": AnomalyRow.objects.filter(recorded_to=None).count(),
        "journal": sorted(
            [place.get(stream, stream), *rest]
            for stream, *rest in Entry.objects.values_list("stream", "number", "by", "what")
        ),
        "faults": list(faults(key)),
        "cases": sorted(
            map(
                list,
                Case.objects.values_list("credit_code", "category", "origin", "state", "version"),
            ),
            key=repr,
        ),
        "told": [
            CaseRequirement.objects.count(),
            Notice.objects.count(),
            Delivery.objects.count(),
            Task.objects.count(),
            Delivery.objects.filter(delivered_at=None).count(),
        ],
        "papers": sorted(map(list, Document.objects.values_list("number", "kind", "credit_code"))),
        "public": [canonical(public_copy()), public_copy() == replayed(10**9)],
        "sent": sorted(
            "/".join(place.get(part, part) for part in key.split("/")) for key in set(sent)
        ),
    }


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "state":
        print(json.dumps(recorded_state(), ensure_ascii=False, default=str))
    else:
        run(Path(sys.argv[1]))
