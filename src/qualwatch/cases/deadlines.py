"""By when applications are answered and withdrawals are started (policy)."""

from datetime import date

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import route_of
from qualwatch.cases.models import Case
from qualwatch.cases.tasks import DECIDE_APPLICATION
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


def application_due(case: Case | None, task: str, ctx: ActContext) -> Deadline:
    """By when the city gives its opinion or the province decides, from today."""
    is_examined = task != DECIDE_APPLICATION and (case is None or route_of(case) == "city")
    name = "city_opinion_working_days" if is_examined else "application_decision_working_days"
    return _after_working_days(name, ctx.on, ctx)


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


def _after_working_days(policy_name: str, since: date, ctx: ActContext) -> Deadline:
    days = ctx.law.policy_on(ctx.on)[policy_name]
    return Period(days, "working-days").from_day(since, ctx.law.calendar)
