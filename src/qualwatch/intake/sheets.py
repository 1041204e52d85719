"""Files -> sheets of cells, whatever their container: see `qualwatch.intake.containers`.

What cannot be read gives BadFile, never a traceback.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from qualwatch.intake.cells import Cell
from qualwatch.intake.containers.content import (
    Container,
    container_of,
    damaged,
    own_pack,
    own_report,
)
from qualwatch.intake.containers.limits import MEGABYTE, text_megabytes
from qualwatch.intake.containers.reading_process import workbook_sheets
from qualwatch.intake.containers.sheet_data import CODE, SheetData, formula_cell
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

# endings by which a folder is searched; a file is read by its content
WORKBOOKS = {".xls", ".xlsx", ".xlsm", ".xltx", ".xlsb", ".ods", ".fods", ".et", ".xml"} | {
    ".htm",
    ".html",
    ".mht",
    ".mhtml",
}
TEXTS = {".csv", ".tsv", ".txt"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",\t;|"
_SAMPLE = 100_000  # bytes that tell the delimiter
_LONGEST_CELL = 10_000_000
_END_OF_TEXT = b"\x1a"  # Ctrl-Z, with which DOS programs end a text
# how the product's own table of findings begins, in its languages
_OWN_HEADINGS = {("核查日", "监管地"), ("Day of the assessment", "Area")}
PACK_HEADING = "证据包红牌编号"  # the first column of every table in an evidence pack
_TEXT_FORMULA = re.compile(r'=\s*"(.*)"\s*$|=\s*\'(.*)$', re.S)

Merged = list[tuple[int, int, int, int]] | None
CodedCells = tuple[pa.Array, list[Cell]]  # codes and the distinct cells that they stand for


class Sheet:
    """One sheet. rows[r][c] is the cell of row r + 1.

    merged: (top, left, bottom, right) from 0; None = the format does not say. notices: what a
    reader should know of the sheet, each with its row from 1, or None for the sheet as a whole.
    """

    def __init__(self, file: str, name: str, rows: list[list[Cell]], merged: Merged) -> None:
        self.file = file
        self.name = name
        self.merged = merged
        self.notices: list[tuple[int | None, str]] = []
        self._rows = rows

    @property
    def rows(self) -> list[list[Cell]]:
        """All rows."""
        return self._rows

    def head(self, count: int) -> list[list[Cell]]:
        """The first rows."""
        return self.rows[:count]

    def rows_at(self, indexes: Iterable[int]) -> Iterator[tuple[int, list[Cell]]]:
        """Some rows, each with its index."""
        return ((index, self.rows[index]) for index in indexes)

    def text_columns(self, _after: int, _width: int) -> list[pa.Array] | None:
        """The cells below a row as columns of text, where the file can be read that way.

        Otherwise None.
        """
        return None

    def coded_columns(self, _after: int) -> list[CodedCells] | None:
        """The cells below a row by column, every distinct one once, where they are held so.

        Otherwise None.
        """
        return None


class WorkbookSheet(Sheet):
    """A sheet of a workbook. Its cells are held by column until the rows are asked for."""

    def __init__(self, file: str, data: SheetData) -> None:
        super().__init__(file, data.name, [], data.merged)
        self.notices = data.notices
        self._data = data
        self._codes = [memoryview(column.codes).cast(CODE) for column in data.columns]

    @property
    def rows(self) -> list[list[Cell]]:
        """All rows; the caller may change them."""
        if not self._rows and self._data.height:
            self._rows = [row for _index, row in self._built(range(self._data.height))]
            for top, _left, bottom, right in self.merged or ():
                self._widen(range(top, bottom + 1), right + 1)
        return self._rows

    def head(self, count: int) -> list[list[Cell]]:
        """The first rows."""
        if self._rows:
            return self._rows[:count]
        return [row for _index, row in self._built(range(min(count, self._data.height)))]

    def rows_at(self, indexes: Iterable[int]) -> Iterator[tuple[int, list[Cell]]]:
        """Some rows, each with its index."""
        return super().rows_at(indexes) if self._rows else self._built(indexes)

    def coded_columns(self, after: int) -> list[CodedCells] | None:
        """The cells below a row by column; None once the rows may have been changed."""
        if self._rows or self._data.rows is not None:
            return None
        length = self._data.height
        return [
            (
                pa.Array.from_buffers(pa.int32(), length, [None, pa.py_buffer(column.codes)])[
                    after + 1 :
                ],
                column.cells,
            )
            for column in self._data.columns
        ]

    def _built(self, indexes: Iterable[int]) -> Iterator[tuple[int, list[Cell]]]:
        if self._data.rows is not None:
            for index in indexes:
                yield index, self._data.rows.get(index, [])[:]
            return
        columns = [
            (column.cells, codes)
            for column, codes in zip(self._data.columns, self._codes, strict=True)
        ]
        for index in indexes:
            yield index, [cells[codes[index]] for cells, codes in columns]

    def _widen(self, indexes: range, width: int) -> None:
        for index in indexes:
            row = self._rows[index]
            row.extend([""] * (width - len(row)))


class TextSheet(Sheet):
    """The one sheet of a text file. Its rows are split only when they are read."""

    def __init__(self, file: str, text: bytes) -> None:
        super().__init__(file, "", [], [])
        self._delimiter = _delimiter(text[:_SAMPLE].decode(errors="ignore"))
        self._text = text = _without_text_formulas(text, self._delimiter)
        self._has_formulas = b"=" in text
        # without quotes and stray carriage returns every line is a row: nothing can be split two
        # ways
        self._plain = b'"' not in text and text.count(b"\r") == text.count(b"\r\n")
        if not self._plain:
            self._rows = self.head(None)

    @property
    def rows(self) -> list[list[Cell]]:
        """All rows; BadFile where the quotes do not close."""
        if not self._rows:
            self._rows = self.head(None)
        return self._rows

    def head(self, count: int | None) -> list[list[Cell]]:
        """The first rows."""
        csv.field_size_limit(_LONGEST_CELL)
        lines = io.TextIOWrapper(io.BytesIO(self._text), encoding="utf-8", newline="")
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            rows = list(islice(reader, count))
            return [self._readable(row) for row in rows] if self._has_formulas else rows
        except csv.Error as error:
            problem = _("引号不成对，从这一行起分不出列")
            raise BadFile(problem, _("补全引号或重新导出"), reader.line_num) from error

    def rows_at(self, indexes: Iterable[int]) -> Iterator[tuple[int, list[Cell]]]:
        """Some rows, each with its index; the others are not split."""
        if self._rows:
            yield from super().rows_at(indexes)
            return
        lines = self._text.split(b"\n")
        for index in indexes:
            line = lines[index].decode()
            row = next(csv.reader([line], delimiter=self._delimiter, strict=True), [])
            yield index, self._readable(row) if self._has_formulas else row

    def _readable(self, row: list[str]) -> list[Cell]:
        return [readable_text(cell) if cell[:1] == "=" else cell for cell in row]

    def text_columns(self, after: int, width: int) -> list[pa.Array] | None:
        """The cells below row index `after` by column; None where a row has fewer or more cells."""
        if not self._plain:
            return None
        try:
            table = self._arrow_table(after, width)
        except pa.ArrowInvalid:
            return None
        lines = self._text.count(b"\n") + (not self._text.endswith(b"\n"))
        if len(table) != lines - after - 1:
            return None
        return [column.combine_chunks() for column in table.columns]

    def _arrow_table(self, after: int, width: int) -> pa.Table:
        names = [str(at) for at in range(width)]
        reading = pa_csv.ReadOptions(column_names=names, skip_rows=after + 1)
        parsing = pa_csv.ParseOptions(
            delimiter=self._delimiter, quote_char=False, ignore_empty_lines=False
        )
        converting = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        )
        return pa_csv.read_csv(pa.py_buffer(self._text), reading, parsing, converting)


def sheets_of(path: Path, shown_as: str) -> Iterator[Sheet]:
    """Every sheet of a file, in order; BadFile where the file cannot be read."""
    container = container_of(path)
    sheets: Iterable[Sheet]
    if container is Container.TEXT:
        sheets = [_text_sheet(path, shown_as)]
    else:
        sheets = (WorkbookSheet(shown_as, data) for data in workbook_sheets(path, container))
    for sheet in sheets:
        for row in sheet.head(1):
            if tuple(row[:2]) in _OWN_HEADINGS:
                raise own_report()
            if tuple(row[:1]) == (PACK_HEADING,):
                raise own_pack()
        yield sheet


def readable_text(text: str) -> Cell:
    """A cell of a text file: ="01234" is a text, any other formula has no result."""
    if text[:1] != "=":
        return text
    match = _TEXT_FORMULA.match(text)
    if match is None:
        return formula_cell(text)
    return match[1].replace('""', '"') if match[1] is not None else match[2].removesuffix("'")


def _without_text_formulas(text: bytes, delimiter: str) -> bytes:
    """The text with every ="01234" as 01234, where no other quotes stand in the file.

    Where others do, the cells are looked at when the rows are split.
    """
    if b'="' not in text:
        return text
    mark = re.escape(delimiter.encode())
    pattern = re.compile(rb'(^|%b)="([^"\r\n]*)"(?=%b|\r?$)' % (mark, mark), re.M)
    if b'"' in pattern.sub(b"", text):
        return text
    separator = delimiter.encode()

    def without(match: re.Match[bytes]) -> bytes:
        quote = b'"' if separator in match[2] else b""
        return match[1] + quote + match[2] + quote

    return pattern.sub(without, text)


def _text_sheet(path: Path, shown_as: str) -> Sheet:
    try:
        megabytes = path.stat().st_size / MEGABYTE
        if megabytes > text_megabytes():
            raise _too_large(megabytes)
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    try:
        text = _without_end_marks(_as_utf8(raw))
    except BadFile as bad:
        if path.suffix.lower() in WORKBOOKS:
            raise damaged() from bad
        raise
    if b"\0" in text:
        if path.suffix.lower() in WORKBOOKS:
            raise damaged()
        row = text[: text.index(b"\0")].count(b"\n") + 1
        raise BadFile(_("文件里有 NUL 字符，不是文本"), _("从原系统重新导出 CSV"), row)
    return TextSheet(shown_as, text)


def _too_large(megabytes: float) -> BadFile:
    sentence = _("文本文件有 {size} MB，超过 {most} MB，没有读")
    problem = sentence.format(size=round(megabytes), most=text_megabytes())
    return BadFile(problem, _("按月份或地区拆成几个文件"))


def _without_end_marks(text: bytes) -> bytes:
    """The text without the Ctrl-Z that ends it, or that joined files carry where each ended."""
    if _END_OF_TEXT not in text:
        return text
    text = text.rstrip(b" \t\r\n" + _END_OF_TEXT) + b"\n"
    return re.sub(rb"(?m)^\x1a+", b"", text)


def _as_utf8(raw: bytes) -> bytes:
    """Strict UTF-8 (or what a byte order mark says), then strict GB18030; UTF-16 without a mark.

    Never a replacement character.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError as error:
                raise _undecodable(raw, error) from error
            return raw[len(bom) :] if encoding == "utf-8-sig" else text.encode()
    if b"\0" in raw[:_SAMPLE]:
        unmarked = _utf_16_without_mark(raw)
        if unmarked is not None:
            return unmarked
    try:
        raw.decode("utf-8")
        return raw
    except UnicodeDecodeError as utf8:
        try:
            return raw.decode("gb18030").encode()
        except UnicodeDecodeError as gb:
            raise _undecodable(raw, max(utf8, gb, key=lambda error: error.start)) from gb


def _utf_16_without_mark(raw: bytes) -> bytes | None:
    """UTF-16 without a byte order mark as UTF-8; None where it is something else."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        sample = text[:_SAMPLE]
        if any(mark in sample for mark in "\n\t,") and all(
            letter.isprintable() or letter.isspace() for letter in sample
        ):
            return text.encode()
    return None


def _undecodable(raw: bytes, error: UnicodeDecodeError) -> BadFile:
    row = raw[: error.start].count(b"\n") + 1
    return BadFile(
        _("有读不出的字节（既不是 UTF-8 也不是 GB18030）"), _("用原软件另存为 UTF-8 的 CSV"), row
    )


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    # the mark that stands on the most lines: a cell may hold many of another one
    return max(
        _DELIMITERS,
        key=lambda mark: (sum(mark in line for line in lines), mark == ",", text.count(mark)),
    )
