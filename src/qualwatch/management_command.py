"""The base of the office's management commands: their errors in the chosen language, status 2."""

import re
from typing import Any

from django.core.management.base import (
    BaseCommand,
    CommandError,
    DjangoHelpFormatter,
    handle_default_options,
)

from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# argparse offers its messages only as English text
USAGE_ERRORS = (
    (r"the following arguments are required: (.*)", _n("缺少 {0}")),
    (r"argument (.*?): invalid choice: '?(.*?)'? \(choose from (.*)\)", _n("{0} 只能是 {2}")),
    (r"argument (.*?): invalid int value: (.*)", _n("{0} 应为整数，写的是 {1}")),
    (r"argument (.*?): expected (?:one|at least one) argument", _n("{0} 后面缺少值")),
    (r"argument (.*?): ignored explicit argument (.*)", _n("{0} 后面不写值")),
    (r"unrecognized arguments: (.*)", _n("多出的参数：{0}")),
)


class _HelpFormatter(DjangoHelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or _("用法：") + " ")


class OfficeCommand(BaseCommand):
    """A command of the office.

    From the command line its errors are raised as CommandError; `qualwatch` prints them.
    """

    requires_system_checks = ()  # they load every page; the tests run them
    suppressed_base_arguments = {  # noqa: RUF012  # Django's own attribute
        "--version",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--force-color",
    }

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """The parser, its words in the chosen language."""
        kwargs["formatter_class"] = _HelpFormatter
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = _(self.help)
        parser._positionals.title, parser._optionals.title = _("参数"), _("选项")
        for action in parser._actions:
            if "--help" in action.option_strings:
                action.help = _("显示这段说明")
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Runs the command with the words after its name; CommandError."""
        parser = self.create_parser(argv[0], argv[1])
        try:
            namespace = parser.parse_args(argv[2:])
        except CommandError as error:
            raise CommandError(usage_error(str(error))) from error
        handle_default_options(namespace)
        options = vars(namespace)
        self.execute(*options.pop("args", ()), **options)


def usage_error(text: str) -> str:
    """argparse's message in the chosen language."""
    message = text.removeprefix("Error: ")
    for pattern, sentence in USAGE_ERRORS:
        if match := re.fullmatch(pattern, message):
            return _("命令有误：{text}").format(text=_(sentence).format(*match.groups()))
    return _("命令有误：{text}").format(text=message)
