"""What a file is, by its content."""

import codecs
import re
import zipfile
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

import olefile

from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

HEAD = 4096  # bytes that are looked at first
_PIECE = 1024 * 1024
_BLANK = b"\0 \t\r\n\x1a"
_IMAGE = "图片"


class Container(StrEnum):
    """Containers that can be read."""

    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    FLAT_ODS = "fods"
    XML_2003 = "xml-2003"
    HTML = "html"
    MHTML = "mhtml"
    TEXT = "text"


# how files that are no register begin, and what they are
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", _n("PDF 文件")),
    (b"{\\rtf", _n("RTF 文档")),
    (b"\x89PNG", _n("图片")),
    (b"\xff\xd8\xff", _n("图片")),
    (b"GIF8", _n("图片")),
    (b"BM", _n("图片")),
    (b"II*\0", _n("图片")),
    (b"MM\0*", _n("图片")),
    (b"Rar!", _n("压缩包")),
    (b"7z\xbc\xaf", _n("压缩包")),
    (b"\x1f\x8b", _n("压缩包")),
    (b"BZh", _n("压缩包")),
    (b"\xfd7zXZ", _n("压缩包")),
    (b"SQLite format 3\0", _n("SQLite 数据库")),
    (b"\0\x01\0\0Standard ", _n("Access 数据库")),
    (b"PAR1", _n("Parquet 文件")),
    (b"MZ", _n("程序")),
    (b"\x7fELF", _n("程序")),
    (b"ID;P", _n("SYLK 文件")),
    # records without a compound file around them, as old programs and PHP scripts write them
    (b"\x09\x08\x08\0", _n("旧式 Excel 工作簿")),
    (b"\x09\x08\x10\0", _n("旧式 Excel 工作簿")),
    (b"\x09\0\x04\0", _n("旧式 Excel 工作簿")),
    (b"\x09\x02\x06\0", _n("旧式 Excel 工作簿")),
    (b"\x09\x04\x06\0", _n("旧式 Excel 工作簿")),
)
_SAVE_AS_XLSX = _n("用表格软件打开后另存为 .xlsx")
_REMEDIES = {
    "压缩包": _n("解压后再放进文件夹"),
    "SYLK 文件": _SAVE_AS_XLSX,
    "旧式 Excel 工作簿": _SAVE_AS_XLSX,
}
_TEXT_MARKS = {b"BM", b"MZ"}  # a text may begin so too
# parts of zip packages, and what the package is
_PACKAGES: tuple[tuple[str, str], ...] = (
    (r"word/document\.xml", _n("Word 文档")),
    (r"ppt/presentation\.xml", _n("PowerPoint 演示文稿")),
    (r"OFD\.xml", _n("OFD 版式文件")),
    (r"Index/.*\.iwa|Index\.zip", _n("Numbers 表格")),
    (r"AndroidManifest\.xml|META-INF/MANIFEST\.MF", _n("程序")),
)
PACK_PARTS = {"SHA256SUMS", "finding.json", "case.json"}  # of an evidence pack of our own
_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", _n("Word 文档")),
    ("PowerPoint Document", _n("PowerPoint 演示文稿")),
    ("VisioDocument", _n("Visio 图")),
    ("__properties_version1.0", _n("Outlook 邮件")),
)
_UNICODE_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAIL = re.compile(r"(?:MIME-Version|From|Content-Type|Date|X-[\w-]+):", re.I)
_MARKUP = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<[!?a-z]", re.I | re.S)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|table|tr|style|div|p|center)\b", re.I)


def container_of(path: Path) -> Container:
    """How a file is to be read; BadFile says what it is where it holds no sheet."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise BadFile(_("文件打不开"), _("核对文件是否存在、是否有权限")) from error
    if not head.strip(_BLANK):
        head = _first_content(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(path)
    if head.startswith(olefile.MAGIC):
        return _compound(path)
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning) and not (beginning in _TEXT_MARKS and b"\0" not in head):
            remedy = _(_REMEDIES[what]) if what in _REMEDIES else ""
            raise no_register(_(what), remedy, may_hold_rows=what != _IMAGE)
    return _text(head)


def _first_content(path: Path) -> bytes:
    """The first bytes of a file that begins with blanks; BadFile where nothing follows them."""
    with path.open("rb") as file:
        has_zeros = False
        while piece := file.read(_PIECE):
            if piece.strip(_BLANK):
                return piece.lstrip(_BLANK)[:HEAD]
            has_zeros = has_zeros or b"\0" in piece
    # zeros stand where a disk has lost what was there
    raise BadFile(_("文件是空的"), _("重新导出"), may_hold_rows=has_zeros)


def no_register(what: str, remedy: str = "", *, may_hold_rows: bool = True) -> BadFile:
    """The problem of a file that is something else; the remedy, unless the usual one."""
    problem = _("不是登记表（{what}）").format(what=what)
    remedy = remedy or _("从原系统导出 .xlsx 或 .csv")
    return BadFile(problem, remedy, may_hold_rows=may_hold_rows)


def own_report() -> BadFile:
    """The problem of a file that the product wrote itself."""
    return _own(_("本系统导出的核查结果"))


def own_pack() -> BadFile:
    """The problem of an evidence pack, or of a table out of one."""
    return _own(_("本系统的证据包"))


def _own(what: str) -> BadFile:
    problem = _("不是登记表（{what}）").format(what=what)
    return BadFile(problem, _("只放各部门导出的登记表"), may_hold_rows=False)


def damaged() -> BadFile:
    """The problem of a workbook that cannot be read to its end."""
    return BadFile(_("不是能读的工作簿，或已损坏"), _("用表格软件打开后另存为 .xlsx"))


def encrypted() -> BadFile:
    """The problem of a workbook with a password."""
    return BadFile(_("工作簿有密码"), _("去掉密码后另存"))


def _beginning_of(package: zipfile.ZipFile, name: str) -> bytes:
    """A part's first bytes; the rest may be endless."""
    with package.open(name) as part:
        return part.read(100)


def _package(path: Path) -> Container:
    """A zip package: a workbook, or BadFile."""
    try:
        with zipfile.ZipFile(path) as package:
            names = [name.replace("\\", "/") for name in package.namelist()]
            mimetype = _beginning_of(package, "mimetype") if "mimetype" in names else b""
    # whatever the library meets in a damaged directory
    except Exception as error:
        problem = _("压缩结构不完整，文件多半没有下载完或已损坏")
        raise BadFile(problem, _("重新下载或导出")) from error
    if b"opendocument" in mimetype:
        return _open_document(mimetype, names)
    if _any_part(r"xl/workbook\.xml", names) or _holds_workbook_type(names):
        return Container.XLSX
    if _any_part(r"xl/workbook\.bin", names):
        return Container.XLSB
    if _any_part(r"content\.xml", names) and _any_part(r"META-INF/manifest\.xml", names):
        return Container.ODS
    raise _no_workbook(names)


def _holds_workbook_type(names: Iterable[str]) -> bool:
    """A package whose parts lie in unusual folders: the reader finds them by relationships."""
    return "[Content_Types].xml" in names and _any_part(r".*(?:^|/)(?:work)?sheet\d*\.xml", names)


def _open_document(mimetype: bytes, names: list[str]) -> Container:
    if b"spreadsheet" not in mimetype:
        raise no_register(_("OpenDocument 文档"))
    if "content.xml" not in names:
        raise encrypted() if "encrypted-package" in names else damaged()
    return Container.ODS


def _no_workbook(names: list[str]) -> BadFile:
    if _is_pack(names):
        return own_pack()
    for part, what in _PACKAGES:
        if _any_part(part, names):
            return no_register(_(what))
    return no_register(_("压缩包"), _("解压后再放进文件夹"))


def _is_pack(names: Iterable[str]) -> bool:
    return {name.rsplit("/", 1)[-1] for name in names} >= PACK_PARTS


def is_pack_archive(path: Path) -> bool:
    """Whether a file is an evidence pack of our own, as a .zip under whatever name."""
    try:
        with zipfile.ZipFile(path) as package:
            return _is_pack(package.namelist())
    # whatever the library meets in a damaged directory
    except Exception:
        return False


def _any_part(pattern: str, names: Iterable[str]) -> bool:
    matches: Callable[[str], object] = re.compile(pattern, re.I).fullmatch
    return any(map(matches, names))


def _compound(path: Path) -> Container:
    """A compound file (OLE2): an old workbook, or BadFile."""
    try:
        with olefile.OleFileIO(str(path)) as file:
            streams = {stream[0] for stream in file.listdir()}
    # whatever the library meets in a damaged directory
    except Exception as error:
        raise damaged() from error
    if streams & {"Workbook", "Book", "WORKBOOK", "BOOK"}:
        return Container.XLS
    if streams & {"EncryptedPackage", "EncryptionInfo"}:
        raise encrypted()
    for stream, what in _STREAMS:
        if stream in streams:
            raise no_register(_(what))
    raise no_register(_("别的程序的文件"))


def _text(head: bytes) -> Container:
    """Text: markup that holds a sheet, or lines of cells."""
    beginning = decoded_beginning(head)
    start = beginning.lstrip("\ufeff\0 \t\r\n")
    if start[:1] in ("{", "[") and re.match(r"[\[{]\s*(?:[\"\[{]|[}\]])", start):
        raise no_register(_("JSON 文件"))
    if _MAIL.match(start) and re.search(r"multipart/related|text/html", start, re.I):
        return Container.MHTML
    if not _MARKUP.match(start):
        return Container.TEXT
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and "<html" not in start.lower():
        return Container.XML_2003
    if "urn:oasis:names:tc:opendocument:xmlns:office" in start:
        return Container.FLAT_ODS
    if _HTML.search(start):
        return Container.HTML
    if start.startswith("<?xml"):
        raise no_register(_("XML 文件"))
    return Container.TEXT


def decoded_beginning(head: bytes) -> str:
    """The first bytes as text, whatever they are, for looking at its markup (ASCII)."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="ignore")
    if head[1:2] == b"\0" and head[3:4] == b"\0":
        return head.decode("utf-16-le", errors="ignore")
    if head[:1] == b"\0" and head[2:3] == b"\0":
        return head.decode("utf-16-be", errors="ignore")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
