"""The ground as an installed part, so that its templates and stylesheet are found."""

from django.apps import AppConfig


class GroundConfig(AppConfig):
    """The ground."""

    name = "qualwatch.web.base"
    label = "base"
