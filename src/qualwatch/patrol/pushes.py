"""What a push of the platform changes: registers and findings, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.law.loader import Law
from qualwatch.registers.changes import Change, PushResult, apply_changes


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """What became of the changes, and the run that followed where something new came."""

    result: PushResult
    run: Run | None


@transaction.atomic
def import_changes(
    *, changes: Sequence[Change], law: Law, by: str, at: datetime, day: date
) -> PushOutcome:
    """Applies changes and assesses the enterprises concerned.

    Cards wait for the day's close (policy).
    """
    result = apply_changes(changes=changes, law=law, by=by, at=at, day=day)
    if not result.credit_codes:
        return PushOutcome(result, None)
    return PushOutcome(
        result, assess(as_of=day, law=law, by=by, at=at, credit_codes=result.credit_codes)
    )
