"""By when applications are answered and withdrawals are started (policy)."""

from datetime import date

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import route_of
from qualwatch.cases.models import UNDECIDED, Application, Case, WithdrawalList
from qualwatch.cases.tasks import DECIDE_APPLICATION, EXAMINE, START, open_tasks
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


def application_due(
    case: Case | None, task: str, ctx: ActContext, *, since: date | None = None
) -> Deadline:
    """By when the city gives its opinion or the province decides, from `since` or today."""
    is_examined = task != DECIDE_APPLICATION and (case is None or route_of(case) == "city")
    name = "city_opinion_working_days" if is_examined else "application_decision_working_days"
    return _after_working_days(name, since or ctx.on, ctx)


def start_due(received_on: date, ctx: ActContext) -> Deadline:
    """By when a bureau starts the withdrawals suggested to it (notice 4(2))."""
    return _after_working_days("bureau_start_working_days", received_on, ctx)


def annulment_entry(case: Case, received_on: date | None, ctx: ActContext) -> NewEntry:
    """The journal's entry of taking down what is public after an annulment.

    It has the day of receipt (today where none is given), the day by which to take down, and
    whether that is past. CannotStep for a day in the future.
    """
    received = received_on or ctx.on
    if received > ctx.on:
        raise CannotStep("proof", _("收到的日期不能晚于今天"))
    due = _after_working_days("take_down_working_days", received, ctx)
    details = {"received": received, "due": due.ends_on, "late": ctx.on > due.ends_on}
    return NewEntry(case.stream, "taken-down", details=details)


def recount_deadlines(ctx: ActContext) -> None:
    """Counts provisional days again, now that a calendar is published; none becomes earlier."""
    lists = WithdrawalList.objects.filter(is_start_due_provisional=True)
    for batch in lists.filter(received_on__isnull=False):
        _recount_start(batch, ctx)
    applications = Application.objects.filter(stage__in=UNDECIDED, is_due_provisional=True)
    for application in applications.select_related("case"):
        _recount_answer(application, ctx)


def _recount_start(batch: WithdrawalList, ctx: ActContext) -> None:
    assert batch.received_on is not None  # the query says so
    due = start_due(batch.received_on, ctx)
    batch.start_due_on = _later(due, batch.start_due_on)
    batch.is_start_due_provisional = due.provisional
    batch.save(update_fields=["start_due_on", "is_start_due_provisional"])
    members = [str(number) for number in batch.members.values_list("pk", flat=True)]
    open_tasks(START, members).update(due_on=batch.start_due_on)


def _recount_answer(application: Application, ctx: ActContext) -> None:
    is_decision = application.decision_due_on is not None
    task = DECIDE_APPLICATION if is_decision else EXAMINE
    since = application.opinion_on or ctx.day_of(application.filed_at)
    due = application_due(application.case, task, ctx, since=since)
    due_on = _later(due, application.decision_due_on or application.opinion_due_on)
    if is_decision:
        application.decision_due_on = due_on
    else:
        application.opinion_due_on = due_on
    application.is_due_provisional = due.provisional
    application.save(update_fields=["is_due_provisional", "decision_due_on", "opinion_due_on"])
    tasks = open_tasks(task).filter(case=application.case)
    if application.case is None:
        # Without a case a task is found by the application's number.
        tasks = tasks.filter(detail=application.number)
    tasks.update(due_on=due_on)


def _after_working_days(policy_name: str, since: date, ctx: ActContext) -> Deadline:
    days = ctx.law.policy_on(ctx.on)[policy_name]
    return Period(days, "working-days").from_day(since, ctx.law.calendar)


def _later(due: Deadline, earlier: date | None) -> date:
    return max(due.ends_on, earlier or due.ends_on)
