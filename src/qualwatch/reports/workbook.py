"""A check as the workbook that an officer sends round: one sheet per question, codes as text, no formulas."""

import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
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

MOST_ROWS = 1_048_575  # of data below the heading: a sheet has 1,048,576
LONGEST_CELL = 32_767  # characters that a cell may hold
LINE_POINTS, TALLEST_ROW, A3 = 15, 409, 8  # a line's height; a row's largest; the paper's number
COVER = 72  # width of the cover's second column
OPTIONS: dict[str, Any] = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
NARROW, MIDDLE, WIDE, CODE = 8, 16, 44, 21  # widths in characters


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, columns (heading, width) and rows."""

    name: str
    columns: list[tuple[str, int]]
    rows: Iterable[tuple[Any, ...]]


def write_workbook(report: CheckReport, path: Path, rows_per_sheet: int = MOST_ROWS) -> None:
    """Writes the whole report; a sheet longer than `rows_per_sheet` goes on in further ones."""
    try:
        with xlsxwriter.Workbook(path, OPTIONS) as book:
            book.set_properties({"title": _("资质动态核查") + f" {report.as_of}"})
            looks = _looks(book)
            _cover(book, looks, report)
            for sheet in _sheets(report):
                _write(book, looks, sheet, rows_per_sheet)
    except FileCreateError as error:  # the library's own kind of an operating system's error
        raise OSError(*error.args[0].args) from error


def workbook_of(title: str, sheets: Iterable[Sheet]) -> bytes:
    """A workbook of a few sheets, as bytes; the same content gives the same bytes."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, OPTIONS | {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": datetime(2023, 5, 1, tzinfo=UTC)})
        looks = _looks(book)
        for sheet in sheets:
            _write(book, looks, sheet, MOST_ROWS)
    return written.getvalue()


def _looks(book: Any) -> dict[str, Any]:
    base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
    return {
        "text": book.add_format({**base, "text_wrap": True, "num_format": "@"}),
        "number": book.add_format({**base, "num_format": "0"}),
        "told": book.add_format({**base, "text_wrap": True, "align": "left"}),
        "head": book.add_format(
            {**base, "bold": True, "bg_color": "#E8EDF3", "border": 1, "border_color": "#B8C2CE"}
        ),
        "title": book.add_format({**base, "bold": True, "font_size": 16}),
    }


def _write(book: Any, looks: dict[str, Any], sheet: Sheet, rows_per_sheet: int) -> None:
    rows, part = iter(sheet.rows), 1
    while True:
        first = next(rows, None)
        if first is None and part > 1:
            return
        name = sheet.name if part == 1 else f"{sheet.name}{part}"
        page = book.add_worksheet(name)
        for at, (heading, width) in enumerate(sheet.columns):
            page.set_column(at, at, width)
            page.write_string(0, at, heading, looks["head"])
        written = 0
        for row in islice(chain([] if first is None else [first], rows), rows_per_sheet):
            written += 1
            _height(
                page, written, zip(row, (width for _heading, width in sheet.columns), strict=True)
            )
            for at, cell in enumerate(row):
                _cell(page, looks, written, at, cell)
        page.freeze_panes(1, 1)
        page.autofilter(0, 0, max(written, 1), len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(A3)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_footer("&C&A  &P / &N")
        part += 1


def _height(page: Any, row: int, cells: Iterable[tuple[Any, int]]) -> None:
    """As many lines as the fullest cell needs: not every program makes wrapped rows taller by itself."""
    lines = 1
    for cell, width in cells:
        if isinstance(cell, str):
            lines = max(
                lines, sum(-(-_columns_of(part) // width) or 1 for part in cell.split("\n"))
            )
    if lines > 1:
        page.set_row(row, min(LINE_POINTS * lines, TALLEST_ROW))


def _columns_of(text: str) -> int:
    """Columns of a fixed font: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _cell(page: Any, looks: dict[str, Any], row: int, at: int, cell: Any) -> None:
    """A count as a number, everything else as text: a leading = or a long code stays what it is."""
    if isinstance(cell, int):
        page.write_number(row, at, cell, looks["number"])
    elif cell not in (None, ""):
        page.write_string(row, at, hidden(str(cell))[:LONGEST_CELL], looks["text"])


def _cover(book: Any, looks: dict[str, Any], report: CheckReport) -> None:
    page = book.add_worksheet(_("说明"))
    page.set_column(0, 0, 22)
    page.set_column(1, 1, COVER)
    page.hide_gridlines(2)
    page.fit_to_pages(1, 0)
    page.write_string(0, 0, _("资质动态核查"), looks["title"])
    counts = report.verdict_counts()
    lines = [
        (_("核查日"), str(report.as_of)),
        (_("口径"), f"{report.policy.name} {report.policy.in_force_from}"),
        (_("依据的标准"), "、".join(one["doc_no"] for one in standards_in(report.law))),
        (_("标准文本摘要"), report.law.digest),
        (_("企业"), len(report.results)),
        *((label_of(labels.VERDICTS, verdict), count) for verdict, count in counts.items()),
        (_("拒收的行"), len(report.rejections)),
        (_("怎样读"), how_to_read()),
        (_("注意"), personal_data_notice()),
    ]
    for row, (label, value) in enumerate(lines, 2):
        _height(page, row, [(value, COVER)])
        page.write_string(row, 0, label, looks["head"])
        page.write(row, 1, value, looks["told"])


def _sheets(report: CheckReport) -> Iterator[Sheet]:
    for verdict in ("short", "advise", "cannot-say"):
        found = (finding for finding in report.findings if finding.verdict == verdict)
        yield Sheet(
            label_of(labels.VERDICTS, verdict),
            _finding_columns(),
            (_finding(report, finding) for finding in found),
        )
    yield Sheet(_("人员"), _people_columns(), _people(report))
    yield Sheet(_("社保异常"), _anomaly_columns(), _anomalies(report))
    where = [(_("文件"), MIDDLE + 8), (_("工作表"), MIDDLE), (_("行"), NARROW), (_("列"), MIDDLE)]
    rejected = [*where, (_("值"), CODE), (_("问题"), WIDE), (_("怎样改"), WIDE)]
    yield Sheet(
        _("拒收"),
        rejected,
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


def _place(one: Rejection | Notice) -> tuple[str, str, int | None, str]:
    return one.file, one.sheet, one.row, one.column


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
        (_("条款"), WIDE),
        (_("依据"), MIDDLE + 8),
        (_("原因"), WIDE),
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
        (_("月份"), MIDDLE + 8),
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
        "\n".join(clause_line(clause) for clause in finding.clauses) or finding.text,
        "、".join(finding.basis),
        "、".join(label_of(labels.REASONS, slug) for slug in finding.because),
    )


def _people(report: CheckReport) -> Iterator[tuple[Any, ...]]:
    for finding in (one for one in report.findings if one.verdict in ("short", "advise")):
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
    names = {finding.credit_code: finding.enterprise for finding in report.findings}
    for anomaly in report.anomalies:
        yield (
            report.area_name(anomaly.credit_code),
            names.get(anomaly.credit_code, ""),
            anomaly.credit_code,
            report.names.get(anomaly.person_id, anomaly.person_id),
            report.masks.get(anomaly.person_id, ""),
            anomaly.registration_no,
            label_of(labels.ANOMALIES, anomaly.kind),
            "、".join(f"{month:%Y-%m}" for month in anomaly.months),
        )
