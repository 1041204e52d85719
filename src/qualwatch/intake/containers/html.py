"""HTML that a web system calls .xls: its tables, one below the other, as Excel lays them out."""

import email
import email.policy
import re
from collections.abc import Iterator, Sequence
from email.errors import CloseBoundaryNotFoundDefect
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

from lxml import etree

from qualwatch.intake.containers.content import HEAD, damaged, no_register, own_report
from qualwatch.intake.containers.limits import limit
from qualwatch.intake.containers.markup import local_name, markup_text
from qualwatch.intake.containers.sheet_data import (
    Area,
    BookTraits,
    Cell,
    SheetData,
    hidden_rows_notice,
    is_blank,
    merged_inside,
    sparse_sheet,
)
from qualwatch.intake.containers.xlsx_cells import SheetContent
from qualwatch.intake.problems import BadFile
from qualwatch.privacy import masked_text
from qualwatch.wording import gettext as _

_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide|visibility\s*:\s*(?:hidden|collapse)", re.I)
_NO_TEXT = {"script", "style", "head", "title", "noscript", "template", ""}
_PAGE_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BREAKS = {"br", "p", "div", "li"}
_OWN_PAGE = re.compile(r"""<meta name="generator" content="qualwatch">""")
_PASSWORD = re.compile(r"""<input\b[^>]*\btype\s*=\s*["']?password""", re.I)
_UNSEEN = re.compile(r"<(script|style|head|title|noscript)\b.*?</\1\s*>|<!--.*?-->", re.I | re.S)
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{8}[0-9A-Z]{7,10}(?![0-9A-Za-z])")
_ANY_NUMBER = re.compile(r"\d{6,}|\d\*{2,}")
_FILING_NUMBER = re.compile(r"备\s*\d+\s*号(?:-\d+)?")  # of a web site, at its foot
_LONGEST_WORDS = 30
_SPACE = re.compile(r"[ \t\r\n\f]+")


def html_sheets(path: Path) -> Iterator[SheetData]:
    """The sheet of an HTML file; BadFile where it has no table."""
    yield _sheet("", markup_text(path.read_bytes()))


def mhtml_sheets(path: Path) -> Iterator[SheetData]:
    """The sheets of a web archive: each of its HTML parts that has a table."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects):
        raise damaged()
    texts = [markup_text(_payload(part)) for part in message.walk() if _is_html(part)]
    with_table = [text for text in texts if re.search(r"<tr\b", text, re.I)]
    if not with_table:
        raise _no_table(texts)
    for number, text in enumerate(with_table, 1):
        yield _sheet("" if len(with_table) == 1 else f"{number}", text)


def _is_html(part: EmailMessage) -> bool:
    return part.get_content_type() == "text/html"


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _no_table(texts: Sequence[str]) -> BadFile:
    """The problem of pages without a table, in their own words: their title or first words."""
    shown = next(filter(None, map(_words_of_page, texts)), "")
    what = _("没有表格的网页")
    if shown:
        what = _("没有表格的网页「{words}」").format(words=masked_text(shown))
    return no_register(what, may_hold_rows=any(map(_may_hold_rows, texts)))


def _login_page(text: str) -> BadFile:
    remedy = _("登录后重新导出")
    return no_register(_("系统的登录页"), remedy, may_hold_rows=bool(_LONG_NUMBER.search(text)))


def _words_of_page(text: str) -> str:
    """The title of a page, else its first words."""
    title = re.search(r"<title[^>]*>(.*?)</title", text, re.I | re.S)
    for part in (title[1] if title else "", text):
        words = _visible(part)
        if words:
            return words[:_LONGEST_WORDS]
    return ""


def _visible(text: str) -> str:
    """What a page shows, without its markup."""
    bare = _UNSEEN.sub(" ", text)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def _may_hold_rows(text: str) -> bool:
    """Whether a page without a table may show rows of a register in another way: what names people
    and firms has many digits.
    """
    shown = _FILING_NUMBER.sub("", _visible(text))
    return bool(_LONG_NUMBER.search(text) or _ANY_NUMBER.search(shown))


def _sheet(name: str, text: str) -> SheetData:
    if _PASSWORD.search(text):
        raise _login_page(text)
    if not re.search(r"<(?:tr|td|th)\b", text, re.I):
        raise _no_table([text])
    if _OWN_PAGE.search(text[:HEAD]):
        raise own_report()
    if not _is_finished(text.lower()):
        raise BadFile(_("网页表格没有结束，文件多半没有下载完"), _("重新下载或导出"))
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(text.encode(), parser)
    if root is None:
        raise damaged()
    layout = _Layout()
    layout.add(root)
    data = sparse_sheet(name, layout.content.rows, BookTraits())
    data.merged = merged_inside(layout.content.merged, data)
    data.notices = hidden_rows_notice(layout.content.hidden_rows, data)
    return data


def _is_finished(text: str) -> bool:
    """Whether the last table, and the page if it was begun, are closed: else the end is missing."""
    if "<html" in text and "</html" not in text:
        return False
    return text.rfind("</table") > text.rfind("<tr")


class _Layout:
    """The tables of a page laid out in one sheet."""

    def __init__(self) -> None:
        self.content = SheetContent()
        self._row = 0
        self._spans: list[Area] = []  # cells that reach down into the rows below them

    def add(self, root: Any) -> None:
        """Every table that stands in no other one, in order, with an empty row between; headings
        of the page and captions as rows of their own.
        """
        for element in root.iter("table", *_PAGE_HEADINGS):
            if next(element.iterancestors("table"), None) is not None:
                continue
            if element.tag != "table":
                self._add_line(element)
                continue
            for caption in element.findall("caption"):
                self._add_line(caption)
            self._add_table(element)
            self._row += 1

    def _add_line(self, element: Any) -> None:
        if not is_blank(_shown(element)):
            self._add_cell(element, self._row, 0)
            self._row += 1

    def _add_table(self, table: Any) -> None:
        nested: list[Any] = []
        first_area = len(self.content.merged)
        for row in _own(table, "tr"):
            self._add_row(row)
            nested += [inner for inner in row.iter("table") if _table_of(inner) is table]
        self._spans = []
        # a span ends with its table at the latest
        self.content.merged[first_area:] = [
            (top, left, min(bottom, self._row - 1), right)
            for top, left, bottom, right in self.content.merged[first_area:]
        ]
        for inner in nested:
            self._add_table(inner)

    def _add_row(self, row: Any) -> None:
        at = self._row
        if at >= limit("sheet_rows"):
            raise damaged()
        if _HIDDEN.search(row.get("style") or ""):
            self.content.hidden_rows.append(at + 1)
        self._spans = [span for span in self._spans if span[2] >= at]
        from_above = sorted((left, right) for _top, left, _bottom, right in self._spans)
        column = 0
        for cell in row:
            if local_name(cell) not in ("td", "th"):
                continue
            for left, right in from_above:
                if left <= column <= right:
                    column = right + 1
            column = self._add_cell(cell, at, column)
        self._row += 1

    def _add_cell(self, cell: Any, row: int, column: int) -> int:
        """Adds a cell; the column after it."""
        height, width = _span(cell, "rowspan"), _span(cell, "colspan")
        if column + width > limit("sheet_columns"):
            raise damaged()
        value: Cell = _shown(cell)
        if not is_blank(value):
            self.content.rows.setdefault(row, {})[column] = value
        if height > 1 or width > 1:
            area: Area = (row, column, row + height - 1, column + width - 1)
            self.content.merged.append(area)
            self._spans += [area] if height > 1 else []
        return column + width


def _own(table: Any, name: str) -> Iterator[Any]:
    """The rows of a table that belong to no table inside it."""
    return (element for element in table.iter(name) if _table_of(element) is table)


def _table_of(element: Any) -> Any:
    return next(element.iterancestors("table"), None)


def _span(cell: Any, name: str) -> int:
    text = (cell.get(name) or "").strip()
    return max(1, int(text)) if text.isdigit() and len(text) < 7 else 1


def _shown(cell: Any) -> str:
    """The text that a cell shows; tables inside it are laid out by themselves."""
    pieces: list[str] = []
    _add_text(cell, pieces)
    lines = (_SPACE.sub(" ", line).strip(" ") for line in "".join(pieces).split("\0"))
    return "\n".join(line for line in lines if line)


def _add_text(element: Any, pieces: list[str]) -> None:
    pieces.append(element.text or "")
    for part in element:
        name = local_name(part)
        if name in _BREAKS:
            pieces.append("\0")
        if name == "input":
            pieces.append(part.get("value") or "")
        elif name not in _NO_TEXT and name != "table":
            _add_text(part, pieces)
        if name in _BREAKS - {"br"}:
            pieces.append("\0")
        pieces.append(part.tail or "")
