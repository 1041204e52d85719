"""Headers, blocks, repeated columns and lines that are no rows: what a check makes of them.

Every sheet is read by columns and row by row; both give the same.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from builders import OTHER, OWN, identity, law
from commands import check
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.register_files import read_register_files
from register_files import CONTRIBUTIONS, REGISTRATIONS, Rows, write
from register_rows import DAY, no_clean_rows, paid, person, province, with_column

PEOPLE: Rows = [REGISTRATIONS, person(1), person(2), person(3)]
INSURANCE: Rows = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
BLANK = [""] * len(REGISTRATIONS)


def two_row_header() -> Rows:
    upper = [*REGISTRATIONS[:10], "注册有效期", "", *REGISTRATIONS[12:]]
    lower = [*[""] * 10, "自", "至", "", ""]
    return [upper, lower, *PEOPLE[1:]]


def beside() -> Rows:
    pairs = zip(PEOPLE[1:], paid(1), strict=True)
    return [[*REGISTRATIONS, "", *CONTRIBUTIONS], *([*one, "", *other] for one, other in pairs)]


def people(rows: Rows) -> dict[str, Rows]:
    return province(3, 注册人员=rows)


# sheets, verdict with held and possible, rows rejected or refused, a word of the notice or rejection
CASES: dict[str, tuple[dict[str, Rows], tuple[str, int, int], int, str]] = {
    "a header in two rows": (people(two_row_header()), ("met", 3, 3), 0, ""),
    "insurance beside the people": (people(beside()), ("met", 3, 3), 0, ""),
    "people twice beside one another": (
        people(
            [
                [*REGISTRATIONS, "", *REGISTRATIONS],
                [*person(1), "", *person(2)],
                [*person(3), "", *BLANK],
            ]
        ),
        ("met", 3, 3),
        0,
        "",
    ),
    "insurance under the people": (
        people([*PEOPLE, [], ["社保情况"], *INSURANCE]),
        ("met", 3, 3),
        0,
        "标题、合计",
    ),
    "rows above the header": (
        people([person(3), REGISTRATIONS, person(1), person(2)]),
        ("cannot-say", 2, 3),
        1,
        "表头以上",
    ),
    "a table below whose header is not known": (
        people([*PEOPLE[:3], ["姓名", "身份证号", "工种"], ["张3", identity(3), "瓦工"]]),
        ("cannot-say", 2, 3),
        1,
        "第 5 至 5 行没有读",
    ),
    "a table below without the enterprise": (
        people([*PEOPLE[:3], ["丙公司"], REGISTRATIONS[1:], person(3)[1:]]),
        ("cannot-say", 2, 3),
        1,
        "缺少列",
    ),
    "a sheet without headings": (
        {**province(2), "补充": [person(3)]},
        ("cannot-say", 2, 3),
        0,
        "整张表没有读",
    ),
    "totals and signatures": (
        people(
            [
                *PEOPLE,
                ["合计", "", "", "", "", "注册建造师", 3],
                ["小计：", "3人"],
                ["", "", "", "", "本页共 3 人"],
                ["审核人：", "李四", "", "填表日期：2026-05-20"],
                ["以下空白"],
            ]
        ),
        ("met", 3, 3),
        0,
        "第 5、6、7、8、9 行",
    ),
    "the word total in a remark": (
        people(with_column(PEOPLE, "备注", ["合计", "小计", "共3人"])),
        ("met", 3, 3),
        0,
        "",
    ),
    "a second state that differs": (
        people(with_column(PEOPLE, "执业状态", ["有效", "注销", ""])),
        ("cannot-say", 2, 3),
        1,
        "同一件事",
    ),
    "the same state twice": (
        people(with_column(PEOPLE, "是否注销", ["否", "", "未注销"])),
        ("met", 3, 3),
        0,
        "",
    ),
    "a lock without days": (
        people(with_column(PEOPLE, "是否锁定", ["否", "是", ""])),
        ("cannot-say", 2, 3),
        1,
        "同一件事",
    ),
    "a day of deregistration": (
        people(with_column([row[:12] for row in PEOPLE], "注销日期", ["", "2024-05-01", ""])),
        ("short", 2, 2),
        0,
        "",
    ),
    "a day of deregistration beside a state in force": (
        people(with_column(PEOPLE, "注销日期", ["", "2024-05-01", ""])),
        ("cannot-say", 2, 3),
        1,
        "同一件事",
    ),
    "two numbers of one person": (
        people(with_column(PEOPLE, "证件号码", [identity(1), identity(9), ""])),
        ("cannot-say", 2, 3),
        1,
        "同一件事",
    ),
    "the number of the certificate": (
        people(with_column(PEOPLE, "证书编号", ["1", "2", "3"])),
        ("met", 3, 3),
        0,
        "不作依据",
    ),
    "an electronic certificate": (
        people(with_column(PEOPLE, "电子证书有效期至", ["2025-01-01"] * 3)),
        ("met", 3, 3),
        0,
        "",
    ),
    "a state that is not known": (
        people(with_column(PEOPLE, "审批状态", ["通过", "已删除", ""])),
        ("cannot-say", 2, 3),
        1,
        "可能影响结论",
    ),
    "insurance of a kind in a column of its own": (
        province(3, 社保=with_column(INSURANCE, "工伤保险", ["已缴"] * 9)),
        ("cannot-say", 0, 3),
        9,
        "可能影响结论",
    ),
    "the base of insurance": (
        province(3, 社保=with_column(INSURANCE, "缴费基数", ["5000"] * 9)),
        ("met", 3, 3),
        0,
        "",
    ),
    "who paid and where somebody is registered": (
        province(3, 社保=with_column(INSURANCE, "统一社会信用代码", [OTHER] * 9)),
        ("met", 3, 3),
        0,
        "不作依据",
    ),
}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", CASES)
def test_a_layout(tmp_path: Path, name: str, form: str) -> None:
    sheets, expected, rows_in_doubt, word = CASES[name]
    folder = write(tmp_path, sheets, form)
    report = check(folder, day=DAY).json()
    finding = report["findings"][0]
    assert (finding["verdict"], finding["held"], finding["possible"]) == expected
    files = report["summary"]["files"]
    assert sum(file["rejected"] + file["refused"] for file in files) == rows_in_doubt
    for file in files:
        assert file["accepted"] + file["rejected"] + file["refused"] == file["read"]
    sentences = [notice["text"] for notice in report["notices"]]
    sentences += [rejection["problem"] for rejection in report["rejected"]]
    assert any(word in text for text in sentences) or not word
    with patch.object(CleanRows, "collect", no_clean_rows):
        slow = read_register_files(folder, law())
    quick = read_register_files(folder, law())
    assert quick.accounts == slow.accounts
    assert quick.rejections == slow.rejections
    for table, rows in quick.facts.tables.items():
        assert sorted(map(str, rows.to_pylist())) == sorted(
            map(str, slow.facts.tables[table].to_pylist())
        )


@pytest.mark.parametrize("last", ["首次", "延续"])
def test_a_base_table_that_is_not_understood_is_one_sentence(tmp_path: Path, last: str) -> None:
    upper = [*REGISTRATIONS[:10], "有效期", "", *REGISTRATIONS[12:]]
    lower = [*[""] * 10, "初始", last, "", ""]
    result = check(write(tmp_path, people([upper, lower, *PEOPLE[1:]]), "csv"))
    assert (result.status, len(result.err.strip().splitlines())) == (2, 1)
    assert "「有效期」" in result.err
    assert OWN not in result.err


def test_as_many_people_in_doubt_as_rows_are_refused(tmp_path: Path) -> None:
    """Three rows that no header explains may be the three people whom the firm lacks."""
    rows: Rows = [REGISTRATIONS, ["姓名", "身份证号", "工种"]]
    rows += [[f"张{n}", identity(n), "瓦工"] for n in (1, 2, 3)]
    finding = check(write(tmp_path, people([*rows[:1], person(9), *rows[1:]]), "csv")).json()
    assert finding["findings"][0]["verdict"] == "cannot-say"
    assert finding["findings"][0]["possible"] >= 3
