"""Where the tables of a sheet stand: headers of one to three rows, tables below one another and
beside one another, and what is above.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.intake.cells import Cell, folded_as_shown, is_blank
from qualwatch.intake.columns import Body, Grid
from qualwatch.intake.headers import (
    Header,
    Parts,
    Source,
    TableHead,
    compared,
    header_of,
    is_heading_word,
    is_opaque,
    is_row_index,
    shared_words,
    table_heads,
)
from qualwatch.intake.non_rows import holds_code, is_line_of_labels, words_of
from qualwatch.intake.sheets import Sheet
from qualwatch.intake.statements import has_word
from qualwatch.wording import gettext as _

_FIRST_ROWS = 1000  # the first header of a text file stands within so many
_LEAST_COUNTED = 5  # rows by which a counter is known whose heading says nothing
_DIGITS_OF_COUNT = 10
_MAX_HEADER_ROWS = 3
_MAX_BLANK_ROWS = 3  # between the rows of a header
_HEADING_WORDS = 2  # of a row that may be a header
_LONGEST_HEADING = 40
_WORDS_OF_STRANGE_HEADER = 3
_MOST_CELLS_OF_A_TITLE = 2
_DATA = re.compile(r"(?<!\d)\d{4,}(?!\d*年)")  # digits that no heading has
Rows = Sequence[Sequence[Cell]]


class Problem(NamedTuple):
    """Why a table is refused, and what to do."""

    columns: str
    problem: str
    remedy: str


@dataclass(slots=True)
class Block:
    """A table in a sheet: its header, its rows [first, end) and its positions [left, right).

    problem: why it is refused; its header may then be that of the nearest table. titles: what
    stands above it, or in groups of headings over its keys. counters: positions of columns that
    count its rows.
    """

    header: Header
    first: int
    end: int
    left: int
    right: int
    problem: Problem | None = None
    titles: list[Cell] = field(default_factory=list)
    counters: list[int] = field(default_factory=list)

    def overlaps(self, other: "Block") -> bool:
        """Whether both have columns in common."""
        return self.left < other.right and other.left < self.right


@dataclass(slots=True)
class Layout:
    """A sheet's tables in order, the rows above the first one, and its cells below that header.

    header_lines and titles: the words of the headers' rows and of those above the first one, to
    know them when they come again; title_rows: the indexes of titles above the other headers.
    """

    blocks: list[Block]
    above: list[int]
    grid: Grid | None
    header_lines: set[tuple[str, ...]] = field(default_factory=set)
    titles: set[tuple[str, ...]] = field(default_factory=set)
    title_rows: set[int] = field(default_factory=set)

    def body(self, block: Block) -> Body:
        """The rows of a table as columns."""
        if self.grid is None:
            raise ValueError("a sheet without a table has no body")
        return Body(self.grid, block.header, block.first, block.end)


def layout_of(sheet: Sheet) -> Layout:
    """The tables of a sheet; none where no row is a header."""
    fill_merged(sheet)
    head = sheet.head(_FIRST_ROWS)
    scan = _Scan(sheet, head)
    for index, row in enumerate(head):
        if scan.may_be_header(row) and scan.add_blocks(index, is_first=True):
            break
    if not scan.blocks:
        return Layout([], list(range(len(head))), None)
    top = min(block.header.top for block in scan.blocks)
    last = max(block.header.row for block in scan.blocks)
    scan.grid = Grid(sheet, last, max(map(len, head[top : last + 1])))
    for index in scan.grid.heading_rows():
        scan.add_blocks(index, is_first=False)
    end = scan.grid.first + scan.grid.length
    for block in scan.blocks:
        block.end = min(block.end, end)
        block.header = _without_empty_columns(block, scan.grid)
        _find_counters(block, scan.grid)
    _find_titles(scan, top)
    titles = {words_of(row) for row in head[:top] if not holds_code(row)} - {()}
    return Layout(scan.blocks, list(range(top)), scan.grid, scan.header_lines, titles, scan.titles)


@dataclass
class _Scan:
    sheet: Sheet
    head: Rows
    grid: Grid | None = None
    blocks: list[Block] = field(default_factory=list)
    header_lines: set[tuple[str, ...]] = field(default_factory=set)
    titles: set[int] = field(default_factory=set)
    _floor: int = 0  # rows above are part of an earlier header

    def may_be_header(self, row: Sequence[Cell]) -> bool:
        """Whether a row has enough words that are headings."""
        return sum(map(is_heading_word, row)) >= _HEADING_WORDS

    def row(self, index: int) -> Sequence[Cell] | None:
        """The cells of a row; None behind the last one."""
        if self.grid is None or index < self.grid.first:
            return self.head[index] if index < len(self.head) else None
        return self.grid.row(index) if index < self.grid.first + self.grid.length else None

    def add_blocks(self, index: int, *, is_first: bool) -> bool:
        """Adds the tables whose header a row belongs to; whether there are any."""
        row = self.row(index)
        if row is None or index < self._floor:
            return False
        if not is_first and self._is_again(index, row):
            return False
        blocks = self._blocks_at(index, row, is_first=is_first)
        new = [block for block in blocks if not self._is_repeated(block)]
        for block in blocks:
            if self.blocks:
                self._note_titles_above(block)
            self._remember(block.header.top, block.header.row)
        for block in new:
            self._end_blocks_above(block)
        self.blocks += new
        return bool(new)

    def _is_again(self, index: int, row: Sequence[Cell]) -> bool:
        """Whether a row is part of the header of the table it stands in, as it was above."""
        line = heading_line(row)
        for block in self.blocks:
            if block.end <= index or block.problem is not None:
                continue
            top, bottom = block.header.top, block.header.row
            lines = [heading_line(self.row(above) or ()) for above in range(top, bottom + 1)]
            if line not in lines:
                continue
            first = index - lines.index(line)
            rows = [self.row(first + below) or () for below in range(len(lines))]
            if [heading_line(here) for here in rows] == lines:
                self._remember(first, first + len(lines) - 1)
                return True
            # a page may repeat the lowest row alone, where it names nearly all columns
            if line == lines[-1] and 2 * len(line) > len(block.header.headed_positions):
                self._remember(index, index)
                return True
        return False

    def _remember(self, top: int, bottom: int) -> None:
        """Knows the rows of a header, and the groups above it, when they come again."""
        while bottom - top + 1 < _MAX_HEADER_ROWS and self._is_line_of_groups(top - 1):
            top -= 1
        self._floor = max(self._floor, bottom + 1)
        for index in range(top, bottom + 1):
            row = self.row(index)
            if row is not None:
                self.header_lines.add(heading_line(row))

    def _is_repeated(self, new: Block) -> bool:
        """Whether a header says the same as that of the table it stands in."""
        return any(
            block.end > new.header.top
            and (block.left, block.right) == (new.left, new.right)
            and block.problem is None
            and new.problem is None
            and block.header.table is new.header.table
            and block.header.sources == new.header.sources
            for block in self.blocks
        )

    def _note_titles_above(self, block: Block) -> None:
        """Lines of one cell right above a header are titles, not rows of the table above."""
        for index in range(block.header.top - 1, max(self._floor, 0) - 1, -1):
            row = self.row(index) or ()
            filled = [position for position, cell in enumerate(row) if not is_blank(cell)]
            if len(filled) > 1 or (filled and filled[0] != block.left) or holds_code(row):
                break
            if filled and not is_heading_word(row[block.left]):
                self.titles.add(index)

    def _end_blocks_above(self, new: Block) -> None:
        for block in self.blocks:
            if block.end > new.header.top and block.overlaps(new):
                is_beside = new.left >= _width_of(block.header)
                if is_beside and block.left < new.left:
                    block.right = new.left
                else:
                    block.end = new.header.top

    def _blocks_at(self, index: int, row: Sequence[Cell], *, is_first: bool) -> list[Block]:
        beside = [] if is_first or _is_words_only(row) else self._blocks_beside(index, row)
        if beside:
            return beside
        # with a single word a row may be a header that is not known, but heads no table that is
        choice = self._best_header(index, row) if self.may_be_header(row) else None
        if choice is not None:
            return choice
        return [] if is_first else self._unknown_block(index, row)

    def _best_header(self, index: int, row: Sequence[Cell]) -> list[Block] | None:
        """The tables of the row that are explained best, over one to three rows."""
        if not _is_mostly_words(row):
            return None
        best: Header | None = None
        best_headings: list[Parts] = []
        for rows in self._spans(index):
            cells = [self.row(at) or () for at in rows]
            headings = _headings(cells, self._merged(rows))
            for table in table_heads().values():
                header = header_of(headings, table, (rows[0], rows[-1]))
                if header and (best is None or header.strength > best.strength):
                    best, best_headings = header, headings
        if best is None:
            return None
        beside = _split(best, best_headings)
        blocks = beside or [_block(best)]
        return [self._checked(block) for block in blocks]

    def _spans(self, index: int) -> Iterator[list[int]]:
        """The rows of each header that a row may belong to; blank rows between are passed over."""
        above = self._beside(index, -1, self._is_group_row)[::-1]
        below = self._rows_below(index)
        for first in range(len(above), -1, -1):
            for count in range(len(below) + 1):
                rows = [*above[first:], index, *below[:count]]
                if len(rows) <= _MAX_HEADER_ROWS:
                    yield rows

    def _beside(self, index: int, step: int, belongs: Callable[[int], bool]) -> list[int]:
        """The next rows that are not blank, up or down, as long as they may belong to a header."""
        rows: list[int] = []
        blank = 0
        while len(rows) < _MAX_HEADER_ROWS - 1 and blank <= _MAX_BLANK_ROWS:
            index += step
            row = self.row(index) if index >= self._floor else None
            if row is None:
                break
            if all(map(is_blank, row)):
                blank += 1
            elif belongs(index):
                rows.append(index)
            else:
                break
        return rows

    def _merged(self, indexes: Sequence[int]) -> dict[tuple[int, int], int]:
        """By row (its position in `indexes`) and column: the first position behind the cells merged
        with it.
        """
        return {
            (level, left): right + 1
            for level, index in enumerate(indexes)
            for left, right in self._merged_of_row.get(index, ())
        }

    @cached_property
    def _merged_of_row(self) -> dict[int, list[tuple[int, int]]]:
        areas: dict[int, list[tuple[int, int]]] = {}
        for top, left, _bottom, right in self.sheet.merged or ():
            if right > left:
                areas.setdefault(top, []).append((left, right))
        return areas

    def _is_line_of_groups(self, index: int) -> bool:
        row = self.row(index) if index >= self._floor else None
        words = [compared(cell) for cell in row or () if not is_blank(cell)]
        return len(words) > 1 and all(word.endswith(shared_words().groups) for word in words)

    def _rows_below(self, index: int) -> list[int]:
        """The next rows that may belong to a row's header; a remark beyond its last cell, whatever
        it is, does not matter.
        """
        width = max((right for _left, right in _runs(self.row(index) or ())), default=0)
        return self._beside(index, 1, lambda at: _is_words_only((self.row(at) or ())[:width]))

    def _is_group_row(self, index: int) -> bool:
        """Whether a row above a header may group its columns; a title does not."""
        row = self.row(index)
        if row is None or not _is_words_only(row):
            return False
        filled = [position for position, cell in enumerate(row) if not is_blank(cell)]
        return len(filled) > 1 or filled != [0]

    def _checked(self, block: Block) -> Block:
        """The block, refused where a required column is missing or a second row is not clear."""
        header = block.header
        if header.missing:
            columns = "、".join(header.missing)
            problem = _("{table}表缺少列：{columns}").format(
                table=header.table.name, columns=columns
            )
            remedy = _("补上这些列，或把表头改为说明书的写法")
            return replace(block, problem=Problem(columns, problem, remedy))
        unclear = self._unclear_columns(header)
        if unclear:
            problem = _("表头分作第 {first} 至 {last} 行，认不出「{columns}」下面各列").format(
                first=header.top + 1, last=header.row + 2, columns="、".join(unclear)
            )
            remedy = _("把表头合为一行，每列写全名称，如 有效期起、有效期止")
            return replace(block, problem=Problem("、".join(unclear), problem, remedy))
        self._doubt_merged_columns(header)
        return block

    def _unclear_columns(self, header: Header) -> list[str]:
        """Headings over several columns that the next row names, where these names are not
        understood.
        """
        below = next(map(self.row, self._rows_below(header.row)), None)
        if below is None:
            return []
        key_cells = [_at(below, position) for position in header.key_positions]
        if any(not is_blank(cell) and not is_heading_word(cell) for cell in key_cells):
            return []
        if heading_line(below) in self._lines_of(header):
            return []
        return [
            source.written
            for slug, sources in header.sources.items()
            for source in sources
            if header.table.columns[slug].decides and _is_group_over(source.position, header, below)
        ]

    def _lines_of(self, header: Header) -> set[tuple[str, ...]]:
        rows = (self.row(index) or () for index in range(header.top, header.row + 1))
        return {heading_line(row) for row in rows}

    def _doubt_merged_columns(self, header: Header) -> None:
        """Columns without a heading of their own that are merged with one that is read."""
        named = {source.position for sources in header.sources.values() for source in sources}
        for (_row, left), right in self._merged([header.row]).items():
            if left in named:
                written = folded_as_shown(_at(self.row(header.row) or (), left))
                header.doubtful.extend(
                    Source(position, written) for position in range(left + 1, right)
                )

    def _blocks_beside(self, index: int, row: Sequence[Cell]) -> list[Block]:
        """Tables that begin beside the rows of another one."""
        blocks = []
        above = [block for block in self.blocks if block.end > index]
        width = max((_width_of(block.header) for block in above), default=0)
        for left, right in _runs(row):
            if left < width:
                continue
            cells = row[left:right]
            if sum(map(is_heading_word, cells)) < _HEADING_WORDS or not _is_words_only(cells):
                continue
            header = _best([(folded_as_shown(cell),) for cell in cells], (index, index), left)
            if header and header.is_whole:
                blocks.append(_block(header, left, right))
        return blocks

    def _is_strange_header(self, index: int, row: Sequence[Cell]) -> bool:
        """Whether a line of words of which few are known heads rows that hold codes."""
        filled = {
            position: folded_as_shown(cell)
            for position, cell in enumerate(row)
            if not is_blank(cell)
        }
        if len(filled) < _WORDS_OF_STRANGE_HEADER or is_line_of_labels(filled):
            return False
        below = self.row(index + 1)
        return below is not None and holds_code(below) and any(map(is_heading_word, row))

    def _unknown_block(self, index: int, row: Sequence[Cell]) -> list[Block]:
        """A table whose header is not understood, where a row is clearly a header."""
        filled = [cell for cell in row if not is_blank(cell)]
        words = sum(map(is_heading_word, filled))
        is_header = words >= _HEADING_WORDS and 2 * words >= len(filled)
        if not _is_words_only(row) or not (is_header or self._is_strange_header(index, row)):
            return []
        nearest = self.blocks[-1].header
        header = Header(index, index, nearest.table, {}, [], [], [], [])
        columns = "、".join(folded_as_shown(cell) for cell in filled)
        problem = Problem(columns, _("没有认出这一行表头"), _("把表头改为说明书的写法"))
        return [replace(_block(header), problem=problem)]


def _find_titles(scan: _Scan, top: int) -> None:
    """Notes each table's titles: the lines right above it, or those of the page."""
    page = list(range(top))
    for block in scan.blocks:
        above = block.header.top
        lines = [] if above == top else list(_title_lines(scan, above))
        for index in lines or page:
            block.titles += _cells_above(scan.row(index) or (), block)
        if block.left and not lines and above > top:
            row = scan.row(above - 1) or ()
            beside = [cell for cell in row[block.left : block.right] if not is_blank(cell)]
            block.titles += beside if len(beside) == 1 else []
        sources = block.header.sources.items()
        block.titles += [
            source.written
            for slug, of_slug in sources
            if slug in block.header.table.identified_by
            for source in of_slug
            if block.header.row > block.header.top
        ]


def _title_lines(scan: _Scan, above: int) -> Iterator[int]:
    """The lines of titles right above a header, blank rows between them."""
    for index in range(above - 1, -1, -1):
        row = scan.row(index) or ()
        filled = [cell for cell in row if not is_blank(cell)]
        is_stating = any(map(has_word, filled)) and _is_line_of_title(row, len(filled))
        if index in scan.titles or (is_stating and not holds_code(row)):
            yield index
        elif filled:
            return


def _is_line_of_title(row: Sequence[Cell], filled: int) -> bool:
    """Whether a line is short, or has only labels with their values behind its first cell."""
    if filled <= _MOST_CELLS_OF_A_TITLE:
        return True
    texts = ((position, folded_as_shown(cell)) for position, cell in enumerate(row))
    return is_line_of_labels({position: text for position, text in texts if text})


def _cells_above(row: Sequence[Cell], block: Block) -> list[Cell]:
    """The filled cells of a line that stand over a table; a single one stands over all."""
    filled = [(position, cell) for position, cell in enumerate(row) if not is_blank(cell)]
    if len(filled) == 1:
        return [filled[0][1]]
    return [cell for position, cell in filled if block.left <= position < block.right]


def fill_merged(sheet: Sheet) -> None:
    """Repeats the cell of an area merged over several rows in each of them."""
    tall = [area for area in sheet.merged or () if area[2] > area[0]]
    if not tall:
        return
    rows = sheet.rows
    for top, left, bottom, _right in tall:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for index in range(top + 1, min(bottom + 1, len(rows))):
            if left < len(rows[index]):
                rows[index][left] = rows[top][left]


def heading_line(row: Sequence[Cell]) -> tuple[str, ...]:
    """A header's row for comparing, without its blanks."""
    return tuple(filter(None, map(compared, row)))


def _without_empty_columns(block: Block, grid: Grid) -> Header:
    """The header without columns that no row fills, where others of their meaning are there."""
    header = block.header
    vague: dict[str, list[Source]] = {}
    for slug, source in header.passed_over:
        vague.setdefault(slug, []).append(source)
    several = {slug for slug, sources in header.sources.items() if len(sources) > 1}
    sources = dict(header.sources)
    passed_over = list(header.passed_over)
    for slug in sorted(several | vague.keys()):
        filled = _filled(sources[slug], block, grid)
        if not filled and (filled := _filled(vague.get(slug, ()), block, grid)):
            filled = tuple(replace(source, is_vague=True) for source in filled)
            passed_over = [pair for pair in passed_over if pair[0] != slug]
        sources[slug] = filled or sources[slug][:1]
    return replace(header, sources=sources, passed_over=passed_over)


def _find_counters(block: Block, grid: Grid) -> None:
    """Notes columns that only count the rows: nothing can rest on them."""
    header = block.header
    doubtful = [source.position for source in header.doubtful if is_opaque(source.written)]
    headless = grid.filled_positions(block.first, block.end, header.headed_positions, block.right)
    for position in [*doubtful, *(position for position in headless if position >= block.left)]:
        written = next((each.written for each in header.doubtful if each.position == position), "")
        if _is_counter(position, block, grid, least=1 if is_row_index(written) else _LEAST_COUNTED):
            block.counters.append(position)
    header.doubtful[:] = [each for each in header.doubtful if each.position not in block.counters]


def _is_counter(position: int, block: Block, grid: Grid, *, least: int) -> bool:
    """Whether a column has a number in every row with a key, from 0 or 1, each one more."""
    first, length = block.first - grid.first, block.end - block.first
    column = grid.column(position).slice(first, length)
    numbers = [_whole_number(cell) for cell in column.cells]
    # most columns, without a look at the keys
    if sum(number is not None for number in numbers) < least:
        return False
    keys = [grid.column(at).slice(first, length) for at in block.header.key_positions]
    has_key = _any(key.where(_may_be_code) for key in keys)
    if has_key is None:
        return False
    rows = column.codes.filter(has_key)
    start = numbers[rows[0].as_py()] if len(rows) else None
    if len(rows) < least or start not in (0, 1):
        return False
    return [numbers[code] for code in rows.to_pylist()] == list(range(start, start + len(rows)))


def _whole_number(cell: Cell) -> int | None:
    text = folded_as_shown(cell).removesuffix(".0")
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS_OF_COUNT else None
    )


def _filled(sources: Iterable[Source], block: Block, grid: Grid) -> tuple[Source, ...]:
    """The columns that are filled in a row with a key; totals and titles fill others."""
    first, length = block.first - grid.first, block.end - block.first
    keys = [grid.column(position).slice(first, length) for position in block.header.key_positions]
    is_row = _any(key.where(_may_be_code) for key in keys)
    filled = []
    for source in sources:
        is_filled = grid.column(source.position).slice(first, length).where(_is_filled)
        if is_filled is not None and is_row is not None:
            is_filled = pc.and_(is_filled, is_row)
        if is_filled is not None and pc.any(is_filled).as_py():
            filled.append(source)
    return tuple(filled)


def _any(conditions: Iterable[pa.Array | None]) -> pa.Array | None:
    """Where one of several conditions is true; None where none ever is."""
    answer = None
    for condition in conditions:
        if condition is not None:
            answer = condition if answer is None else pc.or_(answer, condition)
    return answer


def _may_be_code(cell: Cell) -> bool:
    """Whether a cell holds a code, however it is spaced."""
    return holds_code([re.sub(r"[^0-9A-Za-z]", "", folded_as_shown(cell))])


def _is_filled(cell: Cell) -> bool:
    return not is_blank(cell)


def _block(header: Header, left: int = 0, right: int = 1 << 30) -> Block:
    return Block(header, header.row + 1, 1 << 60, left, right)


def _best(
    headings: Sequence[Parts], rows: tuple[int, int], left: int, tables: Sequence[TableHead] = ()
) -> Header | None:
    """The header of the table that explains most of some headings."""
    candidates = (
        header_of(headings, table, rows, left) for table in tables or table_heads().values()
    )
    return max(
        (header for header in candidates if header is not None),
        key=lambda header: header.strength,
        default=None,
    )


def _split(whole: Header, headings: Sequence[Parts]) -> list[Block] | None:
    """The tables beside one another in a header; None where it is one table."""
    blanks = _blank_positions(headings)
    for ways in ([blanks, *([cut] for cut in blanks)], [[cut] for cut in _cuts_at_repeats(whole)]):
        choices = filter(None, (_blocks_between(whole, headings, way) for way in ways))
        best = max(choices, key=_clarity, default=None)
        if best is not None:
            return best
    return None


def _clarity(blocks: Sequence[Block]) -> tuple[int, int, int]:
    """Of several ways to split, the one with the fewest repeated columns and most that are read."""
    headers = [block.header for block in blocks]
    return (
        -sum(len(of_slug) - 1 for header in headers for of_slug in header.sources.values()),
        sum(len(header.sources) for header in headers),
        -len(blocks),
    )


def _blocks_between(
    whole: Header, headings: Sequence[Parts], cuts: Sequence[int]
) -> list[Block] | None:
    """The tables on the sides of some cuts, where all of them are whole."""
    edges = [0, *cuts, len(headings)]
    blocks = []
    for left, right in pairwise(edges):
        if not any(headings[left:right]):
            continue
        header = _best(headings[left:right], (whole.top, whole.row), left)
        if header is None or not header.is_whole:
            return None
        blocks.append(_block(header, left, right))
    explained = sum(len(block.header.sources) for block in blocks)
    unexplained = sum(map(_unexplained, (block.header for block in blocks)))
    if len(blocks) < 2 or explained <= len(whole.sources) or unexplained > _unexplained(whole):
        return None
    blocks[-1].right = 1 << 30
    return blocks


def _unexplained(header: Header) -> int:
    """How many headings of a header are not read."""
    return len(header.left_over) + len(header.doubtful)


def _blank_positions(headings: Sequence[Parts]) -> list[int]:
    """Places without a heading between others, the first of each run."""
    filled = [position for position, parts in enumerate(headings) if parts]
    return [position + 1 for position, following in pairwise(filled) if following > position + 1]


def _cuts_at_repeats(whole: Header) -> list[int]:
    """Where the headings of a second table may begin: at another column of one meaning."""
    return sorted({source.position for sources in whole.sources.values() for source in sources[1:]})


def _headings(rows: Rows, merged: dict[tuple[int, int], int]) -> list[Parts]:
    """The words over each column, from the top; a group's word stands over all its columns."""
    width = max(map(len, rows))
    groups = [
        _spread(row, width, {left: right for (at, left), right in merged.items() if at == level})
        for level, row in enumerate(rows)
    ]
    own = [[folded_as_shown(_at(row, position)) for position in range(width)] for row in rows]
    return [
        _parts([line[position] for line in own], [line[position] for line in groups])
        for position in range(width)
    ]


def _parts(own: Sequence[str], groups: Sequence[str]) -> Parts:
    """A column's words from the top: the groups above its lowest word, and that."""
    lowest = max((level for level, word in enumerate(own) if word), default=None)
    if lowest is None:
        return ()
    words = [*groups[:lowest], own[lowest]]
    return tuple(word for word, _equal in groupby(words) if word)


def _spread(row: Sequence[Cell], width: int, merged: dict[int, int]) -> list[str]:
    """A row of groups, each over the blanks to its right, or over the cells merged with it."""
    words = [folded_as_shown(_at(row, position)) for position in range(width)]
    spread: list[str] = []
    group, until = "", 0
    for position, word in enumerate(words):
        if word:
            group, until = word, merged.get(position, width)
        spread.append(word or (group if position < until else ""))
    return spread


def _runs(row: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """The runs of filled cells."""
    left = None
    for position, cell in enumerate([*row, None]):
        if is_blank(cell):
            if left is not None:
                yield left, position
            left = None
        elif left is None:
            left = position


def _is_words_only(row: Sequence[Cell]) -> bool:
    """Whether every filled cell is a short text without a code, number or day.

    False for a blank row.
    """
    filled = [cell for cell in row if not is_blank(cell)]
    return bool(filled) and all(map(_is_word, filled))


def _is_mostly_words(row: Sequence[Cell]) -> bool:
    filled = [cell for cell in row if not is_blank(cell)]
    return 2 * sum(map(_is_word, filled)) > len(filled)


def _is_word(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return False
    return len(cell) <= _LONGEST_HEADING and not _DATA.search(compared(cell))


def _is_group_over(position: int, header: Header, below: Sequence[Cell]) -> bool:
    """Whether a heading has none beside it and names under both positions."""
    return (
        not is_blank(_at(below, position))
        and position + 1 not in header.headed_positions
        and not is_blank(_at(below, position + 1))
    )


def _width_of(header: Header) -> int:
    """The position behind the last heading of a header."""
    return max(header.headed_positions, default=0) + 1


def _at(row: Sequence[Cell], position: int) -> Cell:
    return row[position] if position < len(row) else None
