"""`qualwatch manage change_account`: roles, early warning, deactivation of one account."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.actions import (
    CannotCreateAccount,
    change_roles,
    deactivate_account,
    permit_early_warning,
)
from qualwatch.accounts.models import Account
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BY = "change_account"


class Command(OfficeCommand):
    """One account."""

    help = _n("给一个账号加减角色、开关预警权限，或停用它")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("username", help=_("账号名"))
        parser.add_argument(
            "--give", action="append", default=[], metavar="ROLE", help=_("加一个角色；可写多次")
        )
        parser.add_argument(
            "--take", action="append", default=[], metavar="ROLE", help=_("减一个角色；可写多次")
        )
        parser.add_argument("--early-warning", choices=("on", "off"), help=_("预警权限"))
        parser.add_argument("--deactivate", metavar="REASON", help=_("停用账号，写明理由"))

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Makes all changes or none; CommandError."""
        name = options["username"]
        try:
            account = Account.objects.select_for_update(of=("self",)).get(username=name)
            _change(account, options, timezone.now())
        except Account.DoesNotExist as error:
            raise CommandError(_("没有账号 {name}").format(name=name)) from error
        except CannotCreateAccount as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("账号 {name} 已更改").format(name=name))


def _change(account: Account, options: dict[str, Any], at: datetime) -> None:
    give, take = options["give"], options["take"]
    if give or take:
        change_roles(account=account, give=give, take=take, by=BY, at=at)
    if options["early_warning"]:
        allowed = options["early_warning"] == "on"
        permit_early_warning(account=account, allowed=allowed, by=BY, at=at)
    if options["deactivate"] is not None:
        deactivate_account(account=account, because=options["deactivate"], by=BY, at=at)
