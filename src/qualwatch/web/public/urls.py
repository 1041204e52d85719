"""Addresses of the public site: each subject has its own list at the end of its module."""

from django.urls import include, path

SUBJECTS = ("lookup", "red_cards", "announcements", "statistics", "standards", "information")

urlpatterns = [path("", include(f"qualwatch.web.public.{subject}")) for subject in SUBJECTS]
