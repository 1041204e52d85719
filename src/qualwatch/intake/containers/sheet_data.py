"""A sheet as a reader of a container gives it: coded columns, or rows where most are empty.

It is passed between processes, so it holds plain values only.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from qualwatch.intake.containers.limits import limit
from qualwatch.intake.problems import UnreadableCell
from qualwatch.wording import gettext as _

Cell = Any  # as in qualwatch.intake.cells, which is slow to import
Area = tuple[int, int, int, int]  # top, left, bottom, right, from 0
Notice = tuple[int | None, str]  # row from 1, or None for the sheet
CODE: Final = "i"
_NUMBERS = {int, float, bool}
_RANGES_NAMED = 8  # of hidden rows
# a day as a number in a workbook whose days count from 1904: 1926 to 2119
_DAYS_SINCE_1904 = range(8_000, 79_000)


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """cells[codes[r]] is the cell of row r; codes are 32-bit integers."""

    cells: list[Cell]
    codes: bytes

    def __len__(self) -> int:
        return len(self.codes) // array(CODE).itemsize


@dataclass(slots=True)
class SheetData:
    """One sheet. Either `columns` are given, or `rows` by index (ragged, others are empty).

    height: rows up to the last one that is not blank. merged: areas inside the data.
    """

    name: str
    height: int = 0
    columns: list[CodedColumn] = field(default_factory=list)
    rows: dict[int, list[Cell]] | None = None
    merged: list[Area] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BookTraits:
    """What the workbook says about all its cells."""

    counts_from_1904: bool = False


def is_blank(cell: Cell) -> bool:
    """Whether a cell shows nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def readable(cell: Cell, traits: BookTraits) -> Cell:
    """The cell, or an UnreadableCell where a number may be a day that counts from 1904."""
    if traits.counts_from_1904 and type(cell) in (int, float) and int(cell) in _DAYS_SINCE_1904:
        return _day_since_1904(cell)
    return cell


def error_cell(shown: str) -> UnreadableCell:
    """An error value in place of the result: #N/A, #REF!, Err:502."""
    problem = _("单元格里是错误值：{value}").format(value=shown)
    return UnreadableCell(shown, problem, _("在原表里算出值后再导出"))


def formula_cell(formula: str) -> UnreadableCell:
    """A formula whose result the file does not hold."""
    shown = "=" + formula.removeprefix("=")
    return UnreadableCell(
        shown, _("公式没有存下结果"), _("用表格软件打开并保存一次，或把公式换成数值")
    )


def _day_since_1904(number: float) -> UnreadableCell:
    problem = _("工作簿用 1904 日期系统，分不清 {value} 是日期还是数字").format(value=f"{number:g}")
    return UnreadableCell(f"{number:g}", problem, _("把日期写成 2023-06-01 这样的文本"))


def coded(cells: Sequence[Cell], traits: BookTraits) -> CodedColumn:
    """A column's cells, every distinct one once; 1, 1.0 and True are three cells."""
    keys: Sequence[Any] = cells
    if len(_NUMBERS & set(map(type, cells))) > 1:
        keys = [(type(cell), cell) for cell in cells]
    code_of: dict[Any, int] = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    codes = array(CODE, map(code_of.__getitem__, keys))
    distinct = [key[1] for key in code_of] if keys is not cells else list(code_of)
    if traits.counts_from_1904:
        distinct = [readable(cell, traits) for cell in distinct]
    return CodedColumn(distinct, codes.tobytes())


def dense_sheet(name: str, rows: list[list[Cell]], traits: BookTraits) -> SheetData:
    """A sheet of rows of one length; blank rows and columns at the end are left out."""
    columns = [coded(column, traits) for column in zip(*rows, strict=True)]
    height = max((_used_height(column) for column in columns), default=0)
    while columns and not _used_height(columns[-1]):
        columns.pop()
    size = height * array(CODE).itemsize
    return SheetData(name, height, [CodedColumn(at.cells, at.codes[:size]) for at in columns])


def _used_height(column: CodedColumn) -> int:
    """Rows up to the last cell that is not blank."""
    codes = memoryview(column.codes).cast(CODE)
    at = len(codes)
    while at and is_blank(column.cells[codes[at - 1]]):
        at -= 1
    return at


def sparse_sheet(
    name: str, rows: Mapping[int, Mapping[int, Cell]], traits: BookTraits
) -> SheetData:
    """A sheet from the cells that are not blank, by row and column index from 0."""
    height = max(rows, default=-1) + 1
    width = max((max(row) for row in rows.values() if row), default=-1) + 1
    count = sum(map(len, rows.values()))
    if is_compact(height, width, count):
        nothing: Mapping[int, Cell] = {}
        ordered = [rows.get(at, nothing) for at in range(height)]
        columns = [coded([row.get(at, "") for row in ordered], traits) for at in range(width)]
        return SheetData(name, height, columns)
    ragged = {at: _ragged(row, traits) for at, row in rows.items() if row}
    return SheetData(name, height, rows=ragged)


def _ragged(row: Mapping[int, Cell], traits: BookTraits) -> list[Cell]:
    cells: list[Cell] = [""] * (max(row) + 1)
    for at, cell in row.items():
        cells[at] = readable(cell, traits)
    return cells


def is_compact(height: int, width: int, cells: int) -> bool:
    """Whether a sheet of this extent may be held with every position."""
    return height * width <= limit("empty_cells_per_cell") * cells + limit("spare_places")


def merged_inside(areas: Iterable[Area], sheet: SheetData) -> list[Area]:
    """The areas of more than one cell that begin inside the data, cut at its end."""
    width = len(sheet.columns)
    if sheet.rows is not None:
        width = max(map(len, sheet.rows.values()), default=0)
    inside = []
    work = 0  # the sum of heights: areas may overlap in a file made to hurt
    for top, left, bottom, right in areas:
        bottom, right = min(bottom, sheet.height - 1), min(right, width - 1)
        if top > bottom or left > right:
            continue
        work += bottom - top
        if work > limit("spare_places"):
            break
        inside.append((top, left, bottom, right))
    return inside


def hidden_rows_notice(hidden: Iterable[int], sheet: SheetData) -> list[Notice]:
    """The notice that names hidden rows (numbers from 1) with data; none where there are none."""
    rows = {row for row in hidden if row <= sheet.height}
    if not rows:
        return []
    ranges = _ranges(sorted(rows))
    named = "、".join(f"{a}–{b}" if a < b else f"{a}" for a, b in ranges[:_RANGES_NAMED])
    named += "…" if len(ranges) > _RANGES_NAMED else ""
    text = _("隐藏的行（或筛掉的行）共 {count} 行，照样读取：第 {rows} 行")
    return [(ranges[0][0], text.format(count=len(rows), rows=named))]


def hidden_sheet_notice() -> Notice:
    """The notice that names a hidden sheet."""
    return None, _("这是隐藏的工作表，照样读取")


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
