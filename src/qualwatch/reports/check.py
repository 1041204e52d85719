"""The result of `qualwatch check`: as a table and as JSON; the other forms stand beside this file."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from qualwatch.law.policy import Policy
from qualwatch.reports import labels
from qualwatch.reports.explanation import item_name
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

SCHEMA = "qualwatch-check/1"
MOST_ROWS = 200  # of a table on a terminal; everything is in the other formats


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that one check said.

    masks, names: by pseudonym, masked identity numbers and names. people: who was looked at, by the key of a finding.
    areas: the supervising area by credit code, None outside the province or unknown.
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
    """What held and possible mean."""
    return _(
        "「实有」是确定计入的人数，「可能」把每处疑问都按有利于企业解释；只有「可能」也不够才是不达标。"
    )


def personal_data_notice() -> str:
    """What stands on every form that names people."""
    return _("含个人信息，证件号码已遮盖，只供经办使用。结论供核实，不等于黄牌。")


def standards_in(law: Law) -> list[dict[str, str]]:
    """The standards judged by: their documents and the day they took force."""
    documents = dict.fromkeys(text.standard for text in law.categories.values())
    levels = [grade for text in law.categories.values() for *_, grade in text.every_grade()]
    clauses = [
        clause
        for grade in levels
        for requirement_text in grade.requirements
        for clause in requirement_text.clauses
    ]
    special = [figure.basis for clause in clauses for figure in clause.at_least.values()]
    found = [law.documents[slug] for slug in dict.fromkeys([*documents, *special])]
    return [
        {"doc_no": document_text.doc_no, "in_force_from": str(document_text.in_force_from)}
        for document_text in found
        if document_text.in_force_from
    ]


def as_json(report: CheckReport) -> str:
    """The report as the JSON that other programs read (schema qualwatch-check/1); days as ISO, people masked."""
    whole = {
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
        "rejected": [
            {
                "file": rejection.file,
                "sheet": rejection.sheet,
                "row": rejection.row,
                "column": rejection.column,
                "value": rejection.value,
                "problem": rejection.problem,
                "remedy": rejection.remedy,
            }
            for rejection in report.rejections
        ],
        "notices": [
            {
                "file": notice.file,
                "sheet": notice.sheet,
                "row": notice.row,
                "column": notice.column,
                "text": notice.text,
            }
            for notice in report.notices
        ],
        "summary": summary(report),
    }
    return one_row_a_line(whole)


def one_row_a_line(whole: dict[str, Any]) -> str:
    """JSON with every row of every list on a line of its own: readable, and quick to write and to compare."""
    parts = []
    for key, value in whole.items():
        rows = isinstance(value, list) and value
        told = ",\n".join(json.dumps(row, ensure_ascii=False) for row in value) if rows else ""
        parts.append(
            f"{json.dumps(key)}: "
            + (f"[\n{told}\n]" if rows else json.dumps(value, ensure_ascii=False))
        )
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
        "files": [
            {
                "file": account.file,
                "sheet": account.sheet,
                "table": account.table,
                "read": account.read,
                "accepted": account.accepted,
                "rejected": account.rejected,
            }
            for account in report.accounts
        ],
    }


def print_table(report: CheckReport, console: Console) -> None:
    """What an officer wants to see first: who falls short, who cannot be judged, and the counts."""
    findings = list(report.findings)
    shown = (
        findings
        if len(findings) <= MOST_ROWS
        else [one for one in findings if one.verdict in ("short", "advise")]
    )
    shown = sorted(shown, key=lambda one: VERDICTS.index(one.verdict))
    table = Table(title=_("核查结果 {day}").format(day=report.as_of), title_justify="left")
    for heading in (
        _("企业"),
        _("资质"),
        _("指标"),
        _("结论"),
        _("要求"),
        _("实有"),
        _("可能"),
        _("原因"),
    ):
        table.add_column(
            heading, justify="right" if heading in (_("要求"), _("实有"), _("可能")) else "left"
        )
    for finding in shown[:MOST_ROWS]:
        numbers = [
            "" if number is None else str(number)
            for number in (finding.required, finding.held, finding.possible)
        ]
        name = item_name(finding)
        reasons = "、".join(label_of(labels.REASONS, slug) for slug in finding.because)
        verdict = label_of(labels.VERDICTS, finding.verdict)
        row = [
            finding.enterprise or finding.credit_code,
            name,
            label_of(labels.REQUIREMENTS, finding.requirement),
            verdict,
        ]
        table.add_row(*row, *numbers, reasons)
    console.print(table)
    if len(shown) > MOST_ROWS or len(shown) < len(findings):
        text = _("表中 {shown} 行，共 {all} 行；全部见 --format json")
        console.print(text.format(shown=min(len(shown), MOST_ROWS), all=len(findings)))
    print_summary(report, console)


def print_summary(report: CheckReport, console: Console) -> None:
    """Counts: verdicts, anomalies, files, rejected rows with their remedies."""
    counts = report.verdict_counts()
    console.print(
        _("结论：")
        + "  ".join(f"{label_of(labels.VERDICTS, slug)} {counts[slug]}" for slug in VERDICTS)
    )
    kinds: Counter[str] = Counter(anomaly.kind for anomaly in report.anomalies)
    text = "  ".join(
        f"{label_of(labels.ANOMALIES, kind)} {kinds[kind]}" for kind in labels.ANOMALIES
    )
    console.print(_("社保异常：") + text)
    for account in report.accounts:
        where = f"{account.file} {account.sheet}".strip()
        console.print(
            _("{where}（{table}）：读 {read}，收 {accepted}，拒 {rejected}").format(
                where=where,
                table=label_of(labels.TABLES, account.table),
                read=account.read,
                accepted=account.accepted,
                rejected=account.rejected,
            )
        )
    for rejection in report.rejections[:20]:
        console.print(_("拒收：") + rejection_line(rejection))
    if len(report.rejections) > 20:
        console.print(
            _("另有 {count} 行拒收，见 --format json").format(count=len(report.rejections) - 20)
        )
    if report.notices:
        console.print(_("提醒 {count} 条，见 --format json").format(count=len(report.notices)))


def rejection_line(rejection: Rejection) -> str:
    """File, sheet, row, column, masked value, problem and remedy in one line."""
    row = _("第 {row} 行").format(row=rejection.row) if rejection.row else ""
    where = " ".join(
        part for part in (rejection.file, rejection.sheet, row, rejection.column) if part
    )
    value = f"「{rejection.value}」" if rejection.value else ""
    return f"{where}{value}：{rejection.problem}；{rejection.remedy}"
