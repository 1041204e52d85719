"""The documents of an application: receipt, the city's opinion, the decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.filing import CAUSES
from qualwatch.cases.competence import PROVINCE
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_platform, serve_or_open_task
from qualwatch.cases.documents.wording import sentence
from qualwatch.cases.models import Application, Document
from qualwatch.cases.notices.texts import name_of, names
from qualwatch.wording import gettext_noop as _  # documents are Chinese

OUTCOMES = {"upheld": _("予以支持，统一修复"), "refused": _("不予支持")}
REGISTER_DATA = _("登记信息")


def issue_receipt(application: Application, ctx: ActContext) -> None:
    """Issues the receipt and serves it on the platform, where the enterprise has just filed."""
    days = {
        "opinion_due_on": day(application.opinion_due_on),
        "decision_due_on": day(application.decision_due_on),
    }
    receipt = _issue_to_applicant("receipt", application, days, ctx)
    serve_on_platform(receipt, ctx)


def issue_opinion(application: Application, ctx: ActContext) -> Document:
    """Issues the city's opinion to the province."""
    values = {**_values(application), "because": sentence(application.opinion_because)}
    return issuing.issue(
        "opinion",
        ctx,
        values=values,
        addressee=organisation(PROVINCE).name,
        case=application.case,
        application=application,
    )


def issue_decision(
    application: Application, ctx: ActContext, repair_lines: Sequence[str] = ()
) -> Document:
    """Issues the decision with its remedies, and serves it or opens the task to."""
    values = {
        "outcome": OUTCOMES[application.stage],
        "because": sentence(application.decided_because),
        "repairs": [sentence(line) for line in repair_lines],
        "is_refused": application.stage == "refused",
        **issuing.remedies(ctx, ctx.authority),
    }
    document = _issue_to_applicant("application-decision", application, values, ctx)
    serve_or_open_task(document, ctx)
    return document


def _issue_to_applicant(
    kind: str, application: Application, values: Mapping[str, Any], ctx: ActContext
) -> Document:
    return issuing.issue(
        kind,
        ctx,
        values={**_values(application), **values},
        addressee=application.enterprise,
        case=application.case,
        application=application,
        credit_code=application.credit_code,
    )


def _values(application: Application) -> dict[str, Any]:
    """What every document says of its application."""
    case = application.case
    return {
        "enterprise": application.enterprise,
        "credit_code": application.credit_code,
        "application": application.number,
        "filed_on": day(timezone.localdate(application.filed_at)),
        "cause": CAUSES[application.cause],
        "files": application.attachments.count(),
        "item": name_of(case) if case else REGISTER_DATA,
        "about": names(application.requirements) or REGISTER_DATA,
    }
