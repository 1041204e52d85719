"""Addresses. What allauth offers beyond log-in, second factor and OpenID Connect is closed here."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

from qualwatch.web.base.language import choose
from qualwatch.web.documents.views import attachment, document
from qualwatch.web.enterprise import views as enterprise
from qualwatch.web.home.views import home
from qualwatch.web.objections.views import objection, received
from qualwatch.web.platform_api.api import api as platform_api
from qualwatch.web.public import standards, statistics
from qualwatch.web.public import views as public
from qualwatch.web.staff import applications
from qualwatch.web.staff import views as staff


def closed(_request: HttpRequest) -> NoReturn:
    """Accounts are made by administrators: no sign-up, no mail, no reset, no connections."""
    raise Http404


CLOSED = (
    r"^accounts/(?:signup|email|confirm-email|password/(?:set|reset)|login/code|3rdparty|social)"
    r"(?:/.*)?$"
)
urlpatterns = [
    path("", public.search, name="search"),
    path("enterprises/<str:credit_code>", public.enterprise, name="enterprise"),
    path("red-cards", public.red_list, name="red-list"),
    path("red-cards/<path:number>", public.red_card, name="red-card"),
    path("announcements", public.announcements, name="announcements"),
    path("announcements/<path:number>", public.announcement, name="announcement"),
    path("objections/received/<path:number>", received, name="objection-received"),
    path("objections/<path:number>", objection, name="object-publicly"),
    path("statistics", statistics.statistics, name="statistics"),
    path("standards", standards.standards, name="standards"),
    path("standards/<slug:category>", standards.standard, name="standard"),
    path("how-it-works", public.how_it_works, name="how-it-works"),
    path("freshness", public.freshness, name="freshness"),
    path("language/<str:language>", choose, name="choose-language"),
    path("me", home, name="home"),
    path("own", enterprise.home, name="own"),
    path("own/cases/<int:number>", enterprise.case, name="own-case"),
    path("own/cases/<int:number>/answer", enterprise.answer, name="own-answer"),
    path("own/data-error", enterprise.data_error, name="own-data-error"),
    path("own/notices/<int:number>", enterprise.notice, name="own-notice"),
    path("own/notices/<int:number>/open", enterprise.open_one, name="own-open"),
    path("own/applications/<int:number>/retract", enterprise.take_back, name="own-retract"),
    path("work", staff.work, name="work"),
    path("cases", staff.cases, name="cases"),
    path("cases/<int:number>", staff.case, name="case"),
    path("cases/<int:number>/documents", staff.documents, name="case-documents"),
    path("cases/<int:number>/history", staff.history, name="case-history"),
    path("cases/<int:number>/determine", staff.determine, name="determine"),
    path("cases/<int:number>/decide", staff.decide, name="decide"),
    path("cases/<int:number>/follow-up", staff.record_contact, name="follow-up"),
    path("cases/<int:number>/review", staff.reviewed, name="review"),
    path("tasks/<int:number>/application", applications.of_task, name="application-of-task"),
    path("applications/<int:number>", applications.application, name="application"),
    re_path(CLOSED, closed, name="closed"),
    path("accounts/", include("allauth.urls")),
    path("files/attachments/<int:number>", attachment, name="attachment"),
    path("files/documents/<int:number>", document, name="document"),
    path("api/platform/v1/", platform_api.urls),
]
handler400 = "qualwatch.web.base.errors.bad_request"
handler403 = "qualwatch.web.base.errors.forbidden"
handler404 = "qualwatch.web.base.errors.not_found"
handler500 = "qualwatch.web.base.errors.broken"
