"""finding.json and case.json: what was determined and computed again, and the rows of a case."""

from collections.abc import Mapping
from typing import Any

from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.evidence_packs.people import MaskedPerson
from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.models import (
    Application,
    Attachment,
    Case,
    Service,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.notices.texts import line, name_of
from qualwatch.reports.check import anomaly_as_dict, finding_as_dict

DOCUMENT_COLUMNS = (
    "pk",
    "kind",
    "number",
    "title",
    "issued_on",
    "issued_by",
    "file__sha256",
    "voided_on",
    "voided_because",
)
# Without `objector`: members of the public who object are not named.
SUBMISSION_COLUMNS = (
    "kind",
    "text",
    "submitted_on",
    "submitted_by",
    "answer",
    "answered_on",
    "answered_by",
)
HEARING_COLUMNS = (
    "at",
    "place",
    "chair_name",
    "state",
    "present",
    "because",
    "notice__number",
    "record__number",
)
FILE_COLUMNS = ("name", "file__sha256")
CONTACT_COLUMNS = ("kind", "on", "what", "by")


def finding_content(
    case: Case, rerun: Rerun | None, people: Mapping[str, MaskedPerson]
) -> dict[str, Any]:
    """finding.json: the item, the figures determined (each with whose they are), and the register's
    figures of the rerun (null without one).
    """
    return {
        "card": case.card_number,
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "category": case.category,
        "sub_item": case.sub_item,
        "ground": case.ground,
        "origin": case.origin,
        "published_on": case.published_on,
        "state": case.state,
        "determined": _determined(case),
        "rerun": rerun and _rerun(rerun, people),
    }


def source_of(case: Case, figures: Mapping[str, Any]) -> str:
    """Whose the figures are: `officer` of a supervision finding, `register` of a run."""
    is_found = getattr(case, "supervision_finding", None) is not None
    return "officer" if is_found and "run" not in figures else "register"


def _determined(case: Case) -> list[dict[str, Any]]:
    rows = {row.requirement: row for row in case.requirements.all()}
    return [
        {
            "requirement": name,
            "text": line(name, figures),
            "figures_of": source_of(case, figures),
            "figures": figures,
            "warned_on": rows[name].pushed_on,
            "period_ended_on": rows[name].ends_on,
            "proved_on": rows[name].proved_on,
        }
        for name, figures in issuing.decided_figures(case).items()
    ]


def _rerun(rerun: Rerun, people: Mapping[str, MaskedPerson]) -> dict[str, Any]:
    identities = {person_id: person.identity for person_id, person in people.items()}
    return {
        "run": rerun.run.pk,
        "as_of": rerun.run.as_of,
        "revision": rerun.run.revision_id,
        "law_digest": rerun.run.law_digest,
        "input_digest": rerun.run.input_digest,
        "findings": [finding_as_dict(finding) for finding in rerun.findings],
        "anomalies": [anomaly_as_dict(anomaly, identities) for anomaly in rerun.anomalies],
    }


def case_content(case: Case) -> dict[str, Any]:
    """A case's entry of case.json: its rows, of accounts only the names."""
    return {
        "requirements": list(case.requirements.order_by("pk").values()),
        "determinations": [
            {**row, "evidence": _evidence(case, "determination", row["id"])}
            for row in case.determinations.order_by("pk").values()
        ],
        "supervision_finding": _supervision_finding(case),
        "proposed_acts": [
            {**row, "evidence": _evidence(case, row["kind"], row["id"])}
            for row in case.proposed_acts.order_by("pk").values()
        ],
        "rechecks": [
            {**row, "evidence": _evidence(case, "recheck", row["id"])}
            for row in case.rechecks.order_by("pk").values()
        ],
        "applications": [
            _application(application) for application in case.applications.order_by("pk")
        ],
        "documents": list(case.documents.order_by("pk").values(*DOCUMENT_COLUMNS)),
        "services": [_service(service) for service in services_of([case])],
        "withdrawals": [_withdrawal(withdrawal) for withdrawal in case.withdrawals.order_by("pk")],
        "supervisory_contacts": list(
            case.supervisory_contacts.order_by("pk").values(*CONTACT_COLUMNS)
        ),
    }


def services_of(cases: list[Case]) -> list[Service]:
    """All attempts to serve the cases' documents, in the order of the attempts."""
    services = Service.objects.filter(document__case__in=cases)
    return list(services.select_related("document").order_by("pk"))


def _supervision_finding(case: Case) -> dict[str, Any] | None:
    finding = getattr(case, "supervision_finding", None)
    if finding is None:
        return None
    return {
        "found_on": finding.found_on,
        "what": finding.what,
        "evidence": _evidence(case, finding.act.kind, finding.act_id),
        "figures": finding.figures,
        "authority": finding.authority,
        "by": finding.by,
        "signed_by": finding.act.decided_by,
    }


def _evidence(case: Case, about: str, owner: int) -> list[dict[str, Any]]:
    """The files that a row rests on."""
    return [
        {"name": file.name, "sha256": file.sha256, "size": file.size, "note": file.note}
        for file in evidence_of(case)
        if (file.about, file.owner) == (about, owner)
    ]


def _application(application: Application) -> dict[str, Any]:
    files = Attachment.objects.filter(application=application).order_by("pk")
    return {**_columns(application), "attachments": list(files.values(*FILE_COLUMNS))}


def _service(service: Service) -> dict[str, Any]:
    return {
        "document": service.document.number,
        "method": service.method,
        "sent_on": service.sent_on,
        "proved_on": service.proved_on,
        "proof": service.proof,
        "failed_on": service.failed_on,
        "failed_because": service.failed_because,
        "files": list(service.attachments.order_by("pk").values(*FILE_COLUMNS)),
    }


def _withdrawal(withdrawal: Withdrawal) -> dict[str, Any]:
    return {
        **_columns(withdrawal),
        "list": WithdrawalList.objects.values().get(pk=withdrawal.batch_id),
        "submissions": list(withdrawal.submissions.order_by("pk").values(*SUBMISSION_COLUMNS)),
        "hearings": list(withdrawal.hearings.order_by("pk").values(*HEARING_COLUMNS)),
    }


def _columns(row: Application | Withdrawal) -> dict[str, Any]:
    """All columns of a row."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
