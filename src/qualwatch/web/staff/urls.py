"""Addresses of the staff site: each subject has its own list at the end of its module."""

from django.urls import include, path

SUBJECTS = (
    "work",
    "inbox",
    "cases",
    "documents",
    "determinations",
    "supervision",
    "proposed_acts",
    "key_supervision",
    "applications",
)

urlpatterns = [path("", include(f"qualwatch.web.staff.{subject}")) for subject in SUBJECTS]
