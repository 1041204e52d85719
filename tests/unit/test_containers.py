"""Files are read by their content; what their cells lost is said; what cannot be read is one
sentence.
"""

import base64
import io
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt

from qualwatch.intake.containers import opendocument, reading_process, worker
from qualwatch.intake.containers.content import Container
from qualwatch.intake.containers.messages import Refusal, Request
from qualwatch.intake.containers.sheet_data import SheetData
from qualwatch.intake.problems import BadCell, BadFile, UnreadableCell
from qualwatch.intake.sheets import Sheet, sheets_of
from register_files import write

HEADER, PERSON = ["统一社会信用代码", "姓名"], ["91140105MA0000001E", "张三"]
TABLE = [HEADER, PERSON]
TEXT = "".join("\t".join(row) + "\r\n" for row in TABLE)
LOST = "（丢失）"
EMPTY_TEXT = "EMPTY"  # replaced by what Excel stores for a formula whose result is ""


def read(tmp_path: Path, name: str, content: bytes) -> list[Sheet]:
    """The sheets of a file of this name and content."""
    path = tmp_path / name
    path.write_bytes(content)
    return list(sheets_of(path, name))


def cells(sheet: Sheet) -> list[list[Any]]:
    """A sheet's rows; a cell that its file lost as LOST."""
    return [
        [LOST if isinstance(cell, UnreadableCell) else cell for cell in row] for row in sheet.rows
    ]


def refused(tmp_path: Path, name: str, content: bytes) -> str:
    """The sentence by which a file is refused."""
    with pytest.raises(BadFile) as bad:
        read(tmp_path, name, content)
    assert bad.value.remedy
    assert "\n" not in bad.value.problem
    return bad.value.problem


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """A zip package."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A package with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return zipped({name: change(name, package.read(name)) for name in package.namelist()})


def xlsx(fill: Callable[[Any], None], **options: Any) -> bytes:
    """A workbook as XlsxWriter writes it."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, options)
    fill(book)
    book.close()
    return file.getvalue()


def xls(fill: Callable[[Any], None]) -> bytes:
    """An old workbook as xlwt writes it."""
    file = io.BytesIO()
    book = xlwt.Workbook(encoding="utf-8")
    fill(book)
    book.save(file)
    return file.getvalue()


def fill_table(book: Any) -> None:
    """The table in a sheet, with either library."""
    add = book.add_worksheet if hasattr(book, "add_worksheet") else book.add_sheet
    sheet = add("人员")
    for r, row in enumerate(TABLE):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("gb18030"),
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\t", ",").encode("gb18030"),
        TEXT.encode("gb18030") + b"\x1a",
        TEXT.encode("utf-8") + b"\x1a\r\n",
    ],
)
@pytest.mark.parametrize("name", ["注册人员.xls", "注册人员.csv", "注册人员.xlsx"])
def test_text_under_any_ending(tmp_path: Path, name: str, content: bytes) -> None:
    (sheet,) = read(tmp_path, name, content)
    assert cells(sheet) == TABLE


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv", "a.et", "a.ods"])
@pytest.mark.parametrize("content", [xlsx(fill_table), xls(fill_table)], ids=["xlsx", "xls"])
def test_a_workbook_under_any_ending(tmp_path: Path, name: str, content: bytes) -> None:
    (sheet,) = read(tmp_path, name, content)
    assert sheet.name == "人员"
    assert cells(sheet) == TABLE


def html(table: list[list[str]], charset: str = "") -> str:
    """A page with one table, its cells in nested markup and with entities."""
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    rows = "".join(
        "<tr>" + "".join(f"<td class=x><font><b>{c}</b></font>&nbsp;</td>" for c in row) + "</tr>"
        for row in table
    )
    return f"<html><head>{meta if charset else ''}</head><body><table>{rows}</table></body></html>"


@pytest.mark.parametrize(
    "content",
    [
        html(TABLE, "gb2312").encode("gb18030"),
        html(TABLE, "utf-8").encode("utf-8"),
        html(TABLE, "utf-8").encode("gb18030"),
        html(TABLE).encode("gb18030"),
        html(TABLE).encode("utf-8-sig"),
        html(TABLE).encode("utf-16"),
        html(TABLE).replace("张三", "&#24352;&#x4e09;").encode("ascii", "xmlcharrefreplace"),
    ],
)
def test_html_in_every_encoding(tmp_path: Path, content: bytes) -> None:
    (sheet,) = read(tmp_path, "注册人员.xls", content)
    assert [[cell.strip() for cell in row] for row in cells(sheet)] == TABLE


def test_html_spans_stacked_tables_and_hidden_rows(tmp_path: Path) -> None:
    page = (
        "<div><p>标题</p><table><thead><tr><th rowspan=2>a<th colspan=2>b</tr>"
        "<tr><th>c<th>d</tr></thead><tr><td>1<br>2<td>=x<td><table><tr><td>内层</table></table>"
        "<table><tr style='display: none'><td rowspan=9>z<td>y</tr><tr><td>w</table></div>"
    )
    (sheet,) = read(tmp_path, "a.xls", page.encode())
    assert cells(sheet) == [
        ["a", "b", ""],
        ["", "c", "d"],
        ["1\n2", "=x", ""],
        ["内层", "", ""],
        ["", "", ""],
        ["z", "y", ""],
        ["", "w", ""],
    ]
    assert sheet.merged == [(0, 0, 1, 0), (0, 1, 0, 2), (5, 0, 6, 0)]
    assert [row for row, _text in sheet.notices] == [6]


def test_a_web_archive(tmp_path: Path) -> None:
    page = base64.encodebytes(html(TABLE, "gb2312").encode("gb18030")).decode()
    part = f"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n{page}\n"
    begin = 'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="B"\n\n--B\n'
    (sheet,) = read(tmp_path, "a.xls", f"{begin}{part}--B--\n".encode())
    assert [[cell.strip() for cell in row] for row in cells(sheet)] == TABLE
    assert "损坏" in refused(tmp_path, "b.xls", f"{begin}{part}".encode())


XML_2003 = (
    '<?xml version="1.0" encoding="{encoding}"?><?mso-application progid="Excel.Sheet"?>'
    '<ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel">'
    "<x:ExcelWorkbook>{traits}</x:ExcelWorkbook>"
    '<ss:Worksheet ss:Name="人员"><ss:Table><ss:Row ss:Index="2">'
    '<ss:Cell ss:Index="2" ss:MergeAcross="1" ss:MergeDown="1"><ss:Data ss:Type="String">甲<B>乙</B>'
    '</ss:Data></ss:Cell><ss:Cell><ss:Data ss:Type="Number">44000</ss:Data><ss:Comment><ss:Data>注'
    '</ss:Data></ss:Comment></ss:Cell></ss:Row><ss:Row ss:Hidden="1"><ss:Cell ss:Index="4">'
    '<ss:Data ss:Type="DateTime">2026-05-20T00:00:00.000</ss:Data></ss:Cell>'
    '<ss:Cell ss:Formula="=RC[-1]"/><ss:Cell><ss:Data ss:Type="Error">#N/A</ss:Data></ss:Cell>'
    "</ss:Row></ss:Table><x:WorksheetOptions><x:Visible>SheetVeryHidden</x:Visible>"
    "</x:WorksheetOptions></ss:Worksheet></ss:Workbook>"
)


@pytest.mark.parametrize(("encoding", "codec"), [("UTF-8", "utf-8"), ("gb2312", "gb18030")])
@pytest.mark.parametrize("traits", ["", "<x:Date1904/>"])
def test_xml_2003(tmp_path: Path, encoding: str, codec: str, traits: str) -> None:
    content = XML_2003.format(encoding=encoding, traits=traits).encode(codec)
    (sheet,) = read(tmp_path, "a.xls", content)
    assert cells(sheet)[1:] == [
        ["", "甲乙", "", LOST if traits else 44000.0, "", ""],
        ["", "", "", date(2026, 5, 20), LOST, LOST],
    ]
    assert sheet.merged == [(1, 1, 2, 2)]
    assert [row for row, _text in sheet.notices] == [None, 3]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    levels = "".join(
        f'<!ENTITY {a} "{f"&{b};" * 10}">' for a, b in zip("bcdefghi", "abcdefgh", strict=True)
    )
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"a" * 100}">{levels}]>'
    content = XML_2003.format(encoding="UTF-8", traits="").partition("?>")[2].replace("甲", "&i;")
    assert "实体" in refused(tmp_path, "a.xls", (doctype + content).encode())
    book = repacked(
        xlsx(fill_table),
        lambda name, part: (
            part.replace(b"<workbook", doctype.encode().partition(b"?>")[2] + b"<workbook", 1)
            if name == "xl/workbook.xml"
            else part
        ),
    )
    assert "实体" in refused(tmp_path, "b.xlsx", book)


FLAT_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><office:automatic-styles>'
    '<style:style style:name="ta1"><style:table-properties table:display="false"/></style:style>'
    "</office:automatic-styles><office:body><office:spreadsheet>"
    '<table:table table:name="S" table:style-name="ta1"><table:table-row>'
    '<table:table-cell office:value-type="string" table:number-columns-repeated="2">'
    '<text:p>a<text:s text:c="2"/>b</text:p></table:table-cell>'
    '<table:table-cell office:value-type="date" office:date-value="2026-05-20"/>'
    '<table:table-cell table:number-columns-repeated="16381"/></table:table-row>'
    '<table:table-row table:visibility="filter"><table:table-cell table:formula="of:=[.A1]"/>'
    '<table:table-cell office:value-type="float" office:value="1.5"/>'
    '<table:table-cell table:formula="of:=NA()" office:value-type="string">'
    "<text:p>#N/A</text:p></table:table-cell></table:table-row>"
    '<table:table-row table:number-rows-repeated="1048574">'
    '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    "</table:table></office:spreadsheet></office:body></office:document>"
)


@pytest.mark.parametrize("name", ["a.fods", "a.xls"])
def test_flat_and_packed_open_document(tmp_path: Path, name: str) -> None:
    content = FLAT_ODS.encode()
    package = zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": FLAT_ODS.replace("office:document ", "office:document-content ").replace(
                "office:document>", "office:document-content>"
            ),
        }
    )
    for raw in (content, package):
        (sheet,) = read(tmp_path, name, raw)
        assert cells(sheet) == [
            ["a  b", "a  b", date(2026, 5, 20)],
            [LOST, 1.5, "#N/A"],
        ]
        assert [row for row, _text in sheet.notices] == [None, 2]


def test_large_open_documents_are_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        {"人员": TABLE * 50, "乙": [["x", 1.5, date(2026, 5, 20)], ["", None, "y"]]},
        "ods",
    )
    path = next(tmp_path.glob("*.ods"))
    request = Request(path, Container.ODS, "zh", 2**32)
    cell_by_cell = list(worker.answers(request))[:-1]
    monkeypatch.setattr(opendocument, "_SMALLEST_TAME", 0)
    monkeypatch.setattr(opendocument, "_sheets", None)  # not used
    quick = list(worker.answers(request))[:-1]
    assert quick == cell_by_cell
    assert len(quick) == 2


def test_a_row_repeated_to_the_end_is_refused(tmp_path: Path) -> None:
    content = FLAT_ODS.replace(
        '<table:table-row><table:table-cell office:value-type="string" table:number-columns-repe',
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell office:value-type="string" table:number-columns-repe',
    ).replace('columns-repeated="2"', 'columns-repeated="16000"')
    assert "重复" in refused(tmp_path, "a.fods", content.encode())


def test_formula_texts_in_text_files(tmp_path: Path) -> None:
    text = '编号,名,额\n="01234",x,="1"\n="0,1",y,2\n=\'007,z,3\n=A1+1,=SUM(A1),#N/A\n'
    (sheet,) = read(tmp_path, "a.csv", text.encode())
    assert cells(sheet)[1:] == [
        ["01234", "x", "1"],
        ["0,1", "y", "2"],
        ["007", "z", "3"],
        [LOST, LOST, "#N/A"],
    ]
    assert next(sheet.rows_at([4]))[1][0] == sheet.rows[4][0]
    (sheet,) = read(tmp_path, "b.csv", '编号,名\n"=""01234""","x,="",1"\n="5",\n'.encode())
    assert cells(sheet)[1:] == [["01234", 'x,=",1'], ["5", ""]]


def test_a_formula_without_quotes_is_lost_by_column_too(tmp_path: Path) -> None:
    (sheet,) = read(tmp_path, "a.csv", "编号,名\n=A1+1,x\n=B1,y\n3,z\n".encode())
    assert sheet.text_columns(0, 2) is not None
    assert cells(sheet)[1:] == [[LOST, "x"], [LOST, "y"], ["3", "z"]]


def fill_lossy(book: Any) -> None:
    """Formulas with and without results, errors, hidden rows, a very hidden sheet."""
    sheet = book.add_worksheet("a")
    sheet.write_string(0, 0, "h")
    sheet.write_formula(1, 0, "=1+1")
    sheet.write_formula(2, 0, "=A1", None, "ok")
    sheet.write_formula(3, 0, "=NA()", None, "#N/A")
    sheet.write_formula(4, 0, '=IF(1,"","")', None, EMPTY_TEXT)
    sheet.write_formula(5, 0, "=2*3", None, 6)
    sheet.write_boolean(6, 0, True)
    sheet.write_datetime(7, 0, date(2026, 5, 20), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_string(8, 0, "有效RETURN\n_x4e2d_")
    for row in (2, 5, 6, 50):
        sheet.set_row(row, None, None, {"hidden": True})
    hidden = book.add_worksheet("b")
    hidden.very_hidden()
    hidden.write(0, 0, 1)


def as_excel(_name: str, part: bytes) -> bytes:
    """A part with the empty text and the carriage return as Excel stores them."""
    return part.replace(b"<v>EMPTY</v>", b"<v></v>").replace(b"RETURN", b"_x000D_")


def with_prefix(name: str, part: bytes) -> bytes:
    """A sheet's XML with a prefix, as some libraries write it: it is then read cell by cell."""
    if not name.startswith("xl/worksheets/sheet"):
        return as_excel(name, part)
    prefixed = re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", as_excel(name, part))
    return prefixed.replace(b'xmlns="', b'xmlns:x="')


@pytest.mark.parametrize("change", [as_excel, with_prefix])
def test_what_a_workbook_lost_and_hides(
    tmp_path: Path, change: Callable[[str, bytes], bytes]
) -> None:
    first, second = read(tmp_path, "a.xlsx", repacked(xlsx(fill_lossy), change))
    assert cells(first) == [
        ["h"],
        [LOST],
        ["ok"],
        [LOST],
        [""],
        [6.0],
        [True],
        [date(2026, 5, 20)],
        ["有效\r\n_x4e2d_"],
    ]
    with pytest.raises(BadCell, match="错误值"):
        raise first.rows[3][0].bad_cell()
    assert [row for row, _text in first.notices] == [3]
    assert "第 3、6–7 行" in first.notices[0][1]
    assert [row for row, _text in second.notices] == [None]


def test_formulas_that_openpyxl_saved(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["h", "n"], ["=DATE(2026,5,1)", 1], ["=1/0", "x"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    (sheet,) = read(tmp_path, "a.xlsx", file.getvalue())
    assert cells(sheet) == [["h", "n"], [LOST, 1.0], [LOST, "x"]]
    assert str(sheet.rows[1][0]) == "=DATE(2026,5,1)"


def test_what_an_old_workbook_lost_and_hides(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_sheet("a")
        sheet.write(0, 0, "h")
        sheet.write(1, 0, xlwt.Formula("1+1"))
        sheet.row(2).set_cell_error(0, 0x2A)
        sheet.write(3, 0, "x")
        sheet.row(3).hidden = True
        book.add_sheet("b").visibility = 2

    first, second = read(tmp_path, "a.xls", xls(fill))
    assert cells(first) == [["h"], [LOST], [LOST], ["x"]]
    assert [row for row, _text in first.notices] == [4]
    assert [row for row, _text in second.notices] == [None]


def test_numbers_that_may_be_days_since_1904(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("a")
        sheet.write_row(0, 0, ["h", 44000, 140105, 3])
        sheet.write_datetime(0, 4, date(2026, 5, 20), book.add_format({"num_format": "yyyy-mm-dd"}))

    day = date(2026, 5, 20)
    (sheet,) = read(tmp_path, "a.xlsx", xlsx(fill, date_1904=True))
    assert cells(sheet) == [["h", LOST, 140105.0, 3.0, day]]
    (sheet,) = read(tmp_path, "b.xlsx", xlsx(fill))
    assert cells(sheet) == [["h", 44000.0, 140105.0, 3.0, day]]

    def fill_old(book: Any) -> None:
        book.dates_1904 = True
        book.add_sheet("a").write(0, 0, 44000)

    (sheet,) = read(tmp_path, "a.xls", xls(fill_old))
    assert cells(sheet) == [[LOST]]


def test_extents_far_beyond_the_data(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("a")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, PERSON)
        sheet.merge_range(8, 0, 10, 4, None)
        sheet.write_string(1_048_575, 16_383, " ")
        sheet.write_blank(500_000, 3, None, book.add_format({"bold": True}))
        sheet.merge_range(1_048_570, 0, 1_048_574, 16_000, None)

    (sheet,) = read(tmp_path, "a.xlsx", xlsx(fill))
    assert cells(sheet) == TABLE
    assert sheet.merged == []


@pytest.mark.parametrize("reference", [b"A99999999", b"A1048577", b"XFE1", b"ZZ99999999"])
def test_references_outside_any_sheet(tmp_path: Path, reference: bytes) -> None:
    content = repacked(
        xlsx(fill_table),
        lambda _name, part: part.replace(b'r="B2"', b'r="' + reference + b'"'),
    )
    assert "损坏" in refused(tmp_path, "a.xlsx", content)


def test_a_stray_cell_at_the_end_is_kept(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        fill_table(book)
        sheet = book.get_worksheet_by_name("人员")
        sheet.merge_range(1, 2, 2, 2, "合并")
        sheet.write_string(300_000, 16_383, "x")

    (sheet,) = read(tmp_path, "a.xlsx", xlsx(fill))
    assert sheet.head(2) == [HEADER, [*PERSON, "合并"]]
    assert sheet.merged == [(1, 2, 2, 2)]
    assert len(sheet.rows) == 300_001
    assert sheet.rows[2] == ["", "", ""]
    assert next(sheet.rows_at([300_000]))[1][16_383] == "x"


def test_an_old_workbook_with_a_far_cell(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        fill_table(book)
        book.get_sheet(0).write(65_535, 255, " ")

    (sheet,) = read(tmp_path, "a.xls", xls(fill))
    assert cells(sheet) == TABLE


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of .xlsb."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(body)]) + body


def wide(text: str) -> bytes:
    """A text of .xlsb with its length before it."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(stray_row: int = 3) -> bytes:
    """A hidden sheet with a header, an error and a hidden row; dates count from 1904."""
    row_head = struct.Struct("<IIHBBBI").pack
    rows: list[tuple[int, int, bytes]] = [
        (0, 0, record(6, struct.pack("<II", 0, 0) + wide("编号"))),
        (1, 0, record(3, struct.pack("<II", 0, 0) + b"\x2a")),
        (2, 0x10, record(5, struct.pack("<IId", 0, 0, 44000))),
        (stray_row, 0, record(6, struct.pack("<II", 1, 0) + wide("x"))),
    ]
    sheet = record(129) + record(148, struct.pack("<IIII", 0, stray_row, 0, 1)) + record(145)
    for number, flags, cell in rows:
        sheet += record(0, row_head(number, 0, 300, 0, flags, 0, 0)) + cell
    sheet += record(146) + record(130)
    bundle = struct.pack("<II", 1, 1) + wide("rId1") + wide("隐")
    book = record(131) + record(153, struct.pack("<III", 1, 0, 0)) + record(143)
    book += record(156, bundle) + record(144) + record(132)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    rels = f'<r><Relationship Id="rId1" Type="{kind}" Target="worksheets/sheet1.bin"/></r>'
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": rels,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


@pytest.mark.parametrize("name", ["a.xlsb", "a.xls"])
def test_a_binary_workbook(tmp_path: Path, name: str) -> None:
    (sheet,) = read(tmp_path, name, xlsb())
    assert sheet.name == "隐"
    assert cells(sheet) == [["编号", ""], [LOST, ""], [LOST, ""], ["", "x"]]
    assert [row for row, _text in sheet.notices] == [None, 3]
    assert "范围" in refused(tmp_path, name, xlsb(stray_row=50_000_000))
    assert "损坏" in refused(tmp_path, name, xlsb().replace(b"sheet1", b"sheet2", 1))


def renamed_stream(name: str) -> bytes:
    """A compound file whose one stream has this name."""
    old, new = ("Workbook\0".encode("utf-16-le"), (name + "\0").encode("utf-16-le"))
    content = xls(fill_table)
    at = content.index(old)
    entry = new.ljust(64, b"\0") + len(new).to_bytes(2, "little")
    return content[:at] + entry + content[at + len(entry) :]


def with_password() -> bytes:
    """An old workbook with a FILEPASS record where another one stood."""
    return xls(fill_table).replace(b"\x5c\x00\x70\x00", b"\x2f\x00\x70\x00", 1)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.xlsx", b"", "空"),
        ("a.csv", b" \r\n", "空"),
        ("a.xls", b"%PDF-1.7\n", "PDF"),
        ("a.xls", b"\x89PNG\r\n\x1a\n\0", "图片"),
        ("a.xlsx", b"\xff\xd8\xff\xe0\0", "图片"),
        ("a.xls", b"{\\rtf1 x}", "RTF"),
        ("a.xlsx", b"Rar!\x1a\x07\x01\0", "压缩包"),
        ("a.csv", b'{"a": [1]}', "JSON"),
        ("a.xml", b'<?xml version="1.0"?><root/>', "XML"),
        ("a.xls", b"\x09\x08\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00", "旧式 Excel"),
        ("a.xls", b"ID;PWXL\r\nC;Y1;X1;K1\r\n", "SYLK"),
        ("a.xlsx", zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "Word"),
        ("a.xlsx", zipped({"登记.csv": ""}), "压缩包"),
        ("a.xlsx", zipped({"OFD.xml": ""}), "OFD"),
        ("a.xlsx", zipped({"xl/workbook.bin": ""}), "损坏"),
        ("a.xlsx", zipped({"xl/workbook.xml": "<workbook/>"}), "没有工作表"),
        (
            "a.xml",
            b'<?xml version="1.0"?>'
            b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>',
            "没有工作表",
        ),
        ("a.ods", zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "OpenDocument"),
        (
            "a.zip",
            zipped({"SHA256SUMS": "", "finding.json": "", "case.json": "", "facts/items.csv": ""}),
            "证据包",
        ),
        ("a.xls", renamed_stream("WordDocument"), "Word"),
        ("a.xlsx", renamed_stream("EncryptedPackage"), "密码"),
        ("a.xls", with_password(), "密码"),
        (
            "a.ods",
            zipped(
                {
                    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                    "META-INF/manifest.xml": "<m><encryption-data/></m>",
                    "content.xml": "",
                }
            ),
            "密码",
        ),
        ("a.xls", b"<html><body>x</body></html>", "没有表格"),
        ("a.xls", html(TABLE).partition("</table>")[0].encode(), "没有结束"),
        ("a.xlsx", xlsx(fill_table)[:-100], "压缩结构不完整"),
        ("a.xls", xls(fill_table)[:2000], "损坏"),
        ("a.et", bytes(range(256)) * 9, "损坏"),
        ("a.xls", XML_2003.format(encoding="UTF-8", traits="")[:-200].encode(), "损坏"),
        ("a.fods", FLAT_ODS[:-100].encode(), "损坏"),
        ("a.csv", b"a,b\n1,\x002\n", "NUL"),
    ],
)
def test_what_is_no_register_says_what_it_is(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    assert what in refused(tmp_path, name, content)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    content = bytearray(xlsx(fill_table))
    content[content.index(b"xl/worksheets/sheet1.xml") + 60] ^= 4
    refused(tmp_path, "a.xlsx", bytes(content))


def test_a_package_that_grows_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped({"xl/workbook.xml": b"<workbook/>" + b" " * 3_000_000})
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    monkeypatch.setattr("qualwatch.intake.containers.package.limit", lambda _name: 1)
    (answer,) = worker.answers(Request(path, Container.XLSX, "zh", 2**32))
    assert isinstance(answer, Refusal)
    assert "解压后" in answer.problem


@pytest.fixture
def new_processes() -> Iterator[None]:
    """No reading process waits from before, and none is left for others."""
    reading_process.end_idle_processes()
    yield
    reading_process.end_idle_processes()


@pytest.mark.usefixtures("new_processes")
def test_memory_and_time_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("a")
        for row in range(30_000):
            sheet.write_row(row, 0, range(20))

    content = xlsx(fill)
    monkeypatch.setenv("QUALWATCH_READ_MEMORY_MB", "64")
    assert re.search("内存|中断", refused(tmp_path, "a.xlsx", content))
    monkeypatch.delenv("QUALWATCH_READ_MEMORY_MB")
    monkeypatch.setattr("qualwatch.intake.containers.limits.seconds", lambda: 0)
    assert "0 秒" in refused(tmp_path, "a.xlsx", content)


READS_A_BYTE = "import sys; sys.stdin.buffer.read(1)"


@pytest.mark.usefixtures("new_processes")
@pytest.mark.parametrize("end", ["import os; os.abort()", READS_A_BYTE, "print('x' * 99)"])
def test_a_reader_that_aborts_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(reading_process, "_COMMAND", [sys.executable, "-c", end])
    monkeypatch.setenv("QUALWATCH_READ_SECONDS", "5")
    assert "中断" in refused(tmp_path, "a.xlsx", xlsx(fill_table))


def test_a_parser_that_panics_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def panics(_path: Path) -> Iterator[SheetData]:
        raise Panic
        yield SheetData("")

    monkeypatch.setitem(worker.READERS, Container.XLSX, panics)
    (answer,) = worker.answers(Request(Path("x.xlsx"), Container.XLSX, "zh", 2**32))
    assert isinstance(answer, Refusal)
    assert "损坏" in answer.problem


def test_columns_and_rows_of_a_workbook_agree(tmp_path: Path) -> None:
    (sheet,) = read(tmp_path, "a.xlsx", xlsx(lambda book: fill_table(book)))
    coded = sheet.coded_columns(0)
    assert coded is not None
    assert [[cells[code] for code in codes.to_pylist()] for codes, cells in coded] == [
        [cell] for cell in PERSON
    ]
    assert sheet.rows == TABLE
    assert sheet.coded_columns(0) is None  # the rows may have been changed
