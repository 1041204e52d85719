"""Typer's commands and groups in the chosen language, and its usage errors as sentences.

Typer carries a copy of Click without Click's translations. Sentences are therefore built here from
the kind of error and the parameter, never from the English text.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer import core, main
from typer._click import exceptions  # Typer does not export these classes

from qualwatch.cli.options import InvalidCommand, read_day
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

HELP_WORDS = {
    "Arguments": _n("参数"),
    "Options": _n("选项"),
    "Commands": _n("命令"),
    "required": _n("必填"),
    "default: {default}": _n("默认：{default}"),
}


def _help_word(message: str) -> str:
    return _(HELP_WORDS[message]) if message in HELP_WORDS else message


core._ = _help_word  # type: ignore[attr-defined]  # what Typer calls for the words of a help text


class _Translated:
    """Usage line, help texts and surplus arguments in the chosen language."""

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        """The usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=_("用法：") + " ")

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help."""
        option = super().get_help_option(ctx)  # type: ignore[misc]  # of Typer's class
        if option is not None:
            option.help = _("显示这段说明")
        return option

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises InvalidCommand for arguments that the command does not have."""
        allowed, ctx.allow_extra_args = ctx.allow_extra_args, True
        try:
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # Typer's
        except exceptions.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if rest and not allowed and not ctx.resilient_parsing:
            raise InvalidCommand(_("多出的参数：{words}").format(words=" ".join(rest)))
        return rest


class Command(_Translated, core.TyperCommand):
    """A command."""


class Group(_Translated, core.TyperGroup):
    """A command with commands below it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names; InvalidCommand."""
        name = args[0]
        is_unknown = self.get_command(ctx, name) is None and not name.startswith("-")
        # while the shell completes a line, an unknown command is not an error
        if is_unknown and not ctx.resilient_parsing:
            from difflib import get_close_matches

            similar = get_close_matches(name, self.list_commands(ctx), 1)
            hint = _("，是不是 {name}").format(name=similar[0]) if similar else ""
            raise InvalidCommand(
                _("没有命令 {name}{hint}，见 {help}").format(
                    name=name, hint=hint, help=f"{ctx.command_path} --help"
                )
            )
        return super().resolve_command(ctx, args)


class Entry(NamedTuple):
    """A command that is loaded when it is called: `module:name`, and its help."""

    target: str
    help: str
    settings: Mapping[str, Any] = {}


class LazyGroup(Group):
    """A group that lists its commands from `entries` and imports only the one that is called."""

    entries: Mapping[str, Entry] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of `entries`."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None without one."""
        if cmd_name not in self.entries:
            return None
        if cmd_name not in self.commands:
            command = load_command(cmd_name, self.entries[cmd_name])
            translate_help(command)
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in a help text; loads none of them."""
        with formatter.section(_(HELP_WORDS["Commands"])):
            formatter.write_dl([(name, _(entry.help)) for name, entry in self.entries.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names that begin with `incomplete`; loads no command."""
        from typer._click.shell_completion import CompletionItem

        names = [name for name in self.entries if name.startswith(incomplete)]
        options = super(core.TyperGroup, self).shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=_(self.entries[name].help)) for name in names] + options


def load_command(name: str, entry: Entry) -> Any:
    """The command of an entry, its module imported."""
    module, _colon, attribute = entry.target.partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        group = main.get_group(target)
        group.name = name
        return group
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=Command, help=entry.help, **entry.settings)(target)
    return main.get_command(app)


def translate_help(command: Any) -> None:
    """Translates the help of a command and of what stands below it, in place."""
    command.options_metavar = _("[选项]")
    if isinstance(command, core.TyperGroup):
        command.subcommand_metavar = _("命令 [参数]…")
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for below in getattr(command, "commands", {}).values():
        translate_help(below)


def usage_error_sentence(error: Exception) -> str:
    """What is wrong with the words of a command, in one sentence."""
    if isinstance(error, exceptions.NoArgsIsHelpError):
        return _("请写明命令，见 {help}").format(help=f"{error.ctx.command_path} --help")
    return _("命令有误：{text}").format(text=_problem(error))


def _problem(error: Exception) -> str:
    if isinstance(error, exceptions.MissingParameter):
        return _missing(error.param)
    if isinstance(error, exceptions.BadParameter):
        return _("{name} 的值不能用{expected}").format(
            name=_name(error.param), expected=_expected(error.param)
        )
    if isinstance(error, exceptions.NoSuchOption):
        similar = _("、").join(sorted(error.possibilities or ()))
        hint = _("，是不是 {name}").format(name=similar) if similar else ""
        return _("没有选项 {name}{hint}").format(name=error.option_name, hint=hint)
    if isinstance(error, exceptions.BadOptionUsage):
        return _option_usage(error)
    path = getattr(getattr(error, "ctx", None), "command_path", "qualwatch")
    return _("写法不对，见 {help}").format(help=f"{path} --help")


def _missing(param: Any) -> str:
    is_option = param is not None and param.param_type_name == "option"
    sentence = _("缺少选项 {name}{expected}") if is_option else _("缺少参数 {name}{expected}")
    return sentence.format(name=_name(param), expected=_expected(param))


def _option_usage(error: exceptions.BadOptionUsage) -> str:
    params = error.ctx.command.params if error.ctx else []
    names_flag = any(
        error.option_name in param.opts and getattr(param, "is_flag", False) for param in params
    )
    sentence = _("选项 {name} 后面不写值") if names_flag else _("选项 {name} 后面缺少值")
    return sentence.format(name=error.option_name)


def _name(param: Any) -> str:
    if param is None:
        return ""
    if param.param_type_name == "option":
        return str(max(param.opts, key=len))
    return str(param.display_name_raw)


def _expected(param: Any) -> str:
    """What a parameter takes, as the second half of a sentence; '' where anything would do."""
    if param is None:
        return ""
    kind = param.type_descriptor
    if kind.is_choice:
        return _("，只能是 {choices}").format(choices=_("、").join(map(str, kind.choices or ())))
    if kind.parameter_info.parser is read_day:
        return _("，应为日期，如 2026-05-20 或 2026/5/20")
    if kind.is_ranged:
        least, most = kind.parameter_info.min, kind.parameter_info.max
        if most is None:
            return _("，应为不小于 {least} 的整数").format(least=least)
        return _("，应为 {least} 到 {most} 的整数").format(least=least, most=most)
    if kind.annotation is int:
        return _("，应为整数")
    return ""
