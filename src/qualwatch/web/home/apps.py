"""The page after log-in as a Django app, so that its templates are found."""

from django.apps import AppConfig
from django.utils import timezone

from qualwatch.law.loader import set_source


class HomeConfig(AppConfig):
    """The page after log-in."""

    name = "qualwatch.web.home"
    label = "web_home"

    def ready(self) -> None:
        """Hands the loaded texts over to whoever asks for the law in force today."""
        from qualwatch.legal_texts.queries import law_in_force  # models are loaded by now

        set_source(lambda: law_in_force(timezone.localdate()))
