"""Serving documents: sent one way or another, proved or failed. What depends on service waits for the proof."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from qualwatch.accounts.models import Account
from qualwatch.cases import issuing
from qualwatch.cases.attachments import HandedIn, attach, look_at
from qualwatch.cases.competence import NotCompetent, check, check_place, check_role
from qualwatch.cases.course import Doing, act, journal
from qualwatch.cases.effects import perform
from qualwatch.cases.letters import LETTERS
from qualwatch.cases.models import Case, Document, Service
from qualwatch.cases.serving import circumstances_of, open_serve_task, record_service, settle_serve_tasks
from qualwatch.journal.actions import Told
from qualwatch.law.loader import Law
from qualwatch.procedure.course import Event
from qualwatch.procedure.periods import Deadline, resettled
from qualwatch.procedure.service import METHODS, NOTICE, PLATFORM, CannotServe, check_open
from qualwatch.procedure.transitions import BY_EVENT
from qualwatch.publication.actions import remove_announcement
from qualwatch.wording import gettext as _


@transaction.atomic
def issue_warning(*, case: Case, by: Account, law: Law, at: datetime) -> Document:
    """The letter to an enterprise that has no account on the platform, or has not opened its warning."""
    where = check_place(by, "serve", case)
    doing = Doing(law, at, by.username, where)
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.place != "yellow":
        raise CannotServe(_("只有黄牌预警才发告知书"))
    made = issuing.warning(locked, doing)
    journal(doing)
    return made


@transaction.atomic
def send(
    *, document: Document, method: str, recipient: str, by: Account, law: Law, at: datetime, consent: str = ""
) -> Service:
    """Sends a document one way. Nothing follows from it before it is proved. CannotServe, NotCompetent."""
    doing = Doing(law, at, by.username, _authority(document, by))
    locked = _waiting(document)
    check_open(method, circumstances_of(locked, doing, consent=consent))
    if not recipient.strip():
        raise CannotServe(_("请写明受送达人和地址"))
    made = record_service(locked, method, recipient, doing, consent=consent)
    journal(doing)
    return made


@transaction.atomic
def prove(
    *, service: Service, proved_on: date, proof: str, files: Sequence[HandedIn], by: Account, law: Law, at: datetime
) -> Service:
    """A service is proved by what came back; what waited for it takes its step. CannotServe, CannotStep, CannotKeep."""
    doing = Doing(law, at, by.username, _authority(service.document, by))
    document = _waiting(service.document)
    found = _unproved(service)
    if found.method in (PLATFORM, NOTICE):
        raise CannotServe(_("平台送达由企业确认，公告送达由期满证明，不另行登记"))
    if not proof.strip() or not files:
        raise CannotServe(_("请写明送达凭证并上传：{proof}").format(proof=_(METHODS[found.method].proof)))
    if not found.sent_on <= proved_on <= doing.on:
        raise CannotServe(_("送达日不能早于发出，也不能晚于今天"))
    attach(look_at(files), by=by.username, at=at, service=found)
    return _proved(found, document, proved_on, proof, doing)


@transaction.atomic
def fail(*, service: Service, because: str, by: Account, law: Law, at: datetime) -> Service:
    """A way came to nothing: a task names the next one that is open."""
    doing = Doing(law, at, by.username, _authority(service.document, by))
    document = _waiting(service.document)
    found = _unproved(service)
    if not because.strip():
        raise CannotServe(_("请写明没有送达的原因"))
    found.failed_on, found.failed_because = doing.on, because
    found.save(update_fields=["failed_on", "failed_because"])
    _told(document, "service-failed", doing, method=found.method, because=because)
    open_serve_task(document, doing)
    journal(doing)
    return found


@transaction.atomic
def void(*, document: Document, because: str, by: Account, law: Law, at: datetime) -> Document:
    """Takes a document back before it was served; its number stays used. Another one may be issued."""
    doing = Doing(law, at, by.username, _authority(document, by, "sign"))
    locked = _waiting(document)
    if not because.strip():
        raise CannotServe(_("请写明作废的原因"))
    locked.voided_on, locked.voided_by, locked.voided_because = doing.on, by.username, because
    locked.save(update_fields=["voided_on", "voided_by", "voided_because"])
    if locked.services.filter(method=NOTICE).exists():
        remove_announcement(locked.number, at=at)
    _told(locked, "voided", doing, because=because)
    settle_serve_tasks(locked, doing)
    if locked.kind == "order-to-rectify" and locked.case and locked.case.place == "red":
        issuing.reissued_order(locked, doing)
    journal(doing)
    return locked


def confirm(service: Service, *, by: Account, law: Law, at: datetime) -> Service:
    """The enterprise has opened a document on the platform, where the policy lets that prove it."""
    doing = Doing(law, at, by.username)
    document = Document.objects.select_for_update().get(pk=service.document_id)
    return _proved(_unproved(service), document, doing.on, _(METHODS[PLATFORM].proof), doing)


def take_up_services(doing: Doing) -> int:
    """What the passing of days does: notices count as served, and what is unproved too long goes another way."""
    done = 0
    proved = Service.objects.filter(document=OuterRef("document"), proved_on__isnull=False)
    waiting = Service.objects.filter(~Exists(proved), failed_on=None, document__voided_on=None).order_by("pk")
    for one in waiting.filter(is_due_provisional=True):
        settled = resettled(Deadline(one.due_on, provisional=True), doing.law.calendar)
        one.due_on, one.is_due_provisional = settled.ends_on, settled.provisional
        one.save(update_fields=["due_on", "is_due_provisional"])
    for one in waiting.filter(due_on__lt=doing.on, is_due_provisional=False).select_related("document__case"):
        document = one.document
        if one.method == NOTICE:
            _proved(one, document, one.due_on, _("公告 {number} 期满").format(number=document.number), doing)
            done += 1
        else:
            done += open_serve_task(document, doing)
    journal(doing)
    return done


def _proved(found: Service, document: Document, proved_on: date, proof: str, doing: Doing) -> Service:
    found.proved_on, found.proof, found.proved_by = proved_on, proof, doing.by
    found.save(update_fields=["proved_on", "proof", "proved_by"])
    _told(document, "served", doing, method=found.method, proved_on=proved_on)
    starts, case = LETTERS[document.kind].starts, document.case
    if starts and case is not None:
        case = Case.objects.select_for_update().get(pk=case.pk)
        if case.place in BY_EVENT[starts].places:  # else it has ended meanwhile, and nothing waits
            about = set(document.told.get("requirement_slugs", ()))
            named = case.requirements.filter(pushed_on__lte=proved_on, proved_on=None).values_list(
                "requirement", flat=True
            )
            event = Event(starts, doing.on, by=doing.by, proved_on=proved_on, because=proof,
                          requirements=tuple(one for one in named if one in about))  # fmt: skip
            if event.requirements or not about:
                act(case=case, event=event, doing=doing, perform=perform)
    settle_serve_tasks(document, doing)
    journal(doing)
    return found


def _authority(document: Document, by: Account, capability: str = "serve") -> str:
    """The slug of the authority that acts."""
    if document.case is not None:
        starts_at_place = document.kind == "warning"
        return (check_place if starts_at_place else check)(by, capability, document.case)
    where = check_role(by, capability)
    if where != document.organisation:
        raise NotCompetent(_("这份文书由别的单位送达"))
    return where


def _waiting(document: Document) -> Document:
    """The document as it stands now, if it still waits to be served."""
    if document.case_id:
        Case.objects.select_for_update().get(pk=document.case_id)  # the case before its papers, as everywhere
    locked = Document.objects.select_for_update(of=("self",)).select_related("case").get(pk=document.pk)
    if locked.voided_on:
        raise CannotServe(_("{number} 已经作废").format(number=locked.number))
    if locked.services.filter(proved_on__isnull=False).exists():
        raise CannotServe(_("{number} 已经送达").format(number=locked.number))
    return locked


def _unproved(service: Service) -> Service:
    found = Service.objects.select_for_update(of=("self",)).get(pk=service.pk)
    if found.proved_on or found.failed_on:
        raise CannotServe(_("这次送达已有结果"))
    return found


def _told(document: Document, what: str, doing: Doing, **details: object) -> None:
    stream = document.case.stream if document.case else f"organisation/{document.organisation}"
    basis = str(details.pop("because", ""))
    doing.told.append(Told(stream, what, basis=basis, details={"document": document.number, **details}))
