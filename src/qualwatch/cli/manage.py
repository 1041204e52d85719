"""Management commands: the office's own, and Django's."""

import typer

from qualwatch.cli.database import check_prepared
from qualwatch.cli.options import ALL_READ, InvalidCommand
from qualwatch.config import load_django, load_office
from qualwatch.wording import gettext as _

HELP_WORDS = ("help", "--help", "-h", "version", "--version")


def manage(context: typer.Context) -> int:
    """Runs a management command in this process."""
    name, *words = context.args or ["help"]
    if name in HELP_WORDS or "--help" in words or "-h" in words:
        load_django()
    else:
        load_office(create=name == "prepare")
        _check(name)
    from django.core.management import ManagementUtility

    ManagementUtility(["qualwatch manage", name, *words]).execute()
    return ALL_READ


def _check(name: str) -> None:
    """Raises InvalidCommand for an unknown command, and for the office's own before `prepare`."""
    from django.core.management import get_commands, load_command_class

    from qualwatch.management_command import OfficeCommand

    app = get_commands().get(name)
    if app is None:
        raise InvalidCommand(
            _("没有管理命令 {name}，见 {help}").format(name=name, help="qualwatch manage help")
        )
    command = load_command_class(app, name) if isinstance(app, str) else app
    if isinstance(command, OfficeCommand) and name != "prepare":
        check_prepared()
