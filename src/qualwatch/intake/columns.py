"""The cells of a sheet as columns: every distinct cell is read once, however many rows carry it."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.intake.cells import Cell, is_blank
from qualwatch.intake.headers import Header, Source, first_characters, is_heading_word
from qualwatch.intake.problems import BadCell
from qualwatch.intake.repeated_columns import (
    ENDS_BY_VAGUE_HEADING,
    doubt_of,
    filled_vaguely,
    joined,
)
from qualwatch.intake.sheets import Sheet, readable_text

CODE = pa.int32()
HEADING_WORDS = 2  # a row with so many may be a header
_MOST_SINGLE_HEADINGS = 20  # a heading that a column repeats more often is a value


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
    """Cells coded: cells[codes[r]] is the cell of row r."""

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

    def where(self, is_true: Callable[[Cell], bool]) -> pa.Array | None:
        """Per row, whether something is true of its cell; None where it is of none."""
        answers = [is_true(cell) for cell in self.cells]
        return pa.array(answers, pa.bool_()).take(self.codes) if any(answers) else None

    @property
    def is_filled(self) -> bool:
        """Whether any row has a cell that is not blank."""
        filled = [code for code, cell in enumerate(self.cells) if not is_blank(cell)]
        return bool(filled) and bool(
            pc.any(pc.is_in(self.codes, value_set=pa.array(filled, self.codes.type))).as_py()
        )

    def slice(self, first: int, length: int) -> "Column":
        """Some rows."""
        if first == 0 and length == len(self.codes):
            return self
        return Column(self.codes.slice(first, length), self.cells)


class Grid:
    """All cells of a sheet below a row index, by position; each column is coded once."""

    def __init__(self, sheet: Sheet, after: int, width: int) -> None:
        self.first = after + 1
        self.width = width
        self._texts = sheet.text_columns(after, width)
        self._coded = sheet.coded_columns(after)
        self._rows: list[list[Cell]] = []
        if self._texts is not None:
            self.length = len(self._texts[0])
        elif self._coded:
            self.length, self.width = len(self._coded[0][0]), len(self._coded)
        else:
            self._rows = sheet.rows[self.first :]
            self.length = len(self._rows)
            self.width = max(map(len, self._rows), default=0)
        self._columns: dict[int, Column] = {}
        self._distinct_texts: dict[int, pa.Array] = {}

    def column(self, position: int) -> Column:
        """The cells at one position of every row; None where a row is shorter."""
        if position not in self._columns:
            self._columns[position] = self._coded_column(position)
        return self._columns[position]

    def row(self, index: int) -> list[Cell]:
        """The cells of a row of the sheet."""
        below = index - self.first
        if self._rows:
            return self._rows[below]
        columns = (self.column(position) for position in range(self.width))
        return [column.cells[column.codes[below].as_py()] for column in columns]

    def heading_rows(self) -> list[int]:
        """Row indexes with two or more words that are headings of tables; and with a single one,
        unless its column has it so often that it is a value.
        """
        if self._rows:
            words = _WordCount()
            counts = [words.of(row) for row in self._rows]
            single = [below for below, count in enumerate(counts) if count == 1]
            most = 0 if len(single) > _MOST_SINGLE_HEADINGS else 1
            return [self.first + below for below, count in enumerate(counts) if count > 1 - most]
        count = None
        for position in range(self.width):
            is_word = self._are_heading_words(position)
            if is_word is None:
                continue
            is_often = is_word.true_count > _MOST_SINGLE_HEADINGS
            here = pc.multiply(is_word.cast(pa.int32()), 1 if is_often else HEADING_WORDS)
            count = here if count is None else pc.add(count, here)
        if count is None:
            return []
        below = pc.indices_nonzero(pc.greater_equal(count, HEADING_WORDS)).to_pylist()
        return [self.first + index for index in below]

    def _are_heading_words(self, position: int) -> pa.Array | None:
        """Per row, whether its cell is a heading; None where no cell of the column is."""
        column, texts = self.column(position), self._distinct_texts.get(position)
        if texts is None:
            return column.where(is_heading_word)
        begins = pa.array(first_characters(), pa.string())
        may_be = pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), value_set=begins)
        positions = pc.indices_nonzero(may_be).to_pylist()
        words = [position for position in positions if is_heading_word(column.cells[position])]
        if not words:
            return None
        return pc.is_in(column.codes, value_set=pa.array(words, column.codes.type))

    def rows_with(
        self, pattern: re.Pattern[str], is_true: Callable[[Cell], bool], left: int, right: int
    ) -> list[int]:
        """Row indexes where a cell of the columns [left, right) has a pattern and is so."""
        indexes: set[int] = set()
        for position in range(left, min(right, self.width)):
            is_chosen = self.where(position, pattern, is_true)
            if is_chosen is not None:
                indexes.update(pc.indices_nonzero(is_chosen).to_pylist())
        return sorted(self.first + index for index in indexes)

    def where(
        self, position: int, pattern: re.Pattern[str], is_true: Callable[[Cell], bool]
    ) -> pa.Array | None:
        """Per row, whether its cell at a position has a pattern of words and is so; None where none
        is.
        """
        column, texts = self.column(position), self._distinct_texts.get(position)
        if texts is not None:
            is_match = pc.match_substring_regex(texts, pattern.pattern)
            codes = pc.indices_nonzero(is_match).to_pylist()
        else:
            search = pattern.search
            codes = [
                code
                for code, cell in enumerate(column.cells)
                if isinstance(cell, str) and not cell.isascii() and search(cell)
            ]
        chosen = [code for code in codes if is_true(column.cells[code])]
        if not chosen:
            return None
        return pc.is_in(column.codes, value_set=pa.array(chosen, column.codes.type))

    def filled_positions(
        self, first: int, end: int, headed: Collection[int], right: int
    ) -> list[int]:
        """Places up to `right` without a heading that are filled in some rows."""
        if self._rows:
            rows = self._rows[first - self.first : end - self.first]
            return _filled_positions(rows, headed, right)
        others = (position for position in range(min(right, self.width)) if position not in headed)
        return [
            position
            for position in others
            if self.column(position).slice(first - self.first, end - first).is_filled
        ]

    def _coded_column(self, position: int) -> Column:
        if self._texts is not None:
            coded = self._texts[position].dictionary_encode()
            self._distinct_texts[position] = coded.dictionary
            texts = coded.dictionary.to_pylist()
            if pc.any(pc.starts_with(coded.dictionary, "=")).as_py():
                texts = [readable_text(text) for text in texts]
            return Column(coded.indices, texts)
        if self._coded and position < len(self._coded):
            return Column(*self._coded[position])
        if self._coded:
            return Column(pa.repeat(pa.scalar(0, CODE), self.length), [None])
        return _coded(row[position] if position < len(row) else None for row in self._rows)


@dataclass(slots=True)
class _WordCount:
    """Counts a row's words that are headings; every distinct cell is looked at once."""

    is_heading: dict[Cell, bool] = field(default_factory=dict)

    def of(self, row: Sequence[Cell]) -> int:
        """How many cells are headings."""
        count = 0
        for cell in row:
            is_word = self.is_heading.get(cell)
            if is_word is None:
                is_word = self.is_heading[cell] = is_heading_word(cell)
            count += is_word
        return count


class Body:
    """Rows below a header, by column slug; a column that is not there is empty."""

    def __init__(self, grid: Grid, header: Header, first: int, end: int) -> None:
        self._grid = grid
        self._header = header
        self._below = first - grid.first
        self.length = end - first

    def column(self, slug: str) -> Column:
        """One column's cells, in the table's words."""
        sources = self._header.sources.get(slug)
        if sources is None:
            return Column(pa.repeat(pa.scalar(0, CODE), self.length), [None])
        if len(sources) == 1:
            column = self._at(sources[0].position)
            if not sources[0].stated:
                return column
            return Column(column.codes, [sources[0].cell(cell) for cell in column.cells])
        together = self._together([source.position for source in sources])
        resolved = [joined(self._header, slug, row)[0] for row in together.cells]
        return Column(together.codes, resolved)

    def joined(self, *slugs: str) -> Column:
        """Several columns as one whose cells are tuples."""
        return _joined([self.column(slug) for slug in slugs])

    def where_together(
        self, slugs: Sequence[str], is_true: Callable[[Sequence[Cell]], bool]
    ) -> pa.Array:
        """Per row, whether something is true of its cells of some columns."""
        if not slugs:
            return pa.repeat(pa.scalar(is_true(())), self.length)
        condition = self.joined(*slugs).where(is_true)
        return pa.repeat(pa.scalar(value=False), self.length) if condition is None else condition

    def where_with(
        self, position: int, pattern: re.Pattern[str], is_true: Callable[[Cell], bool]
    ) -> pa.Array | None:
        """Per row, whether its cell at a position has a pattern of words and is so; None where none
        is.
        """
        condition = self._grid.where(position, pattern, is_true)
        return None if condition is None else condition.slice(self._below, self.length)

    def is_filled_at(self, position: int) -> bool:
        """Whether any row has a cell at a position."""
        return self._at(position).is_filled

    def where_at(self, position: int, is_true: Callable[[Cell], bool]) -> pa.Array | None:
        """Per row, whether something is true of its cell at a position; None where of none."""
        return self._at(position).where(is_true)

    def in_doubt(self) -> pa.Array | None:
        """Per row, whether columns of one meaning differ or something filled was not understood.

        None where it is so in no row.
        """
        doubts = [
            self._together([source.position for source in sources]).where(
                partial(self._differ, slug)
            )
            for slug, sources in self._header.sources.items()
            if len(sources) > 1
        ]
        doubts += [
            self._at(source.position).where(partial(_is_doubtful, source))
            for source in self._header.doubtful
        ]
        doubts += [
            self._together(self._header.positions_of(slug)).where(
                partial(self._is_filled_vaguely, slug)
            )
            for slug in ENDS_BY_VAGUE_HEADING
            if slug in self._header.sources and self._header.vague_beside(slug)
        ]
        answer = None
        for doubt in doubts:
            if doubt is not None:
                answer = doubt if answer is None else pc.or_(answer, doubt)
        return answer

    def _differ(self, slug: str, row: Sequence[Cell]) -> bool:
        return joined(self._header, slug, row)[1] is not None

    def _is_filled_vaguely(self, slug: str, row: Sequence[Cell]) -> bool:
        return filled_vaguely(self._header, slug, row) is not None

    def _together(self, positions: Sequence[int]) -> Column:
        return _joined([self._at(position) for position in positions])

    def _at(self, position: int) -> Column:
        return self._grid.column(position).slice(self._below, self.length)


def _is_doubtful(source: Source, cell: Cell) -> bool:
    return doubt_of(source, cell) is not None


def _joined(columns: Sequence[Column]) -> Column:
    first, *others = columns
    together = Column(first.codes, [(cell,) for cell in first.cells])
    for other in others:
        together = _with_column(together, other)
    return together


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


def _filled_positions(
    rows: Sequence[Sequence[Cell]], headed: Collection[int], right: int
) -> list[int]:
    width = max(headed, default=-1) + 1
    between = [position for position in range(width) if position not in headed]
    filled: set[int] = set()
    for row in rows:
        positions = [position for position in between if position < len(row)]
        if len(row) > width:
            positions += range(width, min(len(row), right))
        filled.update(
            position
            for position in positions
            if row[position] not in (None, "") and not is_blank(row[position])
        )
    return sorted(filled)
