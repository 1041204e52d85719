"""What a released run does to cases: opens yellow cards, adds to them, closes what is good again. Set by set."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.course.step import entry_of, rows_of, state_of, write_state_to_row
from qualwatch.cases.course.withdrawal_rows import save_withdrawal, write_withdrawal_to_row
from qualwatch.cases.documents.service import tasks_that_survive
from qualwatch.cases.effects.cards import HANDLERS, end_applications, notification_of, open_task
from qualwatch.cases.effects.withdrawal import show_longer
from qualwatch.cases.models import Case, CaseRequirement, Determination, Task, Withdrawal
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import LETTER, Notification, notify
from qualwatch.cases.warnings.conflicts import link_conflicts
from qualwatch.cases.warnings.register_sync import follow
from qualwatch.cases.warnings.run_view import INSURANCE, RunView, item_of
from qualwatch.journal.actions import record_all
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import step
from qualwatch.publication.actions import post_red_period

SAID = ("push", "push-addition", "notify-closed")  # said all together, the rest case by case
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
    "red_ends_on",
    "is_red_provisional",
    "application",
]
REQUIREMENT_FIELDS = [
    "pushed_on",
    "ends_on",
    "is_provisional",
    "proved_on",
    "recovered_on",
    "is_ended",
    "warned_figures",
]


@dataclass(slots=True)
class Work:
    """What one run comes to, gathered before anything is written."""

    ctx: ActContext
    seen: RunView
    steps: list[Step] = field(default_factory=list)
    requirements: dict[int, list[CaseRequirement]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@transaction.atomic
def apply_run_to_cases(*, run: Run, ctx: ActContext) -> Counter[str]:
    """Cards from a released run: counts of what was done. Old runs do nothing; the same run again adds nothing.

    Clocks start on the day on which this is really done.
    """
    if run.state != "released" or not run.is_full or not ctx.is_fresh(run.as_of):
        return Counter()
    open_cases = list(Case.objects.select_for_update().exclude(state="closed").order_by("pk"))
    work = Work(ctx, RunView.of(run, ctx.law, open_cases))
    for row in CaseRequirement.objects.filter(case__in=[case.pk for case in open_cases]).order_by(
        "pk"
    ):
        work.requirements.setdefault(row.case_id, []).append(row)
    _known_cases(work, open_cases)
    _new_cases(work, open_cases)
    _written(work)
    return work.counts


def _known_cases(work: Work, cases: Iterable[Case]) -> None:
    cases = list(cases)
    waiting = {
        determination.case_id: determination
        for determination in Determination.objects.filter(state="proposed")
    }
    withdrawals = {
        withdrawal.case_id: withdrawal
        for withdrawal in Withdrawal.objects.filter(
            ended="", case__in=[case.pk for case in cases]
        ).select_related("batch")
    }
    reds: Counter[tuple[str, str, str]] = Counter(
        item_of(case) for case in cases if case.state == "red"
    )
    for case in cases:
        row = withdrawals.get(case.pk)
        before = state_of(case, work.requirements.get(case.pk, []), waiting.get(case.pk), row)
        others = case.category is not None and reds[item_of(case)] > (case.state == "red")
        verdicts, figures = work.seen.verdicts_of(case)
        event = Event(
            "found",
            work.ctx.on,
            verdicts=verdicts,
            ended=work.seen.end_of(case),
            is_other_red_open=others,
        )
        state, effects = step(before, event, work.ctx.terms)
        if state.is_open:
            state, _none = step(state, Event("calendar-loaded", work.ctx.on), work.ctx.terms)
        longer = state.state == "red" and state.red is not None and state.red != before.red
        if longer and state.red is not None:
            red = state.red
            post_red_period(
                case.card_number,
                ends_on=red.ends_on,
                is_provisional=red.provisional,
                at=work.ctx.at,
            )
        if state.is_open and item_of(case) in work.seen.vanished:
            open_task(case, "vanished", work.ctx)
        if before.proposal is not None and state.state == "closed":
            Determination.objects.filter(case=case, state="proposed").update(state="void")
        done = Step(case, before, state, effects, event, figures, row)
        followed = follow(case, work.seen, work.ctx) if state.is_open else False
        if done.is_change or followed:
            write_state_to_row(case, state, work.ctx)
            write_withdrawal_to_row(done, work.ctx)
            if (
                row is not None
                and before.withdrawal
                and before.withdrawal.display
                and state.withdrawal
                and (state.withdrawal.display != before.withdrawal.display)
            ):
                show_longer(row, work.ctx)
            work.steps.append(done)
        if longer:
            notification = Notification(
                case, "red-period", texts.subject("red-period", case), texts.red_period_longer(case)
            )
            notify([notification], work.ctx.at)


def _new_cases(work: Work, cases: Iterable[Case]) -> None:
    cases = list(cases)
    known = {(item_of(case), case.ground) for case in cases if case.origin == "system"}
    watched = _watched(work.ctx)
    for item in work.seen.short_items():
        if (item, "shortage") not in known:
            _open(work, work.seen.case_of_item(item), watched.get((*item, "shortage")))
    determined = {
        case.credit_code for case in cases if case.ground == INSURANCE and case.origin == "officer"
    }
    for code in work.seen.anomalous():
        if (
            (code, "", ""),
            INSURANCE,
        ) not in known and code not in determined:  # its items are red for it already
            _open(work, work.seen.case_of_enterprise(code), watched.get((code, "", "", INSURANCE)))


def _open(work: Work, case: Case, before: Case | None) -> None:
    state = CaseState(ground=case.ground, is_whole_enterprise=case.category is None)  # type: ignore[arg-type]  # its words
    verdicts, figures = work.seen.verdicts_of(case)
    event = Event("found", work.ctx.on, verdicts=verdicts)
    after, effects = step(state, event, work.ctx.terms)
    if after.state == "none":
        return
    write_state_to_row(case, after, work.ctx)
    case.opened_on, case.relapse_of, case.version = work.ctx.on, before, 1
    work.steps.append(Step(case, state, after, effects, event, figures))


def _watched(ctx: ActContext) -> Mapping[tuple[Any, ...], Case]:
    """The cleared cases whose items or enterprises are still watched."""
    cases = Case.objects.filter(state="closed", watched_until__gte=ctx.on).order_by("pk")
    return {(*item_of(case), case.ground): case for case in cases}


def _written(work: Work) -> None:
    """Everything at once: cases, requirements, notices, tasks, the public copy, the journal."""
    new = [one for one in work.steps if one.case.pk is None]
    old = [one for one in work.steps if one.case.pk is not None]
    Case.objects.bulk_create([one.case for one in new], batch_size=1000)
    made, changed, said = [], [], []
    for case_step in work.steps:
        more, other = rows_of(case_step, work.requirements.get(case_step.case.pk, []))
        made += more
        changed += other
        said += [
            notification
            for effect in case_step.effects
            if effect.name in SAID and (notification := notification_of(case_step, effect))
        ]
        work.counts.update(_counted(case_step))
    CaseRequirement.objects.bulk_create(made, batch_size=1000)
    CaseRequirement.objects.bulk_update(changed, REQUIREMENT_FIELDS, batch_size=500)
    for case_step in old:
        for effect in case_step.effects:
            if effect.name not in SAID:
                HANDLERS[effect.name](case_step, effect, work.ctx)
        save_withdrawal(case_step, work.ctx)
    Case.objects.bulk_update([one.case for one in old], CASE_FIELDS, batch_size=500)
    closed = [one.case.pk for one in old if one.after.state == "closed"]
    end_applications(closed, work.ctx)
    settled = Task.objects.filter(case__in=closed, completed_on=None).exclude(kind=LETTER)
    settled = settled.exclude(tasks_that_survive(closed)) if closed else settled
    settled.update(completed_on=work.ctx.on, completed_by=work.ctx.by)
    notify(said, work.ctx.at)
    link_conflicts(new, work.ctx)
    entries = [entry_of(one) for one in work.steps] + work.ctx.entries
    work.ctx.entries = []
    record_all(entries, by=work.ctx.by, at=work.ctx.at)


def _counted(step: Step) -> list[str]:
    if step.before.state == "none":
        return ["opened", "relapses"] if step.case.relapse_of_id else ["opened"]
    if step.after.state == "closed":
        return ["closed", f"closed: {step.after.closed_because}"]
    return [effect.name for effect in step.effects]
