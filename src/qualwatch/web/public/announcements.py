"""Notices to the public: displays with the days left, decisions, service by public notice."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from qualwatch.publication import queries
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import KINDS, days_left, public_label, with_labels
from qualwatch.wording import gettext as _

ROWS_OF_PAGE = 50


@cached_while(queries.version)
def announcements(request: HttpRequest) -> HttpResponse:
    """All notices, of one kind, or only those still running."""
    today = timezone.localdate()
    kind = request.GET.get("kind", "")
    is_running = request.GET.get("running") == "1"
    notices = queries.announcements(kind if kind in KINDS else "")
    if is_running:
        notices = notices.filter(ends_on__gte=today)
    page = Paginator(notices, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("公示公告"),
        "kind": kind,
        "is_running": is_running,
        "page": page,
        "kinds": [(slug, public_label(KINDS, slug)) for slug in KINDS],
        "notices": with_labels(page, today),
    }
    return render(request, "public/announcements.html", context)


@cached_while(queries.version)
def announcement(request: HttpRequest, number: str) -> HttpResponse:
    """One notice word for word, the days left, how to object."""
    notice = queries.announcements().filter(number=number).first()
    if notice is None:
        raise Http404
    context = {
        "title": notice.title,
        "notice": notice,
        "kind": public_label(KINDS, notice.kind),
        "left": days_left(notice.ends_on, timezone.localdate()),
    }
    return render(request, "public/announcement.html", context)


urlpatterns = [
    path("announcements", announcements, name="announcements"),
    path("announcements/<path:number>", announcement, name="announcement"),
]
