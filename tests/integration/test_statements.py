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
from register_files import CONTRIBUTIONS, ENTERPRISES, REGISTRATIONS, Rows, write
from register_rows import DAY, no_clean_rows, paid, person, province, with_column

PEOPLE: Rows = [REGISTRATIONS, person(1), person(2), person(3)]
STATELESS: Rows = [row[:12] for row in PEOPLE]
INSURANCE: Rows = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]


def people(*rows: list[Any]) -> dict[str, Rows]:
    return province(3, 注册人员=list(rows))


def insurance(*rows: list[Any]) -> dict[str, Rows]:
    return province(3, 社保=list(rows))


DECIDING = ("去向", "现状", "在职", "是否在职", "标记", "异动")
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
    "a spaced remark": (
        insurance(*with_column(INSURANCE, "备注", [*[""] * 6, "欠 费", "欠　费", "停\u00a0缴"])),
        ("cannot-say", 2, 3),
        "欠费",
    ),
    "a spaced remark behind a name": (
        people(*PEOPLE[:3], person(3, 姓名="张三（离 职）")),
        ("cannot-say", 2, 3),
        "离职",
    ),
    "a spaced section": (
        insurance(*INSURANCE[:7], ["欠 费 人 员"], *INSURANCE[7:]),
        ("cannot-say", 2, 3),
        "欠费人员",
    ),
    **{
        f"a section behind {bullet}": (
            insurance(*INSURANCE[:7], [f"{bullet}欠费人员"], *INSURANCE[7:]),
            ("cannot-say", 2, 3),
            "欠费人员",
        )
        for bullet in "■●▲◆★"
    },
    "a title behind a mark": (
        insurance(["■ 停缴人员"], *INSURANCE),
        ("cannot-say", 0, 3),
        "停缴人员",
    ),
    "a note behind a reference mark": (
        insurance(*INSURANCE[:7], ["※欠费人员另册"], *INSURANCE[7:]),
        ("met", 3, 3),
        "",
    ),
    "an application": (
        insurance(["申请停保人员名单"], *INSURANCE),
        ("cannot-say", 0, 3),
        "申请停保人员名单",
    ),
    "a long title": (
        insurance(
            ["关于山西省2026年第一季度建筑施工企业注册建造师社会保险费" * 3 + "欠费情况统计表"],
            *INSURANCE,
        ),
        ("cannot-say", 0, 3),
        "欠费情况统计表",
    ),
    "a section of three cells": (
        insurance(*INSURANCE[:7], ["欠费人员名单", "单位:元", "2026年3月"], *INSURANCE[7:]),
        ("cannot-say", 2, 3),
        "欠费人员名单",
    ),
    "a title of three cells over a second table": (
        insurance(
            *INSURANCE[:7],
            [],
            ["欠费人员名单", "单位:元", "2026年3月"],
            CONTRIBUTIONS,
            *INSURANCE[7:],
        ),
        ("cannot-say", 2, 3),
        "欠费人员名单",
    ),
    "a total of what is due": (
        insurance(*INSURANCE[:7], ["本页小计", "应缴12000元"], *INSURANCE[7:]),
        ("met", 3, 3),
        "",
    ),
    **{
        f"{heading} {cell}": (
            people(*with_column(PEOPLE, heading, ["", "", cell])),
            ("cannot-say", 2, 3),
            heading if heading in DECIDING else cell,
        )
        for heading, cell in (
            ("去向", "离职"),
            ("现状", "注销"),
            ("处理", "注销"),
            ("在职", "否"),
            ("是否在职", "否"),
            ("核查", "辞职"),
        )
    },
    **{
        f"{heading} {cell}": (
            insurance(*with_column(INSURANCE, heading, [*[""] * 6, cell, cell, cell])),
            ("cannot-say", 2, 3),
            heading if heading in DECIDING else cell,
        )
        for heading, cell in (
            ("标记", "停缴"),
            ("异动", "停保"),
            ("标识", "欠费"),
            ("处理", "减员"),
        )
    },
    "all are employed": (
        people(*with_column(PEOPLE, "是否在职", ["是", "在职", "是"])),
        ("met", 3, 3),
        "",
    ),
    "a list of two states": (
        people(["已注销、吊销人员名单"], *PEOPLE),
        ("cannot-say", 0, 3),
        "自己写的却是正常",
    ),
    "arrears and a section of insufficient payments": (
        insurance(
            *INSURANCE[:4], ["欠费人员名单"], *INSURANCE[4:7], ["不足额缴费人员"], *INSURANCE[7:]
        ),
        ("cannot-say", 1, 3),
        "不足额缴费人员",
    ),
    "a row without its keys": (
        people(
            REGISTRATIONS,
            [
                cell if heading in ("姓名", "状态") else ""
                for heading, cell in zip(REGISTRATIONS, person(4, 状态="注销"), strict=True)
            ],
            *PEOPLE[1:],
        ),
        ("met", 3, 4),
        "统一社会信用代码为空",
    ),
    "remarks that deny it or say that it is settled": (
        insurance(
            *with_column(
                INSURANCE,
                "备注",
                [
                    "补缴2025年欠费",
                    "欠费:0",
                    "欠费已补缴",
                    "无欠缴、停缴情况",
                    "欠费0元",
                    "欠费已结清",
                    "未出现断缴",
                    "无欠费",
                    "不欠费",
                ],
            )
        ),
        ("met", 3, 3),
        "",
    ),
    "remarks that deny a punishment": (
        people(
            *with_column(
                PEOPLE,
                "备注",
                ["未受到吊销处罚", "无吊销、撤销情形", "原注册已注销，重新注册"],
            )
        ),
        ("met", 3, 3),
        "",
    ),
    "a firm with a word in its name": (
        province(
            3,
            企业=[
                ENTERPRISES,
                *(
                    [
                        cell.replace("甲", "甲破产清算") if at == 1 else cell
                        for at, cell in enumerate(row)
                    ]
                    for row in province()["企业"][1:]
                ),
            ],
        ),
        ("met", 3, 3),
        "",
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


@pytest.mark.parametrize(
    "name", ["社保（停缴）.csv", "欠费/社保.csv", "2026-03欠费名单.csv", "2.欠费人员/社保.csv"]
)
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
        ("2.欠费人员", "contributions", True),
        ("未参保人员", "contributions", True),
        ("暂停参保", "contributions", True),
        ("未申报人员", "contributions", True),
        ("非正常缴费", "contributions", True),
        ("脱保人员", "contributions", True),
        ("不在册人员", "registrations", True),
        ("逾期未延续", "registrations", True),
        ("被开除人员", "registrations", True),
        ("不予认定清单", "accepted_findings", False),
        ("申请在册注销人员", "registrations", True),
        ("补缴欠费人员", "contributions", True),
    ],
)
def test_what_a_title_states(title: str, table: str, *, is_stated: bool) -> None:
    assert bool(statement_of_title(title, table)) == is_stated
    assert bool(statement_of_name(f"{title}.xlsx", table)) == is_stated


@pytest.mark.parametrize(
    ("remark", "table", "is_stated"),
    [
        ("2026年1月注销", "registrations", True),
        ("退休返聘", "registrations", False),
        ("注销" + "很长的说明" * 8, "registrations", False),
        (identity(1), "registrations", False),
        ("离　职", "registrations", True),
        ("被开除离职", "registrations", True),
        ("已转注至太原甲公司", "registrations", True),
        ("解除劳动合同", "registrations", True),
        ("未办理注销", "registrations", False),
        ("未受到吊销、撤销处罚", "registrations", False),
        ("注销后未重新注册", "registrations", True),
        ("注销，重新注册申请中", "registrations", True),
        ("未注销，已吊销", "registrations", True),
        ("停\n缴", "contributions", True),
        ("未足额", "contributions", True),
        ("减员", "contributions", True),
        ("待补缴欠费", "contributions", True),
        ("欠费未补缴", "contributions", True),
        ("欠费已补缴部分", "contributions", True),
        ("欠费:0.5万元", "contributions", True),
        ("欠费03个月", "contributions", True),
        ("欠费金额：0.00", "contributions", False),
        ("未缴、停缴", "contributions", True),
        ("补缴3个月欠费仍欠费", "contributions", True),
        ("限期补缴欠费", "contributions", True),
        ("欠费情况：无", "contributions", False),
        ("是否欠费：否", "contributions", False),
        ("欠费（已结清）", "contributions", False),
        ("未按时足额缴费", "contributions", True),
    ],
)
def test_what_a_remark_states(remark: str, table: str, *, is_stated: bool) -> None:
    assert bool(statement_of_remark(remark, table)) == is_stated


@pytest.mark.parametrize(
    ("name", "is_stated"),
    [
        ("甲破产清算装饰有限公司", False),
        ("甲装饰有限公司（已注销）", True),
        ("甲装饰有限公司 已注 销", True),
        ("甲停业装饰有限公司（筹）", False),
    ],
)
def test_what_stands_beside_the_name_of_a_firm(name: str, *, is_stated: bool) -> None:
    assert bool(statement_of_remark(name, "enterprises", is_name=True)) == is_stated
