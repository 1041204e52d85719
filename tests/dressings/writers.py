"""Dresses as files of every container."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

from dressings.dress import (
    LEFT,
    UP,
    DayCell,
    Dress,
    Formula,
    HtmlForm,
    Mark,
    RichText,
    Rows,
    Sheet,
    TextForm,
)

Merge = tuple[int, int, int, int]  # top, left, bottom, right, from 0
DELIMITERS = {"csv": ",", "tab": "\t", "semicolon": ";", "tab-xls": "\t"}


def write(dress: Dress, folder: Path) -> Path:
    """Every book of a dress as a file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = dress.wrong_ending or dress.container.ending
    for number, sheets in enumerate(dress.books, 1):
        name = sheets[0].name if len(sheets) == 1 else f"登记{number}"
        path = folder / dress.file_names(f"{name}{ending}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(book_bytes(dress, sheets))
    return folder


def book_bytes(dress: Dress, sheets: list[Sheet]) -> bytes:
    """One book."""
    name = dress.container.name
    if name in DELIMITERS:
        (sheet,) = sheets
        return delimited(rows_of(sheet), DELIMITERS[name], dress.text)
    raw = WRITERS[name](dress, sheets)
    for act in dress.packing:
        raw = act(raw)
    return raw


def rows_of(sheet: Sheet) -> Rows:
    """The blocks of a sheet as one grid, with a blank row between blocks under one another."""
    rows: Rows = []
    top = 0
    for block in sheet.blocks:
        grid = [*block.above, *block.header, *block.body, *block.below]
        if block.is_beside:
            _put_beside(rows, grid, top)
            continue
        if rows:
            rows.append([])
        top = len(rows) + len(block.above)
        rows += [list(row) for row in grid]
    for (row, column), cell in sheet.stray.items():
        while len(rows) <= row:
            rows.append([])
        rows[row] += [""] * (column + 1 - len(rows[row]))
        rows[row][column] = cell
    return rows


def _put_beside(rows: Rows, grid: Rows, top: int) -> None:
    left = max(len(row) for row in rows[top:]) + 1
    while len(rows) < top + len(grid):
        rows.append([])
    for row, cells in zip(rows[top:], grid, strict=False):
        row += [""] * (left - len(row)) + cells


def merges_of(rows: Rows) -> list[Merge]:
    """The merged areas that UP and LEFT mark: columns of UP, rows of LEFT."""
    merges = []
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, Mark):
                continue
            bottom = r
            while bottom + 1 < len(rows) and _cell(rows, bottom + 1, c) is UP:
                bottom += 1
            right = c
            while _cell(rows, r, right + 1) is LEFT:
                right += 1
            if bottom > r or right > c:
                merges.append((r, c, bottom, right))
    return merges


def _cell(rows: Rows, row: int, column: int) -> Any:
    return rows[row][column] if column < len(rows[row]) else None


def text_of(cell: Any) -> str:
    """A cell as a text file has it."""
    if cell is None or isinstance(cell, Mark):
        return ""
    if isinstance(cell, DayCell):
        return cell.value.isoformat()
    if isinstance(cell, Formula):
        return text_of(cell.value)
    if isinstance(cell, RichText):
        return cell.text
    return str(cell)


def delimited(rows: Rows, delimiter: str, form: TextForm) -> bytes:
    """Rows as a delimited text."""
    width = max(map(len, rows), default=0)
    lines = []
    for row in rows:
        cells = [text_of(cell) for cell in row]
        cells += [""] * (width - len(cells))
        if form.cuts_empty_tails:
            while cells and not cells[-1]:
                cells.pop()
        cells += [""] * form.more_delimiters
        lines.append(delimiter.join(_written(cell, delimiter, form) for cell in cells))
    text = form.first_line + "".join(line + form.line_end for line in lines) + form.ending
    return text.encode(form.encoding)


def _written(cell: str, delimiter: str, form: TextForm) -> str:
    """A cell with the quotes it needs (csv.writer would leave out some), or as ="…"."""
    if form.quotes_all or any(mark in cell for mark in (delimiter, '"', "\r", "\n")):
        return '"' + cell.replace('"', '""') + '"'
    if form.excel_texts and len(cell) >= 15 and cell.isascii() and cell.isalnum():
        return f'="{cell}"'
    return cell


def _xlsx(dress: Dress, sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
        "date_1904": dress.is_1904,
    }
    with xlsxwriter.Workbook(out, options) as book:
        formats: dict[str, Any] = {}
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            rows = rows_of(sheet)
            if dress.fills_blanks:
                _fill_blanks(page, rows)
            for merge in merges_of(rows):
                page.merge_range(*merge, "")
            for number in sheet.hidden_rows:
                page.set_row(number, None, None, {"hidden": True})
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    _write_xlsx_cell(page, r, c, cell, book, formats)
            for number in sheet.hidden_columns:
                page.set_column(number, number, None, None, {"hidden": True})
            if sheet.is_hidden:
                page.very_hidden()
        if dress.has_chart:
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": [sheets[0].name, 1, 0, 3, 0]})
            book.add_chartsheet("图表").set_chart(chart)
    return out.getvalue()


def _fill_blanks(page: Any, rows: Rows) -> None:
    """A cell wherever one is blank: empty texts."""
    width = max(map(len, rows), default=0)
    for r in range(len(rows)):
        for c in range(width):
            page.write_string(r, c, " ")


def _write_xlsx_cell(
    page: Any, r: int, c: int, cell: Any, book: Any, formats: dict[str, Any]
) -> None:
    if cell is None or cell == "" or isinstance(cell, Mark):
        return
    if isinstance(cell, DayCell):
        form = formats.get(cell.number_format)
        if form is None:
            form = formats[cell.number_format] = book.add_format({"num_format": cell.number_format})
        page.write_datetime(r, c, datetime.combine(cell.value, datetime.min.time()), form)
    elif isinstance(cell, RichText):
        bold = formats.setdefault("bold", book.add_format({"bold": True}))
        page.write_rich_string(r, c, bold, cell.text[:1], cell.text[1:])
    elif isinstance(cell, Formula):
        value = "" if cell.value is None else cell.value
        page.write_formula(r, c, "=" + cell.text, None, value)
    elif isinstance(cell, (int, float)):
        page.write_number(r, c, cell)
    else:
        page.write_string(r, c, str(cell))


def _xls(dress: Dress, sheets: list[Sheet]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = dress.is_1904
    styles: dict[str, Any] = {}
    for sheet in sheets:
        page = book.add_sheet(sheet.name, cell_overwrite_ok=True)
        rows = rows_of(sheet)
        for top, left, bottom, right in merges_of(rows):
            page.merge(top, bottom, left, right)
        for number in sheet.hidden_rows:
            page.row(number).hidden = True
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is None or cell == "" or isinstance(cell, Mark):
                    continue
                if isinstance(cell, DayCell):
                    style = styles.setdefault(cell.number_format, xlwt.XFStyle())
                    style.num_format_str = cell.number_format
                    page.write(r, c, cell.value, style)
                else:
                    page.write(r, c, cell)
        page.visibility = 2 if sheet.is_hidden else 0
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _ods(_dress: Dress, sheets: list[Sheet]) -> bytes:
    book = OpenDocumentSpreadsheet()
    hidden = Style(name="hidden", family="table")
    hidden.addElement(TableProperties(display="false"))
    book.automaticstyles.addElement(hidden)
    for sheet in sheets:
        more = {"stylename": hidden} if sheet.is_hidden else {}
        table = Table(name=sheet.name, **more)
        rows = rows_of(sheet)
        spans = {(top, left): (b - top + 1, r - left + 1) for top, left, b, r in merges_of(rows)}
        for r, row in enumerate(rows):
            line = TableRow(visibility="collapse") if r in sheet.hidden_rows else TableRow()
            for c, cell in enumerate(row or [""]):
                line.addElement(_ods_cell(cell, spans.get((r, c))))
            table.addElement(line)
        book.spreadsheet.addElement(table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _ods_cell(cell: Any, span: tuple[int, int] | None) -> Any:
    if isinstance(cell, Mark):
        return CoveredTableCell()
    more = {"numberrowsspanned": span[0], "numbercolumnsspanned": span[1]} if span else {}
    if cell is None or cell == "":
        return TableCell(**more)
    if isinstance(cell, DayCell):
        return TableCell(valuetype="date", datevalue=cell.value.isoformat(), **more)
    if isinstance(cell, (int, float)):
        return TableCell(valuetype="float", value=str(cell), **more)
    table_cell = TableCell(valuetype="string", **more)
    for line in str(cell).split("\n"):
        table_cell.addElement(P(text=line))
    return table_cell


def _html(dress: Dress, sheets: list[Sheet]) -> bytes:
    form = dress.html
    charset = {"gb18030": "gb2312"}.get(form.encoding, form.encoding)
    parts = [
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
        f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
        "<style>td {mso-number-format:'\\@'}</style><!-- <table><tr><td>no</td></tr> --></head><body>"
    ]
    if form.layout_table:
        parts.append("<table><tr><td>")
    for sheet in sheets:
        parts.append('<table border="1">')
        rows = rows_of(sheet)
        spans = {(top, left): (b - top + 1, r - left + 1) for top, left, b, r in merges_of(rows)}
        for r, row in enumerate(rows):
            is_head = form.head_cells and r == 0
            cells = "".join(
                _html_cell(cell, spans.get((r, c)), form, "th" if is_head else "td")
                for c, cell in enumerate(row)
                if not isinstance(cell, Mark)
            )
            line = f"<tr>{cells}</tr>"
            parts.append(f"<thead>{line}</thead>" if is_head else line)
        parts.append("</table>")
    if form.layout_table:
        parts.append("</td></tr></table>")
    parts.append("<script>document.title = '<td>1</td>';</script></body></html>")
    return "\r\n".join(parts).encode(form.encoding)


def _html_cell(cell: Any, span: tuple[int, int] | None, form: HtmlForm, tag: str) -> str:
    spans = f' rowspan="{span[0]}" colspan="{span[1]}"' if span else ""
    text = html.escape(text_of(cell)).replace("\n", "<br>") or "&nbsp;"
    if form.fonts:
        text = f'<font face="宋体"><b>{text}</b></font>'
    return f"<{tag}{spans}>{text}" + (f"</{tag}>" if form.closes_cells else "")


def _xml_2003(_dress: Dress, sheets: list[Sheet]) -> bytes:
    parts = [
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    ]
    for sheet in sheets:
        parts.append(f"<Worksheet ss:Name={quoteattr(sheet.name)}><Table>")
        rows = rows_of(sheet)
        spans = {(top, left): (b - top, r - left) for top, left, b, r in merges_of(rows)}
        for r, row in enumerate(rows):
            cells = "".join(
                _xml_cell(cell, c, spans.get((r, c)))
                for c, cell in enumerate(row)
                if cell not in ("", None) and not isinstance(cell, Mark)
            )
            parts.append(f'<Row ss:Index="{r + 1}">{cells}</Row>')
        parts.append("</Table></Worksheet>")
    parts.append("</Workbook>")
    return "\n".join(parts).encode()


def _xml_cell(cell: Any, column: int, span: tuple[int, int] | None) -> str:
    spans = f' ss:MergeDown="{span[0]}" ss:MergeAcross="{span[1]}"' if span else ""
    kind, text = "String", text_of(cell)
    if isinstance(cell, DayCell):
        kind, text = "DateTime", f"{text}T00:00:00.000"
    elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
        kind = "Number"
    data = escape(text).replace("\n", "&#10;")
    return f'<Cell ss:Index="{column + 1}"{spans}><Data ss:Type="{kind}">{data}</Data></Cell>'


WRITERS: dict[str, Callable[[Dress, list[Sheet]], bytes]] = {
    "xlsx": _xlsx,
    "xls": _xls,
    "ods": _ods,
    "html-xls": _html,
    "xml-2003": _xml_2003,
}


def serial(day: date, *, is_1904: bool = False) -> int:
    """A spreadsheet's number for a day."""
    return (day - (date(1904, 1, 1) if is_1904 else date(1899, 12, 30))).days
