"""The staff site as a Django app, so that its templates are found."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """The staff site."""

    name = "qualwatch.web.staff"
    label = "web_staff"
