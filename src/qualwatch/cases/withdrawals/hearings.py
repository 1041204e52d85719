"""Submissions against a withdrawal: statements, the hearing, public objections; the answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import NotCompetent, require_withdrawing_authority
from qualwatch.cases.course.step import act
from qualwatch.cases.course.withdrawal_rows import attach_to_withdrawal
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, check_files
from qualwatch.cases.documents.service import VOIDED, end_attempts, serve_or_open_task, void_row
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Case, Hearing, Submission, Withdrawal
from qualwatch.cases.tasks import ANSWER, complete, open_task, open_tasks
from qualwatch.cases.tasks import HEARING as HEARING_TASK
from qualwatch.ciphers import decrypted, encrypted, newest_version
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

STATEMENT, HEARING, OBJECTION = "statement", "hearing", "objection"
PUBLIC = "public"
# Characters of an objection of the public.
LONGEST = 5000


@dataclass(frozen=True, slots=True)
class HeldHearing:
    """A hearing as recorded: who was present, the record by line, the points to be answered."""

    present: str
    lines: Sequence[str]
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
    """The enterprise's statement and defence (陈述申辩), from the start until the decision.

    CannotStep, CannotStore, NotCompetent.
    """
    ctx = ActContext(law, at, by.username)
    row = _lock_own(withdrawal, by)
    checked = check_files(files)
    _act(row, Event("make-statement", ctx.on, by=by.username, because=text), ctx)
    submission = _add_submission(row, STATEMENT, text, ctx, submitted_by=by.username)
    attach_to_withdrawal(checked, row, ctx, submission)
    write_journal(ctx)
    return submission


@transaction.atomic
def submit_objection(
    *,
    number: str,
    text: str,
    objector: Mapping[str, str],
    law: Law,
    at: datetime,
    files: Sequence[SubmittedFile] = (),
    form_token: str = "",
) -> Submission:
    """An objection of the public (异议) to a display, by its number.

    `objector`: name and address, which are stored encrypted. `form_token`: of the form; the same
    form again gives the submission on record. CannotStep, CannotStore.
    """
    _check_objection(text, objector)
    ctx = ActContext(law, at, PUBLIC)
    row = _lock(_displayed(number))
    if form_token:
        existing = Submission.objects.filter(form_token=form_token, withdrawal=row).first()
        if existing:
            return existing
    checked = check_files(files)
    if not text.strip():
        raise CannotStep("because", _("请写明意见"))
    # its text stays in its row, not in the journal
    _act(row, Event("object-publicly", ctx.on, by=PUBLIC, because=OBJECTION), ctx)
    key = newest_version()
    plain = json.dumps(dict(objector), ensure_ascii=False).encode()
    submission = _add_submission(
        row,
        OBJECTION,
        text,
        ctx,
        objector=encrypted([plain], key)[0],
        objector_key=key,
        form_token=form_token or None,
    )
    attach_to_withdrawal(checked, row, ctx, submission)
    write_journal(ctx)
    return submission


def _check_objection(text: str, objector: Mapping[str, str]) -> None:
    """CannotStep where name or address is missing, or the text is too long."""
    for name in ("name", "address"):
        if not objector.get(name, "").strip():
            raise CannotStep("because", _("请写明姓名和联系方式"), about=name)
    if len(text) > LONGEST:
        raise CannotStep("because", _("意见不超过 {count} 字").format(count=LONGEST))


def _displayed(number: str) -> Withdrawal:
    """The withdrawal of a display's number. CannotStep."""
    withdrawals = Withdrawal.objects.filter(display_number=number, ended="")
    withdrawal = withdrawals.exclude(display_number="").first()
    if withdrawal is None:
        raise CannotStep("on-display", _("没有这份公示，或公示已经结束"))
    return withdrawal


def was_received(form_token: str) -> bool:
    """Whether an objection of this form is on record."""
    return Submission.objects.filter(form_token=form_token).exists()


def objector_of(submission: Submission, account: Account) -> dict[str, str]:
    """Name and address of an objector, for those who have to answer; NotCompetent."""
    case = submission.withdrawal.case
    require_withdrawing_authority(account, case, "withdraw", "sign-withdrawal")
    if not submission.objector:
        return {}
    objector: dict[str, str] = json.loads(decrypted(submission.objector, submission.objector_key))
    return objector


@transaction.atomic
def answer_submission(
    *, submission: Submission, text: str, by: Account, law: Law, at: datetime
) -> Submission:
    """Answers a submission; the decision waits for the last answer. CannotStep, NotCompetent."""
    row = _lock(submission.withdrawal)
    ctx = _context_of(row, by, law, at)
    locked = Submission.objects.select_for_update().get(pk=submission.pk)
    if locked.answered_on is not None:
        raise CannotStep("unanswered", _("这一条已经答复"))
    if not text.strip():
        raise CannotStep("because", _("请写明理由"))
    # nothing of the public goes into the journal
    basis = f"submission/{locked.pk}" if locked.kind == OBJECTION else text
    _act(row, Event("answer", ctx.on, by=by.username, because=basis), ctx)
    locked.answer = text
    locked.answered_on = ctx.on
    locked.answered_by = ctx.by
    locked.save()
    _complete_task(row, ANSWER, locked.pk, ctx)
    details = {"submission": locked.pk}
    ctx.entries.append(
        NewEntry(row.case.stream, "submission-answered", basis=basis, details=details)
    )
    write_journal(ctx)
    return locked


@transaction.atomic
def request_hearing(*, withdrawal: Withdrawal, by: Account, law: Law, at: datetime) -> Withdrawal:
    """The enterprise requests a hearing, within its days from the proved service of the notice.

    CannotStep, NotCompetent.
    """
    ctx = ActContext(law, at, by.username)
    row = _lock_own(withdrawal, by)
    notices = row.documents.filter(kind="intended-withdrawal", voided_on=None, case=row.case)
    if not notices.exists():
        raise CannotStep("no-hearing-yet", _("拟撤回告知还没有发出"))
    row = _act(row, Event("ask-hearing", ctx.on, by=by.username), ctx)
    open_task(row.case, HEARING_TASK, ctx, detail=str(row.pk))
    return row


@transaction.atomic
def schedule_hearing(  # noqa: PLR0913  # hour, place and chair are the act
    *,
    withdrawal: Withdrawal,
    held_at: datetime,
    place: str,
    chair: Account,
    by: Account,
    law: Law,
    at: datetime,
    because: str = "",
) -> Hearing:
    """Fixes hour, place and chair of a hearing, and serves its notice.

    The chair has not handled the case. A hearing that was fixed before is moved, with reasons
    (`because`). CannotStep, NotCompetent.
    """
    row = _lock(withdrawal)
    ctx = _context_of(row, by, law, at)
    _check_chair(chair, row, ctx)
    if not place.strip():
        raise CannotStep("because", _("请写明听证地点"))
    held_on = Deadline(timezone.localdate(held_at), provisional=False)
    event = Event("fix-hearing", ctx.on, by=by.username, until=held_on, because=because)
    row = _act(row, event, ctx)
    for earlier in row.hearings.filter(state="fixed"):
        _move(earlier, because, ctx)
    hearing = Hearing.objects.create(
        withdrawal=row,
        at=held_at,
        place=place,
        chair=chair.username,
        chair_name=chair.get_full_name() or chair.username,
    )
    hearing.notice = issuing.hearing_notice(hearing, ctx)
    hearing.save(update_fields=["notice"])
    serve_or_open_task(hearing.notice, ctx)
    write_journal(ctx)
    return hearing


def _check_chair(chair: Account, row: Withdrawal, ctx: ActContext) -> None:
    """CannotStep where the chair is not of the authority, or has handled the case."""
    organisation = chair.organisation
    if organisation is None or organisation.slug != ctx.authority or not chair.is_active:
        raise CannotStep("chair", _("主持人应是本机关的人员"))
    if chair.username in {ctx.by, *row.handled_by, *row.case.determined_by}:
        raise CannotStep("chair", _("办理过这件撤回或认定过红牌的人不能主持听证"))


def _move(hearing: Hearing, because: str, ctx: ActContext) -> None:
    """Marks a hearing as moved; its notice is voided, for its receipt proves nothing any more."""
    hearing.state = "moved"
    hearing.because = because
    hearing.save()
    if hearing.notice is not None and hearing.notice.voided_on is None:
        void_row(hearing.notice, because, ctx)
        end_attempts(hearing.notice, VOIDED, because, ctx)


@transaction.atomic
def hold_hearing(
    *,
    hearing: Hearing,
    held: HeldHearing,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Hearing:
    """Records a hearing as a document; `files`: the signed record. Each point becomes a submission.

    CannotStep, CannotStore, NotCompetent.
    """
    row = _lock(hearing.withdrawal)
    ctx = _context_of(row, by, law, at)
    fixed = _fixed(hearing)
    if not held.present.strip() or not any(line.strip() for line in held.lines):
        raise CannotStep("because", _("听证笔录要写明参加人和经过"))
    checked = check_files(files)
    points = tuple(point.strip() for point in held.points if point.strip())
    event = Event(
        "hold-hearing", ctx.on, by=by.username, has_evidence=bool(checked), requirements=points
    )
    row = _act(row, event, ctx)
    fixed.withdrawal = row
    fixed.state = "held"
    fixed.present = held.present
    fixed.record = issuing.hearing_record(fixed, held.lines, ctx)
    fixed.save()
    attach_to_withdrawal(checked, row, ctx)
    for point in points:
        _add_submission(row, HEARING, point, ctx)
    _complete_task(row, HEARING_TASK, row.pk, ctx)
    write_journal(ctx)
    return fixed


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
    """The request was retracted (`retracted`), or the enterprise stayed away (`absent`).

    CannotStep, CannotStore, NotCompetent.
    """
    row = _lock(withdrawal)
    ctx = _context_of(row, by, law, at)
    if state not in ("retracted", "absent"):
        raise CannotStep("because", _("只能是：撤回听证要求、没有参加"))
    checked = check_files(files)
    event = Event(
        "hearing-lapses",
        ctx.on,
        by=by.username,
        outcome=state,
        because=because,
        has_evidence=bool(checked),
    )
    row = _act(row, event, ctx)
    attach_to_withdrawal(checked, row, ctx)
    row.hearings.filter(state="fixed").update(state=state, because=because)
    _complete_task(row, HEARING_TASK, row.pk, ctx)
    write_journal(ctx)
    return row


def _add_submission(
    row: Withdrawal, kind: str, text: str, ctx: ActContext, **fields: Any
) -> Submission:
    """Stores a submission and opens the task to answer it."""
    submission = Submission.objects.create(
        withdrawal=row, kind=kind, text=text, submitted_on=ctx.on, **fields
    )
    open_task(row.case, ANSWER, ctx, detail=str(submission.pk))
    details = {"submission": submission.pk, "kind": kind}
    ctx.entries.append(NewEntry(row.case.stream, "submission-received", details=details))
    return submission


def _act(row: Withdrawal, event: Event, ctx: ActContext) -> Withdrawal:
    """Takes the step of its case; the row as it is then."""
    act(case=row.case, event=event, ctx=ctx, perform=perform)
    return Withdrawal.objects.select_related("batch", "case").get(pk=row.pk)


def _complete_task(row: Withdrawal, kind: str, number: int, ctx: ActContext) -> None:
    complete(open_tasks(kind, [str(number)]).filter(case=row.case), ctx)


def _lock(withdrawal: Withdrawal) -> Withdrawal:
    """The row as it is now, its case locked. Lock order: see CONTRIBUTING.md."""
    Case.objects.select_for_update().get(withdrawals=withdrawal.pk)
    return Withdrawal.objects.select_related("batch", "case").get(pk=withdrawal.pk)


def _context_of(row: Withdrawal, by: Account, law: Law, at: datetime) -> ActContext:
    """The act of an officer of the authority that withdraws; NotCompetent."""
    authority = require_withdrawing_authority(by, row.case, "withdraw")
    return ActContext(law, at, by.username, authority)


def _fixed(hearing: Hearing) -> Hearing:
    """The hearing as it is now. CannotStep where it was held, moved or has lapsed."""
    row = Hearing.objects.select_related("withdrawal__case").get(pk=hearing.pk)
    if row.state != "fixed":
        raise CannotStep("hearing-fixed", _("这次听证已有结果"))
    return row


def _lock_own(withdrawal: Withdrawal, by: Account) -> Withdrawal:
    """The row as it is now, for the enterprise that it is about; NotCompetent."""
    row = _lock(withdrawal)
    enterprise = by.organisation
    is_own = enterprise is not None and enterprise.credit_code == row.credit_code
    if not is_own or not row.credit_code or not has_capability(by, "apply"):
        raise NotCompetent(_("只有企业自己可以陈述申辩、要求听证"))
    return row
