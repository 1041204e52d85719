"""Effects on a withdrawal: its decision published and put into the registers, or its end."""

from typing import Any

from django.db import transaction

from qualwatch.accounts.queries import organisation
from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.competence import competent_for, withdrawing_authority_of
from qualwatch.cases.course.withdrawal_rows import set_next_task
from qualwatch.cases.deadline_columns import OF_WITHDRAWAL
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.contacts import contact_of
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, day
from qualwatch.cases.documents.service import (
    TAKEN_DOWN,
    end_attempts,
    serve_on_authority,
    serve_or_open_task,
)
from qualwatch.cases.eligibility.standings import NOT_YET_IN_FORCE, WITHDRAWN, publish_items_of
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.tasks import ANSWER, HEARING, RECHECK, complete, open_tasks
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
GRANTED_AGAIN = _("撤回后重新核发")
PUBLISHED = _("（公布{number}）")
WITH_CONTACT = _("{name}（{contact}）")
HANDED_OVER = "handed-over"


def publish_decision(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Issues the decision, withdraws the item in the registers, publishes it.

    The caller has locked the registers.
    """
    row = step.row
    case = step.case
    # the transition needs a withdrawal
    assert row is not None
    row.case = case
    if row.batch.route == "ministry":
        row.decision_number = step.event.code
        authority = MINISTRY
    else:
        document = issuing.withdrawal_decision(row, step.event.because, ctx)
        row.decision_number = document.number
        authority = organisation(document.organisation).name
        serve_or_open_task(document, ctx)
    # registers first: the public standing below is read from them
    row.corrections = _withdraw_in_registers(row, ctx)
    publish_items_of(case.credit_code, on=ctx.on, law=ctx.law)
    _take_display_down(row, ctx)
    announcement = NewAnnouncement(
        decision_key(row),
        "decision",
        DECISION,
        case.enterprise,
        case.credit_code,
        texts.withdrawn(case.enterprise, texts.name_of(case), row.decision_number, authority),
        case.card_number,
    )
    post_announcement(announcement, on=ctx.on, ends_on=None, at=ctx.at)


def decision_key(row: Withdrawal) -> str:
    """The key under which a decision is public.

    A decision of the ministry may name several items, so its number alone is not a key.
    """
    return f"{row.decision_number}{PUBLISHED.format(number=row.pk)}"


def _withdraw_in_registers(row: Withdrawal, ctx: ActContext) -> list[list[Any]]:
    """Corrects every record of the item that is in force or will be, until its source agrees.

    Each correction as its number and the beginning of the record.
    """
    corrections: list[list[Any]] = []
    for resolved_row in resolved_rows(ItemRow, ItemFact._fields, **_item_key(row)):
        record = ItemFact(*resolved_row)
        not_judged = dict(items_in_force(ctx.law, [record], ctx.on).not_judged)
        if not_judged.get(record.category, "") in ("", NOT_YET_IN_FORCE):
            corrections += _correct_record(row, record, ctx)
    return corrections


def _item_key(row: Withdrawal) -> dict[str, str]:
    return {
        "credit_code": row.credit_code,
        "category": row.category,
        "sub_item": row.sub_item,
    }


def _correct_record(row: Withdrawal, record: ItemFact, ctx: ActContext) -> list[list[Any]]:
    # a decided withdrawal has the day
    assert row.lower_grade_until is not None
    valid_from = record.valid_from.isoformat() if record.valid_from else ""
    corrections: list[list[Any]] = []
    for field, value in (("register_state", WITHDRAWN), ("register_state_from", ctx.on)):
        correction = correct(
            table="items",
            key={**_item_key(row), "certificate_no": record.certificate_no},
            field=field,
            value=value,
            because=row.because,
            document=row.decision_number,
            # by then the source should have recorded the withdrawal itself
            review_on=row.lower_grade_until,
            by=ctx.by,
            at=ctx.at,
        )
        corrections.append([correction.pk, valid_from])
    return corrections


@transaction.atomic
def release_overtaken(ctx: ActContext) -> int:
    """Releases corrections of records granted anew after the decision, under the same number.

    Returns how many corrections were released.
    """
    released = 0
    decided = Withdrawal.objects.exclude(corrections=[]).exclude(decided_on=None)
    for row in decided.order_by("pk"):
        for number, valid_from in row.corrections:
            correction = Correction.objects.filter(pk=number, released_at=None).first()
            if correction is not None and _is_granted_again(row, correction, valid_from):
                release_correction(
                    correction=correction, by=ctx.by, at=ctx.at, because=GRANTED_AGAIN
                )
                released += 1
    return released


def _is_granted_again(row: Withdrawal, correction: Correction, valid_from: str) -> bool:
    """Whether the source's record begins after the decision, and not as the one withdrawn."""
    begins = getattr(source_row(ItemRow, correction.key), "valid_from", None)
    if begins is None or row.decided_on is None:
        return False
    return bool(begins >= row.decided_on and begins.isoformat() != valid_from)


def end_withdrawal(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Ends it without a decision, hands it to another red card, or undoes its decision."""
    row = step.row
    # the transition needs a withdrawal
    assert row is not None
    row.case = step.case
    if effect.detail == HANDED_OVER:
        assert step.event.ripe_case is not None  # the event said that there is one
        _hand_over(row, step.event.ripe_case, ctx)
    elif row.decided_on is not None:
        _restore(row, ctx)
    else:
        _end(row, effect.detail, ctx)


def _hand_over(row: Withdrawal, number: int, ctx: ActContext) -> None:
    """Hands it to a ripe red card of the item, where it begins again with the notice.

    What the enterprise was notified of was the card that has ended.
    """
    other = Case.objects.select_for_update().get(pk=number)
    entered = {"withdrawal": row.pk, "to": other.pk, "state": row.stage}
    ctx.entries.append(NewEntry(row.case.stream, HANDED_OVER, details=entered))
    received = {"withdrawal": row.pk, "from": row.case_id}
    ctx.entries.append(NewEntry(other.stream, HANDED_OVER, details=received))
    _stop_under_way(row, HANDED_OVER, ctx)
    open_tasks(ANSWER, _submission_numbers(row)).filter(case=row.case).update(case=other)
    if row.batch.route == "ministry":
        row.stage = "opened" if row.stage == "rechecked" else row.stage
    elif row.started_on is not None:
        row.stage = "started"
    _clear_since_notice(row)
    row.case = other
    row.save()
    set_next_task(row, ctx)


def _clear_since_notice(row: Withdrawal) -> None:
    """Empties what followed from the notice of the intended withdrawal."""
    for columns in OF_WITHDRAWAL:
        columns.write(row, None)
    row.notice_served_on = None
    row.displayed_on = None
    row.rechecked_on = None
    row.hearing = "none"
    row.hearing_asked_on = None
    row.hearing_on = None
    row.hearing_notified_on = None
    row.display_number = ""
    row.reviewed_by = ""
    row.review_opinion = ""
    row.reviewed_on = None
    row.figures = {}


def _submission_numbers(row: Withdrawal) -> list[str]:
    """The details of its tasks to answer."""
    return [str(number) for number in row.submissions.values_list("pk", flat=True)]


def _stop_under_way(row: Withdrawal, why: str, ctx: ActContext) -> None:
    """Ends its display, its attempts at service and its hearing."""
    _take_display_down(row, ctx)
    unproved = row.documents.filter(voided_on=None).exclude(services__proved_on__isnull=False)
    for document in unproved:
        end_attempts(document, TAKEN_DOWN, why, ctx)
    row.hearings.filter(state="fixed").update(state="dropped", because=why)
    complete(open_tasks(HEARING, [str(row.pk)]), ctx)


def _end(row: Withdrawal, code: str, ctx: ActContext) -> None:
    """Ends it with a code; notifies the enterprise and who was asked to withdraw the item."""
    case = row.case
    _stop_under_way(row, code, ctx)
    complete(open_tasks(ANSWER, _submission_numbers(row)), ctx)
    subject = texts.subject("withdrawal-ended", case)
    body = texts.withdrawal_ended(case, code)
    notify([Notification(case, "withdrawal-ended", subject, body)], ctx.at)
    # the authority that ended it so has no need of a letter
    is_own_outcome = code == "not-withdrawn" and row.batch.route == "city"
    if code != "withdrawn" and not is_own_outcome:
        _recall(row, code, ctx)


def _recall(row: Withdrawal, code: str, ctx: ActContext) -> None:
    """Takes back the proposal to withdraw, by letter to the bureau or the ministry."""
    case = row.case
    batch = row.batch
    if batch.suggestion is None:
        return
    values = {
        **issuing.items([case], {case.pk: texts.outcome(code)}),
        "suggestion": batch.suggestion.number,
        "suggested_on": day(batch.suggestion.issued_on),
    }
    is_ministry = batch.route == "ministry"
    document = issuing.issue(
        "recall-letter",
        ctx,
        values=values,
        addressee=MINISTRY if is_ministry else organisation(batch.withdrawing_authority).name,
        batch=batch,
        authority=competent_for(case),
    )
    serve_on_authority(document, "" if is_ministry else batch.withdrawing_authority, ctx)


def extend_display(row: Withdrawal, ctx: ActContext) -> None:
    """Publishes a display that a newly published calendar made longer."""
    if row.display_number and row.display_until is not None and not row.outcome:
        post_display(row, ctx)
        open_tasks(RECHECK, [str(row.pk)]).update(due_on=row.display_until)


def post_display(row: Withdrawal, ctx: ActContext) -> None:
    """Publishes the announcement of one item on display."""
    assert row.displayed_on is not None
    assert row.display_until is not None
    case = row.case
    announcement = NewAnnouncement(
        row.display_number,
        "display",
        DISPLAY,
        case.enterprise,
        case.credit_code,
        texts.displayed(
            case.enterprise,
            texts.name_of(case),
            row.display_until,
            _receiver_of_objections(row),
        ),
        case.card_number,
    )
    post_announcement(
        announcement,
        on=row.displayed_on,
        ends_on=row.display_until,
        at=ctx.at,
        is_provisional=row.is_display_provisional,
    )


def _receiver_of_objections(row: Withdrawal) -> str:
    """The authority that answers objections, with contact, telephone and address."""
    authority = organisation(withdrawing_authority_of(row.case))
    contact = contact_of(authority)
    return WITH_CONTACT.format(name=authority.name, contact=contact) if contact else authority.name


def _restore(row: Withdrawal, ctx: ActContext) -> None:
    """Restores the item after its decision was annulled: unpublished, assessed again."""
    case = row.case
    for document in row.documents.filter(kind="withdrawal-decision"):
        end_attempts(document, TAKEN_DOWN, "annulled", ctx)
    _release_corrections(row, ctx)
    for key in filter(None, (decision_key(row), row.final_number)):
        remove_announcement(key, at=ctx.at)
    # a card that is annulled itself is removed by its own effect
    if case.card_number and case.closed_because != "annulled":
        reword_cleared(case.card_number, because=WITHDRAWAL_ANNULLED, at=ctx.at)
    publish_items_of(case.credit_code, on=ctx.on, law=ctx.law)
    _assess_again(case.credit_code, ctx)
    subject = texts.subject("withdrawal-annulled", case)
    body = texts.withdrawal_ended(case, WITHDRAWAL_ANNULLED)
    notify([Notification(case, "withdrawal-annulled", subject, body)], ctx.at)


def _release_corrections(row: Withdrawal, ctx: ActContext) -> None:
    for number, _valid_from in row.corrections:
        correction = Correction.objects.filter(pk=number, released_at=None).first()
        if correction is not None:
            release_correction(
                correction=correction, by=ctx.by, at=ctx.at, because=row.decision_number
            )


def _assess_again(credit_code: str, ctx: ActContext) -> None:
    """Assesses an enterprise on the day of the newest full run, if that is recent enough."""
    newest = Run.objects.filter(state="released", is_full=True).order_by("-as_of").first()
    if newest is not None and ctx.is_fresh(newest.as_of):
        assess(
            as_of=newest.as_of,
            law=ctx.law,
            by=ctx.by,
            at=ctx.at,
            credit_codes=[credit_code],
            # one enterprise is no mass warning
            guarded=False,
        )


def _take_display_down(row: Withdrawal, ctx: ActContext) -> None:
    if row.display_number:
        remove_announcement(row.display_number, at=ctx.at)
