"""Containers, encodings, and how tables are spread over files."""

from __future__ import annotations

from random import Random

from dressings.dress import UP, Block, Dress, Sheet, change, some
from dressings.facts import Column, Table
from dressings.writers import rows_of


@change("files", group="books", needs="sheets")
def one_workbook_for_everything(dress: Dress, random: Random) -> None:
    sheets = list(dress.sheets)
    random.shuffle(sheets)
    dress.books = [sheets]


@change("files", group="books")
def every_table_on_one_sheet(dress: Dress, random: Random) -> None:
    """All tables under one another in one sheet or text."""
    sheets = list(dress.sheets)
    if any(block.is_beside for sheet in sheets for block in sheet.blocks):
        return
    random.shuffle(sheets)
    blocks = [block for sheet in sheets for block in sheet.blocks]
    dress.books = [[Sheet("全部", blocks)]]


@change("files", group="books")
def two_tables_on_one_sheet(dress: Dress, random: Random) -> None:
    """One table under another."""
    plain = [s for s in dress.sheets if not any(block.is_beside for block in s.blocks)]
    if len(plain) < 2:
        return
    upper, lower = random.sample(plain, 2)
    others = [[sheet] for sheet in dress.sheets if sheet not in (upper, lower)]
    dress.books = [[Sheet("合并", [*upper.blocks, *lower.blocks])], *others]


@change("files", group="books")
def tables_split_over_files(dress: Dress, random: Random) -> None:
    """One file per month, city or page."""
    books = []
    for sheet in dress.sheets:
        books += [[part] for part in _parts(sheet, random)]
    dress.books = books


@change("files", group="books", needs="sheets")
def tables_split_over_sheets(dress: Dress, random: Random) -> None:
    dress.books = [_parts(sheet, random) for sheet in dress.sheets]


def _parts(sheet: Sheet, random: Random) -> list[Sheet]:
    block = sheet.blocks[0]
    gaps = _cuts(block)
    if len(sheet.blocks) > 1 or not gaps:
        return [sheet]
    cuts = sorted(random.sample(gaps, min(len(gaps), random.randint(1, 3))))
    parts = []
    for number, (start, end) in enumerate(
        zip([0, *cuts], [*cuts, len(block.body)], strict=True), 1
    ):
        header = [list(row) for row in block.header]
        part = Block(block.table, header, block.body[start:end], block.above, [])
        parts.append(Sheet(f"{sheet.name}{number}", [part]))
    parts[-1].blocks[0].below = block.below
    parts[0].stray = sheet.stray
    return parts


def _cuts(block: Block) -> list[int]:
    return [at for at in range(1, len(block.body)) if UP not in block.body[at]]


@change("files", needs="sheets")
def sheets_without_a_table(dress: Dress, random: Random) -> None:
    """Empty sheets, instructions, a vendor's advertisement."""
    kinds = {
        "Sheet2": [],
        "填表说明": [["一、本表由企业填写"], ["二、身份证号为18位"]],
        "Evaluation Warning": [["Evaluation Warning: The document was created with Spire.XLS"]],
        "字典": [["专业", "等级"], ["建筑工程", "一级"], ["机电工程", "二级"]],
    }
    for book in some(random, dress.books):
        names = {sheet.name for sheet in book}
        for name in random.sample(sorted(kinds.keys() - names), random.randint(1, 2)):
            body = [list(row) for row in kinds[name]]
            sheet = Sheet(name, [Block(Table(name, [Column("无", "text")]), [], body)])
            book.insert(random.randint(0, len(book)), sheet)


@change("files", needs="hidden")
def hidden_sheets_without_a_table(dress: Dress, random: Random) -> None:
    for book in some(random, dress.books):
        block = Block(Table("x", []), [], [["代码", "名称"], ["1", "一级"]])
        book.append(Sheet("hidden_dict", [block], is_hidden=True))


@change("files", needs="hidden")
def hidden_rows(dress: Dress, random: Random) -> None:
    """A filter that was left on."""
    for book in some(random, dress.books):
        for sheet in book:
            count = len(rows_of(sheet))
            if count > 3:
                sheet.hidden_rows = set(random.sample(range(2, count), min(3, count - 2)))


@change("files", group="encoding", needs="delimited")
def with_a_byte_order_mark(dress: Dress, random: Random) -> None:
    del random
    dress.text.encoding = "utf-8-sig"


@change("files", group="encoding", needs="delimited")
def in_gb18030(dress: Dress, random: Random) -> None:
    del random
    dress.text.encoding = "gb18030"


@change("files", group="encoding", needs="delimited")
def in_utf_16(dress: Dress, random: Random) -> None:
    del random
    dress.text.encoding = "utf-16"


@change("files", group="encoding", needs="delimited")
def in_utf_16_big_endian(dress: Dress, random: Random) -> None:
    del random
    dress.text.encoding = "utf-16-be"
    dress.text.first_line = "\ufeff" + dress.text.first_line


@change("files", needs="delimited")
def lines_end_in_another_way(dress: Dress, random: Random) -> None:
    dress.text.line_end = random.choice(("\n", "\r"))


@change("files", needs="delimited")
def control_z_at_the_end(dress: Dress, random: Random) -> None:
    dress.text.ending = random.choice(("\x1a", "\x1a\r\n", "\x1a\x1a"))


@change("files", needs="delimited")
def blank_lines_at_the_end(dress: Dress, random: Random) -> None:
    dress.text.ending = dress.text.line_end * random.randint(1, 5) + dress.text.ending


@change("files", needs="delimited")
def every_cell_in_quotes(dress: Dress, random: Random) -> None:
    del random
    dress.text.quotes_all = True


@change("files", needs="delimited")
def codes_as_excel_texts(dress: Dress, random: Random) -> None:
    """="1401…" so that a spreadsheet keeps the digits."""
    del random
    dress.text.excel_texts = True


@change("files", group="tails", needs="delimited")
def empty_tails_cut(dress: Dress, random: Random) -> None:
    del random
    dress.text.cuts_empty_tails = True


@change("files", group="tails", needs="delimited")
def more_delimiters_at_the_end(dress: Dress, random: Random) -> None:
    dress.text.more_delimiters = random.randint(1, 4)


@change("files")
def endings_in_capitals(dress: Dress, random: Random) -> None:
    del random
    before = dress.file_names
    dress.file_names = lambda name: (
        before(name).rsplit(".", 1)[0] + "." + name.rsplit(".", 1)[1].upper()
    )


@change("files")
def files_in_folders(dress: Dress, random: Random) -> None:
    before = dress.file_names
    folder = random.choice(("2026年5月", "报送/太原市", "a b"))
    dress.file_names = lambda name: f"{folder}/{before(name)}"


@change("files")
def files_with_other_names(dress: Dress, random: Random) -> None:
    before = dress.file_names
    prefix = random.choice(("导出_20260520_", "副本 ", "1-", "（新）"))
    dress.file_names = lambda name: prefix + before(name)


WRONG_ENDINGS = {
    "xlsx": (".xls", ".et"),
    "xls": (".xlsx", ".et"),
    "csv": (".xls", ".txt", ".xlsx"),
    "semicolon": (".txt",),
    "tab": (".csv", ".tsv"),
    "html-xls": (".xlsx",),
    "xml-2003": (".xlsx",),
    "ods": (".xlsx", ".xls"),
}


@change("files")
def ending_of_another_container(dress: Dress, random: Random) -> None:
    endings = WRONG_ENDINGS.get(dress.container.name)
    if endings:
        dress.wrong_ending = random.choice(endings)


@change("files", needs="formulas")
def hidden_columns(dress: Dress, random: Random) -> None:
    for book in some(random, dress.books):
        for sheet in book:
            sheet.hidden_columns = {random.randint(0, 6), random.randint(0, 6)}


@change("files", needs="formulas")
def a_chart_on_a_sheet_of_its_own(dress: Dress, random: Random) -> None:
    del random
    dress.has_chart = True


@change("files", needs="delimited")
def a_line_that_names_the_delimiter(dress: Dress, random: Random) -> None:
    """sep=; as spreadsheets read it."""
    del random
    delimiter = {"csv": ",", "semicolon": ";"}.get(dress.container.name, "\t")
    dress.text.first_line += f"sep={delimiter}{dress.text.line_end}"


@change("files", group="html", needs="html")
def html_in_gb2312(dress: Dress, random: Random) -> None:
    del random
    dress.html.encoding = "gb18030"


@change("files", needs="html")
def html_with_headings_and_fonts(dress: Dress, random: Random) -> None:
    dress.html.head_cells = random.random() < 0.7
    dress.html.fonts = random.random() < 0.7


@change("files", needs="html")
def html_in_a_layout_table(dress: Dress, random: Random) -> None:
    del random
    dress.html.layout_table = True


@change("files", needs="html")
def html_cells_that_are_not_closed(dress: Dress, random: Random) -> None:
    del random
    dress.html.closes_cells = False
