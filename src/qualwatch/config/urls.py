"""Addresses. What allauth offers beyond log-in, second factor and OpenID Connect is closed here."""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

from qualwatch.web.home.views import home
from qualwatch.web.papers.views import attachment, document
from qualwatch.web.platform_api.api import api as platform_api


def closed(_request: HttpRequest) -> NoReturn:
    """Accounts are made by administrators: no sign-up, no mail, no reset, no connections."""
    raise Http404


CLOSED = r"^accounts/(?:signup|email|confirm-email|password/(?:set|reset)|login/code|3rdparty|social)(?:/.*)?$"
urlpatterns = [
    path("", home, name="home"),
    re_path(CLOSED, closed, name="closed"),
    path("accounts/", include("allauth.urls")),
    path("papers/attachments/<int:number>", attachment, name="attachment"),
    path("papers/documents/<int:number>", document, name="document"),
    path("api/platform/v1/", platform_api.urls),
]
