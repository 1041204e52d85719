"""The evidence on file of a case, as documents list it: name, day and digest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import ForeignKey, Q
from django.utils import timezone

from qualwatch.assessments.models import Run
from qualwatch.cases.models import Attachment, Case, Determination, SupervisionFinding, Withdrawal
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

RUN = _n("注册人员核查结果（核查编号{number}）")
ON_PAPER = _n("纸质，存卷")
PROOF_OF = _n("《{title}》（{number}）送达凭证：{name}")
ATTEMPT_AT = _n("《{title}》（{number}）送达经过：{name}")
STATEMENT = _n("陈述申辩材料：{name}")
APPLICATION = _n("企业申请材料：{name}")
# How an attachment's owner leads to its case; owners not named here have a `case` of their own.
PATHS_TO_CASE: Mapping[str, str] = {
    "service": "service__document__case",
    "submission": "",
    "file": "",
}
PUBLIC_OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence; sha256 '' of what is on paper only."""

    name: str
    on: date
    sha256: str = ""


def evidence_of(
    case: Case, *, withdrawal: Withdrawal | None = None, runs: Iterable[int] = ()
) -> list[Evidence]:
    """The evidence on file of a case and of its withdrawal, by day.

    runs: numbers of the runs that figures rest on. Files are those of every kind of attachment that
    leads to the case; what is only described (a record on paper) has no digest.
    """
    cases = [case] if case.arises_from is None else [case.arises_from, case]
    pieces = [
        *_of_runs(runs),
        *_described(cases),
        *_attached(cases, withdrawal),
    ]
    return sorted(dict.fromkeys(pieces), key=lambda piece: piece.on)


def evidence_rows(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as rows of a document's table."""
    return [
        {
            "sequence_no": sequence_no,
            "name": piece.name,
            "on": f"{piece.on.year}年{piece.on.month}月{piece.on.day}日",
            "digest": piece.sha256 or ON_PAPER,
        }
        for sequence_no, piece in enumerate(evidence, 1)
    ]


def _of_runs(numbers: Iterable[int]) -> Iterator[Evidence]:
    for run in Run.objects.filter(pk__in=set(numbers)).order_by("pk"):
        yield Evidence(RUN.format(number=run.pk), run.as_of, run.input_digest)


def _described(cases: Iterable[Case]) -> Iterator[Evidence]:
    """What proposals and findings name in words."""
    proposals = Determination.objects.filter(case__in=cases, state__in=("proposed", "signed"))
    for proposal in proposals.order_by("pk"):
        on = timezone.localdate(proposal.proposed_at)
        yield from (Evidence(name, on) for name in proposal.evidence if name.strip())
    for finding in SupervisionFinding.objects.filter(case__in=cases).order_by("pk"):
        yield from (Evidence(name, finding.found_on) for name in finding.evidence if name.strip())


def _attached(cases: Iterable[Case], withdrawal: Withdrawal | None) -> Iterator[Evidence]:
    """Every file that leads to the cases or the withdrawal, but for objections of the public."""
    of_case = Q(pk=None)
    for owner in owners():
        path = PATHS_TO_CASE.get(owner, f"{owner}__case")
        if path:
            of_case |= Q(**{f"{path}__in": list(cases)})
    if withdrawal is not None:
        of_case |= Q(withdrawal=withdrawal)
    attachments = Attachment.objects.filter(of_case).exclude(submission__kind=PUBLIC_OBJECTION)
    rows = attachments.select_related(
        "file", "service__document", "submission", "application"
    ).order_by("pk")
    for attachment in rows:
        yield Evidence(
            _name_of(attachment), timezone.localdate(attachment.posted_at), attachment.file.sha256
        )


def owners() -> list[str]:
    """The names of what an attachment may belong to, as its model has them."""
    return [field.name for field in Attachment._meta.get_fields() if isinstance(field, ForeignKey)]


def _name_of(attachment: Attachment) -> str:
    if attachment.service is not None:
        document = attachment.service.document
        text = PROOF_OF if attachment.service.proved_on else ATTEMPT_AT
        return text.format(title=document.title, number=document.number, name=attachment.name)
    if attachment.submission is not None:
        return STATEMENT.format(name=attachment.name)
    if attachment.application is not None:
        return APPLICATION.format(name=attachment.name)
    return attachment.name
