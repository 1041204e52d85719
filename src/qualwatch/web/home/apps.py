"""The page after log-in as a Django app, so that its templates are found."""

from django.apps import AppConfig

from qualwatch.law.loader import set_source


class HomeConfig(AppConfig):
    """The page after log-in."""

    name = "qualwatch.web.home"
    label = "web_home"

    def ready(self) -> None:
        """Hands the loaded texts over to whoever asks for the law in force today."""
        from qualwatch.web.home.law import LawToday  # models are loaded by now

        law_today = LawToday()
        set_source(law_today, law_today.forget)
