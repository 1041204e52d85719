"""Files -> sheets of cells: .csv, .xls, .xlsx, .ods.

What cannot be read gives BadFile, never a traceback.
"""

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
from python_calamine import CalamineError, CalamineWorkbook

from qualwatch.intake.cells import Cell
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

WORKBOOKS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".et"}
TEXTS = {".csv", ".tsv", ".txt"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",\t;|"
_SAMPLE = 100_000  # bytes that tell the delimiter
_LONGEST_CELL = 10_000_000
STANDARD_ERROR = 2


Merged = list[tuple[int, int, int, int]] | None


class Sheet:
    """One sheet. rows[r][c] is the cell of row r + 1.

    merged: (top, left, bottom, right) from 0; None = the format does not say.
    """

    def __init__(self, file: str, name: str, rows: list[list[Cell]], merged: Merged) -> None:
        self.file = file
        self.name = name
        self.merged = merged
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


class TextSheet(Sheet):
    """The one sheet of a text file. Its rows are split only when they are read."""

    def __init__(self, file: str, text: bytes) -> None:
        super().__init__(file, "", [], [])
        self._text = text
        self._delimiter = _delimiter(text[:_SAMPLE].decode(errors="ignore"))
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
            return list(islice(reader, count))
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
            yield index, next(csv.reader([line], delimiter=self._delimiter, strict=True), [])

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
    if path.suffix.lower() in TEXTS:
        yield _csv_sheet(path, shown_as)
    else:
        yield from _workbook_sheets(path, shown_as)


def _workbook_sheets(path: Path, shown_as: str) -> Iterator[Sheet]:
    try:
        with _standard_error_discarded():
            book = CalamineWorkbook.from_path(path)
            sheets = [_one_sheet(book, name, shown_as) for name in book.sheet_names]
    except CalamineError as error:
        if "assword" in str(error) or "ncrypt" in str(error):
            raise BadFile(_("工作簿有密码"), _("去掉密码后另存")) from error
        raise BadFile(_("不是能读的工作簿，或已损坏"), _("用表格软件打开后另存为 .xlsx")) from error
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    # a parser written in Rust may panic on garbage; its panic is no Exception
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise BadFile(_("不是能读的工作簿，或已损坏"), _("用表格软件打开后另存为 .xlsx")) from error
    yield from sheets


def _one_sheet(book: CalamineWorkbook, name: str, shown_as: str) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    ranges = sheet.merged_cell_ranges
    merged = None
    if ranges is not None:
        merged = [(top, left, bottom, right) for (top, left), (bottom, right) in ranges]
    return Sheet(shown_as, name, sheet.to_python(skip_empty_area=False), merged)


@contextmanager
def _standard_error_discarded() -> Iterator[None]:
    """Discards standard error of the process: the Rust parser writes its panics there, past
    Python.
    """
    sys.stderr.flush()
    original = os.dup(STANDARD_ERROR)
    null_device = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_device, STANDARD_ERROR)
        yield
    finally:
        os.dup2(original, STANDARD_ERROR)
        os.close(original)
        os.close(null_device)


def _csv_sheet(path: Path, shown_as: str) -> Sheet:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    text = _as_utf8(raw)
    if b"\0" in text:
        row = text[: text.index(b"\0")].count(b"\n") + 1
        raise BadFile(_("文件里有 NUL 字符，不是文本"), _("从原系统重新导出 CSV"), row)
    return TextSheet(shown_as, text)


def _as_utf8(raw: bytes) -> bytes:
    """Strict UTF-8 (or what a byte order mark says), then strict GB18030.

    Never a replacement character.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError as error:
                raise _undecodable(raw, error) from error
            return raw[len(bom) :] if encoding == "utf-8-sig" else text.encode()
    try:
        raw.decode("utf-8")
        return raw
    except UnicodeDecodeError as utf8:
        try:
            return raw.decode("gb18030").encode()
        except UnicodeDecodeError as gb:
            raise _undecodable(raw, max(utf8, gb, key=lambda error: error.start)) from gb


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
