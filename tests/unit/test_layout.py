"""Where the tables of a sheet stand, and what their headings mean."""

from typing import Any

import pytest

from qualwatch.intake.headers import meanings_of, table_heads
from qualwatch.intake.layout import Block, Layout, layout_of
from qualwatch.intake.repeated_columns import cell_of, doubt_of
from qualwatch.intake.sheets import Sheet, TextSheet

CODE, NUMBER = "91140105MA0000001E", "14010519850615001X"
KEYS = ["统一社会信用代码", "姓名", "身份证号", "证书类别"]
PERSON = [CODE, "张三", NUMBER, "注册建造师"]
INSURANCE = ["身份证号", "缴费月份", "缴费单位信用代码"]
PAID = [NUMBER, "2026-01", CODE]
Rows = list[list[Any]]


def layout(rows: Rows, merged: list[tuple[int, int, int, int]] | None = None) -> Layout:
    return layout_of(Sheet("f", "s", rows, merged))


def tables(laid_out: Layout) -> list[tuple[str, int, int]]:
    """Table, first row, and the row behind the last one, counted from 0."""
    return [(block.header.table.slug, block.first, block.end) for block in laid_out.blocks]


def read(block: Block, row: list[Any]) -> dict[str, Any]:
    """The cells that are read of a row."""
    return {slug: cell_of(block.header, slug, row)[0] for slug in block.header.sources}


@pytest.mark.parametrize(
    ("group", "start", "end"),
    [
        ("有效期", "起", "止"),
        ("注册有效期", "自", "至"),
        ("有效期限", "开始日期", "截止日期"),
        ("有效期起止时间", "起", "止"),
        ("有效期(年月日)", "起始", "终止"),
        ("注册有效期间", "起始时间", "到期时间"),
    ],
)
@pytest.mark.parametrize("is_merged", [False, True])
def test_a_period_over_its_two_days(group: str, start: str, end: str, is_merged: bool) -> None:
    rows = [
        ["某市注册人员一览表"],
        [*KEYS, group, "", "状态"],
        ["", "", "", "", start, end, ""],
        [*PERSON, "2023-05-01", "2026-12-31", "有效"],
    ]
    merged = [(1, 4, 1, 5), *((1, at, 2, at) for at in (0, 1, 2, 3, 6))] if is_merged else []
    laid_out = layout(rows, merged)
    assert tables(laid_out) == [("registrations", 3, 4)]
    (block,) = laid_out.blocks
    cells = read(block, rows[3])
    days = cells["valid_from"], cells["valid_to"], cells["register_state"]
    assert days == ("2023-05-01", "2026-12-31", "有效")


def test_a_header_that_is_whole_only_over_two_rows() -> None:
    rows = [
        ["统一社会信用代码", "人员信息", "", "注册信息", "", "", "状态"],
        ["", "姓名", "身份证号", "证书类别", "有效期起", "有效期止", ""],
        [*PERSON, "2023-05-01", "2026-12-31", "有效"],
    ]
    (block,) = layout(rows).blocks
    assert (block.header.missing, block.first) == ([], 2)
    assert read(block, rows[2])["register_state"] == "有效"


def test_a_second_row_that_is_not_understood_refuses_the_table() -> None:
    rows = [
        [*KEYS, "有效期", "", "状态"],
        ["", "", "", "", "首次", "延续", ""],
        [*PERSON, "2023-05-01", "2026-12-31", "有效"],
    ]
    block = layout(rows).blocks[0]
    assert block.problem is not None
    assert block.problem.columns == "有效期"
    assert "第 1 至 2 行" in block.problem.problem


def test_groups_of_others_and_of_other_papers() -> None:
    rows = [
        [
            "企业信息",
            "",
            "法定代表人",
            "",
            "注册人员信息",
            "",
            "",
            "电子证书",
            "",
            "注册有效期",
            "",
        ],
        [
            "统一社会信用代码",
            "企业名称",
            "姓名",
            "身份证号",
            "姓名",
            "身份证号",
            "证书类别",
            "起",
            "止",
            "起",
            "止",
        ],
    ]
    (block,) = layout([*rows, [""] * 11]).blocks
    positions = block.header.positions
    assert (positions["person_name"], positions["identity"]) == (4, 5)
    assert (positions["valid_from"], positions["valid_to"]) == (9, 10)


def test_tables_under_one_another() -> None:
    rows: Rows = [
        KEYS,
        PERSON,
        ["乙公司"],
        [*KEYS, "变更日期"],
        [*PERSON, "2024-02-01"],
        [],
        INSURANCE,
        PAID,
        INSURANCE,
        PAID,
        [KEYS[2], KEYS[0], KEYS[3]],
        [NUMBER, CODE, "注册建造师"],
    ]
    laid_out = layout(rows)
    assert tables(laid_out) == [
        ("registrations", 1, 3),
        ("registrations", 4, 6),
        ("contributions", 7, 10),  # the header that comes again begins no other table
        ("registrations", 11, 12),
    ]
    assert read(laid_out.blocks[1], rows[4])["at_enterprise_from"] == "2024-02-01"
    assert read(laid_out.blocks[3], rows[11])["identity"] == NUMBER


@pytest.mark.parametrize("gap", [[], [""]])
def test_tables_beside_one_another(gap: list[str]) -> None:
    rows = [[*KEYS, *gap, *INSURANCE], [*PERSON, *gap, *PAID]]
    people, insurance = layout(rows).blocks
    assert read(people, rows[1])["credit_code"] == CODE
    cells = read(insurance, rows[1])
    assert (cells["identity"], cells["month"]) == (NUMBER, "2026-01")


def test_a_table_that_begins_beside_the_rows_of_another() -> None:
    rows = [
        [*KEYS, "", "", "", ""],
        [*PERSON, "", "", "", ""],
        [*PERSON, "", *INSURANCE],
        [*PERSON, "", *PAID],
    ]
    laid_out = layout(rows)
    assert tables(laid_out) == [("registrations", 1, 4), ("contributions", 3, 4)]
    assert read(laid_out.blocks[1], rows[3])["month"] == "2026-01"


def test_one_table_with_a_blank_column_stays_one() -> None:
    assert tables(layout([[*KEYS, "", "状态"], [*PERSON, "", "有效"]])) == [("registrations", 1, 2)]


def test_a_table_below_that_is_not_understood_is_refused() -> None:
    rows = [KEYS, PERSON, ["姓名", "身份证号", "工种名"], ["李四", NUMBER, "瓦工"]]
    first, second = layout(rows).blocks
    assert (first.end, second.first, second.problem is not None) == (2, 3, True)


def test_rows_of_a_text_and_of_a_workbook_are_laid_out_alike() -> None:
    rows = [KEYS, PERSON, [*INSURANCE, ""], [*PAID, ""], KEYS, PERSON]
    text = "\n".join(",".join(row) for row in rows)
    assert tables(layout_of(TextSheet("f", text.encode()))) == tables(layout(rows))


@pytest.mark.parametrize("table", table_heads())
def test_the_headings_of_a_table_mean_its_columns(table: str) -> None:
    head = table_heads()[table]
    for slug, column in head.columns.items():
        assert slug in {meaning.slug for meaning in meanings_of((column.header,), head)}


def header(*headings: str) -> Block:
    (block,) = layout([[*KEYS, *headings], [*PERSON, *(["x"] * len(headings))]]).blocks
    return block


@pytest.mark.parametrize(
    "headings", [("证书有效期", "注册有效期至"), ("注册有效期至", "证书有效期")]
)
def test_the_registrations_own_period_decides(headings: tuple[str, str]) -> None:
    block = header(*headings)
    assert block.header.written["valid_to"] == "注册有效期至"
    assert [source.written for _slug, source in block.header.passed_over] == ["证书有效期"]


@pytest.mark.parametrize(
    ("headings", "slug", "cells", "cell", "differ"),
    [
        (("有效期至", "注册有效期至"), "valid_to", ("2027-01-01", "2027/1/1"), "2027-01-01", False),
        (
            ("有效期至", "注册有效期至"),
            "valid_to",
            ("2027-01-01", "2026-01-01"),
            "2027-01-01",
            True,
        ),
        (("有效期至", "注册有效期至"), "valid_to", ("2027-01-01", ""), "2027-01-01", True),
        (("证件号码",), "identity", (NUMBER.lower(),), NUMBER, False),
        (("证件号码",), "identity", ("",), NUMBER, False),
        (("证件号码",), "identity", ("140105198506150028",), None, True),
        (("状态", "是否注销"), "register_state", ("有效", "否"), "in-force", False),
        (("状态", "是否注销"), "register_state", ("有效", "是"), "in-force", True),
        (("状态", "注销日期"), "register_state", ("有效", ""), "in-force", False),
        (("状态", "注销日期"), "register_state", ("有效", "2024-01-01"), "in-force", True),
        (("状态", "注销日期"), "register_state", ("吊销", "2024-01-01"), "revoked", False),
        (("注销日期",), "register_state", ("2024-01-01",), "注销", False),
        (("注销日期",), "register_state", ("长期",), None, False),
    ],
)
def test_two_columns_of_one_meaning(
    headings: tuple[str, ...], slug: str, cells: tuple[str, ...], cell: str | None, differ: bool
) -> None:
    read_cell, problem = cell_of(header(*headings).header, slug, [*PERSON, *cells])
    assert (read_cell, problem is not None) == (cell, differ)


@pytest.mark.parametrize(
    ("heading", "cell", "is_doubt"),
    [
        ("数据状态", "已删除", True),
        ("数据状态", "正常", False),
        ("数据状态", "", False),
        ("FIELD_07", "2026-01-01", True),
        ("学历", "本科", None),
        ("电子证书有效期", "2026-04-30", None),
    ],
)
def test_headings_that_may_decide(heading: str, cell: str, is_doubt: bool | None) -> None:
    doubtful = header(heading).header.doubtful
    answers = [doubt_of(source, cell) is not None for source in doubtful]
    assert answers == ([] if is_doubt is None else [is_doubt])
