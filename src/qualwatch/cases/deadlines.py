"""By when an application has to be answered (policy)."""

from datetime import date

from qualwatch.cases.competence import route_of
from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import UNDECIDED, Application, Case, Task, WithdrawalList
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

EXAMINE, DECIDE = "application", "decide-application"  # the tasks


def application_due(
    case: Case | None, task: str, ctx: ActContext, *, since: date | None = None
) -> Deadline:
    """By when the city gives its opinion, or the province decides; from today unless told otherwise."""
    policy = ctx.law.policy_on(ctx.on)
    examines = task != DECIDE and (case is None or route_of(case) == "city")
    days = policy["city_opinion_working_days" if examines else "application_decision_working_days"]
    return Period(days, "working-days").from_day(since or ctx.on, ctx.law.calendar)


def start_due(received_on: date, ctx: ActContext) -> Deadline:
    """By when a bureau starts what was suggested to it (notice 4(2))."""
    days = Period(ctx.law.policy_on(ctx.on)["bureau_start_working_days"], "working-days")
    return days.from_day(received_on, ctx.law.calendar)


def annulment_entry(case: Case, received_on: date | None, ctx: ActContext) -> NewEntry:
    """The journal's line on an annulment: when it came, by when what is public had to go, whether that is late."""
    came = received_on or ctx.on
    if came > ctx.on:
        raise CannotStep("proof", _("收到的日期不能晚于今天"))
    days = Period(ctx.law.policy_on(ctx.on)["take_down_working_days"], "working-days")
    due = days.from_day(came, ctx.law.calendar)
    details = {"received": came, "due": due.ends_on, "late": ctx.on > due.ends_on}
    return NewEntry(case.stream, "taken-down", details=details)


def recount_deadlines(ctx: ActContext) -> None:
    """Days of answers and starts that rested on an unpublished calendar, from when they began: later or the same."""
    for batch in WithdrawalList.objects.filter(
        is_start_due_provisional=True, received_on__isnull=False
    ):
        assert batch.received_on is not None  # the query says so
        again = start_due(batch.received_on, ctx)
        batch.start_due_on = max(batch.start_due_on or again.ends_on, again.ends_on)
        batch.is_start_due_provisional = again.provisional
        batch.save(update_fields=["start_due_on", "is_start_due_provisional"])
        waiting = [str(number) for number in batch.members.values_list("pk", flat=True)]
        Task.objects.filter(kind="start", detail__in=waiting, completed_on=None).update(
            due_on=batch.start_due_on
        )
    for application in Application.objects.filter(
        stage__in=UNDECIDED, is_due_provisional=True
    ).select_related("case"):
        old = application.decision_due_on or application.opinion_due_on
        task = DECIDE if application.decision_due_on else EXAMINE
        since = application.opinion_on or ctx.day_of(application.filed_at)
        due = application_due(application.case, task, ctx, since=since)
        later = max(due.ends_on, old) if old else due.ends_on
        application.is_due_provisional = due.provisional
        if application.decision_due_on:
            application.decision_due_on = later
        else:
            application.opinion_due_on = later
        application.save(update_fields=["is_due_provisional", "decision_due_on", "opinion_due_on"])
        tasks = Task.objects.filter(case=application.case, kind=task, completed_on=None)
        (tasks if application.case else tasks.filter(detail=application.number)).update(
            due_on=later
        )
