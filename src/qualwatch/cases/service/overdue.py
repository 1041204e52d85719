"""Warnings that nobody opened become letters; tasks to serve that are overdue are escalated."""

from collections.abc import Iterable, Mapping
from datetime import date

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
    due_day,
    new_task,
    open_tasks,
)
from qualwatch.journal.actions import NewEntry, record_all
from qualwatch.procedure.periods import Period
from qualwatch.procedure.service import NOTICE

OVERDUE = "service-overdue"
SIGNING = ("sign", "sign-withdrawal")


def request_letters(ctx: ActContext) -> int:
    """Opens a task, with its day, to write to enterprises that have not opened their warning.

    At once where the enterprise has no account, else when the policy's days for opening are over.
    Returns how many tasks were opened or got their day.
    """
    unopened = _unopened_warnings(ctx)
    due_on = due_day(LETTER, ctx)
    waiting = {task.case_id: task for task in open_tasks(LETTER).filter(case__in=unopened)}
    new = [
        new_task(case, LETTER, opened_on=ctx.on, due_on=due_on)
        for number, case in unopened.items()
        if number not in waiting
    ]
    undated = [task.pk for task in waiting.values() if task.due_on is None]
    Task.objects.bulk_create(new, batch_size=1000)
    Task.objects.filter(pk__in=undated).update(due_on=due_on)
    return len(new) + len(undated)


def _unopened_warnings(ctx: ActContext) -> Mapping[int, Case]:
    """Yellow cases of which a warning is unproved too long, and no letter tells of it."""
    rows = CaseRequirement.objects.filter(case__state="yellow", proved_on=None, recovered_on=None)
    rows_unproved = list(rows.select_related("case").order_by("pk"))
    reachable = codes_with_account(row.case.credit_code for row in rows_unproved)
    latest = _latest_push(rows_unproved, ctx)
    lettered = _pushes_in_letters(row.case_id for row in rows_unproved)
    return {
        row.case_id: row.case
        for row in rows_unproved
        if (row.case.credit_code not in reachable or row.pushed_on in latest)
        and (row.case_id, row.requirement, row.pushed_on.isoformat()) not in lettered
    }


def _latest_push(rows: Iterable[CaseRequirement], ctx: ActContext) -> set[date]:
    """The days of warnings that should have been opened by now."""
    days = Period(ctx.law.policy_on(ctx.on)["push_opening_working_days"], "working-days")
    pushed = {row.pushed_on for row in rows}
    return {day for day in pushed if days.from_day(day, ctx.law.calendar).ends_on < ctx.on}


def _pushes_in_letters(cases: Iterable[int]) -> set[tuple[int, str, str]]:
    """Case, requirement and day of every warning that a letter tells of."""
    letters = Document.objects.filter(kind="warning", voided_on=None, case__in=set(cases))
    return {
        (number, requirement, pushed_on)
        for number, values in letters.values_list("case_id", "template_values")
        if number is not None
        for requirement, pushed_on in values.get("pushed", {}).items()
    }


def escalate_services(ctx: ActContext) -> int:
    """Notifies reviewers of overdue tasks to serve, and later the authority above; how many.

    Each once. Not while a public notice runs, which nobody can hasten.
    """
    _close_supervision(ctx)
    overdue = open_tasks_overdue(ctx.on)
    to_remind = [task for task in overdue if task.reminded_on is None]
    again_after = Period(
        ctx.law.policy_on(ctx.on)["service_escalation_working_days"], "working-days"
    )
    to_escalate = [
        task
        for task in overdue
        if task.reminded_on is not None
        and task.escalated_on is None
        and task.organisation != PROVINCE
        and again_after.from_day(task.reminded_on, ctx.law.calendar).ends_on < ctx.on
    ]
    for task in to_remind:
        task.reminded_on = ctx.on
        _notify_overdue(task, task.organisation, ctx)
    for task in to_escalate:
        task.escalated_on = ctx.on
        _notify_overdue(task, PROVINCE, ctx)
        new_task(
            task.case,
            OVERDUE_SERVICE,
            opened_on=ctx.on,
            authority=PROVINCE,
            due_on=ctx.on,
            detail=str(task.pk),
        ).save()
    changed = [*to_remind, *to_escalate]
    Task.objects.bulk_update(changed, ["reminded_on", "escalated_on"], batch_size=500)
    return len(changed)


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


def _notify_overdue(task: Task, authority: str, ctx: ActContext) -> None:
    subject, body = texts.overdue_service(task)
    notification = Notification(
        task.case,
        OVERDUE,
        subject,
        body,
        to_enterprise=False,
        to_authorities=(authority,),
        message_capabilities=SIGNING,
    )
    notify([notification], ctx.at)
    stream = task.case.stream if task.case else f"organisation/{task.organisation}"
    details = {"task": task.pk, "kind": task.kind, "due": task.due_on, "to": authority}
    record_all([NewEntry(stream, OVERDUE, details=details)], by=ctx.by, at=ctx.at)


def _close_supervision(ctx: ActContext) -> None:
    """Closes the tasks of the authority above whose overdue task is done."""
    supervised = open_tasks(OVERDUE_SERVICE)
    numbers = [int(detail) for detail in supervised.values_list("detail", flat=True)]
    done = Task.objects.filter(pk__in=numbers).exclude(completed_on=None)
    details = [str(number) for number in done.values_list("pk", flat=True)]
    complete(supervised.filter(detail__in=details), ctx)
