"""Applies a released run to cases: opens yellow cards, adds requirements, closes what recovered.

All cases are stepped first and then written together, set by set.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.course.step import entry_of, rows_of, state_of, write_state_to_row
from qualwatch.cases.course.void_acts import void_impossible_acts
from qualwatch.cases.course.withdrawal_rows import save_withdrawal, write_withdrawal_to_row
from qualwatch.cases.documents.service import (
    take_down_notices_of_yellow,
    tasks_that_survive,
)
from qualwatch.cases.effects.cards import HANDLERS, MOVED_OUT, end_applications, notification_of
from qualwatch.cases.effects.transfers import hand_over_outside
from qualwatch.cases.models import Case, CaseRequirement, Determination, Task, Withdrawal
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.tasks import OUTLIVING_CASE, VANISHED, complete, open_task
from qualwatch.cases.warnings.conflicts import link_conflicts
from qualwatch.cases.warnings.register_conflicts import update_conflict_tasks
from qualwatch.cases.warnings.register_sync import update_from_registers
from qualwatch.cases.warnings.run_view import INSURANCE, Item, RunView, item_of, people_counts
from qualwatch.journal.actions import record_all
from qualwatch.procedure.preconditions import other_red
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import step

# Effects whose notices go out together; the other effects are carried out case by case.
NOTIFIED_TOGETHER = ("push", "push-addition", "notify-closed")
CASE_FIELDS = [
    "state",
    "enterprise",
    "qualification",
    "grade",
    "certificate_no",
    "licensing_authority",
    "area",
    "last_result",
    "last_result_on",
    "needs_review",
    "was_found_short",
    "closed_on",
    "closed_because",
    "watched_until",
    "version",
    "extended_until",
    "is_extension_provisional",
    "order_served_on",
    "red_ends_on",
    "is_red_provisional",
    "deadline_bases",
    "application",
]
REQUIREMENT_FIELDS = [
    "pushed_on",
    "ends_on",
    "is_provisional",
    "deadline_bases",
    "proved_on",
    "recovered_on",
    "is_ended",
    "determined_on",
    "order_served_on",
    "red_ends_on",
    "is_red_provisional",
    "required",
    "raised",
    "warned_figures",
]


@dataclass(slots=True)
class RunUpdate:
    """The steps that one run causes, gathered before anything is written.

    requirements: the rows of each case, by its number.
    """

    ctx: ActContext
    view: RunView
    requirements: Mapping[int, Sequence[CaseRequirement]]
    steps: list[Step] = field(default_factory=list)


@transaction.atomic
def apply_run_to_cases(*, run: Run, ctx: ActContext) -> Counter[str]:
    """Counts of opened and closed cases, relapses and effects.

    A run that is held, partial or too old does nothing; the same run again adds nothing. Periods
    start on the day of the act.
    """
    if run.state != "released" or not run.is_full or not ctx.is_fresh(run.as_of):
        return Counter()
    # lock order: see CONTRIBUTING.md
    open_cases = list(Case.objects.select_for_update().exclude(state="closed").order_by("pk"))
    view = RunView.of(run, ctx.law, open_cases)
    update = RunUpdate(ctx, view, _requirements_of(open_cases))
    _step_open_cases(update, open_cases)
    _open_new_cases(update, open_cases)
    _write(update)
    update_conflict_tasks(ctx)
    counts: Counter[str] = Counter()
    for case_step in update.steps:
        counts.update(_counted(case_step))
    return counts


def _requirements_of(cases: Iterable[Case]) -> Mapping[int, Sequence[CaseRequirement]]:
    rows_by_case: dict[int, list[CaseRequirement]] = defaultdict(list)
    rows = CaseRequirement.objects.filter(case__in=[case.pk for case in cases])
    for row in rows.order_by("pk"):
        rows_by_case[row.case_id].append(row)
    return rows_by_case


def _step_open_cases(update: RunUpdate, cases: Sequence[Case]) -> None:
    proposals = {
        proposal.case_id: proposal for proposal in Determination.objects.filter(state="proposed")
    }
    withdrawals = {
        withdrawal.case_id: withdrawal
        for withdrawal in Withdrawal.objects.filter(
            ended="", case__in=[case.pk for case in cases]
        ).select_related("batch")
    }
    # a card with a withdrawal after the others of its item, which may have to carry it on
    red_steps: dict[Item, list[Step]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: (case.pk in withdrawals, case.pk)):
        row = withdrawals.get(case.pk)
        requirements = update.requirements.get(case.pk, [])
        before = state_of(case, requirements, proposals.get(case.pk), row)
        others = red_steps[item_of(case)] if case.category is not None else []
        case_step = _assess(update, case, before, row, others)
        if case.category is not None and case_step.after.state == "red":
            others.append(case_step)
        _follow_step(update, case_step)


def _assess(
    update: RunUpdate,
    case: Case,
    before: CaseState,
    row: Withdrawal | None,
    others: Sequence[Step],
) -> Step:
    """The case after the run; others: steps of the item's other red cards that it leaves open."""
    verdicts, figures = update.view.verdicts_of(case)
    event = Event(
        "assessed",
        update.ctx.on,
        verdicts=verdicts,
        ended=update.view.end_of(case),
        run_day=update.view.run.as_of,
        **other_red([(step.case.pk, step.after, step.event) for step in others], update.ctx.terms),
        **people_counts(figures),
    )
    after, effects = step(before, event, update.ctx.terms)
    return Step(case, before, after, effects, event, figures, row)


def _follow_step(update: RunUpdate, case_step: Step) -> None:
    """What follows from a step of an open case; a changed case joins those to be written."""
    ctx = update.ctx
    case = case_step.case
    after = case_step.after
    if after.is_open and item_of(case) in update.view.vanished:
        open_task(case, VANISHED, ctx)
    if case_step.before.proposal is not None and after.state == "closed":
        # a proposal about a closed case cannot be signed any more
        Determination.objects.filter(case=case, state="proposed").update(state="void")
    is_updated = after.is_open and update_from_registers(case, update.view, ctx)
    if case_step.is_change or is_updated:
        write_state_to_row(case, after, ctx)
        write_withdrawal_to_row(case_step, ctx)
        update.steps.append(case_step)


def _open_new_cases(update: RunUpdate, open_cases: Sequence[Case]) -> None:
    """Opens cases for short items and for enterprises with insurance anomalies."""
    view = update.view
    existing = {(item_of(case), case.ground) for case in open_cases if case.origin == "system"}
    watched = _watched_cases(update.ctx)
    for item in view.short_items():
        if (item, "shortage") not in existing:
            _open_case(update, view.case_of_item(item), watched.get((item, "shortage")))
    # Enterprises whose items are red for insurance by a determination need no new case.
    determined = {
        case.credit_code
        for case in open_cases
        if case.ground == INSURANCE and case.origin == "officer"
    }
    for code in view.anomalous():
        # insurance concerns the enterprise: the item of its case is empty
        key = ((code, "", ""), INSURANCE)
        if key not in existing and code not in determined:
            _open_case(update, view.case_of_enterprise(code), watched.get(key))


def _watched_cases(ctx: ActContext) -> Mapping[tuple[Item, str], Case]:
    """The cleared cases whose relapse is still watched for, by item and ground."""
    cases = Case.objects.filter(state="closed", watched_until__gte=ctx.on).order_by("pk")
    return {(item_of(case), case.ground): case for case in cases}


def _open_case(update: RunUpdate, case: Case, relapse_of: Case | None) -> None:
    # a constraint of the database allows only these words
    before = CaseState(
        ground=case.ground,  # type: ignore[arg-type]
        is_whole_enterprise=case.category is None,
    )
    verdicts, figures = update.view.verdicts_of(case)
    event = Event("assessed", update.ctx.on, verdicts=verdicts, **people_counts(figures))
    after, effects = step(before, event, update.ctx.terms)
    if after.state == "none":
        return
    write_state_to_row(case, after, update.ctx)
    case.opened_on = update.ctx.on
    # of a case cleared within the watching period (policy)
    case.relapse_of = relapse_of
    case.version = 1
    update.steps.append(Step(case, before, after, effects, event, figures))


def _write(update: RunUpdate) -> None:
    """Writes cases, requirements, effects, notices, tasks and journal entries."""
    ctx = update.ctx
    opened = [case_step for case_step in update.steps if case_step.case.pk is None]
    existing = [case_step for case_step in update.steps if case_step.case.pk is not None]
    Case.objects.bulk_create([case_step.case for case_step in opened], batch_size=1000)
    # before the requirements: a notice may quote the figures of the earlier warning
    notifications = _notifications(update.steps)
    _write_requirements(update)
    for case_step in existing:
        _carry_out_effects(case_step, ctx)
        save_withdrawal(case_step, ctx)
        if case_step.after.closed_because == MOVED_OUT:
            hand_over_outside(case_step.case, case_step.before.state, ctx)
    Case.objects.bulk_update(
        [case_step.case for case_step in existing], CASE_FIELDS, batch_size=500
    )
    _close_tasks(existing, ctx)
    void_impossible_acts(existing, ctx)
    notify(notifications, ctx.at)
    link_conflicts(opened, ctx)
    entries = [entry_of(case_step) for case_step in update.steps] + ctx.entries
    ctx.entries = []
    record_all(entries, by=ctx.by, at=ctx.at)


def _notifications(steps: Iterable[Step]) -> list[Notification]:
    notifications = [
        notification_of(case_step, effect)
        for case_step in steps
        for effect in case_step.effects
        if effect.name in NOTIFIED_TOGETHER
    ]
    return [notification for notification in notifications if notification is not None]


def _write_requirements(update: RunUpdate) -> None:
    new: list[CaseRequirement] = []
    changed: list[CaseRequirement] = []
    for case_step in update.steps:
        new_rows, changed_rows = rows_of(case_step, update.requirements.get(case_step.case.pk, []))
        new += new_rows
        changed += changed_rows
    CaseRequirement.objects.bulk_create(new, batch_size=1000)
    CaseRequirement.objects.bulk_update(changed, REQUIREMENT_FIELDS, batch_size=500)


def _carry_out_effects(case_step: Step, ctx: ActContext) -> None:
    for effect in case_step.effects:
        if effect.name not in NOTIFIED_TOGETHER:
            HANDLERS[effect.name](case_step, effect, ctx)


def _close_tasks(steps: Iterable[Step], ctx: ActContext) -> None:
    """Ends the applications and closes the tasks of the cases that were closed."""
    ended = [case_step for case_step in steps if case_step.after.state == "closed"]
    closed = [case_step.case.pk for case_step in ended]
    if not closed:
        return
    end_applications(closed, ctx)
    yellow = [case_step.case for case_step in ended if case_step.before.state == "yellow"]
    take_down_notices_of_yellow(yellow, ctx)
    tasks = Task.objects.filter(case__in=closed, completed_on=None)
    tasks = tasks.exclude(kind__in=OUTLIVING_CASE).exclude(tasks_that_survive(closed))
    complete(tasks, ctx)


def _counted(case_step: Step) -> list[str]:
    """The names under which a step is counted."""
    if case_step.before.state == "none":
        return ["opened", "relapses"] if case_step.case.relapse_of_id else ["opened"]
    if case_step.after.state == "closed":
        return ["closed", f"closed: {case_step.after.closed_because}"]
    return [effect.name for effect in case_step.effects]
