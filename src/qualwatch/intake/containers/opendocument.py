""".ods and .fods: cells, merged areas, hidden rows and formulas of every sheet.

Repeated rows and cells are counted and not unrolled until one holds something. A large sheet that
has nothing of these but plain cells is read by calamine.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from lxml import etree
from python_calamine import CalamineWorkbook

from qualwatch.intake.containers.content import damaged, encrypted
from qualwatch.intake.containers.limits import MEGABYTE, limit
from qualwatch.intake.containers.markup import (
    local_name,
    refuse_document_type,
    refuse_entities,
    xml_stream,
)
from qualwatch.intake.containers.package import require_bounded
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
    merged_inside,
    sparse_sheet,
)
from qualwatch.intake.containers.xlsx_cells import SheetContent
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_CALC_EXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_ROW, _CELL, _COVERED = _TABLE + "table-row", _TABLE + "table-cell", _TABLE + "covered-table-cell"
_SHEET, _NULL_DATE = _TABLE + "table", _TABLE + "null-date"
_USUAL_NULL_DATE = "1899-12-30"
# sizes of content.xml: calamine is worth its start, and the look through it may be held in memory
_SMALLEST_TAME, _LARGEST_TAME = 4 * MEGABYTE, 512 * MEGABYTE
_NOT_TAME = (
    b"<text:s",  # also text:span
    b"<text:tab",
    b"<text:line-break",
    b"<text:a",
    b"</text:p><text:p",
    b"<office:annotation",
    b"<draw:",
    b":formula=",
    b":visibility=",
    b':display="false"',
    b"-spanned=",
    b"<table:covered-table-cell",
    b"<table:null-date",
    b'"error"',
    b'="time"',
    b"<!ENTITY",
)
# a row that stands for hundreds and is not the last one of its sheet
_FAR_ROWS = re.compile(
    rb'number-rows-repeated="\d{3,}"(?:(?!</table:table-row>).){0,4000}?'
    rb"(?:/>|</table:table-row>)\s*<table:table-row",
    re.S,
)
_NUMBERS = {"float", "percentage", "currency"}


@dataclass(slots=True)
class _Reader:
    """Reads the events of one document; `ready` are the sheets whose end has come."""

    hidden_styles: set[str] = field(default_factory=set)
    traits: BookTraits = field(default_factory=BookTraits)
    content: SheetContent = field(default_factory=SheetContent)
    row: int = 0
    depth: int = 0  # a table may stand inside a cell's drawing


def ods_sheets(path: Path) -> Iterator[SheetData]:
    """Every sheet of a package; BadFile where it is damaged, too large or has a password."""
    try:
        with zipfile.ZipFile(path) as package:
            require_bounded(package)
            manifest = "META-INF/manifest.xml"
            if manifest in package.namelist() and b"encryption-data" in package.read(manifest):
                raise encrypted()
            if _is_tame(package):
                yield from _quick(path)
                return
            with package.open("content.xml") as stream:
                yield from _sheets(stream)
    # what the library raises for a damaged package
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        KeyError,
        OSError,
        ValueError,
    ) as error:
        raise damaged() from error


def flat_ods_sheets(path: Path) -> Iterator[SheetData]:
    """Every sheet of a flat XML document."""
    yield from _sheets(xml_stream(path.read_bytes()))


def _is_tame(package: zipfile.ZipFile) -> bool:
    """Whether calamine gives everything that the sheets hold: it knows nothing of what is hidden,
    merged or calculated, and reserves every row that is repeated.
    """
    size = package.getinfo("content.xml").file_size
    if not _SMALLEST_TAME <= size <= _LARGEST_TAME:
        return False
    content = package.read("content.xml")
    refuse_entities(content[: limit("prolog_characters")].decode("latin-1"))
    return not any(mark in content for mark in _NOT_TAME) and not _FAR_ROWS.search(content)


def _quick(path: Path) -> Iterator[SheetData]:
    book = CalamineWorkbook.from_filelike(BytesIO(path.read_bytes()))
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        yield dense_sheet(name, rows, BookTraits())


def _sheets(stream: IO[bytes]) -> Iterator[SheetData]:
    refuse_entities(stream.read(limit("prolog_characters")).decode("latin-1"))
    stream.seek(0)
    reader = _Reader()
    parsing = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=(_SHEET, _ROW, _NULL_DATE, _STYLE + "style"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        is_first = True
        for event, element in parsing:
            if is_first:
                refuse_document_type(element)
                is_first = False
            if event == "end" and element.tag == _STYLE + "style":
                _note_hidden_style(reader, element)
            elif event == "end" and element.tag == _NULL_DATE:
                given = element.get(_TABLE + "date-value", _USUAL_NULL_DATE)
                reader.traits = BookTraits(given[:10] != _USUAL_NULL_DATE)
            elif element.tag == _SHEET:
                yield from _at_sheet(reader, event, element)
            elif event == "end" and reader.depth == 1:
                _at_row(reader, element)
    except etree.XMLSyntaxError as error:
        raise damaged() from error


def _note_hidden_style(reader: _Reader, style: Any) -> None:
    for properties in style.iter(_STYLE + "table-properties"):
        if properties.get(_TABLE + "display") == "false":
            reader.hidden_styles.add(style.get(_STYLE + "name"))


def _at_sheet(reader: _Reader, event: str, element: Any) -> Iterator[SheetData]:
    reader.depth += 1 if event == "start" else -1
    if reader.depth == 1 and event == "start":
        reader.content, reader.row = SheetContent(), 0
    if reader.depth == 0:
        data = sparse_sheet(element.get(_TABLE + "name") or "", reader.content.rows, reader.traits)
        data.merged = merged_inside(reader.content.merged, data)
        data.notices = hidden_rows_notice(reader.content.hidden_rows, data)
        if element.get(_TABLE + "style-name") in reader.hidden_styles:
            data.notices.insert(0, hidden_sheet_notice())
        yield data
        element.clear()


def _at_row(reader: _Reader, element: Any) -> None:
    cells, merged = _cells(element)
    count = _repeated(element, "rows")
    is_hidden = element.get(_TABLE + "visibility") in ("collapse", "filter")
    last = reader.row + count
    if last > limit("sheet_rows"):
        last = limit("sheet_rows")
    if cells:
        _require_few(reader, len(cells) * (last - reader.row))
        for row in range(reader.row, last):
            reader.content.rows[row] = cells
    if is_hidden and cells:
        reader.content.hidden_rows += range(reader.row + 1, last + 1)
    reader.content.merged += [
        (reader.row, left, reader.row + height - 1, right) for left, right, height in merged
    ]
    reader.row = last
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _require_few(reader: _Reader, cells: int) -> None:
    if cells > limit("sheet_rows") * 16:
        raise BadFile(_("一行重复的次数太多，不予读取"), _("删去数据以外的内容后另存"))


def _cells(row: Any) -> tuple[dict[int, Cell], list[tuple[int, int, int]]]:
    """The cells of a row that are not blank, by column; its merged areas (left, right, height)."""
    cells: dict[int, Cell] = {}
    merged: list[tuple[int, int, int]] = []
    at = 0
    for element in row:
        if element.tag not in (_CELL, _COVERED):
            continue
        count = _repeated(element, "columns")
        cell = _value(element) if element.tag == _CELL else ""
        if not is_blank(cell):
            if at + count > limit("sheet_columns"):
                raise damaged()
            cells.update(dict.fromkeys(range(at, at + count), cell))
        height, width = _spanned(element, "rows"), _spanned(element, "columns")
        if height > 1 or width > 1:
            merged.append((at, at + width - 1, height))
        at += count
    return cells, merged


def _repeated(element: Any, what: str) -> int:
    return _count(element.get(f"{_TABLE}number-{what}-repeated"))


def _spanned(element: Any, what: str) -> int:
    return _count(element.get(f"{_TABLE}number-{what}-spanned"))


def _count(text: str | None) -> int:
    return min(int(text), 2**31) if text and text.isdigit() and len(text) < 12 else 1


def _value(cell: Any) -> Cell:
    """A cell's value by its type."""
    kind = cell.get(_OFFICE + "value-type")
    formula = cell.get(_TABLE + "formula")
    if cell.get(_CALC_EXT + "value-type") == "error":
        return error_cell(_shown(cell) or "#N/A")
    if formula and kind is None:
        shown = _shown(cell)
        return (
            error_cell(shown)
            if shown.startswith(("#", "Err:"))
            else formula_cell(formula.partition("=")[2])
        )
    if kind in _NUMBERS:
        return _number(cell)
    if kind == "date":
        return _moment(cell.get(_OFFICE + "date-value") or "") or _shown(cell)
    if kind == "boolean":
        return cell.get(_OFFICE + "boolean-value") == "true"
    if kind == "string":
        return cell.get(_OFFICE + "string-value") or _shown(cell)
    return _shown(cell)


def _number(cell: Any) -> Cell:
    try:
        return float(cell.get(_OFFICE + "value") or "")
    except ValueError:
        return _shown(cell)


def _moment(text: str) -> Cell:
    """2026-05-20 or 2026-05-20T13:30:00; None for anything else."""
    try:
        moment = datetime.fromisoformat(text[:26])
    except ValueError:
        return None
    is_day = moment - datetime.combine(moment.date(), datetime.min.time()) == timedelta()
    return moment.date() if is_day else moment


def _shown(cell: Any) -> str:
    """The paragraphs of a cell, without its comment."""
    return "\n".join(_paragraph(part) for part in cell if part.tag == _TEXT + "p")


def _paragraph(element: Any) -> str:
    texts = [element.text or ""]
    for part in element:
        name = local_name(part)
        if name == "s":
            texts.append(" " * min(_count(part.get(_TEXT + "c")), 1000))
        elif name == "tab":
            texts.append("\t")
        elif name == "line-break":
            texts.append("\n")
        elif name not in ("annotation", "ruby-text", ""):
            texts.append(_paragraph(part))
        texts.append(part.tail or "")
    return "".join(texts)
