"""The room of what the public may know."""

from django.apps import AppConfig


class PublicationConfig(AppConfig):
    """Red cards, standings, decisions, the feed."""

    name = "qualwatch.publication"
    label = "publication"
