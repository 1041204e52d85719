"""What can never happen to a case, whatever happens: looked for in random histories through `step`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from qualwatch.procedure.state import CLOSED, CaseState
from qualwatch.procedure.transitions import ADVERSE, BY_EVENT, EFFECTS, CannotStep, step
from random_case_histories import History, Step, histories, history, terms_on

TOLD_PUBLICLY = ("publish-red", "publish-display", "publish-decision")
SOME, MANY, WIDE = range(2_000), range(100_000), range(6_000)


def looked_at(history: History) -> None:
    """Every promise, over one history."""
    proposed_by = ""
    for taken in history.taken:
        before, event, after = taken.before, taken.event, taken.after
        assert after.state in BY_EVENT[event.name].leads_to or after.state == before.state
        assert {effect.name for effect in taken.effects} <= EFFECTS
        proposed_by = event.by if event.name == "propose" else proposed_by
        a_red_needs_a_signed_determination_or_evidence(taken, proposed_by)
        nothing_is_public_before_red(taken)
        no_step_rests_on_doubt(taken)
        a_closed_case_has_one_reason(taken)
        no_period_is_shorter_than_the_law(taken)
        no_clock_is_set_back(before, after, event.name)
    if history.taken:
        a_run_again_adds_nothing(history)


def a_red_needs_a_signed_determination_or_evidence(taken: Step, proposed_by: str) -> None:
    if taken.after.state == "red" != taken.before.state:
        event = taken.event
        if event.name == "inspected":
            assert event.has_evidence
            assert event.because
            assert taken.after.origin == "officer"
            return
        assert event.name == "sign"
        assert event.by != proposed_by
        assert taken.before.proposal is not None
        assert taken.before.proposal.outcome == "red"
        assert event.is_fresh
        for named in taken.after.named:
            if named.is_determined:
                assert event.verdicts[named.requirement] == "short"
                assert named.proved_on is not None
                assert named.proved_on >= named.pushed_on
                assert event.on > named.deadline.ends_on
                assert not named.deadline.provisional
        assert taken.before.application is None or not taken.before.application.is_first


def nothing_is_public_before_red(taken: Step) -> None:
    public = any(effect.name in TOLD_PUBLICLY for effect in taken.effects)
    assert not public or taken.after.published_on is not None
    assert not (taken.after.state in ("none", "yellow") and taken.after.published_on)


def no_step_rests_on_doubt(taken: Step) -> None:
    before, event, after = taken.before, taken.event, taken.after
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
    if event.name == "found" and not event.is_fresh and not event.ended:
        assert (
            replace(after, last_result=before.last_result, last_result_on=before.last_result_on)
            == before
        )
    if event.name == "found" and before.is_open and after.state == "closed" and not event.ended:
        matter = [
            named for named in before.named if before.state == "yellow" or named.is_determined
        ]
        assert all(
            event.verdicts.get(named.requirement) in ("met", "not-required") for named in matter
        )


def a_closed_case_has_one_reason(taken: Step) -> None:
    assert (taken.after.state == "closed") == bool(taken.after.closed_because)
    assert not taken.after.closed_because or taken.after.closed_because in CLOSED


def no_period_is_shorter_than_the_law(taken: Step) -> None:
    after = taken.after
    terms = terms_on(taken.event.on)
    for named in after.named:
        if after.origin == "system":  # what an officer found has no period before it
            assert (
                named.deadline.ends_on
                >= terms.yellow.from_day(named.pushed_on, terms.calendar).ends_on
            )
    if after.red:
        assert after.order_served_on is not None
        assert after.published_on is not None
        assert after.order_served_on >= after.published_on
        begins = max(after.order_served_on, after.published_on)
        assert after.red.ends_on >= terms.red.from_day(begins, terms.calendar).ends_on


def no_clock_is_set_back(before: CaseState, after: CaseState, event: str) -> None:
    for named in before.named:
        later = after.of(named.requirement)
        assert later is not None
        assert later.pushed_on >= named.pushed_on
        assert later.deadline.ends_on >= named.deadline.ends_on
    if before.red and after.red:
        assert after.red.ends_on >= before.red.ends_on


def a_run_again_adds_nothing(history: History) -> None:
    """The same run again on the same day, and after an outage of a month, puts nobody in a worse place."""
    last = history.taken[-1]
    state = last.after
    for late in (timedelta(0), timedelta(days=31)):
        event = replace(last.event, name="found", by="system", on=last.event.on + late, ended="")
        try:
            first, _effects = step(state, event, terms_on(event.on))
        except CannotStep:
            continue
        if state.state != "none":
            assert first.state in (state.state, "closed")
        if first.state == "closed" or first.state == "none":
            continue
        twice, effects = step(first, event, terms_on(event.on))
        assert twice == first
        assert effects == ()


@pytest.mark.parametrize("part", range(4))
def test_no_random_history_breaks_an_invariant(part: int) -> None:
    for case_history in histories(SOME[part::4]):
        looked_at(case_history)


@pytest.mark.full
@pytest.mark.parametrize("part", range(20))
def test_no_random_history_of_a_hundred_thousand_breaks_an_invariant(part: int) -> None:
    for case_history in histories(MANY[part::20]):
        looked_at(case_history)


def test_the_random_histories_reach_every_state_and_event() -> None:
    """A promise that no history comes near is not tested: every event happens, every need refuses something."""
    events: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    effects: Counter[str] = Counter()
    for case_history in histories(WIDE):
        events.update(taken.event.name for taken in case_history.taken)
        refused.update(case_history.refused)
        closed[case_history.state.closed_because] += 1
        effects.update(effect.name for taken in case_history.taken for effect in taken.effects)
    assert set(BY_EVENT) == set(events)
    assert {
        "ripe",
        "still-ripe",
        "other-person",
        "red-over",
        "short-now",
        "leaves-something",
        "statement-over",
        "hearing-concluded",
        "display-over-if-displayed",
        "different-decider",
    } <= set(refused)
    assert {"recovered", "dismissed", "withdrawn", "annulled", "repaired", "reviewed"} <= set(
        closed
    )
    assert set(effects) == set(EFFECTS)


def test_adverse_events_are_derived_from_the_table() -> None:
    assert sorted(ADVERSE) == [
        "decide",
        "display",
        "found",
        "inspected",
        "ministry-decided",
        "sign",
    ]


def test_a_random_history_is_reproducible() -> None:
    assert history(7).taken == history(7).taken
