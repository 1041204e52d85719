"""Withdrawals as `step` sees them: read from rows, written back; and the task of whoever has the next step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from qualwatch.cases.competence import withdrawing_authority_of
from qualwatch.cases.documents.attachments import CheckedFile, attach
from qualwatch.cases.models import Case, Submission, Task, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.state import Event
from qualwatch.procedure.state import Withdrawal as State

if TYPE_CHECKING:
    from qualwatch.cases.acting import ActContext, Step

# What has to be done where a withdrawal has come to: the task, as its kind says it.
NEXT = {
    "suggested": "suggest",
    "reported": "report",
    "started": "start",
    "notified": "notify",
    "displayed": "display",
    "rechecked": "recheck-withdrawal",
    "reviewed": "review-law",
    "decided": "decide",
    "announced": "announce",
    "closed": "finish",
}
TASKS = tuple(NEXT.values())
ANSWER, HOLD, RESULTS = "answer", "hearing", "report-results"  # further tasks
BY_HOUSING = ("suggested", "reported")  # steps of the housing authority
BY_WITHDRAWING_AUTHORITY = tuple(kind for place, kind in NEXT.items() if place not in BY_HOUSING)


def open_or_decided(case: Case) -> Withdrawal | None:
    """The withdrawal that a case carries, unless it has ended."""
    withdrawals = (
        Withdrawal.objects.filter(case=case, ended="").select_related("batch").order_by("-pk")
    )
    return withdrawals.first()


def as_state(row: Withdrawal) -> State:
    """A row as the state that `step` knows."""
    return State(
        route=row.batch.route,  # type: ignore[arg-type]  # the database knows only these words
        stage=row.stage,
        notice_served_on=row.notice_served_on,
        statement=as_deadline(row.statement_until, row.is_statement_provisional),
        unanswered=row.unanswered,
        hearing=row.hearing,  # type: ignore[arg-type]  # the database knows only these words
        hearing_asked_on=row.hearing_asked_on,
        hearing_on=row.hearing_on,
        hearing_notified_on=row.hearing_notified_on,
        displayed_on=row.displayed_on,
        display=as_deadline(row.display_until, row.is_display_provisional),
        rechecked_on=row.rechecked_on,
        handled_by=tuple(row.handled_by),
        reviewed_by=row.reviewed_by,
        ended=row.ended,
    )


def write_withdrawal_to_row(step: Step, ctx: ActContext) -> None:
    """The step's withdrawal written into its row, not yet saved; a new row where it has opened one."""
    after, case = step.after.withdrawal, step.case
    if after is None or after == step.before.withdrawal:
        return
    if step.row is None:
        assert ctx.batch is not None  # whoever opens one has made its list
        step.row = Withdrawal(
            batch=ctx.batch,
            case=case,
            credit_code=case.credit_code,
            category=case.category or "",
            sub_item=case.sub_item or "",
            opened_on=ctx.on,
            enterprise=case.enterprise,
            item=name_of(case),
        )
    row = step.row
    moved = after.stage != row.stage
    row.stage, row.notice_served_on, row.unanswered = (
        after.stage,
        after.notice_served_on,
        after.unanswered,
    )
    row.statement_until, row.is_statement_provisional = as_columns(after.statement)
    row.hearing, row.hearing_asked_on = after.hearing, after.hearing_asked_on
    row.hearing_on, row.hearing_notified_on = after.hearing_on, after.hearing_notified_on
    row.displayed_on, row.rechecked_on = after.displayed_on, after.rechecked_on
    row.display_until, row.is_display_provisional = as_columns(after.display)
    row.handled_by, row.reviewed_by = list(after.handled_by), after.reviewed_by
    if after.ended and not row.ended:
        row.ended, row.ended_on, row.because = (
            after.ended,
            ctx.on,
            row.because or step.event.because,
        )
    if moved:
        _dated(row, step.event, ctx)


def _dated(row: Withdrawal, event: Event, ctx: ActContext) -> None:
    """The day on which a place was reached, and by whom where that is asked for."""
    if row.stage == "started":
        row.started_on = ctx.on
    elif row.stage == "reviewed":
        row.reviewed_on, row.review_opinion = ctx.on, event.because
    elif row.stage == "decided":
        row.decided_on, row.decided_by, row.because = ctx.on, event.by, event.because
        months = Period(ctx.law.policy_on(ctx.on)["lower_grade_window_months"], "months")
        row.lower_grade_until = months.from_day(ctx.on, ctx.law.calendar).ends_on
    elif row.stage == "announced":
        row.announced_on = ctx.on
    elif row.stage == "closed":
        row.closed_on = ctx.on


def save_withdrawal(step: Step, ctx: ActContext) -> None:
    """After the effects; the task of the step before is done, that of the next one is opened."""
    row = step.row
    if row is None or (row.pk and step.before.withdrawal == step.after.withdrawal):
        return
    is_new = row.pk is None
    row.save()
    before = step.before.withdrawal
    if is_new or before is None or before.stage != row.stage or row.ended:
        set_next_task(row, ctx)
    if before is not None and row.outcome:
        _results_due(row, ctx)


def _results_due(row: Withdrawal, ctx: ActContext) -> None:
    """The last member of a city's list has its outcome: the bureau has the result letter to write (notice 4(2))."""
    batch = row.batch
    waiting = batch.suggestion is not None and batch.reported_on is None and batch.route == "city"
    if waiting and not batch.members.filter(ended="", decided_on=None).exists():
        Task.objects.get_or_create(
            case=None,
            kind=RESULTS,
            detail=str(batch.pk),
            organisation=batch.withdrawing_authority,
            completed_on=None,
            defaults={"opened_on": ctx.on, "due_on": ctx.on},
        )


def keep_files(
    files: Iterable[CheckedFile], row: Withdrawal, ctx: ActContext, point: Submission | None = None
) -> None:
    """What was handed in, on the withdrawal's file; the journal has what it was."""
    kept = attach(files, by=ctx.by, at=ctx.at, withdrawal=row, point=point)
    if kept:
        details = {
            "withdrawal": row.pk,
            "point": point.pk if point else None,
            "files": [attachment.file.sha256 for attachment in kept],
        }
        ctx.entries.append(NewEntry(row.case.stream, "files-kept", details=details))


def set_next_task(row: Withdrawal, ctx: ActContext) -> None:
    """One task at a time, with its day."""
    waiting = Task.objects.filter(kind__in=TASKS, detail=str(row.pk), completed_on=None)
    coming = as_state(row).next_stage
    if row.ended or not coming:
        waiting.update(completed_on=ctx.on, completed_by=ctx.by)
        return
    kind, where = (
        NEXT[coming],
        row.batch.housing if coming in BY_HOUSING else withdrawing_authority_of(row.case),
    )
    waiting.exclude(kind=kind).update(completed_on=ctx.on, completed_by=ctx.by)
    if not waiting.filter(kind=kind).exists():
        Task.objects.create(
            case=row.case,
            kind=kind,
            detail=str(row.pk),
            organisation=where,
            opened_on=ctx.on,
            due_on=_due(row, coming, ctx),
        )


def _due(row: Withdrawal, coming: str, ctx: ActContext) -> date | None:
    """The day that the law or the policy sets for the next step; the others are due at once."""
    if coming == "started":
        return row.batch.start_due_on
    if coming == "displayed":
        return row.statement_until
    if coming == "rechecked":
        return row.display_until
    return ctx.on if coming in ("suggested", "notified", "reported") else None


def as_deadline(ends_on: date | None, provisional: bool) -> Deadline | None:
    """Two columns as the end of a period."""
    return Deadline(ends_on, provisional) if ends_on else None


def as_columns(deadline: Deadline | None) -> tuple[date | None, bool]:
    """The end of a period as two columns."""
    return (deadline.ends_on, deadline.provisional) if deadline else (None, False)
