"""SpreadsheetML 2003: one XML file, as Excel 2003 and many report generators write it."""

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

from lxml import etree

from qualwatch.intake.containers.content import damaged
from qualwatch.intake.containers.limits import limit
from qualwatch.intake.containers.markup import attribute, local_name, xml_stream
from qualwatch.intake.containers.sheet_data import (
    Area,
    BookTraits,
    Cell,
    SheetData,
    error_cell,
    formula_cell,
    hidden_rows_notice,
    hidden_sheet_notice,
    is_blank,
    merged_inside,
    sparse_sheet,
)
from qualwatch.intake.containers.xlsx_cells import SheetContent

_HIDDEN = ("SheetHidden", "SheetVeryHidden")


def xml_2003_sheets(path: Path) -> Iterator[SheetData]:
    """Every worksheet; BadFile where the XML is damaged."""
    parsing = etree.iterparse(
        xml_stream(path.read_bytes()),
        events=("end",),
        tag=("{*}Row", "{*}Worksheet", "{*}Date1904", "{*}Visible"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    content, next_row, traits, is_hidden = SheetContent(), 0, BookTraits(), False
    try:
        for _event, element in parsing:
            name = local_name(element)
            if name == "Date1904":
                traits = BookTraits(counts_from_1904=True)
            elif name == "Visible":
                is_hidden = (element.text or "").strip() in _HIDDEN
            elif name == "Row":
                next_row = _add_row(content, element, next_row)
                _free(element)
            else:
                yield _sheet(element, content, traits, is_hidden=is_hidden)
                content, next_row, is_hidden = SheetContent(), 0, False
                _free(element)
    except etree.XMLSyntaxError as error:
        raise damaged() from error


def _free(element: Any) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _sheet(
    worksheet: Any, content: SheetContent, traits: BookTraits, *, is_hidden: bool
) -> SheetData:
    data = sparse_sheet(attribute(worksheet, "Name") or "", content.rows, traits)
    data.merged = merged_inside(content.merged, data)
    data.notices = hidden_rows_notice(content.hidden_rows, data)
    if is_hidden:
        data.notices.insert(0, hidden_sheet_notice())
    return data


def _add_row(content: SheetContent, element: Any, next_row: int) -> int:
    """Adds a row's cells; the index of the row after it."""
    row = _index(element, next_row)
    if row >= limit("sheet_rows"):
        raise damaged()
    span = _count(element, "Span")  # rows of the same format after it
    if attribute(element, "Hidden") in ("1", "true"):
        content.hidden_rows.append(row + 1)
    column = 0
    for cell in element:
        if local_name(cell) != "Cell":
            continue
        column = _index(cell, column)
        across, down = _count(cell, "MergeAcross"), _count(cell, "MergeDown")
        if across or down:
            area: Area = (row, column, row + down, column + across)
            content.merged.append(area)
        value = _value(cell)
        if not is_blank(value):
            if column >= limit("sheet_columns"):
                raise damaged()
            content.rows.setdefault(row, {})[column] = value
        column += across + 1
    return row + span + 1


def _index(element: Any, following: int) -> int:
    """An element's index from 0: as given (from 1), or the following one."""
    given = attribute(element, "Index")
    return int(given) - 1 if given and given.isdigit() and 0 < len(given) < 9 else following


def _count(element: Any, name: str) -> int:
    given = attribute(element, name)
    return int(given) if given and given.isdigit() and len(given) < 9 else 0


def _value(cell: Any) -> Cell:
    """A cell's value by the type of its data."""
    data = next((part for part in cell if local_name(part) == "Data"), None)
    text = "".join(data.itertext()) if data is not None else ""
    kind = attribute(data, "Type") if data is not None else None
    formula = attribute(cell, "Formula")
    if formula and not text and kind != "String":
        return formula_cell(formula)
    if kind == "Error":
        return error_cell(text.strip() or "#N/A")
    if kind == "Number":
        return _number(text)
    if kind == "DateTime":
        return _moment(text.strip())
    return text.strip() == "1" if kind == "Boolean" else text


def _number(text: str) -> Cell:
    try:
        return float(text)
    except ValueError:
        return text


def _moment(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.date() if moment.time() == time() else moment
