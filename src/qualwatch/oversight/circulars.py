"""Circulars (notice 4(3)): name an authority that did not carry withdrawals out, with the items."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import (
    BUREAU,
    PROVINCE,
    NotCompetent,
    require_housing_authority,
    withdrawing_authority_of,
)
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.documents.wording import clause, sentence
from qualwatch.cases.models import Case, Document, Withdrawal
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.notices.texts import document_subject, name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import not_opened
from qualwatch.oversight.models import Check, Circular
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import QUARTER, overdue_returns, reporters
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # circulars are Chinese

NOT_STARTED = _n("建议名单{received}收到，应于{due}前启动，未启动")
STARTED_LATE = _n("建议名单应于{due}前启动，{day}启动")
NOT_OPENED = _n("红牌期{ends}届满，本季度未提出撤回")
OPENED_LATER = _n("（{day}提出）")
FAULT = _n("抽查发现：{found}")
NO_RETURN = _n("未报送季度汇总，应于{due}前报送")
RETURN_NAME = _n("季度汇总")


def not_carried_out(quarter: Quarter, authority: str, law: Law, on: date) -> list[dict[str, Any]]:
    """By the records, what a housing authority or bureau (its slug) did not carry out in a quarter,
    by item.
    """
    if authority.endswith(BUREAU):
        rows = _late_starts(quarter, authority, on)
    else:
        rows = _failures_of_housing(quarter, authority, law, on)
    return [{"sequence_no": sequence_no, **row} for sequence_no, row in enumerate(rows, 1)]


@transaction.atomic
def issue_circular(
    *, quarter: Quarter, authority: str, demand: str, by: Account, law: Law, at: datetime
) -> Circular:
    """Issues a circular that names an authority, and notifies the other reporters.

    CannotStep where the records show nothing, NotCompetent outside the province's own office.
    """
    if require_housing_authority(by, "sign") != PROVINCE:
        raise NotCompetent(_("只有省厅抽查、通报"))
    ctx = ActContext(law, at, by.username, PROVINCE)
    _require_issuable(quarter, authority, demand, by, ctx)
    rows = not_carried_out(quarter, authority, law, ctx.on)
    if not rows:
        raise CannotStep("circular", _("记录里没有执行不到位的情况，不能通报"))
    document = _document(quarter, authority, demand, rows, ctx)
    _notify_others(quarter, authority, len(rows), document, ctx)
    circular = Circular.objects.create(
        authority=authority,
        year=quarter.year,
        quarter=quarter.number,
        rows=rows,
        demand=demand,
        document=document,
        issued_on=ctx.on,
        issued_by=by.username,
    )
    details = {"circular": document.number, "authority": authority, "items": len(rows)}
    ctx.entries.append(
        NewEntry("organisation/province", "circular-issued", basis=demand, details=details)
    )
    write_journal(ctx)
    return circular


def _require_issuable(
    quarter: Quarter, authority: str, demand: str, by: Account, ctx: ActContext
) -> None:
    if ctx.on <= quarter.end:
        raise CannotStep("quarter", _("这个季度还没有结束"))
    if not demand.strip():
        raise CannotStep("because", _("请写明整改要求"))
    if _faults(quarter, authority).filter(checked_by=by.username).exists():
        raise CannotStep("other-person", _("抽查的人不能签发通报"))


def _faults(quarter: Quarter, authority: str) -> QuerySet[Check]:
    return Check.objects.filter(
        draw__year=quarter.year, draw__quarter=quarter.number, city=authority, result="fault"
    )


def _document(
    quarter: Quarter, authority: str, demand: str, rows: list[dict[str, Any]], ctx: ActContext
) -> Document:
    name = organisation(authority).name
    values = {
        "quarter": QUARTER.format(year=quarter.year, number=quarter.number),
        "authority": name,
        "rows": rows,
        "items_count": len(rows),
        "demand": sentence(demand),
    }
    document = issue("circular", ctx, values=values, addressee=name)
    serve_on_authority(document, authority, ctx)
    return document


def _notify_others(
    quarter: Quarter, authority: str, count: int, document: Document, ctx: ActContext
) -> None:
    name = organisation(authority).name
    body = _n("{authority}：{count} 项执行不到位。").format(authority=name, count=count)
    others = tuple(slug for slug in reporters(quarter, ctx.law) if slug != authority)
    subject = document_subject(document)
    notify([Notification(None, "circular", subject, body, False, others)], ctx.at)


def _late_starts(quarter: Quarter, bureau: str, on: date) -> list[dict[str, Any]]:
    """Items that a bureau had to start in a quarter and started late or not at all."""
    withdrawals = Withdrawal.objects.filter(
        batch__withdrawing_authority=bureau,
        batch__start_due_on__gte=quarter.start,
        batch__start_due_on__lte=quarter.end,
        # a day that may still change: nobody is named for it
        batch__is_start_due_provisional=False,
    )
    return [
        _row(withdrawal.case, _start_failure(withdrawal))
        for withdrawal in withdrawals.select_related("batch", "case").order_by("pk")
        if _is_late(withdrawal, on) and withdrawing_authority_of(withdrawal.case) == bureau
    ]


def _is_late(withdrawal: Withdrawal, on: date) -> bool:
    """Whether it was started after its day, or is not started though its day is over.

    Not if it ended before a start.
    """
    due = withdrawal.batch.start_due_on
    if withdrawal.started_on is None and withdrawal.ended_on is not None:
        return False
    return due is not None and (withdrawal.started_on or on) > due


def _start_failure(withdrawal: Withdrawal) -> str:
    due = day(withdrawal.batch.start_due_on)
    if withdrawal.started_on:
        return STARTED_LATE.format(due=due, day=day(withdrawal.started_on))
    return NOT_STARTED.format(received=day(withdrawal.batch.received_on), due=due)


def _failures_of_housing(
    quarter: Quarter, authority: str, law: Law, on: date
) -> list[dict[str, Any]]:
    """Red cards not followed by a withdrawal, problems that checks found, a missing return."""
    rows = [_row(case, _not_opened(case)) for case in not_opened(quarter.end, authority)]
    for spot_check in _faults(quarter, authority).select_related("case").order_by("pk"):
        rows.append(_row(spot_check.case, FAULT.format(found=clause(spot_check.problem))))
    for due_return in overdue_returns(quarter, law, on):
        if due_return.reporter == authority:
            what = NO_RETURN.format(due=day(due_return.due.ends_on))
            rows.append({"enterprise": RETURN_NAME, "credit_code": "", "item": "", "what": what})
    return rows


def _not_opened(case: Case) -> str:
    """That a withdrawal was not opened in the quarter, and the day if it was opened later."""
    later = case.withdrawals.order_by("pk").first()
    text = NOT_OPENED.format(ends=day(case.red_ends_on))
    return text + (OPENED_LATER.format(day=day(later.opened_on)) if later else "")


def _row(case: Case, what: str) -> dict[str, Any]:
    return {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "what": what,
    }
