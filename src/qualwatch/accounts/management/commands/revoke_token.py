"""`qualwatch manage revoke_token`: ends a machine's token, or lists the tokens in use."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotCreateAccount, revoke_token
from qualwatch.accounts.models import MachineToken
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


class Command(OfficeCommand):
    """The platform's tokens."""

    help = _n("立即停用一个机器令牌；不写编号时列出在用的")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("number", nargs="?", type=int, help=_("令牌的编号"))
        parser.add_argument("--because", default="", help=_("理由"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Lists the tokens in use, or ends one; CommandError."""
        number = options["number"]
        if number is None:
            for line in _tokens_in_use():
                self.stdout.write(line)
            return
        try:
            token = MachineToken.objects.get(pk=number)
            revoke_token(
                token=token, by="revoke_token", at=timezone.now(), because=options["because"]
            )
        except MachineToken.DoesNotExist as error:
            raise CommandError(_("没有令牌 {number}").format(number=number)) from error
        except CannotCreateAccount as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("令牌 {number} 已停用").format(number=number))


def _tokens_in_use() -> Iterator[str]:
    """Number, organisation, scopes and end of each token."""
    tokens = MachineToken.objects.filter(revoked_at=None).select_related("organisation")
    for token in tokens.order_by("pk"):
        end = f"{token.ends_at:%Y-%m-%d %H:%M}" if token.ends_at else "-"
        yield f"{token.pk} {token.organisation.slug} {','.join(token.scopes)} {end}"
