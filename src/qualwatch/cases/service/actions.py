"""Service of documents: started by a method, proved or failed. Periods run from the proof."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from qualwatch.accounts.models import Account
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import (
    BUREAU,
    PROVINCE,
    NotCompetent,
    competent_for,
    require_authority,
    require_competent_or_local,
)
from qualwatch.cases.course.step import act
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, attach, check_files
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.documents.public_notices import (
    check_collectable,
    remove_neutral_notices,
    remove_notice,
)
from qualwatch.cases.documents.service import (
    TAKEN_DOWN,
    VOIDED,
    circumstances_of,
    close_serve_tasks,
    end_attempts,
    fail_attempt,
    is_over,
    open_serve_task,
    record_receipt,
    serve_or_open_task,
    serving_authority_of,
    start_attempt,
    stream_of,
    void_row,
)
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Attachment, Case, CaseRequirement, Document, Hearing, Service
from qualwatch.cases.queries import going_on_as
from qualwatch.cases.tasks import LETTER, SERVE, complete, open_tasks
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.service import (
    EMAIL,
    METHODS,
    METHODS_BY_FAILURE,
    NEEDS_FILE,
    NOTICE,
    PLATFORM,
    CannotServe,
    check_open,
)
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import BY_EVENT, CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

UNANSWERED = "unanswered"
PROVED_OTHERWISE = _n("企业已在平台上打开")
OPENED_BY_AUTHORITY = _n("收文单位在平台上打开")


@transaction.atomic
def issue_warning(*, case: Case, by: Account, law: Law, at: datetime) -> Document:
    """Issues the letter of a warning, to an enterprise that cannot or does not read it online.

    A task to serve it takes the place of the one to write it.
    """
    ctx = ActContext(law, at, by.username, require_competent_or_local(by, "serve", case))
    locked = Case.objects.select_for_update().get(pk=case.pk)
    # a red card's case may warn of further requirements
    warned = locked.requirements.filter(determined_on=None, recovered_on=None)
    if locked.state == "closed" or not warned.exists():
        raise CannotServe(_("只有黄牌预警才发告知书"))
    document = issuing.warning(locked, ctx)
    complete(open_tasks(LETTER).filter(case=locked), ctx)
    open_serve_task(document, ctx)
    write_journal(ctx)
    return document


@transaction.atomic
def start_service(
    *,
    document: Document,
    method: str,
    recipient: str,
    by: Account,
    law: Law,
    at: datetime,
    consent: SubmittedFile | None = None,
) -> Service:
    """Starts service by a method; nothing follows from it before it is proved.

    `consent`: the enterprise's, in writing, to be served by e-mail. CannotServe, CannotStore,
    NotCompetent.
    """
    ctx = ActContext(law, at, by.username, _authority(document, by))
    locked = _lock_unserved(document)
    if is_over(locked):
        raise CannotServe(_("案件或撤回程序已经终结，这份文书不再送达"))
    if method == NOTICE and locked.services.filter(method=NOTICE, failed_on=None).exists():
        raise CannotServe(_("这份文书已在公告送达"))
    consents = check_files([consent] if consent and method == EMAIL else [])
    check_open(method, circumstances_of(locked, ctx, has_consent=bool(consents)))
    if not recipient.strip():
        raise CannotServe(_("请写明受送达人和地址"))
    if method == NOTICE:
        check_collectable(locked)
    service = start_attempt(locked, method, recipient, ctx)
    attachments = attach(consents, by=by.username, at=at, service=service, is_consent=True)
    if attachments:
        _record(locked, "consent-stored", ctx, method=method, files=_digests(attachments))
    write_journal(ctx)
    return service


@transaction.atomic
def prove_service(
    *,
    service: Service,
    proved_on: date,
    proof: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Service:
    """Proves a service by its files; what waited for it takes its step.

    CannotServe, CannotStep, CannotStore, NotCompetent.
    """
    ctx = ActContext(law, at, by.username, _authority(service.document, by))
    document = _lock_unserved(service.document)
    locked = _lock_pending(service)
    if locked.method in (PLATFORM, NOTICE):
        raise CannotServe(_("平台送达由企业确认，公告送达由期满证明，不另行登记"))
    if not proof.strip() or not files:
        raise CannotServe(
            _("请写明送达凭证并上传：{proof}").format(proof=_(METHODS[locked.method].proof))
        )
    if not locked.sent_on <= proved_on <= ctx.on:
        raise CannotServe(_("送达日不能早于发出，也不能晚于今天"))
    attachments = attach(check_files(files), by=by.username, at=at, service=locked)
    return _prove(locked, document, proved_on, proof, ctx, files=_digests(attachments))


@transaction.atomic
def fail_service(  # noqa: PLR0913  # keyword-only: what is recorded of a failure
    *,
    service: Service,
    why: str,
    because: str,
    by: Account,
    law: Law,
    at: datetime,
    files: Sequence[SubmittedFile] = (),
    failed_on: date | None = None,
) -> Service:
    """Records that a service failed; a task names the next open method.

    `why`: of METHODS_BY_FAILURE. `failed_on`: the day of the visit or of the returned letter, by
    default today. CannotServe, CannotStore, NotCompetent.
    """
    ctx = ActContext(law, at, by.username, _authority(service.document, by))
    document = _lock_unserved(service.document)
    locked = _lock_pending(service)
    _check_failure(locked, why, because, ctx, has_files=bool(files))
    failed_on = failed_on or ctx.on
    if not locked.sent_on <= failed_on <= ctx.on:
        raise CannotServe(_("没有送达的日期不能早于发出，也不能晚于今天"))
    attachments = attach(check_files(files), by=by.username, at=at, service=locked)
    fail_attempt(locked, why, because, failed_on)
    _record(
        document,
        "service-failed",
        ctx,
        method=locked.method,
        why=why,
        because=because,
        failed_on=failed_on,
        files=_digests(attachments),
    )
    open_serve_task(document, ctx)
    write_journal(ctx)
    return locked


def _check_failure(
    service: Service, why: str, because: str, ctx: ActContext, *, has_files: bool
) -> None:
    """CannotServe where a service cannot have failed so, or what came back is missing."""
    if service.method == NOTICE:
        raise CannotServe(_("公告送达期满即为送达；要收回请作废文书"))
    if service.method not in METHODS_BY_FAILURE.get(why, ()) or not because.strip():
        raise CannotServe(_("请选择没有送达的原因并写明情况"))
    if why in NEEDS_FILE and not has_files:
        raise CannotServe(_("请上传没有送达的凭证，如退件、拒收或者查无此人的记录"))
    if why == UNANSWERED and (service.due_on >= ctx.on or service.is_due_provisional):
        raise CannotServe(_("还没有逾期：{day}").format(day=service.due_on))


@transaction.atomic
def void_document(
    *, document: Document, because: str, by: Account, law: Law, at: datetime
) -> Document:
    """Voids a document before it was served: its number stays used, its service ends.

    What has to arrive is issued again, of a red card from what is on record now; unless its case
    has ended. CannotServe, NotCompetent.
    """
    authority = require_authority(by, "sign", "sign-withdrawal")
    if authority != document.organisation:
        raise NotCompetent(_("只有发文单位可以作废"))
    ctx = ActContext(law, at, by.username, authority)
    locked = _lock_unserved(document)
    kind = DOCUMENT_KINDS[locked.kind]
    if not because.strip():
        raise CannotServe(_("请写明作废的原因"))
    if kind.is_final:
        raise CannotServe(_("已经公布，或者已据以办理，不能作废"))
    void_row(locked, because, ctx)
    _record(locked, "voided", ctx, because=because)
    close_serve_tasks(locked, ctx)
    # lock order: see CONTRIBUTING.md (the new document's number before the public copy)
    if kind.must_arrive and not is_over(locked):
        replacement = issuing.issued_again(locked, ctx)
        # the hearing stays fixed: its days run from the new notice
        Hearing.objects.filter(notice=locked, state="fixed").update(notice=replacement)
        serve_or_open_task(replacement, ctx)
    end_attempts(locked, VOIDED, because, ctx)
    write_journal(ctx)
    return locked


def confirm_service(service: Service, *, by: Account, law: Law, at: datetime) -> Service | None:
    """Proves a service on the platform, as its recipient has opened the document.

    None where the document was voided or served otherwise meanwhile.
    """
    ctx = ActContext(law, at, by.username)
    document = Document.objects.select_for_update().get(pk=service.document_id)
    if document.voided_on or document.services.filter(proved_on__isnull=False).exists():
        return None
    proof = METHODS[PLATFORM].proof if document.credit_code else OPENED_BY_AUTHORITY
    return _prove(_lock_pending(service), document, ctx.on, proof, ctx)


def waiting_services() -> QuerySet[Service]:
    """Services neither proved nor failed, of documents neither served nor voided."""
    proved = Service.objects.filter(document=OuterRef("document"), proved_on__isnull=False)
    return Service.objects.filter(
        ~Exists(proved), failed_on=None, document__voided_on=None
    ).order_by("pk")


def process_due_services(ctx: ActContext) -> int:
    """Proves notices whose days are over, opens tasks for what is unproved too long; how many.

    Each by itself: a notice that the case refuses becomes a task, and the others go on. The
    caller has locked the cases.
    """
    count = _end_warnings_proved_otherwise(ctx)
    notices = _overdue(ctx).filter(method=NOTICE)
    for number in list(notices.values_list("pk", flat=True)):
        count += _prove_notice(number, ctx)
    for service in _overdue(ctx).exclude(method=NOTICE).select_related("document__case"):
        attempts = service.document.services.filter(proved_on=None, failed_on=None)
        # while another attempt may still succeed nothing has to be done
        if not attempts.filter(due_on__gte=ctx.on).exists():
            count += open_serve_task(service.document, ctx)
    write_journal(ctx)
    return count


def _end_warnings_proved_otherwise(ctx: ActContext) -> int:
    """Ends the service of letters whose warnings were opened on the platform meanwhile."""
    unserved = Document.objects.filter(kind="warning", voided_on=None).exclude(
        services__proved_on__isnull=False
    )
    details = open_tasks(SERVE).values_list("detail", flat=True)
    numbers = {detail.rpartition(" ")[0] for detail in details}
    running = waiting_services().filter(document__kind="warning").values("document")
    letters = unserved.filter(Q(number__in=numbers) | Q(pk__in=running))
    ended = [letter for letter in letters.select_related("case").order_by("pk") if is_over(letter)]
    for letter in ended:
        end_attempts(letter, TAKEN_DOWN, PROVED_OTHERWISE, ctx)
    return len(ended)


def _prove_notice(number: int, ctx: ActContext) -> int:
    """1 where a notice counts as served, 0 where the case refuses it, which becomes a task."""
    services = Service.objects.select_for_update(of=("self",)).select_related("document__case")
    service = services.get(pk=number)
    document = service.document
    proof = _n("公告 {number} 期满").format(number=service.announcement_number)
    # the savepoint undoes rows, not the entries gathered in memory
    entries_before = len(ctx.entries)
    try:
        with transaction.atomic():
            _prove(service, document, service.due_on, proof, ctx)
    except CannotStep as why:
        del ctx.entries[entries_before:]
        # read again, for the attempt to prove it has changed the instance
        failed = Service.objects.get(pk=number)
        fail_attempt(failed, TAKEN_DOWN, str(why), ctx.on)
        remove_notice(failed, ctx)
        _record(document, "service-failed", ctx, method=NOTICE, because=str(why))
        open_serve_task(document, ctx)
        return 0
    return 1


def _overdue(ctx: ActContext) -> QuerySet[Service]:
    return waiting_services().filter(due_on__lt=ctx.on, is_due_provisional=False)


def _prove(
    service: Service,
    document: Document,
    proved_on: date,
    proof: str,
    ctx: ActContext,
    *,
    files: Sequence[str] = (),
) -> Service:
    """Writes the proof, and takes the step that waited for it."""
    service.proved_on = proved_on
    service.proof = proof
    service.proved_by = ctx.by
    service.save(update_fields=["proved_on", "proof", "proved_by"])
    _record(document, "served", ctx, method=service.method, proved_on=proved_on, files=list(files))
    record_receipt(document, proved_on, ctx)
    # lock order: see CONTRIBUTING.md (the public copy before the journal of the step)
    remove_neutral_notices(document, ctx)
    if document.case is not None and not _is_superseded(document):
        _take_step(document, document.case, proved_on, proof, ctx)
    close_serve_tasks(document, ctx)
    write_journal(ctx)
    return service


def _is_superseded(document: Document) -> bool:
    """Whether its withdrawal has ended or goes on with another card, or its hearing was moved."""
    withdrawal = document.withdrawal
    if withdrawal is None:
        return False
    return (
        bool(withdrawal.ended)
        or withdrawal.case_id != document.case_id
        or _is_hearing_moved(document)
    )


def _take_step(
    document: Document, case: Case, proved_on: date, proof: str, ctx: ActContext
) -> None:
    """The event that the proof of this kind of document is, if the case still waits for it."""
    starts = DOCUMENT_KINDS[document.kind].starts
    if not starts:
        return
    # warnings go on in another case where the red card that also told of them has closed
    current = going_on_as(case) if starts == "push-proved" else case
    locked = Case.objects.select_for_update().get(pk=current.pk)
    if locked.state not in BY_EVENT[starts].from_states:
        return
    pushed = {
        name: date.fromisoformat(pushed_on)
        for name, pushed_on in document.template_values.get("pushed", {}).items()
    }
    requirements = tuple(
        row.requirement for row in locked.requirements.all() if _is_unproved(row, pushed)
    )
    # only the warnings that the letter was about; if all are proved, no step is left
    if pushed and not requirements:
        return
    if starts == "order-served":
        requirements = tuple(document.template_values.get("determined", ()))
    event = Event(
        starts,
        ctx.on,
        by=ctx.by,
        proved_on=proved_on,
        because=proof,
        requirements=requirements,
        warned_on=pushed,
    )
    act(case=locked, event=event, ctx=ctx, perform=perform)


def _is_unproved(row: CaseRequirement, pushed: Mapping[str, date]) -> bool:
    """Whether a warning that the letter was about has no proof yet."""
    warned_on = pushed.get(row.requirement)
    return warned_on is not None and any(day <= warned_on for day in row.unproved_days)


def _authority(document: Document, by: Account) -> str:
    """The slug of the authority that acts: who issued it, who is competent, the province."""
    authority = require_authority(by, "serve")
    allowed = {document.organisation, serving_authority_of(document)}
    # a bureau serves its own documents; of other authorities the competent one and the
    # province may act too
    if not document.organisation.endswith(BUREAU):
        allowed.add(PROVINCE)
        if document.case:
            allowed.add(competent_for(document.case))
    if authority not in allowed:
        raise NotCompetent(_("这份文书由别的单位送达"))
    return authority


def _lock_unserved(document: Document) -> Document:
    """The document as it is now. CannotServe where it is voided or served."""
    cases = {document.case_id} if document.case_id is not None else set()
    if document.withdrawal:
        cases.add(document.withdrawal.case_id)
    # lock order: see CONTRIBUTING.md
    list(Case.objects.select_for_update().filter(pk__in=cases).order_by("pk"))
    documents = Document.objects.select_for_update(of=("self",))
    locked = documents.select_related("case", "withdrawal__case").get(pk=document.pk)
    if locked.voided_on:
        raise CannotServe(_("{number} 已经作废").format(number=locked.number))
    if locked.services.filter(proved_on__isnull=False).exists():
        raise CannotServe(_("{number} 已经送达").format(number=locked.number))
    return locked


def _is_hearing_moved(document: Document) -> bool:
    """Whether a notice of a hearing is not that of the hearing as it is fixed now."""
    if document.kind != "hearing-notice":
        return False
    return not Hearing.objects.filter(notice=document, state="fixed").exists()


def _lock_pending(service: Service) -> Service:
    """The service as it is now. CannotServe where it is proved or failed."""
    locked = Service.objects.select_for_update(of=("self",)).get(pk=service.pk)
    if locked.proved_on or locked.failed_on:
        raise CannotServe(_("这次送达已有结果"))
    return locked


def _digests(attachments: Iterable[Attachment]) -> list[str]:
    return [attachment.file.sha256 for attachment in attachments]


def _record(
    document: Document, what: str, ctx: ActContext, *, because: str = "", **details: object
) -> None:
    entry = {"document": document.number, **details}
    ctx.entries.append(NewEntry(stream_of(document), what, basis=because, details=entry))
