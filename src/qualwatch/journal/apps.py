"""The room of the journal."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Streams, entries, seals."""

    name = "qualwatch.journal"
    label = "journal"
