"""Rows of the registers only end, and never overlap in one key."""

from django.db import migrations

from qualwatch.registers.guards import guards_of

TABLES = (
    "EnterpriseRow",
    "ItemRow",
    "RegistrationRow",
    "ContributionRow",
    "ExemptionRow",
    "LockRow",
    "BirthdayRow",
    "ProjectRow",
    "UnreadRow",
)


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("registers", "0001_initial")]
    operations = [guards_of("registers", name) for name in TABLES]
