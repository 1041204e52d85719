"""The situations of tests/spec/*.yaml, and the reference page printed from them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from drawn_tables import BadTable, Row, read_table, read_words
from qualwatch.law.texts_on_disk import load_yaml

SPEC = Path(__file__).parent / "spec"
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "situations.md"
FIGURES = ("required", "held", "possible", "shortfall")
COLUMNS = ("verdict", *FIGURES)

CERTIFICATE = {
    "profession",
    "grade",
    "speciality",
    "number",
    "joined",
    "valid_from",
    "valid_to",
    "state",
    "state_from",
    "renewal_filed_on",
    "certificate_valid_to",
}
EXEMPTION = {"reason", "document", "credit_code", "valid_from", "valid_to"}
TABLES = {
    "items": {
        "category",
        "sub_item",
        "grade",
        "certificate_no",
        "licensing_authority",
        "route",
        "valid_from",
        "valid_to",
        "renewal_filed_on",
        "extended_without_check_until",
        "register_state",
        "register_state_from",
    },
    "people": {"n", "born", "died", "locked", "paid", "months", "elsewhere", "kind", "payment"}
    | CERTIFICATE
    | {f"elsewhere.{column}" for column in CERTIFICATE}
    | {f"exempt.{column}" for column in EXEMPTION},
    "coverage": {"source", "loaded_at", "area", "people", "covers_from", "covers_to"},
    "unparsed": {"table", "profession", "category", "person_id", "credit_code"},
    "accepted": {"category", "requirement", "at_held", "until"},
    "expect": {
        "category",
        "sub_item",
        "requirement",
        *COLUMNS,
        "because",
        "not_because",
        "basis",
        "clauses",
    },
}
WORD_LISTS = {"anomalies", "not_judged"}
PLAIN = {"case", "clause", "as_of", "enterprise", "policy", "findings"}


@dataclass(frozen=True)
class SpecFile:
    """The situations of one file; `shared` is what each has unless it says otherwise."""

    title: str
    shared: Row
    own: list[Row]

    @property
    def cases(self) -> list[Row]:
        """Every situation in full."""
        return [{**self.shared, **case} for case in self.own]


@cache
def spec_files() -> dict[str, SpecFile]:
    """Every spec file by its name."""
    return {path.stem: _read_file(path) for path in sorted(SPEC.glob("*.yaml"))}


def spec_cases() -> list[tuple[str, Row]]:
    """(file and name, case) of every situation."""
    return [
        (f"{stem}: {case['case']}", case)
        for stem, file in spec_files().items()
        for case in file.cases
    ]


def _read_file(path: Path) -> SpecFile:
    content = load_yaml(path)
    cases = content["cases"]
    try:
        return SpecFile(content["title"], read_case(content["all"]), [read_case(c) for c in cases])
    except BadTable as error:
        raise BadTable(f"{path.name}: {error}") from error


def read_case(drawn: Row) -> Row:
    """A situation with its tables read; BadTable names it."""
    try:
        return {key: _read_value(key, value) for key, value in drawn.items()}
    except BadTable as error:
        raise BadTable(f"{drawn.get('case', 'all')}: {error}") from error


def _read_value(key: str, value: Any) -> Any:
    if key in PLAIN:
        return value
    if key in WORD_LISTS:
        return read_words(value)
    if key not in TABLES:
        raise BadTable(f"unknown key {key}")
    try:
        return [] if value == "none" else read_table(value, TABLES[key])
    except BadTable as error:
        raise BadTable(f"{key}: {error}") from error


def page() -> str:
    """The reference page: what each situation draws, what must come out, its clause."""
    lines = [
        "# Situations",
        "",
        "Printed from `tests/spec/` by `make docs`; every engine must agree with every line.",
        "What a line does not draw is in order: in force, insured, of middle age, data up to date.",
    ]
    for file in spec_files().values():
        lines += _section(file)
    return "\n".join(lines) + "\n"


def _section(file: SpecFile) -> list[str]:
    return [
        "",
        f"## {file.title}",
        "",
        f"Unless a line says otherwise: {'; '.join(_given(file.shared))}.",
        "",
        "| situation | given | must come out | clause |",
        "|---|---|---|---|",
        *(_page_line(case) for case in file.own),
    ]


def _page_line(case: Row) -> str:
    given, outcome = "<br>".join(_given(case)), "<br>".join(_outcome(case))
    return f"| {case['case']} | {given} | {outcome} | {case['clause']} |"


def _given(case: Row) -> list[str]:
    lines = [f"on {case['as_of']}"] if "as_of" in case else []
    for key in ("enterprise", "policy"):
        lines += [f"{key}: {_by_name(case[key])}"] if key in case else []
    lines += [_in_words(item, "category", "sub_item", "grade") for item in case.get("items", ())]
    lines += ["no people"] if case.get("people") == [] else []
    lines += [_person(person) for person in case.get("people", ())]
    for key, label in (
        ("coverage", "data"),
        ("unparsed", "rejected row"),
        ("accepted", "accepted"),
    ):
        lines += [f"{label}: {_by_name(row)}" for row in case.get(key, ())]
    return lines


def _person(person: Row) -> str:
    further = person.get("also", ())
    own = {column: value for column, value in person.items() if column not in {"n", "also"}}
    certificates = [_in_words(row, "profession", "grade", "speciality") for row in (own, *further)]
    return f"{person.get('n', 1)} × {' and '.join(certificates)}"


def _in_words(row: Row, *bare: str) -> str:
    """Some columns as bare words, then the others by name."""
    words = " ".join(_shown(row[column]) for column in bare if row.get(column) is not None)
    others = {column: value for column, value in row.items() if column not in bare}
    return f"{words}, {_by_name(others)}" if others else words


def _by_name(row: Row) -> str:
    return ", ".join(f"{column.replace('_', ' ')} {_shown(row[column])}" for column in row)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "none"
        case True:
            return "yes"
        case list():
            return " + ".join(_shown(part) for part in value)
        case dict():
            return f"({_by_name(value)})"
        case _:
            return str(value)


def _outcome(case: Row) -> list[str]:
    lines = [_finding(expected) for expected in case.get("expect", ())]
    if "findings" in case:
        lines.append(f"{case['findings']} findings")
    for key in ("anomalies", "not_judged"):
        if key in case:
            lines.append(f"{key.replace('_', ' ')}: {', '.join(case[key]) or 'none'}")
    return lines


def _finding(expected: Row) -> str:
    subject = [expected[key] for key in ("category", "requirement") if key in expected]
    reasons = [f"{k} {', '.join(expected[k])}" for k in ("because", "basis") if k in expected]
    words = [*subject, f"**{expected['verdict']}**", _figures(expected), *reasons]
    return " ".join(word for word in words if word)


def _figures(expected: Row) -> str:
    figures = [f"{key} {_shown(expected[key])}" for key in FIGURES if key in expected]
    figures += ["/".join(str(count) for count in counts) for counts in expected.get("clauses", ())]
    return ", ".join(figures)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
