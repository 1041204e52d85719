"""`qualwatch manage create_officer`: an account at an organisation, with roles; the password is asked or read."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotMakeAccount, create_account
from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import organisation


class Command(BaseCommand):
    """Never takes a password from the command line: it would stay in the shell's history."""

    help = "make an account"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Words of the command."""
        parser.add_argument("username")
        parser.add_argument(
            "--organisation", required=True, help="slug, e.g. province, taiyuan, taiyuan-bureau"
        )
        parser.add_argument("--role", action="append", required=True, dest="roles")
        parser.add_argument("--early-warning", action="store_true", help="notice 4(1)")
        parser.add_argument("--password-from-stdin", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        try:
            where = organisation(options["organisation"])
        except Organisation.DoesNotExist as error:
            slugs = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(
                f"no organisation {options['organisation']}; there are {slugs}"
            ) from error
        password = (
            sys.stdin.readline().rstrip("\n")
            if options["password_from_stdin"]
            else getpass.getpass()
        )
        try:
            account = create_account(
                username=options["username"],
                password=password,
                organisation=where,
                roles=options["roles"],
                early_warning=options["early_warning"],
                by="create_officer",
                at=timezone.now(),
            )
        except CannotMakeAccount as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{account.username}: {', '.join(options['roles'])} @ {where.name}")
