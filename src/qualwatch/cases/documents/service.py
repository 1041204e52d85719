"""Attempts at serving a document, as rows: notices, announcements and the tasks that wait."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import successor_of
from qualwatch.cases.deadline_columns import PROOF_OF_SERVICE, START_OF_WITHDRAWAL, bases_of
from qualwatch.cases.deadlines import start_due
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.documents.public_notices import (
    ERASED,
    announce,
    is_public,
    number_of_notice,
    remove_notice,
)
from qualwatch.cases.models import Attachment, Case, Document, Service, Withdrawal
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import ACTING, Notification, has_account, has_seat, notify
from qualwatch.cases.queries import going_on_as
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.tasks import (
    SERVE,
    START,
    WITHDRAWAL_STEPS,
    complete,
    due_by_rule,
    new_task,
    open_tasks,
)
from qualwatch.journal.actions import NewEntry
from qualwatch.law.calendar import Calendar
from qualwatch.law.policy import Policy
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.service import (
    IN_PERSON,
    METHODS,
    NOTICE,
    PLATFORM,
    Circumstances,
    next_method,
    served_by_notice,
)
from qualwatch.wording import gettext_noop as _  # what is kept is Chinese

STARTED = _("收文单位已启动撤回程序")
# FAILURES that the system records.
VOIDED, TAKEN_DOWN = "voided", "taken-down"


def circumstances_of(
    document: Document, ctx: ActContext, *, has_consent: bool = False
) -> Circumstances:
    """What decides which methods are open for a document today.

    That an answer is overdue opens nothing: somebody has to record the failure.
    """
    case = document.case
    kind = DOCUMENT_KINDS[document.kind]
    failed: dict[str, list[str]] = defaultdict(list)
    for service in document.services.exclude(failed_on=None):
        failed[service.method].append(service.failed_as)
    return Circumstances(
        has_account=has_account(document.credit_code),
        opening_proves=document.kind in ctx.law.policy_on(ctx.on)["platform_opening_proves"],
        has_consent=has_consent or _has_consent(case),
        may_be_announced=kind.must_arrive and bool(document.credit_code),
        # a warning is a yellow card's, also beside a red one
        is_public=document.kind != "warning" and case is not None and is_public(case),
        failed=failed,
        proved_failures=_proved_failures(document),
    )


def _has_consent(case: Case | None) -> bool:
    """Whether the enterprise has consented, in this case, to be served by e-mail."""
    # consent is given for a case, not for ever
    if case is None:
        return False
    return Attachment.objects.filter(is_consent=True, service__document__case=case).exists()


def _proved_failures(document: Document) -> set[str]:
    """The methods of which an attempt failed with its file."""
    failed = document.services.exclude(failed_on=None).exclude(failed_as__in=(VOIDED, TAKEN_DOWN))
    return set(failed.filter(attachments__is_consent=False).values_list("method", flat=True))


def due_of_attempt(
    document: Document, method: str, sent_on: date, policy: Policy, calendar: Calendar
) -> Deadline:
    """By when an attempt is proved, or the next method is tried; of a notice: when it serves."""
    if method == NOTICE:
        return served_by_notice(sent_on, policy["public_notice_service_days"], calendar)
    to_authority = method == PLATFORM and not document.credit_code
    name = "authority_opening_working_days" if to_authority else "service_proof_working_days"
    return Period(policy[name], "working-days").from_day(sent_on, calendar)


def start_attempt(document: Document, method: str, recipient: str, ctx: ActContext) -> Service:
    """Starts an attempt, with its notice on the platform or its announcement to the public."""
    service = _new_attempt(document, method, recipient, ctx)
    if method == PLATFORM:
        _notify_enterprise(document, ctx)
    if method == NOTICE:
        announce(service, ctx)
    close_serve_tasks(document, ctx)
    return service


def _new_attempt(document: Document, method: str, recipient: str, ctx: ActContext) -> Service:
    """The row of an attempt, with its journal entry."""
    due = due_of_attempt(document, method, ctx.on, ctx.law.policy_on(ctx.on), ctx.law.calendar)
    number = number_of_notice(document, ctx) if method == NOTICE else ""
    details = {"document": document.number, "method": method}
    if number:
        details["notice"] = number
    ctx.entries.append(NewEntry(stream_of(document), "sent", details=details))
    return Service.objects.create(
        document=document,
        method=method,
        recipient=recipient,
        sent_on=ctx.on,
        sent_by=ctx.by,
        due_on=due.ends_on,
        is_due_provisional=due.provisional,
        announcement_number=number,
        deadline_bases=bases_of(PROOF_OF_SERVICE, due),
    )


def _notify_enterprise(document: Document, ctx: ActContext) -> None:
    notification = Notification(
        document.case,
        "document",
        texts.document_subject(document),
        texts.document(document),
        to_authorities=(),
        document=document,
        recipient=Recipient(document.credit_code, document.addressee),
    )
    notify([notification], ctx.at)


def serve_on_platform(document: Document, ctx: ActContext) -> Service | None:
    """Starts service on the platform; None where it is not open for this document."""
    if not METHODS[PLATFORM].is_open(circumstances_of(document, ctx)):
        return None
    return start_attempt(document, PLATFORM, document.credit_code, ctx)


def serve_or_open_task(document: Document, ctx: ActContext) -> None:
    """Starts service on the platform; where it is not open, opens a task to serve it.

    An order to rectify has a task of its own, SERVE_ORDER.
    """
    if serve_on_platform(document, ctx) is not None:
        return
    if DOCUMENT_KINDS[document.kind].starts != "order-served":
        open_serve_task(document, ctx)


def open_serve_task(document: Document, ctx: ActContext) -> int:
    """Opens a task to serve a document by the next open method; how many were opened.

    None is opened where the document need not arrive, has arrived, or nothing waits for it.
    """
    if not DOCUMENT_KINDS[document.kind].must_arrive or document.voided_on or is_over(document):
        return 0
    if document.services.filter(proved_on__isnull=False).exists():
        return 0
    tried = set(document.services.values_list("method", flat=True))
    # in person once more, where no method is left
    method = next_method(tried, circumstances_of(document, ctx)) or IN_PERSON
    detail = f"{document.number} {method}"
    if open_tasks(SERVE, [detail]).filter(case=document.case).exists():
        return 0
    close_serve_tasks(document, ctx)
    due = due_by_rule(SERVE, ctx)
    new_task(
        document.case,
        SERVE,
        opened_on=ctx.on,
        authority=serving_authority_of(document),
        due_on=due.ends_on if due else None,
        is_provisional=bool(due and due.provisional),
        detail=detail,
    ).save()
    return 1


def serving_authority_of(document: Document) -> str:
    """The slug of who serves a document: its issuer, or who has its case since it moved."""
    case = document.case
    return successor_of(document.organisation, case) if case else document.organisation


def is_over(document: Document) -> bool:
    """Whether nothing waits for a document, as its case or its withdrawal has ended."""
    case = document.case
    withdrawal = document.withdrawal
    if withdrawal is not None and withdrawal.ended:
        return True
    if DOCUMENT_KINDS[document.kind].proposes_list and document.batch is not None:
        return not document.batch.members.filter(ended="").exists()
    if DOCUMENT_KINDS[document.kind].outlives:
        return False
    if document.kind == "warning" and case is not None:
        case = going_on_as(case)
        return case.state == "closed" or not warnings_that_wait(document, case)
    return case is not None and case.state == "closed"


def warnings_that_wait(letter: Document, case: Case) -> list[str]:
    """The requirements that a letter warns of and whose warning is neither proved nor over."""
    pushed = {
        name: date.fromisoformat(day)
        for name, day in letter.template_values.get("pushed", {}).items()
    }
    # a letter warns of the newest figure, and of those before it
    return [
        row.requirement
        for row in case.requirements.filter(recovered_on=None)
        if row.requirement in pushed
        and any(day <= pushed[row.requirement] for day in row.unproved_days)
    ]


def serve_on_authority(document: Document, slug: str, ctx: ActContext) -> None:
    """Puts a document into the inbox of another authority and informs its accounts.

    Opening proves its service; where the authority has no account, a task to serve it otherwise is
    opened.
    """
    if not has_seat(slug):
        open_serve_task(document, ctx)
        return
    _new_attempt(document, PLATFORM, slug, ctx)
    deliver_copy(document, slug, ctx)


def deliver_copy(document: Document, slug: str, ctx: ActContext) -> None:
    """Puts a document into the inbox of an authority; nothing begins with it."""
    notification = Notification(
        document.case,
        "document",
        texts.document_subject(document),
        texts.document_for_authority(document),
        to_enterprise=False,
        to_authorities=(slug,),
        document=document,
        message_capabilities=ACTING,
    )
    notify([notification], ctx.at)


def confirm_by_start(document: Document, ctx: ActContext) -> None:
    """Proves a list that nobody opened by the start of its withdrawals: it was received."""
    if document.services.filter(proved_on__isnull=False).exists():
        return
    record_receipt(document, ctx.on, ctx)
    close_serve_tasks(document, ctx)
    service = document.services.filter(method=PLATFORM, failed_on=None).first()
    if service is None:
        return
    service.proved_on, service.proof, service.proved_by = ctx.on, STARTED, ctx.by
    service.save(update_fields=["proved_on", "proof", "proved_by"])
    details = {"document": document.number, "method": PLATFORM, "proved_on": ctx.on}
    ctx.entries.append(NewEntry(stream_of(document), "served", details=details))


def record_receipt(document: Document, on: date, ctx: ActContext) -> None:
    """With the receipt of a suggestion list or report begin the days to start it (notice 4(2))."""
    batch = document.batch
    if batch is None or not DOCUMENT_KINDS[document.kind].proposes_list:
        return
    if batch.received_on is not None:
        return
    batch.received_on = on
    if batch.route == "city":
        START_OF_WITHDRAWAL.write(batch, start_due(on, ctx))
    batch.save()
    waiting = batch.members.filter(ended="", stage="suggested").values_list("pk", flat=True)
    # the tasks were opened without a day, which the receipt gives them
    details = [str(number) for number in waiting]
    open_tasks(START, details).update(
        due_on=batch.start_due_on, is_due_provisional=batch.is_start_due_provisional
    )


def end_attempts(document: Document, why: str, because: str, ctx: ActContext) -> None:
    """Ends all attempts at a document, its announcement and its tasks; `why`: of FAILURES."""
    for service in document.services.filter(failed_on=None):
        if service.method == NOTICE:
            remove_notice(service, ctx)
        if service.proved_on is None:
            fail_attempt(service, why, because, ctx.on)
    close_serve_tasks(document, ctx)


def close_serve_tasks(document: Document, ctx: ActContext) -> None:
    """Closes the tasks to serve a document."""
    complete(open_tasks(SERVE).filter(detail__startswith=f"{document.number} "), ctx)


def take_down_notices(case: Case, because: str, ctx: ActContext) -> None:
    """Takes down the public notices of a card's documents.

    All of them where the card never should have been, else those that end with it. A notice that
    was taken down serves nothing; what outlives the case is tried by another method.
    """
    running = Service.objects.filter(document__case=case, method=NOTICE, failed_on=None)
    for service in running.select_related("document"):
        document = service.document
        if DOCUMENT_KINDS[document.kind].outlives and because not in ERASED:
            continue
        remove_notice(service, ctx)
        if service.proved_on is None:
            fail_attempt(service, TAKEN_DOWN, because, ctx.on)
            # the instance whose state the step has changed, not the row
            document.case = case
            open_serve_task(document, ctx)


def take_down_notices_of_yellow(cases: Iterable[Case], ctx: ActContext) -> None:
    """Takes down the notices of yellow cards that were closed."""
    by_number = {case.pk: case for case in cases}
    running = Service.objects.filter(document__case__in=by_number, method=NOTICE, failed_on=None)
    for number in sorted(set(running.values_list("document__case", flat=True))):
        take_down_notices(by_number[number], by_number[number].closed_because, ctx)


def fail_attempt(service: Service, why: str, because: str, on: date) -> None:
    """Marks an attempt as failed; `why`: of FAILURES."""
    service.failed_on = on
    service.failed_as = why
    service.failed_because = because
    service.save(update_fields=["failed_on", "failed_as", "failed_because"])


def void_row(document: Document, because: str, ctx: ActContext) -> None:
    """Marks a document as voided."""
    document.voided_on = ctx.on
    document.voided_by = ctx.by
    document.voided_because = because
    document.save(update_fields=["voided_on", "voided_by", "voided_because"])


def tasks_that_survive(cases: Iterable[int]) -> Q:
    """Tasks that stay open although their case has ended, by case numbers.

    Those to serve what has to arrive all the same, and steps of withdrawals that have not ended.
    """
    numbers = list(cases)
    outliving = [kind for kind, row in DOCUMENT_KINDS.items() if row.outlives]
    withdrawals = Withdrawal.objects.filter(case__in=numbers, ended="")
    details = [str(number) for number in withdrawals.values_list("pk", flat=True)]
    surviving = Q(kind__in=WITHDRAWAL_STEPS, detail__in=details)
    documents = Document.objects.filter(case__in=numbers, kind__in=outliving)
    for number in documents.values_list("number", flat=True):
        surviving |= Q(kind=SERVE, detail__startswith=f"{number} ")
    return surviving


def stream_of(document: Document) -> str:
    """The journal's stream of a document: its case's, else its organisation's."""
    return document.case.stream if document.case else f"organisation/{document.organisation}"
