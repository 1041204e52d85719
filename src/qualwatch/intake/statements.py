"""What titles, names and remarks state of rows: 欠费人员名单, 已注销人员, 停缴 (statements.yaml).

Rows of which a title says that they do not count are in doubt, unless their own cells say it too.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from qualwatch.intake.cells import Cell, folded_as_shown, is_blank
from qualwatch.intake.headers import Header, is_about_another
from qualwatch.intake.problems import BadCell
from qualwatch.intake.vocabulary import amount, payment_word_under, state_under
from qualwatch.law.texts_on_disk import load_yaml
from qualwatch.wording import gettext as _

LONGEST_TITLE = 40  # characters; a longer text is no title
_LONGEST_NEGATION = 4  # characters
_LONGEST_REMARK = 30
_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+|[(][一二三四五六七八九十\d]+[)]|\d+)[、.)]?")
_NOTE = re.compile(r"[※★☆◆●▲■*]|(?:备?注|附注|说明|填表说明|填报说明|注意|注意事项|提示)\d?[:：]")
# by column, how a cell is read under its heading, and the value that contradicts a statement
_READINGS: dict[str, tuple[Callable[[str], Callable[[Cell], str]], str]] = {
    "register_state": (state_under, "in-force"),
    "payment_state": (payment_word_under, "paid"),
    "amount_received": (lambda _heading: amount, "positive"),
    "amount_owed": (lambda _heading: amount, "zero"),
}
# columns of texts in which somebody may have written a remark too
TEXT_COLUMNS = (
    "person_name",
    "identity",
    "profession",
    "profession_grade",
    "speciality",
    "registration_no",
    "insurance_kind",
    "name",
    "qualification",
    "sub_item",
    "grade",
    "certificate_no",
)
KIND_COLUMN = "insurance_kind"


@dataclass(frozen=True, slots=True)
class Statement:
    """A text that says that rows do not count.

    is_mixed: it names others as well. is_of_kind: it names another insurance.
    """

    text: str
    is_mixed: bool = False
    is_of_kind: bool = False


@dataclass(frozen=True, slots=True)
class TableWords:
    """The words of one table, as patterns."""

    states: re.Pattern[str]
    titles: re.Pattern[str]
    kinds: re.Pattern[str] | None
    kinds_with: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class SharedWords:
    """The words of statements.yaml that all tables share."""

    tables: dict[str, TableWords]
    before: tuple[str, ...]
    after: tuple[str, ...]
    other_kinds: tuple[str, ...]
    good: tuple[str, ...]
    sentences: tuple[str, ...]
    remarks: tuple[str, ...]
    any_word: re.Pattern[str]


@lru_cache(maxsize=1)
def _words() -> SharedWords:
    text: dict[str, Any] = load_yaml(Path(__file__).parent / "statements.yaml")
    tables = {
        slug: TableWords(
            states=_one_of(words["states"]),
            titles=_one_of([*words["states"], *words["titles"]]),
            kinds=_one_of(words["kinds"]) if "kinds" in words else None,
            kinds_with=_one_of(words["kinds_with"]) if "kinds_with" in words else None,
        )
        for slug, words in text.items()
        if isinstance(words, dict)
    }
    every = {
        word
        for words in text.values()
        if isinstance(words, dict)
        for name in ("states", "titles", "kinds")
        for word in words.get(name, ())
    }
    return SharedWords(
        tables=tables,
        before=tuple(text["negations"]),
        after=tuple(text["negations_after"]),
        other_kinds=tuple(text["other_kinds"]),
        good=tuple(text["good"]),
        sentences=tuple(text["sentences"]),
        remarks=tuple(text["remarks"]),
        any_word=_one_of(every),
    )


def _one_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def any_word() -> re.Pattern[str]:
    """Every word that may state something in some table."""
    return _words().any_word


def may_state(cell: Cell) -> bool:
    """Whether a cell has a word that may state something, and is short enough for a title."""
    if not isinstance(cell, str) or cell.isascii() or len(cell) > LONGEST_TITLE:
        return False
    return bool(any_word().search(cell))


def statement_of_title(title: Cell, table: str) -> Statement | None:
    """What a title says of the rows of a table beneath it; None where it says nothing of them."""
    words = _words().tables.get(table)
    text = folded_as_shown(title)
    if words is None or not text or len(text) > LONGEST_TITLE or _is_sentence(text):
        return None
    return _statement(text, words.titles, words)


def statement_of_name(name: str, table: str) -> Statement | None:
    """What the name of a file (with its folders) or a sheet says of the rows of a table in it."""
    words = _words().tables.get(table)
    if words is None:
        return None
    for part in PurePath(name).parts:
        statement = _statement(folded_as_shown(PurePath(part).stem), words.titles, words)
        if statement is not None:
            return statement
    return None


def statement_of_remark(remark: Cell, table: str) -> Statement | None:
    """What a cell beside a row says of it."""
    words = _words().tables.get(table)
    if words is None or not may_state(remark):
        return None
    text = folded_as_shown(remark)
    if len(text) > _LONGEST_REMARK or _first_affirmed(text, words.states) is None:
        return None
    return Statement(text)


def _statement(text: str, pattern: re.Pattern[str], words: TableWords) -> Statement | None:
    text_of_kind = _NUMBERING.sub("", text)
    if _first_affirmed(text, pattern) is not None:
        is_mixed = any(word in text_of_kind for word in _words().other_kinds)
        return Statement(text, is_mixed=is_mixed)
    if words.kinds is None or words.kinds_with is None:
        return None
    is_of_kind = words.kinds.search(text) and not words.kinds_with.search(text)
    return Statement(text, is_of_kind=True) if is_of_kind else None


def _is_sentence(text: str) -> bool:
    return bool(_NOTE.match(text)) or any(word in text for word in _words().sentences)


def _first_affirmed(text: str, pattern: re.Pattern[str]) -> str | None:
    """The first word of a pattern that no negation stands beside."""
    words = _words()
    for match in pattern.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if not before.endswith(words.before) and not after.startswith(words.after):
            return match.group()
    return None


def ends_section(title: Cell, opened_by: str) -> bool:
    """Whether a title ends the section of another one: it names good rows, or counts on."""
    text = folded_as_shown(title)
    if any(word in text for word in _words().good):
        return True
    return bool(_NUMBERING.match(text)) and bool(_NUMBERING.match(opened_by))


def is_remark(heading: str) -> bool:
    """Whether a column that is not read may hold remarks on its rows; heading: compared."""
    return not is_about_another(heading) and any(word in heading for word in _words().remarks)


def speaking_columns(header: Header) -> tuple[str, ...]:
    """The columns of a table that say of each row what a title would say of all."""
    return tuple(slug for slug in (*_READINGS, KIND_COLUMN) if slug in header.positions)


def is_spoken_for(header: Header, statement: Statement, cells: Sequence[Cell]) -> bool:
    """Whether a row's own cells say what a title says, or where that is mixed, something.

    cells: those of `speaking_columns`.
    """
    by_column = dict(zip(speaking_columns(header), cells, strict=True))
    if statement.is_of_kind:
        return not is_blank(by_column.get(KIND_COLUMN))
    by_column.pop(KIND_COLUMN, None)
    filled = {slug: cell for slug, cell in by_column.items() if not is_blank(cell)}
    if statement.is_mixed:
        return bool(filled)
    return bool(filled) and not any(_is_good(header, slug, cell) for slug, cell in filled.items())


def _is_good(header: Header, slug: str, cell: Cell) -> bool:
    read_under, good = _READINGS[slug]
    try:
        return read_under(header.written.get(slug, ""))(cell) == good
    except BadCell:
        return False


def doubt_by_title(statement: Statement) -> BadCell:
    """Why a row beneath a title is in doubt."""
    return BadCell(
        _("标题（或表名、文件名）「{title}」说明所列不算数，这一行自己没有写明").format(
            title=statement.text
        ),
        _("加一列状态逐行写明；标题与数据无关的，改掉标题"),
    )


def doubt_without_day() -> BadCell:
    """Why a row without a day of payment is in doubt where others have one."""
    return BadCell(
        _("别的行有缴费（到账）日期，这一行没有，可能没有缴"), _("加一列缴费状态逐行写明")
    )


def doubt_by_remark(statement: Statement) -> BadCell:
    """Why a row with a remark is in doubt."""
    return BadCell(
        _("旁注「{remark}」影响结论，状态列没有写明").format(remark=statement.text),
        _("把这一情况写进状态列"),
    )
