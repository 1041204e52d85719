"""Reminders of ending periods, tasks after their end, notices of late starts; once each (F36)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import transaction

from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import (
    Case,
    CaseRequirement,
    Determination,
    Heartbeat,
    Notice,
    Task,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.queries import cases_over_on, red_cases_with_warnings_over_on
from qualwatch.cases.tasks import PROPOSE, TASK_AT_PERIOD_END, new_task
from qualwatch.cases.warnings.run_view import item_of
from qualwatch.journal.actions import NewEntry, record_all

REMINDER = "reminder"
LATE_START = "start-late"


@transaction.atomic
def remind(ctx: ActContext) -> int:
    """Reminds enterprises whose yellow period ends soon (policy), once per case; how many."""
    due = _due_reminders(ctx)
    notifications = [
        Notification(
            case,
            REMINDER,
            texts.subject(REMINDER, case),
            texts.reminder(case, row.ends_on),
            to_authorities=(),
        )
        for case, row in due.items()
    ]
    notify(notifications, ctx.at)
    _record_cases("reminded", due, ctx)
    return len(notifications)


def _due_reminders(ctx: ActContext) -> Mapping[Case, CaseRequirement]:
    """The cases to remind of, each with its requirement that ends first."""
    days = ctx.law.policy_on(ctx.on)["reminder_days_before_end"]
    # No lower bound on ends_on: a reminder comes late rather than never.
    ending = CaseRequirement.objects.exclude(case__state="closed").filter(
        determined_on=None,
        recovered_on=None,
        ends_on__lte=ctx.on + timedelta(days=days),
    )
    set_aside = Heartbeat.objects.filter(state="set-aside").values("finished_at")
    reminders = Notice.objects.filter(kind=REMINDER, case__in=ending.values("case"))
    reminders = reminders.exclude(posted_at__in=set_aside)
    reminded = set(reminders.values_list("case_id", flat=True))
    due: dict[Case, CaseRequirement] = {}
    for row in ending.select_related("case").order_by("-ends_on"):
        if row.case_id not in reminded:
            due[row.case] = row
    return due


@transaction.atomic
def escalate(ctx: ActContext) -> int:
    """Opens a task for the competent authority of every case whose period is over; how many.

    Where the period's end is provisional the task is marked so: nothing can be decided yet. None
    while such a task is open, a determination is proposed, or the item is being withdrawn.
    """
    proposed = set(Determination.objects.filter(state="proposed").values_list("case_id", flat=True))
    withdrawals = Withdrawal.objects.filter(ended="").exclude(stage="closed")
    withdrawing = set(withdrawals.values_list("credit_code", "category", "sub_item"))
    past_period = [
        case
        for case in cases_over_on(ctx.on, including_provisional=True)
        if case.pk not in proposed and item_of(case) not in withdrawing and _is_actionable(case)
    ]
    open_tasks = Task.objects.filter(completed_on=None, kind__in=TASK_AT_PERIOD_END.values())
    waiting = set(open_tasks.values_list("case_id", "kind"))
    due = [case for case in past_period if (case.pk, TASK_AT_PERIOD_END[case.state]) not in waiting]
    settled = {case.pk for case in cases_over_on(ctx.on)}
    tasks = [
        new_task(
            case,
            TASK_AT_PERIOD_END[case.state],
            opened_on=ctx.on,
            due_on=ctx.on,
            is_provisional=case.pk not in settled,
        )
        for case in due
    ]
    # what a red card warned of besides is determined by itself
    further = [
        case
        for case in red_cases_with_warnings_over_on(ctx.on)
        if case.pk not in proposed and (case.pk, PROPOSE) not in waiting
    ]
    tasks += [new_task(case, PROPOSE, opened_on=ctx.on, due_on=ctx.on) for case in further]
    Task.objects.bulk_create(tasks, batch_size=1000)
    _record_cases("task-opened", [*due, *further], ctx)
    return len(tasks)


def _is_actionable(case: Case) -> bool:
    """Whether a run finds it short; an officer's red card without such a run awaits a recheck."""
    if case.needs_review:
        return False
    return case.last_result == "short" or (case.state == "red" and case.origin == "officer")


@transaction.atomic
def notify_late_starts(ctx: ActContext) -> int:
    """Notifies both authorities, once, of a list not started in time (notice 4(2)); how many."""
    lists = WithdrawalList.objects.filter(
        start_due_on__lt=ctx.on,
        is_start_due_provisional=False,
        members__stage="suggested",
        members__ended="",
    )
    count = 0
    for batch in lists.distinct().order_by("pk").select_related("suggestion"):
        letter = batch.suggestion
        if letter is None or letter.notices.filter(kind=LATE_START).exists():
            continue
        _notify_late_start(batch, ctx)
        count += 1
    return count


def _notify_late_start(batch: WithdrawalList, ctx: ActContext) -> None:
    assert batch.suggestion is not None  # filtered by the caller
    assert batch.start_due_on is not None  # filtered by the caller
    subject, body = texts.late_start(batch.suggestion.number, batch.start_due_on)
    notification = Notification(
        None,
        LATE_START,
        subject,
        body,
        to_enterprise=False,
        to_authorities=(batch.housing, batch.withdrawing_authority),
        document=batch.suggestion,
    )
    notify([notification], ctx.at)
    entry = NewEntry(f"withdrawal-list/{batch.pk}", LATE_START, details={"due": batch.start_due_on})
    record_all([entry], by=ctx.by, at=ctx.at)


def _record_cases(what: str, cases: Iterable[Case], ctx: ActContext) -> None:
    """Writes one journal entry for each case."""
    entries = [NewEntry(case.stream, what, details={"on": ctx.on}) for case in cases]
    record_all(entries, by=ctx.by, at=ctx.at)
