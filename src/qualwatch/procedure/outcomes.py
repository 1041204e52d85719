"""The outcome of each event of transitions.py: the state after it, and the effects to carry out."""

from dataclasses import replace
from typing import Any

from qualwatch.procedure.periods import Deadline, chosen_day, recounted
from qualwatch.procedure.state import (
    Application,
    CaseState,
    Effect,
    Event,
    Proposal,
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
    restarted = tuple(
        requirement.name
        for requirement in state.requirements
        if _has_relapsed(requirement, state, event) and not requirement.is_determined
    )
    state = replace(
        state,
        requirements=tuple(
            _reassessed(requirement, state, event, terms) for requirement in state.requirements
        ),
    )
    if state.is_open and _meets_everything(state, event):
        return _recovered(state, event)
    if state.state == "none" and not additional:
        return state, ()
    return _not_recovered(state, event, additional, restarted)


def _recovered(state: CaseState, event: Event) -> Result:
    """A system's case is closed; an officer's red card goes to review."""
    if state.origin == "officer":
        return _review_officer_card(state, event)
    is_ended = all(requirement.is_ended for requirement in state.relevant_requirements)
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
    state: CaseState,
    event: Event,
    additional: tuple[WarnedRequirement, ...],
    restarted: tuple[str, ...],
) -> Result:
    """The case goes on, or opens: warns of additional requirements and of restarted periods."""
    state = replace(state, requirements=(*state.requirements, *additional))
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
    warned = (*restarted, *(requirement.name for requirement in additional))
    if state.state == "none":
        return replace(state, state="yellow"), (Effect("push", warned),)
    return state, (Effect("push-addition", warned),) if warned else ()


def _with_result(state: CaseState, result: str, event: Event) -> CaseState:
    """Records the run's result, and the day since which runs have had it."""
    if state.last_result == result:
        return state
    return replace(state, last_result=result, last_result_on=event.on)


def _verdict(requirement: WarnedRequirement, event: Event) -> str:
    return event.verdicts.get(requirement.name, "cannot-say")


def _has_relapsed(requirement: WarnedRequirement, state: CaseState, event: Event) -> bool:
    """Whether a recovered requirement is short again."""
    return (
        _verdict(requirement, event) == "short"
        and requirement.recovered_on is not None
        and (requirement.is_determined or state.origin == "system")
    )


def _reassessed(
    requirement: WarnedRequirement, state: CaseState, event: Event, terms: Terms
) -> WarnedRequirement:
    """The requirement after the run; a relapse without determination starts a new period."""
    verdict = _verdict(requirement, event)
    if verdict in MET and requirement.recovered_on is None:
        return replace(requirement, recovered_on=event.on, is_ended=verdict == "not-required")
    if not _has_relapsed(requirement, state, event):
        return requirement
    requirement = replace(requirement, recovered_on=None, is_ended=False)
    if requirement.is_determined:
        return requirement
    deadline = terms.yellow.from_day(event.on, terms.calendar)
    return replace(requirement, pushed_on=event.on, deadline=deadline, proved_on=None)


def _newly_short(state: CaseState, event: Event, terms: Terms) -> tuple[WarnedRequirement, ...]:
    """Short requirements that the case does not warn of yet, each with its own period."""
    if state.origin == "officer":
        return ()
    deadline = terms.yellow.from_day(event.on, terms.calendar)
    return tuple(
        WarnedRequirement(name, event.on, deadline)
        for name in sorted(event.verdicts)
        if event.verdicts[name] == "short" and state.requirement(name) is None
    )


def _meets_everything(state: CaseState, event: Event) -> bool:
    """Whether this run finds every relevant requirement met or ended."""
    return all(
        requirement.recovered_on is not None and _verdict(requirement, event) in MET
        for requirement in state.relevant_requirements
    )


def close(state: CaseState, event: Event, code: str) -> Result:
    """Closes a case with a code of CLOSED: takes a red card down, ends an undecided withdrawal."""
    effects = [Effect("notify-closed", detail=code)]
    if state.state == "red":
        effects.append(Effect("take-down", detail=code))
    withdrawal, withdrawal_effects = _withdrawal_after_closing(state, event, code)
    after = replace(
        state,
        state="closed",
        closed_because=code,
        withdrawal=withdrawal,
        application=None,
        proposal=None,
    )
    return after, (*effects, *withdrawal_effects)


def _withdrawal_after_closing(
    state: CaseState, event: Event, code: str
) -> tuple[Withdrawal | None, tuple[Effect, ...]]:
    """Ends an undecided withdrawal; None where it is handed to another red card of the item."""
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
    if event.is_other_red_open:
        return None, (Effect("end-withdrawal", detail="handed-over"),)
    return _ended_withdrawal(withdrawal, "rectified")


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
            WarnedRequirement(name, event.on, deadline, is_determined=True)
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
        replace(requirement, proved_on=requirement.proved_on or event.proved_on)
        if not event.requirements or requirement.name in event.requirements
        else requirement
        for requirement in state.requirements
    )
    push_proved_on = state.push_proved_on or event.proved_on
    return replace(state, requirements=requirements, push_proved_on=push_proved_on), ()


def propose(state: CaseState, event: Event, terms: Terms) -> Result:
    """The proposal waits for a reviewer; without named requirements it covers all that are open."""
    all_open = tuple(
        requirement.name for requirement in state.requirements if requirement.recovered_on is None
    )
    proposal = Proposal(event.outcome, event.requirements or all_open, event.by, event.until)
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
        return close(after, event, "dismissed")
    # Red cards of the single items go on; the enterprise-wide case has served its purpose.
    if state.is_whole_enterprise:
        after, effects = close(after, event, "determined")
        return after, (Effect("open-red", proposal.requirements), *effects)
    return _determined_red(after, event, proposal)


def _determined_red(state: CaseState, event: Event, proposal: Proposal) -> Result:
    after = replace(
        state,
        state="red",
        requirements=tuple(
            replace(requirement, is_determined=True)
            if requirement.name in proposal.requirements
            else requirement
            for requirement in state.requirements
        ),
        published_on=event.on,
        determined_by=(proposal.by, event.by),
    )
    return after, (Effect("publish-red", proposal.requirements), Effect("issue-order"))


def order_served(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red period begins on the later of publication and proved service."""
    assert event.proved_on is not None  # a precondition
    starts_on = max(state.published_on or event.proved_on, event.proved_on)
    deadline = terms.red.from_day(starts_on, terms.calendar)
    after = replace(state, order_served_on=event.proved_on, red=deadline)
    return after, (Effect("set-red-period"),)


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
    after = replace(
        state,
        requirements=tuple(
            replace(
                requirement,
                recovered_on=requirement.recovered_on or event.on,
                is_determined=False,
            )
            if requirement.name in about
            else requirement
            for requirement in state.requirements
        ),
        application=None,
        proposal=None,
    )
    remaining = tuple(
        requirement.name
        for requirement in after.relevant_requirements
        if requirement.recovered_on is None
    )
    if not remaining:
        was_right = _was_right_otherwise(state, about)
        return close(state, event, "recovered" if was_right else "repaired")
    effects = [Effect("notify-repaired", about)]
    if state.state == "red" and any(
        requirement.name in about for requirement in state.relevant_requirements
    ):
        effects.append(Effect("amend-red", remaining))
    return after, tuple(effects)


def _was_right_otherwise(state: CaseState, about: tuple[str, ...]) -> bool:
    """Whether a red card also rests on a recovered requirement outside the application."""
    return state.state == "red" and any(
        requirement.recovered_on is not None and requirement.name not in about
        for requirement in state.relevant_requirements
    )


def annul(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red card is annulled, also after the case was closed."""
    return close(replace(state, state="red"), event, "annulled")


def end(state: CaseState, event: Event, terms: Terms) -> Result:
    """An officer records why the case ends: `event.code`."""
    return close(state, event, event.code)


def calendar_loaded(state: CaseState, event: Event, terms: Terms) -> Result:
    """Recounts running periods by the newest calendar: they get longer or stay, never shorter.

    Each keeps the length that the policy had when it began.
    """
    requirements = tuple(
        requirement
        if requirement.is_determined
        else replace(requirement, deadline=recounted(requirement.deadline, terms.calendar))
        for requirement in state.requirements
    )
    after = replace(
        state,
        requirements=requirements,
        red=state.red and recounted(state.red, terms.calendar),
        extended=state.extended and recounted(state.extended, terms.calendar),
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
        replace(requirement, recovered_on=event.on, is_ended=True)
        if requirement.name in event.requirements and not requirement.is_determined
        else requirement
        for requirement in state.requirements
    )
    after = replace(state, requirements=requirements, proposal=None)
    is_over = all(requirement.recovered_on is not None for requirement in requirements)
    if state.state == "yellow" and is_over:
        return close(after, event, "recorded-in-error")
    return after, ()
