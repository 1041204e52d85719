"""Addresses of the staff site: each subject has its own list at the end of its module."""

from django.urls import include, path

SUBJECTS = (
    "work",
    "cases",
    "documents",
    "determinations",
    "supervision",
    "proposed_acts",
    "applications",
)

urlpatterns = [path("", include(f"qualwatch.web.staff.{subject}")) for subject in SUBJECTS]
