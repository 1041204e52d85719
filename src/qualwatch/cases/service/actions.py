"""Serving documents: sent one way or another, proved or failed. What depends on service waits for the proof."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from qualwatch.accounts.models import Account
from qualwatch.cases.competence import (
    BUREAU,
    PROVINCE,
    NotCompetent,
    check_authority,
    check_place,
    competent_for,
)
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.course.step import act
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, attach, check_files
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.documents.service import (
    TAKEN_DOWN,
    VOIDED,
    arrived,
    circumstances_of,
    drop_services,
    fail_service,
    is_over,
    open_serve_task,
    record_service_attempt,
    serve_or_open_task,
    settle_serve_tasks,
    stream_of,
)
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Case, Document, Hearing, Service
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Period
from qualwatch.procedure.service import (
    EMAIL,
    MAY_HAPPEN,
    METHODS,
    NEEDS_FILE,
    NOTICE,
    PLATFORM,
    CannotServe,
    check_open,
    served_by_notice,
)
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import BY_EVENT, CannotStep
from qualwatch.publication.actions import move_announcement, remove_announcement
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# Published, or the ground of what others have done since: not to be taken back.
RESTED_ON = (
    "display-notice",
    "announcement",
    "withdrawal-decision",
    "suggestion-list",
    "ministry-report",
    "result-letter",
    "quarterly-return",
    "circular",
)
UNANSWERED = "unanswered"


@transaction.atomic
def issue_warning(*, case: Case, by: Account, law: Law, at: datetime) -> Document:
    """The letter to an enterprise that has no account on the platform, or has not opened its warning."""
    where = check_place(by, "serve", case)
    ctx = ActContext(law, at, by.username, where)
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.state != "yellow":
        raise CannotServe(_("只有黄牌预警才发告知书"))
    document = issuing.warning(locked, ctx)
    write_journal(ctx)
    return document


@transaction.atomic
def send(
    *,
    document: Document,
    method: str,
    recipient: str,
    by: Account,
    law: Law,
    at: datetime,
    consent: SubmittedFile | None = None,
) -> Service:
    """Sends a document one way. Nothing follows from it before it is proved. CannotServe, CannotStore, NotCompetent.

    `consent`: the enterprise's, in writing, to be served by e-mail.
    """
    ctx = ActContext(law, at, by.username, _authority(document, by))
    locked = _waiting(document)
    if is_over(locked):
        raise CannotServe(_("案件或撤回程序已经终结，这份文书不再送达"))
    if method == NOTICE and locked.services.filter(method=NOTICE, failed_on=None).exists():
        raise CannotServe(_("这份文书已在公告送达"))
    looked = check_files([consent] if consent and method == EMAIL else [])
    check_open(method, circumstances_of(locked, ctx, has_consent=bool(looked)))
    if not recipient.strip():
        raise CannotServe(_("请写明受送达人和地址"))
    service = record_service_attempt(locked, method, recipient, ctx)
    kept = attach(looked, by=by.username, at=at, service=service, is_consent=True)
    if kept:
        _told(
            locked,
            "consent-kept",
            ctx,
            method=method,
            files=[attachment.file.sha256 for attachment in kept],
        )
    write_journal(ctx)
    return service


@transaction.atomic
def prove(
    *,
    service: Service,
    proved_on: date,
    proof: str,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Service:
    """A service is proved by what came back; what waited for it takes its step. CannotServe, CannotStep, CannotStore."""
    ctx = ActContext(law, at, by.username, _authority(service.document, by))
    document = _waiting(service.document)
    found = _unproved(service)
    if found.method in (PLATFORM, NOTICE):
        raise CannotServe(_("平台送达由企业确认，公告送达由期满证明，不另行登记"))
    if not proof.strip() or not files:
        raise CannotServe(
            _("请写明送达凭证并上传：{proof}").format(proof=_(METHODS[found.method].proof))
        )
    if not found.sent_on <= proved_on <= ctx.on:
        raise CannotServe(_("送达日不能早于发出，也不能晚于今天"))
    kept = attach(check_files(files), by=by.username, at=at, service=found)
    return _proved(
        found,
        document,
        proved_on,
        proof,
        ctx,
        files=[attachment.file.sha256 for attachment in kept],
    )


@transaction.atomic
def fail(
    *,
    service: Service,
    why: str,
    because: str,
    by: Account,
    law: Law,
    at: datetime,
    files: Sequence[SubmittedFile] = (),
) -> Service:
    """A way came to nothing (`why`: one of MAY_HAPPEN), with what came back: a task names the next one that is open."""
    ctx = ActContext(law, at, by.username, _authority(service.document, by))
    document = _waiting(service.document)
    found = _unproved(service)
    if found.method == NOTICE:
        raise CannotServe(_("公告送达期满即为送达；要收回请作废文书"))
    if found.method not in MAY_HAPPEN.get(why, ()) or not because.strip():
        raise CannotServe(_("请选择没有送达的原因并写明情况"))
    if why in NEEDS_FILE and not files:
        raise CannotServe(_("请上传没有送达的凭证，如退件、拒收或者查无此人的记录"))
    if why == UNANSWERED and (found.due_on >= ctx.on or found.is_due_provisional):
        raise CannotServe(_("还没有逾期：{day}").format(day=found.due_on))
    kept = attach(check_files(files), by=by.username, at=at, service=found)
    fail_service(found, why, because, ctx)
    _told(
        document,
        "service-failed",
        ctx,
        method=found.method,
        why=why,
        because=because,
        files=[attachment.file.sha256 for attachment in kept],
    )
    open_serve_task(document, ctx)
    write_journal(ctx)
    return found


@transaction.atomic
def void(*, document: Document, because: str, by: Account, law: Law, at: datetime) -> Document:
    """Takes a document back before it was served: its number stays used, what was under way ends, its notice goes.

    What has to arrive is issued again, a red card's from what is on record now; unless its case has ended with it.
    """
    where = check_authority(by, "sign", "sign-withdrawal")
    if where != document.organisation:
        raise NotCompetent(_("只有发文单位可以作废"))
    ctx = ActContext(law, at, by.username, where)
    locked = _waiting(document)
    if not because.strip():
        raise CannotServe(_("请写明作废的原因"))
    if locked.kind in RESTED_ON:
        raise CannotServe(_("已经公布，或者已据以办理，不能作废"))
    locked.voided_on, locked.voided_by, locked.voided_because = ctx.on, by.username, because
    locked.save(update_fields=["voided_on", "voided_by", "voided_because"])
    _told(locked, "voided", ctx, because=because)
    settle_serve_tasks(locked, ctx)
    if DOCUMENT_KINDS[locked.kind].must_arrive and not is_over(
        locked
    ):  # its number before the public copy, as everywhere
        again = issuing.issued_again(locked, ctx)
        Hearing.objects.filter(notice=locked, state="fixed").update(notice=again)
        serve_or_open_task(again, ctx)
    drop_services(locked, VOIDED, because, ctx)
    write_journal(ctx)
    return locked


def confirm(service: Service, *, by: Account, law: Law, at: datetime) -> Service | None:
    """The enterprise has opened a document on the platform; None where it was voided or served otherwise meanwhile."""
    ctx = ActContext(law, at, by.username)
    document = Document.objects.select_for_update().get(pk=service.document_id)
    if document.voided_on or document.services.filter(proved_on__isnull=False).exists():
        return None
    return _proved(_unproved(service), document, ctx.on, METHODS[PLATFORM].proof, ctx)


def waiting_services() -> QuerySet[Service]:
    """Services of which nothing is known yet, of documents that still wait."""
    proved = Service.objects.filter(document=OuterRef("document"), proved_on__isnull=False)
    return Service.objects.filter(
        ~Exists(proved), failed_on=None, document__voided_on=None
    ).order_by("pk")


def process_due_services(ctx: ActContext) -> int:
    """What the passing of days does: notices count as served, and what is unproved too long goes another way.

    Each by itself: a notice that the course refuses becomes a task, and the others go on. The caller holds the cases.
    """
    _recounted(waiting_services().filter(is_due_provisional=True), ctx)
    done = 0
    for number in list(_overdue(ctx).filter(method=NOTICE).values_list("pk", flat=True)):
        service = (
            Service.objects.select_for_update(of=("self",))
            .select_related("document__case")
            .get(pk=number)
        )
        document, said = service.document, len(ctx.entries)
        try:
            with transaction.atomic():
                _proved(
                    service,
                    document,
                    service.due_on,
                    _n("公告 {number} 期满").format(number=document.number),
                    ctx,
                )
            done += 1
        except CannotStep as why:
            del ctx.entries[said:]
            fail_service(Service.objects.get(pk=number), TAKEN_DOWN, str(why), ctx)
            remove_announcement(document.number, at=ctx.at)
            _told(document, "service-failed", ctx, method=NOTICE, because=str(why))
            open_serve_task(document, ctx)
    for service in _overdue(ctx).exclude(method=NOTICE).select_related("document__case"):
        later = service.document.services.filter(proved_on=None, failed_on=None, due_on__gte=ctx.on)
        done += 0 if later.exists() else open_serve_task(service.document, ctx)
    write_journal(ctx)
    return done


def _overdue(ctx: ActContext) -> QuerySet[Service]:
    return waiting_services().filter(due_on__lt=ctx.on, is_due_provisional=False)


def _recounted(services: Iterable[Service], ctx: ActContext) -> None:
    """Days that rested on an unpublished calendar, counted again from the day of sending: later or the same."""
    policy, calendar = ctx.law.policy_on(ctx.on), ctx.law.calendar
    for service in services:
        if service.method == NOTICE:
            due = served_by_notice(service.sent_on, policy["public_notice_service_days"], calendar)
        else:
            due = Period(policy["service_proof_working_days"], "working-days").from_day(
                service.sent_on, calendar
            )
        service.due_on, service.is_due_provisional = (
            max(service.due_on, due.ends_on),
            due.provisional,
        )
        service.save(update_fields=["due_on", "is_due_provisional"])
        if service.method == NOTICE:
            move_announcement(
                service.document.number,
                ends_on=service.due_on,
                is_provisional=due.provisional,
                at=ctx.at,
            )


def _proved(
    service: Service,
    document: Document,
    proved_on: date,
    proof: str,
    ctx: ActContext,
    *,
    files: Sequence[str] = (),
) -> Service:
    service.proved_on, service.proof, service.proved_by = proved_on, proof, ctx.by
    service.save(update_fields=["proved_on", "proof", "proved_by"])
    _told(document, "served", ctx, method=service.method, proved_on=proved_on, files=list(files))
    starts, case, withdrawal = (
        DOCUMENT_KINDS[document.kind].starts,
        document.case,
        document.withdrawal,
    )
    if withdrawal is not None and (
        withdrawal.ended or withdrawal.case_id != document.case_id or _is_moved(document)
    ):
        case = None  # nothing waits for it: another card, or another day, takes its place
    arrived(document, proved_on, ctx)
    if starts and case is not None:
        case = Case.objects.select_for_update().get(pk=case.pk)
        if (
            case.state in BY_EVENT[starts].from_states
        ):  # else it has ended meanwhile, and nothing waits
            pushed = document.template_values.get(
                "pushed", {}
            )  # only the very warnings that the letter told of
            named = tuple(
                row.requirement
                for row in case.requirements.filter(proved_on=None)
                if pushed.get(row.requirement) == row.pushed_on.isoformat()
            )
            if named or not pushed:
                event = Event(
                    starts,
                    ctx.on,
                    by=ctx.by,
                    proved_on=proved_on,
                    because=proof,
                    requirements=named,
                )
                act(case=case, event=event, ctx=ctx, perform=perform)
    settle_serve_tasks(document, ctx)
    write_journal(ctx)
    return service


def _authority(document: Document, by: Account) -> str:
    """The slug of the authority that acts: whoever issued it, the competent one, the province."""
    where = check_authority(by, "serve")
    allowed = {document.organisation}
    if not document.organisation.endswith(BUREAU):
        allowed |= {PROVINCE} | ({competent_for(document.case)} if document.case else set())
    if where not in allowed:
        raise NotCompetent(_("这份文书由别的单位送达"))
    return where


def _waiting(document: Document) -> Document:
    """The document as it stands now, if it still waits to be served."""
    told = (document.case_id, document.withdrawal.case_id if document.withdrawal else None)
    numbers = {one for one in told if one is not None}
    list(
        Case.objects.select_for_update().filter(pk__in=numbers).order_by("pk")
    )  # before its papers, as everywhere
    locked = (
        Document.objects.select_for_update(of=("self",))
        .select_related("case", "withdrawal__case")
        .get(pk=document.pk)
    )
    if locked.voided_on:
        raise CannotServe(_("{number} 已经作废").format(number=locked.number))
    if locked.services.filter(proved_on__isnull=False).exists():
        raise CannotServe(_("{number} 已经送达").format(number=locked.number))
    return locked


def _is_moved(document: Document) -> bool:
    """Whether a notice of a hearing is not that of the hearing as it is fixed now."""
    return (
        document.kind == "hearing-notice"
        and not Hearing.objects.filter(notice=document, state="fixed").exists()
    )


def _unproved(service: Service) -> Service:
    found = Service.objects.select_for_update(of=("self",)).get(pk=service.pk)
    if found.proved_on or found.failed_on:
        raise CannotServe(_("这次送达已有结果"))
    return found


def _told(
    document: Document, what: str, ctx: ActContext, *, because: str = "", **details: object
) -> None:
    told = {"document": document.number, **details}
    ctx.entries.append(NewEntry(stream_of(document), what, basis=because, details=told))
