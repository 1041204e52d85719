"""Cells of a sheet of .xlsx, read one by one: for sheets that calamine cannot be given."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import IO, Any

from qualwatch.intake.containers.content import damaged
from qualwatch.intake.containers.limits import limit
from qualwatch.intake.containers.markup import attribute, elements, local_name
from qualwatch.intake.containers.sheet_data import Area, Cell, error_cell, formula_cell, is_blank

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})$")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")  # a character that XML may not hold
_BUILT_IN_DAYS = {*range(14, 23), *range(27, 37), *range(50, 59)}
_BUILT_IN_SPANS = {45, 46, 47}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]", re.I)
_DAY_LETTERS = re.compile(r"[ymdhs]|am/pm", re.I)
_LAST_SERIAL = 2_958_466  # 10000-01-01
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a serial number has no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_FIRST_OF_MARCH_1900 = 60  # Excel counts a 29 February 1900
DAY, SPAN, NUMBER = "day", "span", "number"


@dataclass(slots=True)
class SheetContent:
    """What one pass through a sheet gives: cells that are not blank by row and column from 0."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)  # from 1
    merged: list[Area] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CellReader:
    """What cells refer to: shared texts, the kind of number of every style."""

    strings: list[str]
    formats: list[str]
    counts_from_1904: bool
    is_never_calculated: bool

    def value(self, cell: Any) -> Cell:
        """The value of a <c> element."""
        kind = cell.get("t") or "n"
        parts = {local_name(part): part for part in cell}
        value = parts.get("v")
        text = "".join(value.itertext()) if value is not None else ""
        if "f" in parts and self._is_lost(kind, text, value is not None):
            return formula_cell("".join(parts["f"].itertext()))
        if kind == "inlineStr":
            return rich_text(parts["is"]) if "is" in parts else text
        if kind == "e":
            return error_cell(text or "#N/A")
        return self._typed(kind, text, cell.get("s")) if text else ""

    def _is_lost(self, kind: str, text: str, has_value: bool) -> bool:
        if text:
            return self.is_never_calculated and kind == "n" and text in ("0", "0.0")
        return not (kind == "str" and has_value)

    def _typed(self, kind: str, text: str, style: str | None) -> Cell:
        if kind == "s":
            at = int(text) if text.strip().isdigit() else -1
            if not 0 <= at < len(self.strings):
                raise damaged()
            return self.strings[at]
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind in ("str", "d"):
            return text
        try:
            number = float(text)
        except ValueError:
            return text
        at = int(style) if style and style.isdigit() else 0
        return dated(
            number,
            self.formats[at] if at < len(self.formats) else NUMBER,
            counts_from_1904=self.counts_from_1904,
        )


def dated(number: float, kind: str, *, counts_from_1904: bool) -> Cell:
    """A number by its format: a day, a moment, a time, a span, or the number."""
    if kind == SPAN:
        return timedelta(days=number)
    if kind != DAY or not 0 <= number < _LAST_SERIAL:
        return number
    if number < 1:
        return (_EPOCH + timedelta(milliseconds=round(number * 86_400_000))).time()
    epoch = _EPOCH_1904 if counts_from_1904 else _EPOCH
    if not counts_from_1904 and number < _FIRST_OF_MARCH_1900:
        number += 1
    moment = epoch + timedelta(milliseconds=round(number * 86_400_000))
    return moment.date() if moment.time() == time() else moment


def styles(root: Any) -> list[str]:
    """The kind of number of every cell format of styles.xml."""
    custom = {
        attribute(element, "numFmtId"): attribute(element, "formatCode") or ""
        for element in root.iter()
        if local_name(element) == "numFmt"
    }
    formats = next((element for element in root if local_name(element) == "cellXfs"), ())
    numbers = [attribute(element, "numFmtId") or "0" for element in formats]
    return [
        kind_of_format(custom[number]) if number in custom else _built_in(number)
        for number in numbers
    ]


def _built_in(number: str) -> str:
    at = int(number) if number.isdigit() else 0
    if at in _BUILT_IN_SPANS:
        return SPAN if at == 46 else DAY
    return DAY if at in _BUILT_IN_DAYS else NUMBER


def kind_of_format(code: str) -> str:
    """Whether a number format shows days, spans of time or numbers."""
    plain = _QUOTED.sub("", code.split(";")[0])
    if _SPAN.search(plain):
        return SPAN
    return DAY if _DAY_LETTERS.search(plain) and "general" not in plain.lower() else NUMBER


def shared_strings(stream: IO[bytes]) -> list[str]:
    """The shared texts of a workbook, without phonetic readings."""
    return [rich_text(item) for item in elements(stream, "si")]


def rich_text(item: Any) -> str:
    """The text of an <si> or <is> element."""
    texts = []
    for part in item:
        name = local_name(part)
        if name == "t":
            texts.append(part.text or "")
        elif name == "r":
            texts += [run.text or "" for run in part if local_name(run) == "t"]
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), "".join(texts))
    # a character beyond the first plane is written as two escapes
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_cells(stream: IO[bytes], reader: CellReader) -> SheetContent:
    """One pass through a sheet; only cells that are not blank are kept."""
    content = SheetContent()
    next_row = 0
    for element in elements(stream, "row", "mergeCell"):
        if local_name(element) == "mergeCell":
            content.merged += _area(attribute(element, "ref") or "")
            continue
        number = element.get("r")
        row = int(number) - 1 if number and number.isdigit() else next_row
        next_row = row + 1
        if element.get("hidden") in ("1", "true"):
            content.hidden_rows.append(row + 1)
        for at, column, cell in _cells(element, row, reader):
            if not 0 <= at < limit("sheet_rows"):
                raise damaged()
            content.rows.setdefault(at, {})[column] = cell
    return content


def _cells(row: Any, at: int, reader: CellReader) -> Iterator[tuple[int, int, Cell]]:
    next_column = 0
    for element in row:
        if local_name(element) != "c":
            continue
        position = _position(element.get("r") or "")
        here, column = position if position else (at, next_column)
        next_column = column + 1
        cell = reader.value(element)
        if not is_blank(cell):
            yield here, column, cell


def _position(reference: str) -> tuple[int, int] | None:
    """A reference such as B3 as row and column from 0; None where none is given."""
    match = _REFERENCE.match(reference)
    if not match:
        if reference:
            raise damaged()
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    if column > limit("sheet_columns"):
        raise damaged()
    return int(match[2]) - 1, column - 1


def _area(reference: str) -> list[Area]:
    corners = [_position(corner) for corner in reference.split(":")]
    if len(corners) != 2 or corners[0] is None or corners[1] is None:
        return []
    return [(*corners[0], *corners[1])]
