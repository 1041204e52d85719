"""A form of its own, outside the public door: it writes, and the public door only reads the public copy."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from qualwatch.archive.contents import CannotKeep
from qualwatch.cases.actions.hear import object_publicly
from qualwatch.cases.attachments import HandedIn
from qualwatch.law.loader import current_law
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import announcements
from qualwatch.wording import gettext as _


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Reasons, evidence, name and address; every objection is answered before a decision."""
    display = announcements("display").filter(number=number).first()
    if display is None:
        return render(request, "objections/over.html", {"title": _("没有这份公示，或公示已经结束")}, status=404)
    errors: list[str] = []
    if request.method == "POST":
        files = [HandedIn(one.name or "", one.read()) for one in request.FILES.getlist("files")]
        who = {name: request.POST.get(name, "").strip() for name in ("name", "address")}
        try:
            object_publicly(number=number, text=request.POST.get("text", "").strip(), who=who, law=current_law(),
                            at=timezone.now(), files=files)  # fmt: skip
        except (CannotStep, CannotKeep) as why:
            errors.append(str(why))
        else:
            return render(request, "objections/received.html", {"title": _("已收到你的异议"), "display": display})
    told = {"title": _("对公示提出异议"), "display": display, "errors": errors, "told": request.POST}
    return render(request, "objections/objection.html", told, status=422 if errors else 200)
