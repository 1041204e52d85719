"""The page after log-in as a Django app, so that its templates are found."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    """The page after log-in."""

    name = "qualwatch.web.home"
    label = "web_home"
