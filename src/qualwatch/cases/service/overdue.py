"""Warnings that nobody opened become letters; tasks to serve that are overdue are escalated."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db.models import Q

from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import PROVINCE
from qualwatch.cases.models import Case, CaseRequirement, Document, Service, Task
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, codes_with_account, notify
from qualwatch.cases.tasks import (
    ESCALATING,
    LETTER,
    OVERDUE_SERVICE,
    SERVE_ORDER,
    complete,
    due_by_rule,
    new_task,
    open_task,
    open_tasks,
)
from qualwatch.journal.actions import NewEntry, record_all
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.service import NOTICE

OVERDUE = "service-overdue"
SIGNING = ("sign", "sign-withdrawal")


def request_letters(ctx: ActContext) -> int:
    """Opens a task, with its day, to write to enterprises that have not opened their warning.

    At once where the enterprise has no account, else when the policy's days for opening are over.
    Returns how many tasks were opened or got their day.
    """
    unopened = _unopened_warnings(ctx)
    due = due_by_rule(LETTER, ctx)
    # the table has a rule for it
    assert due is not None
    waiting = {task.case_id: task for task in open_tasks(LETTER).filter(case__in=unopened)}
    new = [
        new_task(
            case,
            LETTER,
            opened_on=ctx.on,
            due_on=due.ends_on,
            is_provisional=due.provisional,
        )
        for number, case in unopened.items()
        if number not in waiting
    ]
    undated = [task.pk for task in waiting.values() if task.due_on is None]
    Task.objects.bulk_create(new, batch_size=1000)
    Task.objects.filter(pk__in=undated).update(
        due_on=due.ends_on, is_due_provisional=due.provisional
    )
    return len(new) + len(undated)


def _unopened_warnings(ctx: ActContext) -> Mapping[int, Case]:
    """Open cases of which a warning is unproved too long, and no letter tells of it."""
    rows = CaseRequirement.objects.filter(determined_on=None, recovered_on=None).exclude(
        ~Q(proved_on=None), raised={}
    )
    rows = rows.exclude(case__state="closed").select_related("case").order_by("pk")
    rows_unproved = [row for row in rows if row.unproved_days]
    reachable = codes_with_account(row.case.credit_code for row in rows_unproved)
    latest = _latest_push(rows_unproved, ctx)
    lettered = _pushes_in_letters(row.case_id for row in rows_unproved)
    return {
        row.case_id: row.case
        for row in rows_unproved
        for pushed_on in row.unproved_days
        if (row.case.credit_code not in reachable or pushed_on in latest)
        and lettered.get((row.case_id, row.requirement), date.min) < pushed_on
    }


def _latest_push(rows: Iterable[CaseRequirement], ctx: ActContext) -> set[date]:
    """The days of warnings that should have been opened by now."""
    days = Period(ctx.law.policy_on(ctx.on)["push_opening_working_days"], "working-days")
    pushed = {day for row in rows for day in row.unproved_days}
    return {day for day in pushed if days.from_day(day, ctx.law.calendar).ends_on < ctx.on}


def _pushes_in_letters(cases: Iterable[int]) -> Mapping[tuple[int, str], date]:
    """By case and requirement, the day of the newest warning that a letter tells of."""
    letters = Document.objects.filter(kind="warning", voided_on=None, case__in=set(cases))
    days: dict[tuple[int, str], date] = {}
    for number, values in letters.values_list("case_id", "template_values"):
        if number is None:
            continue
        for requirement, pushed_on in values.get("pushed", {}).items():
            day = date.fromisoformat(pushed_on)
            days[number, requirement] = max(day, days.get((number, requirement), day))
    return days


def escalate_services(ctx: ActContext) -> int:
    """Notifies reviewers of overdue tasks to serve, and later the authority above; how many tasks.

    Each task once, those of an authority in one notice. Not while a public notice runs, which
    nobody can hasten.
    """
    overdue = open_tasks_overdue(ctx.on)
    to_remind = [task for task in overdue if task.reminded_on is None]
    to_escalate = [task for task in overdue if _is_to_escalate(task, ctx)]
    for task in to_remind:
        task.reminded_on = ctx.on
    for task in to_escalate:
        task.escalated_on = ctx.on
    changed = [*to_remind, *to_escalate]
    Task.objects.bulk_update(changed, ["reminded_on", "escalated_on"], batch_size=500)
    for authority, tasks in sorted(_by_authority(to_remind).items()):
        _notify_overdue(authority, tasks, authority, ctx)
    for authority, tasks in sorted(_by_authority(to_escalate).items()):
        _notify_overdue(authority, tasks, PROVINCE, ctx)
        today = Deadline(ctx.on, provisional=False)
        open_task(None, OVERDUE_SERVICE, ctx, authority=PROVINCE, due=today, detail=authority)
    _close_supervision(ctx)
    return len(changed)


def _is_to_escalate(task: Task, ctx: ActContext) -> bool:
    """Whether its reviewers were notified long ago; above the province there is nobody."""
    if task.reminded_on is None or task.escalated_on or task.organisation == PROVINCE:
        return False
    days = ctx.law.policy_on(ctx.on)["service_escalation_working_days"]
    last = Period(days, "working-days").from_day(task.reminded_on, ctx.law.calendar)
    return last.ends_on < ctx.on


def _by_authority(tasks: Iterable[Task]) -> Mapping[str, list[Task]]:
    grouped: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        grouped[task.organisation].append(task)
    return grouped


def open_tasks_overdue(on: date) -> list[Task]:
    """Open tasks to serve whose day is over, save those for which a public notice runs."""
    tasks = Task.objects.filter(kind__in=ESCALATING, completed_on=None, due_on__lt=on)
    announced = Service.objects.filter(
        method=NOTICE, proved_on=None, failed_on=None, document__kind="order-to-rectify"
    )
    running = set(announced.values_list("document__case", flat=True))
    return [
        task
        for task in tasks.select_related("case").order_by("pk")
        if not (task.kind == SERVE_ORDER and task.case_id in running)
    ]


def _notify_overdue(authority: str, tasks: Sequence[Task], to: str, ctx: ActContext) -> None:
    """Notifies an authority's reviewers of the overdue tasks of one authority."""
    subject, body = texts.overdue_services(organisation(authority).name, tasks)
    notification = Notification(
        None,
        OVERDUE,
        subject,
        body,
        to_enterprise=False,
        to_authorities=(to,),
        message_capabilities=SIGNING,
    )
    notify([notification], ctx.at)
    entries = [
        NewEntry(
            task.case.stream if task.case else f"organisation/{authority}",
            OVERDUE,
            details={"task": task.pk, "kind": task.kind, "due": task.due_on, "to": to},
        )
        for task in tasks
    ]
    record_all(entries, by=ctx.by, at=ctx.at)


def _close_supervision(ctx: ActContext) -> None:
    """Closes the tasks of the authority above about authorities that have served meanwhile."""
    unserved = Task.objects.filter(completed_on=None).exclude(escalated_on=None)
    late = set(unserved.values_list("organisation", flat=True))
    complete(open_tasks(OVERDUE_SERVICE).exclude(detail__in=late), ctx)
