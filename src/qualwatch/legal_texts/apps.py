"""The room of the loaded texts of the law."""

from django.apps import AppConfig


class LegalTextsConfig(AppConfig):
    """Loaded calendars, policies, standards."""

    name = "qualwatch.legal_texts"
    label = "legal_texts"
