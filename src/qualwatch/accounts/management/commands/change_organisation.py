"""`qualwatch manage change_organisation`: where and when papers are collected from an authority."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotChangeContact, change_contact
from qualwatch.accounts.models import Organisation
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BY = "change_organisation"


class Command(OfficeCommand):
    """One authority."""

    help = _n("登记一个主管部门或审批局的地址、办公时间和电话，公告送达时用")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("slug", help=_("单位代号，如 city-140100"))
        parser.add_argument("--address", required=True, help=_("领取文书的地址"))
        parser.add_argument("--hours", required=True, help=_("领取文书的时间"))
        parser.add_argument("--telephone", default="", help=_("电话"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes it, or CommandError."""
        slug = options["slug"]
        try:
            change_contact(
                organisation=Organisation.objects.get(slug=slug),
                address=options["address"],
                office_hours=options["hours"],
                telephone=options["telephone"],
                by=BY,
                at=timezone.now(),
            )
        except Organisation.DoesNotExist as error:
            raise CommandError(_("没有单位 {slug}").format(slug=slug)) from error
        except CannotChangeContact as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("单位 {slug} 已更改").format(slug=slug))
