"""The course of a case where requirements go their own ways ("Clarified" 1, 2, 5, 9 of the design)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from qualwatch.procedure.outcomes import continued
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import CaseState, Effect, Event
from qualwatch.procedure.transitions import CannotStep, step
from random_case_histories import terms_on

DAY = date(2024, 1, 10)
LATER = date(2024, 2, 1)  # the second requirement falls short
FIRST_OVER = date(2024, 3, 12)
SECOND_OVER = date(2024, 4, 2)
PEOPLE = "constructors"
TRADE = "trade"


def act(
    state: CaseState, name: str, on: date, by: str = "li", **values: Any
) -> tuple[CaseState, tuple[Effect, ...]]:
    """One event, with reasons and evidence unless given otherwise."""
    is_system = name in ("assessed", "calendar-loaded")
    event = Event(
        name,
        on,
        **{
            "by": "system" if is_system else by,
            "because": "理由",
            "has_evidence": True,
            "proved_on": on,
            "run_day": on,
            **values,
        },
    )
    return step(state, event, terms_on(on))


def run(state: CaseState, on: date, people: str, trade: str, **values: Any) -> CaseState:
    """The state after a run with these verdicts."""
    return act(state, "assessed", on, verdicts={PEOPLE: people, TRADE: trade}, **values)[0]


def determine(
    state: CaseState, on: date, *names: str, verdicts: dict[str, str] | None = None, **values: Any
) -> CaseState:
    """Proposed by li and signed by wang."""
    run_verdicts = verdicts or {PEOPLE: "short", TRADE: "short"}
    proposed, _effects = act(
        state, "propose", on, outcome="red", requirements=names, verdicts=run_verdicts, **values
    )
    return act(proposed, "sign", on, by="wang", verdicts=run_verdicts, **values)[0]


def two_courses() -> CaseState:
    """Yellow: people short from the first day, the trade from a later one; both proved."""
    state = run(CaseState(), DAY, "short", "met")
    state = run(state, LATER, "short", "short")
    return act(state, "push-proved", LATER)[0]


def red_for_people() -> CaseState:
    """Red for the people while the trade's own period runs; the order is served."""
    state = determine(two_courses(), FIRST_OVER, PEOPLE)
    return act(state, "order-served", FIRST_OVER)[0]


def names_of(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.name for effect in effects]


def test_each_requirement_has_its_own_clock() -> None:
    """Clarified 2."""
    state = two_courses()
    assert [warned.pushed_on for warned in state.requirements] == [DAY, LATER]
    assert [warned.deadline.ends_on for warned in state.requirements] == [
        date(2024, 3, 11),
        date(2024, 4, 1),
    ]
    with pytest.raises(CannotStep) as refusal:
        determine(state, FIRST_OVER, PEOPLE, TRADE)
    assert refusal.value.slug == "ripe"


def test_a_red_card_can_be_extended_to_another_requirement_whose_period_is_over() -> None:
    """Clarified 2: proposed and signed on the open red card, with an order and a period of its own."""
    state = red_for_people()
    first_red = state.red
    state = run(state, SECOND_OVER, "short", "short")
    proposed, _effects = act(
        state,
        "propose",
        SECOND_OVER,
        outcome="red",
        requirements=(TRADE,),
        verdicts={PEOPLE: "short", TRADE: "short"},
    )
    signed, effects = act(
        proposed, "sign", SECOND_OVER, by="wang", verdicts={PEOPLE: "short", TRADE: "short"}
    )
    assert effects == (Effect("add-to-red", (TRADE,)), Effect("issue-order", (TRADE,)))
    assert signed.state == "red"
    trade = signed.requirement(TRADE)
    assert trade is not None
    assert (trade.determined_on, trade.red) == (SECOND_OVER, None)
    assert signed.red == first_red
    served, _effects = act(signed, "order-served", SECOND_OVER, requirements=(TRADE,))
    trade = served.requirement(TRADE)
    assert trade is not None
    assert trade.red == terms_on(SECOND_OVER).red.from_day(
        SECOND_OVER, terms_on(SECOND_OVER).calendar
    )
    assert served.red == first_red


def test_a_determined_requirement_is_not_determined_twice() -> None:
    with pytest.raises(CannotStep) as refusal:
        determine(red_for_people(), SECOND_OVER, PEOPLE)
    assert refusal.value.slug == "undetermined"


def test_recovery_of_the_determined_requirement_closes_only_that_one() -> None:
    """Clarified 2: the other goes on as a yellow card, its clock and proof as they are."""
    before = red_for_people()
    on = FIRST_OVER + timedelta(days=9)
    after, effects = act(before, "assessed", on, verdicts={PEOPLE: "met", TRADE: "short"})
    assert (after.state, after.closed_because) == ("closed", "recovered")
    assert Effect("continue-warning", (TRADE,), "recovered") in effects
    going_on = continued(before, after, (TRADE,))
    assert going_on.state == "yellow"
    assert going_on.requirements == tuple(
        warned for warned in before.requirements if warned.name == TRADE
    )
    assert going_on.push_proved_on == LATER
    state = determine(going_on, SECOND_OVER, TRADE, verdicts={PEOPLE: "met", TRADE: "short"})
    assert state.state == "red"


@pytest.mark.parametrize("name", ["annul", "uphold"])
def test_what_a_red_card_also_warned_of_goes_on_when_it_is_undone(name: str) -> None:
    """Clarified 2, for annulments and repairs."""
    state = red_for_people()
    if name == "uphold":
        state, _effects = act(state, "apply", FIRST_OVER, requirements=(PEOPLE,))
    values = {"route": "province", "register_effect": "correction"}
    after, effects = act(state, name, FIRST_OVER, by="zhao", others=("qian",), **values)
    assert after.state == "closed"
    assert "continue-warning" in names_of(effects)


def test_an_annulment_after_the_closing_continues_nothing_again() -> None:
    state = red_for_people()
    closed = run(state, FIRST_OVER, "met", "short")
    _after, effects = act(closed, "annul", SECOND_OVER, by="zhao", others=("qian",))
    assert "continue-warning" not in names_of(effects)


def test_an_ending_of_the_item_continues_nothing() -> None:
    _after, effects = act(
        red_for_people(), "assessed", FIRST_OVER, verdicts={}, ended="surrendered"
    )
    assert "continue-warning" not in names_of(effects)


def red_for_both() -> CaseState:
    """Both red and served, the trade's order later than the people's."""
    state = determine(two_courses(), SECOND_OVER, PEOPLE, TRADE)
    state, _effects = act(state, "order-served", SECOND_OVER, requirements=(PEOPLE,))
    return act(state, "order-served", SECOND_OVER + timedelta(days=20), requirements=(TRADE,))[0]


def test_a_red_requirement_that_recovers_leaves_the_public_card_and_starts_anew_if_short() -> None:
    """Clarified 2: the red of one requirement ends with it; the other stays red."""
    on = SECOND_OVER + timedelta(days=25)
    after, effects = act(red_for_both(), "assessed", on, verdicts={PEOPLE: "met", TRADE: "short"})
    assert after.state == "red"
    assert Effect("amend-red", (TRADE,)) in effects
    again, effects = act(
        after,
        "assessed",
        on + timedelta(days=1),
        verdicts={PEOPLE: "short", TRADE: "short"},
    )
    people = again.requirement(PEOPLE)
    assert people is not None
    assert (people.is_determined, people.pushed_on) == (False, on + timedelta(days=1))
    assert Effect("push-addition", (PEOPLE,)) in effects


def test_a_withdrawal_ends_with_the_requirement_that_it_rests_on() -> None:
    """Clarified 1: what is left is red, but its period still runs."""
    state = red_for_both()
    assert state.red is not None
    over = state.red.ends_on + timedelta(days=1)
    state = run(state, over, "short", "short")
    state, _effects = act(
        state, "open-withdrawal", over, verdicts={PEOPLE: "short", TRADE: "short"}
    )
    after, effects = act(state, "assessed", over, verdicts={PEOPLE: "met", TRADE: "short"})
    assert after.state == "red"
    assert after.withdrawal is not None
    assert after.withdrawal.ended == "recalled"
    assert Effect("end-withdrawal", detail="recalled") in effects


@pytest.mark.parametrize(
    ("other_red", "ended"), [("", "rectified"), ("open", "recalled"), ("ripe", "handed-over")]
)
def test_a_withdrawal_is_handed_over_to_a_ripe_red_card_only(other_red: str, ended: str) -> None:
    """Clarified 1: else it is recalled by letter and waits."""
    state = determine(two_courses(), SECOND_OVER, PEOPLE, TRADE)
    state, _effects = act(state, "order-served", SECOND_OVER)
    assert state.red is not None
    over = state.red.ends_on + timedelta(days=1)
    verdicts = {PEOPLE: "short", TRADE: "short"}
    state, _effects = act(state, "open-withdrawal", over, verdicts=verdicts)
    after, effects = act(
        state,
        "assessed",
        over,
        verdicts={PEOPLE: "met", TRADE: "met"},
        other_red=other_red,
    )
    assert after.state == "closed"
    assert Effect("end-withdrawal", detail=ended) in effects


def test_a_dismissal_ends_the_named_requirements_only() -> None:
    """Clarified 2 and 5."""
    state = two_courses()
    verdicts = {PEOPLE: "short", TRADE: "short"}
    values: dict[str, Any] = {"register_effect": "correction", "verdicts": verdicts}
    state, _effects = act(
        state, "propose", FIRST_OVER, outcome="dismissed", requirements=(PEOPLE,), **values
    )
    state, effects = act(state, "sign", FIRST_OVER, by="wang", **values)
    assert (state.state, state.undetermined) == ("yellow", (TRADE,))
    assert names_of(effects) == ["notify-dismissed"]
    state, _effects = act(
        state, "propose", FIRST_OVER, outcome="dismissed", requirements=(TRADE,), **values
    )
    state, _effects = act(state, "sign", FIRST_OVER, by="wang", **values)
    assert state.closed_because == "dismissed"


def counted(state: CaseState, on: date, required: int, held: int) -> tuple[CaseState, list[str]]:
    """After a run that counts people for one requirement."""
    verdict = "short" if held < required else "met"
    after, effects = act(
        state,
        "assessed",
        on,
        verdicts={PEOPLE: verdict},
        required={PEOPLE: required},
        possible={PEOPLE: held},
    )
    return after, names_of(effects)


def proved(state: CaseState, on: date) -> CaseState:
    return act(state, "push-proved", on)[0]


def warned_of(state: CaseState) -> Any:
    warned = state.requirement(PEOPLE)
    assert warned is not None
    return warned


def test_an_upgrade_that_raises_a_figure_has_its_own_start() -> None:
    """Clarified 9: the enterprise is warned of the higher figure, with a period from that day."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state, names = counted(proved(state, DAY), LATER, required=5, held=1)
    assert names == ["push-addition"]
    warned = warned_of(state)
    assert (warned.pushed_on, warned.required, warned.deadline.ends_on) == (
        DAY,
        2,
        date(2024, 3, 11),
    )
    assert (warned.raised.required, warned.raised.pushed_on, warned.raised.deadline.ends_on) == (
        5,
        LATER,
        date(2024, 4, 1),
    )
    again, effects = counted(state, LATER + timedelta(days=1), required=5, held=1)
    assert (again, effects) == (state, [])


def test_it_is_determined_on_what_it_was_warned_of() -> None:
    """Clarified 9: held enough for the first figure, not for the raised one: nothing is ripe."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state = proved(state, DAY)
    state, _names = counted(state, LATER, required=5, held=1)
    values: dict[str, Any] = {
        "verdicts": {PEOPLE: "short"},
        "required": {PEOPLE: 5},
        "outcome": "red",
        "requirements": (PEOPLE,),
    }
    with pytest.raises(CannotStep):
        act(state, "propose", FIRST_OVER, possible={PEOPLE: 3}, **values)
    proposed, _effects = act(state, "propose", FIRST_OVER, possible={PEOPLE: 1}, **values)
    signed, _effects = act(
        proposed,
        "sign",
        FIRST_OVER,
        by="wang",
        verdicts={PEOPLE: "short"},
        required={PEOPLE: 5},
        possible={PEOPLE: 1},
    )
    assert (signed.state, warned_of(signed).required) == ("red", 2)


def test_the_raised_figure_takes_over_with_its_own_clock_once_the_first_is_met() -> None:
    """Clarified 9 and 2."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state, _names = counted(state, LATER, required=5, held=1)
    state = proved(state, LATER)
    state, effects = counted(state, LATER + timedelta(days=5), required=5, held=3)
    warned = warned_of(state)
    assert effects == []
    assert (warned.required, warned.pushed_on, warned.proved_on, warned.raised) == (
        5,
        LATER,
        LATER,
        None,
    )
    assert warned.deadline.ends_on == date(2024, 4, 1)


def test_a_proof_of_the_first_warning_does_not_prove_the_raised_one() -> None:
    """Clarified 9: a letter of the first day, served after the upgrade."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state, _names = counted(state, LATER, required=5, held=1)
    state, _effects = act(
        state,
        "push-proved",
        LATER + timedelta(days=2),
        requirements=(PEOPLE,),
        warned_on={PEOPLE: DAY},
    )
    warned = warned_of(state)
    assert warned.proved_on == LATER + timedelta(days=2)
    assert warned.raised.proved_on is None


def test_a_red_card_whose_first_figure_is_met_closes_and_the_raised_one_goes_on() -> None:
    """Clarified 9 and 2: determined on two, later five are required: three people are enough for the red."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state = proved(state, DAY)
    before = determine(state, FIRST_OVER, PEOPLE, verdicts={PEOPLE: "short"}, possible={PEOPLE: 1})
    before, _names = counted(before, FIRST_OVER + timedelta(days=2), required=5, held=1)
    after, effects = counted(before, FIRST_OVER + timedelta(days=9), required=5, held=3)
    assert (after.state, after.closed_because) == ("closed", "recovered")
    assert "continue-warning" in effects
    going_on = continued(before, after, (PEOPLE,))
    warned = warned_of(going_on)
    assert (warned.required, warned.pushed_on) == (5, FIRST_OVER + timedelta(days=2))


def test_a_running_clock_of_a_raised_figure_follows_the_calendar() -> None:
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state, _names = counted(state, LATER, required=5, held=1)
    warned = warned_of(state)
    provisional = replace(warned.raised, deadline=Deadline(warned.raised.deadline.ends_on, True))
    state = replace(state, requirements=(replace(warned, raised=provisional),))
    state, _effects = act(state, "calendar-loaded", LATER)
    assert not warned_of(state).raised.deadline.provisional


def test_an_upheld_application_recalls_a_withdrawal_that_rested_on_it() -> None:
    """Clarified 1: what is left is red, but its period runs: nothing may be displayed."""
    state = red_for_both()
    assert state.red is not None
    over = state.red.ends_on + timedelta(days=1)
    verdicts = {PEOPLE: "short", TRADE: "short"}
    state = run(state, over, "short", "short")
    state, _effects = act(state, "open-withdrawal", over, verdicts=verdicts, route="province")
    state, _effects = act(state, "apply", over, requirements=(PEOPLE,))
    after, effects = act(
        state, "uphold", over, by="zhao", route="province", register_effect="correction"
    )
    assert after.withdrawal is not None
    assert after.withdrawal.ended == "recalled"
    assert Effect("end-withdrawal", detail="recalled") in effects


def test_no_stage_of_a_withdrawal_is_reached_on_a_card_that_is_not_ripe() -> None:
    """Clarified 1, whatever the runs say meanwhile."""
    state = red_for_both()
    assert state.red is not None
    over = state.red.ends_on + timedelta(days=1)
    verdicts = {PEOPLE: "short", TRADE: "short"}
    state, _effects = act(state, "open-withdrawal", over, verdicts=verdicts, route="province")
    unripe = replace(
        state,
        requirements=tuple(
            replace(warned, recovered_on=over) if warned.name == PEOPLE else warned
            for warned in state.requirements
        ),
    )
    with pytest.raises(CannotStep) as refusal:
        act(unripe, "start", over)
    assert refusal.value.slug == "rests-on-ripe"


def test_a_withdrawal_rests_on_the_figure_that_was_determined() -> None:
    """Clarified 9: red for two; five are required since, and three are there."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    state = proved(state, DAY)
    state = determine(state, FIRST_OVER, PEOPLE, verdicts={PEOPLE: "short"}, possible={PEOPLE: 1})
    state, _effects = act(state, "order-served", FIRST_OVER)
    assert state.red is not None
    over = state.red.ends_on + timedelta(days=1)
    values: dict[str, Any] = {"verdicts": {PEOPLE: "short"}, "required": {PEOPLE: 5}}
    with pytest.raises(CannotStep) as refusal:
        act(state, "open-withdrawal", over, possible={PEOPLE: 3}, **values)
    assert refusal.value.slug == "short-now"
    act(state, "open-withdrawal", over, possible={PEOPLE: 1}, **values)


def test_a_case_closes_where_one_requirement_was_dismissed_and_the_other_recovers() -> None:
    """Clarified 2 and 5: what was dismissed with an accepted finding is `advise` from then on."""
    verdicts = {PEOPLE: "short", TRADE: "short"}
    values: dict[str, Any] = {"register_effect": "accepted-finding", "verdicts": verdicts}
    state, _effects = act(
        two_courses(),
        "propose",
        FIRST_OVER,
        outcome="dismissed",
        requirements=(PEOPLE,),
        **values,
    )
    state, _effects = act(state, "sign", FIRST_OVER, by="wang", **values)
    state = run(state, FIRST_OVER + timedelta(days=1), "advise", "met")
    assert (state.state, state.closed_because) == ("closed", "recovered")


def test_a_patrol_that_is_set_aside_leaves_older_clocks() -> None:
    """Clarified 14: only the warnings of that day are undone."""
    state, _names = counted(CaseState(), DAY, required=2, held=1)
    wrong, _names = counted(state, LATER, required=5, held=1)
    after, effects = act(
        wrong,
        "set-aside",
        LATER,
        by="system",
        requirements=(PEOPLE,),
        warned_on={PEOPLE: LATER},
    )
    assert after.requirements == state.requirements
    assert names_of(effects) == ["notify-set-aside"]


def test_a_period_that_is_over_is_not_made_to_run_again() -> None:
    """Clarified 7: a changed calendar moves open deadlines."""
    state = red_for_people()
    warned = state.requirement(PEOPLE)
    assert warned is not None
    assert warned.red is not None
    over = warned.red.ends_on + timedelta(days=1)
    rest_day = replace(warned.red, ends_on=date(2024, 4, 13))  # a Saturday
    state = replace(
        state,
        requirements=tuple(
            replace(row, red=rest_day) if row.name == PEOPLE else row for row in state.requirements
        ),
    )
    after, _effects = act(state, "calendar-loaded", over + timedelta(days=9))
    assert after.requirement(PEOPLE) == state.requirement(PEOPLE)
