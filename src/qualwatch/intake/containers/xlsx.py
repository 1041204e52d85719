""".xlsx and .xlsm: each sheet's XML is looked through before a value is read.

A tame sheet is read by calamine; one whose extent is much larger than its cells, or whose XML is
written in an unusual way, is read cell by cell. Both give the same values.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineWorkbook

from qualwatch.intake.containers.content import damaged, own_report
from qualwatch.intake.containers.limits import MEGABYTE, limit
from qualwatch.intake.containers.markup import attribute, local_name, parsed
from qualwatch.intake.containers.package import Package, require_bounded
from qualwatch.intake.containers.sheet_data import (
    Area,
    BookTraits,
    Cell,
    SheetData,
    dense_sheet,
    error_cell,
    formula_cell,
    hidden_rows_notice,
    hidden_sheet_notice,
    is_compact,
    merged_inside,
    sparse_sheet,
)
from qualwatch.intake.containers.xlsx_cells import CellReader, read_cells, shared_strings, styles

OWN_MARK = b"qualwatch-report"  # a custom property of the workbooks that the product writes
_BLOCK = 4 * MEGABYTE
_LONGEST_ROW = 64 * MEGABYTE
_ROW_NUMBER = re.compile(rb'<row\b[^>]*?\sr="(\d+)"')
# columns of several letters; rows of so many digits that a stray cell would reserve gigabytes
_FAR_REFERENCES = re.compile(rb'<c r="(?:([A-Z]{2,3})(\d+)|[A-Z](\d{7,}))"')
_LETTERS = re.compile(rb'<c r="([A-Z])\d')
_HIDDEN_ROWS = re.compile(rb'<row\b[^>]*?\sr="(\d+)"[^>]*?\shidden="(?:1|true)"')
_HIDDEN_ROWS_REVERSED = re.compile(rb'<row\b[^>]*?\shidden="(?:1|true)"[^>]*?\sr="(\d+)"')
_ERRORS = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*?\st="e"[^>]*>(.*?)</c>', re.S)
_FORMULAS = re.compile(
    rb'<c r="([A-Z]{1,3})(\d+)"([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>([^<]*)</f>)\s*'
    rb"(?:<v[^>/]*>([^<]*)</v>|(<v[^>]*/>))?\s*</c>"
)
_MERGED = re.compile(rb'<mergeCell\b[^>]*?\sref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_ALPHABET = 26


@dataclass(slots=True)
class _Survey:
    """What a look through a sheet's XML shows, without a value read. Rows and columns from 1."""

    is_regular: bool | None = None  # None: nothing seen yet
    cells: int = 0
    has_formulas: bool = False
    last_row: int = 0
    last_column: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    unreadable: dict[tuple[int, int], Cell] = field(default_factory=dict)  # from 0
    merged: list[Area] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _SheetPart:
    name: str
    part: str
    is_hidden: bool


def xlsx_sheets(path: Path) -> Iterator[SheetData]:
    """Every sheet of a workbook; BadFile where it is damaged, too large or the product's own."""
    try:
        with zipfile.ZipFile(path) as package:
            yield from _Workbook(path, package).sheets()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, KeyError, OSError) as error:
        raise damaged() from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise damaged() from error


class _Workbook:
    def __init__(self, path: Path, package: zipfile.ZipFile) -> None:
        require_bounded(package)
        self._path = path
        self._parts = Package(package)
        self._main = self._main_part()
        self._book = parsed(self._parts.read(self._main))
        self._refuse_own()

    def sheets(self) -> Iterator[SheetData]:
        for sheet in self._sheet_parts():
            survey = self._survey(sheet.part)
            if survey.is_regular and self._is_compact(sheet.part, survey):
                data = self._quick(sheet, survey)
            else:
                data, survey = self._cell_by_cell(sheet)
            data.merged = merged_inside(survey.merged, data)
            data.notices = hidden_rows_notice(survey.hidden_rows, data)
            if sheet.is_hidden:
                data.notices.insert(0, hidden_sheet_notice())
            yield data

    def _main_part(self) -> str:
        for kind, part in self._parts.related("").values():
            if kind == "officeDocument" and part in self._parts:
                return part
        return "xl/workbook.xml"

    def _refuse_own(self) -> None:
        custom = "docprops/custom.xml"
        if custom in self._parts and OWN_MARK in self._parts.read(custom):
            raise own_report()

    def _elements(self, name: str) -> list[Any]:
        return [element for element in self._book.iter() if local_name(element) == name]

    @cached_property
    def _traits(self) -> BookTraits:
        marks = [attribute(element, "date1904") for element in self._elements("workbookPr")]
        return BookTraits(any(mark in ("1", "true") for mark in marks))

    @cached_property
    def _is_never_calculated(self) -> bool:
        """Whether the writer left the formulas to be calculated when the workbook is opened."""
        marks = [attribute(element, "fullCalcOnLoad") for element in self._elements("calcPr")]
        return any(mark in ("1", "true") for mark in marks)

    def _sheet_parts(self) -> Iterator[_SheetPart]:
        related = self._parts.related(self._main)
        for element in self._elements("sheet"):
            kind, part = related.get(attribute(element, "id") or "", ("", ""))
            if kind in ("chartsheet", "dialogsheet", "xlMacrosheet", "xlIntlMacrosheet"):
                continue
            if part not in self._parts:
                raise damaged()
            is_hidden = attribute(element, "state") in ("hidden", "veryHidden")
            yield _SheetPart(attribute(element, "name") or "", part, is_hidden)

    def _survey(self, part: str) -> _Survey:
        survey = _Survey()
        with self._parts.open(part) as stream:
            for block in _blocks(stream):
                _add_block(survey, block, zero_is_lost=self._is_never_calculated)
                if not survey.is_regular:
                    break
        return survey

    def _is_compact(self, part: str, survey: _Survey) -> bool:
        if survey.last_column == _ALPHABET and not is_compact(
            survey.last_row, survey.last_column, survey.cells
        ):
            # columns of one letter are not looked at in the first pass
            with self._parts.open(part) as stream:
                letters = {max(_LETTERS.findall(block), default=b"A") for block in _blocks(stream)}
            survey.last_column = column_number(max(letters))
        is_inside = survey.last_row <= limit("sheet_rows")
        is_inside = is_inside and survey.last_column <= limit("sheet_columns")
        return is_inside and is_compact(survey.last_row, survey.last_column, survey.cells)

    @cached_property
    def _calamine(self) -> CalamineWorkbook:
        # by content: from_path() goes by the file's ending
        return CalamineWorkbook.from_filelike(BytesIO(self._path.read_bytes()))

    def _quick(self, sheet: _SheetPart, survey: _Survey) -> SheetData:
        rows = self._calamine.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        cells: list[list[Cell]] = rows
        for (row, column), cell in survey.unreadable.items():
            _set(cells, row, column, cell)
        return dense_sheet(sheet.name, cells, self._traits)

    @cached_property
    def _cell_reader(self) -> CellReader:
        parts = dict(self._parts.related(self._main).values())
        strings: list[str] = []
        if parts.get("sharedStrings", "") in self._parts:
            with self._parts.open(parts["sharedStrings"]) as stream:
                strings = shared_strings(stream)
        formats: list[str] = []
        if parts.get("styles", "") in self._parts:
            formats = styles(parsed(self._parts.read(parts["styles"])))
        return CellReader(
            strings, formats, self._traits.counts_from_1904, self._is_never_calculated
        )

    def _cell_by_cell(self, sheet: _SheetPart) -> tuple[SheetData, _Survey]:
        with self._parts.open(sheet.part) as stream:
            content = read_cells(stream, self._cell_reader)
        survey = _Survey(hidden_rows=content.hidden_rows, merged=content.merged)
        return sparse_sheet(sheet.name, content.rows, self._traits), survey


def _set(rows: list[list[Cell]], row: int, column: int, cell: Cell) -> None:
    """Sets a cell of rows of one length that may end before it."""
    width = len(rows[0]) if rows else 0
    if column >= width:
        for existing in rows:
            existing.extend([""] * (column + 1 - width))
        width = column + 1
    while row >= len(rows):
        rows.append([""] * width)
    rows[row][column] = cell


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """A sheet's XML in blocks of whole rows."""
    rest = b""
    while chunk := stream.read(_BLOCK):
        rest += chunk
        cut = rest.rfind(b"<row")
        if cut > 0:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > _LONGEST_ROW:
            yield b""  # no row in sight: not written as usual
            return
    yield rest


def _add_block(survey: _Survey, block: bytes, *, zero_is_lost: bool) -> None:
    cells = block.count(b'<c r="')
    # a program writes every cell in the same way: the first block tells
    if survey.is_regular is None or not block:
        survey.is_regular = _is_regular(block, cells)
    if not survey.is_regular:
        return
    survey.cells += cells
    last_row = _ROW_NUMBER.match(block, max(block.rfind(b"<row"), 0))
    if last_row:
        survey.last_row = max(survey.last_row, int(last_row[1]))
    survey.last_column = max(survey.last_column, _ALPHABET if cells else 0)
    for column, row, far_row in set(_FAR_REFERENCES.findall(block)):
        survey.last_column = max(survey.last_column, column_number(column))
        survey.last_row = max(survey.last_row, int(row or far_row))
    if b"hidden=" in block:
        survey.hidden_rows += map(int, _HIDDEN_ROWS.findall(block))
        survey.hidden_rows += map(int, _HIDDEN_ROWS_REVERSED.findall(block))
    if b't="e"' in block:
        for column, row, content in _ERRORS.findall(block):
            shown = re.search(rb"<v[^>]*>([^<]*)", content)
            survey.unreadable[_position(row, column)] = error_cell(
                shown[1].decode() if shown else "#N/A"
            )
    # a formula that others share is written out once, and refers to itself afterwards
    survey.has_formulas |= b"</f>" in block
    if survey.has_formulas:
        _add_lost_formulas(survey, block, zero_is_lost=zero_is_lost)
    if b"<mergeCell " in block:
        survey.merged += (
            (*_position(top, left), *_position(bottom, right))
            for left, top, right, bottom in _MERGED.findall(block)
        )


def _is_regular(block: bytes, cells: int) -> bool:
    """Whether XML is written as nearly all programs write it: UTF-8, no prefix, every cell with its
    reference first.
    """
    return (
        bool(block)
        and b"\0" not in block[:100]
        and b":row" not in block
        and cells == block.count(b"<c ")
        and cells >= block.count(b"</c>")
    )


def _add_lost_formulas(survey: _Survey, block: bytes, *, zero_is_lost: bool) -> None:
    for match in _FORMULAS.finditer(block):
        column, row, attributes, formula, value, empty = match.groups()
        if is_lost(b't="str"' in attributes, value, empty is not None, zero_is_lost=zero_is_lost):
            text = (formula or b"").decode(errors="replace")
            survey.unreadable[_position(row, column)] = formula_cell(unescaped(text))


def is_lost(is_text: bool, value: bytes | None, has_empty: bool, *, zero_is_lost: bool) -> bool:
    """Whether a formula's result is not in the file.

    value: None where there is no <v>...</v>; has_empty: whether <v/> is there. Excel writes an
    empty <v> for the result "" and says that it is a text.
    """
    if value:
        return zero_is_lost and not is_text and value in (b"0", b"0.0")
    return not (is_text and (value is not None or has_empty))


def unescaped(text: str) -> str:
    """A text of XML without its entities."""
    for entity, character in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, character)
    return text


def _position(row: bytes, column: bytes) -> tuple[int, int]:
    """A reference as indexes from 0."""
    return int(row) - 1, column_number(column) - 1


def column_number(letters: bytes) -> int:
    """A column's number from 1 by its letters."""
    number = 0
    for letter in letters:
        number = number * _ALPHABET + letter - ord("A") + 1
    return number
