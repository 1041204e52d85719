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

LONGEST_TITLE = 80  # characters; a longer text among the rows is no title
_LONGEST_REMARK = 30
_BULLETS = "■□●○▲△▶►◆◇★☆•·-—–#§"  # before a title, as a number is
# what may stand between the characters of a word: 欠 费; Arrow's \s knows only ASCII
_SPACES = "[\\s\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u00ad]*"
_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+|[(][一二三四五六七八九十\d]+[)]|\d+)[、.)]?")
_NOTE = re.compile(r"※|(?:备?注|附注|说明|填表说明|填报说明|注意|注意事项|提示)\d?[:：]")
_ENDING = re.compile(r"\.[A-Za-z][0-9A-Za-z]{1,4}$")
_FULL_STOP = re.compile(r"([^,，:：;；。]*)。")
# what stands in brackets, or behind the last word of a firm's name
_BESIDE_A_NAME = re.compile(r"[(【\[]([^)】\]]*)|公司([^公]*)$")
_CONNECTORS = re.compile(r"[、及和与或/]")
# 开除, 解除 … state something themselves
_EXCEPT = "(?<![开解免辞删清撤消去破])除"
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
    before: str
    after: tuple[str, ...]
    paid_before: re.Pattern[str]
    paid_after: re.Pattern[str]
    other_kinds: re.Pattern[str]
    good: re.Pattern[str]
    good_beside: tuple[str, ...]
    sentences: tuple[str, ...]
    names: tuple[str, ...]
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
        before=_before(text["negations"], text["verbs"]),
        after=tuple(text["negations_after"]),
        paid_before=re.compile(rf"(?<![{text['intended']}]){text['paid_before']}$"),
        paid_after=re.compile(text["paid_after"]),
        other_kinds=_one_of(text["other_kinds"]),
        good=_one_of(text["good"]),
        good_beside=tuple(text["good_beside"]),
        sentences=tuple(text["sentences"]),
        names=tuple(text["names"]),
        any_word=_spaced(every),
    )


def _one_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _spaced(words: Iterable[str]) -> re.Pattern[str]:
    """Words as they stand in cells that are not folded, with spaces between their characters."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(_SPACES.join(map(re.escape, word)) for word in longest_first))


def _before(negations: Sequence[str], verbs: Sequence[str]) -> str:
    """A pattern of negations with a verb behind them: 未受到."""
    negated = "|".join(_EXCEPT if word == "除" else re.escape(word) for word in negations)
    return f"(?:{negated})(?:{_one_of(verbs).pattern})*"


def any_word() -> re.Pattern[str]:
    """Every word that may state something in some table, in cells that are not folded."""
    return _words().any_word


def has_word(cell: Cell) -> bool:
    """Whether a cell has a word that may state something, spaced or not."""
    return isinstance(cell, str) and not cell.isascii() and bool(any_word().search(cell))


def may_state(cell: Cell) -> bool:
    """Whether a cell has a word that may state something, and is short enough for a title."""
    return has_word(cell) and len(cell) <= LONGEST_TITLE


def statement_of_title(title: Cell, table: str) -> Statement | None:
    """What a title says of the rows of a table beneath it; None where it says nothing of them."""
    words = _words().tables.get(table)
    text = without_bullet(folded_as_shown(title))
    if words is None or not text or _is_sentence(text):
        return None
    return _statement(text, words.titles, words)


def statement_of_name(name: str, table: str) -> Statement | None:
    """What the name of a file (with its folders) or a sheet says of the rows of a table in it."""
    words = _words().tables.get(table)
    if words is None:
        return None
    for part in PurePath(name).parts:
        text = folded_as_shown(_ENDING.sub("", part))
        statement = _statement(text, words.titles, words)
        if statement is not None:
            return statement
    return None


def statement_of_remark(remark: Cell, table: str, *, is_name: bool = False) -> Statement | None:
    """What a cell beside a row says of it; is_name: of a firm's name what is added to it."""
    words = _words().tables.get(table)
    if words is None or not may_state(remark):
        return None
    text = folded_as_shown(remark)
    if is_name:
        text = " ".join(filter(None, map("".join, _BESIDE_A_NAME.findall(text))))
    elif len(text) > _LONGEST_REMARK:
        return None
    if _first_affirmed(text, words.states, is_remark=True) is None:
        return None
    return Statement(text)


def _statement(text: str, pattern: re.Pattern[str], words: TableWords) -> Statement | None:
    if _first_affirmed(text, pattern) is not None:
        return Statement(text, is_mixed=_is_mixed(_NUMBERING.sub("", text), pattern))
    if words.kinds is None or words.kinds_with is None:
        return None
    is_of_kind = words.kinds.search(text) and not words.kinds_with.search(text)
    return Statement(text, is_of_kind=True) if is_of_kind else None


def _is_mixed(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a title names rows that count as well: with a word of them, or beside a connector."""
    words = _words()
    rest = pattern.sub("*", text)
    if _first_affirmed(rest, words.other_kinds) is not None:
        return True
    parts = _CONNECTORS.split(rest)
    return len(parts) > 1 and any(
        "*" not in part and any(word in part for word in words.good_beside) for part in parts
    )


def _is_sentence(text: str) -> bool:
    if _NOTE.match(text):
        return True
    # 以下人员已注销。 is a title with a full stop
    short = _FULL_STOP.fullmatch(text)
    bare = (short[1] if short else text).replace("申请", "")
    return any(word in bare for word in _words().sentences)


def without_bullet(text: str) -> str:
    """A text without the mark of a list before it; the text where it is nothing else."""
    return text.lstrip(_BULLETS) or text


def _first_affirmed(text: str, pattern: re.Pattern[str], *, is_remark: bool = False) -> str | None:
    """The first word of a pattern that no negation stands beside; in a remark none that it says
    is settled.
    """
    words = _words()
    negated = _negated_before(pattern)
    for match in pattern.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if negated.search(before) or after.startswith(words.after):
            continue
        if is_remark and (words.paid_before.search(before) or words.paid_after.match(after)):
            continue
        return match.group()
    return None


@lru_cache(maxsize=100)
def _negated_before(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """A negation at the end of a text, over other words of the pattern: 无吊销、(撤销)."""
    return re.compile(rf"{_words().before}(?:(?:{pattern.pattern})(?:[、/及和与或]|或者|以及))*$")


def ends_section(title: Cell, opened_by: str) -> bool:
    """Whether a title ends the section of another one: it names good rows, or counts on."""
    text = without_bullet(folded_as_shown(title))
    if _first_affirmed(text, _words().good) is not None:
        return True
    return bool(_NUMBERING.match(text)) and bool(_NUMBERING.match(opened_by))


def is_remark(heading: str) -> bool:
    """Whether a column that is not read may hold remarks on its rows; heading: compared."""
    return not is_about_another(heading)


def is_of_names(heading: str) -> bool:
    """Whether a column holds names of firms, in which a word states nothing; heading: compared."""
    return heading.endswith(_words().names)


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


def is_value(header: Header, slug: str, cell: Cell) -> bool:
    """Whether a cell of one of `speaking_columns` is a value of it."""
    if slug == KIND_COLUMN:
        return not is_blank(cell)
    read_under, _good = _READINGS[slug]
    try:
        return read_under(header.written.get(slug, ""))(cell) not in ("", "unclear")
    except BadCell:
        return False


def is_contradicted(header: Header, cells: Sequence[Cell]) -> bool:
    """Whether a row's own cells say that it counts; cells: those of `speaking_columns`."""
    by_column = dict(zip(speaking_columns(header), cells, strict=True))
    return any(
        _is_good(header, slug, cell)
        for slug, cell in by_column.items()
        if slug != KIND_COLUMN and not is_blank(cell)
    )


def _is_good(header: Header, slug: str, cell: Cell) -> bool:
    read_under, good = _READINGS[slug]
    try:
        return read_under(header.written.get(slug, ""))(cell) == good
    except BadCell:
        return False


def doubt_by_title(statement: Statement, *, is_contradicted: bool) -> BadCell:
    """Why a row beneath a title is in doubt: it says nothing itself, or the contrary."""
    if is_contradicted:
        return BadCell(
            _("标题（或表名、文件名）「{title}」说明所列不算数，这一行自己写的却是正常").format(
                title=statement.text
            ),
            _("核对标题与这一行的状态，改掉写错的"),
        )
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
