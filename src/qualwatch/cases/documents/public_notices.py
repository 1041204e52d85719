"""Service by public notice: what is announced, and its removal from the public copy.

Of a published case some documents are announced with their content. Every other document, and every
one of a yellow card, is announced by one neutral text under a number of its own, which tells
neither its kind nor its case.
"""

from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.documents.numbers import mark_of, next_number
from qualwatch.cases.models import Case, Document, Service
from qualwatch.cases.notices import texts
from qualwatch.procedure.service import NOTICE, CannotServe
from qualwatch.publication.actions import (
    NewAnnouncement,
    move_announcement,
    post_announcement,
    remove_announcement,
)
from qualwatch.wording import gettext as _

# Closing codes after which nothing stays public.
ERASED = ("repaired", "annulled", "duplicate")
NOTICE_MARK = "告"


def is_public(case: Case) -> bool:
    """Whether the public knows of a case: a red card that was not undone. A yellow card never."""
    return case.published_on is not None and case.closed_because not in ERASED


def states_content(document: Document) -> bool:
    """Whether a public notice of a document says what is in it."""
    case = document.case
    kind = DOCUMENT_KINDS[document.kind]
    return kind.is_announced_with_content and case is not None and is_public(case)


def check_collectable(document: Document) -> None:
    """CannotServe where a neutral notice could not say where and when to collect the paper."""
    issuer = organisation(document.organisation)
    if not states_content(document) and not (issuer.address and issuer.office_hours):
        raise CannotServe(
            _("{name}没有登记领取文书的地址和时间，请管理员登记后再公告").format(name=issuer.name)
        )


def number_of_notice(document: Document, ctx: ActContext) -> str:
    """The number under which a document is announced: its own, or one that tells nothing."""
    if states_content(document):
        return document.number
    mark = mark_of(document.organisation, ctx.law) + NOTICE_MARK
    return next_number(f"notice/{mark}", mark, ctx.on.year)


def announce(service: Service, ctx: ActContext) -> None:
    """Publishes the notice of a service, which has its number and its last day."""
    document = service.document
    days = ctx.law.policy_on(ctx.on)["public_notice_service_days"]
    title, body = _title_and_body(document, organisation(document.organisation), days)
    announcement = NewAnnouncement(
        service.announcement_number,
        "service",
        title,
        document.addressee,
        document.credit_code,
        body,
    )
    post_announcement(
        announcement,
        on=service.sent_on,
        ends_on=service.due_on,
        at=ctx.at,
        is_provisional=service.is_due_provisional,
    )


def _title_and_body(document: Document, issuer: Organisation, days: int) -> tuple[str, str]:
    if states_content(document):
        return document.title, texts.notice_of_content(document, days)
    body = texts.notice_to_collect(document.addressee, days, issuer.address, issuer.office_hours)
    return texts.NOTICE_TITLE, body


def move_notice(service: Service, ctx: ActContext) -> None:
    """Publishes the new last day of a notice."""
    move_announcement(
        service.announcement_number,
        ends_on=service.due_on,
        is_provisional=service.is_due_provisional,
        at=ctx.at,
    )


def remove_notice(service: Service, ctx: ActContext) -> None:
    """Removes the notice of a service from the public copy."""
    remove_announcement(service.announcement_number, at=ctx.at)


def remove_neutral_notices(document: Document, ctx: ActContext) -> None:
    """Removes the neutral notices of a document that has been served: nothing lies ready now."""
    services = document.services.filter(method=NOTICE).exclude(announcement_number=document.number)
    for service in services:
        remove_notice(service, ctx)
