"""What is said against a withdrawal: statements, the hearing, objections of the public; and the answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import may
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import (
    NotCompetent,
    require_withdrawing_authority,
    withdrawing_authority_of,
)
from qualwatch.cases.course.step import act
from qualwatch.cases.course.withdrawal_rows import ANSWER, HOLD, attach_to_withdrawal
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, check_files
from qualwatch.cases.documents.service import VOIDED, end_attempts, serve_or_open_task
from qualwatch.cases.effects.cards import open_task, perform
from qualwatch.cases.models import Case, Hearing, Submission, Task, Withdrawal
from qualwatch.ciphers import decrypted, encrypted, newest_version
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

STATEMENT, HEARING, OBJECTION = "statement", "hearing", "objection"
PUBLIC = "public"
LONGEST = 5000  # characters of what one of the public writes


@dataclass(frozen=True, slots=True)
class Held:
    """A hearing as it went. `said`: the record, line by line; `points`: what needs an answer."""

    present: str
    said: Sequence[str]
    points: Sequence[str]


@transaction.atomic
def submit_statement(
    *,
    withdrawal: Withdrawal,
    text: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Submission:
    """The enterprise's statement and defence; also before the notice is served, until the decision."""
    ctx = ActContext(law, at, by.username)
    row = _own(withdrawal, by)
    kept = check_files(files)
    _acted(row, Event("make-statement", ctx.on, by=by.username, because=text), ctx)
    submission = _point(row, STATEMENT, text, ctx, submitted_by=by.username)
    attach_to_withdrawal(kept, row, ctx, submission)
    write_journal(ctx)
    return submission


@transaction.atomic
def submit_objection(
    *,
    number: str,
    text: str,
    who: Mapping[str, str],
    law: Law,
    at: datetime,
    files: Sequence[SubmittedFile] = (),
    form_token: str = "",
) -> Submission:
    """Somebody of the public objects to a display, by its number; `who` (name, address) is kept encrypted.

    `form_token`: of its form; the same again gives what was kept.
    """
    if wanting := [one for one in ("name", "address") if not who.get(one, "").strip()]:
        raise CannotStep("because", _("请写明姓名和联系方式"), about=wanting[0])
    if len(text) > LONGEST:
        raise CannotStep("because", _("意见不超过 {count} 字").format(count=LONGEST))
    withdrawal = (
        Withdrawal.objects.filter(display_number=number, ended="")
        .exclude(display_number="")
        .first()
    )
    if withdrawal is None:
        raise CannotStep("on-display", _("没有这份公示，或公示已经结束"))
    ctx = ActContext(law, at, PUBLIC)
    row = _locked(withdrawal)
    if form_token and (
        known := Submission.objects.filter(form_token=form_token, withdrawal=row).first()
    ):
        return known
    kept = check_files(files)
    if not text.strip():
        raise CannotStep("because", _("请写明意见"))
    event = Event(
        "object-publicly", ctx.on, by=PUBLIC, because=OBJECTION
    )  # what it says stays in its row
    _acted(row, event, ctx)
    key = newest_version()
    told = json.dumps(dict(who), ensure_ascii=False).encode()
    submission = _point(
        row,
        OBJECTION,
        text,
        ctx,
        who=encrypted([told], key)[0],
        objector_key=key,
        form_token=form_token or None,
    )
    attach_to_withdrawal(kept, row, ctx, submission)
    write_journal(ctx)
    return submission


def was_received(form_token: str) -> bool:
    """Whether an objection of this form is on record."""
    return Submission.objects.filter(form_token=form_token).exists()


def objector_of(point: Submission, account: Account) -> dict[str, str]:
    """Name and address of who objected, for those who have to answer; NotCompetent."""
    require_withdrawing_authority(account, point.withdrawal.case, "withdraw", "sign-withdrawal")
    told: dict[str, str] = json.loads(decrypted(point.who, point.objector_key)) if point.who else {}
    return told


@transaction.atomic
def answer(*, point: Submission, text: str, by: Account, law: Law, at: datetime) -> Submission:
    """The answer to one point; the decision waits for the last."""
    row = _locked(point.withdrawal)
    ctx = ActContext(law, at, by.username, require_withdrawing_authority(by, row.case, "withdraw"))
    submission = Submission.objects.select_for_update().get(pk=point.pk)
    if submission.answered_on is not None:
        raise CannotStep("unanswered", _("这一条已经答复"))
    if not text.strip():
        raise CannotStep("because", _("请写明理由"))
    told = (
        f"point/{submission.pk}" if submission.kind == OBJECTION else text
    )  # of the public nothing goes into the journal
    _acted(row, Event("answer", ctx.on, by=by.username, because=told), ctx)
    submission.answer, submission.answered_on, submission.answered_by = text, ctx.on, by.username
    submission.save()
    _settle(row, ANSWER, str(submission.pk), ctx)
    ctx.entries.append(
        NewEntry(row.case.stream, "point-answered", basis=told, details={"point": submission.pk})
    )
    write_journal(ctx)
    return submission


@transaction.atomic
def request_hearing(*, withdrawal: Withdrawal, by: Account, law: Law, at: datetime) -> Withdrawal:
    """The enterprise asks for a hearing, within its days from the proved service of the notice."""
    ctx = ActContext(law, at, by.username)
    row = _own(withdrawal, by)
    if not row.documents.filter(kind="intended-withdrawal", voided_on=None, case=row.case).exists():
        raise CannotStep("no-hearing-yet", _("拟撤回告知还没有发出"))
    row = _acted(row, Event("ask-hearing", ctx.on, by=by.username), ctx)
    due = ctx.terms.hearing_held.from_day(ctx.on, law.calendar)
    open_task(
        row.case,
        HOLD,
        ctx,
        where=withdrawing_authority_of(row.case),
        due_on=due.ends_on,
        detail=str(row.pk),
    )
    return row


@transaction.atomic
def schedule_hearing(
    *,
    withdrawal: Withdrawal,
    held_at: datetime,
    where: str,
    chair: Account,
    by: Account,
    law: Law,
    at: datetime,
    because: str = "",
) -> Hearing:
    """When and where, and who chairs it: nobody who handled the case. The notice has to arrive early enough.

    A hearing that was fixed before is moved, with reasons.
    """
    row = _locked(withdrawal)
    ctx = ActContext(law, at, by.username, require_withdrawing_authority(by, row.case, "withdraw"))
    if chair.organisation is None or chair.organisation.slug != ctx.authority or not chair.is_active:
        raise CannotStep("chair", _("主持人应是本机关的人员"))
    if chair.username in {by.username, *row.handled_by, *row.case.determined_by}:
        raise CannotStep("chair", _("办理过这件撤回或认定过红牌的人不能主持听证"))
    if not where.strip():
        raise CannotStep("because", _("请写明听证地点"))
    day = Deadline(timezone.localdate(held_at), provisional=False)
    row = _acted(row, Event("fix-hearing", ctx.on, by=by.username, until=day, because=because), ctx)
    for hearing in row.hearings.filter(state="fixed"):
        hearing.state, hearing.because = "moved", because
        hearing.save()
        if (
            hearing.notice is not None and hearing.notice.voided_on is None
        ):  # its receipt proves nothing any more
            hearing.notice.voided_on, hearing.notice.voided_by, hearing.notice.voided_because = (
                ctx.on,
                by.username,
                because,
            )
            hearing.notice.save(update_fields=["voided_on", "voided_by", "voided_because"])
            end_attempts(hearing.notice, VOIDED, because, ctx)
    name = chair.get_full_name() or chair.username
    made = Hearing.objects.create(
        withdrawal=row, at=held_at, where=where, chair=chair.username, chair_name=name
    )
    made.notice = issuing.hearing_notice(made, ctx)
    made.save(update_fields=["notice"])
    serve_or_open_task(made.notice, ctx)
    write_journal(ctx)
    return made


@transaction.atomic
def hold_hearing(
    *,
    hearing: Hearing,
    held: Held,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Hearing:
    """The hearing was held: its record is a document; `files` is the signed one. Every point waits for its answer."""
    row = _locked(hearing.withdrawal)
    ctx = ActContext(law, at, by.username, require_withdrawing_authority(by, row.case, "withdraw"))
    made = _fixed(hearing)
    if not held.present.strip() or not any(one.strip() for one in held.said):
        raise CannotStep("because", _("听证笔录要写明参加人和经过"))
    kept = check_files(files)
    points = tuple(one.strip() for one in held.points if one.strip())
    event = Event(
        "hold-hearing", ctx.on, by=by.username, has_evidence=bool(kept), requirements=points
    )
    row = _acted(row, event, ctx)
    made.withdrawal, made.state, made.present = row, "held", held.present
    made.record = issuing.hearing_record(made, held.said, ctx)
    made.save()
    attach_to_withdrawal(kept, row, ctx)
    for point in points:
        _point(row, HEARING, point, ctx)
    _settle(row, HOLD, str(row.pk), ctx)
    write_journal(ctx)
    return made


@transaction.atomic
def lapse_hearing(
    *,
    withdrawal: Withdrawal,
    state: str,
    because: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Withdrawal:
    """The enterprise took its request back (`retracted`) or stayed away without a good reason (`absent`)."""
    row = _locked(withdrawal)
    ctx = ActContext(law, at, by.username, require_withdrawing_authority(by, row.case, "withdraw"))
    if state not in ("retracted", "absent"):
        raise CannotStep("because", _("只能是：撤回听证要求、没有参加"))
    kept = check_files(files)
    event = Event(
        "hearing-lapses",
        ctx.on,
        by=by.username,
        outcome=state,
        because=because,
        has_evidence=bool(kept),
    )
    row = _acted(row, event, ctx)
    attach_to_withdrawal(kept, row, ctx)
    row.hearings.filter(state="fixed").update(state=state, because=because)
    _settle(row, HOLD, str(row.pk), ctx)
    write_journal(ctx)
    return row


def _point(row: Withdrawal, kind: str, text: str, ctx: ActContext, **who: object) -> Submission:
    """On record, with a task to answer it."""
    submission = Submission.objects.create(
        withdrawal=row, kind=kind, text=text, submitted_on=ctx.on, **who
    )
    open_task(
        row.case, ANSWER, ctx, where=withdrawing_authority_of(row.case), detail=str(submission.pk)
    )
    ctx.entries.append(
        NewEntry(row.case.stream, "point-made", details={"point": submission.pk, "kind": kind})
    )
    return submission


def _acted(row: Withdrawal, event: Event, ctx: ActContext) -> Withdrawal:
    """The step of its case; the row as it is then."""
    act(case=row.case, event=event, ctx=ctx, perform=perform)
    return Withdrawal.objects.select_related("batch", "case").get(pk=row.pk)


def _settle(row: Withdrawal, kind: str, detail: str, ctx: ActContext) -> None:
    waiting = Task.objects.filter(case=row.case, kind=kind, detail=detail, completed_on=None)
    waiting.update(completed_on=ctx.on, completed_by=ctx.by)


def _locked(withdrawal: Withdrawal) -> Withdrawal:
    """The row as it stands now; its case is locked first, as everywhere."""
    Case.objects.select_for_update().get(withdrawals=withdrawal.pk)
    return Withdrawal.objects.select_related("batch", "case").get(pk=withdrawal.pk)


def _fixed(hearing: Hearing) -> Hearing:
    found = Hearing.objects.select_related("withdrawal__case").get(pk=hearing.pk)
    if found.state != "fixed":
        raise CannotStep("hearing-fixed", _("这次听证已有结果"))
    return found


def _own(withdrawal: Withdrawal, by: Account) -> Withdrawal:
    row = _locked(withdrawal)
    where = by.organisation
    if (
        where is None
        or not where.credit_code
        or where.credit_code != row.credit_code
        or not may(by, "apply")
    ):
        raise NotCompetent(_("只有企业自己可以陈述申辩、要求听证"))
    return row
