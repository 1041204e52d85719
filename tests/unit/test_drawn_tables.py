"""Tables that situations draw are read strictly: what is not understood is refused, with its place."""

from datetime import date

import pytest

from drawn_tables import BadTable, read_table, read_words
from spec_cases import read_case

COLUMNS = {"n", "grade", "speciality", "born", "months", "exempt.reason", "clauses"}


def test_a_row_holds_what_its_filled_cells_say() -> None:
    table = """\
| n | grade   | speciality    | born       | months     | exempt.reason | clauses      |
| 2 | grade-1 | mining, water | 1966-05-20 | 2026-01-01 | retired       | 9/8/8, 3/3/3 |
| 1 |         | mining        | null       |            |               |              |"""
    assert read_table(table, COLUMNS) == [
        {
            "n": 2,
            "grade": "grade-1",
            "speciality": ["mining", "water"],
            "born": date(1966, 5, 20),
            "months": [date(2026, 1, 1)],
            "exempt": {"reason": "retired"},
            "clauses": [[9, 8, 8], [3, 3, 3]],
        },
        {"n": 1, "speciality": "mining", "born": None},
    ]


def test_a_further_certificate_belongs_to_the_person_above() -> None:
    table = "| n | grade |\n| 1 | a |\n| + | b |"
    assert read_table(table, COLUMNS) == [{"n": 1, "grade": "a", "also": [{"grade": "b"}]}]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "one row at least"),
        ("| n |", "one row at least"),
        ("| n |\n| 1 | 2 |", "1 columns, but 2 cells"),
        ("| n | n |\n| 1 | 2 |", "repeated columns"),
        ("| age |\n| 1 |", "unknown columns: age"),
        ("| n |\n1 |", "begins with"),
        ("| n |\n| + |", "below its person"),
    ],
)
def test_another_text_is_refused(table: str, problem: str) -> None:
    with pytest.raises(BadTable, match=problem):
        read_table(table, COLUMNS)


def test_an_unknown_key_is_refused_with_its_situation() -> None:
    with pytest.raises(BadTable, match="59周岁: unknown key peple"):
        read_case({"case": "59周岁", "peple": "none"})


def test_words_of_a_list() -> None:
    assert read_words("none") == []
    assert read_words("unpaid, paid-by-other") == ["unpaid", "paid-by-other"]
