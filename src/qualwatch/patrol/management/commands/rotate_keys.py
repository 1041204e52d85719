"""`qualwatch manage rotate_keys`: identity numbers and kept files encrypted anew under the newest key."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from qualwatch.archive.actions import rotate as rotate_files
from qualwatch.journal.actions import record
from qualwatch.registers.identities import rotate

FILES = 100  # in one transaction


class Command(BaseCommand):
    """Add the new key to the keys first; take the old one away when this says that none is left."""

    help = "encrypt identity numbers and kept files under the newest key"

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        total = 0
        while done := rotate(by="rotate_keys", at=timezone.now()):
            total += done
        files = 0
        while done := self._files():
            files += done
        self.stdout.write(
            f"people encrypted anew: {total}, files: {files}; none is left under an older key"
        )

    @transaction.atomic
    def _files(self) -> int:
        done = rotate_files(at_most=FILES)
        if done:
            record(
                stream="keys",
                by="rotate_keys",
                at=timezone.now(),
                what="files-encrypted-anew",
                details={"files": done},
            )
        return done
