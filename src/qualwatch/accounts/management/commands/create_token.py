"""`qualwatch manage create_token`: a machine's token, shown once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotCreateAccount, create_token, rotate_token
from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BY = "create_token"
OVERLAP = timedelta(days=1)  # in which both the old and the new token work
SCOPES = ("push-changes",)


class Command(OfficeCommand):
    """A token of the platform."""

    help = _n("新建一个机器令牌，只显示一次")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("--organisation", default="platform", help=_("单位标识"))
        parser.add_argument(
            "--scope", action="append", dest="scopes", help=_("用途，如 push-changes；可写多次")
        )
        parser.add_argument("--rotate", action="store_true", help=_("换新：在用的令牌一天后失效"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the token alone on its line; CommandError."""
        slug, at = options["organisation"], timezone.now()
        try:
            holder = organisation(slug)
            if options["rotate"]:
                token = rotate_token(organisation=holder, old_ends_at=at + OVERLAP, by=BY, at=at)
            else:
                scopes = options["scopes"] or list(SCOPES)
                token = create_token(organisation=holder, scopes=scopes, by=BY, at=at)
        except Organisation.DoesNotExist as error:
            raise CommandError(_("没有单位 {slug}").format(slug=slug)) from error
        except CannotCreateAccount as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)
