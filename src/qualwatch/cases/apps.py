"""The room of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Yellow and red cards."""

    name = "qualwatch.cases"
    label = "cases"
