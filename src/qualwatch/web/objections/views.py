"""A form of its own, outside the public door: it writes, and the public door only reads the public copy."""

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
from qualwatch.cases.withdrawals.hearings import object_publicly, was_received
from qualwatch.law.loader import current_law
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import announcements
from qualwatch.web.base.form_input import Refusal, form_token, refusal
from qualwatch.wording import gettext as _

MOST_AN_HOUR, HOUR = 10, 3600  # objections from one address
FIELDS = {"because": "text", "name": "name", "address": "address"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Reasons, evidence, name and address; every objection is answered before a decision."""
    display = announcements("display").filter(number=number).first()
    if display is None or display.ends_on is None or display.ends_on < timezone.localdate():
        return render(
            request,
            "objections/over.html",
            {"title": _("没有这份公示，或公示已经结束")},
            status=404,
        )
    errors: list[Refusal] = []
    if request.method == "POST":
        who = {name: request.POST.get(name, "").strip() for name in ("name", "address")}
        given = request.FILES.getlist("files")
        received_already = cache.get(_key(request), 0)
        try:
            if received_already >= MOST_AN_HOUR and not was_received(form_token(request)):
                raise CannotStep(
                    "too-many",
                    _("从你这里一小时内已收到很多异议，请过一小时再提交；填写的文字都还在"),
                )
            check_sizes(one.size or 0 for one in given)
            files = [SubmittedFile(one.name or "", one.read()) for one in given]
            is_new = not was_received(form_token(request))
            object_publicly(
                number=number,
                text=request.POST.get("text", "").strip(),
                who=who,
                law=current_law(),
                at=timezone.now(),
                files=files,
                form_token=form_token(request),
            )
        except (CannotStep, CannotStore) as why:
            errors.append(refusal(why, FIELDS))
        else:
            if is_new:
                cache.set(_key(request), received_already + 1, HOUR)
            return redirect("objection-received", number=number)
    told = {
        "title": _("对公示提出异议"),
        "display": display,
        "errors": errors,
        "told": request.POST,
        "form_token": form_token(request),
    }
    return render(request, "objections/objection.html", told, status=422 if errors else 200)


@require_safe
def received(request: HttpRequest, number: str) -> HttpResponse:
    """Said after an objection has come; asked for again, nothing is handed in twice."""
    display = announcements("display").filter(number=number).first()
    if display is None:
        raise Http404
    return render(
        request, "objections/received.html", {"title": _("已收到你的异议"), "display": display}
    )


def _key(request: HttpRequest) -> str:
    """One for each address and hour; behind a proxy the address that the proxy was asked by."""
    asker = request.META.get("REMOTE_ADDR", "")
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        asker = request.headers.get("X-Forwarded-For", asker).rpartition(",")[2].strip()
    return f"objections/{hashlib.sha256(asker.encode()).hexdigest()[:16]}/{timezone.now():%Y%m%d%H}"
