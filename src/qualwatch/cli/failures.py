"""Foreseen failures as sentences, without importing the rooms that raise them.

An error of a module that was never imported cannot have been raised, so only loaded modules are
asked for their classes.
"""

import sys
from collections.abc import Callable
from typing import Any

import typer
from typer._click.exceptions import ClickException

from qualwatch.cli.command_line import usage_error_sentence
from qualwatch.cli.options import InvalidCommand
from qualwatch.wording import gettext as _


def sentence_of(error: Exception) -> str | None:
    """The sentence of a foreseen failure; None for any other."""
    if isinstance(error, InvalidCommand):
        return str(error)
    if isinstance(error, typer.Abort):
        return _("已中止")
    if isinstance(error, ClickException):
        return usage_error_sentence(error)
    for module, name, sentence in _FAILURES:
        loaded = sys.modules.get(f"qualwatch.{module}")
        if loaded is not None and isinstance(error, getattr(loaded, name)):
            return sentence(error)
    return None


def _law_sentence(error: Any) -> str:
    first, *others = error.problems
    if not others:
        return str(first)
    more = _("（另有 {count} 处，见 qualwatch standards lint）").format(count=len(others))
    return f"{first}{more}"


_FAILURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("law.texts_on_disk", "LawError", _law_sentence),
    ("law.policy", "NoPolicyYet", str),
    ("intake.problems", "NothingReadable", str),
    (
        "evaluation.law_tables",
        "CannotRunAsSql",
        lambda _error: _("这份政策 duckdb 引擎表达不了，请加 --engine reference"),
    ),
    (
        "evaluation.sessions",
        "NoSpark",
        lambda error: _("Spark Connect 用不了：{reason}").format(reason=error),
    ),
)
