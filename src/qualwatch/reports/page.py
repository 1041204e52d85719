"""A check as one self-contained page: pictures, shortfalls, where the data came from. Needs nothing from a network."""

from collections.abc import Callable, Iterator
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
MOST_SHORT, MOST_REJECTED = 300, 100  # rows on the page; the workbook has them all


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its caption."""

    title: str
    beside: str
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
    overview = overview_of(report)
    short = sorted(
        (one for one in report.findings if one.verdict == "short"),
        key=lambda finding: (-(finding.shortfall or 0), finding.credit_code, finding.category),
    )
    note = _("缺人多的在前。点开「条款与人员」可见每个人是否计入。")
    if len(short) > MOST_SHORT:
        note += _("本页列 {shown} 条，共 {all} 条；全部见工作簿。").format(
            shown=MOST_SHORT, all=len(short)
        )
    page = (
        _templates()
        .get_template("check.html")
        .render(
            _=_,
            language="en" if language() == "en" else "zh-CN",
            as_of=report.as_of,
            policy=report.policy.name,
            policy_from=report.policy.in_force_from,
            digest=report.law.digest,
            figures=_figures(overview),
            pictures=_pictures(overview),
            short=[_row(report, one) for one in short[:MOST_SHORT]],
            short_note=note,
            areas=overview.areas.values(),
            accounts=[_account(account) for account in report.accounts],
            rejections=[
                rejection_line(rejection) for rejection in report.rejections[:MOST_REJECTED]
            ],
            how_to_read=how_to_read(),
            personal_data=personal_data_notice(),
            rejections_count=len(report.rejections),
            standards="、".join(one["doc_no"] for one in standards_in(report.law)),
        )
    )
    return hidden(page)


def _figures(overview: Overview) -> list[dict[str, Any]]:
    counts = overview.verdicts
    share = _("占在核企业的 {percent:.1f}%").format(
        percent=100 * overview.short_enterprises / overview.watched if overview.watched else 0
    )
    in_registers = _("登记企业 {count:,} 家").format(count=overview.enterprises)
    anomalies = sum(count for _kind, count in overview.anomalies)
    return [
        {
            "label": _("在核企业"),
            "number": overview.watched,
            "beside": in_registers,
            "colour": "bar",
        },
        {
            "label": _("不达标企业"),
            "number": overview.short_enterprises,
            "beside": share,
            "colour": "short",
        },
        {
            "label": _("不达标指标"),
            "number": counts["short"],
            "beside": _("可据以预警"),
            "colour": "short",
        },
        {
            "label": _("提示"),
            "number": counts["advise"],
            "beside": _("不据以预警"),
            "colour": "advise",
        },
        {
            "label": _("无法判定"),
            "number": counts["cannot-say"],
            "beside": _("数据或标准不足"),
            "colour": "cannot-say",
        },
        {"label": _("社保异常"), "number": anomalies, "beside": _("人次"), "colour": "advise"},
    ]


def _pictures(overview: Overview) -> list[Picture]:
    def counted(rows: list[tuple[str, int]]) -> list[tuple[str, float, str]]:
        return [(label, count, f"{count:,}") for label, count in rows]

    categories = [
        (share.label, float(share.part), f"{share.part:,} / {share.whole:,}")
        for share in overview.categories
    ]

    def drawn(title: str, beside: str, draw: Callable[[str, T], str], what: T) -> Iterator[Picture]:
        if what:
            yield Picture(title, beside, draw(title, what))

    return [
        *drawn(
            _("从全部指标到不达标"),
            _("每一步去掉不考核、须人工、说不准的"),
            pictures.funnel,
            overview.funnel,
        ),
        *drawn(
            _("各地不达标企业占比"),
            _("颜色越深占比越高；下为不达标企业 / 在核企业"),
            pictures.tile_map,
            overview.areas,
        ),
        *drawn(_("不达标最多的资质"), _("不达标指标 / 考核指标"), pictures.bars, categories),
        *drawn(
            _("缺多少人"), _("横轴为缺的人数，纵轴为指标数"), pictures.columns, overview.shortfalls
        ),
        *drawn(
            _("人为什么不计入"),
            _("不达标指标中出现的原因，一项指标可有多个"),
            pictures.bars,
            counted(overview.reasons),
        ),
        *drawn(_("社保异常"), _("在核企业的注册人员"), pictures.bars, counted(overview.anomalies)),
    ]


def _row(report: CheckReport, finding: Finding) -> dict[str, Any]:
    people = in_reading_order(report.people.get(finding.key, ()))
    return {
        "enterprise": finding.enterprise,
        "credit_code": finding.credit_code,
        "item": item_name(finding),
        "area": report.area_name(finding.credit_code),
        "requirement": label_of(labels.REQUIREMENTS, finding.requirement),
        "required": finding.required,
        "held": finding.held,
        "possible": finding.possible,
        "shortfall": finding.shortfall,
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
