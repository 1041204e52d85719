"""What a withdrawal comes to: the decision made public and put into the registers; or its end, and what is recalled."""

from typing import Any

from django.db import transaction

from qualwatch.accounts.queries import organisation
from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.competence import competent_for
from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.course.withdrawal_rows import ANSWER, HOLD, set_next_task
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, day
from qualwatch.cases.documents.service import (
    TAKEN_DOWN,
    drop_services,
    serve_on_authority,
    serve_or_open_task,
)
from qualwatch.cases.eligibility.standings import NOT_YET, WITHDRAWN, publish_items_of
from qualwatch.cases.models import Case, Task, Withdrawal
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.evaluation.facts import Item as ItemFact
from qualwatch.evaluation.items import items_in_force
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.state import WITHDRAWAL_ANNULLED, Effect
from qualwatch.publication.actions import (
    NewAnnouncement,
    post_announcement,
    remove_announcement,
    reword_cleared,
)
from qualwatch.registers.corrections import correct, release_correction
from qualwatch.registers.corrections import resolved_rows as source_row
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import Correction, ItemRow
from qualwatch.wording import gettext_noop as _  # what is published is Chinese

MINISTRY = _("住房和城乡建设部")
DECISION = _("撤回建设工程企业资质决定")
DISPLAY = DOCUMENT_KINDS["display-notice"].title
GRANTED_ANEW = _("撤回后重新核发")
PUBLISHED = _("（公布{nth}）")
HANDED_OVER = "handed-over"


def publish_decision(step: Step, effect: Effect, ctx: ActContext) -> None:
    """The decision's letter, the registers, the public copy. The caller has locked the registers."""
    row, case = step.row, step.case
    assert row is not None  # the table needs it
    row.case = case
    if row.batch.route == "ministry":
        row.decision_number, authority = step.event.code, MINISTRY
    else:
        letter = issuing.withdrawal_decision(row, step.event.because, ctx)
        row.decision_number, authority = letter.number, organisation(letter.organisation).name
        serve_or_open_task(letter, ctx)
    row.corrections = _withdrawn_in_registers(row, ctx)
    publish_items_of(case.credit_code, on=ctx.on, law=ctx.law)
    _take_display_down(row, ctx)
    body = texts.withdrawn(case.enterprise, texts.name_of(case), row.decision_number, authority)
    new_announcement = NewAnnouncement(
        decision_key(row),
        "decision",
        DECISION,
        case.enterprise,
        case.credit_code,
        body,
        case.card_number,
    )
    post_announcement(new_announcement, on=ctx.on, ends_on=None, at=ctx.at)


def decision_key(row: Withdrawal) -> str:
    """The number under which a decision is public: one of the ministry may name several items; serving has its own."""
    return f"{row.decision_number}{PUBLISHED.format(nth=row.pk)}"


def _withdrawn_in_registers(row: Withdrawal, ctx: ActContext) -> list[list[Any]]:
    """Corrections of every record of the item that is in force or will be, until the source says so too.

    Each as its number and the record's beginning.
    """
    assert row.lower_grade_until is not None  # a decided one has it
    its = {"credit_code": row.credit_code, "category": row.category, "sub_item": row.sub_item}
    made: list[list[Any]] = []
    for resolved_row in resolved_rows(ItemRow, ItemFact._fields, **its):
        item = ItemFact(*resolved_row)
        why = dict(items_in_force(ctx.law, [item], ctx.on).not_judged).get(item.category, "")
        if why not in ("", NOT_YET):
            continue
        key = {**its, "certificate_no": item.certificate_no}
        for field, value in (("register_state", WITHDRAWN), ("register_state_from", ctx.on)):
            correction = correct(
                table="items",
                key=key,
                field=field,
                value=value,
                because=row.because,
                document=row.decision_number,
                review_on=row.lower_grade_until,
                by=ctx.by,
                at=ctx.at,
            )
            made.append([correction.pk, item.valid_from.isoformat() if item.valid_from else ""])
    return made


@transaction.atomic
def release_overtaken(ctx: ActContext) -> int:
    """Corrections of records that were granted anew after the decision, under the same number; how many items."""
    released = 0
    for row in Withdrawal.objects.exclude(corrections=[]).exclude(decided_on=None).order_by("pk"):
        for number, valid_from in row.corrections:
            correction = Correction.objects.filter(pk=number, released_at=None).first()
            source = source_row(ItemRow, correction.key) if correction is not None else None
            begins = getattr(source, "valid_from", None)
            if correction is None or begins is None or row.decided_on is None:
                continue
            if begins >= row.decided_on and begins.isoformat() != valid_from:
                release_correction(
                    correction=correction, by=ctx.by, at=ctx.at, because=GRANTED_ANEW
                )
                released += 1
    return released


def end_withdrawal(step: Step, effect: Effect, ctx: ActContext) -> None:
    """It ends without a decision, goes over to another red card of the item, or its decision is undone."""
    row, case = step.row, step.case
    assert row is not None  # the table needs it
    row.case = case
    if effect.detail == HANDED_OVER:
        _hand_over(row, ctx)
    elif row.decided_on is not None:
        _restore(row, ctx)
    else:
        _end(row, effect.detail, ctx)


def _hand_over(row: Withdrawal, ctx: ActContext) -> None:
    """To the other red card of the item: what it was told of was this card, so that it begins again with the notice."""
    others = Case.objects.filter(
        state="red", credit_code=row.credit_code, category=row.category, sub_item=row.sub_item
    )
    other = others.exclude(pk=row.case_id).order_by("pk").select_for_update().first()
    assert other is not None  # the step was told that there is one
    ctx.entries += [
        NewEntry(
            row.case.stream,
            HANDED_OVER,
            details={"withdrawal": row.pk, "to": other.pk, "state": row.stage},
        ),
        NewEntry(other.stream, HANDED_OVER, details={"withdrawal": row.pk, "from": row.case_id}),
    ]
    _nothing_on_its_way(row, HANDED_OVER, ctx)
    _move_tasks(row, other)
    if row.batch.route == "ministry":
        row.stage = "opened" if row.stage == "rechecked" else row.stage
    elif row.started_on is not None:
        row.stage = "started"
    row.notice_served_on = row.statement_until = row.displayed_on = row.display_until = (
        row.rechecked_on
    ) = None
    row.hearing, row.hearing_asked_on, row.hearing_on, row.hearing_notified_on = (
        "none",
        None,
        None,
        None,
    )
    row.display_number = row.reviewed_by = row.review_opinion = ""
    row.reviewed_on, row.figures = None, {}
    row.case = other
    row.save()
    set_next_task(row, ctx)


def _move_tasks(row: Withdrawal, other: Case) -> None:
    """Points that wait for an answer go with it."""
    points = [str(number) for number in row.points.values_list("pk", flat=True)]
    Task.objects.filter(case=row.case, kind=ANSWER, detail__in=points, completed_on=None).update(
        case=other
    )


def _nothing_on_its_way(row: Withdrawal, why: str, ctx: ActContext) -> None:
    """Neither shown nor served nor heard any more."""
    _take_display_down(row, ctx)
    for document in row.documents.filter(voided_on=None).exclude(services__proved_on__isnull=False):
        drop_services(document, TAKEN_DOWN, why, ctx)
    row.hearings.filter(state="fixed").update(state="dropped", because=why)
    Task.objects.filter(kind=HOLD, detail=str(row.pk), completed_on=None).update(
        completed_on=ctx.on, completed_by=ctx.by
    )


def _end(row: Withdrawal, code: str, ctx: ActContext) -> None:
    """Nothing of it is served or shown any more; whoever was asked to withdraw the item is told."""
    case, batch = row.case, row.batch
    _nothing_on_its_way(row, code, ctx)
    points = [str(number) for number in row.points.values_list("pk", flat=True)]
    Task.objects.filter(kind=ANSWER, detail__in=points, completed_on=None).update(
        completed_on=ctx.on, completed_by=ctx.by
    )
    notify(
        [
            Notification(
                case,
                "withdrawal-ended",
                texts.subject("withdrawal-ended", case),
                texts.withdrawal_ended(case, code),
            )
        ],
        ctx.at,
    )
    knows = code == "withdrawn" or (code == "not-withdrawn" and batch.route == "city")
    if batch.suggestion is not None and not knows:
        told = {
            **issuing.items([case], {case.pk: texts.outcome(code)}),
            "suggestion": batch.suggestion.number,
            "suggested_on": day(batch.suggestion.issued_on),
        }
        to = (
            MINISTRY
            if batch.route == "ministry"
            else organisation(batch.withdrawing_authority).name
        )
        letter = issuing.issue(
            "recall-letter", ctx, told=told, addressee=to, batch=batch, where=competent_for(case)
        )
        serve_on_authority(
            letter, "" if batch.route == "ministry" else batch.withdrawing_authority, ctx
        )


def show_longer(row: Withdrawal, ctx: ActContext) -> None:
    """A newly published calendar made the display longer: the public reads the new day."""
    if row.display_number and row.display_until is not None and not row.outcome:
        post_display(row, ctx)
        Task.objects.filter(
            kind="recheck-withdrawal", detail=str(row.pk), completed_on=None
        ).update(due_on=row.display_until)


def post_display(row: Withdrawal, ctx: ActContext) -> None:
    """The announcement of one item on display."""
    assert row.display_until is not None  # it is displayed
    assert row.displayed_on is not None  # it is displayed
    case = row.case
    body = texts.displayed(case.enterprise, texts.name_of(case), row.display_until)
    shown = NewAnnouncement(
        row.display_number,
        "display",
        DISPLAY,
        case.enterprise,
        case.credit_code,
        body,
        case.card_number,
    )
    post_announcement(
        shown,
        on=row.displayed_on,
        ends_on=row.display_until,
        at=ctx.at,
        is_provisional=row.is_display_provisional,
    )


def _restore(row: Withdrawal, ctx: ActContext) -> None:
    """The item is what it was, and assessed anew; what was published of the decision goes."""
    case = row.case
    for document in row.documents.filter(kind="withdrawal-decision"):
        drop_services(document, TAKEN_DOWN, "annulled", ctx)
    for number, _valid_from in row.corrections:
        correction = Correction.objects.filter(pk=number, released_at=None).first()
        if correction is not None:
            release_correction(
                correction=correction, by=ctx.by, at=ctx.at, because=row.decision_number
            )
    for key in filter(None, (decision_key(row), row.final_number)):
        remove_announcement(key, at=ctx.at)
    if case.card_number and case.closed_because != "annulled":
        reword_cleared(case.card_number, because=WITHDRAWAL_ANNULLED, at=ctx.at)
    publish_items_of(case.credit_code, on=ctx.on, law=ctx.law)
    newest = Run.objects.filter(state="released", is_full=True).order_by("-as_of").first()
    if newest is not None and ctx.is_fresh(newest.as_of):
        assess(
            as_of=newest.as_of,
            law=ctx.law,
            by=ctx.by,
            at=ctx.at,
            credit_codes=[case.credit_code],
            guarded=False,
        )
    subject, body = (
        texts.subject("withdrawal-annulled", case),
        texts.withdrawal_ended(case, WITHDRAWAL_ANNULLED),
    )
    notify([Notification(case, "withdrawal-annulled", subject, body)], ctx.at)


def _take_display_down(row: Withdrawal, ctx: ActContext) -> None:
    if row.display_number:
        remove_announcement(row.display_number, at=ctx.at)
