"""How columns are headed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import yaml

from dressings.dress import Dress, change, some
from dressings.facts import Column, Table


@cache
def other_headings() -> dict[str, dict[str, list[str]]]:
    """Register -> canonical heading -> other headings."""
    path = Path(__file__).parents[1] / "headings.yaml"
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


@change("headings")
def other_words_for_headings(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        used = {column.heading for column in table.columns}
        for column in table.columns:
            if column.heading != column.key:
                continue
            words = other_headings()[table.name].get(column.key, [])
            free = [word for word in words if word not in used]
            if free and random.random() < 0.7:
                column.heading = random.choice(free)
                used.add(column.heading)


def _rewrite(dress: Dress, random: Random, writing: Callable[[str], str]) -> None:
    for table in some(random, list(dress.tables.values())):
        for column in _named(table):
            if random.random() < 0.6:
                column.heading = writing(column.heading)


def _named(table: Table) -> list[Column]:
    """The columns that have a heading."""
    return [column for column in table.columns if column.heading.strip()]


@change("headings")
def spaces_in_headings(dress: Dress, random: Random) -> None:
    """姓 名, as headings are stretched to the width of their column."""
    space = random.choice((" ", "  ", "\u3000", "\u00a0"))
    _rewrite(dress, random, lambda text: _between(text, space, random))


@change("headings")
def line_breaks_in_headings(dress: Dress, random: Random) -> None:
    mark = random.choice(("\n", "\r\n"))
    _rewrite(dress, random, lambda text: _between(text, mark, random))


def _between(text: str, mark: str, random: Random) -> str:
    place = random.randint(1, max(1, len(text) - 1))
    return text[:place] + mark + text[place:]


@change("headings")
def marks_of_mandatory_columns(dress: Dress, random: Random) -> None:
    shape = random.choice(("*{}", "{}*", "{}（必填）", "\uff0a{}", "{}(*)", "* {}", "{}(必填)"))
    _rewrite(dress, random, shape.format)


@change("headings")
def colons_after_headings(dress: Dress, random: Random) -> None:
    shape = random.choice(("{}：", "{}:", "{} ："))
    _rewrite(dress, random, shape.format)


HINTS = {
    "day": ("（年月日）", "(yyyy-mm-dd)", "（格式：2023-06-01）", "[日期]", "（年/月/日）"),
    "month": ("（年月）", "(yyyymm)", "（格式：202601）", "[年月]"),
    "identity": ("（18位）", "(18位)", "[文本]", "（文本格式）"),
    "code": ("（18位）", "(18位)", "[文本]"),
    "number": ("（文本）", "[文本]"),
}


@change("headings")
def hints_in_brackets(dress: Dress, random: Random) -> None:
    """Units and formats after a heading."""
    for _table, column in some(random, dress.columns(*HINTS)):
        if random.random() < 0.6:
            column.heading += random.choice(HINTS[column.kind])
