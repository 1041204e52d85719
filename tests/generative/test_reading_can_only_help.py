"""An unreadable row never leaves an enterprise worse off than the row read in its favour."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import OWN, facts_of, law, policy
from qualwatch.evaluation.reference import judge

DAY = date(2026, 5, 20)
ITEMS = st.sampled_from(
    [
        {"category": "specialist-decoration", "grade": "grade-2"},
        {"category": "general-mining", "grade": "grade-2", "route": "direct"},
        {"category": "general-building", "grade": "grade-1"},
        {"category": "specialist-electronics", "grade": "grade-2"},
        {"category": "supervision-building", "grade": "grade-b"},
    ]
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.integers(1, 5),
            "profession": st.sampled_from(
                ["constructor", "constructor", "supervising-engineer", "cost-engineer"]
            ),
            "grade": st.sampled_from(["grade-1", "grade-2", None]),
            "speciality": st.sampled_from(
                [
                    "building",
                    "mining",
                    "mechanical-electrical",
                    ["mining", "mechanical-electrical"],
                    None,
                ]
            ),
            "paid": st.sampled_from(["own", "own", "own", "other", "several", "none"]),
            "born": st.sampled_from([date(1985, 6, 15), date(1966, 1, 1), date(1960, 1, 1), None]),
            "number": st.sampled_from(["N1", "N2", None]),
        }
    ),
    max_size=6,
)


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    result = judge(law(), policy(DAY), facts_of(case), OWN, DAY)
    return {finding.requirement: finding for finding in result.findings}


@given(ITEMS, PEOPLE, st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_held_never_exceeds_possible_and_verdicts_follow_the_numbers(
    item: dict[str, Any], people: list[dict[str, Any]], unparsed: int
) -> None:
    rows = [{"table": "registrations"}] * unparsed
    for finding in outcome(
        {"as_of": DAY, "items": [item], "people": people, "unparsed": rows}
    ).values():
        if finding.required is None:
            continue
        assert 0 <= finding.held <= finding.possible
        assert finding.shortfall == max(0, finding.required - finding.held)
        assert (finding.verdict == "short") <= (finding.possible < finding.required)
        assert (finding.verdict == "met") <= (
            finding.held >= finding.required or finding.requirement == "supervision-and-cost"
        )


@given(ITEMS, PEOPLE, st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_an_unparsed_row_never_turns_a_finding_short(
    item: dict[str, Any], people: list[dict[str, Any]], unparsed: int
) -> None:
    case = {"as_of": DAY, "items": [item], "people": people}
    before = outcome(case)
    for table in ("registrations", "contributions", "exemptions"):
        after = outcome(case | {"unparsed": [{"table": table}] * unparsed})
        for requirement, finding in after.items():
            assert finding.verdict != "short" or before[requirement].verdict == "short"
            assert finding.held == before[requirement].held
            assert finding.possible is None or finding.possible >= before[requirement].possible


@given(ITEMS, PEOPLE)
@settings(max_examples=100, deadline=None)
def test_one_more_person_in_order_never_harms(
    item: dict[str, Any], people: list[dict[str, Any]]
) -> None:
    before = outcome({"as_of": DAY, "items": [item], "people": people})
    more = [*people, {"profession": "constructor", "grade": "grade-1", "speciality": "building"}]
    for requirement, finding in outcome({"as_of": DAY, "items": [item], "people": more}).items():
        if finding.held is not None:
            assert finding.held >= before[requirement].held
