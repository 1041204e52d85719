"""What is surely no row of a table, and what stays a row."""

from typing import Any

import pytest

from qualwatch.intake.non_rows import RowPositions, is_surely_no_row

CODE, NUMBER = "91140105MA0000001E", "14010519850615001X"
# credit code, name, kind of document, identity, then ten other known columns
REGISTRATIONS = RowPositions(
    frozenset({0, 3}), frozenset({2, *range(4, 14)}), frozenset({1}), 0, True
)
NAME_FIRST = RowPositions(frozenset({1}), frozenset({2, 3}), frozenset({0}), 0, True)
COVERAGE = RowPositions(frozenset({0}), frozenset({1, 2, 3}), frozenset(), 0, False)


@pytest.mark.parametrize(
    "row",
    [
        ["乙公司"],
        ["太原市"],
        ["合计", 3],
        ["合 计", "", "", "3人"],
        ["", "", "", "", "合计", 3],
        ["小计", "", "", "", "", "注册建造师", "", 3],
        ["本页小计"],
        ["共 3 人"],
        ["共3条记录"],
        ["总计：", "", "12"],
        ["累计", "1,024"],
        ["Total", "", 3],
        ["甲装饰有限公司小计"],
        ["人数合计", 12],
        ["填报单位：某某局", "", "审核人：李四", "", "填表日期：2026-05-20"],
        ["审核人：", "李四", "", "制表人：", "张三"],
        ["单位（盖章）"],
        ["第 1 页 共 3 页"],
        ["注：1.本表数据截至2026年5月19日。"],
        ["以下空白"],
        ["——以下空白——"],
        ["——", "——", "——"],
        ["------------------------"],
        ["\x1a"],
        [1, 2, 3, 4, 5],
        ["①", "②", "③"],
        ["必填", "选填", "选填", "必填(18位)"],
        ["creditcode", "name", "id_kind", "id_no", "col5"],
        ["某市注册人员一览表（续）", "", "", "", "", "2026年5月"],
    ],
    ids=str,
)
def test_surely_no_row(row: list[Any]) -> None:
    assert is_surely_no_row(row, REGISTRATIONS, set())


@pytest.mark.parametrize(
    "row",
    [
        [CODE, "张三", "", NUMBER, "", "注册建造师", "", "", "", "", "", "", "", "合计"],
        [CODE, "合计"],
        ["合计", "张三", "", NUMBER],
        ["合计", "", "", "H12345678"],
        ["", "张三"],
        ["", "合"],
        ["", "张三", "", "", "", "注册建造师", "二级", "建筑工程", "", "", "", "", "", "有效"],
        ["", "李四", "", "", "", "合计"],
        ["", "", "", "", "", "", "", "市政公用工程"],
        ["", "", "", "", "", "注册建造师", "二级"],
        ["", "共创", "", "123"],
        [f"备注：{NUMBER} 已转入"],
        ["", "张三", "", "123"],
    ],
    ids=str,
)
def test_a_row_or_not_sure(row: list[Any]) -> None:
    assert not is_surely_no_row(row, REGISTRATIONS, set())


@pytest.mark.parametrize(
    ("row", "is_no_row"),
    [(["张三丰"], False), (["欧阳小明"], False), (["甲公司"], True), (["太原市小店区企业"], True)],
)
def test_a_single_cell_under_names(row: list[str], is_no_row: bool) -> None:
    assert is_surely_no_row(row, NAME_FIRST, set()) is is_no_row


@pytest.mark.parametrize(
    ("row", "is_no_row"),
    [
        (["社保"], False),
        (["社保库", "2026-05-01"], False),
        (["社保中心", "2026-05-01"], False),
        (["合计", 3], True),
        (["覆盖一览表（第2页）"], True),
    ],
)
def test_a_table_whose_keys_are_words(row: list[str], is_no_row: bool) -> None:
    assert is_surely_no_row(row, COVERAGE, set()) is is_no_row


def test_a_line_above_the_header_that_comes_again() -> None:
    words = ("某厅2026年导出", "第二批")
    assert is_surely_no_row(["某厅2026年导出", "第二批"], REGISTRATIONS, {words})
