"""Register files of every kind an office sends: the same rows as CSV, GB18030 CSV, .xls, .xlsx, .ods."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

Rows = list[list[Any]]
FORMATS = ("csv", "gb18030.csv", "xlsx", "xls", "ods")
MERGING = ("xlsx", "xls", "ods")

ENTERPRISES = ["统一社会信用代码", "企业名称", "注册地区划代码", "分支机构信用代码"]
ITEMS = [
    "统一社会信用代码",
    "资质证书号",
    "资质名称",
    "分项",
    "等级",
    "许可机关",
    "取得方式",
    "有效期起",
    "有效期止",
    "延续申请日期",
    "状态",
    "状态日期",
]
REGISTRATIONS = [
    "统一社会信用代码",
    "姓名",
    "证件类型",
    "身份证号",
    "出生日期",
    "证书类别",
    "等级",
    "专业",
    "注册编号",
    "变更日期",
    "有效期起",
    "有效期止",
    "状态",
    "状态日期",
]
CONTRIBUTIONS = ["身份证号", "缴费月份", "缴费单位信用代码"]


def write(
    path: Path,
    sheets: dict[str, Rows],
    form: str,
    merges: dict[str, list[tuple[int, int, int, int]]] | None = None,
) -> Path:
    """Sheets as one workbook, or as a folder of CSV files. merges: (top, left, bottom, right) from 0 per sheet."""
    path.mkdir(parents=True, exist_ok=True)
    if form.endswith("csv"):
        for name, rows in sheets.items():
            (path / f"{name}.csv").write_bytes(
                csv_bytes(rows, "gb18030" if form.startswith("gb") else "utf-8")
            )
        return path
    writer = {"xlsx": _xlsx, "xls": _xls, "ods": _ods}[form]
    writer(path / f"登记.{form}", sheets, merges or {})
    return path


def csv_bytes(rows: Rows, encoding: str = "utf-8") -> bytes:
    """Rows as the bytes of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode(encoding)


def _xlsx(
    path: Path, sheets: dict[str, Rows], merges: dict[str, list[tuple[int, int, int, int]]]
) -> None:
    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_numbers": False}
    ) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for top, left, bottom, right in merges.get(name, ()):
                sheet.merge_range(top, left, bottom, right, "")
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if cell is None:
                        continue
                    if isinstance(cell, date):
                        sheet.write_datetime(r, c, cell, day)
                    elif isinstance(cell, (int, float)):
                        sheet.write_number(r, c, cell)
                    elif cell.startswith("=ERR"):
                        sheet.write_formula(r, c, "=1/0", None, "#DIV/0!")
                    else:
                        sheet.write_string(r, c, cell)


def _xls(
    path: Path, sheets: dict[str, Rows], merges: dict[str, list[tuple[int, int, int, int]]]
) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.XFStyle()
    day.num_format_str = "yyyy-mm-dd"
    for name, rows in sheets.items():
        sheet = book.add_sheet(name, cell_overwrite_ok=True)
        for top, left, bottom, right in merges.get(name, ()):
            sheet.merge(top, bottom, left, right)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write(r, c, cell, day)
                elif isinstance(cell, str) and cell.startswith("=ERR"):
                    sheet.write(r, c, xlwt.Formula("1/0"))
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.save(str(path))


def _ods(
    path: Path, sheets: dict[str, Rows], merges: dict[str, list[tuple[int, int, int, int]]]
) -> None:
    book = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        spans = {
            (top, left): (bottom - top + 1, right - left + 1)
            for top, left, bottom, right in merges.get(name, ())
        }
        covered = {
            (r, c)
            for top, left, bottom, right in merges.get(name, ())
            for r in range(top, bottom + 1)
            for c in range(left, right + 1)
        } - spans.keys()
        for r, row in enumerate(rows):
            line = TableRow()
            for c, cell in enumerate(row):
                line.addElement(_ods_cell(cell, (r, c) in covered, spans.get((r, c))))
            table.addElement(line)
        book.spreadsheet.addElement(table)
    book.save(str(path))


def _ods_cell(cell: Any, covered: bool, span: tuple[int, int] | None) -> Any:
    if covered:
        return CoveredTableCell()
    more = {"numberrowsspanned": span[0], "numbercolumnsspanned": span[1]} if span else {}
    if cell is None or cell == "":
        return TableCell(**more)
    if isinstance(cell, date):
        return TableCell(valuetype="date", datevalue=cell.isoformat(), **more)
    if isinstance(cell, (int, float)):
        return TableCell(valuetype="float", value=str(cell), **more)
    if cell.startswith("=ERR"):
        table_cell = TableCell(valuetype="string", formula="of:=1/0", **more)
        table_cell.addElement(P(text="#DIV/0!"))
        return table_cell
    table_cell = TableCell(valuetype="string", **more)
    table_cell.addElement(P(text=cell))
    return table_cell
