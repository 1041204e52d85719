"""Addresses: those of every site, and of log-in, second factor and OpenID Connect by allauth.

What else allauth offers is closed.
"""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

from qualwatch.web.platform_api.api import api as platform_api

CLOSED = (
    r"^accounts/(?:signup|email|confirm-email|password/(?:set|reset)|login/code|3rdparty|social)"
    r"(?:/.*)?$"
)


def closed(_request: HttpRequest) -> NoReturn:
    """Accounts are created by administrators: no sign-up, no mail, no reset, no connections."""
    raise Http404


urlpatterns = [
    path("", include("qualwatch.web.public.urls")),
    path("", include("qualwatch.web.objections.urls")),
    path("", include("qualwatch.web.base.urls")),
    path("", include("qualwatch.web.home.urls")),
    path("", include("qualwatch.web.enterprise.urls")),
    path("", include("qualwatch.web.staff.urls")),
    path("", include("qualwatch.web.documents.urls")),
    # before allauth's own
    re_path(CLOSED, closed, name="closed"),
    path("accounts/", include("allauth.urls")),
    path("api/platform/v1/", platform_api.urls),
]
handler400 = "qualwatch.web.base.errors.bad_request"
handler403 = "qualwatch.web.base.errors.forbidden"
handler404 = "qualwatch.web.base.errors.not_found"
handler500 = "qualwatch.web.base.errors.server_error"
