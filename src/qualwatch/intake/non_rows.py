"""Lines of a table that are no rows of it: titles, totals, signatures, notes, page numbers.

A line is surely no row only where nothing in it could be the key of a row and every word is
explained. Everything else is read as a row: where it cannot be, it is rejected and puts its table
in doubt.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qualwatch.intake.cells import Cell, folded_as_shown
from qualwatch.intake.problems import UnreadableCell
from qualwatch.law.texts_on_disk import load_yaml

_SHORTEST_CODE = 15
_CODE = re.compile(r"[0-9A-Za-z]{15}")  # as long as the shortest code of a person or firm
# a key, or a bad copy of one; fewer digits alone are a count
_KEY = re.compile(r"(?=.*\d)(?=.*[A-Za-z*+\-·/])[0-9A-Za-z()*+.\-·/]{5,}|\d{8,}(\.0+)?")
_MARKS_ONLY = re.compile(r"[\s\-_=—―─–~*·.…,、。;:/\\|+#<>\x00-\x1f\x7f\ufffd]+")
_BULLET = re.compile(r"^[■□●○▲△▶►◆◇★☆•]+(?=.)")  # before a title, as a number is
# how the label of a code ends
_LABELS_OF_CODES = ("代码", "编码", "编号", "号码", "号")
_LOST = "\ufffc"  # in place of a value that the file lost
_NUMBER = re.compile(r"\ufffc|\(?-?\d{1,9}(,\d{3})*(\.\d+)?%?\)?")
_DAY = re.compile(
    r"(\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?|月份?)?|\d{8})"
    r"([\sT]*\d{1,2}:\d{2}(:\d{2})?)?"
)
_PAGE = re.compile(
    r"[-—]+\d+[-—]+|第?\d+页?[,/\\共of]*第?共?\d+页|第[一二三四五六七八九十\d]+页.*|"
    r"共\d+页.*|page:?\d+(of\d+)?|\d+/\d+"
)
_NAME_OF_A_TABLE = re.compile(r".*(表|名单|名册|清单)(\(.*\))?|.{9,}")
_NAME_IN_A_PROGRAM = re.compile(r"[a-z][a-z_]*\d{0,3}")
_COLUMNS_NAMED = 3
_WITHIN_NAME = 5  # characters of the longest name that could be a person's
_FIRMS = ("公司", "企业", "单位")
_LONGEST_LINE_WORD = 60  # characters of a label with its value
_OTHER_WORDS = 1  # words of a total that are neither it nor numbers: what it totals
_OTHER_WORDS_WITH_NUMBER = 3


@dataclass(frozen=True, slots=True)
class LineWords:
    """non_rows.yaml as patterns."""

    total: re.Pattern[str]
    label: re.Pattern[str]
    note: re.Pattern[str]
    counted: re.Pattern[str]
    title: re.Pattern[str]
    lines: frozenset[str]
    hints: frozenset[str]
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class RowPositions:
    """Where a table's cells stand: its keys, its other columns, the people's names, and whether the
    keys are codes.
    """

    keys: Collection[int]
    others: frozenset[int]
    names: frozenset[int]
    first: int
    are_codes: bool


@lru_cache(maxsize=1)
def line_words() -> LineWords:
    """The words of lines that are no rows."""
    text: dict[str, Any] = load_yaml(Path(__file__).parent / "non_rows.yaml")

    def one_of(*groups: str) -> str:
        words = {word for group in groups for word in text[group]}
        return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"

    units = one_of("units")
    number = rf"[:]?\d[\d,.]*{units}?"
    brackets = r"(?:[(].{0,20}[)])?"
    return LineWords(
        total=re.compile(
            rf".{{0,30}}?[(【]?{one_of('totals')}[)】]?{brackets}(?:{number}|[:])?{units}?[.。]?|"
            rf".{{0,20}}?{one_of('totals', 'totals_with_number')}{number}[.。]?"
        ),
        label=re.compile(rf"[(]?{one_of('labels')}{brackets}[)]?(?:[:].*)?"),
        note=re.compile(rf"※.*|\([^()]{{4,}}\)|[(*]*{one_of('notes')}\d?[)]?[:、.].*", re.DOTALL),
        counted=re.compile(rf"{number}"),
        title=re.compile(
            rf".*{one_of('titles')}{brackets}|[一二三四五六七八九十]+[、.].*|[(][一二三四五六七八九十\d]+[)].*"
        ),
        lines=frozenset(text["lines"]),
        hints=frozenset(text["hints"]),
        labels=frozenset(text["labels"]),
    )


def is_surely_no_row(
    row: Sequence[Cell], positions: RowPositions, titles: Collection[tuple[str, ...]]
) -> bool:
    """Whether a line that is not blank is no row.

    row: the cells of the table's columns, from its first one; titles: lines above the header.
    """
    filled = {
        position: text
        for position, cell in enumerate(row, positions.first)
        if (text := _text_of(cell)) and not _MARKS_ONLY.fullmatch(text)
    }
    if not filled:
        return True
    if tuple(filled.values()) in titles:
        return True
    filled = {position: _BULLET.sub("", text) for position, text in filled.items()}
    words = tuple(filled.values())
    if _are_column_numbers(words) or _are_about_columns(words):
        return True
    if any(
        _may_be_key(filled[position], positions)
        for position in positions.keys
        if position in filled
    ):
        return False
    if any(_CODE.search(word) for word in words):
        return False
    if len(filled) == 1:
        ((position, word),) = filled.items()
        return _is_explained(word) or _is_heading_of_rows(position, word, positions)
    return _is_total(words) or _is_line_of_words(filled, positions)


def is_total(cells: Iterable[Cell]) -> bool:
    """Whether the first filled cell of a line is a total (本页小计), which is no title."""
    texts = filter(None, map(_text_of, cells))
    return bool(line_words().total.fullmatch(next(texts, "")))


def is_line_of_labels(filled: Mapping[int, str]) -> bool:
    """Whether the words of a line, by position, are labels with their values (填报人, 甲, 日期)."""
    first = min(filled, default=0)
    nowhere = RowPositions((), frozenset(), frozenset(), first, are_codes=True)
    return _is_line_of_words({position: text.lower() for position, text in filled.items()}, nowhere)


def _text_of(cell: Cell) -> str:
    """A cell as it is compared; a value that the file lost may be a number (the sum of a total)."""
    return _LOST if isinstance(cell, UnreadableCell) else folded_as_shown(cell).lower()


def is_surely_above(row: Sequence[Cell]) -> bool:
    """Whether a line above a header is no row.

    At most one of its cells is a code or a day, and a code stands behind its label.
    """
    data, label = 0, ""
    for cell in row:
        text = folded_as_shown(cell)
        is_code_alone = bool(_CODE.search(text)) and ":" not in text
        if is_code_alone and not label.endswith(_LABELS_OF_CODES):
            return False
        is_day = bool(_DAY.fullmatch(text))
        data += is_code_alone or is_day or isinstance(cell, UnreadableCell)
        label = text.rstrip(":") or label
    return data <= 1


def words_of(row: Sequence[Cell]) -> tuple[str, ...]:
    """The filled cells of a line, for comparing lines."""
    texts = (folded_as_shown(cell).lower() for cell in row)
    return tuple(text for text in texts if text and not _MARKS_ONLY.fullmatch(text))


def _may_be_key(word: str, positions: RowPositions) -> bool:
    if not positions.are_codes:
        is_other = (
            _NAME_OF_A_TABLE.fullmatch(word)
            or _NUMBER.fullmatch(word)
            or line_words().counted.fullmatch(word)
        )
        return not (is_other or _is_explained(word))
    if word == _LOST:
        return True
    is_other = _DAY.fullmatch(word) or _PAGE.fullmatch(word)
    return bool(_KEY.fullmatch(word)) and not is_other


def is_code(cell: Cell) -> bool:
    """Whether a cell is as long as the number of a person or firm, without further words."""
    if not isinstance(cell, str) or len(cell) < _SHORTEST_CODE:
        return False
    return cell.isascii() and cell.isalnum()


def holds_code(cells: Iterable[Cell]) -> bool:
    """Whether a cell holds something as long as the number of a person or firm."""
    return any(_CODE.search(folded_as_shown(cell)) for cell in cells)


def _are_column_numbers(words: tuple[str, ...]) -> bool:
    """1, 2, 3 … or (1), (2), (3) … or A, B, C … under every column."""
    if len(words) < 2:
        return False
    bare = [re.sub(r"[()栏列.]", "", word) for word in words]
    return bare in (
        [str(number) for number in range(1, len(bare) + 1)],
        [chr(ord("a") + number) for number in range(min(len(bare), 26))],
        [chr(ord("①") + number) for number in range(min(len(bare), 20))],
        list("一二三四五六七八九十")[: len(bare)],
    )


def _are_about_columns(words: tuple[str, ...]) -> bool:
    """必填, 选填, … or the names of the columns in a program (credit_code, name, …)."""
    if len(words) < _COLUMNS_NAMED:
        return False
    hints = line_words().hints
    return all(re.sub(r"\(.*\)", "", word) in hints for word in words) or all(
        map(_NAME_IN_A_PROGRAM.fullmatch, words)
    )


def _is_explained(word: str) -> bool:
    """Whether a cell says by itself that it belongs to no row."""
    words = line_words()
    return (
        word in words.lines
        or word.strip("()-—*.。0123456789") in words.lines
        or (len(word) <= _LONGEST_LINE_WORD and bool(words.total.fullmatch(word)))
        or (len(word) <= _LONGEST_LINE_WORD and bool(words.label.fullmatch(word)))
        or bool(words.note.fullmatch(word))
        or bool(_PAGE.fullmatch(word) or _DAY.fullmatch(word))
    )


def _is_heading_of_rows(position: int, word: str, positions: RowPositions) -> bool:
    """Whether a single cell is the title of what follows, or a stray remark."""
    is_title = bool(line_words().title.fullmatch(word))
    if position in positions.names:
        return len(word) > _WITHIN_NAME or word.endswith(_FIRMS)
    if position in positions.keys:
        return positions.are_codes or bool(_NAME_OF_A_TABLE.fullmatch(word))
    return is_title or position not in positions.others


def _is_total(words: tuple[str, ...]) -> bool:
    """Whether the first cell that is no number is a total, and the others can be its parts."""
    pattern = line_words()
    texts = [word for word in words if not _NUMBER.fullmatch(word)]
    # 3人 | 3人: one count may be what is left of a row, two are a line of totals
    if len(texts) > 1 and all(map(pattern.counted.fullmatch, texts)):
        return True
    if not texts or not pattern.total.fullmatch(texts[0]):
        return False
    if any(_DAY.fullmatch(word) for word in words):
        return False
    counts = [word for word in texts[1:] if pattern.counted.fullmatch(word)]
    others = [word for word in texts[1:] if word not in counts and not _is_explained(word)]
    has_number = len(texts) < len(words) or bool(counts) or any(map(str.isdigit, texts[0]))
    return len(others) <= (_OTHER_WORDS_WITH_NUMBER if has_number else _OTHER_WORDS)


def _is_line_of_words(filled: Mapping[int, str], positions: RowPositions) -> bool:
    """Whether every cell is a label, its value, a day or a page number; a title may come first."""
    pattern = line_words()
    (first_position, first), *others = filled.items()
    if not _is_explained(first):
        is_title = first_position == positions.first and pattern.title.fullmatch(first)
        if (
            not is_title
            or not positions.are_codes
            or first_position in positions.others | positions.names
        ):
            return False
    expects_value = _is_bare_label(first)
    for position, word in others:
        if _NUMBER.fullmatch(word) or _PAGE.fullmatch(word) or _is_explained(word):
            expects_value = _is_bare_label(word)
        elif expects_value and len(word) <= _LONGEST_LINE_WORD:
            expects_value = False
        elif position in positions.others | positions.names or not pattern.title.fullmatch(word):
            return False
    return True


def _is_bare_label(word: str) -> bool:
    """Whether a cell is a label whose value stands in the next one."""
    bare = re.sub(r"[(].*?[)]", "", word).rstrip(":")
    return bare in line_words().labels
