"""The room of the patrol."""

from django.apps import AppConfig


class PatrolConfig(AppConfig):
    """Sequences over the rooms; its commands."""

    name = "qualwatch.patrol"
    label = "patrol"
