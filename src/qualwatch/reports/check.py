"""The result of `qualwatch check` as a table and as JSON; the other forms have modules of their
own.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.evaluation.findings import (
    VERDICTS,
    Anomaly,
    EnterpriseResult,
    Finding,
    FindingKey,
    PersonLine,
)
from qualwatch.law.loader import Law
from qualwatch.law.model import GradeText
from qualwatch.law.policy import Policy
from qualwatch.privacy import hidden_in
from qualwatch.reports import labels
from qualwatch.reports.explanation import item_name
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

SCHEMA = "qualwatch-check/1"
MAX_REJECTIONS = 20  # rejected rows on a terminal
MAX_ROWS = 200  # of a table on a terminal; everything is in the other formats


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The whole result of one check.

    masks, names: masked identity numbers and names by pseudonym.
    people: the person lines by the key of a finding.
    areas: the supervising area by credit code, None outside the province or unknown.
    enterprise_names: by credit code.
    """

    as_of: date
    law: Law
    policy: Policy
    results: list[EnterpriseResult]
    accounts: list[FileAccount]
    rejections: list[Rejection]
    notices: list[Notice]
    masks: Mapping[str, str]
    names: Mapping[str, str]
    people: Mapping[FindingKey, tuple[PersonLine, ...]]
    areas: Mapping[str, str | None]
    enterprise_names: Mapping[str, str]

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings, in the order of enterprises."""
        return (finding for result in self.results for finding in result.findings)

    @property
    def anomalies(self) -> Iterator[Anomaly]:
        """All insurance anomalies, in the order of enterprises."""
        return (anomaly for result in self.results for anomaly in result.anomalies)

    def area_name(self, credit_code: str) -> str:
        """The supervising area of an enterprise; '' outside the province or unknown."""
        return labels.area_name(self.law, self.areas.get(credit_code))

    def verdict_counts(self) -> dict[str, int]:
        """How many findings have each verdict."""
        counted = Counter(finding.verdict for finding in self.findings)
        return {verdict: counted[verdict] for verdict in VERDICTS}


def how_to_read() -> str:
    """The meaning of held and possible."""
    return _(
        "「实有」是确定计入的人数，「可能」把每处疑问都按有利于企业解释；只有「可能」也不够才是不达标。"
    )


def personal_data_notice() -> str:
    """The sentence on every form that names people."""
    return _("含个人信息，证件号码已遮盖，只供经办使用。结论供核实，不等于黄牌。")


def standards_in(law: Law) -> list[dict[str, str]]:
    """The standards judged by: their documents and the day they took force."""
    slugs = dict.fromkeys(text.standard for text in law.categories.values())
    for text in law.categories.values():
        for *_level, grade in text.every_grade():
            slugs |= dict.fromkeys(_figure_bases(grade))
    documents = [law.documents[slug] for slug in slugs]
    return [
        {"doc_no": document.doc_no, "in_force_from": str(document.in_force_from)}
        for document in documents
        if document.in_force_from
    ]


def _figure_bases(grade: GradeText) -> Iterator[str]:
    """The documents that a grade's figures rest on, beside the standard."""
    for requirement in grade.requirements:
        for clause in requirement.clauses:
            yield from (figure.basis for figure in clause.at_least.values())


def as_json(report: CheckReport) -> str:
    """The report as the JSON that other programs read (schema qualwatch-check/1).

    Days as ISO, people masked.
    """
    document = {
        "schema": SCHEMA,
        "as_of": str(report.as_of),
        "policy": {
            "policy": report.policy.slug,
            "in_force_from": str(report.policy.in_force_from),
            "counting": report.policy["counting"],
            "law_digest": report.law.digest,
        },
        "standards": standards_in(report.law),
        "findings": [finding_as_dict(finding) for finding in report.findings],
        "anomalies": [anomaly_as_dict(anomaly, report.masks) for anomaly in report.anomalies],
        # the fields of these are the columns of the JSON
        "rejected": [asdict(rejection) for rejection in report.rejections],
        "notices": [asdict(notice) for notice in report.notices],
        "summary": summary(report),
    }
    return one_row_a_line(document)


def one_row_a_line(document: dict[str, Any]) -> str:
    """JSON with every row of every list on a line of its own: readable, and quick to write and to
    compare.
    """
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(json.dumps(hidden_in(row), ensure_ascii=False) for row in value)
            text = f"[\n{lines}\n]"
        else:
            text = json.dumps(hidden_in(value), ensure_ascii=False)
        parts.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}"


def finding_as_dict(finding: Finding) -> dict[str, Any]:
    """One finding, in the columns of the JSON."""
    return {
        "credit_code": finding.credit_code,
        "enterprise": finding.enterprise,
        "certificate_no": finding.certificate_no,
        "licensing_authority": finding.licensing_authority,
        "qualification": finding.qualification,
        "sub_item": finding.sub_item,
        "grade": finding.grade,
        "requirement": finding.requirement,
        "text": finding.text,
        "verdict": finding.verdict,
        "required": finding.required,
        "held": finding.held,
        "possible": finding.possible,
        "shortfall": finding.shortfall,
        "clauses": [
            {
                "text": clause.text,
                "at_least": clause.at_least,
                "eligible": clause.eligible,
                "eligible_possible": clause.eligible_possible,
            }
            for clause in finding.clauses
        ],
        "basis": list(finding.basis),
        "because": list(finding.because),
    }


def anomaly_as_dict(anomaly: Anomaly, masks: Mapping[str, str]) -> dict[str, Any]:
    """One anomaly, the person masked."""
    return {
        "credit_code": anomaly.credit_code,
        "person": masks.get(anomaly.person_id, anomaly.person_id),
        "registration_no": anomaly.registration_no,
        "kind": anomaly.kind,
        "months": [f"{month:%Y-%m}" for month in anomaly.months],
    }


def summary(report: CheckReport) -> dict[str, Any]:
    """Counts per verdict, of anomalies and items not judged, and per file."""
    not_judged = Counter(why for result in report.results for _category, why in result.not_judged)
    return {
        "enterprises": len(report.results),
        "verdicts": report.verdict_counts(),
        "anomalies": dict(sorted(Counter(anomaly.kind for anomaly in report.anomalies).items())),
        "items_not_in_force": dict(sorted(not_judged.items())),
        "files": [asdict(account) for account in report.accounts],
    }


def print_table(report: CheckReport, console: Console) -> None:
    """First who falls short, then who cannot be judged.

    With many findings only the short and advised ones.
    """
    findings = list(report.findings)
    shown = findings
    if len(findings) > MAX_ROWS:
        shown = [finding for finding in findings if finding.verdict in ("short", "advise")]
    shown = sorted(shown, key=lambda finding: VERDICTS.index(finding.verdict))
    table = Table(title=_("核查结果 {day}").format(day=report.as_of), title_justify="left")
    for heading in (_("企业"), _("资质"), _("指标"), _("结论")):
        table.add_column(heading)
    for heading in (_("要求"), _("实有"), _("可能")):
        table.add_column(heading, justify="right")
    table.add_column(_("原因"))
    for finding in shown[:MAX_ROWS]:
        table.add_row(*_table_row(finding))
    console.print(table)
    if len(shown) > MAX_ROWS or len(shown) < len(findings):
        text = _("表中 {shown} 行，共 {all} 行；全部见 --format json")
        console.print(text.format(shown=min(len(shown), MAX_ROWS), all=len(findings)))
    print_summary(report, console)


def _table_row(finding: Finding) -> list[str]:
    numbers = (finding.required, finding.held, finding.possible)
    return [
        finding.enterprise or finding.credit_code,
        item_name(finding),
        label_of(labels.REQUIREMENTS, finding.requirement),
        label_of(labels.VERDICTS, finding.verdict),
        *("" if number is None else str(number) for number in numbers),
        "、".join(label_of(labels.REASONS, slug) for slug in finding.because),
    ]


def print_summary(report: CheckReport, console: Console) -> None:
    """Counts: verdicts, anomalies, files, rejected rows with their remedies."""
    verdicts = report.verdict_counts()
    anomalies: Counter[str] = Counter(anomaly.kind for anomaly in report.anomalies)
    console.print(_("结论：") + _counts_line(labels.VERDICTS, VERDICTS, verdicts))
    console.print(_("社保异常：") + _counts_line(labels.ANOMALIES, labels.ANOMALIES, anomalies))
    for account in report.accounts:
        console.print(_account_line(account))
    for rejection in report.rejections[:MAX_REJECTIONS]:
        console.print(_("拒收：") + rejection_line(rejection))
    others = len(report.rejections) - MAX_REJECTIONS
    if others > 0:
        console.print(_("另有 {count} 行拒收，见 --format json").format(count=others))
    if report.notices:
        console.print(_("提醒 {count} 条，见 --format json").format(count=len(report.notices)))


def _counts_line(names: dict[str, str], slugs: Iterable[str], counts: Mapping[str, int]) -> str:
    return "  ".join(f"{label_of(names, slug)} {counts[slug]}" for slug in slugs)


def _account_line(account: FileAccount) -> str:
    line = _("{where}（{table}）：读 {read}，收 {accepted}，拒 {rejected}").format(
        where=f"{account.file} {account.sheet}".strip(),
        table=label_of(labels.TABLES, account.table),
        read=account.read,
        accepted=account.accepted,
        rejected=account.rejected,
    )
    if account.refused:
        line += _("，未读懂 {count}").format(count=account.refused)
    if account.not_rows:
        line += _("，非数据行 {count}").format(count=account.not_rows)
    return line


def rejection_line(rejection: Rejection) -> str:
    """File, sheet, row, column, masked value, problem and remedy in one line."""
    row = _("第 {row} 行").format(row=rejection.row) if rejection.row else ""
    where = " ".join(
        part for part in (rejection.file, rejection.sheet, row, rejection.column) if part
    )
    value = f"「{rejection.value}」" if rejection.value else ""
    return f"{where}{value}：{rejection.problem}；{rejection.remedy}"
