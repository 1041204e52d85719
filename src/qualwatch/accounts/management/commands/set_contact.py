"""`qualwatch manage set_contact`: whom, where and how an authority's letters say to reach it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from qualwatch.accounts.actions import CannotSetContact, set_contact
from qualwatch.accounts.models import Organisation
from qualwatch.management_command import OfficeCommand
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


class Command(OfficeCommand):
    """The contact of one authority."""

    help = _n("登记一个单位的联系人、电话和地址，告知书、公示和请示要写明")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command."""
        parser.add_argument(
            "organisation", help=_("单位标识，如 province、taiyuan、taiyuan-bureau")
        )
        parser.add_argument("--contact", required=True, help=_("联系人"))
        parser.add_argument("--telephone", required=True, help=_("电话"))
        parser.add_argument("--address", required=True, help=_("地址"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Stores the contact; CommandError."""
        slug = options["organisation"]
        try:
            organisation = Organisation.objects.get(slug=slug)
            set_contact(
                organisation=organisation,
                contact=options["contact"],
                telephone=options["telephone"],
                address=options["address"],
                by="set_contact",
                at=timezone.now(),
            )
        except Organisation.DoesNotExist as error:
            slugs = Organisation.objects.order_by("slug").values_list("slug", flat=True)
            raise CommandError(
                _("没有单位 {slug}；有 {slugs}").format(slug=slug, slugs=_("、").join(slugs))
            ) from error
        except CannotSetContact as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("{name}的联系方式已登记").format(name=organisation.name))
