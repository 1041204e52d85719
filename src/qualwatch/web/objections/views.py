"""The form for objections: it writes, so it stands outside the public site, which only reads."""

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.archive.contents import CannotStore
from qualwatch.cases.documents.attachments import SubmittedFile, check_sizes
from qualwatch.cases.withdrawals.hearings import submit_objection, was_received
from qualwatch.law.loader import current_law
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement
from qualwatch.publication.queries import announcements
from qualwatch.web.base.form_input import (
    FORM_METHODS,
    Refusal,
    form_token,
    refusal,
    text_field,
)
from qualwatch.wording import gettext as _

OBJECTIONS_PER_HOUR = 10  # from one address
HOUR_SECONDS = 3600
FIELDS = {"because": "text", "name": "name", "address": "address"}


@never_cache
@require_http_methods(FORM_METHODS)
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Reasons, evidence, name and address; every objection is answered before a decision."""
    display = _display(number)
    if display is None or display.ends_on is None or display.ends_on < timezone.localdate():
        title = _("没有这份公示，或公示已经结束")
        return render(request, "objections/over.html", {"title": title}, status=404)
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            _file_objection(request, number)
        except (CannotStep, CannotStore) as error:
            errors.append(refusal(error, FIELDS))
        else:
            return redirect("objection-received", number=number)
    context = {
        "title": _("对公示提出异议"),
        "display": display,
        "errors": errors,
        "form": request.POST,
        "form_token": form_token(request),
    }
    return render(request, "objections/objection.html", context, status=422 if errors else 200)


@require_safe
def received(request: HttpRequest, number: str) -> HttpResponse:
    """Confirms an objection; a page of its own, so that reloading it sends nothing again."""
    display = _display(number)
    if display is None:
        raise Http404
    context = {"title": _("已收到你的异议"), "display": display}
    return render(request, "objections/received.html", context)


def _display(number: str) -> Announcement | None:
    return announcements("display").filter(number=number).first()


def _file_objection(request: HttpRequest, number: str) -> None:
    """Files it once, and counts it for its address. Raises CannotStep, CannotStore."""
    token = form_token(request)
    count_of_hour = cache.get(_rate_key(request), 0)
    is_new = not was_received(token)
    if is_new and count_of_hour >= OBJECTIONS_PER_HOUR:
        sentence = _("从你这里一小时内已收到很多异议，请过一小时再提交；填写的文字都还在")
        raise CannotStep("too-many", sentence)
    uploads = request.FILES.getlist("files")
    check_sizes(upload.size or 0 for upload in uploads)
    submit_objection(
        number=number,
        text=text_field(request, "text"),
        objector={name: text_field(request, name) for name in ("name", "address")},
        law=current_law(),
        at=timezone.now(),
        files=[SubmittedFile(upload.name or "", upload.read()) for upload in uploads],
        form_token=token,
    )
    if is_new:
        cache.set(_rate_key(request), count_of_hour + 1, HOUR_SECONDS)


def _rate_key(request: HttpRequest) -> str:
    """One for each address and hour; behind a proxy the address that the proxy reports."""
    address = request.META.get("REMOTE_ADDR", "")
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        forwarded = request.headers.get("X-Forwarded-For", address)
        address = forwarded.rpartition(",")[2].strip()
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    return f"objections/{digest}/{timezone.now():%Y%m%d%H}"
