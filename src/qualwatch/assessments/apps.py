"""The room of assessments."""

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    """Runs, findings, anomalies."""

    name = "qualwatch.assessments"
    label = "assessments"
