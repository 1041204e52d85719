"""The room of oversight."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """Returns, spot checks, circulars."""

    name = "qualwatch.oversight"
    label = "oversight"
