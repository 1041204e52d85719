"""Titles, names of sheets and files, and remarks that say that rows do not count."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from builders import identity, law
from commands import check
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.register_files import read_register_files
from qualwatch.intake.statements import statement_of_name, statement_of_remark, statement_of_title
from register_files import CONTRIBUTIONS, REGISTRATIONS, Rows, write
from register_rows import DAY, no_clean_rows, paid, person, province, with_column

PEOPLE: Rows = [REGISTRATIONS, person(1), person(2), person(3)]
STATELESS: Rows = [row[:12] for row in PEOPLE]
INSURANCE: Rows = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]


def people(*rows: list[Any]) -> dict[str, Rows]:
    return province(3, 注册人员=list(rows))


def insurance(*rows: list[Any]) -> dict[str, Rows]:
    return province(3, 社保=list(rows))


# sheets, the verdict with held and possible, what the report names
CASES: dict[str, tuple[dict[str, Rows], tuple[str, int, int], str]] = {
    "a title of arrears above": (
        insurance(["2026年一季度欠费人员名单"], *INSURANCE),
        ("cannot-say", 0, 3),
        "欠费人员名单",
    ),
    "a title of arrears two rows above": (
        insurance(["停保人员"], ["填报单位：甲公司"], [], *INSURANCE),
        ("cannot-say", 0, 3),
        "停保人员",
    ),
    "a section of arrears among the rows": (
        insurance(*INSURANCE[:7], ["", "二、欠费人员"], *INSURANCE[7:]),
        ("cannot-say", 2, 3),
        "欠费人员",
    ),
    "a section of arrears and one in order after it": (
        insurance(CONTRIBUTIONS, ["欠费人员："], *paid(3), ["正常缴费人员："], *paid(1), *paid(2)),
        ("cannot-say", 2, 3),
        "欠费人员",
    ),
    "a sheet named so": (
        {**province(2), "注销人员": [STATELESS[0], STATELESS[3]]},
        ("cannot-say", 2, 3),
        "注销人员",
    ),
    "titles side by side": (
        people(
            ["在册人员", *[""] * 12, "已注销人员"],
            [*STATELESS[0], "", *STATELESS[0]],
            [*STATELESS[1], "", *STATELESS[3]],
            [*STATELESS[2], "", *[""] * 12],
        ),
        ("cannot-say", 2, 3),
        "已注销人员",
    ),
    "a title over a second table": (
        people(*STATELESS[:3], [], ["二、已注销人员"], STATELESS[0], STATELESS[3]),
        ("cannot-say", 2, 3),
        "已注销人员",
    ),
    "a group over all headings": (
        people(["", "", "", "暂停执业人员"], *STATELESS),
        ("cannot-say", 0, 3),
        "暂停执业人员",
    ),
    "the state stands in every row too": (
        people(
            ["已注销人员名单"],
            REGISTRATIONS,
            *(person(n, 状态="注销", 状态日期="2026-01-05") for n in (1, 2, 3)),
        ),
        ("short", 0, 0),
        "已注销人员名单",
    ),
    "the rows contradict the title": (
        people(["已注销人员名单"], *PEOPLE),
        ("cannot-say", 0, 3),
        "已注销人员名单",
    ),
    "a list of both kinds that names each state": (
        people(["注册人员（含注销）"], *PEOPLE[:3], person(3, 状态="注销")),
        ("short", 2, 2),
        "含注销",
    ),
    "a list of both kinds that names none": (
        people(["注册及注销人员"], *STATELESS),
        ("cannot-say", 0, 3),
        "注册及注销人员",
    ),
    "a title that denies it": (people(["注册人员（不含已注销）"], *PEOPLE), ("met", 3, 3), ""),
    "a sentence about filling in": (
        people(["说明：已注销人员请填写注销日期"], *STATELESS),
        ("met", 3, 3),
        "",
    ),
    "insurance of injuries alone": (
        insurance(["工伤保险缴费明细"], *INSURANCE),
        ("cannot-say", 0, 3),
        "工伤保险缴费明细",
    ),
    "insurance of all kinds": (
        insurance(["养老、失业、工伤保险缴费明细"], *INSURANCE),
        ("met", 3, 3),
        "",
    ),
    "a remark": (
        people(*with_column(STATELESS, "备注", ["", "2026年1月已注销", "原单位注销后转入？"])),
        ("cannot-say", 1, 3),
        "已注销",
    ),
    "a remark that denies it": (
        people(*with_column(STATELESS, "备注", ["未注销", "", "无"])),
        ("met", 3, 3),
        "",
    ),
    "a remark beside the state": (
        people(*with_column([*PEOPLE[:3], person(3, 状态="注销")], "备注", ["", "", "自行注销"])),
        ("short", 2, 2),
        "",
    ),
    "a remark behind a name": (
        people(*STATELESS[:3], person(3, 姓名="张三（已离职）")[:12]),
        ("cannot-say", 2, 3),
        "已离职",
    ),
    "a remark behind an identity number": (
        people(*STATELESS[:3], person(3, 身份证号=f"{identity(3)}（已注销）")[:12]),
        ("cannot-say", 2, 3),
        "已注销",
    ),
    "a remark behind a speciality": (
        people(*STATELESS[:3], person(3, 专业="建筑工程（已注销）")[:12]),
        ("cannot-say", 2, 3),
        "已注销",
    ),
    "a remark behind a kind of certificate": (
        people(*STATELESS[:3], person(3, 证书类别="注册建造师（注销）")[:12]),
        ("cannot-say", 2, 3),
        "注销",
    ),
    "a remark behind an insurance": (
        insurance(
            *with_column(INSURANCE, "险种", ["养老保险"] * 6 + ["养老保险（欠费）"] * 3),
        ),
        ("cannot-say", 2, 3),
        "欠费",
    ),
    "a line that everybody below has left": (
        people(*STATELESS[:3], ["以下人员已注销"], STATELESS[3]),
        ("cannot-say", 2, 3),
        "以下人员已注销",
    ),
    "payments that were turned back": (
        insurance(
            [*CONTRIBUTIONS, "缴费状态"],
            *([*row, "已缴费"] for row in INSURANCE[1:]),
            *([*row, "退费"] for row in paid(3)),
        ),
        ("cannot-say", 2, 3),
        "看不出是否已缴",
    ),
    "amounts that were turned back": (
        insurance(
            [*CONTRIBUTIONS, "到账金额"],
            *([*row, "812.50"] for row in INSURANCE[1:]),
            *([*row, "-812.50"] for row in paid(3)),
        ),
        ("cannot-say", 2, 3),
        "看不出是否已缴",
    ),
    "arrears that were paid later": (
        insurance(
            [*CONTRIBUTIONS, "缴费状态"],
            *([*row, "欠费"] for row in paid(3)),
            *([*row, "已缴费"] for row in INSURANCE[1:]),
        ),
        ("met", 3, 3),
        "欠费",
    ),
    "days of payment that some rows lack": (
        insurance(*with_column(INSURANCE, "到账日期", ["2026-04-02"] * 6 + [""] * 3)),
        ("cannot-say", 2, 3),
        "到账",
    ),
    "days of payment in every row": (
        insurance(*with_column(INSURANCE, "到账日期", ["2026-04-02"] * 9)),
        ("met", 3, 3),
        "",
    ),
    "a column without heading": (
        insurance(*with_column(INSURANCE, "", [*[""] * 6, "停缴", "停缴", "停缴"])),
        ("cannot-say", 2, 3),
        "停缴",
    ),
    "items that are withdrawn": (
        province(2, 资质=[["已撤回资质"], *(row[:10] for row in province()["资质"])]),
        ("cannot-say", 2, 2),
        "已撤回资质",
    ),
}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", CASES)
def test_rows_beneath_a_title(tmp_path: Path, name: str, form: str) -> None:
    sheets, expected, word = CASES[name]
    folder = write(tmp_path, sheets, form)
    report = check(folder, day=DAY).json()
    finding = report["findings"][0]
    counts = (finding["held"], finding["possible"]) if finding["required"] else expected[1:]
    assert (finding["verdict"], *counts) == expected
    sentences = [notice["text"] for notice in report["notices"]]
    sentences += [rejection["problem"] for rejection in report["rejected"]]
    assert any(word in text for text in sentences) or not word
    assert word or not any("不算数" in text or "旁注" in text for text in sentences)
    with patch.object(CleanRows, "collect", no_clean_rows):
        slow = read_register_files(folder, law())
    quick = read_register_files(folder, law())
    assert quick.accounts == slow.accounts
    assert quick.rejections == slow.rejections
    for table, rows in quick.facts.tables.items():
        assert sorted(map(str, rows.to_pylist())) == sorted(
            map(str, slow.facts.tables[table].to_pylist())
        )


@pytest.mark.parametrize("name", ["社保（停缴）.csv", "欠费/社保.csv", "2026-03欠费名单.csv"])
def test_the_name_of_a_file(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, insurance(*INSURANCE), "csv")
    target = folder / name
    target.parent.mkdir(exist_ok=True)
    shutil.move(folder / "社保.csv", target)
    finding = check(folder, day=DAY).json()["findings"][0]
    assert (finding["verdict"], finding["held"], finding["possible"]) == ("cannot-say", 0, 3)


@pytest.mark.parametrize(
    ("title", "table", "is_stated"),
    [
        ("未注销人员", "registrations", False),
        ("无欠费证明", "contributions", False),
        ("注销除外", "registrations", False),
        ("解除锁定人员", "registrations", False),
        ("注册建造师花名册", "registrations", False),
        ("单位参保人员缴费明细", "contributions", False),
        ("附件2：停保、断缴人员", "contributions", True),
        ("查询条件：缴费状态=欠费", "contributions", True),
        ("作废", "items", True),
        ("欠费", "registrations", False),
    ],
)
def test_what_a_title_states(title: str, table: str, *, is_stated: bool) -> None:
    assert bool(statement_of_title(title, table)) == is_stated
    assert bool(statement_of_name(f"{title}.xlsx", table)) == is_stated


def test_what_a_remark_states() -> None:
    assert statement_of_remark("2026年1月注销", "registrations")
    assert not statement_of_remark("退休返聘", "registrations")
    assert not statement_of_remark("注销" + "很长的说明" * 8, "registrations")
    assert not statement_of_remark(identity(1), "registrations")
