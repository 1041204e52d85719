"""What a file really is, by its content: known kinds only, nothing that can run, nothing hidden in it."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

import pikepdf
from django.conf import settings
from PIL import Image

from qualwatch.wording import gettext as _

LONGEST_NAME = 120  # characters
LONGEST_SUFFIX = 10
UNPACKED_TIMES = 100  # an archive that grows more than this is not a document
PDF_ACTIVE = ("/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/EmbeddedFile", "/RichMedia", "/AA", "/XFA",
              "/ImportData", "/SubmitForm")  # fmt: skip
OFFICE_ACTIVE = ("vbaproject", "activex", "embeddings/", "macrosheets", "customui", "oleobject", "/externallinks/")
OFD_ACTIVE = (".js", ".exe", ".dll", ".bat", ".vbs")
EXTERNAL = re.compile(rb'TargetMode\s*=\s*["\']External["\']', re.IGNORECASE)
HYPERLINK = re.compile(rb'Type\s*=\s*["\'][^"\']*/hyperlink["\']', re.IGNORECASE)
RELATIONSHIP = re.compile(rb"<Relationship\s[^>]*>", re.IGNORECASE)


class CannotKeep(Exception):
    """The file is empty, too large, of an unknown kind, damaged, or holds something that runs; says which."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that were looked at, and what they are."""

    kind: str
    told: bytes


def looked_at(told: bytes, name: str) -> Content:
    """The content of a file handed in; `name` is only for the sentence. CannotKeep."""
    shown = clean_name(name)
    if not told:
        raise CannotKeep(_("{name} 是空文件，请重新选择").format(name=shown))
    if len(told) > settings.UPLOAD_BYTES:
        most = settings.UPLOAD_BYTES // 1024**2
        raise CannotKeep(_("{name} 超过 {most} MB，请压缩或拆分后再传").format(name=shown, most=most))
    for begins, kind, check in KINDS:
        if told.startswith(begins) and (found := kind(told)):
            try:
                what = check(told)
            except Exception as error:  # whatever a reader raises, the file is not what it says it is
                raise CannotKeep(_("{name} 已损坏，打不开，请重新导出").format(name=shown)) from error
            if what:
                raise CannotKeep(_("{name} 含有{what}，不能接收，请去除后再传").format(name=shown, what=what))
            return Content(found, told)
    raise CannotKeep(_("{name} 不是能接收的文件，请传 PDF、OFD、PNG、JPEG、docx 或 xlsx").format(name=shown))


def clean_name(name: str) -> str:
    """A file's name without folders, control and direction characters, not longer than is kept."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    text = "".join(one for one in unicodedata.normalize("NFC", last) if unicodedata.category(one)[0] != "C")
    text = re.sub(r'[<>:"/\\|?*]', "_", text).strip(" .")
    stem, dot, suffix = text.rpartition(".")
    if dot and len(suffix) <= LONGEST_SUFFIX:
        return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}" if stem else suffix
    return text[:LONGEST_NAME] or _("未命名")


def _pdf(told: bytes) -> str:
    with pikepdf.open(io.BytesIO(told)) as pdf:
        for one in pdf.objects:
            for found in _keys(one):
                if found in PDF_ACTIVE:
                    return _("脚本或附件（{key}）").format(key=found)
    return ""


def _keys(found: object) -> Iterator[str]:
    """The keys of a PDF's object, direct objects within it too, and the names of its actions."""
    if isinstance(found, pikepdf.Array):
        for one in found:
            yield from _keys(one) if not getattr(one, "is_indirect", False) else ()
    elif isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
        for key, one in found.items():
            yield key
            if key == "/S" and isinstance(one, pikepdf.Name):
                yield str(one)
            if not getattr(one, "is_indirect", False):
                yield from _keys(one)


def _picture(told: bytes) -> str:
    with Image.open(io.BytesIO(told), formats=("PNG", "JPEG")) as picture:
        picture.load()
    return ""


def _office(told: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(told)) as archive:
        if packed := _unpacked(archive):
            return packed
        for name in archive.namelist():
            if any(word in name.lower() for word in OFFICE_ACTIVE):
                return _("宏或嵌入内容（{part}）").format(part=name)
            if name.lower().endswith(".rels"):
                for one in RELATIONSHIP.findall(archive.read(name)):
                    if EXTERNAL.search(one) and not HYPERLINK.search(one):
                        return _("外部引用（{part}）").format(part=name)
        if b"macroEnabled" in archive.read("[Content_Types].xml"):
            return _("宏或嵌入内容（{part}）").format(part="[Content_Types].xml")
    return ""


def _ofd(told: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(told)) as archive:
        if packed := _unpacked(archive):
            return packed
        for name in archive.namelist():
            if name.lower().endswith(OFD_ACTIVE):
                return _("宏或嵌入内容（{part}）").format(part=name)
    return ""


def _unpacked(archive: zipfile.ZipFile) -> str:
    """Whether it would grow beyond what a document can; its parts are read, so that a damaged one is noticed."""
    if sum(one.file_size for one in archive.infolist()) > settings.UPLOAD_BYTES * UNPACKED_TIMES:
        return _("过大的压缩内容")
    if archive.testzip() is not None:
        raise zipfile.BadZipFile
    return ""


def _zip_kind(told: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(told)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return ""
    if "OFD.xml" in names:
        return "ofd"
    if "[Content_Types].xml" not in names:
        return ""
    return "docx" if "word/document.xml" in names else "xlsx" if "xl/workbook.xml" in names else ""


KINDS: tuple[tuple[bytes, Callable[[bytes], str], Callable[[bytes], str]], ...] = (
    (b"%PDF-", lambda _told: "pdf", _pdf),
    (b"\x89PNG\r\n\x1a\n", lambda _told: "png", _picture),
    (b"\xff\xd8\xff", lambda _told: "jpeg", _picture),
    (b"PK\x03\x04", lambda told: "ofd" if _zip_kind(told) == "ofd" else "", _ofd),
    (b"PK\x03\x04", _zip_kind, _office),
)
