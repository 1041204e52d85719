"""What follows from each event of transitions.py: the state after it, and what must be done."""

from dataclasses import replace

from qualwatch.procedure.periods import Deadline, resettled
from qualwatch.procedure.state import (
    Application,
    CaseState,
    Effect,
    Event,
    Proposal,
    Terms,
    WarnedRequirement,
)

Result = tuple[CaseState, tuple[Effect, ...]]
AT_THE_MINISTRY = ("reported", "started")
GOOD = ("met", "not-required")  # what may close; advise, manual and cannot-say close nothing


def found(state: CaseState, event: Event, terms: Terms) -> Result:
    """A released run. Old data change nothing; what is good again closes, what is short is pushed."""
    if event.ended and state.is_open:
        return closed(state, event, event.ended)
    if not event.is_fresh:
        return _said(state, "cannot-say", event), ()
    named, restarted = _looked_at(state, event, terms)
    new = _new(state, event, terms)
    state = replace(state, named=named)
    if state.is_open and _is_good(state, event):
        if state.origin == "officer":
            return _recovered(state, event)
        ended = all(requirement.is_ended for requirement in named if _matters(state, requirement))
        return closed(state, event, "requirement-ended" if ended else "recovered")
    if state.state == "none" and not new:
        return state, ()
    says = {
        event.verdicts.get(requirement.requirement, "cannot-say")
        for requirement in (*named, *new)
        if _matters(state, requirement)
    }
    last = "short" if "short" in says else "cannot-say"
    # fell short again before anybody reviewed it
    back = (
        state.origin == "officer"
        and last == "short"
        and state.last_result in ("recovered", "cannot-say")
    )
    state = replace(
        _said(state, last, event),
        named=(*named, *new),
        needs_review=state.needs_review and not back,
        was_found_short=state.was_found_short or last == "short",
    )
    if state.state == "none":
        return replace(state, state="yellow"), (
            Effect("push", tuple(requirement.requirement for requirement in new)),
        )
    pushed = (*restarted, *(requirement.requirement for requirement in new))
    return state, (Effect("push-addition", pushed),) if pushed else ()


def _recovered(state: CaseState, event: Event) -> Result:
    """An officer's red card goes to review when runs that said short say so no more, unless an officer knows better.

    Where no run ever said short, the registers only contradict what was found on the spot: a recheck decides.
    """
    knows_better = state.rechecked_on is not None and state.last_result != "short"
    first = state.was_found_short and not knows_better and not state.needs_review
    after = replace(_said(state, "recovered", event), needs_review=state.needs_review or first)
    return after, (Effect("open-task", detail="review"),) if first else ()


def _said(state: CaseState, word: str, event: Event) -> CaseState:
    """What the last run said, and since when runs have said so."""
    return (
        state
        if state.last_result == word
        else replace(state, last_result=word, last_result_on=event.on)
    )


def _looked_at(
    state: CaseState, event: Event, terms: Terms
) -> tuple[tuple[WarnedRequirement, ...], tuple[str, ...]]:
    """The requirements named, with what the run says of them; those whose period begins anew after a recovery."""
    named, restarted = [], []
    for requirement in state.named:
        verdict = event.verdicts.get(requirement.requirement, "cannot-say")
        if verdict in GOOD and requirement.recovered_on is None:
            requirement = replace(
                requirement, recovered_on=event.on, is_ended=verdict == "not-required"
            )
        elif (
            verdict == "short"
            and requirement.recovered_on is not None
            and (requirement.is_determined or state.origin == "system")
        ):
            requirement = replace(requirement, recovered_on=None, is_ended=False)
            if not requirement.is_determined:
                deadline = terms.yellow.from_day(event.on, terms.calendar)
                requirement = replace(
                    requirement, pushed_on=event.on, deadline=deadline, proved_on=None
                )
                restarted.append(requirement.requirement)
        named.append(requirement)
    return tuple(named), tuple(restarted)


def _new(state: CaseState, event: Event, terms: Terms) -> tuple[WarnedRequirement, ...]:
    """Requirements that fall short and are not named yet, each with a period of its own."""
    if state.origin == "officer":
        return ()
    known = {requirement.requirement for requirement in state.named}
    deadline = terms.yellow.from_day(event.on, terms.calendar)
    short = sorted(
        one for one, verdict in event.verdicts.items() if verdict == "short" and one not in known
    )
    return tuple(WarnedRequirement(one, event.on, deadline) for one in short)


def _matters(state: CaseState, requirement: WarnedRequirement) -> bool:
    """Of a red card only what was determined: what fell short later is warned of, and goes on as a card of its own."""
    return state.state != "red" or requirement.is_determined


def _is_good(state: CaseState, event: Event) -> bool:
    """Every requirement that matters is met or has ended, by this very run."""
    return all(
        requirement.recovered_on is not None and event.verdicts.get(requirement.requirement) in GOOD
        for requirement in state.named
        if _matters(state, requirement)
    )


def closed(state: CaseState, event: Event, code: str) -> Result:
    """Closed with a code: what was public is taken down, an undecided withdrawal ends or goes to another red card."""
    effects = [Effect("notify-closed", detail=code)]
    if state.state == "red":
        effects.append(Effect("take-down", detail=code))
    withdrawal = state.withdrawal
    if withdrawal and withdrawal.is_open and not withdrawal.is_decided:
        if (
            code == "withdrawn"
            and withdrawal.route == "ministry"
            and withdrawal.stage in AT_THE_MINISTRY
        ):
            after = replace(
                state, state="closed", closed_because=code, application=None, proposal=None
            )
            return after, tuple(
                effects
            )  # the register was faster than the ministry's letter, which is still to come
        ended = {
            "recovered": "rectified",
            "requirement-ended": "rectified",
            "reviewed": "rectified",
        }.get(code, code)
        if event.is_other_red_open and ended == "rectified":
            effects.append(Effect("end-withdrawal", detail="handed-over"))
            withdrawal = None
        else:
            effects.append(Effect("end-withdrawal", detail=ended))
            withdrawal = replace(withdrawal, ended=ended)
    elif withdrawal and withdrawal.is_decided and not withdrawal.ended and code == "annulled":
        effects.append(Effect("end-withdrawal", detail="annulled"))
        withdrawal = replace(withdrawal, ended="annulled")
    after = replace(
        state,
        state="closed",
        closed_because=code,
        withdrawal=withdrawal,
        application=None,
        proposal=None,
    )
    return after, tuple(effects)


def inspected(state: CaseState, event: Event, terms: Terms) -> Result:
    """A supervision finding with evidence is a red card at once, of the officer's own."""
    deadline = Deadline(event.on, provisional=False)
    named = tuple(
        WarnedRequirement(requirement, event.on, deadline, is_determined=True)
        for requirement in event.requirements
    )
    after = replace(
        state,
        origin="officer",
        state="red",
        named=named,
        published_on=event.on,
        determined_by=(event.by, *event.others),
        was_found_short="short" in event.verdicts.values(),
        last_result="short",
        last_result_on=event.on,
    )
    return after, (Effect("publish-red", event.requirements), Effect("issue-order"))


def push_proved(state: CaseState, event: Event, terms: Terms) -> Result:
    """The first proof of each requirement stays."""
    named = tuple(
        replace(requirement, proved_on=requirement.proved_on or event.proved_on)
        if not event.requirements or requirement.requirement in event.requirements
        else requirement
        for requirement in state.named
    )
    return replace(state, named=named, push_proved_on=state.push_proved_on or event.proved_on), ()


def propose(state: CaseState, event: Event, terms: Terms) -> Result:
    """Waits for a reviewer."""
    from_all = tuple(
        requirement.requirement for requirement in state.named if requirement.recovered_on is None
    )
    proposal = Proposal(event.outcome, event.requirements or from_all, event.by, event.until)
    return replace(state, proposal=proposal), (Effect("open-task", detail="sign"),)


def return_proposal(state: CaseState, event: Event, terms: Terms) -> Result:
    """Back to the officer, with reasons."""
    return replace(state, proposal=None), (Effect("open-task", detail="propose"),)


def sign(state: CaseState, event: Event, terms: Terms) -> Result:
    """The determination takes effect."""
    proposal = state.proposal
    assert proposal is not None  # the table needs it
    after = replace(state, proposal=None)
    if proposal.outcome == "extended":
        return replace(after, extended=proposal.until), (Effect("notify-extended"),)
    if proposal.outcome == "dismissed":
        return closed(after, event, "dismissed")
    if state.is_whole_enterprise:  # red cards of the items named; this case has done its work
        after, effects = closed(after, event, "determined")
        return after, (Effect("open-red", proposal.requirements), *effects)
    named = tuple(
        replace(requirement, is_determined=True)
        if requirement.requirement in proposal.requirements
        else requirement
        for requirement in state.named
    )
    after = replace(
        after,
        state="red",
        named=named,
        published_on=event.on,
        determined_by=(proposal.by, event.by),
    )
    return after, (Effect("publish-red", proposal.requirements), Effect("issue-order"))


def order_served(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red period begins on the later of publication and proved service."""
    assert event.proved_on is not None  # the table needs it
    begins = max(state.published_on or event.proved_on, event.proved_on)
    deadline = terms.red.from_day(begins, terms.calendar)
    return replace(state, order_served_on=event.proved_on, red=deadline), (
        Effect("set-red-period"),
    )


def recheck(state: CaseState, event: Event, terms: Terms) -> Result:
    """An officer has looked: still short, or recovered, which somebody else's review then closes."""
    seen = tuple(dict.fromkeys((*state.determined_by, event.by)))
    state = replace(state, rechecked_on=event.on, determined_by=seen)
    if event.outcome == "recovered":
        return replace(state, needs_review=True), (Effect("open-task", detail="review"),)
    return replace(state, needs_review=False, last_result="none"), ()


def review(state: CaseState, event: Event, terms: Terms) -> Result:
    """Another officer agrees that it has recovered."""
    return closed(state, event, "reviewed")


def apply(state: CaseState, event: Event, terms: Terms) -> Result:
    """Only the first one about a requirement stops a determination or decision."""
    about = event.requirements or state.disputable
    application = Application(is_first=not set(about) <= set(state.disputed), requirements=about)
    disputed = tuple(dict.fromkeys((*state.disputed, *about)))
    return replace(state, application=application, disputed=disputed), (
        Effect("open-task", about, "application"),
    )


def retract(state: CaseState, event: Event, terms: Terms) -> Result:
    """The enterprise takes it back; what it was about stays disputed once."""
    return replace(state, application=None), ()


def opinion(state: CaseState, event: Event, terms: Terms) -> Result:
    """The city agrees in writing and sends it to the province."""
    assert state.application is not None  # the table needs it
    touched = state.application.touched_by | {event.by}
    return replace(
        state, application=replace(state.application, has_opinion=True, touched_by=touched)
    ), (Effect("open-task", detail="decide-application"),)


def refuse(state: CaseState, event: Event, terms: Terms) -> Result:
    """With reasons and remedies."""
    return replace(state, application=None), (Effect("notify-refused"),)


def uphold(state: CaseState, event: Event, terms: Terms) -> Result:
    """Repaired for all. What the application was not about goes on.

    A red card of which another part had been right, and was made good, is cleared: it did happen.
    """
    assert state.application is not None  # the table needs it
    about = state.application.requirements
    was_right = state.state == "red" and any(
        requirement.is_determined
        and requirement.recovered_on is not None
        and requirement.requirement not in about
        for requirement in state.named
    )
    named = tuple(
        replace(requirement, recovered_on=requirement.recovered_on or event.on, is_determined=False)
        if requirement.requirement in about
        else requirement
        for requirement in state.named
    )
    left = tuple(
        requirement.requirement
        for requirement in named
        if _matters(state, requirement) and requirement.recovered_on is None
    )
    if not left:
        return closed(state, event, "recovered" if was_right else "repaired")
    after = replace(state, named=named, application=None, proposal=None)
    amended = state.state == "red" and any(
        requirement.is_determined for requirement in state.named if requirement.requirement in about
    )
    return after, (
        Effect("notify-repaired", about),
        *((Effect("amend-red", left),) if amended else ()),
    )


def annul(state: CaseState, event: Event, terms: Terms) -> Result:
    """The red card is undone, also after it was closed."""
    after, effects = closed(replace(state, state="red"), event, "annulled")
    return after, effects


def end(state: CaseState, event: Event, terms: Terms) -> Result:
    """An officer records what became of the item or the enterprise."""
    return closed(state, event, event.code)


def calendar_loaded(state: CaseState, event: Event, terms: Terms) -> Result:
    """Periods by the newest calendar: they get longer or stay, never shorter. Clocks keep their first policy."""

    def again(old: Deadline | None) -> Deadline | None:
        return old and resettled(old, terms.calendar)

    def longer(old: Deadline, new: Deadline) -> Deadline:
        return new if new.ends_on >= old.ends_on else replace(old, provisional=new.provisional)

    named = tuple(
        requirement
        if requirement.is_determined
        else replace(requirement, deadline=resettled(requirement.deadline, terms.calendar))
        for requirement in state.named
    )
    withdrawal = state.withdrawal
    if withdrawal and withdrawal.statement and withdrawal.notice_served_on:
        counted = terms.statement.from_day(withdrawal.notice_served_on, terms.calendar)
        withdrawal = replace(withdrawal, statement=longer(withdrawal.statement, counted))
    if withdrawal and withdrawal.display and withdrawal.displayed_on:
        counted = terms.display.from_day(
            withdrawal.displayed_on, terms.calendar, first_counted=True
        )
        withdrawal = replace(withdrawal, display=longer(withdrawal.display, counted))
    after = replace(
        state,
        named=named,
        red=again(state.red),
        extended=again(state.extended),
        withdrawal=withdrawal,
    )
    return after, ()
