"""The archive as a Django app."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    """Stored files."""

    name = "qualwatch.archive"
    label = "archive"
