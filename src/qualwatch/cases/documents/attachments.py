"""Files handed in with an application or as the proof of a service; who may see them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import jurisdiction, may
from qualwatch.archive.actions import content_of, store
from qualwatch.archive.contents import MEGABYTE, CannotStore, Content, clean_name, check_content
from qualwatch.cases.competence import may_see, withdrawing_authority_of
from qualwatch.cases.models import Application, Attachment, Case, Document
from qualwatch.wording import gettext as _

MOST_FILES, MOST_TIMES = 30, 5  # handed in at once; of the largest file


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """A file as it came: the name that it was given, and its bytes."""

    name: str
    told: bytes


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was looked at and may be kept."""

    name: str
    content: Content
    sha256: str


def check_sizes(sizes: Iterable[int]) -> None:
    """Before anything is read into memory: CannotStore where files are too many or too large together."""
    told = list(sizes)
    if len(told) > MOST_FILES or sum(told) > MOST_TIMES * settings.UPLOAD_BYTES:
        raise CannotStore(
            _("一次最多上传 {count} 个文件，共 {most} MB").format(
                count=MOST_FILES, most=MOST_TIMES * settings.UPLOAD_BYTES // MEGABYTE
            )
        )


def check_files(files: Iterable[SubmittedFile]) -> list[CheckedFile]:
    """Every file known by its content; CannotStore names the first that is not to be kept, and what to do."""
    files = list(files)
    check_sizes(len(one.data) for one in files)
    found = []
    for file in files:
        content = check_content(file.data, file.name)
        name = clean_name(file.name, content.kind)
        found.append(CheckedFile(name, content, hashlib.sha256(file.data).hexdigest()))
    return found


def attach(
    files: Iterable[CheckedFile], *, by: str, at: datetime, **owner: Any
) -> list[Attachment]:
    """Keeps files for an application, a service, or a withdrawal."""
    return [
        Attachment.objects.create(
            file=store(file.content, at=at), name=file.name, uploaded_by=by, posted_at=at, **owner
        )
        for file in files
    ]


def attachment_for(account: Account, number: int) -> tuple[Attachment, bytes]:
    """An attachment and its bytes; Attachment.DoesNotExist also where the account may not see it."""
    attachment = Attachment.objects.select_related(
        "file", "application__case", "service__document__case", "withdrawal__case"
    ).get(pk=number)
    if attachment.withdrawal is not None:
        theirs = attachment.point is not None and attachment.point.said_by == account.username
        case = attachment.withdrawal.case
        seen = may_see(account, case) and may(account, "read-cases")
        if (
            attachment.point is not None and attachment.point.who is not None
        ):  # of the public: for those who have to answer
            seen = (
                seen
                and account.organisation is not None
                and account.organisation.slug == withdrawing_authority_of(case)
            )
        if not (theirs or (seen and not is_enterprise(account))):
            raise Attachment.DoesNotExist(number)
        return attachment, content_of(attachment.file)
    document = attachment.service.document if attachment.service else None
    if not may_see_paper(account, document or attachment.application):
        raise Attachment.DoesNotExist(number)
    return attachment, content_of(attachment.file)


def document_for(account: Account, number: int) -> tuple[Document, bytes]:
    """A document as it went out; Document.DoesNotExist also where the account may not see it."""
    document = Document.objects.select_related("file", "case").get(pk=number)
    if not may_see_paper(account, document) or (is_enterprise(account) and not _has_come(document)):
        raise Document.DoesNotExist(number)
    return document, content_of(document.file)


def is_enterprise(account: Account) -> bool:
    """Whether the account is an enterprise's."""
    return account.organisation is not None and account.organisation.kind == "enterprise"


def _has_come(document: Document) -> bool:
    """Whether the enterprise has received it: served, or its notice opened (which confirms that it was received)."""
    served = document.services.filter(proved_on__isnull=False).exists()
    return served or document.notices.exclude(first_opened_at=None).exists()


def may_see_paper(account: Account, paper: Document | Application | None) -> bool:
    """The enterprise its own, officers those of their jurisdiction, whoever issued or received it."""
    if paper is None:
        return False
    where = account.organisation
    if where is not None and is_enterprise(account):
        return (
            bool(paper.credit_code)
            and where.credit_code == paper.credit_code
            and may(account, "see-own")
        )
    if not may(account, "read-cases") or where is None:
        return False
    if isinstance(paper.case, Case) and may_see(account, paper.case):
        return True
    slug = paper.organisation if isinstance(paper, Document) else paper.receiver
    received = (
        isinstance(paper, Document) and paper.notices.filter(organisation=where.slug).exists()
    )
    return received or where.slug == slug or jurisdiction(account).everywhere
