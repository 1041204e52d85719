"""A dress: the province's registers on their way from rows to files, changed step by step.

A change is a named function of a dress. Changes come in stages: rows (which rows in which order),
columns (which columns), cells (how a value is written), headings, layout (what else stands on a
sheet) and files (containers, encodings, splits). Each change draws from a random source of its
own, so that a dress keeps its other changes when one is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from dressings.facts import BASE, Column, Table, province

STAGES = ("rows", "columns", "cells", "headings", "layout", "files")
Cells = list[Any]
Rows = list[Cells]


class Mark:
    """A cell that is merged with its neighbour."""


UP = Mark()  # merged with the cell above
LEFT = Mark()  # merged with the cell to the left


@dataclass(frozen=True)
class DayCell:
    """A day that a workbook stores as one."""

    value: date
    number_format: str = "yyyy-mm-dd"


@dataclass(frozen=True)
class Formula:
    """A formula with the value that was stored with it; None = never computed."""

    text: str
    value: Any


@dataclass(frozen=True)
class RichText:
    """A text with two fonts, of at least two characters."""

    text: str


@dataclass(frozen=True)
class Container:
    """A kind of file. abilities: typed cells, merged cells, several sheets, hidden rows."""

    name: str
    ending: str
    abilities: frozenset[str] = frozenset()


def _container(name: str, ending: str, *abilities: str) -> Container:
    return Container(name, ending, frozenset(abilities))


CONTAINERS = {
    container.name: container
    for container in (
        _container("csv", ".csv", "text", "delimited"),
        _container("tab", ".txt", "text", "delimited"),
        _container("semicolon", ".csv", "text", "delimited"),
        _container("tab-xls", ".xls", "text", "delimited"),
        _container("html-xls", ".xls", "text", "merged", "html"),
        _container("xml-2003", ".xls", "typed", "merged", "sheets"),
        _container(
            "xlsx", ".xlsx", "typed", "merged", "sheets", "hidden", "formulas", "1904", "packed"
        ),
        _container("xls", ".xls", "typed", "merged", "sheets", "hidden", "1904"),
        _container("ods", ".ods", "typed", "merged", "sheets", "hidden"),
    )
}


@dataclass
class Block:
    """A table on a sheet: what stands above, its header rows, its rows, what stands below."""

    table: Table
    header: Rows
    body: Rows
    above: Rows = field(default_factory=list)
    below: Rows = field(default_factory=list)
    is_beside: bool = False  # to the right of the block before instead of under it

    @property
    def width(self) -> int:
        """Columns."""
        return max((len(row) for row in (*self.header, *self.body)), default=0)


@dataclass
class Sheet:
    """A sheet: its blocks, and cells far from them by place (row, column) from 0."""

    name: str
    blocks: list[Block]
    stray: dict[tuple[int, int], Any] = field(default_factory=dict)
    is_hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


@dataclass
class TextForm:
    """How text files are written."""

    encoding: str = "utf-8"
    line_end: str = "\r\n"
    ending: str = ""  # after the last line, e.g. Ctrl-Z
    first_line: str = ""
    quotes_all: bool = False
    cuts_empty_tails: bool = False
    more_delimiters: int = 0
    excel_texts: bool = False  # ="…" without quotes of its own


@dataclass
class HtmlForm:
    """How HTML files are written."""

    encoding: str = "utf-8"
    head_cells: bool = False  # th and thead
    layout_table: bool = False  # a table around the table
    fonts: bool = False  # elements inside cells
    closes_cells: bool = True


@dataclass
class Dress:
    """The registers, and how they are to be written."""

    container: Container
    tables: dict[str, Table] = field(default_factory=province)
    sheets: list[Sheet] = field(default_factory=list)
    text: TextForm = field(default_factory=TextForm)
    books: list[list[Sheet]] = field(default_factory=list)
    wrong_ending: str = ""
    file_names: Callable[[str], str] = str
    is_1904: bool = False
    has_chart: bool = False
    fills_blanks: bool = False  # every blank up to the last column is a cell
    packing: list[Callable[[bytes], bytes]] = field(default_factory=list)
    html: HtmlForm = field(default_factory=HtmlForm)

    def columns(self, *kinds: str) -> list[tuple[Table, Column]]:
        """Every column of these kinds, with its table."""
        return [
            (table, column)
            for table in self.tables.values()
            for column in table.columns
            if column.kind in kinds
        ]

    def blocks(self) -> list[Block]:
        """Every block of every sheet."""
        return [block for sheet in self.sheets for block in sheet.blocks]


Act = Callable[[Dress, Random], None]


@dataclass(frozen=True)
class Change:
    """A named change. loses: what a reader cannot know any more ('' = the findings are equal)."""

    name: str
    stage: str
    act: Act
    group: str = ""  # at most one of a group
    needs: str = ""  # an ability of the container
    loses: str = ""


CHANGES: dict[str, Change] = {}


def change(
    stage: str, *, group: str = "", needs: str = "", loses: str = ""
) -> Callable[[Act], Act]:
    """Registers a change under its function's name."""
    assert stage in STAGES

    def register(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        assert name not in CHANGES, name
        CHANGES[name] = Change(name, stage, act, group, needs, loses)
        return act

    return register


# two changes after which a reader may refuse a table in one sentence, though each alone is clear
AMBIGUOUS = {
    frozenset({first, second}): loss
    for first, second, loss in (
        (
            "a-heading-twice-with-the-same-content",
            "second-block-beside",
            "whether the second heading begins the table beside",
        ),
        (
            "a-key-column-twice-with-the-same-content",
            "second-block-beside",
            "whether the second heading begins the table beside",
        ),
        *(
            (
                "a-heading-twice-with-the-same-content",
                header,
                "whether the heading alone or the one in a group is meant",
            )
            for header in (
                "periods-under-one-heading",
                "periods-under-one-heading-and-others-twice",
                "headings-in-three-rows",
            )
        ),
    )
}


@dataclass(frozen=True)
class Recipe:
    """What makes a dress: a seed, a container and the names of changes."""

    seed: int
    container: str
    names: tuple[str, ...]

    @property
    def losses(self) -> list[str]:
        """What the changes lose, each by itself or two together."""
        alone = [CHANGES[name].loses for name in self.names if CHANGES[name].loses]
        together = [loss for pair, loss in AMBIGUOUS.items() if pair <= set(self.names)]
        return alone + together

    def without(self, name: str) -> Recipe:
        """The same without one change."""
        return Recipe(self.seed, self.container, tuple(n for n in self.names if n != name))

    def in_container(self, name: str) -> Recipe:
        """The same in another container, without what that one cannot hold."""
        fits = tuple(n for n in self.names if CHANGES[n].needs in ("", *CONTAINERS[name].abilities))
        return Recipe(self.seed, name, fits)

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.container}: {', '.join(self.names) or 'no change'}"


def draw(seed: int, *, lossy: bool, most: int = 12) -> Recipe:
    """A random recipe around one change in turn; `lossy`: a change that loses something."""
    random = Random(seed)
    candidates = [change for change in CHANGES.values() if bool(change.loses) == lossy]
    first = candidates[seed % len(candidates)]
    containers = [c for c in CONTAINERS.values() if first.needs in ("", *c.abilities)]
    container = random.choice(containers)
    others = [
        change
        for change in CHANGES.values()
        if not change.loses and change.needs in ("", *container.abilities) and change != first
    ]
    random.shuffle(others)
    picked = [first]
    for candidate in others[: random.randint(0, most)]:
        if not candidate.group or candidate.group not in {other.group for other in picked}:
            picked.append(candidate)
    return Recipe(seed, container.name, in_order(change.name for change in picked))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of changes by stage, within one as they are registered."""
    places = {name: place for place, name in enumerate(CHANGES)}
    return tuple(sorted(names, key=lambda name: (STAGES.index(CHANGES[name].stage), places[name])))


def dressed(recipe: Recipe) -> Dress:
    """The registers after all changes."""
    dress = Dress(CONTAINERS[recipe.container])
    for stage in STAGES:
        if stage == "layout":
            _lay_out(dress)
        if stage == "files":
            dress.books = [[sheet] for sheet in dress.sheets]
        for name in recipe.names:
            if CHANGES[name].stage == stage:
                CHANGES[name].act(dress, Random(f"{recipe.seed} {name}"))
    return dress


def _lay_out(dress: Dress) -> None:
    """Every register on a sheet of its own, days and months as text unless they are cells."""
    for table in dress.tables.values():
        header: Rows = [[column.heading for column in table.columns]]
        body = [[_text(row[column.key], column) for column in table.columns] for row in table.rows]
        dress.sheets.append(Sheet(table.name, [Block(table, header, body)]))


def _text(cell: Any, column: Column) -> Any:
    if isinstance(cell, date):
        return cell.strftime("%Y-%m") if column.kind.endswith("month") else cell.isoformat()
    return cell


def base_sheets(dress: Dress) -> list[Sheet]:
    """The sheets of the base tables and of the insurance register."""
    return [sheet for sheet in dress.sheets if sheet.name in (*BASE, "社保")]


def some(random: Random, things: list[Any]) -> list[Any]:
    """All of them, or a random part (at least one where there are any)."""
    if random.random() < 0.5 or not things:
        return list(things)
    return random.sample(things, random.randint(1, len(things)))
