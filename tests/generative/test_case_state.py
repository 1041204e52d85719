"""Invariants of a case's state over random histories of `step`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from qualwatch.procedure.outcomes import continued
from qualwatch.procedure.state import CLOSED, CaseState
from qualwatch.procedure.transitions import ADVERSE, BY_EVENT, EFFECTS, CannotStep, step
from random_case_histories import AppliedEvent, History, histories, history, terms_on

# a right begins or ends with them
TWO_PERSON_EVENTS = ("inspected", "review", "end", "annul", "annul-withdrawal")
PUBLIC_EFFECTS = ("publish-red", "publish-display", "publish-decision")
SOME, MANY, WIDE = range(2_000), range(100_000), range(5_000)


def check_history(history: History) -> None:
    """Every promise, over one history."""
    proposed_by = ""
    for applied in history.applied:
        before, event, after = applied.before, applied.event, applied.after
        assert after.state in BY_EVENT[event.name].to_states or after.state == before.state
        assert {effect.name for effect in applied.effects} <= EFFECTS
        proposed_by = event.by if event.name == "propose" else proposed_by
        a_red_needs_a_signed_determination_or_evidence(applied, proposed_by)
        no_act_is_single_handed(applied)
        nothing_is_public_before_red(applied)
        no_step_rests_on_doubt(applied)
        a_closed_case_has_one_reason(applied)
        no_period_is_shorter_than_the_law(applied)
        no_clock_is_set_back(before, after, event.name)
        no_running_clock_begins_again(applied)
        no_withdrawal_rests_on_an_unripe_card(applied)
        what_goes_on_keeps_its_clocks(applied)
        a_yellow_card_without_a_warning_is_closed(applied)
        a_withdrawal_is_opened_on_what_was_warned_of(applied)
    if history.applied:
        a_run_again_adds_nothing(history)


def a_red_needs_a_signed_determination_or_evidence(applied: AppliedEvent, proposed_by: str) -> None:
    event = applied.event
    if event.name == "sign":
        assert event.by != proposed_by
    if applied.after.state == "red" != applied.before.state:
        if event.name == "inspected":
            assert event.has_evidence
            assert event.because
            assert applied.after.origin == "officer"
            return
        assert event.name == "sign"
        assert event.by != proposed_by
        assert applied.before.proposal is not None
        assert applied.before.proposal.outcome == "red"
        assert event.is_fresh
        assert applied.before.application is None or not applied.before.application.is_first
    if event.name == "sign":
        for requirement in applied.after.requirements:
            before = applied.before.requirement(requirement.name)
            if requirement.is_determined and before is not None and not before.is_determined:
                assert requirement.falls_short_of_warning(event.possible.get(requirement.name))
                assert event.verdicts[requirement.name] == "short"
                assert requirement.proved_on is not None
                assert requirement.proved_on >= requirement.pushed_on
                assert event.on > requirement.deadline.ends_on
                assert not requirement.deadline.provisional


def no_act_is_single_handed(applied: AppliedEvent) -> None:
    """Clarified 4: where a right begins or ends by hand, one proposes and another signs."""
    event = applied.event
    if event.name in TWO_PERSON_EVENTS:
        assert event.others
        assert event.by not in event.others
        assert "system" not in (event.by, *event.others)
        assert event.has_evidence
        assert event.because.strip()
    if event.name == "sign":
        assert applied.before.proposal is not None
        assert applied.before.proposal.by != event.by


def nothing_is_public_before_red(applied: AppliedEvent) -> None:
    public = any(effect.name in PUBLIC_EFFECTS for effect in applied.effects)
    assert not public or applied.after.published_on is not None
    assert not (applied.after.state in ("none", "yellow") and applied.after.published_on)


def no_step_rests_on_doubt(applied: AppliedEvent) -> None:
    before, event, after = applied.before, applied.event, applied.after
    if event.name == "open-withdrawal":
        assert before.red is not None
        assert before.order_served_on is not None
        assert not before.red.provisional
        assert event.on > before.red.ends_on
        assert event.is_fresh or before.origin == "officer"
    if event.name == "display":
        assert before.withdrawal is not None
        assert before.withdrawal.notice_served_on is not None
        assert before.withdrawal.statement is not None
        assert not before.withdrawal.statement.provisional
        assert event.on > before.withdrawal.statement.ends_on
        assert before.withdrawal.hearing != "asked"
    if event.name in ("decide", "ministry-decided"):
        withdrawal = before.withdrawal
        assert withdrawal is not None
        assert withdrawal.rechecked_on is not None
        if event.name == "decide":
            assert withdrawal.notice_served_on is not None
            assert withdrawal.display is not None
            assert event.on > withdrawal.display.ends_on
            assert withdrawal.unanswered == 0
            assert withdrawal.hearing != "asked"
            assert (
                len(
                    {
                        event.by,
                        withdrawal.reviewed_by,
                        *withdrawal.handled_by,
                        *before.determined_by,
                    }
                    - {""}
                )
                >= 3
            )
            assert event.by not in {
                withdrawal.reviewed_by,
                *withdrawal.handled_by,
                *before.determined_by,
            }
    if event.name == "hold-hearing":
        assert before.withdrawal is not None
        assert before.withdrawal.hearing_notified_on is not None
        assert before.withdrawal.hearing_on is not None
        assert event.on >= before.withdrawal.hearing_on > before.withdrawal.hearing_notified_on
    if event.name in ("notify-intent", "notify-hearing", "announce", "order-served", "push-proved"):
        assert event.proved_on is not None
        assert event.proved_on <= event.on
    if event.name == "assessed" and not event.is_fresh and not event.ended:
        assert (
            replace(after, last_result=before.last_result, last_result_on=before.last_result_on)
            == before
        )
    if event.name == "assessed" and before.is_open and after.state == "closed" and not event.ended:
        relevant = [
            requirement
            for requirement in before.requirements
            if before.state == "yellow" or requirement.is_determined
        ]
        # a raised figure that nobody was determined on leaves the red card
        assert all(
            event.verdicts.get(requirement.name) in ("met", "not-required")
            or (before.state == "red" and is_undetermined(after, requirement.name))
            for requirement in relevant
        )


def is_undetermined(state: CaseState, name: str) -> bool:
    requirement = state.requirement(name)
    return requirement is not None and not requirement.is_determined


def no_running_clock_begins_again(applied: AppliedEvent) -> None:
    """Clarified 2: a requirement that has not recovered keeps its day, or takes that of its raised figure."""
    for requirement in applied.before.requirements:
        later = applied.after.requirement(requirement.name)
        assert later is not None
        if requirement.recovered_on is not None:
            continue
        raised_on = requirement.raised.pushed_on if requirement.raised else None
        assert later.pushed_on in (requirement.pushed_on, raised_on, applied.event.on)
        if later.pushed_on == applied.event.on != requirement.pushed_on != raised_on:
            # warned of a raised figure, and the first one met, on one day
            assert later.required is not None
            assert requirement.required is not None
            assert later.required > requirement.required


def no_withdrawal_rests_on_an_unripe_card(applied: AppliedEvent) -> None:
    """Clarified 1: nothing is announced or displayed where the period runs."""
    after = applied.after
    withdrawal = after.withdrawal
    if withdrawal is None or not withdrawal.is_open or withdrawal.is_decided:
        return
    if applied.event.name in ("display", "notify-intent", "start", "suggest", "report"):
        # the review of an officer's card decides on what has recovered there
        assert after.state != "red" or after.origin == "officer" or after.is_over(applied.event.on)
    if after.state == "red" and applied.event.name in ("assessed", "uphold"):
        is_over = after.is_over(applied.event.on)
        assert is_over or after.origin == "officer" or not applied.event.is_fresh


def a_yellow_card_without_a_warning_is_closed(applied: AppliedEvent) -> None:
    """Clarified 2: where every requirement has had its end nothing stays open for ever."""
    if applied.after.state == "yellow":
        assert applied.after.undetermined


def a_withdrawal_is_opened_on_what_was_warned_of(applied: AppliedEvent) -> None:
    """Clarified 9."""
    if applied.event.name == "open-withdrawal" and applied.before.origin == "system":
        assert any(
            requirement.is_red_over(applied.event.on)
            and requirement.falls_short_of_warning(applied.event.possible.get(requirement.name))
            for requirement in applied.before.requirements
        )


def what_goes_on_keeps_its_clocks(applied: AppliedEvent) -> None:
    """Clarified 2."""
    for effect in applied.effects:
        if effect.name == "continue-warning":
            state = continued(applied.before, applied.after, effect.requirements)
            assert state.state == "yellow"
            assert state.undetermined == effect.requirements
            for requirement in state.requirements:
                assert requirement == applied.after.requirement(requirement.name)


def a_closed_case_has_one_reason(applied: AppliedEvent) -> None:
    assert (applied.after.state == "closed") == bool(applied.after.closed_because)
    assert not applied.after.closed_because or applied.after.closed_because in CLOSED


def no_period_is_shorter_than_the_law(applied: AppliedEvent) -> None:
    after = applied.after
    terms = terms_on(applied.event.on)
    for requirement in after.requirements:
        if after.origin == "system":  # what an officer found has no period before it
            assert (
                requirement.deadline.ends_on
                >= terms.yellow.from_day(requirement.pushed_on, terms.calendar).ends_on
            )
        if requirement.red is not None:
            assert requirement.order_served_on is not None
            assert requirement.determined_on is not None
            begins = max(requirement.order_served_on, requirement.determined_on)
            assert requirement.red.ends_on >= terms.red.from_day(begins, terms.calendar).ends_on


def no_clock_is_set_back(before: CaseState, after: CaseState, event: str) -> None:
    for requirement in before.requirements:
        later = after.requirement(requirement.name)
        assert later is not None
        assert later.pushed_on >= requirement.pushed_on
        assert later.deadline.ends_on >= requirement.deadline.ends_on
        if requirement.red and later.red:
            assert later.red.ends_on >= requirement.red.ends_on


def a_run_again_adds_nothing(history: History) -> None:
    """The same run again on the same day, and after an outage of a month, puts nobody in a worse place."""
    last = history.applied[-1]
    state = last.after
    for late in (timedelta(0), timedelta(days=31)):
        event = replace(last.event, name="assessed", by="system", on=last.event.on + late, ended="")
        try:
            first, _effects = step(state, event, terms_on(event.on))
        except CannotStep:
            continue
        if state.state != "none":
            assert first.state in (state.state, "closed")
        if first.state == "closed" or first.state == "none":
            continue
        second, effects = step(first, event, terms_on(event.on))
        assert second == first
        assert effects == ()


@pytest.mark.parametrize("part", range(4))
def test_no_random_history_breaks_an_invariant(part: int) -> None:
    for case_history in histories(SOME[part::4]):
        check_history(case_history)


@pytest.mark.full
@pytest.mark.parametrize("part", range(20))
def test_no_random_history_of_a_hundred_thousand_breaks_an_invariant(part: int) -> None:
    for case_history in histories(MANY[part::20]):
        check_history(case_history)


REFUSALS = {
    "ripe",
    "still-ripe",
    "undetermined",
    "other-person",
    "two-persons",
    "red-over",
    "short-now",
    "register-effect",
    "statement-over",
    "hearing-concluded",
    "display-over-if-displayed",
    "different-decider",
}
CLOSINGS = {"recovered", "dismissed", "withdrawn", "annulled", "repaired", "reviewed"}


def test_the_random_histories_reach_every_state_and_event() -> None:
    """A promise that no history comes near is not tested: every event, refusal and effect is reached."""
    missing = {*BY_EVENT, *REFUSALS, *CLOSINGS, *EFFECTS}
    steady = (history(seed, 90, is_steady=True) for seed in range(3_000))
    for some in zip(histories(WIDE), steady, strict=False):
        for case_history in some:
            missing -= {applied.event.name for applied in case_history.applied}
            missing -= {*case_history.refusals, case_history.state.closed_because}
            for applied in case_history.applied:
                missing -= {effect.name for effect in applied.effects}
        if not missing:
            return
    assert missing == set()


def test_adverse_events_are_derived_from_the_table() -> None:
    assert sorted(ADVERSE) == [
        "assessed",
        "decide",
        "display",
        "inspected",
        "ministry-decided",
        "sign",
    ]


def test_every_act_by_which_a_right_begins_or_ends_needs_two_persons() -> None:
    """Clarified 4; derived from the table, so that a new row cannot forget it."""
    by_hand = {
        transition.event
        for transition in BY_EVENT.values()
        if "two-persons" in transition.preconditions
    }
    assert by_hand == set(TWO_PERSON_EVENTS)


def test_a_random_history_is_reproducible() -> None:
    assert history(7).applied == history(7).applied
