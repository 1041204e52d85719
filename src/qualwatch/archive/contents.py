"""The kind of a file by its content: known kinds only, without active or hidden content."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

import pikepdf
from django.conf import settings
from lxml import etree
from PIL import Image

from qualwatch.wording import gettext as _

LONGEST_NAME = 180  # bytes: a file system takes 255, and a pack puts numbers before it
MEGABYTE = 1024**2
UNPACKED_TIMES = 20  # an archive that grows more than this is not a document
PART_BYTES = 4 * MEGABYTE  # of a part that is looked into
PIXELS = 80_000_000
SUFFIXES = {
    "pdf": ("pdf",),
    "ofd": ("ofd",),
    "png": ("png",),
    "jpeg": ("jpg", "jpeg"),
    "docx": ("docx",),
    "xlsx": ("xlsx",),
    "zip": ("zip",),
}
# Keys, and names of actions and types, that make a PDF do something or carry something.
PDF_ACTIVE = frozenset(
    (
        "/JS",
        "/JavaScript",
        "/Launch",
        "/EmbeddedFiles",
        "/EmbeddedFile",
        "/EF",
        "/FileAttachment",
        "/RichMedia",
        "/AA",
        "/XFA",
        "/ImportData",
        "/SubmitForm",
        "/GoToE",
        "/GoToR",
        "/Movie",
        "/Sound",
        "/Screen",
        "/3D",
    )
)
TYPE_KEYS = ("/S", "/Type", "/Subtype")  # keys whose values say what a thing is
OFFICE_PARTS = (
    ".xml",
    ".rels",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".bmp",
    ".emf",
    ".wmf",
    ".tif",
    ".tiff",
    ".odttf",
    ".vml",
    ".svg",
    ".wdp",
    ".jfif",
)
OFFICE_ACTIVE = (
    "vba",
    "macro",
    "oleobject",
    "activex",
    "control",
    "package",
    "externallink",
    "attachedtemplate",
    "frame",
    "customui",
    "afchunk",
)
PRINTER = re.compile(r"xl/printerSettings/[^/]+\.bin")
OFD_PARTS = (
    ".xml",
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".jb2",
    ".ttf",
    ".otf",
    ".ttc",
    ".cff",
    ".esl",
    ".dat",
    ".tif",
    ".tiff",
    ".jp2",
    ".jpx",
    ".p7b",
)
EXECUTABLE_STARTS = (
    b"MZ",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"#!",
)  # how programs, scripts and OLE files begin
ARCHIVE_STARTS = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf")  # how archives begin
FIELDS = re.compile(r"\b(?:DDE|DDEAUTO|INCLUDE\w*)\b")  # of Word: they fetch or run something
FIELD_TEXT = re.compile(rb"<(?:\w+:)?instrText[^>]*>([^<]*)<|\binstr=[\"']([^\"']*)[\"']")
MAX_TEXT = 32 * MEGABYTE
BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \r\n\t"  # byte order marks and space
JPEG_START, JPEG_SCAN, JPEG_END, SAMSUNG_TRAILER = b"\xff\xd8", 0xDA, 0xD9, b"SEFT"
MARKERS_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))  # markers of JPEG without a length
PDF_END = b"%%EOF"
MARKS = {"ofd": ("OFD.xml",), "office": ("[Content_Types].xml",)}


class CannotStore(Exception):
    """The file is empty, too large, of an unknown kind, damaged, or has active content.

    The message says which.
    """


@dataclass(frozen=True, slots=True)
class Content:
    """Checked bytes and their kind."""

    kind: str
    data: bytes


def check_content(content: bytes, name: str) -> Content:
    """Checks the content of a submitted file; `name` is only for the message. CannotStore."""
    shown = clean_name(name)
    if not content:
        raise CannotStore(_("{name} 是空文件，请重新选择").format(name=shown))
    if len(content) > settings.UPLOAD_BYTES:
        most = settings.UPLOAD_BYTES // 1024**2
        raise CannotStore(
            _("{name} 超过 {most} MB，请压缩或拆分后再传").format(name=shown, most=most)
        )
    for begins, kind, check in KINDS:
        if content.startswith(begins) and (file_kind := kind(content)):
            try:
                what = check(content)
            # whatever a reader raises, the file is not what it says it is
            except Exception as error:
                raise CannotStore(
                    _("{name} 已损坏，打不开，请重新导出").format(name=shown)
                ) from error
            if what:
                raise CannotStore(
                    _("{name} 含有{what}，不能接收，请去除后再传").format(name=shown, what=what)
                )
            return Content(file_kind, content)
    raise CannotStore(
        _("{name} 不是能接收的文件，请传 PDF、OFD、PNG、JPEG、docx 或 xlsx").format(name=shown)
    )


def clean_name(name: str, kind: str = "") -> str:
    """A file name without folders, control and direction characters, of limited length, with a
    suffix of its kind.
    """
    last = PureWindowsPath(PurePosixPath(name).name).name
    text = "".join(
        one for one in unicodedata.normalize("NFC", last) if unicodedata.category(one)[0] != "C"
    )
    text = re.sub(r'[<>:"/\\|?*]', "_", text).strip(" .") or _("未命名")
    stem, dot, suffix = text.rpartition(".")
    allowed = SUFFIXES.get(kind, ())
    if not dot or (allowed and suffix.lower() not in allowed):
        stem, suffix = text, allowed[0] if allowed else ""
    ending = f".{suffix}" if suffix else ""
    return (
        stem.encode()[: LONGEST_NAME - len(ending.encode())].decode(errors="ignore").strip(" .")
        + ending
    )


def _pdf(content: bytes) -> str:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for pdf_object in pdf.objects:
            for key in _keys_and_types(pdf_object):
                if key in PDF_ACTIVE:
                    return _("脚本或附件（{key}）").format(key=key)
    rest = content[content.rindex(PDF_END) + len(PDF_END) :] if PDF_END in content else b""
    return _("文件末尾之后的其他内容") if rest.strip(b"\0\r\n\t ") else ""


def _keys_and_types(pdf_object: object) -> Iterator[str]:
    """All keys of a PDF object and its direct objects.

    Also the values that name types and actions.
    """
    if isinstance(pdf_object, pikepdf.Array):
        for element in pdf_object:
            yield from (
                _keys_and_types(element) if not getattr(element, "is_indirect", False) else ()
            )
    elif isinstance(pdf_object, pikepdf.Dictionary | pikepdf.Stream):
        for key, element in pdf_object.items():
            yield key
            if key in TYPE_KEYS and isinstance(element, pikepdf.Name):
                yield str(element)
            if not getattr(element, "is_indirect", False):
                yield from _keys_and_types(element)


def _picture(content: bytes) -> str:
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
        if picture.width * picture.height > PIXELS:
            return _("过多的像素")
        picture.load()
    rest = _behind_jpeg(content) if content.startswith(JPEG_START) else _behind_png(content)
    return _("图片之后的其他内容") if rest.strip(b"\0") else ""


def _behind_png(content: bytes) -> bytes:
    """The bytes after the IEND chunk."""
    at = 8
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            return content[at:]
    return b""


def _behind_jpeg(content: bytes) -> bytes:
    """The bytes after the picture, without what cameras append: further pictures, Samsung's
    trailer.
    """
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        if mark == JPEG_END:
            rest = content[at + 2 :].lstrip(b"\0")
            if rest.endswith(SAMSUNG_TRAILER):
                return b""
            return _behind_jpeg(rest) if rest.startswith(JPEG_START) else rest
        if mark == 0xFF or mark in MARKERS_WITHOUT_LENGTH:
            at += 1 if mark == 0xFF else 2
            continue
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if mark == JPEG_SCAN:
            while at + 1 < len(content) and not (
                content[at] == 0xFF and content[at + 1] not in (0, *MARKERS_WITHOUT_LENGTH)
            ):
                next_mark = content.find(b"\xff", at + 1)
                at = next_mark if next_mark >= 0 else len(content)
    return b""


def _office(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if packed := _unpacked(archive):
            return packed
        for info in archive.infolist():
            name = info.filename
            if name.endswith("/"):
                continue
            is_allowed = name.lower().endswith(OFFICE_PARTS) or PRINTER.fullmatch(name)
            if (
                not is_allowed
                or any(word in name.lower() for word in OFFICE_ACTIVE)
                or _runs(archive, info)
            ):
                return _("宏或嵌入内容（{part}）").format(part=name)
            if name.lower().endswith(".xml") and _fetches(archive, info):
                return _("会取用外部内容的域（{part}）").format(part=name)
            if name.lower().endswith(".rels") or name.lower() == MARKS["office"][0].lower():
                if info.file_size > PART_BYTES:
                    return _("过大的压缩内容")
                if problem := _declared(archive.read(info), name):
                    return problem
    return ""


def _declared(content: bytes, name: str) -> str:
    """What relationships and content types declare that is not allowed; '' for nothing.

    External targets are allowed for hyperlinks only.
    """
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    if root.getroottree().docinfo.doctype:
        return _("外部引用（{part}）").format(part=name)
    for element in root.iter():
        kind = (element.get("Type") or element.get("ContentType") or "").lower()
        ends = kind.rsplit("/", 1)[-1]
        if any(word in ends for word in OFFICE_ACTIVE if word != "package") or ends == "package":
            return _("宏或嵌入内容（{part}）").format(part=name)
        if (element.get("TargetMode") or "").lower() == "external" and ends != "hyperlink":
            return _("外部引用（{part}）").format(part=name)
    return ""


def _ofd(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if packed := _unpacked(archive):
            return packed
        for info in archive.infolist():
            name = info.filename
            if not name.endswith("/") and (
                not name.lower().endswith(OFD_PARTS) or _runs(archive, info)
            ):
                return _("宏或嵌入内容（{part}）").format(part=name)
    return ""


def _runs(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a part begins like a program or archive whatever its name, or is called .xml without
    being XML.
    """
    with archive.open(info) as part:
        begins = part.read(64)
    is_xml = (
        begins.lstrip(BEFORE_XML)[:1] in (b"<", b"")
        if info.filename.lower().endswith((".xml", ".rels"))
        else True
    )
    return begins.startswith((*EXECUTABLE_STARTS, *ARCHIVE_STARTS)) or not is_xml


def _fetches(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a field of a text part fetches or runs something.

    Field codes may be split over runs.
    """
    if info.file_size > MAX_TEXT:
        return True
    words = b"".join(one or other for one, other in FIELD_TEXT.findall(archive.read(info)))
    return bool(FIELDS.search(words.decode("utf-8", errors="replace").upper()))


def _unpacked(archive: zipfile.ZipFile) -> str:
    """What is wrong with the packing; '' for nothing.

    Reads all parts, so that a damaged one is found.
    """
    if (
        sum(zip_info.file_size for zip_info in archive.infolist())
        > settings.UPLOAD_BYTES * UNPACKED_TIMES
    ):
        return _("过大的压缩内容")
    first = min((zip_info.header_offset for zip_info in archive.infolist()), default=0)
    if archive.comment or first > 0:
        return _("压缩内容前后的其他内容")
    if archive.testzip() is not None:
        raise zipfile.BadZipFile
    return ""


def _zip_kind(content: bytes) -> str:
    """The kind of a zip; '' where it is unknown or ambiguous."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {one.lower() for one in archive.namelist()}
    except zipfile.BadZipFile:
        return ""
    is_ofd, is_office = (
        any(mark.lower() in names for mark in MARKS[one]) for one in ("ofd", "office")
    )
    if is_ofd == is_office:
        return ""
    if is_ofd:
        return "ofd"
    main = {
        name
        for name in names
        if name.startswith(("word/document", "xl/workbook")) and name.endswith(".xml")
    }
    return "" if not main else "docx" if min(main).startswith("word/") else "xlsx"


KINDS: tuple[tuple[bytes, Callable[[bytes], str], Callable[[bytes], str]], ...] = (
    (b"%PDF-", lambda _content: "pdf", _pdf),
    (b"\x89PNG\r\n\x1a\n", lambda _content: "png", _picture),
    (b"\xff\xd8\xff", lambda _content: "jpeg", _picture),
    (b"PK\x03\x04", lambda content: "ofd" if _zip_kind(content) == "ofd" else "", _ofd),
    (b"PK\x03\x04", lambda content: _zip_kind(content).removeprefix("ofd"), _office),
)
