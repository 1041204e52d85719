"""The built-in law: complete, and equal to the figures that were gathered."""

from datetime import date

import pytest

from builders import law, policy
from commands import qualwatch
from qualwatch.law.figures import requirements_on
from qualwatch.reports.standards import coverage

TODAY = date(2026, 5, 20)


def test_every_category_and_level_is_there() -> None:
    by_sequence: dict[str, list[int]] = {}
    for text in law().categories.values():
        by_sequence.setdefault(text.sequence, []).append(len(text.every_grade()))
    assert {name: len(levels) for name, levels in by_sequence.items()} == {
        "general": 12,
        "specialist": 36,
        "labour": 1,
        "supervision-professional": 14,
        "supervision-comprehensive": 1,
        "supervision-office": 1,
    }
    construction = sum(by_sequence["general"] + by_sequence["specialist"] + by_sequence["labour"])
    assert construction == 138
    assert sum(by_sequence["supervision-professional"]) == 14 * 2 + 4


@pytest.mark.parametrize(
    "slug",
    [
        "2016-226",
        "2018-53",
        "2021-30",
        "2022-361",
        "2023-3",
        "2023-47",
        "2014-159",
        "2007-158",
        "2007-72",
        "shanxi-2023-71",
    ],
)
def test_the_amendments_are_there_with_their_days(slug: str) -> None:
    assert law().documents[slug].in_force_from is not None
    assert law().documents[slug].effect


# Each figure of 建市〔2014〕159号 typed once more, by hand: (category, grade 1, grade 2, grade 3); a sum of clauses.
OWN_FIGURES = """
general-building 12 12 5|general-highway 15 15 8|general-railway 15 8 3|general-port 15 8 5|general-water 15 15 8
general-power 15 10 5|general-mining 15 12 5|general-metallurgy 15 ? 7|general-petrochemical 15 ? 5|general-municipal 12 12 5
general-telecom 15 6 2|general-mechanical-electrical 12 12 5|specialist-foundation 6 6 3|specialist-electronics 6 4
specialist-fire-protection 5 3|specialist-bridge 10 8 3|specialist-tunnel 8 8 3|specialist-steel-structure 8 6 3
specialist-decoration 5 3|specialist-building-services 8 8 3|specialist-curtain-wall 6 4|specialist-ancient-building 5 5 2
specialist-lighting 8 5 2|specialist-road-surface 10 8 ?|specialist-road-subgrade 10 8 ?|specialist-railway-signalling 10 6 ?
specialist-railway-track 10 5|specialist-railway-electrification 10 4 ?|specialist-airfield 8 3|specialist-air-traffic-control 6 3
specialist-airfield-lighting 8 3|specialist-port-coast 12 7 4|specialist-waterway 12 7 4|specialist-navigation-structure 12 7 4
specialist-port-equipment 8 8|specialist-hydraulic-steel 8 8 5|specialist-hydropower-equipment 8 8 5|specialist-river 8 8 5
specialist-power-transmission 10 8 3|specialist-nuclear 8 6|specialist-offshore-oil 15 5|specialist-environmental 5 5 2
"""


@pytest.mark.parametrize("line", OWN_FIGURES.replace("\n", "|").strip("|").split("|"))
def test_own_figures_in_2015(line: str) -> None:
    category, *figures = line.split()
    day = date(2015, 6, 1)
    for number, figure in enumerate(figures, 1):
        requirements = requirements_on(
            law(), policy(day), category, "", f"grade-{number}", "direct", day
        )
        readings = [requirement.strong or requirement.weak for requirement in requirements]
        if figure == "?":
            assert [requirement.outcome for requirement in requirements] == ["unknown"], line
        else:
            assert [reading.required if reading else None for reading in readings] == [
                int(figure)
            ], line


def test_coverage_today() -> None:
    outcomes = [
        what
        for text, _sub, _grade, what in coverage(law(), policy(TODAY), TODAY)
        if text.sector == "construction"
    ]
    counts = {what: outcomes.count(what) for what in ("short", "advise", "manual", "nothing")}
    assert counts == {"short": 111, "advise": 6, "manual": 2, "nothing": 19}
    shown = qualwatch("standards", "coverage", "--on", "2026-05-20")
    assert shown.status == 0
    assert all(str(number) in shown.out for number in counts.values())


@pytest.mark.parametrize(
    "category", ["general-building", "建筑工程施工总承包", "D101", "建筑工程施工总承包二级"]
)
def test_show_finds_a_category_by_slug_name_or_code(category: str) -> None:
    result = qualwatch("standards", "show", category, "--on", "2026-05-20")
    assert result.status == 0
    assert "建市〔2016〕226号" in result.out
    assert "要求 5" in result.out


def test_show_reports_a_mistake_in_one_sentence() -> None:
    for words in (("园林绿化",), ("general-building", "四级"), ("工程设计行业甲级",)):
        result = qualwatch("standards", "show", *words)
        assert (result.status, len(result.err.strip().splitlines())) == (2, 1)


def test_list_names_every_category() -> None:
    result = qualwatch("standards", "list")
    assert all(text.name in result.out for text in law().categories.values())


def test_policy_values_change_on_their_day() -> None:
    assert "yellow_period_months" not in law().policy_on(date(2023, 4, 30)).values
    assert law().policy_on(date(2023, 5, 1))["yellow_period_months"] == 2
