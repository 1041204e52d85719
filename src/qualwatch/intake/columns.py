"""The rows of a sheet as columns: every distinct cell is read once, however many rows carry it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.intake.cells import Cell
from qualwatch.intake.headers import Header
from qualwatch.intake.problems import BadCell
from qualwatch.intake.sheets import Sheet, readable_text

CODE = pa.int32()


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column whose distinct cells have been read. values[c] belongs to code c.

    None where it was rejected.
    """

    codes: pa.Array
    values: list[Any]
    accepted: pa.Array

    @property
    def is_accepted(self) -> pa.Array:
        """Per row, whether its cell could be read."""
        return self.accepted.take(self.codes)

    def as_array(self, kind: pa.DataType, pick: Callable[[Any], Any] | None = None) -> pa.Array:
        """Per row, the value (or what `pick` makes of it)."""
        values = self.values
        if pick is not None:
            values = [None if value is None else pick(value) for value in values]
        return pa.array(values, kind).take(self.codes)


@dataclass(frozen=True, slots=True)
class Column:
    """Cells coded: cells[codes[r]] is the cell of row r below the header."""

    codes: pa.Array
    cells: list[Cell]

    def read(self, read: Callable[[Cell], Any]) -> ReadColumn:
        """Every distinct cell read once."""
        values, accepted = [], []
        for cell in self.cells:
            try:
                values.append(read(cell))
                accepted.append(True)
            except BadCell:
                values.append(None)
                accepted.append(False)
        return ReadColumn(self.codes, values, pa.array(accepted, pa.bool_()))


class Body:
    """Everything below a sheet's header, by column slug; a column that is not there is empty."""

    def __init__(self, sheet: Sheet, header: Header) -> None:
        self._places = header.places
        self._width = len(sheet.head(header.row + 1)[header.row])
        self._texts = sheet.text_columns(header.row, self._width)
        self._coded = sheet.coded_columns(header.row)
        self._rows: list[list[Cell]] = []
        if self._texts is not None:
            self.length = len(self._texts[0])
        elif self._coded:
            self.length = len(self._coded[0][0])
        else:
            self._rows = sheet.rows[header.row + 1 :]
            self.length = len(self._rows)

    def first_answer(self, answer: Callable[[Cell], bool | None]) -> pa.Array:
        """Per row, the answer for the first cell that has one; false where no cell has."""
        answers = pa.nulls(self.length, pa.bool_())
        for index in range(self._width):
            column = self._at(index)
            of_column = pa.array([answer(cell) for cell in column.cells], pa.bool_())
            answers = pc.coalesce(answers, of_column.take(column.codes))
            if not answers.null_count:
                break
        return answers.fill_null(False)

    def column(self, slug: str) -> Column:
        """One column's cells."""
        index = self._places.get(slug)
        if index is None:
            return Column(pa.repeat(pa.scalar(0, CODE), self.length), [None])
        return self._at(index)

    def joined(self, *slugs: str) -> Column:
        """Several columns as one whose cells are tuples."""
        first, *others = [self.column(slug) for slug in slugs]
        joined = Column(first.codes, [(cell,) for cell in first.cells])
        for other in others:
            joined = _with_column(joined, other)
        return joined

    def _at(self, index: int) -> Column:
        if self._texts is not None:
            coded = self._texts[index].dictionary_encode()
            texts = coded.dictionary.to_pylist()
            return Column(coded.indices, [readable_text(text) for text in texts])
        if self._coded and index < len(self._coded):
            return Column(*self._coded[index])
        if self._coded:
            return Column(pa.repeat(pa.scalar(0, CODE), self.length), [None])
        return _coded(row[index] if index < len(row) else None for row in self._rows)


def _with_column(left: Column, right: Column) -> Column:
    """Columns of tuples and of cells as one column of longer tuples.

    Only the pairs that occur are made.
    """
    width = len(right.cells)
    codes = pc.multiply(left.codes.cast(pa.int64()), pa.scalar(width, pa.int64()))
    pairs = pc.add(codes, right.codes.cast(pa.int64())).dictionary_encode()
    cells = []
    for pair in pairs.dictionary.to_pylist():
        left_code, right_code = divmod(pair, width)
        cells.append((*left.cells[left_code], right.cells[right_code]))
    return Column(pairs.indices, cells)


def _coded(cells: Iterable[Cell]) -> Column:
    """Cells as codes, by type as well: 1, 1.0 and True are three cells."""
    code_of: dict[tuple[type, Cell], int] = {}
    codes = [code_of.setdefault((type(cell), cell), len(code_of)) for cell in cells]
    return Column(pa.array(codes, CODE), [cell for _type, cell in code_of])
