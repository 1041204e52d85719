"""`qualwatch manage rotate_keys`: identity numbers encrypted anew under the newest key."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from qualwatch.registers.identities import rotate


class Command(BaseCommand):
    """Add the new key to the keys first; take the old one away when this says that none is left."""

    help = "encrypt identity numbers under the newest key"

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        total = 0
        while done := rotate(by="rotate_keys", at=timezone.now()):
            total += done
        self.stdout.write(f"people encrypted anew: {total}; none is left under an older key")
