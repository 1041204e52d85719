"""Circulars (notice 4(3)): an authority that did not carry withdrawals out is named, with what it did not do."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.competence import (
    BUREAU,
    PROVINCE,
    NotCompetent,
    check_role,
    withdrawing_authority_of,
)
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.notices.texts import document_subject, name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import not_opened
from qualwatch.oversight.models import Check, Circular
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import QUARTER, overdue, reporters
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # circulars are Chinese

NOT_STARTED = _n("建议名单 {received} 收到，应于 {due} 前启动，未启动")
STARTED_LATE = _n("建议名单应于 {due} 前启动，{day} 启动")
NOT_OPENED = _n("红牌期 {ends} 届满，本季度未启动撤回程序")
OPENED_LATER = _n("（{day} 启动）")
FOUND = _n("抽查发现：{found}")
NO_RETURN = _n("未报送季度汇总，应于 {due} 前报送")
NONE = "—"


def not_carried_out(quarter: Quarter, authority: str, law: Law, on: date) -> list[dict[str, Any]]:
    """What a housing authority, or a bureau (by its slug), did not do in a quarter, item by item, from the records."""
    rows = (
        list(_starts(quarter, authority, on))
        if authority.endswith(BUREAU)
        else list(_own(quarter, authority, law, on))
    )
    return [{"nth": nth, **row} for nth, row in enumerate(rows, 1)]


@transaction.atomic
def issue_circular(
    *, quarter: Quarter, authority: str, demand: str, by: Account, law: Law, at: datetime
) -> Circular:
    """Names the authority to all: to itself with the items, to the others as a notice. CannotStep where nothing is."""
    if check_role(by, "sign") != PROVINCE:
        raise NotCompetent(_("只有省厅抽查、通报"))
    ctx = ActContext(law, at, by.username, PROVINCE)
    if ctx.on <= quarter.end:
        raise CannotStep("quarter", _("这个季度还没有结束"))
    if not demand.strip():
        raise CannotStep("because", _("请写明整改要求"))
    checked = Check.objects.filter(
        draw__year=quarter.year, draw__quarter=quarter.number, city=authority
    )
    if checked.filter(result="fault", checked_by=by.username).exists():
        raise CannotStep("other-person", _("抽查的人不能签发通报"))
    rows = not_carried_out(quarter, authority, law, ctx.on)
    if not rows:
        raise CannotStep("circular", _("记录里没有执行不到位的情况，不能通报"))
    name = organisation(authority).name
    told = {
        "quarter": QUARTER.format(year=quarter.year, number=quarter.number),
        "authority": name,
        "rows": rows,
        "items_count": len(rows),
        "demand": demand,
    }
    document = issue("circular", ctx, told=told, addressee=name)
    serve_on_authority(document, authority, ctx)
    others = tuple(slug for slug in reporters(quarter, law) if slug != authority)
    subject = document_subject(document)
    notify(
        [
            Notification(
                None,
                "circular",
                subject,
                _n("{authority}：{count} 项执行不到位。").format(authority=name, count=len(rows)),
                False,
                others,
            )
        ],
        at,
    )
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


def _starts(quarter: Quarter, bureau: str, on: date) -> list[dict[str, Any]]:
    """Items of lists that a bureau had to start in a quarter, and started late or not at all."""
    withdrawals = Withdrawal.objects.filter(
        batch__carrier=bureau,
        batch__start_due_on__gte=quarter.start,
        batch__start_due_on__lte=quarter.end,
    )
    rows = []
    for withdrawal in withdrawals.select_related("batch", "case").order_by("pk"):
        due, received = withdrawal.batch.start_due_on, withdrawal.batch.received_on
        if (
            withdrawal.batch.is_start_due_provisional
            or withdrawing_authority_of(withdrawal.case) != bureau
        ):
            continue  # nobody is named for a day that may still change, or for what another has by now
        if due is None or (withdrawal.started_on or withdrawal.ended_on or on) <= due:
            continue
        if withdrawal.started_on is None and withdrawal.ended_on is not None:
            continue  # it ended before anybody started it
        text = (
            STARTED_LATE.format(due=day(due), day=day(withdrawal.started_on))
            if withdrawal.started_on
            else NOT_STARTED.format(received=day(received), due=day(due))
        )
        rows.append(_row(withdrawal.case, text))
    return rows


def _own(quarter: Quarter, authority: str, law: Law, on: date) -> list[dict[str, Any]]:
    """Red cards that a housing authority did not follow, what checks found, a return that it did not make."""
    rows = [_row(case, _not_opened(case)) for case in not_opened(quarter.end, authority)]
    faults = Check.objects.filter(
        draw__year=quarter.year, draw__quarter=quarter.number, city=authority, result="fault"
    )
    rows += [
        _row(spot_check.case, FOUND.format(found=spot_check.found))
        for spot_check in faults.select_related("case").order_by("pk")
    ]
    for owed in overdue(quarter, law, on):
        if owed.reporter == authority:
            what = NO_RETURN.format(due=day(owed.due.ends_on))
            rows.append({"enterprise": NONE, "credit_code": NONE, "item": NONE, "what": what})
    return rows


def _not_opened(case: Case) -> str:
    """Not in the quarter; and when it was at last."""
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
