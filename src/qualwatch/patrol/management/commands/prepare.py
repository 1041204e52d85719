"""`qualwatch manage prepare`: creates or updates the database, with the province's organisations.

Keys are made before Django is loaded, in `qualwatch.config.load_office`.
"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from qualwatch.accounts.actions import create_organisations
from qualwatch.law.loader import load_law
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


class Command(OfficeCommand):
    """Tables, cache, organisations; may be run again at any time."""

    help = _n("建立或更新数据库、密钥和单位；每次升级后再运行")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument(
            "--at",
            type=datetime.fromisoformat,
            metavar="MOMENT",
            help=_("新建单位在日志里的时刻，默认现在；重演过去时用，如 2023-05-04T04:00:00+08:00"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Brings the database up to date."""
        call_command("migrate", verbosity=options["verbosity"], interactive=False)
        call_command("createcachetable", verbosity=0)
        divisions = load_law().divisions
        at = options.get("at") or timezone.now()
        organisations = create_organisations(divisions=divisions, by="prepare", at=at)
        self.stdout.write(_("新建单位 {count} 个").format(count=len(organisations)))
