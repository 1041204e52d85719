"""`qualwatch manage rotate_keys`: encrypts everything with the newest key."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.archive import actions as archive
from qualwatch.journal.actions import record
from qualwatch.management_command import OfficeCommand
from qualwatch.registers import identities
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BY = "rotate_keys"
FILES = 100  # in one transaction


class Command(OfficeCommand):
    """Add the new key first; remove the old one when this command has ended."""

    help = _n("用最新的密钥重新加密证件号码和存档文件")

    def handle(self, *args: Any, **options: Any) -> None:
        """Works in short transactions, so that it may be stopped and run again."""
        rows = files = 0
        while count := identities.rotate(by=BY, at=timezone.now()):
            rows += count
        while count := _rotate_files():
            files += count
        self.stdout.write(
            _("重新加密：人员 {people}，文件 {files}；旧密钥下已没有内容").format(
                people=rows, files=files
            )
        )


@transaction.atomic
def _rotate_files() -> int:
    """Some files with their journal entry; how many."""
    count = archive.rotate(at_most=FILES)
    if count:
        record(
            stream="keys",
            by=BY,
            at=timezone.now(),
            what="files-encrypted-anew",
            details={"files": count},
        )
    return count
