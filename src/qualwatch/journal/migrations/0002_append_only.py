"""Entries and seals are append-only."""

from django.db import migrations

from qualwatch.journal.guards import append_only


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("journal", "0001_initial")]
    operations = [append_only("journal_entry"), append_only("journal_seal")]
