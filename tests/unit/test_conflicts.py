"""Which rows of one certificate contradict each other, and which are a history."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from builders import OTHER, OWN, facts_of, law, policy
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.conflicts import AsOf, contested_registrations
from qualwatch.evaluation.facts import Item, Registration
from qualwatch.evaluation.items import items_in_force

DAY = date(2026, 5, 20)
AS_OF = AsOf(DAY, law().policy_on(DAY)["late_closing_days"])
ENGINES = {"duckdb": columnar.evaluate, "reference": reference.evaluate}
Rows = list[dict[str, Any]]


def on(day: str) -> date:
    return date.fromisoformat(day)


def item(**given: Any) -> Item:
    columns = {
        "credit_code": OWN,
        "category": "specialist-decoration",
        "sub_item": "",
        "grade": "grade-2",
        "certificate_no": "A",
        "licensing_authority": "province",
        "route": "unknown",
        "valid_from": None,
        "valid_to": None,
        "renewal_filed_on": None,
        "extended_without_check_until": None,
        "register_state": "in-force",
        "register_state_from": None,
    }
    return Item(**(columns | given))


def registration(**given: Any) -> Registration:
    columns = {
        "person_id": "P1",
        "credit_code": OWN,
        "profession": "constructor",
        "profession_grade": "grade-2",
        "speciality": "building",
        "registration_no": "N1",
        "at_enterprise_from": None,
        "valid_from": None,
        "valid_to": None,
        "register_state": "in-force",
        "register_state_from": None,
    }
    return Registration(**(columns | given))


def void(state: str, day: str | None = None, **given: Any) -> dict[str, Any]:
    return {"register_state": state, "register_state_from": day and on(day), **given}


def period(first: str | None, last: str | None = None) -> dict[str, Any]:
    return {"valid_from": first and on(first), "valid_to": last and on(last)}


OF_BOTH: list[tuple[str, Rows, bool]] = [
    (
        "renewed, the register has only end dates",
        [period(None, "2025-12-31"), period(None, "2028-12-31")],
        False,
    ),
    (
        "renewed, the first day is kept",
        [period("2020-01-01", "2025-12-31"), period("2020-01-01", "2028-12-31")],
        False,
    ),
    (
        "renewed, the new end is open",
        [period("2020-01-01", "2025-12-31"), period("2020-01-01")],
        False,
    ),
    (
        "renewed, the former row closed after its end",
        [
            void("deregistered", "2026-01-05", **period(None, "2025-12-31")),
            period(None, "2028-12-31"),
        ],
        False,
    ),
    (
        "renewed, the former row closed without a day",
        [void("expired", **period(None, "2025-12-31")), period(None, "2028-12-31")],
        False,
    ),
    (
        "withdrawn after its end: no ordinary closing",
        [void("withdrawn", "2026-01-05", **period(None, "2025-12-31")), period(None, "2028-12-31")],
        True,
    ),
    (
        "the void row is older than the one in force",
        [void("deregistered", "2023-12-31", **period("2018-01-01")), period("2024-01-01")],
        False,
    ),
    (
        "void on the day on which the one in force begins",
        [void("deregistered", "2024-01-01", **period("2018-01-01")), period("2024-01-01")],
        False,
    ),
    (
        "an older void row without its day is followed by the one in force",
        [void("deregistered", **period("2018-01-01")), period("2024-01-01")],
        False,
    ),
    ("void without any day", [void("deregistered"), {}], True),
    (
        "the former row closed some days after its successor began",
        [
            void("deregistered", "2026-03-10", **period("2021-03-01", "2026-12-31")),
            period("2026-03-01", "2031-02-28"),
        ],
        False,
    ),
    (
        "the former row closed a year after its successor began",
        [
            void("deregistered", "2026-03-10", **period("2020-03-01", "2027-12-31")),
            period("2025-03-01", "2030-02-28"),
        ],
        True,
    ),
    (
        "the former row revoked some days after its successor began",
        [
            void("revoked", "2026-03-10", **period("2021-03-01", "2026-12-31")),
            period("2026-03-01", "2031-02-28"),
        ],
        True,
    ),
    (
        "void without its day, of the same beginning",
        [void("deregistered", **period("2020-01-01")), period("2020-01-01")],
        True,
    ),
    (
        "void, and nobody knows since when the other holds",
        [void("revoked", "2025-03-01"), {}],
        True,
    ),
    (
        "void later than the one in force began, without a first day",
        [void("deregistered", "2026-01-01"), period("2020-01-01")],
        True,
    ),
    (
        "the later record is void: the last word on the number",
        [void("revoked", "2025-03-01", **period("2023-01-01")), period("2020-01-01")],
        True,
    ),
    (
        "the later record is void without its day",
        [void("deregistered", **period("2023-01-01")), period("2020-01-01")],
        True,
    ),
    (
        "void only from tomorrow",
        [void("deregistered", "2026-05-21", **period("2020-01-01")), period("2020-01-01")],
        False,
    ),
    ("a row that begins tomorrow", [period("2020-01-01"), period("2026-05-21")], False),
]
ITEMS: list[tuple[str, Rows, bool]] = [
    *OF_BOTH,
    (
        "extended by notice: number and first day kept",
        [
            period("2016-03-01", "2025-12-31"),
            period("2016-03-01", "2025-12-31") | {"extended_without_check_until": on("2026-12-31")},
            period("2016-03-01", "2026-12-31"),
        ],
        False,
    ),
    (
        "reissued for another name: the former row is closed, all else is the same",
        [
            void("deregistered", "2024-06-01", **period("2020-01-01", "2028-12-31")),
            period("2020-01-01", "2028-12-31"),
        ],
        False,
    ),
    (
        "reissued, the register has only end dates",
        [
            void("deregistered", "2024-06-01", **period(None, "2028-12-31")),
            period(None, "2028-12-31"),
        ],
        False,
    ),
    (
        "closed without its day: nothing says that it was reissued",
        [
            void("deregistered", **period("2020-01-01", "2028-12-31")),
            period("2020-01-01", "2028-12-31"),
        ],
        True,
    ),
    (
        "closed on a day, but no dates to compare",
        [void("deregistered", "2024-06-01"), {}],
        True,
    ),
    (
        "closed, and the one in force ends on another day",
        [
            void("deregistered", "2024-06-01", **period("2020-01-01", "2028-12-31")),
            period("2020-01-01", "2030-12-31"),
        ],
        True,
    ),
    *(
        (
            f"{state} after the one in force began",
            [
                void(state, "2024-06-01", **period("2020-01-01", "2028-12-31")),
                period("2020-01-01", "2028-12-31"),
            ],
            True,
        )
        for state in ("withdrawn", "annulled", "revoked")
    ),
    (
        "upgraded, the former grade is void",
        [void("deregistered", "2025-01-01", grade="grade-2"), {"grade": "grade-1"}],
        False,
    ),
    (
        "moved to another certificate, closed on the former one some days later",
        [
            void("deregistered", "2026-03-10", **period("2021-03-01", "2026-12-31")),
            {"certificate_no": "B", **period("2026-03-01", "2031-02-28")},
        ],
        False,
    ),
    (
        "the void row is of another certificate",
        [void("revoked", "2025-01-01", certificate_no="B"), {}],
        False,
    ),
    ("no numbers", [void("revoked", certificate_no=""), {"certificate_no": ""}], False),
    (
        "upgraded under one number",
        [period("2020-01-01") | {"grade": "grade-2"}, period("2024-01-01") | {"grade": "grade-1"}],
        False,
    ),
]
TRANSFERRED = {"credit_code": OTHER}
REGISTRATIONS: list[tuple[str, Rows, bool]] = [
    *OF_BOTH,
    (
        "upgraded under one number",
        [
            period("2020-01-01") | {"profession_grade": "grade-2"},
            period("2024-01-01") | {"profession_grade": "grade-1"},
        ],
        False,
    ),
    (
        "two grades since the latest day, beside an earlier row",
        [
            period("2020-01-01"),
            period("2024-01-01"),
            period("2024-01-01") | {"profession_grade": "grade-1"},
        ],
        True,
    ),
    (
        "two grades, one without a first day",
        [{"profession_grade": "grade-1"}, period("2024-01-01")],
        True,
    ),
    (
        "an unreadable grade contradicts nothing",
        [{"profession_grade": None}, {"profession_grade": "grade-1"}],
        False,
    ),
    (
        "at two enterprises since different days: registered-elsewhere says so",
        [period("2020-01-01"), period("2024-01-01") | TRANSFERRED],
        False,
    ),
    (
        "transferred, the period is kept",
        [
            period("2020-01-01", "2027-12-31"),
            period("2020-01-01", "2027-12-31") | {"at_enterprise_from": on("2024-01-01")},
        ],
        False,
    ),
    (
        "transferred on the first day of the former row's renewal",
        [
            period("2024-01-01") | {"at_enterprise_from": on("2020-01-01")},
            period("2024-01-01") | {"at_enterprise_from": on("2024-01-01")} | TRANSFERRED,
        ],
        False,
    ),
    (
        "at two enterprises since the same day",
        [period("2020-01-01"), period("2020-01-01") | TRANSFERRED],
        True,
    ),
    ("at two enterprises, no days", [{}, TRANSFERRED], True),
    (
        "at two enterprises, one without a day",
        [period("2020-01-01"), TRANSFERRED],
        True,
    ),
    (
        "void there before it began here",
        [void("deregistered", "2023-12-31", **TRANSFERRED), period("2024-01-01")],
        False,
    ),
    (
        "void there before the person came here, the period is kept",
        [
            void("deregistered", "2023-12-31", **TRANSFERRED, **period("2022-01-01")),
            period("2022-01-01") | {"at_enterprise_from": on("2024-01-01")},
        ],
        False,
    ),
    (
        "closed there without a day: left by a transfer",
        [void("deregistered", **TRANSFERRED), {}],
        False,
    ),
    (
        "transferred, the period is kept and nobody says when",
        [
            void("deregistered", "2024-03-01", **TRANSFERRED, **period("2022-01-01", "2027-12-31")),
            period("2022-01-01", "2027-12-31"),
        ],
        False,
    ),
    (
        "annulled there, the period is kept",
        [
            void("annulled", "2024-03-01", **TRANSFERRED, **period("2022-01-01", "2027-12-31")),
            period("2022-01-01", "2027-12-31"),
        ],
        True,
    ),
    (
        "void there later than it began here",
        [void("deregistered", "2026-01-01", **TRANSFERRED), period("2020-01-01")],
        True,
    ),
    (
        "the later row there is void: the number's last word",
        [
            void("deregistered", "2026-01-01", **TRANSFERRED, **period("2023-01-01")),
            period("2020-01-01"),
        ],
        True,
    ),
    (
        "closed on a day although the rest is the same: no reissue of a registration",
        [
            void("deregistered", "2024-06-01", **period("2020-01-01", "2028-12-31")),
            period("2020-01-01", "2028-12-31"),
        ],
        True,
    ),
    ("other numbers", [void("revoked", registration_no="N2"), {}], False),
    ("no numbers", [void("revoked", registration_no=None), {"registration_no": None}], False),
]


@pytest.mark.parametrize(("why", "rows", "is_conflict"), ITEMS, ids=[case[0] for case in ITEMS])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_records_of_one_item(why: str, rows: Rows, *, is_conflict: bool, is_reversed: bool) -> None:
    records = [item(**row) for row in rows]
    listed = records[::-1] if is_reversed else records
    assert bool(items_in_force(law(), listed, DAY).conflicts) is is_conflict, why


@pytest.mark.parametrize(
    ("why", "rows", "is_conflict"), REGISTRATIONS, ids=[case[0] for case in REGISTRATIONS]
)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_rows_of_one_registration(
    why: str, rows: Rows, *, is_conflict: bool, is_reversed: bool
) -> None:
    listed = [registration(**row) for row in rows]
    groups = contested_registrations(listed[::-1] if is_reversed else listed, AS_OF, str.__eq__)
    assert bool(groups) is is_conflict, why


def test_only_the_rows_that_contradict_each_other_are_contested() -> None:
    earlier, later = registration(**period("2020-01-01")), registration(**period("2024-01-01"))
    other_grade = registration(**period("2024-01-01"), profession_grade="grade-1")
    [group] = contested_registrations([earlier, later, other_grade], AS_OF, str.__eq__)
    assert set(group) == {later, other_grade}


def test_a_branch_is_no_other_enterprise() -> None:
    rows = [registration(), registration(**TRANSFERRED)]
    assert not contested_registrations(rows, AS_OF, lambda _code, _other: True)
    rows = [registration(), registration(**TRANSFERRED, **void("deregistered"))]
    assert contested_registrations(rows, AS_OF, lambda _code, _other: True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("category", "grades", "verdict"),
    [
        ("specialist-curtain-wall", ("grade-1", "grade-2"), "cannot-say"),
        # asks for no constructors in any grade, so it has no part in the highest figure
        ("specialist-lifting-equipment", ("grade-1", "grade-2"), "short"),
        ("supervision-building", ("grade-a", "grade-b"), "short"),
    ],
)
def test_the_highest_figure_is_open_only_where_a_contested_item_has_a_part_in_it(
    engine: str, category: str, grades: tuple[str, str], verdict: str
) -> None:
    contested = [{"category": category, "grade": grade, "certificate_no": "B"} for grade in grades]
    case = {
        "as_of": DAY,
        "items": [{"category": "specialist-decoration", "grade": "grade-2"}, *contested],
        "people": [
            {"n": 2, "profession": "constructor", "grade": "grade-2", "speciality": "building"}
        ],
    }
    values = policy(DAY, counting="highest-any-trade")
    [result] = ENGINES[engine](law(), values, facts_of(case), DAY)
    verdicts = {
        (finding.category, finding.requirement): finding.verdict for finding in result.findings
    }
    assert len(result.conflicts) == 1
    assert verdicts.pop(("specialist-decoration", "constructors")) == verdict
    assert set(verdicts.values()) == {"cannot-say"}
