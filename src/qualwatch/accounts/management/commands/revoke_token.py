"""`qualwatch manage revoke_token`: ends a machine's token at once; without a number it lists those in use."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotMakeAccount, revoke_token
from qualwatch.accounts.models import MachineToken


class Command(BaseCommand):
    """The platform's tokens."""

    help = "end a machine's token at once; without a number: list those in use"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Words of the command."""
        parser.add_argument("number", nargs="?", type=int)
        parser.add_argument("--because", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs it."""
        if options["number"] is None:
            for one in (
                MachineToken.objects.filter(revoked_at=None)
                .select_related("organisation")
                .order_by("pk")
            ):
                until = f"{one.ends_at:%Y-%m-%d %H:%M}" if one.ends_at else "-"
                self.stdout.write(
                    f"{one.pk} {one.organisation.slug} {','.join(one.scopes)} {until}"
                )
            return
        try:
            token = MachineToken.objects.get(pk=options["number"])
            revoke_token(
                token=token, by="revoke_token", at=timezone.now(), because=options["because"]
            )
        except (CannotMakeAccount, MachineToken.DoesNotExist) as error:
            raise CommandError(str(error)) from error
