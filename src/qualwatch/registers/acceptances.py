"""Accepted findings: valid until their review day, or until fewer people are held than then."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from qualwatch.journal.actions import record
from qualwatch.registers.models import AcceptedFindingRow
from qualwatch.registers.tables import next_revision
from qualwatch.wording import gettext as _

OFFICE = "office"  # the source of rows that officers put on record


class CannotAccept(Exception):
    """The review day is missing or past, or the reason is; the message says which."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of one item."""

    credit_code: str
    category: str
    sub_item: str
    requirement: str


@transaction.atomic
def accept_finding(
    *, about: Requirement, at_held: int, until: date, because: str, by: str, at: datetime
) -> AcceptedFindingRow:
    """Records an acceptance; an earlier one of the same requirement ends. CannotAccept."""
    if not because.strip():
        raise CannotAccept(_("请写明理由"))
    if until <= timezone.localdate(at):
        raise CannotAccept(_("复核日要晚于今天"))
    revision = next_revision(what="accepted-finding", by=by, at=at)
    key = {name: getattr(about, name) for name in AcceptedFindingRow.KEY}
    current = AcceptedFindingRow._default_manager.filter(recorded_to=None, source=OFFICE, **key)
    current.update(recorded_to=revision.pk)
    row: AcceptedFindingRow = AcceptedFindingRow._default_manager.create(
        source=OFFICE,
        duplicate_no=1,
        recorded_from=revision.pk,
        at_held=at_held,
        until=until,
        because=because,
        **key,
    )
    record(
        stream=f"enterprise/{about.credit_code}",
        by=by,
        at=at,
        what="finding-accepted",
        basis=because,
        after=[*key.values(), at_held, until.isoformat()],
        details={**key, "at_held": at_held, "until": until},
    )
    return row


@transaction.atomic
def end_acceptance(*, about: Requirement, because: str, by: str, at: datetime) -> None:
    """Ends an acceptance: the requirement is judged by the registers again."""
    revision = next_revision(what="acceptance-ended", by=by, at=at)
    key = {name: getattr(about, name) for name in AcceptedFindingRow.KEY}
    updated = AcceptedFindingRow._default_manager.filter(
        recorded_to=None, source=OFFICE, **key
    ).update(recorded_to=revision.pk, absent_since=timezone.localdate(at))
    if not updated:
        raise CannotAccept(_("没有这条认可"))
    record(
        stream=f"enterprise/{about.credit_code}",
        by=by,
        at=at,
        what="acceptance-ended",
        basis=because,
        details=key,
    )
