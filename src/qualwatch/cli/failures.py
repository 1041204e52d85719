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
    for module, name, sentence in FAILURES:
        if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
            return sentence(error)
    return None


def _law_error(error: Any) -> str:
    first, *others = error.problems
    if not others:
        return str(first)
    more = _("（另有 {count} 处，见 qualwatch standards lint）").format(count=len(others))
    return f"{first}{more}"


def _no_sql(_error: Exception) -> str:
    return _("这份政策 duckdb 引擎表达不了，请加 --engine reference")


def _no_spark(error: Exception) -> str:
    return _("Spark Connect 用不了：{reason}").format(reason=error)


def _unknown_source(error: Exception) -> str:
    return _("没有这个来源；有 {sources}").format(sources=error)


def _damaged(error: Exception) -> str:
    return _("存档的文件缺失或被改动：{sha256}").format(sha256=error)


def _no_record(_error: Exception) -> str:
    return _("没有这条记录")


def _database_error(error: Exception) -> str:
    first_line = str(error).partition("\n")[0]
    return _("数据库用不了：{error}").format(error=first_line)


FAILURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("qualwatch.config", "NotReady", str),
    ("qualwatch.law.texts_on_disk", "LawError", _law_error),
    ("qualwatch.law.policy", "NoPolicyYet", str),
    ("qualwatch.intake.problems", "NothingReadable", str),
    ("qualwatch.evaluation.law_tables", "CannotRunAsSql", _no_sql),
    ("qualwatch.evaluation.sessions", "NoSpark", _no_spark),
    ("qualwatch.registers.sources", "UnknownSource", _unknown_source),
    ("qualwatch.registers.loads", "CannotDecide", str),
    ("qualwatch.registers.changes", "CannotRelease", str),
    ("qualwatch.registers.corrections", "CannotCorrect", str),
    ("qualwatch.archive.actions", "DamagedFile", _damaged),
    ("qualwatch.accounts.actions", "CannotCreateAccount", str),
    ("qualwatch.assessments.actions", "CannotAssess", str),
    ("qualwatch.archive.contents", "CannotStore", str),
    ("qualwatch.procedure.transitions", "CannotStep", str),
    ("qualwatch.legal_texts.actions", "CannotLoad", str),
    ("qualwatch.legal_texts.queries", "DamagedText", _damaged),
    ("qualwatch.patrol.guard", "CannotDecidePatrol", str),
    ("qualwatch.patrol.setting_aside", "CannotSetAside", str),
    ("qualwatch.cases.competence", "NotCompetent", str),
    ("qualwatch.cases.evidence_packs.pack", "CannotPack", str),
    ("django.core.management.base", "CommandError", str),
    ("django.core.exceptions", "ObjectDoesNotExist", _no_record),
    ("django.db.utils", "DatabaseError", _database_error),
)
