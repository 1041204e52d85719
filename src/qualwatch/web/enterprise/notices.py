"""Notices to an enterprise: opening one confirms that it was received."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.cases.models import Notice
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.law.loader import current_law
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import FORM_METHODS
from qualwatch.web.enterprise.guards import credit_code_of, enterprise_page


@require_safe
@enterprise_page
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """An opened notice word for word; of an unopened one only the button that opens it."""
    notice = _own_notice(request, number)
    return render(request, "enterprise/notice.html", {"title": notice.subject, "notice": notice})


@require_http_methods(FORM_METHODS)
@enterprise_page
def confirm_receipt(request: HttpRequest, number: int) -> HttpResponse:
    """Opens a notice: from then on it counts as received."""
    if request.method == "POST":
        open_notice(
            notice=_own_notice(request, number),
            by=account_of(request),
            at=timezone.now(),
            law=current_law(),
        )
    return redirect("own-notice", number=number)


def _own_notice(request: HttpRequest, number: int) -> Notice:
    notices = Notice.objects.filter(pk=number, credit_code=credit_code_of(request))
    notice = notices.select_related("document", "case").first()
    if notice is None:
        raise Http404
    return notice


urlpatterns = [
    path("own/notices/<int:number>", notice, name="own-notice"),
    path("own/notices/<int:number>/open", confirm_receipt, name="own-open"),
]
