"""This door as an installed part, so that its templates are found."""

from django.apps import AppConfig


class DoorConfig(AppConfig):
    """The door."""

    name = "qualwatch.web.public"
    label = "web_public"
