"""The outcome of each event of transitions.py: the state after it, and the effects to carry out."""

from dataclasses import replace
from typing import Any

from qualwatch.procedure.periods import Deadline, chosen_day, recounted
from qualwatch.procedure.preconditions import orderable
from qualwatch.procedure.state import (
    CONTINUING,
    RECALLED,
    Application,
    CaseState,
    Effect,
    Event,
    Proposal,
    RaisedFigure,
    Result,
    Terms,
    WarnedRequirement,
    Withdrawal,
)

STAGES_AT_THE_MINISTRY = ("reported", "started")
# Verdicts that may close a case; advise, manual and cannot-say close nothing.
MET = ("met", "not-required")
# Closing codes that end an undecided withdrawal as rectified.
RECTIFYING = ("recovered", "requirement-ended", "reviewed")


def assessed(state: CaseState, event: Event, terms: Terms) -> Result:
    """A released run: closes a case that meets everything again, warns of what is short.

    A run on old data changes nothing but the last result.
    """
    if event.ended and state.is_open:
        return close(state, event, event.ended)
    if not event.is_fresh:
        return _with_result(state, "cannot-say", event), ()
    additional = _newly_short(state, event, terms)
    after = replace(
        state,
        requirements=tuple(
            _reassessed(requirement, state, event, terms) for requirement in state.requirements
        ),
    )
    if after.is_open and _meets_everything(after, event):
        return _recovered(after, event)
    if after.state == "none" and not additional:
        return after, ()
    warned = (
        *_warned_again(state, after, event),
        *(requirement.name for requirement in additional),
    )
    after = replace(after, requirements=(*after.requirements, *additional))
    return _not_recovered(state, after, event, warned)


def _warned_again(before: CaseState, after: CaseState, event: Event) -> tuple[str, ...]:
    """Requirements whose period begins anew today, or whose figure was raised today."""
    return tuple(
        new.name
        for old, new in zip(before.requirements, after.requirements, strict=True)
        if (new.pushed_on == event.on != old.pushed_on)
        or (
            new.raised is not None
            and new.raised.pushed_on == event.on
            and new.raised.pushed_on != (old.raised and old.raised.pushed_on)
        )
    )


def _recovered(state: CaseState, event: Event) -> Result:
    """A system's case is closed; an officer's red card goes to review."""
    if state.origin == "officer":
        return _review_officer_card(state, event)
    relevant = state.relevant_requirements
    is_ended = bool(relevant) and all(requirement.is_ended for requirement in relevant)
    return close(state, event, "requirement-ended" if is_ended else "recovered")


def _review_officer_card(state: CaseState, event: Event) -> Result:
    """Opens the review of an officer's red card when runs that were short are short no more.

    No review where an officer's recheck says otherwise. Where no run was ever short, the registers
    only contradict the officer's finding: a recheck decides.
    """
    has_contrary_recheck = state.rechecked_on is not None and state.last_result != "short"
    opens_review = state.was_found_short and not has_contrary_recheck and not state.needs_review
    after = replace(
        _with_result(state, "recovered", event), needs_review=state.needs_review or opens_review
    )
    return after, (Effect("open-task", detail="review"),) if opens_review else ()


def _not_recovered(
    before: CaseState, state: CaseState, event: Event, warned: tuple[str, ...]
) -> Result:
    """The case goes on, or opens. `warned`: requirements that the enterprise is warned of today."""
    verdicts = {_verdict(requirement, event) for requirement in state.relevant_requirements}
    result = "short" if "short" in verdicts else "cannot-say"
    # An officer's card that falls short again before anybody reviewed it needs no review.
    is_short_again = (
        state.origin == "officer"
        and result == "short"
        and state.last_result in ("recovered", "cannot-say")
    )
    state = replace(
        _with_result(state, result, event),
        needs_review=state.needs_review and not is_short_again,
        was_found_short=state.was_found_short or result == "short",
    )
    if state.state == "none":
        return replace(state, state="yellow"), (Effect("push", warned),)
    effects = [Effect("push-addition", warned)] if warned else []
    if state.state == "red":
        remaining = _red_names(state)
        if remaining != _red_names(before):
            effects.append(Effect("amend-red", remaining))
        state, recall = _recall_unripe_withdrawal(state, event)
        effects += recall
    return state, tuple(effects)


def _red_names(state: CaseState) -> tuple[str, ...]:
    return tuple(requirement.name for requirement in state.requirements if requirement.is_red)


def _recall_unripe_withdrawal(
    state: CaseState, event: Event
) -> tuple[CaseState, tuple[Effect, ...]]:
    """Ends an undecided withdrawal where only requirements whose red period runs are left."""
    withdrawal = state.withdrawal
    if withdrawal is None or not withdrawal.is_open or withdrawal.is_decided:
        return state, ()
    if state.origin == "officer" or state.is_over(event.on):
        return state, ()
    ended, effects = _ended_withdrawal(withdrawal, RECALLED)
    return replace(state, withdrawal=ended), effects


def _with_result(state: CaseState, result: str, event: Event) -> CaseState:
    """Records the run's result, and the day since which runs have had it."""
    if state.last_result == result:
        return state
    return replace(state, last_result=result, last_result_on=event.on)


def _verdict(requirement: WarnedRequirement, event: Event) -> str:
    return event.verdicts.get(requirement.name, "cannot-say")


def _reassessed(
    requirement: WarnedRequirement, state: CaseState, event: Event, terms: Terms
) -> WarnedRequirement:
    """The requirement after the run: recovered, short again, or with a raised figure.

    No run changes what an officer found: a recheck or a review does.
    """
    if state.origin == "officer":
        return requirement
    verdict = _verdict(requirement, event)
    if verdict in MET and requirement.recovered_on is None:
        return replace(
            requirement, recovered_on=event.on, is_ended=verdict == "not-required", raised=None
        )
    if verdict != "short":
        return requirement
    if requirement.recovered_on is not None:
        # short again: warned of anew, with a new period
        return _newly_warned(requirement.name, event, terms)
    return _with_raised_figure(requirement, event, terms)


def _newly_warned(name: str, event: Event, terms: Terms) -> WarnedRequirement:
    deadline = terms.yellow.from_day(event.on, terms.calendar)
    return WarnedRequirement(name, event.on, deadline, required=event.required.get(name))


def _with_raised_figure(
    requirement: WarnedRequirement, event: Event, terms: Terms
) -> WarnedRequirement:
    """Warns of a figure that an upgrade raised; it takes over once the first figure is met."""
    required = event.required.get(requirement.name)
    if required is None or requirement.required is None:
        return requirement
    raised = _raised_figure(requirement, required, event, terms)
    if raised is None or requirement.falls_short_of_warning(event.possible.get(requirement.name)):
        return replace(requirement, raised=raised)
    return WarnedRequirement(
        requirement.name,
        raised.pushed_on,
        raised.deadline,
        proved_on=raised.proved_on,
        required=raised.required,
    )


def _raised_figure(
    requirement: WarnedRequirement, required: int, event: Event, terms: Terms
) -> RaisedFigure | None:
    """The raised figure with its period; None where the figure is not higher than the first."""
    assert requirement.required is not None  # the caller has looked
    raised = requirement.raised
    if required <= requirement.required:
        return None
    if raised is not None and required <= raised.required:
        # lower than warned of: its period goes on
        return replace(raised, required=required)
    return RaisedFigure(required, event.on, terms.yellow.from_day(event.on, terms.calendar))


def _newly_short(state: CaseState, event: Event, terms: Terms) -> tuple[WarnedRequirement, ...]:
    """Short requirements that the case does not warn of yet, each with its own period."""
    if state.origin == "officer":
        return ()
    return tuple(
        _newly_warned(name, event, terms)
        for name in sorted(event.verdicts)
        if event.verdicts[name] == "short" and state.requirement(name) is None
    )


def _meets_everything(state: CaseState, event: Event) -> bool:
    """Whether every relevant requirement is met or ended; what an officer found, by this run.

    A requirement that recovered earlier, or was dismissed or repaired, has had its own end: short
    again it would have been warned of anew.
    """
    if state.origin == "officer":
        return all(
            _verdict(requirement, event) in MET for requirement in state.relevant_requirements
        )
    return all(requirement.recovered_on is not None for requirement in state.relevant_requirements)


def close(state: CaseState, event: Event, code: str) -> Result:
    """Closes a case with a code of CLOSED: takes a red card down, ends an undecided withdrawal."""
    effects = [Effect("notify-closed", detail=code)]
    if state.state == "red":
        effects.append(Effect("take-down", detail=code))
    withdrawal, withdrawal_effects = _withdrawal_after_closing(state, event, code)
    continuing = _continuing(state, code)
    if continuing:
        effects.append(Effect("continue-warning", continuing, code))
    after = replace(
        state,
        state="closed",
        closed_because=code,
        withdrawal=withdrawal,
        application=None,
        proposal=None,
    )
    return after, (*effects, *withdrawal_effects)


def _continuing(state: CaseState, code: str) -> tuple[str, ...]:
    """Requirements of a red card, warned of but not determined, whose own course goes on."""
    if state.state != "red" or code not in CONTINUING:
        return ()
    return tuple(
        requirement.name
        for requirement in state.requirements
        if requirement.recovered_on is None and not requirement.is_determined
    )


def continued(before: CaseState, after: CaseState, names: tuple[str, ...]) -> CaseState:
    """The yellow card that goes on where a red one closed: every clock as it runs.

    before, after: the step that closed the red card. names: the requirements that go on.
    """
    requirements = tuple(
        requirement for requirement in after.requirements if requirement.name in names
    )
    application = before.application
    if application is not None and not set(application.requirements) & set(names):
        application = None
    proofs = [requirement.proved_on for requirement in requirements if requirement.proved_on]
    return CaseState(
        ground=before.ground,
        origin=before.origin,
        is_whole_enterprise=before.is_whole_enterprise,
        state="yellow",
        requirements=requirements,
        push_proved_on=min(proofs, default=None),
        extended=before.extended,
        application=application,
        disputed=tuple(name for name in before.disputed if name in names),
        last_result=after.last_result,
        last_result_on=after.last_result_on,
        was_found_short=before.was_found_short,
    )


def _withdrawal_after_closing(
    state: CaseState, event: Event, code: str
) -> tuple[Withdrawal | None, tuple[Effect, ...]]:
    """Ends an undecided withdrawal; None where another ripe red card of the item carries it on."""
    withdrawal = state.withdrawal
    if withdrawal is None or withdrawal.ended:
        return withdrawal, ()
    if withdrawal.is_decided:
        if code != "annulled":
            return withdrawal, ()
        return _ended_withdrawal(withdrawal, "annulled")
    # The register was faster than the ministry's letter, which is still to come.
    if (
        code == "withdrawn"
        and withdrawal.route == "ministry"
        and withdrawal.stage in STAGES_AT_THE_MINISTRY
    ):
        return withdrawal, ()
    if code not in RECTIFYING:
        return _ended_withdrawal(withdrawal, code)
    if event.other_red == "ripe":
        return None, (Effect("end-withdrawal", detail="handed-over"),)
    # nothing may be announced or displayed on a card whose own period runs (clarified 1)
    return _ended_withdrawal(withdrawal, RECALLED if event.other_red else "rectified")


def _ended_withdrawal(withdrawal: Withdrawal, reason: str) -> tuple[Withdrawal, tuple[Effect, ...]]:
    return replace(withdrawal, ended=reason), (Effect("end-withdrawal", detail=reason),)


def inspected(state: CaseState, event: Event, terms: Terms) -> Result:
    """A supervision finding with evidence opens a red card of officer origin at once."""
    deadline = Deadline(event.on, provisional=False)
    after = replace(
        state,
        origin="officer",
        state="red",
        requirements=tuple(
            WarnedRequirement(name, event.on, deadline, determined_on=event.on)
            for name in event.requirements
        ),
        published_on=event.on,
        determined_by=(event.by, *event.others),
        was_found_short="short" in event.verdicts.values(),
        last_result="short",
        last_result_on=event.on,
    )
    return after, (Effect("publish-red", event.requirements), Effect("issue-order"))


def push_proved(state: CaseState, event: Event, terms: Terms) -> Result:
    """Records the proof of the warning; the first proof of each requirement stays."""
    requirements = tuple(
        _with_proof(requirement, event)
        if not event.requirements or requirement.name in event.requirements
        else requirement
        for requirement in state.requirements
    )
    push_proved_on = state.push_proved_on or event.proved_on
    return replace(state, requirements=requirements, push_proved_on=push_proved_on), ()


def _with_proof(requirement: WarnedRequirement, event: Event) -> WarnedRequirement:
    """The requirement with the proof of its warning, and of its raised figure's.

    Warnings that are younger than what was proved stay unproved.
    """
    newest = event.warned_on.get(requirement.name) or event.proved_on
    assert newest is not None  # a precondition
    if requirement.pushed_on <= newest:
        requirement = replace(requirement, proved_on=requirement.proved_on or event.proved_on)
    raised = requirement.raised
    if raised is None or raised.pushed_on > newest:
        return requirement
    raised = replace(raised, proved_on=raised.proved_on or event.proved_on)
    return replace(requirement, raised=raised)


def propose(state: CaseState, event: Event, terms: Terms) -> Result:
    """The proposal waits for a reviewer; without named requirements it covers all that are open."""
    proposal = Proposal(
        event.outcome, event.requirements or state.undetermined, event.by, event.until
    )
    return replace(state, proposal=proposal), (Effect("open-task", detail="sign"),)


def return_proposal(state: CaseState, event: Event, terms: Terms) -> Result:
    """The proposal goes back to the officer."""
    return replace(state, proposal=None), (Effect("open-task", detail="propose"),)


def sign(state: CaseState, event: Event, terms: Terms) -> Result:
    """The proposed determination takes effect."""
    proposal = state.proposal
    assert proposal is not None  # a precondition
    after = replace(state, proposal=None)
    if proposal.outcome == "extended":
        until = proposal.until and chosen_day(proposal.until.ends_on, terms.calendar)
        return replace(after, extended=until), (Effect("notify-extended"),)
    if proposal.outcome == "dismissed":
        return _dismissed(after, event, proposal)
    if state.is_whole_enterprise:
        return _determined_items(after, event, proposal)
    return _determined_red(after, event, proposal)


def _dismissed(state: CaseState, event: Event, proposal: Proposal) -> Result:
    """Ends the warning of the named requirements; the others keep their own course."""
    after = replace(
        state,
        requirements=tuple(
            replace(requirement, recovered_on=event.on, is_ended=True, raised=None)
            if requirement.name in proposal.requirements and requirement.recovered_on is None
            else requirement
            for requirement in state.requirements
        ),
    )
    if after.state == "yellow" and not after.undetermined:
        return close(after, event, "dismissed")
    return after, (Effect("notify-dismissed", proposal.requirements),)


def _determined_items(state: CaseState, event: Event, proposal: Proposal) -> Result:
    """Red cards of the single items go on.

    The enterprise-wide case has served its purpose unless other authorities decide on items too.
    """
    red = Effect("open-red", proposal.requirements)
    if event.is_partial:
        return state, (red,)
    after, effects = close(state, event, "determined")
    return after, (red, *effects)


def _determined_red(state: CaseState, event: Event, proposal: Proposal) -> Result:
    """The named requirements are red; on an open red card they are added to it."""
    names = proposal.requirements
    after = replace(
        state,
        state="red",
        requirements=tuple(
            _determined(requirement, event) if requirement.name in names else requirement
            for requirement in state.requirements
        ),
        published_on=state.published_on or event.on,
        determined_by=tuple(dict.fromkeys((*state.determined_by, proposal.by, event.by))),
    )
    publication = "add-to-red" if state.state == "red" else "publish-red"
    return after, (Effect(publication, names), Effect("issue-order", names))


def _determined(requirement: WarnedRequirement, event: Event) -> WarnedRequirement:
    """Determined on the figure that the enterprise was warned of for the whole period."""
    raised = requirement.raised
    if raised is not None and raised.proved_on is not None and raised.deadline.is_over(event.on):
        requirement = replace(requirement, required=raised.required, raised=None)
    return replace(requirement, determined_on=event.on)


def order_served(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red period begins on the later of publication and proved service.

    event.requirements: those that the order is about; none named: all that wait for their order.
    """
    requirements = tuple(
        _with_red_period(requirement, event, terms)
        if requirement.name in orderable(state, event)
        else requirement
        for requirement in state.requirements
    )
    return replace(state, requirements=requirements), (Effect("set-red-period"),)


def _with_red_period(
    requirement: WarnedRequirement, event: Event, terms: Terms
) -> WarnedRequirement:
    served_on = event.proved_on
    assert served_on is not None  # a precondition
    starts_on = max(requirement.determined_on or served_on, served_on)
    deadline = terms.red.from_day(starts_on, terms.calendar)
    return replace(requirement, order_served_on=served_on, red=deadline)


def recheck(state: CaseState, event: Event, terms: Terms) -> Result:
    """An officer's recheck: still short, or recovered, which another officer then reviews."""
    determined_by = tuple(dict.fromkeys((*state.determined_by, event.by)))
    after = replace(state, rechecked_on=event.on, determined_by=determined_by)
    if event.outcome == "recovered":
        return replace(after, needs_review=True), (Effect("open-task", detail="review"),)
    return replace(after, needs_review=False, last_result="none"), ()


def review(state: CaseState, event: Event, terms: Terms) -> Result:
    """Another officer confirms the recovery: closed."""
    return close(state, event, "reviewed")


def apply(state: CaseState, event: Event, terms: Terms) -> Result:
    """An application; only the first one on a requirement stops a determination or decision."""
    about = event.requirements or state.disputable
    application = Application(is_first=not set(about) <= set(state.disputed), requirements=about)
    disputed = tuple(dict.fromkeys((*state.disputed, *about)))
    after = replace(state, application=application, disputed=disputed)
    return after, (Effect("open-task", about, "application"),)


def retract(state: CaseState, event: Event, terms: Terms) -> Result:
    """The enterprise retracts its application; the requirements stay on record as disputed."""
    return replace(state, application=None), ()


def opinion(state: CaseState, event: Event, terms: Terms) -> Result:
    """The city agrees in writing and forwards the application to the province."""
    assert state.application is not None  # a precondition
    application = replace(
        state.application,
        has_opinion=True,
        touched_by=state.application.touched_by | {event.by},
    )
    return replace(state, application=application), (
        Effect("open-task", detail="decide-application"),
    )


def refuse(state: CaseState, event: Event, terms: Terms) -> Result:
    """The application is refused, with reasons and remedies."""
    return replace(state, application=None), (Effect("notify-refused"),)


def uphold(state: CaseState, event: Event, terms: Terms) -> Result:
    """The disputed requirements are repaired; requirements outside the application go on.

    Where nothing goes on the case is closed: as recovered if another part of the red card was right
    and has been rectified, else as repaired.
    """
    assert state.application is not None  # a precondition
    about = state.application.requirements
    repaired = replace(
        state,
        requirements=tuple(
            replace(requirement, recovered_on=requirement.recovered_on or event.on)
            if requirement.name in about
            else requirement
            for requirement in state.requirements
        ),
        application=None,
        proposal=None,
    )
    remaining = tuple(
        requirement.name
        for requirement in repaired.relevant_requirements
        if requirement.recovered_on is None
    )
    if not remaining:
        was_right = _was_right_otherwise(state, about)
        return close(repaired, event, "recovered" if was_right else "repaired")
    effects = [Effect("notify-repaired", about)]
    if state.state == "red" and any(
        requirement.name in about for requirement in state.relevant_requirements
    ):
        effects.append(Effect("amend-red", remaining))
    after, recall = _recall_unripe_withdrawal(_without_determination(repaired, about), event)
    return after, (*effects, *recall)


def _without_determination(state: CaseState, names: tuple[str, ...]) -> CaseState:
    """The named requirements as never determined."""
    return replace(
        state,
        requirements=tuple(
            replace(requirement, determined_on=None, order_served_on=None, red=None)
            if requirement.name in names
            else requirement
            for requirement in state.requirements
        ),
    )


def _was_right_otherwise(state: CaseState, about: tuple[str, ...]) -> bool:
    """Whether a red card also rests on a recovered requirement outside the application."""
    return state.state == "red" and any(
        requirement.recovered_on is not None and requirement.name not in about
        for requirement in state.relevant_requirements
    )


def annul(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red card is annulled, also after the case was closed."""
    after, effects = close(replace(state, state="red"), event, "annulled")
    if state.state == "closed":
        # what went on went on when it was closed
        effects = tuple(effect for effect in effects if effect.name != "continue-warning")
    return after, effects


def end(state: CaseState, event: Event, terms: Terms) -> Result:
    """An officer records why the case ends: `event.code`."""
    return close(state, event, event.code)


def calendar_loaded(state: CaseState, event: Event, terms: Terms) -> Result:
    """Recounts running periods by the newest calendar: they get longer or stay, never shorter.

    Each keeps the length that the policy had when it began.
    """

    def recount(deadline: Deadline) -> Deadline:
        # what is over is not made to run again
        return deadline if deadline.is_over(event.on) else recounted(deadline, terms.calendar)

    def with_recounted_periods(requirement: WarnedRequirement) -> WarnedRequirement:
        raised = requirement.raised
        if raised is not None:
            raised = replace(raised, deadline=recount(raised.deadline))
        if requirement.is_determined:
            red = requirement.red and recount(requirement.red)
            return replace(requirement, red=red, raised=raised)
        return replace(requirement, deadline=recount(requirement.deadline), raised=raised)

    after = replace(
        state,
        requirements=tuple(map(with_recounted_periods, state.requirements)),
        extended=state.extended and recount(state.extended),
        withdrawal=state.withdrawal and _recounted_withdrawal(state.withdrawal, terms),
    )
    return after, ()


def _recounted_withdrawal(withdrawal: Withdrawal, terms: Terms) -> Withdrawal:
    deadlines: dict[str, Any] = {
        name: recounted(getattr(withdrawal, name), terms.calendar)
        for name in withdrawal.running_deadlines
    }
    return replace(withdrawal, **deadlines)


def set_aside(state: CaseState, event: Event, terms: Terms) -> Result:
    """Undoes the warnings of a patrol whose day was wrong: what they were about starts anew.

    A yellow card of which nothing else is left is closed. A determined requirement stays.
    """
    requirements = tuple(
        _without_warning(requirement, event)
        if requirement.name in event.requirements
        else requirement
        for requirement in state.requirements
    )
    after = replace(state, requirements=requirements, proposal=None)
    is_over = all(requirement.recovered_on is not None for requirement in requirements)
    if state.state == "yellow" and is_over:
        return close(after, event, "recorded-in-error")
    if after.requirements == state.requirements:
        return after, ()
    return after, (Effect("notify-set-aside", event.requirements),)


def _without_warning(requirement: WarnedRequirement, event: Event) -> WarnedRequirement:
    """The requirement without the warning of the event's day; an older one keeps its clock."""
    warned_on = event.warned_on.get(requirement.name)
    raised = requirement.raised
    if raised is not None and warned_on == raised.pushed_on:
        return replace(requirement, raised=None)
    if requirement.is_determined or warned_on not in (None, requirement.pushed_on):
        return requirement
    return replace(requirement, recovered_on=event.on, is_ended=True)
