"""What serving a document comes to in rows: the attempt, what is told or published, the tasks that wait."""

from qualwatch.cases import words
from qualwatch.cases.course import Doing
from qualwatch.cases.letters import LETTERS
from qualwatch.cases.models import Document, Service, Task
from qualwatch.cases.telling import Said, has_account, tell
from qualwatch.journal.actions import Told
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
from qualwatch.publication.actions import Announced, post_announcement

SERVE = "serve"  # the task: its detail is the document's number and the way to be tried
OUTLIVES = ("application-decision",)  # what is served although its case has ended


def circumstances_of(document: Document, doing: Doing, *, consent: str = "") -> Circumstances:
    """Which ways are open for a document today."""
    theirs = Service.objects.filter(document__credit_code=document.credit_code).exclude(consent="")
    tried = document.services.filter(proved_on=None)
    return Circumstances(
        has_account=has_account(document.credit_code),
        opening_proves=document.kind in doing.law.policy_on(doing.on)["platform_opening_proves"],
        has_consent=bool(consent.strip()) or theirs.exists(),
        may_be_public=LETTERS[document.kind].may_be_public,
        failed=[one.method for one in tried if one.failed_on or one.due_on < doing.on],
    )


def record_service(document: Document, method: str, recipient: str, doing: Doing, *, consent: str = "") -> Service:
    """One attempt, with what it needs at once: a notice on the platform, or one to the public."""
    policy, calendar = doing.law.policy_on(doing.on), doing.law.calendar
    if method == NOTICE:
        due = served_by_notice(doing.on, policy["public_notice_service_days"], calendar)
    else:
        due = Period(policy["service_proof_working_days"], "working-days").from_day(doing.on, calendar)
    made = Service.objects.create(
        document=document, method=method, recipient=recipient, consent=consent, sent_on=doing.on, sent_by=doing.by,
        due_on=due.ends_on, is_due_provisional=due.provisional,
    )  # fmt: skip
    if method == PLATFORM and document.case is not None:
        subject = words.document_subject(document)
        tell([Said(document.case, "document", subject, words.document(document), to_authorities=(),
                   document=document)], doing.at)  # fmt: skip
    if method == NOTICE:
        days = policy["public_notice_service_days"]
        body = words.public_notice(document.addressee, document.title, document.number, days)
        post_announcement(
            Announced(document.number, "service", document.title, document.addressee, document.credit_code, body),
            on=doing.on, ends_on=due.ends_on, at=doing.at,
        )  # fmt: skip
    stream = document.case.stream if document.case else f"organisation/{document.organisation}"
    doing.told.append(Told(stream, "sent", details={"document": document.number, "method": method}))
    settle_serve_tasks(document, doing)
    return made


def serve_on_platform(document: Document, doing: Doing) -> Service | None:
    """Sent at once to an enterprise that has an account, where its opening proves this kind of document."""
    if not METHODS[PLATFORM].is_open(circumstances_of(document, doing)):
        return None
    return record_service(document, PLATFORM, document.credit_code, doing)


def open_serve_task(document: Document, doing: Doing) -> int:
    """A task to serve it by the next open way, once for each; how many were opened. None where nothing waits for it."""
    case = document.case
    if case is None or (case.place == "closed" and document.kind not in OUTLIVES):
        return 0
    tried = set(document.services.values_list("method", flat=True))
    method = next_method(tried, circumstances_of(document, doing)) or IN_PERSON  # none is left: once more
    detail = f"{document.number} {method}"
    if Task.objects.filter(case=case, kind=SERVE, detail=detail, done_on=None).exists():
        return 0
    settle_serve_tasks(document, doing)
    Task.objects.create(case=case, kind=SERVE, detail=detail, organisation=document.organisation, opened_on=doing.on)
    return 1


def settle_serve_tasks(document: Document, doing: Doing) -> None:
    """Tasks to serve this document are done."""
    tasks = Task.objects.filter(case=document.case, kind=SERVE, detail__startswith=f"{document.number} ", done_on=None)
    tasks.update(done_on=doing.on, done_by=doing.by)
