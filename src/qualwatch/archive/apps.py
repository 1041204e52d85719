"""The room of the archive."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    """Files that are kept."""

    name = "qualwatch.archive"
    label = "archive"
