"""Evidence as files: what an act rests on, who has opened it, and that the signer has read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from qualwatch.accounts.models import Account
from qualwatch.cases.documents.attachments import (
    CheckedFile,
    SubmittedFile,
    attachment_for,
    check_files,
    is_evidence,
)
from qualwatch.cases.models import (
    Attachment,
    Case,
    CreditRecord,
    Determination,
    FileOpening,
    ProposedAct,
    Recheck,
    Service,
    SupervisionFinding,
)
from qualwatch.journal.actions import record
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

EvidenceOwner = (
    Case | Determination | ProposedAct | Recheck | SupervisionFinding | CreditRecord | Service
)
# What a file is evidence of -> the column with the number of that row.
OWNERS = {
    "act": "act_id",
    "determination": "determination_id",
    "recheck": "recheck_id",
    "service": "service_id",
    "withdrawal": "withdrawal_id",
}
COLUMNS = (
    "pk",
    "name",
    "note",
    "uploaded_by",
    "posted_at",
    "file__kind",
    "file__sha256",
    "file__size",
    "act__kind",
    "openings__by",
    *OWNERS.values(),
)


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that an act rests on.

    about: determination, recheck, service, withdrawal, or the kind of a proposed act; owner: the
    number of that row. size: bytes. opened_by: accounts that have opened it, in order.
    """

    number: int
    about: str
    owner: int
    name: str
    kind: str
    sha256: str
    size: int
    note: str
    uploaded_by: str
    posted_at: datetime
    opened_by: tuple[str, ...] = ()


def check_evidence(files: Iterable[SubmittedFile]) -> list[CheckedFile]:
    """The files of an act that needs evidence. CannotStep without any, CannotStore."""
    checked = check_files(files)
    if not checked:
        raise CannotStep("evidence", _("要附证据：至少一件能打开的文件"))
    return checked


def evidence_of(owner: EvidenceOwner) -> list[EvidenceFile]:
    """The files that an act rests on, in the order in which they were handed in.

    Of a case: those of its determinations, proposed acts (also returned and void ones), rechecks,
    of the services of its documents and of its withdrawals. The enterprise's own files, of
    applications and submissions, are not among them.
    """
    # one row for each opening, or one without
    rows = attachments_of(owner).order_by("pk", "openings__pk").values(*COLUMNS)
    by_number: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_number.setdefault(row["pk"], []).append(row)
    return [_evidence_file(of_file) for of_file in by_number.values()]


def attachments_of(owner: EvidenceOwner) -> QuerySet[Attachment]:
    """The attachments that `evidence_of` is made of."""
    if isinstance(owner, Determination):
        return Attachment.objects.filter(determination=owner)
    if isinstance(owner, ProposedAct):
        return Attachment.objects.filter(act=owner)
    if isinstance(owner, Recheck):
        return Attachment.objects.filter(recheck=owner)
    if isinstance(owner, Service):
        return Attachment.objects.filter(service=owner)
    if isinstance(owner, SupervisionFinding | CreditRecord):
        return Attachment.objects.filter(act=owner.act_id)
    return Attachment.objects.filter(
        Q(determination__case=owner)
        | Q(act__case=owner)
        | Q(recheck__case=owner)
        | Q(service__document__case=owner)
        | Q(withdrawal__case=owner, submission=None)
    )


def _evidence_file(rows: Sequence[Mapping[str, Any]]) -> EvidenceFile:
    """A file by its rows, which differ in `openings__by` only."""
    row = rows[0]
    about, owner = next(
        (about, row[column]) for about, column in OWNERS.items() if row[column] is not None
    )
    return EvidenceFile(
        number=row["pk"],
        about=row["act__kind"] or about,
        owner=owner,
        name=row["name"],
        kind=row["file__kind"],
        sha256=row["file__sha256"],
        size=row["file__size"],
        note=row["note"],
        uploaded_by=row["uploaded_by"],
        posted_at=row["posted_at"],
        opened_by=tuple(each["openings__by"] for each in rows if each["openings__by"]),
    )


@transaction.atomic
def open_file(*, number: int, by: Account, at: datetime) -> tuple[Attachment, bytes]:
    """A file for an account that may see it; of evidence the first opening is recorded.

    Attachment.DoesNotExist also where it may not be seen.
    """
    attachment, content = attachment_for(by, number)
    if is_evidence(attachment):
        opening, is_first = FileOpening.objects.get_or_create(
            attachment=attachment, by=by.username, defaults={"at": at}
        )
        if is_first:
            record(
                stream=_stream_of(attachment),
                by=by.username,
                at=opening.at,
                what="evidence-opened",
                details={"file": attachment.file.sha256, "attachment": attachment.pk},
            )
    return attachment, content


def _stream_of(attachment: Attachment) -> str:
    owner = attachment.determination or attachment.recheck
    if owner is not None:
        return owner.case.stream
    assert attachment.act is not None  # evidence has one of the three owners
    return attachment.act.stream


def unopened_evidence(owner: Determination | ProposedAct, by: str) -> list[EvidenceFile]:
    """The files of a proposal that an account (its name) has not opened yet."""
    return [file for file in evidence_of(owner) if by not in file.opened_by]


def require_opened(owner: Determination | ProposedAct, by: str) -> None:
    """CannotStep where the signer has not opened every file of the proposal."""
    unopened = unopened_evidence(owner, by)
    if unopened:
        names = _("、").join(file.name for file in unopened)
        raise CannotStep("evidence-unread", _("请先打开证据再签批：{names}").format(names=names))


def what_was_read(consequence: str, files: Sequence[EvidenceFile | CheckedFile]) -> dict[str, Any]:
    """The digests of the consequence that was shown and of each file of the evidence."""
    return {
        "consequence": sha256(consequence.encode()).hexdigest() if consequence else "",
        "files": [file.sha256 for file in files],
    }


def entry_of_files(files: Iterable[CheckedFile]) -> list[Mapping[str, str]]:
    """Files as the journal has them."""
    return [{"name": file.name, "sha256": file.sha256, "note": file.note} for file in files]
