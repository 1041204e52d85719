"""A case's rows as the state that `step` knows, and a step written back with its journal entry."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.course.void_acts import void_impossible_acts
from qualwatch.cases.course.withdrawal_rows import (
    as_state,
    open_or_decided,
    save_withdrawal,
    write_withdrawal_to_row,
)
from qualwatch.cases.deadline_columns import EXTENSION, RAISED, RED, YELLOW, values_of
from qualwatch.cases.models import Case, CaseRequirement, Determination, Withdrawal
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Deadline, same_day_after_months
from qualwatch.procedure.state import (
    Application,
    CaseState,
    Event,
    Proposal,
    RaisedFigure,
    WarnedRequirement,
)
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.wording import gettext as _

# Events whose actions write themselves what became of the proposal.
DECIDES = ("sign", "return-proposal")
# Closing codes after which the enterprise is watched for a while.
CLEARED = ("recovered", "reviewed")

Perform = Callable[[Step, ActContext], None]


def state_of(
    case: Case,
    requirements: Sequence[CaseRequirement],
    proposal: Determination | None = None,
    withdrawal: Withdrawal | None = None,
) -> CaseState:
    """A case's rows as the state that `step` knows."""
    return CaseState(
        # a constraint of the database allows only these words
        ground=case.ground,  # type: ignore[arg-type]
        origin=case.origin,  # type: ignore[arg-type]
        is_whole_enterprise=case.category is None,
        state=case.state,  # type: ignore[arg-type]
        requirements=tuple(
            WarnedRequirement(
                requirement.requirement,
                requirement.pushed_on,
                _deadline_of(requirement),
                requirement.proved_on,
                requirement.recovered_on,
                requirement.is_ended,
                requirement.determined_on,
                requirement.order_served_on,
                RED.read(requirement),
                requirement.required,
                _raised(requirement.raised),
            )
            for requirement in requirements
        ),
        push_proved_on=case.push_proved_on,
        proposal=_proposal(proposal),
        extended=EXTENSION.read(case),
        application=_application(case.application),
        disputed=tuple(case.disputed),
        published_on=case.published_on,
        last_result=case.last_result,
        last_result_on=case.last_result_on,
        needs_review=case.needs_review,
        was_found_short=case.was_found_short,
        rechecked_on=case.rechecked_on,
        closed_because=case.closed_because,
        determined_by=tuple(case.determined_by),
        withdrawal=None if withdrawal is None else as_state(withdrawal),
    )


def _deadline_of(row: CaseRequirement) -> Deadline:
    deadline = YELLOW.read(row)
    assert deadline is not None  # the column is not null
    return deadline


def write_state_to_row(case: Case, state: CaseState, ctx: ActContext) -> None:
    """Writes a state into its row, which is not saved."""
    case.state = state.state
    case.push_proved_on = state.push_proved_on
    case.published_on = state.published_on
    EXTENSION.write(case, state.extended)
    case.order_served_on = state.order_served_on
    RED.write(case, state.red)
    case.last_result = state.last_result
    case.last_result_on = state.last_result_on
    case.needs_review = state.needs_review
    case.rechecked_on = state.rechecked_on
    case.was_found_short = state.was_found_short
    case.application = _application_columns(state.application)
    case.disputed = list(state.disputed)
    case.determined_by = list(state.determined_by)
    case.version += 1
    _write_closing(case, state, ctx)


def _write_closing(case: Case, state: CaseState, ctx: ActContext) -> None:
    """The day on which it was closed, and until when the enterprise is watched."""
    if state.closed_because == "annulled":
        # a card that never should have been has no relapse
        case.watched_until = None
    if state.state == "closed" and not case.closed_because:
        case.closed_on = ctx.on
        if state.closed_because in CLEARED:
            months = ctx.law.policy_on(ctx.on)["watch_after_clearing_months"]
            case.watched_until = same_day_after_months(ctx.on, months)
    case.closed_because = state.closed_because


def rows_of(
    step: Step, requirements: Sequence[CaseRequirement]
) -> tuple[list[CaseRequirement], list[CaseRequirement]]:
    """The new rows of requirements, and the changed ones; not saved."""
    by_name = {row.requirement: row for row in requirements}
    new: list[CaseRequirement] = []
    changed: list[CaseRequirement] = []
    for warned in step.after.requirements:
        row = by_name.get(warned.name)
        if row is None:
            row = CaseRequirement(case=step.case, requirement=warned.name)
            new.append(row)
        elif step.before.requirement(warned.name) != warned:
            changed.append(row)
        else:
            continue
        _write_requirement(row, warned, step)
    return new, changed


def _write_requirement(row: CaseRequirement, warned: WarnedRequirement, step: Step) -> None:
    has_succeeded = row.raised and warned.raised is None
    if has_succeeded and row.raised["pushed_on"] == warned.pushed_on.isoformat():
        row.warned_figures = row.raised["figures"]
    row.pushed_on = warned.pushed_on
    row.recovered_on = warned.recovered_on
    row.proved_on = warned.proved_on
    YELLOW.write(row, warned.deadline)
    row.is_ended = warned.is_ended
    row.determined_on = warned.determined_on
    row.order_served_on = warned.order_served_on
    RED.write(row, warned.red)
    row.required = warned.required
    row.raised = _raised_column(row, warned, step)
    if warned.pushed_on == step.event.on and warned.name in step.figures:
        row.warned_figures = step.figures[warned.name]


def entry_of(step: Step) -> NewEntry:
    """The journal's entry of a step."""
    return NewEntry(
        stream=step.case.stream,
        what=step.event.name,
        basis=step.event.because,
        before=repr(step.before),
        after=repr(step.after),
        details={
            "credit_code": step.case.credit_code,
            "category": step.case.category,
            "sub_item": step.case.sub_item,
            "on": step.event.on,
            "from": step.before.state,
            "to": step.after.state,
            "effects": [
                [effect.name, *effect.requirements, effect.detail] for effect in step.effects
            ],
            "outcome": step.event.outcome,
            **({"others": list(step.event.others)} if step.event.others else {}),
            "code": step.after.closed_because,
        },
    )


@transaction.atomic
def act(
    *,
    case: Case,
    event: Event,
    ctx: ActContext,
    perform: Perform,
    figures: Mapping[str, Any] | None = None,
) -> Step:
    """Takes one step of one case, with its effects (`perform`) and its journal entries.

    CannotStep where the course has no such step, or where the row has changed since it was read.
    """
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.version != case.version:
        raise CannotStep("changed", _("案件刚刚被别人改动过，请刷新后再办"))
    requirements = list(locked.requirements.order_by("pk"))
    proposed = locked.determinations.filter(state="proposed").first()
    withdrawal = open_or_decided(locked)
    before = state_of(locked, requirements, proposed, withdrawal)
    after, effects = step(before, event, ctx.terms)
    case_step = Step(locked, before, after, effects, event, figures or {}, withdrawal)
    write_state_to_row(locked, after, ctx)
    write_withdrawal_to_row(case_step, ctx)
    perform(case_step, ctx)
    locked.save()
    save_withdrawal(case_step, ctx)
    if proposed is not None and after.proposal is None and event.name not in DECIDES:
        Determination.objects.filter(pk=proposed.pk, state="proposed").update(state="void")
    new, changed = rows_of(case_step, requirements)
    for requirement in (*new, *changed):
        requirement.save()
    void_impossible_acts([case_step], ctx)
    ctx.entries.insert(0, entry_of(case_step))
    write_journal(ctx)
    return case_step


def check_step(case: Case, event: Event, ctx: ActContext) -> None:
    """CannotStep where the case has no such step now; nothing is written."""
    withdrawal = open_or_decided(case)
    requirements = list(case.requirements.order_by("pk"))
    proposed = case.determinations.filter(state="proposed").first()
    step(state_of(case, requirements, proposed, withdrawal), event, ctx.terms)


def _raised(column: Mapping[str, Any]) -> RaisedFigure | None:
    """A raised figure from its column."""
    if not column:
        return None
    proved_on = column["proved_on"]
    return RaisedFigure(
        column["required"],
        date.fromisoformat(column["pushed_on"]),
        RAISED.of_values(column),
        date.fromisoformat(proved_on) if proved_on else None,
    )


def _raised_column(row: CaseRequirement, warned: WarnedRequirement, step: Step) -> dict[str, Any]:
    """A raised figure as its row holds it, with the figures of which the enterprise was warned."""
    raised = warned.raised
    if raised is None:
        return {}
    is_new = not row.raised or row.raised["pushed_on"] != raised.pushed_on.isoformat()
    figures = step.figures.get(warned.name, {}) if is_new else row.raised["figures"]
    return {
        "required": raised.required,
        "pushed_on": raised.pushed_on.isoformat(),
        "ends_on": raised.deadline.ends_on.isoformat(),
        "is_provisional": raised.deadline.provisional,
        "proved_on": raised.proved_on.isoformat() if raised.proved_on else None,
        "basis": values_of(raised.deadline.basis) if raised.deadline.basis else None,
        "figures": figures,
    }


def _application(columns: Mapping[str, Any] | None) -> Application | None:
    """The undecided application from the case's row."""
    if columns is None:
        return None
    return Application(
        columns["is_first"],
        tuple(columns["requirements"]),
        frozenset(columns["touched_by"]),
        columns["has_opinion"],
    )


def _application_columns(application: Application | None) -> dict[str, Any] | None:
    """The undecided application as the case's row holds it."""
    if application is None:
        return None
    return {
        "is_first": application.is_first,
        "requirements": list(application.requirements),
        "touched_by": sorted(application.touched_by),
        "has_opinion": application.has_opinion,
    }


def _proposal(determination: Determination | None) -> Proposal | None:
    if determination is None:
        return None
    until = Deadline(determination.until, provisional=False) if determination.until else None
    return Proposal(
        determination.outcome, tuple(determination.requirements), determination.proposed_by, until
    )
