"""The evidence on file of a case as documents list it: name, day and digest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from qualwatch.assessments.models import Run
from qualwatch.cases.documents.evidence import EvidenceOwner, attachments_of
from qualwatch.cases.models import Attachment, Case, Withdrawal
from qualwatch.cases.queries import line_of
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

RUN = _n("注册人员核查结果（核查编号{number}）")
PROOF_OF = _n("《{title}》（{number}）送达凭证：{name}")
ATTEMPT_AT = _n("《{title}》（{number}）送达经过：{name}")
STATEMENT = _n("陈述申辩材料：{name}")
APPLICATION = _n("企业申请材料：{name}")
DAY = _n("{year}年{month}月{day}日")
PUBLIC_OBJECTION = "objection"
# A document rests on no proposal that was returned, or that nothing became of.
DROPPED = ("returned", "void")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file or the result of a run."""

    name: str
    on: date
    sha256: str


def evidence_on_file(
    case: Case, *, withdrawal: Withdrawal | None = None, runs: Iterable[int] = ()
) -> list[Evidence]:
    """The evidence of a case and of its withdrawal, by day.

    runs: numbers of the runs that figures rest on. The files are those of officers' acts and of
    services, and what the enterprise handed in; not those of objections of the public.
    """
    pieces = [*_of_runs(runs), *_pieces(_files(line_of(case), withdrawal))]
    return sorted(dict.fromkeys(pieces), key=lambda piece: piece.on)


def evidence_of_act(owner: EvidenceOwner) -> list[Evidence]:
    """The files that one act rests on."""
    return list(_pieces(attachments_of(owner)))


def evidence_rows(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as rows of a document's table."""
    return [
        {
            "sequence_no": sequence_no,
            "name": piece.name,
            "on": DAY.format(year=piece.on.year, month=piece.on.month, day=piece.on.day),
            "digest": piece.sha256,
        }
        for sequence_no, piece in enumerate(evidence, 1)
    ]


def _of_runs(numbers: Iterable[int]) -> Iterator[Evidence]:
    for run in Run.objects.filter(pk__in=set(numbers)).order_by("pk"):
        yield Evidence(RUN.format(number=run.pk), run.as_of, run.input_digest)


def _files(cases: Iterable[Case], withdrawal: Withdrawal | None) -> Iterable[Attachment]:
    condition = Q(pk=None)
    for case in cases:
        condition |= Q(pk__in=attachments_of(case).values("pk"))
        condition |= Q(application__case=case) | Q(withdrawal__case=case)
    if withdrawal is not None:
        condition |= Q(withdrawal=withdrawal) | Q(act__withdrawal=withdrawal)
    dropped = (
        Q(submission__kind=PUBLIC_OBJECTION)
        | Q(act__state__in=DROPPED)
        | Q(determination__state__in=DROPPED)
    )
    files = Attachment.objects.filter(condition)
    return files.exclude(pk__in=files.filter(dropped).values("pk"))


def _pieces(files: Iterable[Attachment]) -> Iterator[Evidence]:
    numbers = [file.pk for file in files]
    rows = Attachment.objects.filter(pk__in=numbers).order_by("pk")
    for row in rows.select_related("file", "service__document", "submission", "application"):
        yield Evidence(_name_of(row), timezone.localdate(row.posted_at), row.file.sha256)


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
