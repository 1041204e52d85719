"""Submitted files: recognised by content; scripts, hidden parts and bombs refused; clean names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pikepdf
import pytest
from docx import Document
from openpyxl import Workbook
from PIL import Image

from qualwatch.archive.contents import CannotStore, check_content, clean_name


def bytes_of(make: Callable[[io.BytesIO], object]) -> bytes:
    written = io.BytesIO()
    make(written)
    return written.getvalue()


def pdf(change: Callable[[pikepdf.Pdf], object] = lambda _pdf: None, **options: object) -> bytes:
    with pikepdf.new() as document:
        document.add_blank_page()
        change(document)
        return bytes_of(lambda out: document.save(out, **options))  # type: ignore[arg-type]  # options of pikepdf


def zip_of(parts: dict[str, bytes]) -> bytes:
    def make(out: io.BytesIO) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in parts.items():
                archive.writestr(name, part)

    return bytes_of(make)


def with_part(whole: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zip_of({**parts, name: content})


def picture(kind: str) -> bytes:
    return bytes_of(lambda out: Image.new("RGB", (3, 3)).save(out, kind))


DOCX, XLSX = bytes_of(lambda out: Document().save(out)), bytes_of(lambda out: Workbook().save(out))
OFD = zip_of({"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b"<d/>"})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pdf(), "pdf"),
        (picture("PNG"), "png"),
        (picture("JPEG"), "jpeg"),
        (DOCX, "docx"),
        (XLSX, "xlsx"),
        (OFD, "ofd"),
    ],
)
def test_the_kind_follows_from_the_content_whatever_the_name(content: bytes, kind: str) -> None:
    assert check_content(content, "随便.exe").kind == kind
    assert check_content(content, "随便.exe").data == content


def script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def hidden_script(document: pikepdf.Pdf) -> None:
    """In an annotation's action, inside a compressed object stream."""
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")
    document.pages[0].obj.Annots = pikepdf.Array(
        [pikepdf.Dictionary(Subtype=pikepdf.Name.Link, A=action)]
    )


def file_annotation(document: pikepdf.Pdf) -> None:
    file = pikepdf.Dictionary(
        Type=pikepdf.Name.Filespec, F="x.exe", EF=pikepdf.Dictionary(F=document.make_stream(b"MZ"))
    )
    mark = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FileAttachment, FS=file)
    document.pages[0].obj.Annots = pikepdf.Array([mark])


def attachment(document: pikepdf.Pdf) -> None:
    document.attachments["x.exe"] = b"MZ"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "空文件"),
        (b"MZ\x90\x00", "不是能接收的文件"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "不是能接收的文件",
        ),  # .doc and .xls may hold macros
        (b"<html><script>alert(1)</script>", "不是能接收的文件"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "不是能接收的文件"),
        (zip_of({"a.txt": b"x"}), "不是能接收的文件"),
        (b"PK\x03\x04rubbish", "不是能接收的文件"),
        (b"%PDF-1.7 rubbish", "已损坏"),
        (picture("PNG")[:40], "已损坏"),
        (pdf(script), "脚本或附件"),
        (pdf(hidden_script, object_stream_mode=pikepdf.ObjectStreamMode.generate), "脚本或附件"),
        (pdf(attachment), "脚本或附件"),
        (with_part(DOCX, "word/vbaProject.bin", b"x"), "宏或嵌入内容"),
        (with_part(XLSX, "xl/vbaProject.bin", b"x"), "宏或嵌入内容"),
        (with_part(DOCX, "word/embeddings/oleObject1.bin", b"x"), "宏或嵌入内容"),
        (with_part(DOCX, "word/activeX/activeX1.xml", b"x"), "宏或嵌入内容"),
        (with_part(XLSX, "xl/externalLinks/externalLink1.xml", b"x"), "宏或嵌入内容"),
        (
            with_part(
                DOCX,
                "word/_rels/settings.xml.rels",
                b'<Relationships><Relationship Id="r" Type="http://x/image" '
                b'Target="http://evil/x.png" TargetMode="External"/></Relationships>',
            ),
            "外部引用",
        ),
        (with_part(OFD, "Doc_0/run.js", b"x"), "宏或嵌入内容"),
        (with_part(OFD, "Attachs/a.docm", b"x"), "宏或嵌入内容"),
        (with_part(OFD, "Attachs/a.xml", b"MZ\x90"), "宏或嵌入内容"),
        (
            with_part(with_part(DOCX, "word/vbaProject.bin", b"x"), "OFD.xml", b""),
            "不是能接收的文件",
        ),
        (
            with_part(DOCX, "word/media/picture.png", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            "宏或嵌入内容",
        ),
        (
            with_part(
                DOCX,
                "word/_rels/settings.xml.rels",
                b'<p:Relationships xmlns:p="http://x"><p:Relationship Id="r" Type="http://x/image" '
                b'Target="http://evil/x.png" TargetMode="&#69;xternal"/></p:Relationships>',
            ),
            "外部引用",
        ),
        (
            with_part(
                DOCX,
                "word/_rels/settings.xml.rels",
                b'<p:Relationships xmlns:p="http://x"><p:Relationship Id="r" Type="http://x/attachedTemplate" '
                b'Target="x.dotm"/></p:Relationships>',
            ),
            "宏或嵌入内容",
        ),
        (
            with_part(
                DOCX,
                "word/_rels/settings.xml.rels",
                b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            ),
            "外部引用",
        ),
        (pdf(file_annotation), "脚本或附件"),
        (pdf() + zip_of({"a.exe": b"MZ"}), "文件末尾之后"),
        (zip_of({"a.exe": b"MZ"}) + DOCX, "压缩内容前后"),
        (with_part(DOCX, "word/afchunk.xml", b"{\\rtf1 \\objdata 0105}"), "宏或嵌入内容"),
        (with_part(DOCX, "word/media/image1.png", zip_of({"a.exe": b"MZ"})), "宏或嵌入内容"),
        (with_part(OFD, "Doc_0/a.dat", zip_of({"a.exe": b"MZ"})), "宏或嵌入内容"),
        (
            with_part(
                DOCX,
                "word/footnotes.xml",
                b"<w:a><w:instrText>DDE</w:instrText><w:instrText>AUTO cmd</w:instrText></w:a>",
            ),
            "域",
        ),
        (
            with_part(
                DOCX,
                "word/footnotes.xml",
                b"<w:a><w:fldSimple w:instr='INCLUDEPICTURE http://x'/></w:a>",
            ),
            "域",
        ),
        (picture("PNG") + b"MZ" + b"IEND\xaeB`\x82", "其他内容"),
        (picture("JPEG") + b"Rar!\x1a\x07", "其他内容"),
        (picture("PNG") + zip_of({"a.exe": b"MZ"}), "其他内容"),
        (picture("JPEG") + zip_of({"a.exe": b"MZ"}), "其他内容"),
    ],
)
def test_scripts_hidden_parts_and_other_kinds_are_refused_in_a_sentence(
    content: bytes, sentence: str
) -> None:
    with pytest.raises(CannotStore, match=sentence) as why:
        check_content(content, "/etc/材料\u202egpj.exe")
    assert str(why.value).startswith("材料gpj.exe ")


def test_a_link_in_a_document_is_no_danger() -> None:
    link = (
        b'<Relationships><Relationship Id="r" Type="http://schemas/hyperlink" Target="http://zjt.shanxi.gov.cn" '
        b'TargetMode="External"/></Relationships>'
    )
    assert check_content(with_part(DOCX, "word/_rels/x.xml.rels", link), "a.docx").kind == "docx"


def test_a_file_that_is_too_large_or_unpacks_to_too_much_is_refused(settings: object) -> None:
    settings.UPLOAD_BYTES = 1024**2  # type: ignore[attr-defined]  # the fixture of pytest-django
    with pytest.raises(CannotStore, match="超过 1 MB"):
        check_content(b"%PDF-" + b"x" * 1024**2, "a.pdf")
    bomb = with_part(DOCX, "word/media/x.png", b"\0" * (21 * 1024**2))
    assert len(bomb) < 1024**2
    with pytest.raises(CannotStore, match="过大的压缩内容"):
        check_content(bomb, "a.docx")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\证明.pdf", "证明.pdf"),
        ("证明\x00\n.pdf", "证明.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ('<img src="x">.png', "_img src=_x__.png"),
        ("   ", "未命名"),
        ("..", "未命名"),
        ("长" * 300 + ".pdf", "长" * 58 + ".pdf"),
    ],
)
def test_file_names_lose_folders_and_control_characters(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_pictures_of_cameras_and_offices_are_accepted() -> None:
    jpeg = picture("JPEG")
    # A second picture behind the first
    assert check_content(jpeg + jpeg, "手机.jpg").kind == "jpeg"
    assert check_content(jpeg + b"\0\0SEFH\x01\x02SEFT", "手机.jpg").kind == "jpeg"
    assert check_content(jpeg + b"\0" * 16, "手机.jpg").kind == "jpeg"
    progressive = bytes_of(
        lambda out: Image.effect_noise((300, 200), 90).save(out, "JPEG", progressive=True)
    )
    assert check_content(progressive, "a.jpg").kind == "jpeg"
    assert check_content(with_part(DOCX, "word/media/icon.svg", b"<svg/>"), "a.docx").kind == "docx"
    assert check_content(with_part(DOCX, "word/media/a.wdp", b"II\xbc"), "a.docx").kind == "docx"
    numbers = with_part(DOCX, "word/footnotes.xml", b"<w:a><w:instrText> PAGE </w:instrText></w:a>")
    assert check_content(numbers, "a.docx").kind == "docx"
    assert check_content(pdf() + b"\r\n", "a.pdf").kind == "pdf"


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    wide = bytes_of(lambda out: Image.new("1", (9_000, 8_900)).save(out, "PNG"))
    with pytest.raises(CannotStore, match="过多的像素"):
        check_content(wide, "a.png")


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("证明.hta", "pdf", "证明.hta.pdf"),
        ("证明.JPG", "jpeg", "证明.JPG"),
        ("证明", "png", "证明.png"),
        ("a.docm", "docx", "a.docm.docx"),
    ],
)
def test_names_end_as_their_kind_does(name: str, kind: str, clean: str) -> None:
    assert clean_name(name, kind) == clean
