"""Findings and anomalies on record only end, and never overlap in one key."""

from django.db import migrations

from qualwatch.registers.guards import guards_of


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("assessments", "0001_initial")]
    operations = [guards_of("assessments", name) for name in ("FindingRow", "AnomalyRow")]
