"""The rows of one table in a sheet: lines that are no rows left out, each cell read once."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.intake.cells import Cell, folded_as_shown, is_blank, shown
from qualwatch.intake.columns import Body
from qualwatch.intake.headers import Header, compared, is_day_of_payment
from qualwatch.intake.layout import Block, Layout, heading_line
from qualwatch.intake.non_rows import (
    RowPositions,
    holds_code,
    is_code,
    is_surely_no_row,
    is_total,
)
from qualwatch.intake.problems import BadCell, in_a_line
from qualwatch.intake.repeated_columns import (
    ENDS_BY_VAGUE_HEADING,
    cell_of,
    doubt_of,
    filled_vaguely,
)
from qualwatch.intake.sheets import Sheet
from qualwatch.intake.statements import (
    KIND_COLUMN,
    TEXT_COLUMNS,
    Statement,
    any_word,
    doubt_by_remark,
    doubt_by_title,
    doubt_without_day,
    ends_section,
    has_word,
    is_contradicted,
    is_of_names,
    is_remark,
    is_spoken_for,
    is_value,
    may_state,
    speaking_columns,
    statement_of_name,
    statement_of_remark,
    statement_of_title,
)
from qualwatch.privacy import hidden, masked, masked_text
from qualwatch.wording import gettext as _

_LONGEST_IDENTITY = 40  # characters; a longer cell is free text
_MOST_CELLS_OF_A_TITLE = 2  # of a line that is not known as no row
MAX_ROWS = 20  # row numbers named in a notice
# tables whose key is a word, not a code
_KEYS_IN_WORDS = frozenset({"coverage"})


@dataclass(slots=True)
class Row:
    """One data row: its number from 1 and its cells by column slug.

    problem: why the row is in doubt whatever its cells are; None where it is not.
    """

    number: int
    cells: dict[str, Cell]
    problem: "BadColumn | None" = None


@dataclass
class SheetReader:
    """Reads the rows of one table in a sheet and keeps its account."""

    sheet: Sheet
    layout: Layout
    block: Block
    account: FileAccount
    rejections: list[Rejection]
    notices: list[Notice]
    _memo: dict[tuple[Callable[[Cell], Any], type, Cell], Any] = field(default_factory=dict)
    last_row: int = 0  # the last row of a refused table
    no_rows: list[int] = field(default_factory=list)  # numbers of lines that were left out

    @property
    def header(self) -> Header:
        """The header of the table."""
        return self.block.header

    def body(self) -> Body:
        """The rows below the header as columns."""
        return self.layout.body(self.block)

    def is_surely_data(self, body: Body) -> pa.Array:
        """Which rows below the header can be read by their cells alone; the others need a closer
        look.
        """
        doubts = [body.in_doubt(), *self._doubts_by_statement(body)]
        is_sure = pa.repeat(pa.scalar(value=True), body.length)
        for doubt in doubts:
            if doubt is not None:
                is_sure = pc.and_(is_sure, pc.invert(doubt))
        return is_sure

    def _doubts_by_statement(self, body: Body) -> Iterator[pa.Array]:
        """Per title and remark, which rows it puts in doubt."""
        for statement in self._statements_of_all:
            yield body.where_together(self._speaking, partial(self._is_silent, statement))
        yield from self._doubts_by_section(body)
        for position in self._payment_days:
            unpaid = body.where_at(position, is_blank)
            if unpaid is not None:
                yield unpaid
        for position in self.remark_positions:
            stated = body.where_with(position, any_word(), partial(self._has_remark, position))
            if stated is not None:
                is_silent = partial(self._is_silent, Statement(""))
                yield pc.and_(stated, body.where_together(self._speaking, is_silent))

    def _doubts_by_section(self, body: Body) -> Iterator[pa.Array]:
        """Which rows sections put in doubt: those that state alike are looked at together."""
        rows_by_kind: dict[Statement, list[range]] = {}
        for top, bottom, statement in self._sections:
            rows_by_kind.setdefault(replace(statement, text=""), []).append(range(top, bottom))
        first = self.block.first
        for kind, parts in rows_by_kind.items():
            is_beneath = bytearray(body.length)
            for rows in parts:
                is_beneath[rows.start - first : rows.stop - first] = b"\1" * len(rows)
            is_silent = body.where_together(self._speaking, partial(self._is_silent, kind))
            yield pc.and_(is_silent, pa.array(map(bool, is_beneath), pa.bool_()))

    def _has_remark(self, position: int, cell: Cell) -> bool:
        return self._remark_at(position, cell) is not None

    def _remark_at(self, position: int, cell: Cell) -> Statement | None:
        """What a cell of one of `remark_positions` says of its row."""
        is_name = position in self._name_positions
        return statement_of_remark(cell, self.header.table.slug, is_name=is_name)

    @cached_property
    def _payment_days(self) -> list[int]:
        """Columns of days of payment that some rows fill, where no other column says whether a
        month was paid.
        """
        if self.header.table.slug != "contributions" or set(self._speaking) - {KIND_COLUMN}:
            return []
        body = self.body()
        return [
            source.position
            for source in self.header.left_over
            if is_day_of_payment(source.written) and body.is_filled_at(source.position)
        ]

    def _is_silent(self, statement: Statement, cells: Sequence[Cell]) -> bool:
        return not is_spoken_for(self.header, statement, cells)

    def other_rows(self, is_clean: pa.Array) -> Iterator[Row]:
        """Data rows below the header that are not blank, without the clean ones, which are read
        already.
        """
        remaining = pc.indices_nonzero(pc.invert(is_clean)).to_pylist()
        for number, cells, row in self._lines(self.block.first + below for below in remaining):
            self.account.read += 1
            yield self._row(number, cells, row)
        self.note_lines_left_out()

    def refuse_rows(self) -> None:
        """Counts the rows of a table that is refused."""
        for number, _cells, _row in self._lines(range(self.block.first, self.block.end)):
            self.last_row = number
            self.account.read += 1
            self.account.refused += 1
        self.note_lines_left_out()

    def _lines(
        self, indexes: Iterator[int] | range
    ) -> Iterator[tuple[int, Sequence[Cell], Sequence[Cell]]]:
        """Lines that are neither blank nor surely no rows: row number, the table's cells, all
        cells.
        """
        keys = [position for position in self.header.key_positions if self._positions.are_codes]
        for index, row in self.sheet.rows_at(indexes):
            cells = self._cells_of_table(row)
            if any(position < len(cells) and is_code(cells[position]) for position in keys):
                yield index + 1, cells, row
            elif all(cell in (None, "") or is_blank(cell) for cell in cells):
                continue
            elif self._is_no_row(index, row, cells):
                self.account.not_rows += 1
                self.no_rows.append(index + 1)
            else:
                yield index + 1, cells, row

    def _is_no_row(self, index: int, row: Sequence[Cell], cells: Sequence[Cell]) -> bool:
        lines = self.layout.header_lines
        return (
            index in self.layout.title_rows
            or index in self._stating_lines
            or heading_line(cells) in lines
            or heading_line(row) in lines
            or is_surely_no_row(cells[self.block.left :], self._positions, self.layout.titles)
        )

    def _cells_of_table(self, row: Sequence[Cell]) -> Sequence[Cell]:
        """A row's cells by position; what stands beside the table is left out, unless a code."""
        left, right = self.block.left, self.block.right
        if self._width < len(row) and not holds_code(row[self._width : right]):
            right = self._width
        if left == 0:
            return row if right >= len(row) else row[:right]
        return [*[None] * left, *row[left:right]]

    @cached_property
    def _width(self) -> int:
        """The position behind the last heading."""
        return max(self.header.headed_positions, default=0) + 1

    @cached_property
    def _positions(self) -> RowPositions:
        keys = self.header.key_positions
        sources = self.header.sources
        read = {source.position for of_slug in sources.values() for source in of_slug}
        names = frozenset(source.position for source in sources.get("person_name", ()))
        are_codes = self.header.table.slug not in _KEYS_IN_WORDS
        return RowPositions(keys, frozenset(read) - keys - names, names, self.block.left, are_codes)

    def _row(self, number: int, row: Sequence[Cell], whole: Sequence[Cell]) -> Row:
        """The row of some cells; whole: with those beside the table."""
        cells = {
            slug: row[position] if position < len(row) else None
            for slug, position in self._plain_positions
        }
        problems = []
        for slug in self._other_columns:
            cells[slug], difference = cell_of(self.header, slug, row)
            if difference is not None:
                problems.append(BadColumn(slug, difference))
        problems += self._doubts_of_columns(row, cells)
        problems += self._doubts_of_row(number - 1, whole, cells)
        return Row(number, cells, problems[0] if problems else None)

    def _doubts_of_columns(
        self, row: Sequence[Cell], cells: dict[str, Cell]
    ) -> Iterator["BadColumn"]:
        """By columns that were not understood, or are blank while a vaguer one is filled."""
        for slug in ENDS_BY_VAGUE_HEADING:
            if slug in self.header.sources and self.header.vague_beside(slug):
                together = [_at(row, position) for position in self.header.positions_of(slug)]
                unclear = filled_vaguely(self.header, slug, together)
                if unclear is not None:
                    yield BadColumn(slug, unclear)
        for source in self.header.doubtful:
            cell = _at(row, source.position)
            doubt = doubt_of(source, cell)
            if doubt is not None:
                cells.setdefault(source.written, cell)
                yield BadColumn(source.written, doubt)

    def _doubts_of_row(
        self, index: int, row: Sequence[Cell], cells: dict[str, Cell]
    ) -> Iterator["BadColumn"]:
        """By a title above the row, or a remark beside it."""
        own = [cells.get(slug) for slug in self._speaking]
        of_section = self._section_of(index)
        for statement in [*self._statements_of_all, *([of_section] if of_section else [])]:
            if not is_spoken_for(self.header, statement, own):
                contrary = not statement.is_of_kind and is_contradicted(self.header, own)
                yield BadColumn("", doubt_by_title(statement, is_contradicted=contrary))
        for position in self._payment_days:
            if is_blank(_at(row, position)):
                yield BadColumn("", doubt_without_day())
        for position in self.remark_positions:
            remark = self._remark_at(position, _at(row, position))
            if remark is not None and not is_spoken_for(self.header, remark, own):
                yield BadColumn("", doubt_by_remark(remark))

    @cached_property
    def _speaking(self) -> tuple[str, ...]:
        return speaking_columns(self.header)

    @property
    def statements(self) -> list[tuple[int, int, Statement]]:
        """What titles and names state of rows: [first, end) as indexes, and the statement."""
        block = self.block
        of_all = ((block.first, block.end, statement) for statement in self._statements_of_all)
        return [*of_all, *self._sections]

    @cached_property
    def _statements_of_all(self) -> list[Statement]:
        """What the table's titles and the names of its file and sheet state of all its rows."""
        table = self.header.table.slug
        names = [statement_of_name(name, table) for name in (self.sheet.file, self.sheet.name)]
        titles = [statement_of_title(title, table) for title in self.block.titles]
        return list(dict.fromkeys(filter(None, [*names, *titles])))

    @cached_property
    def _sections(self) -> list[tuple[int, int, Statement]]:
        """The parts of the table under lines that state something of the rows beneath them, in
        order; none reaches into the next.
        """
        sections = []
        for index in sorted(self._stating_lines):
            statement = self._stating_lines[index]
            sections.append((index + 1, self._end_of_section(index, statement), statement))
        return sections

    def _section_of(self, index: int) -> Statement | None:
        """What the title of the section states in which a row index is."""
        at = bisect_right(self._sections, index, key=lambda section: section[0]) - 1
        if at < 0 or index >= self._sections[at][1]:
            return None
        return self._sections[at][2]

    def _end_of_section(self, index: int, statement: Statement) -> int:
        lines = self._lines_without_key
        for below in islice(lines, bisect_right(lines, index), None):
            if below in self._stating_lines:
                return below
            filled = self._filled_cells(below)
            if len(filled) != 1 or holds_code(filled):
                continue
            if ends_section(filled[0], statement.text):
                return below
        return self.block.end

    @cached_property
    def _lines_without_key(self) -> list[int]:
        """Row indexes where no key cell holds a code."""
        grid, block = self.layout.grid, self.block
        assert grid is not None
        first, length = block.first - grid.first, block.end - block.first
        has_key = pa.repeat(pa.scalar(value=False), length)
        for position in self.header.key_positions:
            is_code_here = (
                grid.column(position).slice(first, length).where(lambda c: holds_code([c]))
            )
            if is_code_here is not None:
                has_key = pc.or_(has_key, is_code_here)
        indexes: list[int] = pc.indices_nonzero(pc.invert(has_key)).to_pylist()
        return [block.first + below for below in indexes]

    def _filled_cells(self, index: int) -> list[Cell]:
        grid = self.layout.grid
        assert grid is not None
        return [cell for cell in self._cells_of_table(grid.row(index)) if not is_blank(cell)]

    @cached_property
    def _stating_lines(self) -> dict[int, Statement]:
        """By row index, lines without a key that state something of the rows beneath them."""
        grid, table = self.layout.grid, self.header.table.slug
        if grid is None:
            return {}
        lines = {}
        block = self.block
        for index in grid.rows_with(any_word(), may_state, block.left, self._width):
            if not block.first <= index < block.end:
                continue
            filled = self._filled_cells(index)
            if holds_code(filled) or not self._is_line_of_title(index, len(filled)):
                continue
            titles = [statement_of_title(cell, table) for cell in filled if may_state(cell)]
            stated = [statement for statement in titles if statement is not None]
            if stated and not is_total(filled):
                lines[index] = stated[0]
        return lines

    def _is_line_of_title(self, index: int, filled: int) -> bool:
        """Whether a line without a code is a title, not the rest of a row; filled: its cells."""
        assert self.layout.grid is not None
        cells = self._cells_of_table(self.layout.grid.row(index))
        left = self.block.left
        for slug in self._speaking:
            position = self.header.positions[slug]
            cell = _at(cells, position)
            is_alone = filled == 1 and (position == left or slug == KIND_COLUMN)
            if not is_alone and has_word(cell) and is_value(self.header, slug, cell):
                return False
        if filled <= _MOST_CELLS_OF_A_TITLE and not self._may_have_key(index):
            return True
        return is_surely_no_row(cells[left:], self._positions, self.layout.titles)

    def _may_have_key(self, index: int) -> bool:
        """Whether a key cell of a row is filled with anything but a word that states something."""
        grid = self.layout.grid
        assert grid is not None
        below = index - grid.first
        for position in self.header.key_positions:
            column = grid.column(position)
            cell = column.cells[column.codes[below].as_py()]
            if not is_blank(cell) and not may_state(cell):
                return True
        return False

    @cached_property
    def remark_positions(self) -> list[int]:
        """Columns that may hold remarks: those that are not read, without heading, or of texts to
        which people add one (张三（已离职）).
        """
        remarks = [
            source.position
            for source in self.header.left_over
            if is_remark(compared(source.written))
        ]
        within = [
            source.position for slug in TEXT_COLUMNS for source in self.header.sources.get(slug, ())
        ]
        return sorted({*remarks, *within, *self.positions_without_heading()})

    @cached_property
    def _name_positions(self) -> frozenset[int]:
        """Columns of firms' names, in which only an addition states something."""
        others = {
            source.position
            for source in self.header.left_over
            if is_of_names(compared(source.written))
        }
        return frozenset(others.union(s.position for s in self.header.sources.get("name", ())))

    @cached_property
    def _plain_positions(self) -> list[tuple[str, int]]:
        """The columns of the table that are read from a column of the sheet as it is."""
        sources = self.header.sources.items()
        return [
            (slug, of_slug[0].position)
            for slug, of_slug in sources
            if len(of_slug) == 1 and not of_slug[0].stated
        ]

    @cached_property
    def _other_columns(self) -> list[str]:
        plain = {slug for slug, _position in self._plain_positions}
        return [slug for slug in self.header.sources if slug not in plain]

    def positions_without_heading(self) -> list[int]:
        """Filled columns of the table that have no heading."""
        return self._positions_without_heading

    @cached_property
    def _positions_without_heading(self) -> list[int]:
        grid, block = self.layout.grid, self.block
        if grid is None:
            return []
        positions = grid.filled_positions(
            block.first, block.end, self.header.headed_positions, block.right
        )
        return [
            position
            for position in positions
            if position >= block.left and position not in block.counters
        ]

    def count_at(self, position: int, is_true: Callable[[Cell], bool]) -> int:
        """In how many rows something is true of the cell at a position."""
        condition = self.body().where_at(position, is_true)
        return 0 if condition is None else int(condition.true_count)

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
        problem = masked_text(bad.cause.problem)
        self.account.rejected += 1
        self.rejections.append(
            Rejection(
                self.sheet.file,
                self.sheet.name,
                row.number,
                self._heading_of(bad.column),
                value,
                problem,
                bad.cause.remedy,
            )
        )

    def notice(self, row: int | None, column: str, text: str) -> None:
        """Adds a notice about a row, or (None) the sheet."""
        written = self.header.written.get(column, column)
        sentence = hidden(in_a_line(text))
        self.notices.append(Notice(self.sheet.file, self.sheet.name, row, written, sentence))

    def _heading_of(self, column: str) -> str:
        """How a column is headed; of one without a slug the heading itself."""
        of_table = self.header.table.columns.get(column)
        return self.header.written.get(column) or (of_table.header if of_table else column)

    def note_lines_left_out(self) -> None:
        """One notice of all the lines that are no rows."""
        if self.no_rows:
            self.notice(
                self.no_rows[0],
                "",
                _("标题、合计、签章等不是数据的行，略过：第 {rows} 行").format(
                    rows=listed(self.no_rows)
                ),
            )


def _at(row: Sequence[Cell], position: int) -> Cell:
    return row[position] if position < len(row) else None


def listed(numbers: Sequence[int]) -> str:
    """Row numbers for a sentence."""
    shown_numbers = "、".join(map(str, numbers[:MAX_ROWS]))
    if len(numbers) <= MAX_ROWS:
        return shown_numbers
    return _("{rows}…（共 {count} 行）").format(rows=shown_numbers, count=len(numbers))


class BadColumn(Exception):
    """A BadCell with its column's slug."""

    def __init__(self, column: str, cause: BadCell) -> None:
        super().__init__(cause.problem)
        self.column = column
        self.cause = cause
