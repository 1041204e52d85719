"""By when an application has to be answered (policy)."""

from datetime import date

from qualwatch.cases.competence import route_of
from qualwatch.cases.course import Doing
from qualwatch.cases.models import UNDECIDED, Application, Case, Task
from qualwatch.procedure.periods import Deadline, Period

EXAMINE, DECIDE = "application", "decide-application"  # the tasks


def application_due(case: Case | None, task: str, doing: Doing, *, since: date | None = None) -> Deadline:
    """By when the city gives its opinion, or the province decides; from today unless told otherwise."""
    policy = doing.law.policy_on(doing.on)
    examines = task != DECIDE and (case is None or route_of(case) == "city")
    days = policy["city_opinion_working_days" if examines else "application_decision_working_days"]
    return Period(days, "working-days").from_day(since or doing.on, doing.law.calendar)


def count_again(doing: Doing) -> None:
    """Days of answers that rested on an unpublished calendar, from when they began: later or the same."""
    for one in Application.objects.filter(stage__in=UNDECIDED, is_due_provisional=True).select_related("case"):
        old = one.decision_due_on or one.opinion_due_on
        task = DECIDE if one.decision_due_on else EXAMINE
        since = one.opinion_on or doing.day_of(one.filed_at)
        due = application_due(one.case, task, doing, since=since)
        later = max(due.ends_on, old) if old else due.ends_on
        one.is_due_provisional = due.provisional
        if one.decision_due_on:
            one.decision_due_on = later
        else:
            one.opinion_due_on = later
        one.save(update_fields=["is_due_provisional", "decision_due_on", "opinion_due_on"])
        tasks = Task.objects.filter(case=one.case, kind=task, done_on=None)
        (tasks if one.case else tasks.filter(detail=one.number)).update(due_on=later)
