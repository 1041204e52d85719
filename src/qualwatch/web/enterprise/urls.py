"""Addresses of the enterprise's site: each subject has its own list at the end of its module."""

from django.urls import include, path

SUBJECTS = ("home", "cases", "applications", "notices")

urlpatterns = [path("", include(f"qualwatch.web.enterprise.{subject}")) for subject in SUBJECTS]
