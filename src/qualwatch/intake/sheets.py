"""Files -> sheets of cells: .csv, .xls, .xlsx, .ods. Garbage gives one sentence, never a traceback."""

import csv
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from qualwatch.intake.cells import Cell
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

WORKBOOKS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".et"}
TEXTS = {".csv", ".tsv", ".txt"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",\t;|"
_LONGEST_CELL = 10_000_000
STANDARD_ERROR = 2


@dataclass(slots=True)
class Sheet:
    """One sheet. rows[r][c] is the cell of row r + 1. merged: (top, left, bottom, right) from 0; None = not told."""

    file: str
    name: str
    rows: list[list[Cell]]
    merged: list[tuple[int, int, int, int]] | None
    encoding: str = ""


def sheets_of(path: Path, shown_as: str) -> Iterator[Sheet]:
    """Every sheet of a file, in order; BadFile where the file cannot be read."""
    if path.suffix.lower() in TEXTS:
        yield _csv_sheet(path, shown_as)
    else:
        yield from _workbook_sheets(path, shown_as)


def _workbook_sheets(path: Path, shown_as: str) -> Iterator[Sheet]:
    try:
        with _parser_kept_quiet():
            book = CalamineWorkbook.from_path(path)
            sheets = [_one_sheet(book, name, shown_as) for name in book.sheet_names]
    except CalamineError as error:
        if "assword" in str(error) or "ncrypt" in str(error):
            raise BadFile(_("工作簿有密码"), _("去掉密码后另存")) from error
        raise BadFile(_("不是能读的工作簿，或已损坏"), _("用表格软件打开后另存为 .xlsx")) from error
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    except BaseException as error:  # a parser written in Rust may panic on garbage; its panic is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise BadFile(_("不是能读的工作簿，或已损坏"), _("用表格软件打开后另存为 .xlsx")) from error
    yield from sheets


def _one_sheet(book: CalamineWorkbook, name: str, shown_as: str) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    ranges = sheet.merged_cell_ranges
    merged = None if ranges is None else [(top, left, bottom, right) for (top, left), (bottom, right) in ranges]
    return Sheet(shown_as, name, sheet.to_python(skip_empty_area=False), merged)


@contextmanager
def _parser_kept_quiet() -> Iterator[None]:
    """The Rust parser writes its panics to the process's standard error, past Python: nobody can read them there."""
    sys.stderr.flush()
    kept = os.dup(STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STANDARD_ERROR)
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)
        os.close(nowhere)


def _csv_sheet(path: Path, shown_as: str) -> Sheet:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    text, encoding = _decoded(raw)
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise BadFile(_("文件里有 NUL 字符，不是文本"), _("从原系统重新导出 CSV"), row)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        rows: list[list[Cell]] = list(reader)
    except csv.Error as error:
        raise BadFile(_("引号不成对，从这一行起分不出列"), _("补全引号或重新导出"), reader.line_num) from error
    return Sheet(shown_as, "", rows, [], encoding)


def _decoded(raw: bytes) -> tuple[str, str]:
    """Strict UTF-8 (or what a byte order mark says), then strict GB18030; never a replacement character."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            try:
                return raw.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _undecodable(raw, error) from error
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as utf8:
        try:
            return raw.decode("gb18030"), "gb18030"
        except UnicodeDecodeError as gb:
            raise _undecodable(raw, max(utf8, gb, key=lambda error: error.start)) from gb


def _undecodable(raw: bytes, error: UnicodeDecodeError) -> BadFile:
    row = raw[: error.start].count(b"\n") + 1
    return BadFile(_("有读不出的字节（既不是 UTF-8 也不是 GB18030）"), _("用原软件另存为 UTF-8 的 CSV"), row)


def _delimiter(text: str) -> str:
    lines = [line for line in text[:100_000].splitlines()[:20] if line.strip()]
    # the mark that stands on the most lines: a cell may hold many of another one
    return max(_DELIMITERS, key=lambda mark: (sum(mark in line for line in lines), mark == ",", text.count(mark)))
