"""What serving a document comes to in rows: the attempt, what is told or published, the tasks that wait."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import may
from qualwatch.cases.acting import ActContext
from qualwatch.cases.course.withdrawal_rows import TASKS
from qualwatch.cases.deadlines import start_due
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.models import Attachment, Case, Document, Service, Task, Withdrawal
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, has_account, notify
from qualwatch.cases.recipient import Recipient
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import Period
from qualwatch.procedure.service import (
    IN_PERSON,
    METHODS,
    NOTICE,
    PLATFORM,
    Circumstances,
    next_method,
    served_by_notice,
)
from qualwatch.publication.actions import NewAnnouncement, post_announcement, remove_announcement
from qualwatch.wording import gettext_noop as _  # what is kept is Chinese

RECEIVED = ("suggestion-list", "ministry-report")  # their receipt is a day that counts
ARRIVED = _("到达收文单位的平台收件箱")
VOIDED, TAKEN_DOWN = "voided", "taken-down"  # FAILURES that the system says
SERVE = "serve"  # the task: its detail is the document's number and the way to be tried
ERASED = ("repaired", "annulled", "duplicate")  # after these nothing stays public


def circumstances_of(
    document: Document, ctx: ActContext, *, has_consent: bool = False
) -> Circumstances:
    """Which ways are open for a document today. That an answer is overdue opens nothing: somebody has to say so."""
    case = document.case
    failed: dict[str, list[str]] = defaultdict(list)
    for service in document.services.exclude(failed_on=None):
        failed[service.method].append(service.failed_as)
    given = (
        Attachment.objects.filter(is_consent=True, service__document__case=case)
        if case
        else Attachment.objects.none()
    )
    return Circumstances(
        has_account=has_account(document.credit_code),
        opening_proves=document.kind in ctx.law.policy_on(ctx.on)["platform_opening_proves"],
        has_consent=has_consent or (case is not None and given.exists()),
        may_be_public=DOCUMENT_KINDS[document.kind].may_be_public
        and case is not None
        and is_public(case),
        failed=failed,
    )


def is_public(case: Case) -> bool:
    """Whether the public knows of a case: a red card that was not undone. A yellow card never."""
    return case.published_on is not None and case.closed_because not in ERASED


def record_service_attempt(
    document: Document, method: str, recipient: str, ctx: ActContext
) -> Service:
    """One attempt, with what it needs at once: a notice on the platform, or one to the public."""
    policy, calendar = ctx.law.policy_on(ctx.on), ctx.law.calendar
    if method == NOTICE:
        due = served_by_notice(ctx.on, policy["public_notice_service_days"], calendar)
    else:
        due = Period(policy["service_proof_working_days"], "working-days").from_day(
            ctx.on, calendar
        )
    service = Service.objects.create(
        document=document,
        method=method,
        recipient=recipient,
        sent_on=ctx.on,
        sent_by=ctx.by,
        due_on=due.ends_on,
        is_due_provisional=due.provisional,
    )
    if method == PLATFORM:
        subject = texts.document_subject(document)
        notify(
            [
                Notification(
                    document.case,
                    "document",
                    subject,
                    texts.document(document),
                    to_authorities=(),
                    document=document,
                    recipient=Recipient(document.credit_code, document.addressee),
                )
            ],
            ctx.at,
        )
    if method == NOTICE:
        days = policy["public_notice_service_days"]
        body = texts.public_notice(document.addressee, document.title, document.number, days)
        post_announcement(
            NewAnnouncement(
                document.number,
                "service",
                document.title,
                document.addressee,
                document.credit_code,
                body,
            ),
            on=ctx.on,
            ends_on=due.ends_on,
            at=ctx.at,
            is_provisional=due.provisional,
        )
    ctx.entries.append(
        NewEntry(
            stream_of(document), "sent", details={"document": document.number, "method": method}
        )
    )
    settle_serve_tasks(document, ctx)
    return service


def serve_on_platform(document: Document, ctx: ActContext) -> Service | None:
    """Sent at once to an enterprise that has an account, where its opening proves this kind of document."""
    if not METHODS[PLATFORM].is_open(circumstances_of(document, ctx)):
        return None
    return record_service_attempt(document, PLATFORM, document.credit_code, ctx)


def serve_or_open_task(document: Document, ctx: ActContext) -> None:
    """On the platform at once; else a task to serve it, where it has to arrive (an order has the course's own)."""
    if (
        serve_on_platform(document, ctx) is None
        and DOCUMENT_KINDS[document.kind].starts != "order-served"
    ):
        open_serve_task(document, ctx)


def open_serve_task(document: Document, ctx: ActContext) -> int:
    """A task to serve it by the next open way, once for each; how many were opened. None where nothing waits for it."""
    case = document.case
    if not DOCUMENT_KINDS[document.kind].must_arrive or document.voided_on or is_over(document):
        return 0
    if document.services.filter(proved_on__isnull=False).exists():
        return 0
    tried = set(document.services.values_list("method", flat=True))
    method = (
        next_method(tried, circumstances_of(document, ctx)) or IN_PERSON
    )  # none is left: once more
    detail = f"{document.number} {method}"
    if Task.objects.filter(case=case, kind=SERVE, detail=detail, completed_on=None).exists():
        return 0
    settle_serve_tasks(document, ctx)
    Task.objects.create(
        case=case, kind=SERVE, detail=detail, organisation=document.organisation, opened_on=ctx.on
    )
    return 1


def is_over(document: Document) -> bool:
    """Whether nothing waits for a document any more: its case, or the withdrawal that it is of, has ended."""
    case, withdrawal = document.case, document.withdrawal
    if withdrawal is not None and withdrawal.ended:
        return True
    return (
        not DOCUMENT_KINDS[document.kind].outlives and case is not None and case.state == "closed"
    )


def serve_on_authority(document: Document, slug: str, ctx: ActContext) -> None:
    """To another authority: arrived when it is in the inbox of somebody who reads it there; else a task to serve it."""
    people = Account.objects.filter(is_active=True, organisation__slug=slug) if slug else []
    if not any(may(account, "read-cases") for account in people):
        open_serve_task(document, ctx)
        return
    Service.objects.create(
        document=document,
        method=PLATFORM,
        recipient=slug,
        sent_on=ctx.on,
        sent_by=ctx.by,
        due_on=ctx.on,
        proved_on=ctx.on,
        proof=ARRIVED,
        proved_by=ctx.by,
    )
    deliver_copy(document, slug, ctx)
    ctx.entries.append(
        NewEntry(stream_of(document), "served", details={"document": document.number, "to": slug})
    )
    arrived(document, ctx.on, ctx)


def deliver_copy(document: Document, slug: str, ctx: ActContext) -> None:
    """Into the inbox of an authority; nothing begins with it."""
    subject, body = texts.document_subject(document), texts.document_for_authority(document)
    notify(
        [
            Notification(
                document.case, "document", subject, body, False, (slug,), document
            )
        ],
        ctx.at,
    )


def arrived(document: Document, on: date, ctx: ActContext) -> None:
    """The receiver of a suggestion list or report has it: its days to start begin (notice 4(2))."""
    batch = document.batch
    if batch is None or document.kind not in RECEIVED or batch.received_on is not None:
        return
    batch.received_on = on
    if batch.route == "city":
        due = start_due(on, ctx)
        batch.start_due_on, batch.is_start_due_provisional = due.ends_on, due.provisional
    batch.save()
    for row in batch.members.filter(ended="", stage="suggested"):
        Task.objects.filter(kind="start", detail=str(row.pk), completed_on=None).update(
            due_on=batch.start_due_on
        )


def drop_services(document: Document, why: str, because: str, ctx: ActContext) -> None:
    """Nothing of a document is on its way any more: attempts end, its notice to the public goes, tasks are done."""
    for service in document.services.filter(failed_on=None):
        if service.method == NOTICE:
            remove_announcement(document.number, at=ctx.at)
        if service.proved_on is None:
            fail_service(service, why, because, ctx)
    settle_serve_tasks(document, ctx)


def settle_serve_tasks(document: Document, ctx: ActContext) -> None:
    """Tasks to serve this document are done."""
    tasks = Task.objects.filter(
        kind=SERVE, detail__startswith=f"{document.number} ", completed_on=None
    )
    tasks.update(completed_on=ctx.on, completed_by=ctx.by)


def take_down_notices(case: Case, because: str, ctx: ActContext) -> None:
    """With a card go the public notices of its papers: all where it never should have been, else what ends with it.

    A notice that was taken down serves nothing; what outlives the case is tried another way.
    """
    running = Service.objects.filter(
        document__case=case, method=NOTICE, failed_on=None
    ).select_related("document")
    for service in running:
        document = service.document
        if DOCUMENT_KINDS[document.kind].outlives and because not in ERASED:
            continue
        remove_announcement(document.number, at=ctx.at)
        if service.proved_on is None:
            fail_service(service, TAKEN_DOWN, because, ctx)
            document.case = case
            open_serve_task(document, ctx)


def fail_service(service: Service, why: str, because: str, ctx: ActContext) -> None:
    """It came to nothing."""
    service.failed_on, service.failed_as, service.failed_because = ctx.on, why, because
    service.save(update_fields=["failed_on", "failed_as", "failed_because"])


def tasks_that_survive(cases: Iterable[int]) -> Q:
    """Tasks to serve what has to arrive although its case has ended; steps of withdrawals that have not."""
    cases = list(cases)
    outliving = [kind for kind, letter in DOCUMENT_KINDS.items() if letter.outlives]
    going_on = Withdrawal.objects.filter(case__in=cases, ended="").values_list("pk", flat=True)
    found = Q(kind__in=TASKS, detail__in=[str(number) for number in going_on])
    for number in Document.objects.filter(case__in=list(cases), kind__in=outliving).values_list(
        "number", flat=True
    ):
        found |= Q(kind=SERVE, detail__startswith=f"{number} ")
    return found


def stream_of(document: Document) -> str:
    """Where the journal tells of a document."""
    return document.case.stream if document.case else f"organisation/{document.organisation}"
