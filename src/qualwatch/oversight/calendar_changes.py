"""Deadlines of oversight that a changed calendar moves: returns, faults found in spot checks."""

from collections.abc import Iterator

from qualwatch.cases.calendar_changes import ChangedDeadline, Concerned, changed
from qualwatch.cases.competence import PROVINCE
from qualwatch.cases.deadline_columns import FOLLOW_UP, RETURN_DUE
from qualwatch.law.calendar import Calendar
from qualwatch.law.loader import Law
from qualwatch.oversight.models import Check, Return, ReturnDeadline
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import reporters


def changed_deadlines(calendar: Calendar, law: Law) -> list[ChangedDeadline]:
    """Every open deadline of a quarter's returns and of a follow-up that a calendar changes."""
    return [*_of_returns(calendar, law), *_of_drafts(calendar), *_of_checks(calendar)]


def _of_returns(calendar: Calendar, law: Law) -> Iterator[ChangedDeadline]:
    """By when a quarter's returns are due, while one of its reporters has not submitted."""
    for row in ReturnDeadline.objects.order_by("year", "quarter"):
        submitted = Return.objects.filter(year=row.year, quarter=row.quarter, state="submitted")
        owing = set(reporters(Quarter(row.year, row.quarter), law))
        owing -= set(submitted.values_list("reporter", flat=True))
        if owing:
            concerned = Concerned(
                f"{row.year}Q{row.quarter}",
                f"organisation/{PROVINCE}",
                tuple(sorted({*owing, PROVINCE})),
            )
            yield from changed(row, RETURN_DUE, calendar, concerned)


def _of_drafts(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """The same day on the returns that are not submitted; the notice goes out once, above."""
    for row in Return.objects.exclude(state="submitted").order_by("pk"):
        concerned = Concerned(f"{row.year}Q{row.quarter}", f"organisation/{row.reporter}", ())
        yield from changed(row, RETURN_DUE, calendar, concerned)


def _of_checks(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """By when a city says how it has put a fault right."""
    rows = Check.objects.filter(followed_up_on=None, follow_up_due_on__isnull=False)
    for row in rows.select_related("document").order_by("pk"):
        about = row.document.number if row.document else str(row)
        concerned = Concerned(about, f"organisation/{row.city}", tuple({row.city, PROVINCE}))
        yield from changed(row, FOLLOW_UP, calendar, concerned)
