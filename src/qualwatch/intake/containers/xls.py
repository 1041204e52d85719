""".xls (BIFF in a compound file): calamine gives the values.

One walk through the records gives what it does not: hidden rows, error values, formulas without a
result, the date system.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import olefile
from python_calamine import CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from qualwatch.intake.containers.content import damaged, encrypted
from qualwatch.intake.containers.sheet_data import (
    BookTraits,
    Cell,
    SheetData,
    dense_sheet,
    error_cell,
    formula_cell,
    hidden_rows_notice,
    hidden_sheet_notice,
    is_blank,
    is_compact,
    merged_inside,
    sparse_sheet,
)

_BOF, _EOF, _ROW, _FORMULA, _BOOLERR = 0x0809, 0x000A, 0x0208, 0x0006, 0x0205
_DATEMODE, _FILEPASS, _SHEET, _DIMENSIONS = 0x0022, 0x002F, 0x0085, 0x0200
_HIDDEN_ROW = 0x20
_LAST_ROW, _LAST_COLUMN = 65_536, 256
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_SPECIAL = 0xFFFF  # the end of a formula's result that is no number
_RESULT_ERROR, _RESULT_EMPTY = 2, 3
_STREAMS = ("Workbook", "Book", "WORKBOOK", "BOOK")
_SUMMARY = "\x05SummaryInformation"


@dataclass(slots=True)
class _SheetRecords:
    hidden_rows: list[int] = field(default_factory=list)
    unreadable: dict[tuple[int, int], Cell] = field(default_factory=dict)


@dataclass(slots=True)
class _Records:
    traits: BookTraits = field(default_factory=BookTraits)
    by_offset: dict[int, _SheetRecords] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)


def xls_sheets(path: Path) -> Iterator[SheetData]:
    """Every sheet of an old workbook; BadFile where it is damaged or has a password."""
    content, is_calculated = _stream(path)
    records = _walk(content, is_calculated=is_calculated)
    # by content: from_path() goes by the file's ending
    book = CalamineWorkbook.from_filelike(BytesIO(path.read_bytes()))
    for at, about in enumerate(book.sheets_metadata):
        sheet = book.get_sheet_by_name(about.name)
        offset = records.offsets[at] if at < len(records.offsets) else -1
        own = records.by_offset.get(offset, _SheetRecords())
        data = _sheet(sheet, own, records.traits)
        ranges = sheet.merged_cell_ranges or []
        areas = [(top, left, bottom, right) for (top, left), (bottom, right) in ranges]
        data.merged = merged_inside(areas, data)
        data.notices = hidden_rows_notice(own.hidden_rows, data)
        if about.visible != SheetVisibleEnum.Visible:
            data.notices.insert(0, hidden_sheet_notice())
        yield data


def _sheet(sheet: CalamineSheet, own: _SheetRecords, traits: BookTraits) -> SheetData:
    if is_compact(sheet.total_height, sheet.total_width, 0):
        rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
        for (row, column), cell in own.unreadable.items():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = cell
        return dense_sheet(sheet.name, rows, traits)
    top, left = sheet.start or (0, 0)
    cells = {
        at: {left + column: cell for column, cell in enumerate(row) if not is_blank(cell)}
        for at, row in enumerate(sheet.iter_rows(), top)
        if any(row)
    }
    for (row, column), cell in own.unreadable.items():
        cells.setdefault(row, {})[column] = cell
    return sparse_sheet(sheet.name, {at: row for at, row in cells.items() if row}, traits)


def _stream(path: Path) -> tuple[bytes, bool]:
    """The workbook's records, and whether a program that calculates wrote them.

    Such a program writes a summary; libraries that only write cells do not.
    """
    try:
        with olefile.OleFileIO(str(path)) as file:
            name = next(name for name in _STREAMS if file.exists(name))
            return file.openstream(name).read(), file.exists(_SUMMARY)
    # whatever the library meets in a damaged file
    except Exception as error:
        raise damaged() from error


def _walk(content: bytes, *, is_calculated: bool) -> _Records:
    records = _Records()
    open_streams = [_SheetRecords()]  # a chart may stand inside a sheet
    for offset, kind, body, size in _records_of(content):
        if kind == _BOF:
            open_streams.append(_SheetRecords())
            records.by_offset[offset] = open_streams[-1]
        elif kind == _EOF:
            del open_streams[max(1, len(open_streams) - 1) :]
        elif kind == _FILEPASS:
            raise encrypted()
        elif kind == _SHEET and size > 4:
            records.offsets.append(struct.unpack_from("<I", content, body)[0])
        elif kind == _DATEMODE and size >= 2:
            records.traits = BookTraits(content[body] == 1)
        elif kind == _DIMENSIONS and size >= 14:  # BIFF8; older ones are shorter
            _require_extent(content, body)
        else:
            _add_cell(open_streams[-1], content, kind, body, size, is_calculated)
    return records


def _records_of(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Records that matter: offset, kind, offset of the body, size of the body."""
    header = struct.Struct("<HH").unpack_from
    kinds = {_BOF, _EOF, _ROW, _FORMULA, _BOOLERR, _DATEMODE, _FILEPASS, _SHEET, _DIMENSIONS}
    at, end = 0, len(content) - 4
    while at <= end:
        kind, size = header(content, at)
        if kind in kinds and at + 4 + size <= len(content):
            yield at, kind, at + 4, size
        at += 4 + size


def _require_extent(content: bytes, body: int) -> None:
    """The declared extent lies inside a sheet: calamine reserves memory for it."""
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH", content, body)
    if not (first_row <= last_row <= _LAST_ROW and first_column <= last_column <= _LAST_COLUMN):
        raise damaged()


def _add_cell(
    own: _SheetRecords, content: bytes, kind: int, body: int, size: int, is_calculated: bool
) -> None:
    row = struct.unpack_from("<H", content, body)[0] if size >= 2 else 0
    if kind == _ROW and size >= 16 and content[body + 12] & _HIDDEN_ROW:
        own.hidden_rows.append(row + 1)
    elif kind == _BOOLERR and size >= 8 and content[body + 7] == 1:
        own.unreadable[_position(content, body)] = _error(content[body + 6])
    elif kind == _FORMULA and size >= 16:
        cell = _formula_result(content, body, is_calculated)
        if cell is not None:
            own.unreadable[_position(content, body)] = cell


def _formula_result(content: bytes, body: int, is_calculated: bool) -> Cell:
    """An unreadable cell where a formula's result is an error or was never calculated."""
    result = content[body + 6 : body + 14]
    if struct.unpack_from("<H", result, 6)[0] == _SPECIAL:
        if result[0] == _RESULT_ERROR:
            return _error(result[2])
        is_lost = result[0] == _RESULT_EMPTY
    else:
        is_lost = struct.unpack("<d", result)[0] == 0
    return formula_cell("…") if is_lost and not is_calculated else None


def _position(content: bytes, body: int) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", content, body)
    return row, column


def _error(code: int) -> Cell:
    return error_cell(ERRORS.get(code, "#N/A"))
