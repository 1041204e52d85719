"""The room of oversight."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """What the province asks of the cities."""

    name = "qualwatch.oversight"
    label = "oversight"
