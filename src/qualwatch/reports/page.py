"""A check as one self-contained page: pictures, shortfalls, sources.

It loads nothing from a network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from qualwatch.evaluation.account import FileAccount
from qualwatch.evaluation.findings import Finding
from qualwatch.privacy import hidden
from qualwatch.reports import labels, pictures
from qualwatch.reports.check import (
    CheckReport,
    how_to_read,
    personal_data_notice,
    rejection_line,
    standards_in,
)
from qualwatch.reports.explanation import clause_line, in_reading_order, item_name, person_text
from qualwatch.reports.labels import label_of
from qualwatch.reports.overview import Overview, overview_of
from qualwatch.wording import gettext as _
from qualwatch.wording import language

T = TypeVar("T")
# rows on the page; the workbook has all
MAX_SHORT = 300
MAX_REJECTED = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its caption."""

    title: str
    note: str
    svg: str


@lru_cache(maxsize=1)
def _templates() -> Environment:
    loader = PackageLoader("qualwatch.reports")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def as_page(report: CheckReport) -> str:
    """The report as HTML."""
    short = sorted(
        (finding for finding in report.findings if finding.verdict == "short"),
        key=lambda finding: (-(finding.shortfall or 0), finding.credit_code, finding.category),
    )
    note = _("缺人多的在前。点开「条款与人员」可见每个人是否计入。")
    if len(short) > MAX_SHORT:
        text = _("本页列 {shown} 条，共 {all} 条；全部见工作簿。")
        note += text.format(shown=MAX_SHORT, all=len(short))
    page = (
        _templates()
        .get_template("check.html")
        .render(
            _=_,
            language="en" if language() == "en" else "zh-CN",
            short=[_row(report, finding) for finding in short[:MAX_SHORT]],
            short_note=note,
            accounts=[_account(account) for account in report.accounts],
            rejections=[rejection_line(row) for row in report.rejections[:MAX_REJECTED]],
            rejections_count=len(report.rejections),
            **_head_and_foot(report),
            **_overview(report),
        )
    )
    return hidden(page)


def _head_and_foot(report: CheckReport) -> dict[str, Any]:
    return {
        "as_of": report.as_of,
        "policy": report.policy.name,
        "policy_from": report.policy.in_force_from,
        "digest": report.law.digest,
        "how_to_read": how_to_read(),
        "personal_data": personal_data_notice(),
        "standards": "、".join(text["doc_no"] for text in standards_in(report.law)),
    }


def _overview(report: CheckReport) -> dict[str, Any]:
    overview = overview_of(report)
    return {
        "figures": _figures(overview),
        "pictures": _pictures(overview),
        "areas": overview.areas.values(),
    }


def _figures(overview: Overview) -> list[dict[str, Any]]:
    counts = overview.verdicts
    percent = 100 * overview.short_enterprises / overview.watched if overview.watched else 0
    share = _("占在核企业的 {percent:.1f}%").format(percent=percent)
    in_registers = _("登记企业 {count:,} 家").format(count=overview.enterprises)
    anomalies = sum(count for _kind, count in overview.anomalies)
    rows = [
        (_("在核企业"), overview.watched, in_registers, "bar"),
        (_("不达标企业"), overview.short_enterprises, share, "short"),
        (_("不达标指标"), counts["short"], _("可据以预警"), "short"),
        (_("提示"), counts["advise"], _("不据以预警"), "advise"),
        (_("无法判定"), counts["cannot-say"], _("数据或标准不足"), "cannot-say"),
        (_("社保异常"), anomalies, _("人次"), "advise"),
    ]
    return [
        {"label": label, "number": number, "note": note, "colour": colour}
        for label, number, note, colour in rows
    ]


def _pictures(overview: Overview) -> list[Picture]:
    categories = [
        (share.label, float(share.part), f"{share.part:,} / {share.total:,}")
        for share in overview.categories
    ]
    pictures_or_none = [
        _picture(
            _("从全部指标到不达标"),
            _("每一步去掉不考核、须人工、说不准的"),
            pictures.funnel,
            overview.funnel,
        ),
        _picture(
            _("各地不达标企业占比"),
            _("颜色越深占比越高；下为不达标企业 / 在核企业"),
            pictures.tile_map,
            overview.areas,
        ),
        _picture(_("不达标最多的资质"), _("不达标指标 / 考核指标"), pictures.bars, categories),
        _picture(
            _("缺多少人"), _("横轴为缺的人数，纵轴为指标数"), pictures.columns, overview.shortfalls
        ),
        _picture(
            _("人为什么不计入"),
            _("不达标指标中出现的原因，一项指标可有多个"),
            pictures.bars,
            _bars(overview.reasons),
        ),
        _picture(_("社保异常"), _("在核企业的注册人员"), pictures.bars, _bars(overview.anomalies)),
    ]
    return [picture for picture in pictures_or_none if picture is not None]


def _picture(title: str, note: str, draw: Callable[[str, T], str], data: T) -> Picture | None:
    """A drawn picture; None without data."""
    return Picture(title, note, draw(title, data)) if data else None


def _bars(rows: list[tuple[str, int]]) -> list[tuple[str, float, str]]:
    return [(label, count, f"{count:,}") for label, count in rows]


def _row(report: CheckReport, finding: Finding) -> dict[str, Any]:
    people = in_reading_order(report.people.get(finding.key, ()))
    figures = {
        "required": finding.required,
        "held": finding.held,
        "possible": finding.possible,
        "shortfall": finding.shortfall,
    }
    return {
        "enterprise": finding.enterprise,
        "credit_code": finding.credit_code,
        "item": item_name(finding),
        "area": report.area_name(finding.credit_code),
        "requirement": label_of(labels.REQUIREMENTS, finding.requirement),
        **figures,
        "figures": figures,
        "unit": labels.unit_of(finding.requirement),
        "text": finding.text,
        "clauses": [clause_line(clause) for clause in finding.clauses],
        "basis": "、".join(finding.basis),
        "because": "、".join(label_of(labels.REASONS, slug) for slug in finding.because),
        "people": [person_text(line, report.law, report.masks, report.names) for line in people],
    }


def _account(account: FileAccount) -> dict[str, Any]:
    return {
        "where": f"{account.file} {account.sheet}".strip(),
        "table": label_of(labels.TABLES, account.table),
        "read": account.read,
        "accepted": account.accepted,
        "rejected": account.rejected,
    }
