"""Cases as `step` sees them: read from rows, written back, every step in one transaction with its journal entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.cases.course.withdrawal_rows import (
    as_columns,
    as_deadline,
    as_state,
    open_or_decided,
    save_withdrawal,
    write_withdrawal_to_row,
)
from qualwatch.cases.models import Case, CaseRequirement, Determination, Withdrawal, WithdrawalList
from qualwatch.journal.actions import NewEntry, record_all
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline, same_day_after_months
from qualwatch.procedure.state import (
    Application,
    CaseState,
    Effect,
    Event,
    Proposal,
    Terms,
    WarnedRequirement,
)
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.wording import gettext as _

DECIDES = ("sign", "return-proposal")  # they say themselves what became of the proposal
CLEARED = ("recovered", "reviewed")  # after which the enterprise is watched for a while


@dataclass(slots=True)
class ActContext:
    """One act: when, by which law, by whom it is signed in the journal; what it did, to be told."""

    law: Law
    at: datetime
    by: str
    where: str = ""  # the authority that acts
    batch: WithdrawalList | None = None  # to which a withdrawal that is opened belongs
    entries: list[NewEntry] = field(default_factory=list)

    @property
    def on(self) -> date:
        """The Beijing day on which it is really done."""
        return timezone.localdate(self.at)

    @staticmethod
    def day_of(moment: datetime) -> date:
        """The Beijing day of a moment."""
        return timezone.localdate(moment)

    def is_fresh(self, as_of: date) -> bool:
        """Whether a run of a day is young enough to act on today."""
        limit = self.law.policy_on(self.on)["register_freshness_days"]
        return timedelta(0) <= self.on - as_of <= timedelta(days=limit)

    @property
    def terms(self) -> Terms:
        """The periods of clocks that start today."""
        return Terms.of(self.law.policy_on(self.on), self.law.calendar)


@dataclass(slots=True)
class Step:
    """One step of one case, done and not yet written."""

    case: Case
    before: CaseState
    after: CaseState
    effects: tuple[Effect, ...]
    event: Event
    figures: Mapping[str, Any] = field(
        default_factory=dict
    )  # requirement -> what the enterprise is told of it
    row: Withdrawal | None = None  # of the withdrawal that the case carries

    @property
    def is_change(self) -> bool:
        """Whether anything has to be written."""
        return self.before != self.after or bool(self.effects)


def state_of(
    case: Case,
    requirements: Sequence[CaseRequirement],
    proposal: Determination | None = None,
    withdrawal: Withdrawal | None = None,
) -> CaseState:
    """A case's rows as the state that `step` knows."""
    return CaseState(
        ground=case.ground,  # type: ignore[arg-type]  # the database knows only these words
        origin=case.origin,  # type: ignore[arg-type]  # the database knows only these words
        is_whole_enterprise=case.category is None,
        state=case.state,  # type: ignore[arg-type]  # the database knows only these words
        named=tuple(
            WarnedRequirement(
                requirement.requirement,
                requirement.pushed_on,
                Deadline(requirement.ends_on, requirement.is_provisional),
                requirement.proved_on,
                requirement.recovered_on,
                requirement.is_ended,
                requirement.is_determined,
            )
            for requirement in requirements
        ),
        push_proved_on=case.push_proved_on,
        proposal=_proposal(proposal),
        extended=as_deadline(case.extended_until, case.is_extension_provisional),
        application=_application(case.application),
        disputed=tuple(case.disputed),
        published_on=case.published_on,
        order_served_on=case.order_served_on,
        red=as_deadline(case.red_ends_on, case.is_red_provisional),
        last_result=case.last_result,
        last_result_on=case.last_result_on,
        needs_review=case.needs_review,
        was_found_short=case.was_found_short,
        rechecked_on=case.rechecked_on,
        closed_because=case.closed_because,
        determined_by=tuple(case.determined_by),
        withdrawal=None if withdrawal is None else as_state(withdrawal),
    )


def write_state_to_row(case: Case, state: CaseState, ctx: ActContext) -> None:
    """A state written into its row, not yet saved."""
    case.state, case.push_proved_on, case.published_on = (
        state.state,
        state.push_proved_on,
        state.published_on,
    )
    case.extended_until, case.is_extension_provisional = as_columns(state.extended)
    case.order_served_on = state.order_served_on
    case.red_ends_on, case.is_red_provisional = as_columns(state.red)
    case.last_result, case.last_result_on = state.last_result, state.last_result_on
    case.needs_review, case.rechecked_on = state.needs_review, state.rechecked_on
    case.was_found_short = state.was_found_short
    if state.closed_because == "annulled":
        case.watched_until = None  # what never was is not relapsed from
    case.application, case.disputed = _plain(state.application), list(state.disputed)
    case.determined_by, case.version = list(state.determined_by), case.version + 1
    if state.state == "closed" and not case.closed_because:
        case.closed_on = ctx.on
        if state.closed_because in CLEARED:
            months = ctx.law.policy_on(ctx.on)["watch_after_clearing_months"]
            case.watched_until = same_day_after_months(ctx.on, months)
    case.closed_because = state.closed_because


def rows_of(
    step: Step, requirements: Sequence[CaseRequirement]
) -> tuple[list[CaseRequirement], list[CaseRequirement]]:
    """The requirements' rows to be made, and those to be changed."""
    by_name = {row.requirement: row for row in requirements}
    made, changed = [], []
    for named in step.after.named:
        row = by_name.get(named.requirement)
        if row is None:
            row = CaseRequirement(case=step.case, requirement=named.requirement)
            made.append(row)
        elif step.before.of(named.requirement) != named:
            changed.append(row)
        else:
            continue
        row.pushed_on, row.recovered_on, row.proved_on = (
            named.pushed_on,
            named.recovered_on,
            named.proved_on,
        )
        row.ends_on, row.is_provisional = named.deadline.ends_on, named.deadline.provisional
        row.is_ended, row.is_determined = named.is_ended, named.is_determined
        if named.pushed_on == step.event.on and named.requirement in step.figures:
            row.warned_figures = step.figures[named.requirement]
    return made, changed


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
            "code": step.after.closed_because,
        },
    )


Perform = Callable[[Step, ActContext], None]


@transaction.atomic
def act(
    *,
    case: Case,
    event: Event,
    ctx: ActContext,
    perform: Perform,
    figures: Mapping[str, Any] | None = None,
) -> Step:
    """One step of one case. CannotStep where the course has none, or where the case is no longer as it was read."""
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.version != case.version:
        raise CannotStep("changed", _("案件刚刚被别人改动过，请刷新后再办"))
    known = list(locked.requirements.order_by("pk"))
    waiting = locked.determinations.filter(state="proposed").first()
    row = open_or_decided(locked)
    if (
        row is not None and locked.state == "red"
    ):  # another red card of the item would carry its withdrawal on
        same = Case.objects.filter(
            credit_code=locked.credit_code, category=locked.category, sub_item=locked.sub_item
        )
        event = replace(
            event, is_other_red_open=same.filter(state="red").exclude(pk=locked.pk).exists()
        )
    before = state_of(locked, known, waiting, row)
    after, effects = step(before, event, ctx.terms)
    done = Step(locked, before, after, effects, event, figures or {}, row)
    write_state_to_row(locked, after, ctx)
    write_withdrawal_to_row(done, ctx)
    perform(done, ctx)
    locked.save()
    save_withdrawal(done, ctx)
    if waiting is not None and after.proposal is None and event.name not in DECIDES:
        Determination.objects.filter(pk=waiting.pk, state="proposed").update(state="void")
    made, changed = rows_of(done, known)
    for requirement in (*made, *changed):
        requirement.save()
    ctx.entries.insert(0, entry_of(done))
    write_journal(ctx)
    return done


def write_journal(ctx: ActContext) -> None:
    """What an act did, into the journal, in its transaction."""
    if ctx.entries:
        record_all(ctx.entries, by=ctx.by, at=ctx.at)
    ctx.entries.clear()


def _application(told: Mapping[str, Any] | None) -> Application | None:
    if told is None:
        return None
    touched, about = frozenset(told["touched_by"]), tuple(told["requirements"])
    return Application(told["is_first"], about, touched, told["has_opinion"])


def _plain(application: Application | None) -> dict[str, Any] | None:
    """As it lies in the case's row."""
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
