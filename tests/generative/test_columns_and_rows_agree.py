"""Reading by columns equals reading by rows: the same facts, rejections, notices and accounts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

import register_files
from builders import BRANCH, OTHER, OWN, identity, law
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.register_files import RegisterFiles, read_register_files
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.synthetic_province import Plan, generate_province
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from register_rows import item

CODES = [OWN, OTHER, BRANCH, OWN.lower(), f" {OTHER}", OWN[:-1] + "0", "", "1.23E+17"]
PEOPLE = [
    *(identity(n) for n in range(1, 9)),
    identity(3).lower(),
    "14010519850615",
    "140105850615001",
    "H12345678",
    "H1234567801",
    "830000198506150075",
    "办理中",
    "",
    "-",
]
DAYS = [
    "2024-01-01",
    "2027/1/1",
    "2024年3月5日",
    "45000",
    "长期",
    "",
    "无",
    "2026-02-30",
    "2020-01-01",
    "2020-01-01至2027-01-01",
]
KINDS = ["", "身份证", "港澳居民来往内地通行证", "护照", "说不清"]
PROFESSIONS = [
    "注册建造师",
    "二级注册建造师",
    "注册监理工程师",
    "注册造价工程师",
    "不知道",
    "",
    "小型项目管理师",
]
GRADES = ["一级", "二级", "", "三级", "壹级"]
TRADES = ["建筑工程", "建筑工程、市政", "机电(二级)", "", "不是专业", "房屋建筑工程", "矿业"]
STATES = ["有效", "", "注销", "奇怪", "锁定", "#N/A", '="有效"']
NUMBERS = ["", "晋214000000001", "京1", "办理中", "1.14202E+15", "\uff0f", "1142020202101230"]
INSURANCES = ["", "养老保险", "五险", "工伤保险", "养老、工伤", "说不清", "#REF!"]
PAYMENTS = ["", "已缴费", "欠费", "缓缴", "说不清", "#N/A"]
AMOUNTS = ["", "0.00", "812.50", "见附件", "-1", "#N/A"]
MONTHS = ["2026-01", "2026-02", "202603", "2026.1", "", "十月", "2026-03-31"]
PAYERS = [*CODES, "个人"]
EXTRAS = [["合计"], [], ["1", "2", "3"], ["填表人：张三"], ["", ""]]


def row(*pools: list[str]) -> st.SearchStrategy[list[Any]]:
    return st.tuples(*(st.sampled_from(pool) for pool in pools)).map(list)


registration = row(
    CODES,
    ["张三", "李四", "-"],
    KINDS,
    PEOPLE,
    ["", "1985-06-15", "1985-06"],
    PROFESSIONS,
    GRADES,
    TRADES,
    NUMBERS,
    DAYS,
    DAYS,
    DAYS,
    STATES,
    DAYS,
    DAYS,
)
contribution = row(PEOPLE, MONTHS, PAYERS, INSURANCES, PAYMENTS, AMOUNTS)
extra = st.sampled_from(EXTRAS)


def contents_of(files: RegisterFiles) -> dict[str, Any]:
    """Everything that a reading says, in an order of its own."""
    tables = {
        name: sorted(map(str, table.to_pylist()))
        for name, table in files.facts.tables.items()
        if name != "people"
    }
    registered = {table["person_id"] for table in files.facts.tables["registrations"].to_pylist()}
    people = {
        table["person_id"]: table
        for table in files.facts.tables["people"].to_pylist()
        if table["person_id"] in registered
    }
    shown = {person: (files.masks[person], files.names.get(person)) for person in people}
    return {
        **tables,
        "people": people,
        "shown": shown,
        "rejections": files.rejections,
        "notices": files.notices,
        "accounts": files.accounts,
    }


def no_clean_rows(_self: CleanRows, reader: SheetReader) -> pa.Array:
    return pa.repeat(pa.scalar(value=False), reader.body().length)


def agree(path: Path) -> RegisterFiles:
    quick = read_register_files(path, law())
    with patch.object(CleanRows, "collect", no_clean_rows):
        slow = read_register_files(path, law())
    assert contents_of(quick) == contents_of(slow)
    return quick


@given(
    st.lists(st.one_of(registration, registration, extra), max_size=12),
    st.lists(st.one_of(contribution, extra), max_size=12),
    st.sampled_from(["csv", "gb18030.csv", "xlsx"]),
    st.integers(0, 2),
)
@settings(max_examples=60)
def test_reading_columns_equals_reading_rows(
    registrations: register_files.Rows, contributions: register_files.Rows, form: str, titles: int
) -> None:
    above: register_files.Rows = [["某厅导出"], []][:titles]
    sheets = {
        "企业": [ENTERPRISES, [OWN, "甲", "140105", BRANCH], [OTHER, "乙", "140200", ""]],
        "资质": [ITEMS, item()],
        "注册人员": [*above, [*REGISTRATIONS, "延续申请日期"], *registrations],
        "社保": [*above, [*CONTRIBUTIONS, "险种", "缴费状态", "到账金额"], *contributions],
    }
    with tempfile.TemporaryDirectory() as folder:
        agree(register_files.write(Path(folder), sheets, form))


def test_a_synthetic_province_read_by_columns_and_by_rows(tmp_path: Path) -> None:
    generate_province(Plan(200, 5), tmp_path, "csv", law())
    files = agree(tmp_path)
    assert files.rejections, "the province is to have bad rows"
    assert len(files.facts.tables["registrations"]) > 2000


def test_a_province_with_nearly_only_clean_rows(tmp_path: Path) -> None:
    """Otherwise the test above would compare one way of reading with itself."""
    generate_province(Plan(200, 5), tmp_path, "csv", law())
    clean_shares: list[int] = []
    collect = CleanRows.collect

    def counted(self: CleanRows, reader: SheetReader) -> pa.Array:
        clean = collect(self, reader)
        if reader.header.table.slug in ("registrations", "contributions"):
            clean_shares.append(clean.true_count * 100 // max(1, len(clean)))
        return clean

    with patch.object(CleanRows, "collect", counted):
        read_register_files(tmp_path, law())
    assert min(clean_shares) > 90
