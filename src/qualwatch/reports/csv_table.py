"""Findings as CSV: one row a finding, under headings in the chosen language."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qualwatch.evaluation.findings import Finding
from qualwatch.privacy import hidden
from qualwatch.reports import labels
from qualwatch.reports.check import CheckReport
from qualwatch.reports.explanation import item_name
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(report: CheckReport) -> str:
    """The header row and every finding, in the order of enterprises; lines end as RFC 4180 says."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_headings())
    writer.writerows(_rows(report))
    return text.getvalue()


def write_csv(report: CheckReport, path: Path) -> None:
    """All findings as UTF-8 with a byte order mark, without which Excel misreads Chinese."""
    path.write_bytes(csv_text(report).encode("utf-8-sig"))


def _headings() -> list[str]:
    return [
        _("核查日"),
        _("监管地"),
        _("企业"),
        _("统一社会信用代码"),
        _("资质"),
        _("资质证书号"),
        _("许可机关"),
        _("指标"),
        _("结论"),
        _("要求"),
        _("实有"),
        _("可能"),
        _("缺"),
        _("依据"),
        _("原因"),
    ]


def _rows(report: CheckReport) -> Iterator[list[Any]]:
    for finding in report.findings:
        yield [_cell(value) for value in _values(report, finding)]


def _values(report: CheckReport, finding: Finding) -> tuple[Any, ...]:
    return (
        report.as_of,
        report.area_name(finding.credit_code),
        finding.enterprise,
        finding.credit_code,
        item_name(finding),
        finding.certificate_no,
        labels.authority_name(report.law, finding.licensing_authority),
        label_of(labels.REQUIREMENTS, finding.requirement),
        label_of(labels.VERDICTS, finding.verdict),
        finding.required,
        finding.held,
        finding.possible,
        finding.shortfall,
        "、".join(finding.basis),
        "、".join(label_of(labels.REASONS, slug) for slug in finding.because),
    )


def _cell(value: Any) -> Any:
    """An apostrophe before a text that a spreadsheet program would run as a formula."""
    if not isinstance(value, str):
        return value
    return hidden(f"'{value}" if value.startswith(FORMULA_STARTS) else value)
