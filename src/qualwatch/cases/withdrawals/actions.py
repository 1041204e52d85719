"""Withdrawal (notice 3(5), 4(2)): lists of items that go through together, by three routes.

A city's item: the city's housing authority suggests, the approval bureau of the same level
withdraws. The province's: the province. The ministry's: the province examines and reports, and
records what the ministry decided. Every step takes the members that are ready; the others keep
their reason (`BatchResult`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    competent_for,
    require_authority,
    require_competent,
    route_of,
    withdrawing_authority_of,
)
from qualwatch.cases.deadlines import annulment_entry
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, check_files
from qualwatch.cases.documents.basis import has_lower_grade, lower_grade_months
from qualwatch.cases.documents.contacts import person_name
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import (
    confirm_by_start,
    deliver_copy,
    serve_on_authority,
    serve_or_open_task,
)
from qualwatch.cases.documents.wording import require_reason, sentence
from qualwatch.cases.effects.withdrawal import MINISTRY, post_display
from qualwatch.cases.models import Case, Document, Withdrawal, WithdrawalList
from qualwatch.cases.notices import texts
from qualwatch.cases.tasks import REPORT_RESULTS, complete, open_tasks
from qualwatch.cases.warnings.newest_run import event_from_newest_run
from qualwatch.cases.withdrawals.members import (
    BatchResult,
    EventAndFigures,
    apply_event,
    apply_to_members,
    close_other_cases_of_item,
    file_attacher,
    issue_proposal,
    lock_list_for_signature,
    lock_members_for,
    require_all,
    step_of,
    store_recheck_figures,
    stream_of,
    undecided,
)
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.state import STEPS, WITHDRAWAL_ANNULLED, Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.actions import NewAnnouncement, post_announcement
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

WITHDRAW, SIGN = "withdraw", "sign-withdrawal"
UNDER_WAY, WITHDRAWN = _n("办理中：{stage}"), _n("已撤回（{number}）")
ANNOUNCED = _n("上述资质已经依法撤回，资质证书同时作废。")
LOWER_GRADE = _n(
    "{items}，企业可以自资质被撤回之日起{months}个月内，"
    "向资质许可机关提出核定低于原等级同类别资质的申请。"
)
ITEM_OF = _n("{enterprise}的{item}")


@transaction.atomic
def open_withdrawals(
    *, cases: Sequence[Case], by: Account, law: Law, at: datetime
) -> WithdrawalList:
    """Opens the withdrawal of red cards whose period is over, as one list: all or none.

    The province's own items are started with it; for a city's list `suggest` comes next, for the
    ministry's `report`. CannotStep, NotCompetent.
    """
    if not cases:
        raise CannotStep("members", _("名单是空的"))
    authorities = {
        (require_competent(by, "propose", case), competent_for(case), route_of(case))
        for case in cases
    }
    if len(authorities) > 1:
        raise CannotStep("members", _("一份名单只能有同一主管部门、同一许可机关的资质"))
    authority, housing, route = authorities.pop()
    list(Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk"))
    for case in cases:
        _require_none_under_way(case)
    ctx = ActContext(law, at, by.username, authority)
    ctx.batch = WithdrawalList.objects.create(
        route=route,
        housing=housing,
        withdrawing_authority=withdrawing_authority_of(cases[0]),
        opened_on=ctx.on,
        opened_by=by.username,
    )
    for case in sorted(cases, key=lambda case: case.pk):
        event, _figures = event_from_newest_run("open-withdrawal", case, ctx)
        step_of(case, replace(event, route=route), ctx)
        # the province is the withdrawing authority too: it receives no list
        if route == "province":
            step_of(case, Event("start", ctx.on, by=by.username), ctx)
    return ctx.batch


def _require_none_under_way(case: Case) -> None:
    """CannotStep where a withdrawal of the item is under way."""
    withdrawals = Withdrawal.objects.filter(
        credit_code=case.credit_code,
        category=case.category or "",
        sub_item=case.sub_item or "",
        ended="",
    )
    if withdrawals.exclude(stage="closed").exists():
        raise CannotStep(
            "no-withdrawal", _("{name}：撤回程序已经启动").format(name=texts.name_of(case))
        )


@transaction.atomic
def suggest(*, batch: WithdrawalList, by: Account, law: Law, at: datetime) -> Document:
    """Signs the suggestion list of a city; the bureau's days begin with its receipt."""
    ctx = lock_list_for_signature(batch, by, law, at)
    if ctx.authority != batch.housing:
        raise NotCompetent(_("建议名单由市级主管部门函告同级审批局"))
    event = Event("suggest", ctx.on, by=by.username)
    result = require_all(apply_event(undecided(batch), ctx, event))
    document = issue_proposal(
        "suggestion-list",
        result.succeeded,
        organisation(batch.withdrawing_authority).name,
        ctx,
        start_days=ctx.law.policy_on(ctx.on)["bureau_start_working_days"],
        copies=organisation(PROVINCE).name,
    )
    deliver_copy(document, PROVINCE, ctx)
    return document


@transaction.atomic
def report(*, batch: WithdrawalList, because: str, by: Account, law: Law, at: datetime) -> Document:
    """Reports the ministry's items, which the province has examined, to be withdrawn."""
    ctx = lock_list_for_signature(batch, by, law, at)
    event = Event("report", ctx.on, by=by.username, because=because)
    result = require_all(apply_event(undecided(batch), ctx, event))
    return issue_proposal(
        "ministry-report",
        result.succeeded,
        MINISTRY,
        ctx,
        because=sentence(because),
        signatory=person_name(by.username),
        annexes=issuing.annexes([row.case for row in result.succeeded]),
    )


@transaction.atomic
def start(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime, because: str = ""
) -> BatchResult:
    """Starts the procedure; of the ministry's items the province records that it has started."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    event = Event("start", ctx.on, by=by.username, because=because)
    result = apply_event(rows, ctx, event)
    for batch in {row.batch for row in result.succeeded}:
        _record_start(batch, ctx)
    write_journal(ctx)
    return result


def _record_start(batch: WithdrawalList, ctx: ActContext) -> None:
    """What is started was received; a late start goes into the journal."""
    if batch.received_on is None and batch.suggestion is not None:
        confirm_by_start(batch.suggestion, ctx)
    if batch.start_due_on and ctx.on > batch.start_due_on:
        details = {"due": batch.start_due_on, "received": batch.received_on, "on": ctx.on}
        ctx.entries.append(NewEntry(stream_of(batch), "started-late", details=details))


@transaction.atomic
def announce_intent(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> list[Document]:
    """Issues to each enterprise the notice of the intended withdrawal; all or none.

    The days for statement and hearing run from its proved service.
    """
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    documents = []
    for row in rows:
        if not _may_announce_intent(row):
            raise CannotStep(
                "next-step", _("{name}：现在不能告知拟撤回").format(name=texts.name_of(row.case))
            )
        # whoever handles it may neither review nor decide it
        row.handled_by = list(dict.fromkeys((*row.handled_by, by.username)))
        row.save(update_fields=["handled_by"])
        document = issuing.intended_withdrawal(row, ctx)
        serve_or_open_task(document, ctx)
        documents.append(document)
    write_journal(ctx)
    return documents


def _may_announce_intent(row: Withdrawal) -> bool:
    notices = row.documents.filter(kind="intended-withdrawal", voided_on=None, case=row.case)
    if row.ended or row.stage != "started" or row.batch.route == "ministry":
        return False
    return not notices.exists()


@transaction.atomic
def display(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> tuple[Document, BatchResult]:
    """Displays the members that are ready to the public; the first day counts."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    result = apply_event(rows, ctx, Event("display", ctx.on, by=by.username))
    until = result.succeeded[0].display_until
    # the step has just set it
    assert until is not None
    cases = [row.case for row in result.succeeded]
    values = {
        **issuing.items(cases),
        "displayed_on": day(ctx.on),
        "display_ends_on": day(until),
        "display_days": ctx.law.policy_on(ctx.on)["public_display_working_days"],
    }
    batch = result.succeeded[0].batch
    document = issuing.issue(
        "display-notice", ctx, values=values, addressee="", batch=batch, cases=cases
    )
    for number, row in enumerate(result.succeeded, 1):
        row.display_number = f"{document.number}-{number}"
        row.save(update_fields=["display_number"])
        post_display(row, ctx)
    write_journal(ctx)
    return document, result


@transaction.atomic
def recheck_members(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> BatchResult:
    """Rechecks by a run that saw the registers after the display (the ministry's items: today)."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)

    def event_of(row: Withdrawal) -> EventAndFigures:
        return EventAndFigures(*event_from_newest_run("recheck-withdrawal", row.case, ctx))

    return apply_to_members(rows, ctx, event_of, store_recheck_figures)


@transaction.atomic
def review_law(
    *, members: Iterable[Withdrawal], opinion: str, by: Account, law: Law, at: datetime
) -> BatchResult:
    """Legal review, by somebody who neither handles nor decides it."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW, SIGN)
    event = Event("review-law", ctx.on, by=by.username, because=opinion)
    return apply_event(rows, ctx, event)


@transaction.atomic
def decide(
    *, members: Iterable[Withdrawal], because: str, by: Account, law: Law, at: datetime
) -> BatchResult:
    """Decides to withdraw: the decision goes out, is published and put into the registers.

    The item's other cases are closed.
    """
    require_reason(because)
    # lock order: see CONTRIBUTING.md
    lock()
    ctx, rows = lock_members_for(members, by, law, at, SIGN)

    def event_of(row: Withdrawal) -> EventAndFigures:
        event, figures = event_from_newest_run("decide", row.case, ctx)
        return EventAndFigures(replace(event, because=because), figures)

    return apply_to_members(rows, ctx, event_of, close_other_cases_of_item)


@transaction.atomic
def record_ministry_decision(
    *,
    members: Iterable[Withdrawal],
    number: str,
    because: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> BatchResult:
    """Records what the ministry decided, with its document."""
    if not number.strip():
        raise CannotStep("evidence", _("请写明住建部决定的文号"))
    # lock order: see CONTRIBUTING.md
    lock()
    ctx, rows = lock_members_for(members, by, law, at, SIGN)
    checked = check_files(files)
    event = Event(
        "ministry-decided",
        ctx.on,
        by=by.username,
        because=because,
        code=number,
        has_evidence=bool(checked),
    )
    attach_files = file_attacher(checked)

    def after(step: Step, ctx: ActContext) -> None:
        attach_files(step, ctx)
        close_other_cases_of_item(step, ctx)

    return apply_event(rows, ctx, event, after)


@transaction.atomic
def not_withdraw(
    *, member: Withdrawal, because: str, by: Account, law: Law, at: datetime
) -> Withdrawal:
    """Decides not to withdraw; the red card goes to review."""
    require_reason(because)
    ctx, rows = lock_members_for([member], by, law, at, SIGN)
    event = Event("not-withdraw", ctx.on, by=by.username, because=because)
    return apply_event(rows, ctx, event).succeeded[0]


@transaction.atomic
def record_ministry_service(
    *,
    members: Iterable[Withdrawal],
    proof: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> BatchResult:
    """Records that the ministry's decision reached the enterprise, with its proof."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    checked = check_files(files)
    is_ministry = all(row.batch.route == "ministry" for row in rows)
    if not proof.strip() or not checked or not is_ministry:
        raise CannotStep("proof", _("请写明住建部送达的凭证并上传"))
    event = Event("announce", ctx.on, by=by.username, proved_on=ctx.on, because=proof)
    return apply_event(rows, ctx, event, file_attacher(checked))


@transaction.atomic
def finish(
    *, members: Iterable[Withdrawal], because: str, by: Account, law: Law, at: datetime
) -> tuple[Document, BatchResult]:
    """Records deregistration and announces it as one list.

    `because`: how, such as certificates returned or declared void.
    """
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    result = apply_event(rows, ctx, Event("finish", ctx.on, by=by.username, because=because))
    cases = [row.case for row in result.succeeded]
    values = {**issuing.items(cases), "what": _what_is_announced(cases, ctx)}
    batch = result.succeeded[0].batch
    document = issuing.issue(
        "announcement", ctx, values=values, addressee="", batch=batch, cases=cases
    )
    # one for each member, so that a single one can be taken down
    for number, row in enumerate(result.succeeded, 1):
        row.final_number = f"{document.number}-{number}"
        row.save(update_fields=["final_number"])
        _announce_finished(row, document.title, _what_is_announced([row.case], ctx), ctx)
    write_journal(ctx)
    return document, result


def _what_is_announced(cases: Sequence[Case], ctx: ActContext) -> str:
    """That the items are withdrawn; of which of them a lower grade may be applied for."""
    lower = [case for case in cases if has_lower_grade(case, ctx)]
    if not lower:
        return ANNOUNCED
    names = [ITEM_OF.format(enterprise=case.enterprise, item=texts.name_of(case)) for case in lower]
    months = lower_grade_months(lower, ctx)
    return ANNOUNCED + LOWER_GRADE.format(items="、".join(names), months=months)


def _announce_finished(row: Withdrawal, title: str, what: str, ctx: ActContext) -> None:
    announcement = NewAnnouncement(
        row.final_number,
        "decision",
        title,
        row.enterprise,
        row.credit_code,
        f"{row.enterprise} {row.item}\n{what}",
        row.case.card_number,
    )
    post_announcement(announcement, on=ctx.on, ends_on=None, at=ctx.at)


@transaction.atomic
def report_results(*, batch: WithdrawalList, by: Account, law: Law, at: datetime) -> Document:
    """Issues the result letter to the housing authority: every member with its outcome."""
    authority = require_authority(by, SIGN)
    batch = WithdrawalList.objects.select_related("suggestion").get(pk=batch.pk)
    suggestion = batch.suggestion
    if authority != batch.withdrawing_authority or batch.route != "city" or suggestion is None:
        raise NotCompetent(_("只有收到建议名单的审批局函告结果"))
    ctx = ActContext(law, at, by.username, authority)
    rows = list(batch.members.select_related("case").order_by("pk"))
    results = {row.case_id: result_of(row) for row in rows}
    values = {
        **issuing.items([row.case for row in rows], results),
        "suggested_on": day(suggestion.issued_on),
        "suggestion": suggestion.number,
        "copies": organisation(PROVINCE).name,
    }
    addressee = organisation(suggestion.organisation).name
    document = issuing.issue("result-letter", ctx, values=values, addressee=addressee, batch=batch)
    serve_on_authority(document, suggestion.organisation, ctx)
    deliver_copy(document, PROVINCE, ctx)
    if all(row.outcome for row in rows):
        batch.reported_on = ctx.on
        batch.save(update_fields=["reported_on"])
        complete(open_tasks(REPORT_RESULTS, [str(batch.pk)]), ctx)
    write_journal(ctx)
    return document


def annul_withdrawal(
    *,
    member: Withdrawal,
    event: Event,
    by: Account,
    ctx: ActContext,
    received_on: date | None = None,
) -> Withdrawal:
    """Restores the item of a decision that review or court has annulled; it is assessed again.

    `event`: that of the act which one person proposed and `by` signs; the caller has locked the
    registers. `received_on`: the day on which the document came, from which the policy's days to
    take down what is public run.
    """
    _own_ctx, rows = lock_members_for([member], by, ctx.law, ctx.at, SIGN)

    def after(step: Step, ctx: ActContext) -> None:
        ctx.entries.append(annulment_entry(step.case, received_on, ctx))

    return apply_event(rows, ctx, event, after).succeeded[0]


def result_of(row: Withdrawal) -> str:
    """What a result letter states of a member."""
    if row.outcome == "withdrawn":
        return WITHDRAWN.format(number=row.decision_number)
    if row.ended == "annulled" and row.decided_on is not None:
        return texts.outcome(WITHDRAWAL_ANNULLED)
    return texts.outcome(row.ended) if row.ended else UNDER_WAY.format(stage=STEPS[row.stage])
