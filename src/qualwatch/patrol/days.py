"""What is done for one day."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.journal.actions import seal
from qualwatch.journal.models import Seal
from qualwatch.law.loader import Law


@dataclass(frozen=True, slots=True)
class DayDone:
    """What running a day came to."""

    run: Run
    seal: Seal


@transaction.atomic
def run_day(*, day: date, law: Law, by: str, at: datetime) -> DayDone:
    """Assesses the day and seals the journal. Running it again adds nothing."""
    run = assess(as_of=day, law=law, by=by, at=at)
    return DayDone(run, seal(day=day))
