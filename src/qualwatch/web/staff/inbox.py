"""The inbox of an authority: opening a document there is its receipt."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.cases.models import Notice
from qualwatch.cases.warnings.supervise import may_open, open_notice
from qualwatch.law.loader import current_law
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import FORM_METHODS
from qualwatch.web.staff.guards import officer_page
from qualwatch.wording import gettext as _

ROWS_OF_PAGE = 50


@require_safe
@officer_page
def inbox(request: HttpRequest) -> HttpResponse:
    """What was sent to the authority, the newest first, or only what nobody has opened."""
    is_unopened = request.GET.get("unopened") == "1"
    notices = _notices_of(request).select_related("case").order_by("-posted_at", "-pk")
    if is_unopened:
        notices = notices.filter(first_opened_at=None)
    page = Paginator(notices, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    context = {"title": _("收件"), "page": page, "is_unopened": is_unopened}
    return render(request, "staff/inbox.html", context)


@require_safe
@officer_page
def inbox_notice(request: HttpRequest, number: int) -> HttpResponse:
    """An opened notice word for word; of an unopened document only the button that opens it."""
    notice = _notice(request, number)
    context = {
        "title": notice.subject,
        "notice": notice,
        "may_open": may_open(notice, account_of(request)),
    }
    return render(request, "staff/inbox_notice.html", context)


@require_http_methods(FORM_METHODS)
@officer_page
def open_in_inbox(request: HttpRequest, number: int) -> HttpResponse:
    """Opens a notice: a document counts as received from then on."""
    notice = _notice(request, number)
    if request.method == "POST":
        if not may_open(notice, account_of(request)):
            raise Http404
        open_notice(notice=notice, by=account_of(request), at=timezone.now(), law=current_law())
    return redirect("inbox-notice", number=number)


def _notices_of(request: HttpRequest) -> QuerySet[Notice]:
    """The notices to the account's authority."""
    organisation = account_of(request).organisation
    slug = organisation.slug if organisation else ""
    return Notice.objects.filter(organisation=slug).exclude(organisation="")


def _notice(request: HttpRequest, number: int) -> Notice:
    notice = _notices_of(request).filter(pk=number).select_related("document", "case").first()
    if notice is None:
        raise Http404
    return notice


urlpatterns = [
    path("inbox", inbox, name="inbox"),
    path("inbox/<int:number>", inbox_notice, name="inbox-notice"),
    path("inbox/<int:number>/open", open_in_inbox, name="inbox-open"),
]
