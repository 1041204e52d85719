"""Reads the tables that situations draw: `|` around every cell, the first line names the columns.

An empty cell says nothing. `null` says that the register's field is empty. A comma separates the
words of a list. A dot in a column's name stands for a part: `exempt.reason`. A row of people whose
`n` is `+` is a further certificate of the person above.
"""

import re
from datetime import date
from typing import Any

Row = dict[str, Any]

LIST_COLUMNS = {"basis", "because", "locked", "months", "not_because"}
WORDS = {"null": None, "true": True, "false": False}


class BadTable(ValueError):
    """A table that is not drawn as it must be."""


def read_table(text: str, columns: set[str]) -> list[Row]:
    """The rows of a drawn table, each without its empty cells; BadTable for any other text."""
    lines = [_cells(line) for line in text.splitlines()]
    if len(lines) < 2:
        raise BadTable("a table needs a line of column names and one row at least")
    header, *rows = lines
    _check_header(header, columns)
    return _with_further_certificates([_row(header, cells) for cells in rows])


def read_words(text: str) -> list[str]:
    """A list of words on one line; `none` is the empty list."""
    return [] if text == "none" else text.split(", ")


def _cells(line: str) -> list[str]:
    if not (line.startswith("| ") and line.endswith(" |")):
        raise BadTable(f"a line of a table begins with '| ' and ends with ' |': {line}")
    return [cell.strip() for cell in line[1:-1].split("|")]


def _check_header(header: list[str], columns: set[str]) -> None:
    unknown = [name for name in header if name not in columns]
    if unknown:
        raise BadTable(f"unknown columns: {', '.join(unknown)}")
    if len(set(header)) < len(header):
        raise BadTable(f"repeated columns: {', '.join(header)}")


def _row(header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise BadTable(f"{len(header)} columns, but {len(cells)} cells: {' | '.join(cells)}")
    row: Row = {}
    for column, cell in zip(header, cells, strict=True):
        if cell:
            name, _, part = column.partition(".")
            value = _value(column, cell)
            row[name] = {**row.get(name, {}), part: value} if part else value
    return row


def _value(column: str, cell: str) -> Any:
    parts = cell.split(", ")
    if column == "clauses":
        return [[int(count) for count in part.split("/")] for part in parts]
    if column in LIST_COLUMNS or len(parts) > 1:
        return [_scalar(part) for part in parts]
    return _scalar(cell)


def _scalar(word: str) -> Any:
    if word in WORDS:
        return WORDS[word]
    if re.fullmatch(r"\d+", word):
        return int(word)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
        return date.fromisoformat(word)
    return word


def _with_further_certificates(rows: list[Row]) -> list[Row]:
    people: list[Row] = []
    for row in rows:
        if row.get("n") != "+":
            people.append(row)
        elif people:
            certificate = {column: value for column, value in row.items() if column != "n"}
            people[-1].setdefault("also", []).append(certificate)
        else:
            raise BadTable("a further certificate (+) stands below its person")
    return people
