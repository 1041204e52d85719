"""Downloads that a browser neither runs nor sniffs nor stores."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from qualwatch.accounts.models import Account
from qualwatch.cases.documents.attachments import attachment_for, document_for
from qualwatch.cases.documents.evidence import open_file
from qualwatch.cases.models import Attachment

Stored = TypeVar("Stored")
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


@login_required
@require_safe
def attachment(request: HttpRequest, number: int) -> HttpResponse:
    """A file that was handed in; 404 also for those who may not see it.

    That evidence was opened is recorded, for whoever signs must have read it.
    """
    find = attachment_for if request.method == "HEAD" else _open_now
    attachment, content = _find_for(request, find, number)
    return _download(content, attachment.name, attachment.file.kind)


@login_required
@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    """A document, byte for byte as it was issued; 404 also for those who may not see it."""
    document, content = _find_for(request, document_for, number)
    return _download(content, f"{document.number}{document.title}.docx", document.file.kind)


def _open_now(account: Account, number: int) -> tuple[Attachment, bytes]:
    return open_file(number=number, by=account, at=timezone.now())


def _find_for(
    request: HttpRequest, find: Callable[[Account, int], tuple[Stored, bytes]], number: int
) -> tuple[Stored, bytes]:
    assert isinstance(request.user, Account)
    try:
        return find(request.user, number)
    except ObjectDoesNotExist as error:
        raise Http404 from error


def _download(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[kind],
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
