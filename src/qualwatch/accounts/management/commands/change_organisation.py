"""`qualwatch manage change_organisation`: whom, where and when an authority is reached."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CONTACT_COLUMNS, CannotChangeContact, change_contact
from qualwatch.accounts.models import Organisation
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BY = "change_organisation"


class Command(OfficeCommand):
    """One authority."""

    help = _n("登记一个主管部门或审批局的联系人、电话、地址和办公时间；文书和公告要写明")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument("slug", help=_("单位标识，如 province、city-140100"))
        parser.add_argument("--contact", help=_("联系人"))
        parser.add_argument("--telephone", help=_("电话"))
        parser.add_argument("--address", help=_("地址，也是领取文书的地方"))
        parser.add_argument("--hours", dest="office_hours", help=_("领取文书的时间"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes what is given, or CommandError."""
        slug = options["slug"]
        given = {name: options[name] for name in CONTACT_COLUMNS if options[name] is not None}
        try:
            change_contact(
                organisation=Organisation.objects.get(slug=slug), by=BY, at=timezone.now(), **given
            )
        except Organisation.DoesNotExist as error:
            slugs = Organisation.objects.exclude(kind="enterprise").order_by("slug")
            raise CommandError(
                _("没有单位 {slug}；有 {slugs}").format(
                    slug=slug, slugs=_("、").join(slugs.values_list("slug", flat=True))
                )
            ) from error
        except CannotChangeContact as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("单位 {slug} 已更改").format(slug=slug))
