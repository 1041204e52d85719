"""Credit codes with an irregular check digit: taken where they are confirmed or registers agree.

Rows with such a code wait until everything is read: only then is it known which registers have it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from qualwatch.intake.cells import (
    Cell,
    IrregularCode,
    irregular,
    near_codes,
    written_credit_code,
    written_credit_codes,
)
from qualwatch.intake.headers import table_heads
from qualwatch.intake.problems import BadCell
from qualwatch.intake.rows import BadColumn, Row, SheetReader
from qualwatch.law.texts_on_disk import load_yaml
from qualwatch.wording import gettext as _

# of irregular codes, those that other registers have
Elsewhere = Callable[[frozenset[str]], frozenset[str]]
AGREEING_TABLES = 2
CODE_COLUMNS = ("credit_code", "payer_credit_code")


def nowhere(_codes: frozenset[str]) -> frozenset[str]:
    """No register but those that are being read."""
    return frozenset()


@lru_cache(maxsize=1)
def confirmed_codes() -> Mapping[str, str]:
    """By confirmed code what confirms it (confirmed_codes.yaml)."""
    entries: list[dict[str, str]] = load_yaml(Path(__file__).parent / "confirmed_codes.yaml")
    return {entry["code"]: entry["source"] for entry in entries}


class IrregularCodes:
    """The irregular codes of one reading: the rows that wait for them, and which are taken."""

    def __init__(self, elsewhere: Elsewhere = nowhere) -> None:
        self._elsewhere = elsewhere
        self._tables: dict[str, set[str]] = defaultdict(set)
        self._waiting: list[tuple[SheetReader, Row]] = []
        self._agreed: dict[str, str] = {}  # code -> the notice
        self._near: dict[str, str] = {}  # code -> a regular code like it that the registers have
        self._noted: set[tuple[int, str]] = set()
        self._is_settled = False

    def holds_back(self, reader: SheetReader, row: Row) -> bool:
        """Whether a row has to wait because an irregular code in it may yet be taken."""
        codes = set() if self._is_settled else set(_irregular_codes(row)) - confirmed_codes().keys()
        for code in codes:
            self._tables[code].add(reader.header.table.slug)
        if codes:
            self._waiting.append((reader, row))
        return bool(codes)

    def settle(self, regular_codes: Callable[[], set[str]]) -> list[tuple[SheetReader, Row]]:
        """Decides which codes are taken when everything is read; the rows that waited, in order.

        regular_codes: all codes with a right check digit that were read.
        """
        self._is_settled = True
        elsewhere = self._elsewhere(frozenset(self._tables)) if self._tables else frozenset()
        regular = regular_codes() if self._tables else set()
        for code, tables in self._tables.items():
            near = sorted(regular.intersection(near_codes(code)))
            if near:
                self._near[code] = near[0]
            elif len(tables) >= AGREEING_TABLES or code in elsewhere:
                self._agreed[code] = _agreement(code, tables, is_elsewhere=code in elsewhere)
        waiting, self._waiting = self._waiting, []
        return waiting

    def take(self, reader: SheetReader, row: Row, column: str, code: str) -> str:
        """An irregular code of a row, with a notice; BadColumn where nothing confirms it."""
        notice = self._notice(code)
        if not notice:
            raise BadColumn(column, self._problem(code))
        if (id(reader), code) not in self._noted:
            self._noted.add((id(reader), code))
            reader.notice(row.number, column, notice)
        return code

    def _notice(self, code: str) -> str:
        source = confirmed_codes().get(code)
        if source is None:
            return self._agreed.get(code, "")
        sentence = _("信用代码 {code} 的校验位不合规则，已确认（{source}），照用")
        return sentence.format(code=code, source=source)

    def _problem(self, code: str) -> BadCell:
        if code not in self._near:
            return irregular(code)
        sentence = _("统一社会信用代码校验位不符：{code}，与登记中的 {near} 只差一处")
        problem = sentence.format(code=code, near=self._near[code])
        return BadCell(problem, irregular(code).remedy)


def _agreement(code: str, tables: Iterable[str], *, is_elsewhere: bool) -> str:
    names = "、".join(head.name for slug, head in table_heads().items() if slug in tables)
    if is_elsewhere:
        sentence = _(
            "信用代码 {code} 的校验位不合规则，别的登记册也用此码，照用；请对照营业执照确认"
        )
        return sentence.format(code=code)
    sentence = _("信用代码 {code} 的校验位不合规则，{tables}各表一致，照用；请对照营业执照确认")
    return sentence.format(code=code, tables=names)


def _irregular_codes(row: Row) -> Iterator[str]:
    """The irregular codes in a row's cells; cells that hold no code are passed over."""
    for column in CODE_COLUMNS:
        yield from _irregular_in(row.cells.get(column), lambda cell: (written_credit_code(cell),))
    yield from _irregular_in(row.cells.get("branch_credit_codes"), written_credit_codes)


def _irregular_in(
    cell: Cell, read: Callable[[Cell], tuple[str | IrregularCode, ...]]
) -> Iterator[str]:
    try:
        codes = read(cell)
    except BadCell:
        return
    yield from (code.code for code in codes if isinstance(code, IrregularCode))
