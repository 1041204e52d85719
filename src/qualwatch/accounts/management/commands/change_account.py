"""`qualwatch manage change_account`: roles given and taken, early warning switched, an account shut."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.actions import (
    CannotMakeAccount,
    change_roles,
    deactivate_account,
    permit_early_warning,
)
from qualwatch.accounts.models import Account


class Command(BaseCommand):
    """One account."""

    help = "give and take roles, switch early warning, shut an account"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Words of the command."""
        parser.add_argument("username")
        parser.add_argument("--give", action="append", default=[], metavar="ROLE")
        parser.add_argument("--take", action="append", default=[], metavar="ROLE")
        parser.add_argument("--early-warning", choices=("on", "off"))
        parser.add_argument("--shut", metavar="REASON")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it; all of it or nothing."""
        by, at = "change_account", timezone.now()
        try:
            account = Account.objects.select_for_update(of=("self",)).get(
                username=options["username"]
            )
            if options["give"] or options["take"]:
                change_roles(
                    account=account, give=options["give"], take=options["take"], by=by, at=at
                )
            if options["early_warning"]:
                permit_early_warning(
                    account=account, allowed=options["early_warning"] == "on", by=by, at=at
                )
            if options["shut"] is not None:
                deactivate_account(account=account, because=options["shut"], by=by, at=at)
        except (CannotMakeAccount, Account.DoesNotExist) as error:
            raise CommandError(str(error)) from error
