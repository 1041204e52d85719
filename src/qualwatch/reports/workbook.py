"""A check as a workbook: one sheet per question, codes as text, no formulas."""

import io
import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from qualwatch.evaluation.account import Notice, Rejection
from qualwatch.evaluation.findings import Finding
from qualwatch.privacy import hidden
from qualwatch.reports import labels
from qualwatch.reports.check import CheckReport, how_to_read, personal_data_notice, standards_in
from qualwatch.reports.explanation import clause_line, in_reading_order, item_name, registrations_of
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

MAX_ROWS = 1_048_575  # of data below the heading: a sheet has 1,048,576
LONGEST_CELL = 32_767  # characters that a cell may hold
LINE_POINTS = 15  # height of a line
TALLEST_ROW = 409  # points
A3 = 8  # the number of the paper size
COVER = 72  # width of the cover's second column
OPTIONS: dict[str, Any] = {
    "constant_memory": True,
    # names and codes come from files of strangers
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
# a custom property that survives saving: intake refuses the product's own workbooks as registers
OWN_MARK = "qualwatch-report"
# widths of columns in characters
NARROW = 8
MIDDLE = 16
WIDE = 44
CODE = 21


_Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month, in a cell as a day that shows year and month."""

    first_day: date


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, columns (heading, width) and rows."""

    name: str
    columns: list[tuple[str, int]]
    rows: Iterable[tuple[Any, ...]]


def write_workbook(report: CheckReport, path: Path, rows_per_sheet: int = MAX_ROWS) -> None:
    """Writes the whole report; a sheet longer than `rows_per_sheet` goes on in further ones."""
    try:
        with xlsxwriter.Workbook(path, OPTIONS) as book:
            book.set_properties({"title": _("资质动态核查") + f" {report.as_of}"})
            book.set_custom_property(OWN_MARK, "check")
            formats = _formats(book)
            _cover(book, formats, report)
            for sheet in _sheets(report):
                _write(book, formats, sheet, rows_per_sheet)
    except FileCreateError as error:
        # the library wraps the operating system's error
        raise OSError(*error.args[0].args) from error


def workbook_of(title: str, sheets: Iterable[Sheet]) -> bytes:
    """A workbook of a few sheets, as bytes; the same content gives the same bytes."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS | {"in_memory": True}) as book:
        # a fixed day: the library writes the moment otherwise, and bytes would differ
        book.set_properties({"title": title, "created": datetime(2023, 5, 1, tzinfo=UTC)})
        book.set_custom_property(OWN_MARK, "sheets")
        formats = _formats(book)
        for sheet in sheets:
            _write(book, formats, sheet, MAX_ROWS)
    return file.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
    return {
        "text": book.add_format({**base, "text_wrap": True, "num_format": "@"}),
        "number": book.add_format({**base, "num_format": "0"}),
        "day": book.add_format({**base, "num_format": "yyyy-mm-dd", "align": "left"}),
        "month": book.add_format({**base, "num_format": "yyyy-mm", "align": "left"}),
        "value": book.add_format({**base, "text_wrap": True, "align": "left"}),
        "head": book.add_format(
            {**base, "bold": True, "bg_color": "#E8EDF3", "border": 1, "border_color": "#B8C2CE"}
        ),
        "title": book.add_format({**base, "bold": True, "font_size": 16}),
    }


def _write(book: Any, formats: dict[str, Any], sheet: Sheet, rows_per_sheet: int) -> None:
    for number, rows in enumerate(_parts(sheet.rows, rows_per_sheet), 1):
        page = book.add_worksheet(sheet.name if number == 1 else f"{sheet.name}{number}")
        for at, (heading, width) in enumerate(sheet.columns):
            page.set_column(at, at, width)
            page.write_string(0, at, heading, formats["head"])
        last = _write_rows(page, formats, [width for _heading, width in sheet.columns], rows)
        page.freeze_panes(1, 1)
        page.autofilter(0, 0, max(last, 1), len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(A3)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_footer("&C&A  &P / &N")


def _parts(rows: Iterable[_Row], size: int) -> Iterator[Iterable[_Row]]:
    """The rows in parts of a size; without rows one empty part.

    Each is read before the next is asked for.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        yield ()
    while first is not None:
        yield chain([first], islice(rows, size - 1))
        first = next(rows, None)


def _write_rows(page: Any, formats: dict[str, Any], widths: list[int], rows: Iterable[_Row]) -> int:
    """Rows below the heading; the number of the last one."""
    last = 0
    for last, row in enumerate(rows, 1):
        _set_height(page, last, zip(row, widths, strict=True))
        for at, cell in enumerate(row):
            _cell(page, formats, last, at, cell)
    return last


def _set_height(page: Any, row: int, cells: Iterable[tuple[Any, int]]) -> None:
    """As many lines as the fullest cell needs: not every program makes wrapped rows taller by
    itself.
    """
    lines = max((_lines_of(cell, width) for cell, width in cells), default=1)
    if lines > 1:
        page.set_row(row, min(LINE_POINTS * lines, TALLEST_ROW))


def _lines_of(cell: Any, width: int) -> int:
    if not isinstance(cell, str):
        return 1
    return sum(max(1, math.ceil(_columns_of(line) / width)) for line in cell.split("\n"))


def _columns_of(text: str) -> int:
    """Columns of a fixed font: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _cell(page: Any, formats: dict[str, Any], row: int, at: int, cell: Any) -> None:
    """A count as a number, a day as a day, everything else as text: a leading = or a long code
    stays what it is.
    """
    if isinstance(cell, Month):
        page.write_datetime(row, at, cell.first_day, formats["month"])
    elif isinstance(cell, date):
        page.write_datetime(row, at, cell, formats["day"])
    elif isinstance(cell, int):
        page.write_number(row, at, cell, formats["number"])
    elif cell not in (None, ""):
        page.write_string(row, at, hidden(str(cell))[:LONGEST_CELL], formats["text"])


def _cover(book: Any, formats: dict[str, Any], report: CheckReport) -> None:
    page = book.add_worksheet(_("说明"))
    page.set_column(0, 0, 22)
    page.set_column(1, 1, COVER)
    page.hide_gridlines(2)
    page.fit_to_pages(1, 0)
    page.write_string(0, 0, _("资质动态核查"), formats["title"])
    counts = report.verdict_counts()
    anomalies = sum(1 for _anomaly in report.anomalies)
    lines = [
        (_("核查日"), report.as_of),
        (_("口径"), report.policy.name),
        (_("口径施行日"), report.policy.in_force_from),
        (_("依据的标准"), "、".join(text["doc_no"] for text in standards_in(report.law))),
        (_("标准文本摘要"), report.law.digest),
        (_("企业（家）"), len(report.results)),
        *(
            (_("{verdict}（项指标）").format(verdict=label_of(labels.VERDICTS, verdict)), count)
            for verdict, count in counts.items()
        ),
        (_("社保异常（人次）"), anomalies),
        (_("拒收（处）"), len(report.rejections)),
        (_("怎样读"), how_to_read()),
        (_("注意"), personal_data_notice()),
    ]
    for row, (label, value) in enumerate(lines, 2):
        _set_height(page, row, [(value, COVER)])
        page.write_string(row, 0, label, formats["head"])
        if isinstance(value, date):
            page.write_datetime(row, 1, value, formats["day"])
        else:
            page.write(row, 1, value, formats["value"])


def _sheets(report: CheckReport) -> Iterator[Sheet]:
    for verdict in ("short", "advise", "cannot-say"):
        findings = (finding for finding in report.findings if finding.verdict == verdict)
        rows = (_finding(report, finding) for finding in findings)
        yield Sheet(label_of(labels.VERDICTS, verdict), _finding_columns(), rows)
    yield Sheet(_("人员"), _people_columns(), _people(report))
    yield Sheet(_("社保异常"), _anomaly_columns(), _anomalies(report))
    where = [(_("文件"), MIDDLE + 8), (_("工作表"), MIDDLE), (_("行"), NARROW), (_("列"), MIDDLE)]
    yield Sheet(
        _("拒收"),
        [*where, (_("值"), CODE), (_("问题"), WIDE), (_("怎样改"), WIDE)],
        (
            (*_place(rejection), rejection.value, rejection.problem, rejection.remedy)
            for rejection in report.rejections
        ),
    )
    yield Sheet(
        _("提醒"),
        [*where, (_("提醒"), WIDE + 20)],
        ((*_place(notice), notice.text) for notice in report.notices),
    )


def _place(row: Rejection | Notice) -> tuple[str, str, int | None, str]:
    return row.file, row.sheet, row.row, row.column


def _finding_columns() -> list[tuple[str, int]]:
    counts = [(heading, NARROW) for heading in (_("要求"), _("实有"), _("可能"), _("缺"))]
    return [
        (_("监管地"), MIDDLE),
        (_("企业"), WIDE - 12),
        (_("统一社会信用代码"), CODE),
        (_("资质"), WIDE - 12),
        (_("资质证书号"), MIDDLE),
        (_("许可机关"), MIDDLE),
        (_("指标"), MIDDLE),
        *counts,
        (_("单位"), NARROW),
        (_("条款"), WIDE),
        (_("依据"), MIDDLE + 8),
        (_("原因"), WIDE),
        (_("核查日"), MIDDLE - 4),
    ]


def _people_columns() -> list[tuple[str, int]]:
    return [
        (_("企业"), WIDE - 12),
        (_("统一社会信用代码"), CODE),
        (_("资质"), WIDE - 12),
        (_("指标"), MIDDLE),
        (_("姓名"), MIDDLE - 4),
        (_("证件号码"), CODE),
        (_("注册"), WIDE),
        (_("计入"), NARROW),
        (_("原因"), WIDE),
    ]


def _anomaly_columns() -> list[tuple[str, int]]:
    return [
        (_("监管地"), MIDDLE),
        (_("企业"), WIDE - 12),
        (_("统一社会信用代码"), CODE),
        (_("姓名"), MIDDLE - 4),
        (_("证件号码"), CODE),
        (_("注册编号"), CODE),
        (_("情形"), MIDDLE + 8),
        (_("首月"), MIDDLE - 4),
        (_("末月"), MIDDLE - 4),
        (_("月份"), MIDDLE + 12),
    ]


def _finding(report: CheckReport, finding: Finding) -> tuple[Any, ...]:
    authority = labels.authority_name(report.law, finding.licensing_authority)
    return (
        report.area_name(finding.credit_code),
        finding.enterprise,
        finding.credit_code,
        item_name(finding),
        finding.certificate_no,
        authority,
        label_of(labels.REQUIREMENTS, finding.requirement),
        finding.required,
        finding.held,
        finding.possible,
        finding.shortfall,
        labels.unit_of(finding.requirement),
        "\n".join(clause_line(clause) for clause in finding.clauses) or finding.text,
        "、".join(finding.basis),
        "、".join(label_of(labels.REASONS, slug) for slug in finding.because),
        report.as_of,
    )


def _people(report: CheckReport) -> Iterator[tuple[Any, ...]]:
    for finding in report.findings:
        if finding.verdict not in ("short", "advise"):
            continue
        for line in in_reading_order(report.people.get(finding.key, ())):
            yield (
                finding.enterprise,
                finding.credit_code,
                item_name(finding),
                label_of(labels.REQUIREMENTS, finding.requirement),
                report.names.get(line.person_id, line.person_id),
                report.masks.get(line.person_id, ""),
                "；".join(registrations_of(report.law, line)),
                label_of(labels.COUNTS, line.counts),
                "、".join(label_of(labels.REASONS, slug) for slug in line.because),
            )


def _anomalies(report: CheckReport) -> Iterator[tuple[Any, ...]]:
    for anomaly in report.anomalies:
        yield (
            report.area_name(anomaly.credit_code),
            report.enterprise_names.get(anomaly.credit_code, ""),
            anomaly.credit_code,
            report.names.get(anomaly.person_id, anomaly.person_id),
            report.masks.get(anomaly.person_id, ""),
            anomaly.registration_no,
            label_of(labels.ANOMALIES, anomaly.kind),
            Month(min(anomaly.months)) if anomaly.months else None,
            Month(max(anomaly.months)) if anomaly.months else None,
            "、".join(f"{month:%Y-%m}" for month in anomaly.months),
        )
