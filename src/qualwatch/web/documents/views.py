"""Each answer is a download that a browser will not run: by its own type, never sniffed, never cached."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qualwatch.accounts.models import Account
from qualwatch.cases.documents.attachments import attachment_for, document_for

T = TypeVar("T")
TYPES = {
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
    """A file that was handed in; 404 also for those who may not see it."""
    found, told = _asked_for(attachment_for, request, number)
    return _download(told, found.name, found.file.kind)


@login_required
@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    """A document, byte for byte as it went out."""
    found, told = _asked_for(document_for, request, number)
    return _download(told, f"{found.number}{found.title}.docx", found.file.kind)


def _asked_for(
    find: Callable[[Account, int], tuple[T, bytes]], request: HttpRequest, number: int
) -> tuple[T, bytes]:
    assert isinstance(request.user, Account)
    try:
        return find(request.user, number)
    except ObjectDoesNotExist as error:
        raise Http404 from error


def _download(told: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        told,
        content_type=TYPES[kind],
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
