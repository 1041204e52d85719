"""Files of applications, services and withdrawals, and documents; who may see them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability, jurisdiction
from qualwatch.archive.actions import content_of, store
from qualwatch.archive.contents import MEGABYTE, CannotStore, Content, check_content, clean_name
from qualwatch.cases.competence import may_see, withdrawing_authority_of
from qualwatch.cases.models import Application, Attachment, Case, Document
from qualwatch.procedure.service import PLATFORM
from qualwatch.wording import gettext as _

# Uploaded at once: this many files, together this many times the largest allowed file.
MAX_FILES, MAX_TOTAL_FACTOR = 30, 5


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """A file as uploaded: its name and bytes, and what it shows (optional)."""

    name: str
    content: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that may be stored."""

    name: str
    content: Content
    sha256: str
    note: str = ""


def check_sizes(sizes: Iterable[int]) -> None:
    """By the bytes of each, before any is read into memory. CannotStore."""
    all_sizes = list(sizes)
    largest_sum = MAX_TOTAL_FACTOR * settings.UPLOAD_BYTES
    if len(all_sizes) > MAX_FILES or sum(all_sizes) > largest_sum:
        raise CannotStore(
            _("一次最多上传 {count} 个文件，共 {most} MB").format(
                count=MAX_FILES, most=largest_sum // MEGABYTE
            )
        )


def check_files(files: Iterable[SubmittedFile]) -> list[CheckedFile]:
    """Identifies each file by its content. CannotStore names the first refused, and a remedy."""
    files = list(files)
    check_sizes(len(file.content) for file in files)
    return [_checked(file) for file in files]


def _checked(file: SubmittedFile) -> CheckedFile:
    content = check_content(file.content, file.name)
    name = clean_name(file.name, content.kind)
    sha256 = hashlib.sha256(file.content).hexdigest()
    return CheckedFile(name, content, sha256, file.note.strip())


def attach(
    files: Iterable[CheckedFile], *, by: str, at: datetime, **owner: Any
) -> list[Attachment]:
    """Stores files for their owner, one of ATTACHMENT_OWNERS."""
    return [
        Attachment.objects.create(
            file=store(file.content, at=at),
            name=file.name,
            note=file.note,
            uploaded_by=by,
            posted_at=at,
            **owner,
        )
        for file in files
    ]


def attachment_for(account: Account, number: int) -> tuple[Attachment, bytes]:
    """An attachment and its bytes; Attachment.DoesNotExist also where it may not be seen."""
    attachment = Attachment.objects.select_related(
        "file",
        "application__case",
        "service__document__case",
        "withdrawal__case",
        "submission",
        "determination__case",
        "act__case",
        "recheck__case",
    ).get(pk=number)
    if is_evidence(attachment):
        is_seen = _may_see_evidence(account, attachment)
    elif attachment.withdrawal is not None:
        is_seen = _may_see_file(account, attachment, attachment.withdrawal.case)
    else:
        document = attachment.service.document if attachment.service else None
        is_seen = may_see_paper(account, document or attachment.application)
    if not is_seen:
        raise Attachment.DoesNotExist(number)
    return attachment, content_of(attachment.file)


def is_evidence(attachment: Attachment) -> bool:
    """Whether a determination, a proposed act or a recheck rests on the file."""
    owners = (attachment.determination_id, attachment.act_id, attachment.recheck_id)
    return any(number is not None for number in owners)


def _may_see_evidence(account: Account, attachment: Attachment) -> bool:
    """Whether an account may see evidence: officers of the jurisdiction, and who proposed the act.

    Without a case: those of the enterprise's area; of loads and runs the authority itself.
    """
    authority = account.organisation
    if authority is None or is_enterprise(account) or not has_capability(account, "read-cases"):
        return False
    act = attachment.act
    owner = attachment.determination or attachment.recheck or act
    if owner is not None and owner.case is not None:
        return may_see(account, owner.case)
    if act is None:
        return False
    visible = jurisdiction(account)
    areas = {act.area, act.licensing_authority} - {""}
    return visible.everywhere or authority.slug == act.authority or bool(areas & visible.areas)


def _may_see_file(account: Account, attachment: Attachment, case: Case) -> bool:
    """Whether an account may see a file of a withdrawal.

    Its submitter; officers of the jurisdiction; of an objection of the public only those of the
    authority that answers it.
    """
    submission = attachment.submission
    if submission is not None and submission.submitted_by == account.username:
        return True
    if (
        is_enterprise(account)
        or not may_see(account, case)
        or not has_capability(account, "read-cases")
    ):
        return False
    if submission is None or submission.objector is None:
        return True
    authority = account.organisation
    return authority is not None and authority.slug == withdrawing_authority_of(case)


def document_for(account: Account, number: int) -> tuple[Document, bytes]:
    """A document and its bytes; Document.DoesNotExist also where the account may not see it."""
    document = Document.objects.select_related("file", "case").get(pk=number)
    is_seen = may_see_paper(account, document)
    waits = is_enterprise(account) or _is_addressee(account, document)
    if not is_seen or (waits and not _is_received(document)):
        raise Document.DoesNotExist(number)
    return document, content_of(document.file)


def _is_addressee(account: Account, document: Document) -> bool:
    """Whether a document is on its way to the account's authority, which opens it in its inbox."""
    authority = account.organisation
    return (
        authority is not None
        and document.services.filter(method=PLATFORM, recipient=authority.slug).exists()
    )


def is_enterprise(account: Account) -> bool:
    """Whether the account is an enterprise's."""
    return account.organisation is not None and account.organisation.kind == "enterprise"


def _is_received(document: Document) -> bool:
    """Whether service is proved, or its notice was opened, which confirms receipt."""
    is_served = document.services.filter(proved_on__isnull=False).exists()
    return is_served or document.notices.exclude(first_opened_at=None).exists()


def may_see_paper(account: Account, paper: Document | Application | None) -> bool:
    """Whether an account may see a document or application.

    The enterprise its own; officers those of their jurisdiction; who issued or received it.
    """
    authority = account.organisation
    if paper is None or authority is None:
        return False
    if is_enterprise(account):
        is_own = bool(paper.credit_code) and authority.credit_code == paper.credit_code
        return is_own and has_capability(account, "see-own")
    if not has_capability(account, "read-cases"):
        return False
    if isinstance(paper.case, Case) and may_see(account, paper.case):
        return True
    return _is_party(authority.slug, paper) or jurisdiction(account).everywhere


def _is_party(slug: str, paper: Document | Application) -> bool:
    """Whether an authority issued or received a document or application."""
    if isinstance(paper, Application):
        return paper.receiver == slug
    return paper.organisation == slug or paper.notices.filter(organisation=slug).exists()
