"""Addresses."""

from django.urls import include, path

from qualwatch.web.platform_api.api import api as platform_api

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("api/platform/v1/", platform_api.urls),
]
