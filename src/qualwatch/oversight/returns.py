"""Quarterly returns (notice 4(3)): compiled from cases, reviewed by another, submitted with papers; the summary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.archive.actions import store
from qualwatch.archive.contents import Content
from qualwatch.cases.competence import PROVINCE, NotCompetent, authority_of, check_role
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.models import Document
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import FIGURES, adds_up, compiled, on_time, total
from qualwatch.oversight.models import Return
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.reports.workbook import CODE, MIDDLE, WIDE, Sheet, workbook_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # returns are Chinese

QUARTER = _n("{year}年第{number}季度")
CHANGED, MORE, LESS = (
    _n("{name}：{old} → {new}。"),
    _n("增加 {count} 项。"),
    _n("减少 {count} 项。"),
)
OTHERS = _n("明细变化 {count} 项。")
MISSING, SENT_LATE = _n("未报送：{names}。"), _n("{day}（逾期）")
LINE_HEADS = (_n("项目"), _n("数量"))
ROW_HEADS = (
    (_n("序号"), "nth", 6),
    (_n("企业"), "enterprise", WIDE),
    (_n("统一社会信用代码"), "credit_code", CODE),
    (_n("资质"), "item", WIDE),
    (_n("启动日"), "opened_on", MIDDLE),
    (_n("许可机关启动日"), "started_on", MIDDLE),
    (_n("结果"), "outcome", WIDE),
    (_n("结果日"), "came_on", MIDDLE),
)
TIMELY: Mapping[str, str] = {
    "started-in-time": _n("按期启动（项）"),
    "started-late": _n("逾期启动（项）"),
    "not-started": _n("逾期未启动（项）"),
    "opinions-in-time": _n("申请审查按期（件）"),
    "opinions-late": _n("申请审查逾期（件）"),
}
SUMMARY_SHEET, ROWS_SHEET, TIMELY_SHEET = _n("汇总"), _n("明细"), _n("按期办理")
UNIT, TOTAL = _n("单位"), _n("合计")


@dataclass(frozen=True, slots=True)
class Owed:
    """What a reporter owes for a quarter."""

    reporter: str
    quarter: Quarter
    due: Deadline
    submitted_on: date | None

    def is_late(self, on: date) -> bool:
        """Whether it was late, or is; never by a day that may still change."""
        return (self.submitted_on or on) > self.due.ends_on and not self.due.provisional


def due_of(quarter: Quarter, law: Law) -> Deadline:
    """The last day on which a quarter's return is in time."""
    days = law.policy_on(quarter.end)["quarterly_return_days"]
    return Period(days, "days").from_day(quarter.end, law.calendar)


def owed(quarter: Quarter, law: Law) -> list[Owed]:
    """Every reporter, with the day on which its first return came."""
    if not reporters(quarter, law):
        return []
    first: dict[str, date] = {}
    quarterly_returns = Return.objects.filter(
        year=quarter.year, quarter=quarter.number, state="submitted"
    ).order_by("-version")
    for quarterly_return in quarterly_returns:
        if quarterly_return.submitted_on is not None:
            first[quarterly_return.reporter] = quarterly_return.submitted_on
    due = due_of(quarter, law)
    return [Owed(slug, quarter, due, first.get(slug)) for slug in reporters(quarter, law)]


def overdue(quarter: Quarter, law: Law, on: date) -> list[Owed]:
    """Those whose return is not there although its day is over."""
    return [one for one in owed(quarter, law) if one.submitted_on is None and one.is_late(on)]


def reporters(quarter: Quarter, law: Law) -> list[str]:
    """The slugs of those who report; nobody for a quarter that was over before the notice was in use."""
    policy = law.policy_on(quarter.end)
    return [authority_of(area) for area in policy.values.get("reporters", ())]


@transaction.atomic
def compile_return(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Return:
    """Counts the quarter anew from the cases; a draft that was there is counted again. CannotStep, NotCompetent."""
    where = check_role(by, "propose")
    ctx = ActContext(law, at, by.username, where)
    if where not in reporters(quarter, law):
        raise NotCompetent(_("只有各市和综改区的主管部门报送季度汇总"))
    if ctx.on <= quarter.end:
        raise CannotStep("quarter", _("这个季度还没有结束"))
    _one_at_a_time(where)
    known = _versions(where, quarter).order_by("-version").first()
    figures, rows = compiled(where, quarter)
    if not adds_up(figures):
        raise CannotStep(
            "figures", _("各项合计不相等，不能报送")
        )  # a fault of ours: it must not go out
    draft = known if known is not None and known.state != "submitted" else None
    if draft is None:
        due, version = due_of(quarter, law), known.version + 1 if known else 1
        draft = Return(
            reporter=where,
            year=quarter.year,
            quarter=quarter.number,
            version=version,
            due_on=due.ends_on,
            is_due_provisional=due.provisional,
        )
    before = _versions(where, quarter).filter(state="submitted").order_by("-version").first()
    draft.figures, draft.rows, draft.state, draft.reviewed_by, draft.reviewed_on = (
        figures,
        rows,
        "compiled",
        "",
        None,
    )
    draft.differences = differences(before, figures, rows) if before else {}
    draft.compiled_on, draft.compiled_by = ctx.on, by.username
    draft.save()
    _told(draft, "return-compiled", ctx)
    return draft


@transaction.atomic
def review_return(*, made: Return, by: Account, law: Law, at: datetime) -> Return:
    """Somebody else of the reporter has looked at it."""
    quarterly_return, ctx = _draft(made, by, law, at, "sign")
    if quarterly_return.state != "compiled":
        raise CannotStep("return", _("这份汇总表已经审核"))
    if by.username == quarterly_return.compiled_by:
        raise CannotStep("other-person", _("汇总的人不能自己审核"))
    quarterly_return.state, quarterly_return.reviewed_on, quarterly_return.reviewed_by = (
        "reviewed",
        ctx.on,
        by.username,
    )
    quarterly_return.save()
    _told(quarterly_return, "return-reviewed", ctx)
    return quarterly_return


@transaction.atomic
def submit_return(*, made: Return, by: Account, law: Law, at: datetime) -> Return:
    """Sent to the province, with document and workbook; what it says must still be what the cases say."""
    quarterly_return, ctx = _draft(made, by, law, at, "propose")
    if quarterly_return.state != "reviewed":
        raise CannotStep("return", _("先审核，再报送"))
    quarter = Quarter(quarterly_return.year, quarterly_return.quarter)
    figures, rows = compiled(quarterly_return.reporter, quarter)
    if (figures, rows) != (quarterly_return.figures, quarterly_return.rows):
        raise CannotStep("changed", _("汇总之后案件有变化，请重新汇总"))
    told = {
        "quarter": QUARTER.format(year=quarterly_return.year, number=quarterly_return.quarter),
        "version": quarterly_return.version,
        "lines": lines_of(figures),
        "rows": rows,
        "items_count": len(rows),
        "differences": in_words(quarterly_return.differences),
    }
    quarterly_return.document = issue(
        "quarterly-return", ctx, told=told, addressee=organisation(PROVINCE).name
    )
    serve_on_authority(quarterly_return.document, PROVINCE, ctx)
    quarterly_return.workbook = store(Content("xlsx", _workbook(quarterly_return)), at=at)
    quarterly_return.state, quarterly_return.submitted_on, quarterly_return.submitted_by = (
        "submitted",
        ctx.on,
        by.username,
    )
    quarterly_return.save()
    _told(quarterly_return, "return-submitted", ctx)
    return quarterly_return


@transaction.atomic
def summarise(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Return:
    """The province's summary of what was submitted: totals, who reported when, who did not, who kept its days."""
    if check_role(by, "sign") != PROVINCE:
        raise NotCompetent(_("只有省厅汇总全省"))
    ctx = ActContext(law, at, by.username, PROVINCE)
    _one_at_a_time(PROVINCE)
    due, newest = due_of(quarter, law), newest_of(quarter)
    if ctx.on <= quarter.end or not newest:
        raise CannotStep("quarter", _("这个季度还没有结束，或还没有单位报送"))
    all_owed = owed(quarter, law)
    names = {owed.reporter: organisation(owed.reporter).name for owed in all_owed}
    figures = total(one.figures for one in newest.values())
    figures["enterprises"] = len(
        {row["credit_code"] for one in newest.values() for row in one.rows}
    )
    rows = [_reported(owed, newest.get(owed.reporter), names[owed.reporter]) for owed in all_owed]
    missing = "、".join(names[one.reporter] for one in all_owed if one.submitted_on is None)
    last = _versions(PROVINCE, quarter).order_by("-version").first()
    quarterly_return = Return(
        reporter=PROVINCE,
        year=quarter.year,
        quarter=quarter.number,
        version=last.version + 1 if last else 1,
        state="submitted",
        figures=figures,
        rows=rows,
        due_on=due.ends_on,
        is_due_provisional=due.provisional,
        compiled_on=ctx.on,
        compiled_by=by.username,
        submitted_on=ctx.on,
        submitted_by=by.username,
    )
    told = {
        "quarter": QUARTER.format(year=quarter.year, number=quarter.number),
        "reporters": len(all_owed),
        "received": sum(owed.submitted_on is not None for owed in all_owed),
        "lines": lines_of(figures),
        "in_time": sum(
            owed.submitted_on is not None and not owed.is_late(ctx.on) for owed in all_owed
        ),
        "reported": rows,
        "missing": [MISSING.format(names=missing)] if missing else [],
    }
    quarterly_return.document = issue("quarterly-summary", ctx, told=told, addressee="")
    quarterly_return.workbook = store(
        Content("xlsx", _summary_workbook(quarterly_return, quarter, names, newest)), at=at
    )
    quarterly_return.save()
    _told(quarterly_return, "returns-summarised", ctx)
    return quarterly_return


def newest_of(quarter: Quarter) -> dict[str, Return]:
    """Of each reporter the version submitted last."""
    quarterly_returns = Return.objects.filter(
        year=quarter.year, quarter=quarter.number, state="submitted"
    )
    return {
        quarterly_return.reporter: quarterly_return
        for quarterly_return in quarterly_returns.exclude(reporter=PROVINCE).order_by("version")
    }


def differences(
    before: Return, figures: Mapping[str, int], rows: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a resubmission says otherwise: figures as [old, new]; items that are new, gone, or told otherwise."""
    old = {row["withdrawal"]: row for row in before.rows}
    new = {row["withdrawal"]: row for row in rows}
    changed = [
        number
        for number in sorted(old.keys() & new.keys())
        if {**old[number], "nth": 0} != {**new[number], "nth": 0}
    ]
    return {
        "figures": {
            name: [before.figures.get(name), figures[name]]
            for name in FIGURES
            if before.figures.get(name) != figures[name]
        },
        "added": sorted(new.keys() - old.keys()),
        "gone": sorted(old.keys() - new.keys()),
        "changed": changed,
    }


def in_words(told: Mapping[str, Any]) -> list[str]:
    """The differences, as the document says them."""
    if not told:
        return []
    figures = told["figures"]  # in no order that a database keeps
    lines = [
        CHANGED.format(name=text, old=figures[slug][0], new=figures[slug][1])
        for slug, text in FIGURES.items()
        if slug in figures
    ]
    for name, sentence in (("added", MORE), ("gone", LESS), ("changed", OTHERS)):
        if told[name]:
            lines.append(sentence.format(count=len(told[name])))
    return lines


def lines_of(figures: Mapping[str, int]) -> list[dict[str, Any]]:
    """Figures by name."""
    return [{"name": text, "value": figures[slug]} for slug, text in FIGURES.items()]


def _reported(owed: Owed, quarterly_return: Return | None, name: str) -> dict[str, Any]:
    if quarterly_return is None or owed.submitted_on is None:
        return {
            "name": name,
            "all": "—",
            "withdrawn": "—",
            "made_good": "—",
            "under_way": "—",
            "sent": "—",
        }
    figures, day = quarterly_return.figures, owed.submitted_on.isoformat()
    return {
        "name": name,
        "all": figures["carried"] + figures["opened"],
        "withdrawn": figures["withdrawn"],
        "made_good": figures["rectified"],
        "under_way": figures["under-way"],
        "sent": SENT_LATE.format(day=day) if owed.is_late(owed.submitted_on) else day,
    }


def _workbook(quarterly_return: Return) -> bytes:
    figures = Sheet(
        SUMMARY_SHEET,
        [(LINE_HEADS[0], WIDE), (LINE_HEADS[1], MIDDLE)],
        [(one["name"], one["value"]) for one in lines_of(quarterly_return.figures)],
    )
    rows = Sheet(
        ROWS_SHEET,
        [(head, width) for head, _name, width in ROW_HEADS],
        [tuple(row[name] for _head, name, _width in ROW_HEADS) for row in quarterly_return.rows],
    )
    return workbook_of(str(quarterly_return), [figures, rows])


def _summary_workbook(
    quarterly_return: Return,
    quarter: Quarter,
    names: Mapping[str, str],
    newest: Mapping[str, Return],
) -> bytes:
    heads = [(UNIT, WIDE), *((text, MIDDLE) for text in FIGURES.values())]
    rows = [(names[slug], *(one.figures[name] for name in FIGURES)) for slug, one in newest.items()]
    rows.append((TOTAL, *(quarterly_return.figures[name] for name in FIGURES)))
    kept = [
        (names[slug], *(on_time(quarter.start, quarter.end, slug)[name] for name in TIMELY))
        for slug in names
    ]
    timely_heads = [(UNIT, WIDE), *((text, MIDDLE) for text in TIMELY.values())]
    return workbook_of(
        str(quarterly_return),
        [Sheet(SUMMARY_SHEET, heads, rows), Sheet(TIMELY_SHEET, timely_heads, kept)],
    )


def _one_at_a_time(slug: str) -> None:
    """Of two at one authority the second waits."""
    Organisation.objects.select_for_update().get(slug=slug)


def _versions(reporter: str, quarter: Quarter) -> Any:
    return Return.objects.filter(reporter=reporter, year=quarter.year, quarter=quarter.number)


def _draft(
    quarterly_return: Return, by: Account, law: Law, at: datetime, capability: str
) -> tuple[Return, ActContext]:
    where = check_role(by, capability)
    found = Return.objects.select_for_update().get(pk=quarterly_return.pk)
    if where != found.reporter:
        raise NotCompetent(_("这份汇总表由别的单位报送"))
    if found.state == "submitted":
        raise CannotStep("return", _("已经报送；要更正请重新汇总"))
    return found, ActContext(law, at, by.username, where)


def _told(quarterly_return: Return, what: str, ctx: ActContext) -> None:
    details: dict[str, Any] = {
        "quarter": f"{quarterly_return.year}Q{quarterly_return.quarter}",
        "version": quarterly_return.version,
        "figures": quarterly_return.figures,
    }
    document: Document | None = quarterly_return.document
    if document is not None:
        details |= {"document": document.number, "differences": quarterly_return.differences}
    if quarterly_return.workbook is not None:
        details["workbook"] = quarterly_return.workbook.sha256
    ctx.entries.append(
        NewEntry(f"organisation/{quarterly_return.reporter}", what, after=details, details=details)
    )
    write_journal(ctx)
