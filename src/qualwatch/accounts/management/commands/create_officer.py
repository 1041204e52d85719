"""`qualwatch manage create_officer`: an account at an organisation, with roles."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotCreateAccount, create_account
from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


class Command(OfficeCommand):
    """Takes no password from the command line: it would stay in the shell's history."""

    help = _n("新建一个账号")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("username", help=_("账号名"))
        parser.add_argument(
            "--organisation",
            required=True,
            help=_("单位标识，如 province、taiyuan、taiyuan-bureau"),
        )
        parser.add_argument(
            "--role", action="append", required=True, dest="roles", help=_("角色；可写多次")
        )
        parser.add_argument("--name", default="", help=_("姓名，文书的签发人、主持人用它"))
        parser.add_argument(
            "--early-warning", action="store_true", help=_("预警权限，通知四（一）")
        )
        parser.add_argument(
            "--password-from-stdin", action="store_true", help=_("密码从标准输入读")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Asks for the password, makes the account; CommandError."""
        employer = _organisation(options["organisation"])
        password = (
            sys.stdin.readline().rstrip("\n")
            if options["password_from_stdin"]
            else getpass.getpass(_("密码："))
        )
        try:
            account = create_account(
                username=options["username"],
                password=password,
                organisation=employer,
                roles=options["roles"],
                early_warning=options["early_warning"],
                by="create_officer",
                name=options["name"],
                at=timezone.now(),
            )
        except CannotCreateAccount as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("已建账号 {name}：{organisation}，{roles}").format(
                name=account.username,
                organisation=_(employer.name),
                roles=_("、").join(options["roles"]),
            )
        )


def _organisation(slug: str) -> Organisation:
    """An organisation by its slug; CommandError naming those there are."""
    try:
        return organisation(slug)
    except Organisation.DoesNotExist as error:
        slugs = Organisation.objects.order_by("slug").values_list("slug", flat=True)
        raise CommandError(
            _("没有单位 {slug}；有 {slugs}").format(slug=slug, slugs=_("、").join(slugs))
        ) from error
