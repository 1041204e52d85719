"""The canonical tables, and what a heading of one or more rows means in them.

headers.yaml has the tables' columns, headings.yaml the words that all headings share.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from qualwatch.intake.cells import Cell, folded, folded_as_shown, values
from qualwatch.law.texts_on_disk import load_yaml

# so many known columns identify a table whose key column has an unknown header
_PARTIAL_COLUMNS = 4
_LONGEST_HEADING = 40  # characters; a longer cell is no heading
_MARKS = re.compile(r"[*:;\-_/\\·、.,()\[\]【】\"'“”]")
_BOTH_ENDS = re.compile(r"起止(日期|时间)?")
_BEFORE_A_HEADING = " \u3000\xa0\ufeff\u200b\t\r\n*\uff0a'\"#[(\uff08\u3010\u201c-\u00b7"
Parts = tuple[str, ...]  # a column's heading: the words of its rows, from the top


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column: its slug, its header, whether a table is unusable without it, and
    whether a verdict may rest on it.
    """

    slug: str
    header: str
    required: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a heading says: the column, whether only in want of a better one (`is_vague`), and for
    a heading whose filled cell states a value of the column, that value.
    """

    slug: str
    is_vague: bool
    stated: str = ""


@dataclass(frozen=True, slots=True)
class TableHead:
    """A canonical table as headers.yaml describes it."""

    slug: str
    name: str
    identified_by: frozenset[str]
    columns: dict[str, Column]
    meanings: dict[str, tuple[Meaning, ...]]  # by compared heading
    deciding: tuple[str, ...]
    harmless: frozenset[str]

    def may_decide(self, heading: str) -> bool:
        """Whether a heading that is no column of the table may decide all the same."""
        # a formula or an error value where the heading was
        if heading.startswith("=") or folded(heading) in values()["error_values"]:
            return True
        text = compared(heading)
        if shared_words().opaque.fullmatch(text) or _is_bare_end(text):
            return True
        words = shared_words()
        is_harmless = text.endswith(words.harmless_endings) or any(
            word in text for word in words.harmless_words
        )
        if is_harmless or text in self.harmless or is_about_another(text):
            return False
        return any(word in text for word in self.deciding)


@dataclass(frozen=True, slots=True)
class Source:
    """A column of a sheet from which a canonical column is read."""

    position: int
    written: str
    stated: str = ""
    is_vague: bool = False

    def cell(self, cell: Cell) -> Cell:
        """A cell as the canonical column has it."""
        if not self.stated:
            return cell
        text = folded_as_shown(cell)
        return self.stated if text and text not in values()["open_ended"] else None


@dataclass(frozen=True)
class Header:
    """A heading found in a sheet: its first and last row index, its table, and what its columns
    mean.

    passed_over: vague headings beside a better one, by slug; doubtful: not understood, but they
    may decide; left_over: not used; joined: understood by the words of several rows together.
    """

    top: int
    row: int
    table: TableHead
    sources: dict[str, tuple[Source, ...]]
    left_over: list[Source]
    passed_over: list[tuple[str, Source]]
    doubtful: list[Source]
    joined: list[Source]

    @cached_property
    def positions(self) -> dict[str, int]:
        """By slug, the first column that decides it."""
        return {slug: sources[0].position for slug, sources in self.sources.items()}

    def is_vague(self, slug: str) -> bool:
        """Whether a column is read from vague headings alone."""
        sources = self.sources.get(slug, ())
        return bool(sources) and all(source.is_vague for source in sources)

    def vague_beside(self, slug: str) -> tuple[Source, ...]:
        """The vague columns that are passed over because a better one of the slug is there."""
        return tuple(source for of_slug, source in self.passed_over if of_slug == slug)

    def positions_of(self, slug: str) -> list[int]:
        """The columns of a slug, the vague ones that were passed over last."""
        return [
            source.position for source in (*self.sources.get(slug, ()), *self.vague_beside(slug))
        ]

    @cached_property
    def written(self) -> dict[str, str]:
        """By slug, the headings as they are written."""
        return {
            slug: "、".join(dict.fromkeys(source.written for source in sources))
            for slug, sources in self.sources.items()
        }

    @cached_property
    def key_positions(self) -> frozenset[int]:
        """The columns that hold the keys by which a row is known."""
        keys = self.table.identified_by & KEYS
        return frozenset(source.position for slug in keys for source in self.sources.get(slug, ()))

    @property
    def headed_positions(self) -> set[int]:
        """The columns that have a heading."""
        read = {source.position for sources in self.sources.values() for source in sources}
        vague = {source.position for _slug, source in self.passed_over}
        return read | vague | {source.position for source in (*self.left_over, *self.doubtful)}

    @property
    def repeated(self) -> list[str]:
        """Slugs of deciding columns that are read from more than one column."""
        return [
            slug
            for slug, sources in self.sources.items()
            if len([source for source in sources if not source.stated]) > 1
            and self.table.columns[slug].decides
        ]

    @property
    def strength(self) -> tuple[bool, int, int, int, int]:
        """A whole header before a partial one, then the one that explains more cells, with fewer
        columns of one meaning, then more words of groups, in fewer rows.
        """
        columns, repeated = len(self.sources), len(self.repeated)
        return not self.missing, columns, -repeated, len(self.joined), self.top - self.row

    @property
    def is_whole(self) -> bool:
        """Whether no required column is missing."""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """Headers of required columns that are not there."""
        required = [column for column in self.table.columns.values() if column.required]
        return [column.header for column in required if column.slug not in self.sources]


# columns about people and firms, and about papers: under a group of headings they may be another's
_OF_PEOPLE = frozenset(
    {"person_name", "identity", "identity_kind", "born_on", "name", "credit_code"}
)
_OF_PAPERS = frozenset({"valid_from", "valid_to", "registration_no", "certificate_no"})
# columns that say whose a row is; a row without any of them is nobody's
KEYS = frozenset({"credit_code", "identity", "payer_credit_code", "project_code", "source"})


@dataclass(frozen=True, slots=True)
class SharedWords:
    """headings.yaml."""

    starts: tuple[str, ...]
    ends: tuple[str, ...]
    same: dict[str, str]
    periods: re.Pattern[str]
    hints: re.Pattern[str]
    groups: tuple[str, ...]
    opaque: re.Pattern[str]
    row_indexes: frozenset[str]
    received_days: frozenset[str]
    other_people: tuple[str, ...]
    other_papers: tuple[str, ...]
    before: tuple[str, ...]
    harmless_cells: frozenset[str]
    harmless_if_yes: tuple[str, ...]
    paid_amounts: tuple[str, ...]
    harmless_endings: tuple[str, ...]
    harmless_words: tuple[str, ...]


@lru_cache(maxsize=1)
def shared_words() -> SharedWords:
    """The words that the headings of all tables share."""
    text: dict[str, Any] = load_yaml(Path(__file__).parent / "headings.yaml")
    hints = "|".join(map(re.escape, text["hints"]))
    beginnings = "|".join(map(re.escape, text["hints_begin"]))
    return SharedWords(
        starts=tuple(text["starts"]),
        ends=tuple(text["ends"]),
        same=text["same"],
        hints=re.compile(
            rf"\((?:{hints}|(?:{beginnings})[^()]*|[\dymd年月日位/.:*x\s-]+)\)|\[.*?\]"
        ),
        periods=re.compile(rf"({'|'.join(text['periods'])})$"),
        groups=tuple(text["groups"]),
        opaque=re.compile("|".join(text["opaque"])),
        received_days=frozenset(text["received_days"]),
        row_indexes=frozenset(["", *text["row_indexes"]]),
        other_people=tuple(text["other_people"]),
        other_papers=tuple(text["other_papers"]),
        before=tuple(text["before"]),
        harmless_cells=frozenset(map(folded, text["harmless_cells"])),
        harmless_if_yes=tuple(text["harmless_if_yes"]),
        paid_amounts=tuple(text["paid_amounts"]),
        harmless_endings=tuple(text["harmless_endings"]),
        harmless_words=tuple(text["harmless_words"]),
    )


@lru_cache(maxsize=1)
def table_heads() -> dict[str, TableHead]:
    """All canonical tables, by slug."""
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "headers.yaml")
    return {slug: _table_head(slug, text) for slug, text in loaded.items()}


def _table_head(slug: str, text: dict[str, Any]) -> TableHead:
    columns: dict[str, Column] = {}
    meanings: dict[str, tuple[Meaning, ...]] = {}
    for key, column in text["columns"].items():
        columns[key] = Column(
            key, column["header"], column.get("required", False), column.get("decides", True)
        )
        vague = set(column.get("vague", ()))
        for word in (column["header"], *column.get("aliases", ())):
            for heading in _with_other_ends(word):
                if not any(other.slug == key for other in meanings.get(heading, ())):
                    meaning = Meaning(key, word in vague)
                    meanings[heading] = (*meanings.get(heading, ()), meaning)
        for word, stated in column.get("filled", {}).items():
            heading = compared(word)
            meanings[heading] = (*meanings.get(heading, ()), Meaning(key, False, stated))
    return TableHead(
        slug,
        text["name"],
        frozenset(text["identified_by"]),
        columns,
        meanings,
        tuple(text["deciding"]),
        frozenset(map(compared, text["harmless"])),
    )


def _with_other_ends(word: str) -> list[str]:
    """A heading, compared, and where it ends with 起 or 止, with every word for these."""
    text = compared(word)
    for mark, others in (("起", shared_words().starts), ("止", shared_words().ends)):
        if text.endswith(mark):
            return [text, *(text.removesuffix(mark) + other for other in others)]
    return [text]


@lru_cache(maxsize=1)
def heading_words() -> frozenset[str]:
    """Every heading of every table, compared."""
    return frozenset(word for table in table_heads().values() for word in table.meanings)


def compared(cell: Cell) -> str:
    """A heading for comparing: without spaces, marks, units, width and case."""
    words = shared_words()
    text = words.hints.sub("", folded_as_shown(cell).lower())
    return _compared(text)


@lru_cache(maxsize=100_000)
def _compared(text: str) -> str:
    text = _MARKS.sub("", text)
    for written, word in shared_words().same.items():
        text = text.replace(written, word)
    return _BOTH_ENDS.sub("", text) or text


def is_heading_word(cell: Cell) -> bool:
    """Whether a cell is a heading of some table."""
    if not isinstance(cell, str) or cell[:1] not in first_characters():
        return False
    return len(cell) <= _LONGEST_HEADING and compared(cell) in heading_words()


@lru_cache(maxsize=1)
def first_characters() -> frozenset[str]:
    """With what a heading may begin: nearly every other cell begins with something else."""
    letters = {word[0] for word in heading_words()}
    letters |= {letter.upper() for letter in letters}
    wide = {chr(ord(letter) + 0xFEE0) for letter in letters if letter.isascii()}
    return frozenset(letters | wide | set(_BEFORE_A_HEADING))


def is_opaque(heading: str) -> bool:
    """Whether a heading says nothing of its column: 字段7, Unnamed: 0, 待确认."""
    return bool(shared_words().opaque.fullmatch(compared(heading)))


def is_row_index(heading: str) -> bool:
    """Whether a heading is missing, or the one that programs give to the numbers of rows."""
    return compared(heading) in shared_words().row_indexes


def is_day_of_payment(heading: str) -> bool:
    """Whether a heading is that of the day on which something was paid."""
    return compared(heading) in shared_words().received_days


def is_about_another(text: str) -> bool:
    """Whether a compared heading is about somebody or something else than the rows of a table."""
    words = shared_words()
    return any(word in text for word in (*words.other_people, *words.other_papers, *words.before))


def meanings_of(parts: Parts, table: TableHead) -> tuple[Meaning, ...]:
    """What a heading of several words, from the top, means in a table.

    All of them together (有效期 + 止), or the last one where the others only group columns.
    """
    words = _words_of(parts)
    together = _meanings_together(words, table)
    if together or not words:
        return together
    *groups, leaf = words
    if _is_bare_end(leaf) and not all(_is_neutral(group) for group in groups):
        return ()
    return tuple(
        meaning
        for meaning in table.meanings.get(leaf, ())
        if not any(_is_elsewhere(group, meaning.slug) for group in groups)
    )


def _words_of(parts: Parts) -> list[str]:
    return [word for word, _equal in groupby(compared(part) for part in parts) if word]


def _meanings_together(words: Sequence[str], table: TableHead) -> tuple[Meaning, ...]:
    """What two or more words, the last ones of a heading, mean together."""
    for count in range(len(words), 1, -1):
        *groups, leaf = words[-count:]
        group = "".join(groups)
        meanings = table.meanings.get(group + leaf)
        if not meanings and _is_bare_end(leaf):
            meanings = table.meanings.get(shared_words().periods.sub("", group) + leaf)
        if meanings:
            return meanings
    return ()


def _is_bare_end(word: str) -> bool:
    """Whether a word needs a group to say what begins or ends."""
    return word in shared_words().starts or word in shared_words().ends


def _is_neutral(group: str) -> bool:
    """Whether the word of a group only holds headings together."""
    return group.endswith(shared_words().groups)


def _is_elsewhere(group: str, slug: str) -> bool:
    """Whether a column under a group of headings is not about the rows of the table."""
    words = shared_words()
    return (
        any(word in group for word in words.before)
        or (slug in _OF_PEOPLE and any(word in group for word in words.other_people))
        or (slug in _OF_PAPERS and any(word in group for word in words.other_papers))
    )


def header_of(
    headings: Sequence[Parts], table: TableHead, rows: tuple[int, int], left: int = 0
) -> Header | None:
    """Headings as the header of a table; None where they are not.

    headings: of each column from the position `left`; rows: the first and last row index.
    """
    header = Header(*rows, table, {}, [], [], [], [])
    columns = [
        (Source(position, "".join(parts)), meanings_of(parts, table))
        for position, parts in enumerate(headings, left)
    ]
    precise = {
        meaning.slug
        for _source, meanings in columns
        for meaning in meanings
        if not meaning.is_vague
    }
    for (source, meanings), parts in zip(columns, headings, strict=True):
        _add_column(header, source, meanings, precise)
        if _meanings_together(_words_of(parts), table):
            header.joined.append(source)
    partial = len(header.sources) >= _PARTIAL_COLUMNS
    partial = partial and 2 * len(header.sources) >= len(table.columns)
    return header if table.identified_by <= header.sources.keys() or partial else None


def _add_column(
    header: Header, source: Source, meanings: Iterable[Meaning], precise: set[str]
) -> None:
    if source.written and not meanings:
        other = header.doubtful if header.table.may_decide(source.written) else header.left_over
        other.append(source)
    for meaning in meanings:
        if meaning.is_vague and meaning.slug in precise:
            header.passed_over.append((meaning.slug, source))
            continue
        others = header.sources.get(meaning.slug, ())
        read = replace(source, stated=meaning.stated, is_vague=meaning.is_vague)
        header.sources[meaning.slug] = (*others, read)
