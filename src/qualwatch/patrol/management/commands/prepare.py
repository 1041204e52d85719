"""`qualwatch manage prepare`: the database made, or brought up to date, with the province's organisations."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from qualwatch.accounts.actions import make_organisations
from qualwatch.law.loader import load_law


class Command(BaseCommand):
    """Tables, cache, organisations; may be run again at any time."""

    help = "make or update the database"

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        call_command("migrate", verbosity=options["verbosity"], interactive=False)
        call_command("createcachetable", verbosity=0)
        made = make_organisations(divisions=load_law().divisions, by="prepare", at=timezone.now())
        self.stdout.write(f"organisations made: {len(made)}")
