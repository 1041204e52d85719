"""Withdrawals as the state that `step` knows, written back to their rows, with the next task."""

from collections.abc import Iterable

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.competence import withdrawing_authority_of
from qualwatch.cases.deadline_columns import LOWER_GRADE, OF_WITHDRAWAL
from qualwatch.cases.documents.attachments import CheckedFile, attach
from qualwatch.cases.models import Case, Submission, Task, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.tasks import (
    REPORT_RESULTS,
    TASK_KINDS,
    TASK_OF_STAGE,
    WITHDRAWAL_STEPS,
    complete,
    due_by_rule,
    new_task,
    open_task,
)
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Period
from qualwatch.procedure.state import Event
from qualwatch.procedure.state import Withdrawal as State


def open_or_decided(case: Case) -> Withdrawal | None:
    """The withdrawal that a case carries, unless it has ended."""
    withdrawals = Withdrawal.objects.filter(case=case, ended="")
    return withdrawals.select_related("batch").order_by("-pk").first()


def as_state(row: Withdrawal) -> State:
    """A row as the state that `step` knows."""
    return State(
        # a constraint of the database allows only these words
        route=row.batch.route,  # type: ignore[arg-type]
        stage=row.stage,
        notice_served_on=row.notice_served_on,
        unanswered=row.unanswered,
        hearing=row.hearing,  # type: ignore[arg-type]
        hearing_asked_on=row.hearing_asked_on,
        hearing_on=row.hearing_on,
        hearing_notified_on=row.hearing_notified_on,
        displayed_on=row.displayed_on,
        rechecked_on=row.rechecked_on,
        handled_by=tuple(row.handled_by),
        reviewed_by=row.reviewed_by,
        ended=row.ended,
        **{columns.name: columns.read(row) for columns in OF_WITHDRAWAL},
    )


def write_withdrawal_to_row(step: Step, ctx: ActContext) -> None:
    """Writes the step's withdrawal into its row, or into a new one that it opens; not saved."""
    after = step.after.withdrawal
    if after is None or after == step.before.withdrawal:
        return
    if step.row is None:
        step.row = _new_row(step.case, ctx)
    row = step.row
    is_new_stage = after.stage != row.stage
    _write_state(row, after)
    if after.ended and not row.ended:
        row.ended = after.ended
        row.ended_on = ctx.on
        row.because = row.because or step.event.because
    if is_new_stage:
        _write_stage_day(row, step.event, ctx)


def _new_row(case: Case, ctx: ActContext) -> Withdrawal:
    # the action that opens a withdrawal has made its list
    assert ctx.batch is not None
    return Withdrawal(
        batch=ctx.batch,
        case=case,
        credit_code=case.credit_code,
        category=case.category or "",
        sub_item=case.sub_item or "",
        opened_on=ctx.on,
        enterprise=case.enterprise,
        item=name_of(case),
    )


def _write_state(row: Withdrawal, state: State) -> None:
    row.stage = state.stage
    row.notice_served_on = state.notice_served_on
    row.unanswered = state.unanswered
    row.hearing = state.hearing
    row.hearing_asked_on = state.hearing_asked_on
    row.hearing_on = state.hearing_on
    row.hearing_notified_on = state.hearing_notified_on
    row.displayed_on = state.displayed_on
    row.rechecked_on = state.rechecked_on
    row.handled_by = list(state.handled_by)
    row.reviewed_by = state.reviewed_by
    for columns in OF_WITHDRAWAL:
        columns.write(row, getattr(state, columns.name))


def _write_stage_day(row: Withdrawal, event: Event, ctx: ActContext) -> None:
    """The day on which a stage was reached, by whom and why where the row has columns for it."""
    if row.stage == "started":
        row.started_on = ctx.on
    elif row.stage == "reviewed":
        row.reviewed_on = ctx.on
        row.review_opinion = event.because
    elif row.stage == "decided":
        row.decided_on = ctx.on
        row.decided_by = event.by
        row.because = event.because
        months = Period(ctx.law.policy_on(ctx.on)["lower_grade_window_months"], "months")
        LOWER_GRADE.write(row, months.from_day(ctx.on, ctx.law.calendar))
    elif row.stage == "announced":
        row.announced_on = ctx.on
    elif row.stage == "closed":
        row.closed_on = ctx.on


def save_withdrawal(step: Step, ctx: ActContext) -> None:
    """Saves the row after the effects; closes the task of the stage before, opens the next."""
    row = step.row
    if row is None or (row.pk and step.before.withdrawal == step.after.withdrawal):
        return
    is_new = row.pk is None
    row.save()
    before = step.before.withdrawal
    if is_new or before is None or before.stage != row.stage or row.ended:
        set_next_task(row, ctx)
    if before is not None and row.outcome:
        _open_results_task(row, ctx)


def _open_results_task(row: Withdrawal, ctx: ActContext) -> None:
    """When the last member of a city's list has its outcome, the result letter is due (4(2))."""
    batch = row.batch
    if batch.suggestion is None or batch.reported_on is not None or batch.route != "city":
        return
    if batch.members.filter(ended="", decided_on=None).exists():
        return
    authority = batch.withdrawing_authority
    open_task(None, REPORT_RESULTS, ctx, authority=authority, detail=str(batch.pk))


def attach_to_withdrawal(
    files: Iterable[CheckedFile],
    row: Withdrawal,
    ctx: ActContext,
    submission: Submission | None = None,
) -> None:
    """Files handed in, on the withdrawal's file; the journal has their digests."""
    attachments = attach(files, by=ctx.by, at=ctx.at, withdrawal=row, submission=submission)
    if attachments:
        details = {
            "withdrawal": row.pk,
            "submission": submission.pk if submission else None,
            "files": [attachment.file.sha256 for attachment in attachments],
        }
        ctx.entries.append(NewEntry(row.case.stream, "files-stored", details=details))


def set_next_task(row: Withdrawal, ctx: ActContext) -> None:
    """Closes tasks of other stages; opens that of the next one. A withdrawal has one at a time."""
    detail = str(row.pk)
    waiting = Task.objects.filter(kind__in=WITHDRAWAL_STEPS, detail=detail, completed_on=None)
    next_stage = as_state(row).next_stage
    if row.ended or not next_stage:
        complete(waiting, ctx)
        return
    kind = TASK_OF_STAGE[next_stage]
    complete(waiting.exclude(kind=kind), ctx)
    if waiting.filter(kind=kind).exists():
        return
    is_housing = TASK_KINDS[kind].done_by == "housing"
    due = due_by_rule(kind, ctx, row)
    new_task(
        row.case,
        kind,
        opened_on=ctx.on,
        authority=row.batch.housing if is_housing else withdrawing_authority_of(row.case),
        due_on=due.ends_on if due else None,
        is_provisional=bool(due and due.provisional),
        detail=detail,
    ).save()
