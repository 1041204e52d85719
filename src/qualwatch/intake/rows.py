"""A sheet's data rows, merged cells filled, footers and repeated headers left out.

Each row's cells read once.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.intake.cells import Cell, folded_as_shown, is_blank, shown, values
from qualwatch.intake.columns import Body
from qualwatch.intake.headers import Header, is_header_again
from qualwatch.intake.problems import BadCell
from qualwatch.intake.sheets import Sheet
from qualwatch.privacy import hidden, masked, masked_text
from qualwatch.wording import gettext as _

_LONG_CODE = 15  # digits of the shortest code that no heading or footer begins with
_LONGEST_IDENTITY = 40  # characters; a longer cell is free text
_FOOTER_CELLS = 3  # a footer fills at most so many cells


@dataclass(slots=True)
class Row:
    """One data row: its number from 1 and its cells by column slug."""

    number: int
    cells: dict[str, Cell]


@dataclass(slots=True)
class SheetReader:
    """Reads the rows of one sheet and keeps its account."""

    sheet: Sheet
    header: Header
    account: FileAccount
    rejections: list[Rejection]
    notices: list[Notice]
    _header_words: frozenset[str] = frozenset()
    _footer_words: tuple[str, ...] = ()
    _memo: dict[tuple[Callable[[Cell], Any], type, Cell], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        header = self.sheet.head(self.header.row + 1)[self.header.row]
        self._header_words = frozenset(folded_as_shown(word) for word in header if word)
        self._footer_words = tuple(values()["footers"])
        self._fill_merged()

    def body(self) -> Body:
        """The rows below the header as columns."""
        return Body(self.sheet, self.header)

    def is_surely_data(self, body: Body) -> pa.Array:
        """Which rows below the header are data by their first word; the others need a closer
        look.
        """
        return body.first_answer(self._is_data_word)

    def _is_data_word(self, cell: Cell) -> bool | None:
        """Whether a row that begins with this cell is data.

        None = the cell is empty, the next one decides.
        """
        if isinstance(cell, str) and len(cell) >= _LONG_CODE and cell.isascii() and cell.isdigit():
            return True
        if cell in (None, "") or is_blank(cell):
            return None
        word = folded_as_shown(cell)
        if word == "1" or word in self._header_words:
            return False
        return not word.startswith(self._footer_words)

    def other_rows(self, is_clean: pa.Array) -> Iterator[Row]:
        """Data rows below the header that are not blank, without the clean ones, which are read
        already.
        """
        places = list(self.header.places.items())
        remaining = pc.indices_nonzero(pc.invert(is_clean)).to_pylist()
        first_row = self.header.row + 1
        for index, row in self.sheet.rows_at(first_row + below for below in remaining):
            first = next(
                (cell for cell in row if cell not in (None, "") and not is_blank(cell)), None
            )
            if first is None:
                continue
            no_data = self._not_data(row, folded_as_shown(first))
            if no_data:
                self.notice(index + 1, "", no_data)
                continue
            self.account.read += 1
            cells = {slug: row[at] if at < len(row) else None for slug, at in places}
            yield Row(index + 1, cells)

    def _not_data(self, row: list[Cell], first: str) -> str:
        """The notice for a row that is no data, judged by its first word; '' for data."""
        if first == "1":
            filled = _filled(row)
            numbers = [str(number) for number in range(1, len(filled) + 1)]
            is_numbering = [folded_as_shown(cell) for cell in filled] == numbers
            return _("列号行，略过") if is_numbering else ""
        if first in self._header_words:
            return _("重复的表头，略过") if is_header_again(row, self.header) else ""
        if first.startswith(self._footer_words):
            return _("表尾文字，略过") if _is_footer(_filled(row)) else ""
        return ""

    def _fill_merged(self) -> None:
        for top, left, bottom, _right in self.sheet.merged or ():
            if top <= self.header.row:
                continue
            value = self.sheet.rows[top][left]
            for index in range(top + 1, min(bottom + 1, len(self.sheet.rows))):
                self.sheet.rows[index][left] = value

    def value(self, row: Row, column: str, read: Callable[[Cell], Any]) -> Any:
        """A cell read by `read`; the same cell text is read once per sheet.

        BadCell carries the column.
        """
        cell = row.cells.get(column)
        key = (read, type(cell), cell)
        if key not in self._memo:
            try:
                self._memo[key] = read(cell)
            except BadCell as error:
                self._memo[key] = error
        value = self._memo[key]
        if isinstance(value, BadCell):
            raise BadColumn(column, value)
        return value

    def period(self, start: date | None, end: date | None, column: str) -> None:
        """Rejects a period that ends before it begins."""
        if start and end and end < start:
            raise BadColumn(column, BadCell(_("有效期止早于有效期起"), _("核对两个日期")))

    def reject(self, row: Row, bad: "BadColumn") -> None:
        """Rejects a row: counted, with its column, masked value, problem and remedy."""
        cell = row.cells.get(bad.column)
        text = shown(cell) or folded_as_shown(cell)
        is_identity = bad.column == "identity" and len(text) <= _LONGEST_IDENTITY
        value = masked(text) if is_identity else masked_text(text)
        column = self.header.written.get(bad.column) or self.header.table.columns[bad.column].header
        problem = masked_text(bad.cause.problem)
        self.account.rejected += 1
        self.rejections.append(
            Rejection(
                self.sheet.file,
                self.sheet.name,
                row.number,
                column,
                value,
                problem,
                bad.cause.remedy,
            )
        )

    def notice(self, row: int | None, column: str, text: str) -> None:
        """Adds a notice about a row, or (None) the sheet."""
        written = self.header.written.get(column, column)
        self.notices.append(Notice(self.sheet.file, self.sheet.name, row, written, hidden(text)))


def _filled(row: list[Cell]) -> list[Cell]:
    return [cell for cell in row if cell not in (None, "") and not is_blank(cell)]


def _is_footer(filled: list[Cell]) -> bool:
    """A few cells that hold no code or number of anybody."""
    return len(filled) <= _FOOTER_CELLS and not any(
        re.search(r"[0-9A-Za-z]{15}", folded_as_shown(cell)) for cell in filled
    )


class BadColumn(Exception):
    """A BadCell with its column's slug."""

    def __init__(self, column: str, cause: BadCell) -> None:
        super().__init__(cause.problem)
        self.column = column
        self.cause = cause
