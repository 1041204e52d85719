"""Quarterly returns (notice 4(3)): compiled from cases, reviewed by another, submitted with papers;
the summary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.archive.actions import store
from qualwatch.archive.contents import Content
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    authority_of,
    require_housing_authority,
)
from qualwatch.cases.deadline_columns import RETURN_DUE, bases_of
from qualwatch.cases.documents.contacts import person_name
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.models import Document
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import (
    FIGURES,
    compile_figures,
    is_balanced,
    timeliness,
    total_figures,
)
from qualwatch.oversight.models import Return, ReturnDeadline
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.reports.workbook import CODE, MIDDLE, WIDE, Sheet, workbook_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # returns are Chinese

QUARTER = _n("{year}年第{number}季度")
CHANGED_FIGURE = _n("{name}：{old} → {new}。")
SENTENCE_BY_CHANGE = {
    "added": _n("增加 {count} 项。"),
    "removed": _n("减少 {count} 项。"),
    "changed": _n("明细变化 {count} 项。"),
}
MISSING = _n("未报送：{names}。")
NOT_SENT = _n("未报送")
OWN = _n("{name}（本级）")
OWN_DATA = _n("本级数据")
WHOLE_PROVINCE = _n("全省合计")
REPORTED_ONLY = _n("已报送单位及省厅本级合计")
REPORTED_COLUMNS = ("all", "withdrawn", "rectified", "under_way")
SENT_LATE = _n("{day}（逾期）")
LINE_HEADS = (_n("项目"), _n("数量"))
ROW_HEADS = (
    (_n("序号"), "sequence_no", 6),
    (_n("企业"), "enterprise", WIDE),
    (_n("统一社会信用代码"), "credit_code", CODE),
    (_n("资质"), "item", WIDE),
    (_n("提出日"), "opened_on", MIDDLE),
    (_n("启动日"), "started_on", MIDDLE),
    (_n("结果"), "outcome", WIDE),
    (_n("结果日"), "outcome_on", MIDDLE),
)
TIMELY: Mapping[str, str] = {
    "started-in-time": _n("按期启动（项）"),
    "started-late": _n("逾期启动（项）"),
    "not-started": _n("逾期未启动（项）"),
    "opinions-in-time": _n("申请审查按期（件）"),
    "opinions-late": _n("申请审查逾期（件）"),
}
SUMMARY_SHEET = _n("汇总")
ROWS_SHEET = _n("明细")
TIMELY_SHEET = _n("按期办理")
UNIT = _n("单位")
TOTAL = _n("合计")


@dataclass(frozen=True, slots=True)
class DueReturn:
    """A return that a reporter has to make for a quarter; submitted_on: of its first version."""

    reporter: str
    quarter: Quarter
    due: Deadline
    submitted_on: date | None

    def is_late(self, on: date) -> bool:
        """Whether it was late, or is; never by a day that may still change."""
        return (self.submitted_on or on) > self.due.ends_on and not self.due.provisional


def due_of(quarter: Quarter, law: Law) -> Deadline:
    """The last day on which a quarter's return is in time: as recorded when the quarter ended."""
    row = ReturnDeadline.objects.filter(year=quarter.year, quarter=quarter.number).first()
    recorded = RETURN_DUE.read(row) if row else None
    return recorded or _counted_due(quarter, law)


def record_due(ctx: ActContext) -> None:
    """Records, once, by when the returns of the quarter before today are due."""
    quarter = Quarter.of(ctx.on).previous
    if reporters(quarter, ctx.law):
        due = _counted_due(quarter, ctx.law)
        defaults = {
            "due_on": due.ends_on,
            "is_due_provisional": due.provisional,
            "deadline_bases": bases_of(RETURN_DUE, due),
        }
        ReturnDeadline.objects.get_or_create(
            year=quarter.year, quarter=quarter.number, defaults=defaults
        )


def _counted_due(quarter: Quarter, law: Law) -> Deadline:
    days = law.policy_on(quarter.end)["quarterly_return_days"]
    return Period(days, "days").from_day(quarter.end, law.calendar)


def due_returns(quarter: Quarter, law: Law) -> list[DueReturn]:
    """The return of every reporter, submitted or not."""
    slugs = reporters(quarter, law)
    if not slugs:
        return []
    first: dict[str, date] = {}
    submitted = Return.objects.filter(year=quarter.year, quarter=quarter.number, state="submitted")
    for quarterly_return in submitted.order_by("-version"):
        if quarterly_return.submitted_on is not None:
            first[quarterly_return.reporter] = quarterly_return.submitted_on
    due = due_of(quarter, law)
    return [DueReturn(slug, quarter, due, first.get(slug)) for slug in slugs]


def overdue_returns(quarter: Quarter, law: Law, on: date) -> list[DueReturn]:
    """Returns that are missing although their day is over."""
    return [
        due_return
        for due_return in due_returns(quarter, law)
        if due_return.submitted_on is None and due_return.is_late(on)
    ]


def reporters(quarter: Quarter, law: Law) -> list[str]:
    """The slugs of the reporters; none for a quarter before the notice took effect."""
    policy = law.policy_on(quarter.end)
    return [authority_of(area) for area in policy.values.get("reporters", ())]


@transaction.atomic
def compile_return(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Return:
    """Compiles the quarter from the cases; an unsubmitted draft is compiled again.

    Raises CannotStep, NotCompetent.
    """
    reporter = require_housing_authority(by, "propose")
    ctx = ActContext(law, at, by.username, reporter)
    if reporter not in reporters(quarter, law):
        raise NotCompetent(_("只有各市和综改区的主管部门报送季度汇总"))
    if ctx.on <= quarter.end:
        raise CannotStep("quarter", _("这个季度还没有结束"))
    _lock_organisation(reporter)
    figures, rows = compile_figures(reporter, quarter)
    # unbalanced figures are a fault of the program, and must not be sent
    if not is_balanced(figures):
        raise CannotStep("figures", _("各项合计不相等，不能报送"))
    draft = _draft_of(reporter, quarter, law)
    submitted = _versions(reporter, quarter).filter(state="submitted").order_by("-version").first()
    draft.differences = differences(submitted, figures, rows) if submitted else {}
    draft.figures = figures
    draft.rows = rows
    draft.state = "compiled"
    draft.reviewed_by = ""
    draft.reviewed_on = None
    draft.compiled_on = ctx.on
    draft.compiled_by = by.username
    draft.save()
    _write_entry(draft, "return-compiled", ctx)
    return draft


def _draft_of(reporter: str, quarter: Quarter, law: Law) -> Return:
    """The draft of a quarter, or a new one of the next version."""
    newest = _versions(reporter, quarter).order_by("-version").first()
    if newest is not None and newest.state != "submitted":
        return newest
    due = due_of(quarter, law)
    return Return(
        reporter=reporter,
        year=quarter.year,
        quarter=quarter.number,
        version=newest.version + 1 if newest else 1,
        due_on=due.ends_on,
        is_due_provisional=due.provisional,
        deadline_bases=bases_of(RETURN_DUE, due),
    )


@transaction.atomic
def review_return(*, quarterly_return: Return, by: Account, law: Law, at: datetime) -> Return:
    """Records the review by another person of the reporter."""
    draft, ctx = _locked_draft(quarterly_return, by, law, at, "sign")
    if draft.state != "compiled":
        raise CannotStep("return", _("这份汇总表已经审核"))
    if by.username == draft.compiled_by:
        raise CannotStep("other-person", _("汇总的人不能自己审核"))
    draft.state = "reviewed"
    draft.reviewed_on = ctx.on
    draft.reviewed_by = by.username
    draft.save()
    _write_entry(draft, "return-reviewed", ctx)
    return draft


@transaction.atomic
def submit_return(*, quarterly_return: Return, by: Account, law: Law, at: datetime) -> Return:
    """Submits it to the province, with document and workbook.

    Raises CannotStep where the cases have changed since it was compiled.
    """
    draft, ctx = _locked_draft(quarterly_return, by, law, at, "propose")
    if draft.state != "reviewed":
        raise CannotStep("return", _("先审核，再报送"))
    compiled_now = compile_figures(draft.reporter, Quarter(draft.year, draft.quarter))
    if compiled_now != (draft.figures, draft.rows):
        raise CannotStep("changed", _("汇总之后案件有变化，请重新汇总"))
    values = {
        "quarter": QUARTER.format(year=draft.year, number=draft.quarter),
        "version": draft.version,
        "lines": figure_lines(draft.figures),
        "rows": [{**row, "started_on": _day_text(row["started_on"])} for row in draft.rows],
        "items_count": len(draft.rows),
        "differences": difference_sentences(draft.differences),
        "signatory": person_name(draft.reviewed_by),
    }
    province = organisation(PROVINCE).name
    draft.document = issue("quarterly-return", ctx, values=values, addressee=province)
    serve_on_authority(draft.document, PROVINCE, ctx)
    draft.workbook = store(Content("xlsx", _workbook(draft)), at=at)
    draft.state = "submitted"
    draft.submitted_on = ctx.on
    draft.submitted_by = by.username
    draft.save()
    _write_entry(draft, "return-submitted", ctx)
    return draft


@transaction.atomic
def summarise_returns(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Return:
    """Issues the province's summary: totals, who reported when, who did not, who was in time."""
    if require_housing_authority(by, "sign") != PROVINCE:
        raise NotCompetent(_("只有省厅汇总全省"))
    ctx = ActContext(law, at, by.username, PROVINCE)
    _lock_organisation(PROVINCE)
    newest = newest_returns(quarter)
    if ctx.on <= quarter.end or not newest:
        raise CannotStep("quarter", _("这个季度还没有结束，或还没有单位报送"))
    returns = due_returns(quarter, law)
    names = {row.reporter: organisation(row.reporter).name for row in returns}
    rows = [_reported(row, newest.get(row.reporter), names[row.reporter]) for row in returns]
    own_figures, own_rows = compile_figures(PROVINCE, quarter)
    own_name = OWN.format(name=organisation(PROVINCE).name)
    rows.append({"name": own_name, **_reported_figures(own_figures), "sent": OWN_DATA})
    parts = [(row.figures, row.rows) for row in newest.values()] + [(own_figures, own_rows)]
    summary = _summary(quarter, parts, rows, ctx)
    values = {
        "quarter": QUARTER.format(year=quarter.year, number=quarter.number),
        "lines": figure_lines(summary.figures),
        "reported": rows,
        "total": WHOLE_PROVINCE if len(newest) == len(returns) else REPORTED_ONLY,
        "signatory": person_name(by.username),
        **_reporting(returns, names, ctx.on),
    }
    summary.document = issue("quarterly-summary", ctx, values=values, addressee="")
    figures_by_name = {names[slug]: row.figures for slug, row in newest.items()}
    figures_by_name[own_name] = own_figures
    workbook = _summary_workbook(summary, quarter, names, figures_by_name)
    summary.workbook = store(Content("xlsx", workbook), at=at)
    summary.save()
    _write_entry(summary, "returns-summarised", ctx)
    return summary


def _summary(
    quarter: Quarter,
    parts: Iterable[tuple[Mapping[str, int], Iterable[Mapping[str, Any]]]],
    rows: list[dict[str, Any]],
    ctx: ActContext,
) -> Return:
    """The summary's row with its totals, not saved yet; parts: figures and items of each unit."""
    parts = list(parts)
    figures = total_figures(figures for figures, _items in parts)
    # an enterprise may have items in several cities: it is counted once
    codes = {row["credit_code"] for _figures, items in parts for row in items}
    figures["enterprises"] = len(codes)
    due = due_of(quarter, ctx.law)
    last = _versions(PROVINCE, quarter).order_by("-version").first()
    return Return(
        reporter=PROVINCE,
        year=quarter.year,
        quarter=quarter.number,
        version=last.version + 1 if last else 1,
        state="submitted",
        figures=figures,
        rows=rows,
        due_on=due.ends_on,
        is_due_provisional=due.provisional,
        deadline_bases=bases_of(RETURN_DUE, due),
        compiled_on=ctx.on,
        compiled_by=ctx.by,
        submitted_on=ctx.on,
        submitted_by=ctx.by,
    )


def _reporting(returns: list[DueReturn], names: Mapping[str, str], on: date) -> dict[str, Any]:
    """How many reported, and in time; who did not."""
    submitted = [row for row in returns if row.submitted_on is not None]
    missing = "、".join(names[row.reporter] for row in returns if row.submitted_on is None)
    return {
        "reporters": len(returns),
        "received": len(submitted),
        "in_time": sum(not row.is_late(on) for row in submitted),
        "missing": [MISSING.format(names=missing)] if missing else [],
    }


def newest_returns(quarter: Quarter) -> dict[str, Return]:
    """By reporter the version submitted last."""
    submitted = Return.objects.filter(year=quarter.year, quarter=quarter.number, state="submitted")
    rows = submitted.exclude(reporter=PROVINCE).order_by("version")
    return {row.reporter: row for row in rows}


def differences(
    before: Return, figures: Mapping[str, int], rows: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """The changes of a resubmission: figures as [old, new]; numbers of items added, removed,
    changed.
    """
    old = {row["withdrawal"]: row for row in before.rows}
    new = {row["withdrawal"]: row for row in rows}
    changed_figures = {
        name: [before.figures.get(name), figures[name]]
        for name in FIGURES
        if before.figures.get(name) != figures[name]
    }
    changed = [
        number
        for number in sorted(old.keys() & new.keys())
        # the place in the list is no change of the item
        if {**old[number], "sequence_no": 0} != {**new[number], "sequence_no": 0}
    ]
    return {
        "figures": changed_figures,
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": changed,
    }


def difference_sentences(changes: Mapping[str, Any]) -> list[str]:
    """Differences as sentences of the document."""
    if not changes:
        return []
    # in the order of FIGURES: a database keeps none
    figures = changes["figures"]
    lines = [
        CHANGED_FIGURE.format(name=text, old=figures[slug][0], new=figures[slug][1])
        for slug, text in FIGURES.items()
        if slug in figures
    ]
    for name, sentence in SENTENCE_BY_CHANGE.items():
        if changes[name]:
            lines.append(sentence.format(count=len(changes[name])))
    return lines


def figure_lines(figures: Mapping[str, int]) -> list[dict[str, Any]]:
    """Figures with their names, in order."""
    return [{"name": text, "value": figures[slug]} for slug, text in FIGURES.items()]


def _reported(due_return: DueReturn, quarterly_return: Return | None, name: str) -> dict[str, Any]:
    """A reporter's row of the summary; no figures where it did not report."""
    submitted_on = due_return.submitted_on
    if quarterly_return is None or submitted_on is None:
        return {"name": name, **dict.fromkeys(REPORTED_COLUMNS, ""), "sent": NOT_SENT}
    sent = day(submitted_on)
    return {
        "name": name,
        **_reported_figures(quarterly_return.figures),
        "sent": SENT_LATE.format(day=sent) if due_return.is_late(submitted_on) else sent,
    }


def _reported_figures(figures: Mapping[str, int]) -> dict[str, Any]:
    """The columns of a unit in the summary's table."""
    counts = (
        figures["carried-over"] + figures["opened"],
        figures["withdrawn"],
        figures["rectified"],
        figures["under-way"],
    )
    return dict(zip(REPORTED_COLUMNS, counts, strict=True))


def _day_text(iso: str) -> str:
    """A day of a stored row as documents write it."""
    return day(date.fromisoformat(iso)) if iso else ""


def _workbook(quarterly_return: Return) -> bytes:
    figures = Sheet(
        SUMMARY_SHEET,
        [(LINE_HEADS[0], WIDE), (LINE_HEADS[1], MIDDLE)],
        [(line["name"], line["value"]) for line in figure_lines(quarterly_return.figures)],
    )
    rows = Sheet(
        ROWS_SHEET,
        [(head, width) for head, _name, width in ROW_HEADS],
        [
            tuple(_as_cell(name, row[name]) for _head, name, _width in ROW_HEADS)
            for row in quarterly_return.rows
        ],
    )
    return workbook_of(str(quarterly_return), [figures, rows])


def _as_cell(name: str, value: Any) -> Any:
    """A value of a row; days, stored in ISO form, as days."""
    is_day = name.endswith("_on") and bool(value)
    return date.fromisoformat(value) if is_day and isinstance(value, str) else value


def _summary_workbook(
    quarterly_return: Return,
    quarter: Quarter,
    names: Mapping[str, str],
    figures_by_name: Mapping[str, Mapping[str, int]],
) -> bytes:
    heads = [(UNIT, WIDE), *((text, MIDDLE) for text in FIGURES.values())]
    rows = [
        (unit, *(figures[name] for name in FIGURES)) for unit, figures in figures_by_name.items()
    ]
    rows.append((TOTAL, *(quarterly_return.figures[name] for name in FIGURES)))
    timely_heads = [(UNIT, WIDE), *((text, MIDDLE) for text in TIMELY.values())]
    timely_rows = []
    for slug, name in names.items():
        counts = timeliness(quarter.start, quarter.end, slug)
        timely_rows.append((name, *(counts[figure] for figure in TIMELY)))
    sheets = [
        Sheet(SUMMARY_SHEET, heads, rows),
        Sheet(TIMELY_SHEET, timely_heads, timely_rows),
    ]
    return workbook_of(str(quarterly_return), sheets)


def _lock_organisation(slug: str) -> None:
    """Serialises the acts of one authority."""
    Organisation.objects.select_for_update().get(slug=slug)


def _versions(reporter: str, quarter: Quarter) -> QuerySet[Return]:
    return Return.objects.filter(reporter=reporter, year=quarter.year, quarter=quarter.number)


def _locked_draft(
    quarterly_return: Return, by: Account, law: Law, at: datetime, capability: str
) -> tuple[Return, ActContext]:
    """The return as it is now, locked, and the act; CannotStep where it is submitted already."""
    reporter = require_housing_authority(by, capability)
    draft = Return.objects.select_for_update().get(pk=quarterly_return.pk)
    if reporter != draft.reporter:
        raise NotCompetent(_("这份汇总表由别的单位报送"))
    if draft.state == "submitted":
        raise CannotStep("return", _("已经报送；要更正请重新汇总"))
    return draft, ActContext(law, at, by.username, reporter)


def _write_entry(quarterly_return: Return, what: str, ctx: ActContext) -> None:
    details: dict[str, Any] = {
        "quarter": f"{quarterly_return.year}Q{quarterly_return.quarter}",
        "version": quarterly_return.version,
        "figures": quarterly_return.figures,
    }
    document: Document | None = quarterly_return.document
    if document is not None:
        details["document"] = document.number
        details["differences"] = quarterly_return.differences
    if quarterly_return.workbook is not None:
        details["workbook"] = quarterly_return.workbook.sha256
    stream = f"organisation/{quarterly_return.reporter}"
    ctx.entries.append(NewEntry(stream, what, after=details, details=details))
    write_journal(ctx)
