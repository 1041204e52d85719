"""The rows of a sheet as columns: every distinct cell is read once, however many rows carry it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.intake.cells import Cell
from qualwatch.intake.headers import Header
from qualwatch.intake.problems import BadCell
from qualwatch.intake.sheets import Sheet

CODE = pa.int32()


@dataclass(frozen=True, slots=True)
class Read:
    """A column whose distinct cells have been read. values[c] belongs to code c; None where it was refused."""

    codes: pa.Array
    values: list[Any]
    accepted: pa.Array

    @property
    def fine(self) -> pa.Array:
        """Per row, whether its cell was read."""
        return self.accepted.take(self.codes)

    def as_array(self, kind: pa.DataType, pick: Callable[[Any], Any] | None = None) -> pa.Array:
        """Per row, the value (or what `pick` takes of it)."""
        values = (
            self.values
            if pick is None
            else [None if value is None else pick(value) for value in self.values]
        )
        return pa.array(values, kind).take(self.codes)


@dataclass(frozen=True, slots=True)
class Column:
    """Cells coded: cells[codes[r]] is the cell of row r below the header."""

    codes: pa.Array
    cells: list[Cell]

    def read(self, read: Callable[[Cell], Any]) -> Read:
        """Every distinct cell read once."""
        values, accepted = [], []
        for cell in self.cells:
            try:
                values.append(read(cell))
                accepted.append(True)
            except BadCell:
                values.append(None)
                accepted.append(False)
        return Read(self.codes, values, pa.array(accepted, pa.bool_()))


class Body:
    """Everything below a sheet's header, by column slug; a column that is not there is empty."""

    def __init__(self, sheet: Sheet, header: Header) -> None:
        self._places = header.places
        self._width = len(sheet.head(header.row + 1)[header.row])
        self._texts = sheet.text_columns(header.row, self._width)
        self._rows = sheet.rows[header.row + 1 :] if self._texts is None else []
        self.length = len(self._rows) if self._texts is None else len(self._texts[0])

    def first_that_tells(self, tells: Callable[[Cell], bool | None]) -> pa.Array:
        """Per row, what the first cell says of which `tells` knows something; false where none does."""
        found = pa.nulls(self.length, pa.bool_())
        for at in range(self._width):
            column = self._at(at)
            told = pa.array([tells(cell) for cell in column.cells], pa.bool_())
            found = pc.coalesce(found, told.take(column.codes))
            if not found.null_count:
                break
        return found.fill_null(False)

    def column(self, slug: str) -> Column:
        """One column's cells."""
        at = self._places.get(slug)
        return (
            Column(pa.repeat(pa.scalar(0, CODE), self.length), [None])
            if at is None
            else self._at(at)
        )

    def joined(self, *slugs: str) -> Column:
        """Several columns as one whose cells are tuples."""
        first, *others = [self.column(slug) for slug in slugs]
        codes, cells = first.codes, [(cell,) for cell in first.cells]
        for other in others:
            width = pa.scalar(len(other.cells), pa.int64())
            both = pc.add(
                pc.multiply(codes.cast(pa.int64()), width), other.codes.cast(pa.int64())
            ).dictionary_encode()
            pairs = [divmod(pair, len(other.cells)) for pair in both.dictionary.to_pylist()]
            codes, cells = (
                both.indices,
                [(*cells[left], other.cells[right]) for left, right in pairs],
            )
        return Column(codes, cells)

    def _at(self, at: int) -> Column:
        if self._texts is not None:
            coded = self._texts[at].dictionary_encode()
            return Column(coded.indices, coded.dictionary.to_pylist())
        return _coded(row[at] if at < len(row) else None for row in self._rows)


def _coded(cells: Iterable[Cell]) -> Column:
    """Cells told apart by type as well: 1, 1.0 and True are three cells."""
    known: dict[tuple[type, Cell], int] = {}
    codes = [known.setdefault((type(cell), cell), len(known)) for cell in cells]
    return Column(pa.array(codes, CODE), [cell for _type, cell in known])
