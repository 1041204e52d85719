"""The forecast is exact: it names the day that evaluating every day would name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import facts_of, law
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import FindingKey
from qualwatch.evaluation.forecast import PolicyOn, forecast
from qualwatch.evaluation.reference import judge
from qualwatch.law.policy import Policy
from random_provinces import RandomProvince

DAYS = 180
AS_OF = date(2026, 5, 20)


def every_day(
    facts: Facts, policy_on: PolicyOn, credit_code: str, as_of: date, days: int
) -> dict[FindingKey, date]:
    """The first day on which each requirement is short, found by judging every single day."""
    first_days: dict[FindingKey, date] = {}
    for ahead in range(days + 1):
        day = as_of + timedelta(days=ahead)
        result = judge(law(), policy_on(day), facts, credit_code, day, as_of)
        for finding in result.findings:
            if finding.verdict == "short":
                first_days.setdefault(finding.key, day)
    return {key: day for key, day in first_days.items() if day > as_of}


def agree(seed: int, days: int) -> int:
    province = RandomProvince(seed)
    facts, changed = province.facts(), province.policy()

    def policy_on(day: date) -> Policy:
        values = law().policy_on(day)
        return replace(values, values={**values.values, **changed})

    turned = 0
    for code in province.codes[:2]:
        coming = forecast(law(), policy_on, facts, code, province.day, days)
        assert {shortfall.finding.key: shortfall.on for shortfall in coming} == every_day(
            facts, policy_on, code, province.day, days
        )
        turned += len(coming)
    return turned


@given(st.integers(0, 10**9), st.integers(1, 40))
@settings(max_examples=25)
def test_the_forecast_equals_judging_every_day(seed: int, days: int) -> None:
    agree(seed, days)


@pytest.mark.full
def test_the_forecast_over_half_a_year_of_many_provinces() -> None:
    assert sum(agree(seed, DAYS) for seed in range(60)) >= 2


def test_some_provinces_have_coming_shortfalls() -> None:
    assert [agree(seed, 40) for seed in (14, 42)] == [1, 1]


near = st.integers(-5, DAYS + 5).map(lambda ahead: AS_OF + timedelta(days=ahead))
variations = st.fixed_dictionaries(
    {},
    optional={
        "valid_to": near,
        "valid_from": near,
        "born": near.map(lambda day: day.replace(year=day.year - 61, day=min(day.day, 28))),
        "state": st.just("deregistered"),
        "state_from": near,
        "locked": st.tuples(near, near).map(sorted).map(tuple),
        "elsewhere": st.fixed_dictionaries({"valid_from": near}),
    },
)


@given(st.lists(variations, min_size=2, max_size=3))
@settings(max_examples=25)
def test_a_firm_near_its_figure(variations_of_people: list[dict[str, object]]) -> None:
    constructor = {"profession": "constructor", "grade": "grade-2", "speciality": "building"}
    facts = firm(
        [
            {**constructor, "n": 1},
            *(
                {**constructor, **variations_of_person}
                for variations_of_person in variations_of_people
            ),
        ]
    )
    code = facts.credit_codes[0]
    coming = forecast(law(), law().policy_on, facts, code, AS_OF, DAYS)
    assert {shortfall.finding.key: shortfall.on for shortfall in coming} == every_day(
        facts, law().policy_on, code, AS_OF, DAYS
    )


# Everybody's insurance is known
COVERED = [{"source": "contributions", "loaded_at": date(2026, 5, 20)}]


def firm(people: list[dict[str, object]]) -> Facts:
    item = {
        "category": "specialist-decoration",
        "sub_item": "",
        "grade": "grade-2",
        "route": "direct",
    }
    return facts_of({"as_of": AS_OF, "items": [item], "people": people, "coverage": COVERED})


def a_firm(**person: object) -> Facts:
    constructor = {"profession": "constructor", "grade": "grade-2", "speciality": "building"}
    return firm([{**constructor, "n": 2}, {**constructor, **person}])


@pytest.mark.parametrize(
    ("person", "on", "because"),
    [
        ({"valid_to": date(2026, 7, 31)}, date(2026, 8, 1), "registration-expired"),
        (
            {"state": "deregistered", "state_from": date(2026, 6, 1)},
            date(2026, 6, 1),
            "registration-not-in-force",
        ),
        ({"born": date(1965, 8, 9)}, date(2026, 8, 9), "over-age"),
        (
            # begins after the judged months: while it is in force it settles them all the same
            {
                "exempt": {
                    "reason": "retired",
                    "valid_from": date(2026, 5, 1),
                    "valid_to": date(2026, 9, 30),
                },
                "paid": "none",
            },
            date(2026, 10, 1),
            "unpaid",
        ),
    ],
)
def test_the_day_and_the_person(person: dict[str, object], on: date, because: str) -> None:
    facts = a_firm(**person)
    code = facts.credit_codes[0]
    (coming,) = forecast(law(), law().policy_on, facts, code, AS_OF, DAYS)
    assert coming.on == on
    (line,) = coming.leaving
    assert because in line.because


def test_a_lock_that_ends_is_no_coming_shortfall() -> None:
    facts = a_firm(locked=(date(2026, 5, 1), date(2026, 6, 30)))
    assert forecast(law(), law().policy_on, facts, facts.credit_codes[0], AS_OF, DAYS) == []


def test_the_forecast_assumes_insurance_as_last_known() -> None:
    """Nobody's months are paid in the future; that alone makes nobody short."""
    facts = a_firm()
    assert forecast(law(), law().policy_on, facts, facts.credit_codes[0], AS_OF, DAYS) == []
