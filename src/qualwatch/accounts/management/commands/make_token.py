"""`qualwatch manage create_token`: a machine's token, shown once; `--rotate` ends those before it after a day."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotMakeAccount, create_token, rotate_token
from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import organisation


class Command(BaseCommand):
    """A token of the platform."""

    help = "make a machine's token"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Words of the command."""
        parser.add_argument("--organisation", default="platform")
        parser.add_argument("--scope", action="append", dest="scopes")
        parser.add_argument("--rotate", action="store_true", help="tokens in use end in a day")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        now = timezone.now()
        try:
            where = organisation(options["organisation"])
            if options["rotate"]:
                token = rotate_token(
                    organisation=where,
                    old_ends_at=now + timedelta(days=1),
                    by="create_token",
                    at=now,
                )
            else:
                scopes = options["scopes"] or ["push-changes"]
                token = create_token(organisation=where, scopes=scopes, by="create_token", at=now)
        except (CannotMakeAccount, Organisation.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)
