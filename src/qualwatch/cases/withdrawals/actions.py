"""Withdrawal (notice 3(5), 4(2)): lists of items that go through together, step by step, by one of three routes.

A city's item: the city's housing authority suggests, the approval bureau of the same level withdraws. The province's:
the province. The ministry's: the province examines and reports, and records what the ministry decided.
Every step takes the members that are ready; the others wait, each with its reason (`BatchResult`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import (
    NotCompetent,
    competent_for,
    require_authority,
    require_competent,
    route_of,
    withdrawing_authority_of,
)
from qualwatch.cases.course.withdrawal_rows import RESULTS
from qualwatch.cases.deadlines import annulment_entry
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, check_files
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import (
    arrived,
    deliver_copy,
    serve_on_authority,
    serve_or_open_task,
)
from qualwatch.cases.effects.withdrawal import MINISTRY, post_display
from qualwatch.cases.models import Case, Document, Task, Withdrawal, WithdrawalList
from qualwatch.cases.notices import texts
from qualwatch.cases.warnings.newest_run import event_from_newest_run
from qualwatch.cases.withdrawals.members import (
    BatchResult,
    apply_to_members,
    attach_files,
    close_other_cases_of_item,
    keep_recheck_figures,
    lock_list_for_signature,
    lock_members_for,
    require_all,
    sent_list,
    step_of,
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
UNDER_WAY, WITHDRAWN = _n("办理中：{place}"), _n("已撤回（{number}）")
ANNOUNCED = _n(
    "上述资质已经依法撤回，资质证书同时作废；企业可以自撤回之日起 {months} 个月内申请核定低等级资质。"
)


@transaction.atomic
def open_withdrawals(
    *, cases: Sequence[Case], by: Account, law: Law, at: datetime
) -> WithdrawalList:
    """Opens the withdrawal of red cards whose period is over, as one list. All or none: CannotStep, NotCompetent.

    The province's own items are started with it; for a city's list `suggest` comes next, for the ministry's `report`.
    """
    if not cases:
        raise CannotStep("members", _("名单是空的"))
    where = {(require_competent(by, "propose", case), competent_for(case), route_of(case)) for case in cases}
    if len(where) > 1:
        raise CannotStep("members", _("一份名单只能有同一主管部门、同一许可机关的资质"))
    acting, housing, route = where.pop()
    list(Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk"))
    for one in cases:
        same = {
            "credit_code": one.credit_code,
            "category": one.category or "",
            "sub_item": one.sub_item or "",
        }
        if Withdrawal.objects.filter(**same, ended="").exclude(stage="closed").exists():
            raise CannotStep(
                "no-withdrawal", _("{name}：撤回程序已经启动").format(name=texts.name_of(one))
            )
    ctx = ActContext(law, at, by.username, acting)
    ctx.batch = WithdrawalList.objects.create(
        route=route,
        housing=housing,
        withdrawing_authority=withdrawing_authority_of(cases[0]),
        opened_on=ctx.on,
        opened_by=by.username,
    )
    for one in sorted(cases, key=lambda case: case.pk):
        event, _figures = event_from_newest_run("open-withdrawal", one, ctx)
        step_of(one, replace(event, route=route), ctx)
        if route == "province":
            step_of(one, Event("start", ctx.on, by=by.username), ctx)
    return ctx.batch


@transaction.atomic
def suggest(*, batch: WithdrawalList, by: Account, law: Law, at: datetime) -> Document:
    """A reviewer of the city signs the suggestion list; the bureau's days begin with its receipt."""
    ctx = lock_list_for_signature(batch, by, law, at)
    result = require_all(
        apply_to_members(
            undecided(batch), ctx, lambda row: Event("suggest", ctx.on, by=by.username)
        )
    )
    days = ctx.law.policy_on(ctx.on)["bureau_start_working_days"]
    return sent_list(
        "suggestion-list",
        result.done,
        organisation(batch.withdrawing_authority).name,
        ctx,
        start_days=days,
    )


@transaction.atomic
def report(*, batch: WithdrawalList, because: str, by: Account, law: Law, at: datetime) -> Document:
    """The province has examined the ministry's items, and reports them to be withdrawn."""
    ctx = lock_list_for_signature(batch, by, law, at)
    result = require_all(
        apply_to_members(
            undecided(batch),
            ctx,
            lambda row: Event("report", ctx.on, by=by.username, because=because),
        )
    )
    return sent_list("ministry-report", result.done, MINISTRY, ctx)


@transaction.atomic
def start(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime, because: str = ""
) -> BatchResult:
    """The licensing authority begins; of the ministry's items the province records that it has."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    result = apply_to_members(
        rows, ctx, lambda row: Event("start", ctx.on, by=by.username, because=because)
    )
    for batch in {row.batch for row in result.done}:
        if (
            batch.received_on is None and batch.suggestion is not None
        ):  # whoever starts it has received it
            arrived(batch.suggestion, ctx.on, ctx)
        if batch.start_due_on and ctx.on > batch.start_due_on:
            ctx.entries.append(
                NewEntry(
                    stream_of(batch),
                    "started-late",
                    details={
                        "due": batch.start_due_on,
                        "received": batch.received_on,
                        "on": ctx.on,
                    },
                )
            )
    write_journal(ctx)
    return result


@transaction.atomic
def announce_intent(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> list[Document]:
    """To each enterprise a notice of the intended withdrawal; statement and hearing count from its proved service."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    made = []
    for row in rows:
        known = row.documents.filter(
            kind="intended-withdrawal", voided_on=None, case=row.case
        ).exists()
        if row.ended or row.stage != "started" or row.batch.route == "ministry" or known:
            raise CannotStep(
                "next-step", _("{name}：现在不能告知拟撤回").format(name=texts.name_of(row.case))
            )
        row.handled_by = list(dict.fromkeys((*row.handled_by, by.username)))
        row.save(update_fields=["handled_by"])
        made.append(issuing.intended_withdrawal(row, ctx))
        serve_or_open_task(made[-1], ctx)
    write_journal(ctx)
    return made


@transaction.atomic
def display(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> tuple[Document, BatchResult]:
    """Shows the members that are ready to the public; the first day counts."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    result = apply_to_members(rows, ctx, lambda row: Event("display", ctx.on, by=by.username))
    until = result.done[0].display_until
    assert until is not None  # the step has just set it
    told = {
        **issuing.items([row.case for row in result.done]),
        "displayed_on": day(ctx.on),
        "display_ends_on": day(until),
        "display_days": ctx.law.policy_on(ctx.on)["public_display_working_days"],
    }
    document = issuing.issue(
        "display-notice", ctx, values=told, addressee="", batch=result.done[0].batch
    )
    for nth, row in enumerate(result.done, 1):
        row.display_number = f"{document.number}-{nth}"
        row.save(update_fields=["display_number"])
        post_display(row, ctx)
    write_journal(ctx)
    return document, result


@transaction.atomic
def recheck_members(
    *, members: Iterable[Withdrawal], by: Account, law: Law, at: datetime
) -> BatchResult:
    """A run that saw the registers after the display (the ministry's items: today) must still find them short."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    return apply_to_members(
        rows,
        ctx,
        lambda row: event_from_newest_run("recheck-withdrawal", row.case, ctx),
        keep_recheck_figures,
    )


@transaction.atomic
def review_law(
    *, members: Iterable[Withdrawal], opinion: str, by: Account, law: Law, at: datetime
) -> BatchResult:
    """Legal review, by somebody who neither handles nor decides it."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW, SIGN)
    return apply_to_members(
        rows, ctx, lambda row: Event("review-law", ctx.on, by=by.username, because=opinion)
    )


@transaction.atomic
def decide(
    *, members: Iterable[Withdrawal], because: str, by: Account, law: Law, at: datetime
) -> BatchResult:
    """Withdrawn: the decision goes out with its remedies, is public and in the registers; the item's cases close."""
    lock()  # the registers before the cases, as the patrol does
    ctx, rows = lock_members_for(members, by, law, at, SIGN)

    def event(row: Withdrawal) -> tuple[Event, Any]:
        made, figures = event_from_newest_run("decide", row.case, ctx)
        return replace(made, because=because), figures

    return apply_to_members(rows, ctx, event, close_other_cases_of_item)


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
    """What the ministry decided, with its document."""
    if not number.strip():
        raise CannotStep("evidence", _("请写明住建部决定的文号"))
    lock()  # the registers before the cases, as the patrol does
    ctx, rows = lock_members_for(members, by, law, at, SIGN)
    kept = check_files(files)

    def event(row: Withdrawal) -> Event:
        return Event(
            "ministry-decided",
            ctx.on,
            by=by.username,
            because=because,
            code=number,
            has_evidence=bool(kept),
        )

    def after(step: Step, inner: ActContext) -> None:
        attach_files(kept, step, inner)
        close_other_cases_of_item(step, inner)

    return apply_to_members(rows, ctx, event, after)


@transaction.atomic
def not_withdraw(
    *, member: Withdrawal, because: str, by: Account, law: Law, at: datetime
) -> Withdrawal:
    """The competent authority decides not to withdraw; the red card goes to review."""
    ctx, rows = lock_members_for([member], by, law, at, SIGN)
    return apply_to_members(
        rows, ctx, lambda row: Event("not-withdraw", ctx.on, by=by.username, because=because)
    ).done[0]


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
    """That the ministry's decision reached the enterprise, with what proves it."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    kept = check_files(files)
    if not proof.strip() or not kept or any(row.batch.route != "ministry" for row in rows):
        raise CannotStep("proof", _("请写明住建部送达的凭证并上传"))

    def after(step: Step, inner: ActContext) -> None:
        attach_files(kept, step, inner)

    event = Event("announce", ctx.on, by=by.username, proved_on=ctx.on, because=proof)
    return apply_to_members(rows, ctx, lambda row: event, after)


@transaction.atomic
def finish(
    *, members: Iterable[Withdrawal], because: str, by: Account, law: Law, at: datetime
) -> tuple[Document, BatchResult]:
    """Deregistration is done (`because` says how: certificates returned, or declared void); announced as one list."""
    ctx, rows = lock_members_for(members, by, law, at, WITHDRAW)
    result = apply_to_members(
        rows, ctx, lambda row: Event("finish", ctx.on, by=by.username, because=because)
    )
    months = ctx.law.policy_on(ctx.on)["lower_grade_window_months"]
    told = {
        **issuing.items([row.case for row in result.done]),
        "what": ANNOUNCED.format(months=months),
    }
    document = issuing.issue(
        "announcement", ctx, values=told, addressee="", batch=result.done[0].batch
    )
    for nth, row in enumerate(
        result.done, 1
    ):  # one for each: a single one may have to be taken down again
        row.final_number = f"{document.number}-{nth}"
        row.save(update_fields=["final_number"])
        body = f"{row.enterprise} {row.item}\n{told['what']}"
        shown = NewAnnouncement(
            row.final_number,
            "decision",
            document.title,
            row.enterprise,
            row.credit_code,
            body,
            row.case.card_number,
        )
        post_announcement(shown, on=ctx.on, ends_on=None, at=at)
    write_journal(ctx)
    return document, result


@transaction.atomic
def report_results(*, batch: WithdrawalList, by: Account, law: Law, at: datetime) -> Document:
    """The result letter to the housing authority: every member of the list with what became of it."""
    where = require_authority(by, SIGN)
    batch = WithdrawalList.objects.select_related("suggestion").get(pk=batch.pk)
    if where != batch.withdrawing_authority or batch.route != "city" or batch.suggestion is None:
        raise NotCompetent(_("只有收到建议名单的审批局函告结果"))
    ctx = ActContext(law, at, by.username, where)
    asked, rows = (
        batch.suggestion.organisation,
        list(batch.members.select_related("case").order_by("pk")),
    )
    told = {
        **issuing.items([row.case for row in rows], {row.case_id: result_of(row) for row in rows}),
        "suggested_on": day(batch.suggestion.issued_on),
        "suggestion": batch.suggestion.number,
    }
    document = issuing.issue(
        "result-letter", ctx, values=told, addressee=organisation(asked).name, batch=batch
    )
    serve_on_authority(document, asked, ctx)
    if asked != batch.housing:  # the province suggested it in the city's stead
        deliver_copy(document, batch.housing, ctx)
    if all(row.outcome for row in rows):
        batch.reported_on = ctx.on
        batch.save(update_fields=["reported_on"])
        waiting = Task.objects.filter(kind=RESULTS, detail=str(batch.pk), completed_on=None)
        waiting.update(completed_on=ctx.on, completed_by=by.username)
    write_journal(ctx)
    return document


@transaction.atomic
def annul_withdrawal(
    *,
    member: Withdrawal,
    because: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
    received_on: date | None = None,
) -> Withdrawal:
    """Review or court has annulled the decision: the item is restored with its history, and assessed anew.

    `received_on`: the day on which its document came; what is public goes within the policy's days from then.
    """
    lock()  # the registers before the cases, as the patrol does
    ctx, rows = lock_members_for([member], by, law, at, SIGN)
    kept = check_files(files)

    def after(step: Step, inner: ActContext) -> None:
        attach_files(kept, step, inner)
        inner.entries.append(annulment_entry(step.case, received_on, inner))

    event = Event(
        "annul-withdrawal", ctx.on, by=by.username, because=because, has_evidence=bool(kept)
    )
    return apply_to_members(rows, ctx, lambda row: event, after).done[0]


def result_of(row: Withdrawal) -> str:
    """What a result letter says of a member."""
    if row.outcome == "withdrawn":
        return WITHDRAWN.format(number=row.decision_number)
    if row.ended == "annulled" and row.decided_on is not None:
        return texts.outcome(WITHDRAWAL_ANNULLED)
    return texts.outcome(row.ended) if row.ended else UNDER_WAY.format(state=STEPS[row.stage])
