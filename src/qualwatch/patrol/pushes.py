"""A push of the platform: registers and findings change in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.law.loader import Law
from qualwatch.registers.changes import (
    PushResult,
    apply_changes,
    release_change,
    release_changes,
)
from qualwatch.registers.models import PlatformChange
from qualwatch.registers.pushed import Pushed


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """The result of a push, and the run that followed where a change was new."""

    result: PushResult
    run: Run | None


@transaction.atomic
def import_changes(
    *, changes: Sequence[Pushed], law: Law, by: str, at: datetime, day: date
) -> PushOutcome:
    """Applies changes and assesses the enterprises concerned.

    Cards wait for the day's close (policy).
    """
    result = apply_changes(changes=changes, law=law, by=by, at=at, day=day)
    return _assessed(result, law, by, at, day)


@transaction.atomic
def release_quarantined(
    *, change: PlatformChange, law: Law, by: str, at: datetime, day: date, because: str
) -> PushOutcome:
    """Applies a quarantined change that a person has checked, and assesses those it concerns.

    CannotRelease.
    """
    result = release_change(change=change, law=law, by=by, at=at, day=day, because=because)
    return _assessed(result, law, by, at, day)


@transaction.atomic
def release_all_quarantined(
    *, changes: QuerySet[PlatformChange], law: Law, by: str, at: datetime, day: date, because: str
) -> PushOutcome:
    """Applies all of some quarantined changes in one act, and assesses those they concern once.

    CannotRelease where there are none.
    """
    result = release_changes(changes=changes, law=law, by=by, at=at, day=day, because=because)
    return _assessed(result, law, by, at, day)


def _assessed(result: PushResult, law: Law, by: str, at: datetime, day: date) -> PushOutcome:
    if not result.credit_codes:
        return PushOutcome(result, None)
    run = assess(as_of=day, law=law, by=by, at=at, credit_codes=result.credit_codes)
    return PushOutcome(result, run)
