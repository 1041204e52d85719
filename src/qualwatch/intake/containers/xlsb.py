""".xlsb: a package of binary records (MS-XLSB). calamine gives the values.

One walk through each sheet's records gives what it does not: the extent before anything is
reserved, hidden rows, error values.
"""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from python_calamine import CalamineWorkbook

from qualwatch.intake.containers.content import damaged
from qualwatch.intake.containers.package import Package, require_bounded
from qualwatch.intake.containers.sheet_data import (
    BookTraits,
    Cell,
    SheetData,
    dense_sheet,
    error_cell,
    hidden_rows_notice,
    hidden_sheet_notice,
    is_compact,
    merged_inside,
)
from qualwatch.intake.containers.xls import ERRORS
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

_ROW, _CELL_ERROR, _FORMULA_ERROR = 0, 3, 11
_FIRST_CELL, _LAST_CELL = 1, 11
_BOOK_PROPERTIES, _SHEET, _MERGED = 153, 156, 176
_HIDDEN_ROW = 0x10
_MAIN = "xl/workbook.bin"


@dataclass(slots=True)
class _Survey:
    cells: int = 0
    last_row: int = 0
    last_column: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    unreadable: dict[tuple[int, int], Cell] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def xlsb_sheets(path: Path) -> Iterator[SheetData]:
    """Every sheet; BadFile where the workbook is damaged or an extent is far beyond its cells."""
    try:
        with zipfile.ZipFile(path) as file:
            require_bounded(file)
            yield from _sheets(path, Package(file))
    except (zipfile.BadZipFile, EOFError, KeyError, OSError, struct.error, IndexError) as error:
        raise damaged() from error


def _sheets(path: Path, package: Package) -> Iterator[SheetData]:
    traits = BookTraits()
    related = package.related(_MAIN)
    book = CalamineWorkbook.from_filelike(BytesIO(path.read_bytes()))
    for kind, body in _records(package.read(_MAIN)):
        if kind == _BOOK_PROPERTIES:
            traits = BookTraits(bool(body[0] & 1))
        elif kind == _SHEET:
            identifier, rest = _text(body[8:])
            name, _rest = _text(rest)
            _kind, part = related.get(identifier, ("", ""))
            if _kind == "worksheet":
                yield _sheet(book, name, _survey(package.read(part)), traits, hidden=any(body[:4]))


def _sheet(
    book: CalamineWorkbook, name: str, survey: _Survey, traits: BookTraits, *, hidden: bool
) -> SheetData:
    if not is_compact(survey.last_row + 1, survey.last_column + 1, survey.cells):
        problem = _("工作表 {name} 的范围远大于数据").format(name=name)
        raise BadFile(problem, _("删去数据以外的内容后另存为 .xlsx"))
    rows: list[list[Cell]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    for (row, column), cell in survey.unreadable.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = cell
    data = dense_sheet(name, rows, traits)
    data.merged = merged_inside(survey.merged, data)
    data.notices = hidden_rows_notice(survey.hidden_rows, data)
    if hidden:
        data.notices.insert(0, hidden_sheet_notice())
    return data


def _survey(content: bytes) -> _Survey:
    survey = _Survey()
    row = 0
    for kind, body in _records(content):
        if kind == _ROW:
            row = struct.unpack_from("<I", body)[0]
            if body[11] & _HIDDEN_ROW:
                survey.hidden_rows.append(row + 1)
        elif _FIRST_CELL <= kind <= _LAST_CELL:
            column = struct.unpack_from("<I", body)[0]
            survey.cells += 1
            survey.last_row = max(survey.last_row, row)
            survey.last_column = max(survey.last_column, column)
            if kind in (_CELL_ERROR, _FORMULA_ERROR):
                survey.unreadable[row, column] = error_cell(ERRORS.get(body[8], "#N/A"))
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<IIII", body)
            survey.merged.append((top, left, bottom, right))
    return survey


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every record: its kind and its body. Both kind and size are written in groups of 7 bits."""
    at = 0
    while at < len(content):
        kind, at = _number(content, at, 2)
        size, at = _number(content, at, 4)
        if at + size > len(content):
            raise damaged()
        yield kind, content[at : at + size]
        at += size


def _number(content: bytes, at: int, most: int) -> tuple[int, int]:
    number = 0
    for group in range(most):
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << (7 * group)
        if not byte & 0x80:
            break
    return number, at


def _text(body: bytes) -> tuple[str, bytes]:
    """A text with its length before it, and what follows it."""
    end = 4 + 2 * struct.unpack_from("<I", body)[0]
    return body[4:end].decode("utf-16-le"), body[end:]
