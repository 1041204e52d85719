"""Recognises a sheet's table by its header row, wherever that stands."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qualwatch.intake.cells import Cell, folded_as_shown
from qualwatch.intake.sheets import Sheet
from qualwatch.law.texts_on_disk import load_yaml

# so many known columns identify a table whose key column has an unknown header
_PARTIAL_COLUMNS = 4
_FIRST_ROWS = 30  # a header stands below a few title rows


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column: its slug, its header, whether a table is unusable without it."""

    slug: str
    header: str
    required: bool


@dataclass(frozen=True, slots=True)
class TableHead:
    """A canonical table as headers.yaml describes it."""

    slug: str
    name: str
    identified_by: frozenset[str]
    columns: dict[str, Column]
    spellings: dict[str, str]  # folded header -> column slug


@dataclass(frozen=True, slots=True)
class Header:
    """A header row found in a sheet: its row index, its table, the place of each column, and what
    is left over.
    """

    row: int
    table: TableHead
    places: dict[str, int]
    written: dict[str, str]
    left_over: list[str]

    @property
    def strength(self) -> tuple[bool, int]:
        """A whole header before a partial one, then the one that explains more cells."""
        return not self.missing, len(self.places)

    @property
    def missing(self) -> list[str]:
        """Headers of required columns that are not there."""
        required = [column for column in self.table.columns.values() if column.required]
        return [column.header for column in required if column.slug not in self.places]


@lru_cache(maxsize=1)
def table_heads() -> dict[str, TableHead]:
    """All canonical tables, by slug."""
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "headers.yaml")
    return {slug: _table_head(slug, text) for slug, text in loaded.items()}


def _table_head(slug: str, text: dict[str, Any]) -> TableHead:
    columns: dict[str, Column] = {}
    spellings: dict[str, str] = {}
    for key, column in text["columns"].items():
        columns[key] = Column(key, column["header"], column.get("required", False))
        for word in (column["header"], *column.get("aliases", ())):
            spellings.setdefault(_compared(word), key)
    identified_by = frozenset(text["identified_by"])
    return TableHead(slug, text["name"], identified_by, columns, spellings)


def find_header(sheet: Sheet) -> Header | None:
    """The header row of the table that explains most of a row's cells.

    None where no row is a header.
    """
    best: Header | None = None
    for index, row in enumerate(sheet.head(_FIRST_ROWS)):
        for table in table_heads().values():
            header = _as_header(index, row, table)
            if header and (best is None or header.strength > best.strength):
                best = header
    return best


def is_header_again(row: list[Cell], header: Header) -> bool:
    """Whether a data row only repeats the header (exports page by page do)."""
    return all(
        _compared(row[at]) == _compared(header.written[key])
        for key, at in header.places.items()
        if at < len(row)
    )


def _as_header(index: int, row: list[Cell], table: TableHead) -> Header | None:
    places: dict[str, int] = {}
    written: dict[str, str] = {}
    left_over = []
    for at, cell in enumerate(row):
        key = table.spellings.get(_compared(cell)) if isinstance(cell, str) else None
        if key and key not in places:
            places[key] = at
            written[key] = cell.strip()
        elif folded_as_shown(cell):
            left_over.append(folded_as_shown(cell))
    partial = len(places) >= _PARTIAL_COLUMNS and 2 * len(places) >= len(table.columns)
    if not table.identified_by <= places.keys() and not partial:
        return None
    return Header(index, table, places, written, left_over)


def _compared(cell: Cell) -> str:
    return re.sub(r"[*:]|\((必填|选填|\*)\)|\[.*?\]", "", folded_as_shown(cell)).lower()
