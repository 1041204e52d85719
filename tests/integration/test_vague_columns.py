"""Ends under vague headings, counters, numbers without kind, pages and files without a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from builders import OWN, identity, law
from commands import check
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.register_files import read_register_files
from register_files import CONTRIBUTIONS, REGISTRATIONS, Rows, write
from register_rows import DAY, no_clean_rows, paid, person, province, with_column

END = REGISTRATIONS.index("有效期止")
PEOPLE: Rows = [REGISTRATIONS, person(1), person(2), person(3)]
TAIWAN = "12345678"


def people(*rows: list[Any]) -> dict[str, Rows]:
    return province(3, 注册人员=list(rows))


def ending(heading: str, *days: str) -> dict[str, Rows]:
    """Three people whose only end stands under a heading."""
    rows: Rows = [[*REGISTRATIONS[:END], heading, *REGISTRATIONS[END + 1 :]]]
    rows += [person(n, 有效期止=day) for n, day in enumerate(days, 1)]
    return people(*rows)


def two_ends(*pairs: tuple[str, str]) -> dict[str, Rows]:
    """注册有效期 and 证书有效期 of three people."""
    rows: Rows = [person(n, 有效期止=pair[0]) for n, pair in enumerate(pairs, 1)]
    header = [*REGISTRATIONS[:END], "注册有效期", *REGISTRATIONS[END + 1 :]]
    return people(*with_column([header, *rows], "证书有效期", [pair[1] for pair in pairs]))


def counted(heading: str, cells: list[Any]) -> dict[str, Rows]:
    """A column before the others."""
    return people(*with_column(PEOPLE, heading, cells, 0))


def many(heading: str, numbers: list[Any]) -> dict[str, Rows]:
    rows: Rows = [REGISTRATIONS, *(person(n) for n in range(1, len(numbers) + 1))]
    return province(len(numbers), 注册人员=with_column(rows, heading, numbers, 0))


def passport(number: str, kind: str, name: str, born: str, serial: int = 3) -> list[Any]:
    return person(serial, 证件类型=kind, 身份证号=number, 姓名=name, 出生日期=born)


def insured(*rows: Rows) -> Rows:
    return [CONTRIBUTIONS, *(row for part in rows for row in part)]


def months(number: str) -> Rows:
    return [[number, month, OWN] for month in ("2026-01", "2026-02", "2026-03")]


PERMIT = {
    "注册人员": [
        [*REGISTRATIONS],
        person(1),
        person(2),
        passport(TAIWAN, "台湾居民来往大陆通行证", "林某", "1980-01-01"),
    ],
    "社保": insured(paid(1), paid(2), months(TAIWAN)),
}
CASES: dict[str, tuple[dict[str, Rows], tuple[str, int, int], str]] = {
    # 1: the only end
    "the end of the certificate is past": (
        ending("证书有效期", "2026-04-30", "2027-01-01", "长期"),
        ("cannot-say", 2, 3),
        "可能是电子证书",
    ),
    "the end of the certificate is today": (
        ending("证书有效期止", "2026-05-20", "2026-05-20", "2026-05-20"),
        ("met", 3, 3),
        "可能是电子证书",
    ),
    "the end of the certificate in two rows": (
        ending("注册证书有效期", "2026-05-19", "2026-05-19", "2027-01-01"),
        ("cannot-say", 1, 3),
        "可能是电子证书",
    ),
    "the end of the registration": (
        ending("注册有效期", "2026-05-19", "2026-05-19", "2027-01-01"),
        ("short", 1, 1),
        "",
    ),
    # 2: two ends
    "a blank precise end beside a vague one that is past": (
        two_ends(("2027-01-01", ""), ("2027-01-01", "2026-04-30"), ("", "2026-04-30")),
        ("cannot-say", 2, 3),
        "为空",
    ),
    "a blank precise end beside a vague one to come": (
        two_ends(("2027-01-01", ""), ("2027-01-01", "2026-04-30"), ("", "2026-12-31")),
        ("cannot-say", 2, 3),
        "为空",
    ),
    "both ends blank": (
        two_ends(("2027-01-01", "2026-06-01"), ("2027-01-01", "2026-04-30"), ("", "")),
        ("met", 3, 3),
        "",
    ),
    "no precise end in any row": (
        two_ends(("", "2026-04-30"), ("", "2026-06-01"), ("", "2026-06-01")),
        ("cannot-say", 2, 3),
        "可能是电子证书",
    ),
    # 6: counters
    "the index of a table": (counted("Unnamed: 0", ["0", "1", "2"]), ("met", 3, 3), "行号列"),
    "an index from one": (counted("Unnamed: 0", ["1", "2", "3"]), ("met", 3, 3), "行号列"),
    "an index without heading": (counted("", ["0", "1", "2"]), ("met", 3, 3), "行号列"),
    "the same number everywhere": (
        counted("Unnamed: 0", ["1", "1", "1"]),
        ("cannot-say", 0, 3),
        "可能影响结论",
    ),
    "a column of noughts and ones": (
        counted("字段7", ["0", "1", "0"]),
        ("cannot-say", 0, 3),
        "可能影响结论",
    ),
    "a long counter under a heading that says nothing": (
        many("字段1", ["1", "2", "3", "4", "5"]),
        ("met", 5, 5),
        "行号列",
    ),
    "a counter with a gap": (
        many("字段1", ["1", "2", "3", "5", "6"]),
        ("cannot-say", 0, 5),
        "可能影响结论",
    ),
    # 11: documents
    "a permit of eight digits without kind in the insurance": (
        province(3, **PERMIT),
        ("met", 3, 3),
        "",
    ),
    "eight digits that nobody is registered under": (
        province(3, 社保=insured(paid(1), paid(2), months("87654321"))),
        ("cannot-say", 2, 3),
        "身份证号不是 18 位",
    ),
    "one number under two kinds of document, one name": (
        people(
            *PEOPLE[:3],
            passport("EA1234567", "护照", "John", "1980-01-01"),
            passport("EA1234567", "其他证件", "John", "1980-01-01", 4),
        )
        | {"社保": insured(paid(1), paid(2), months("EA1234567"))},
        ("met", 3, 3),
        "",
    ),
    "one number under two kinds of document, two people": (
        people(
            *PEOPLE[:2],
            passport("123456789", "护照", "John", "1980-01-01"),
            passport("123456789", "军官证", "王五", "1985-02-02", 4),
        )
        | {"社保": insured(paid(1), months("123456789"))},
        ("cannot-say", 1, 3),
        "可能是两个人",
    ),
    # 4: a header of which one word is known
    "a table below of which one heading is known": (
        people(*PEOPLE[:3], [], ["姓名", "工种", "联系办法"], ["张3", identity(3), "瓦工"]),
        ("cannot-say", 2, 3),
        "没有认出这一行表头",
    ),
    "a table below in the same order under other headings": (
        people(
            *PEOPLE[:3],
            ["企业码", "持证人", "证件种", "号", "出生", "类", "等第", "专业", "号2", "到岗"],
            person(3),
        ),
        ("cannot-say", 2, 3),
        "没有认出这一行表头",
    ),
    "people beside a table under no heading of it": (
        people(*PEOPLE[:2], [*person(2), "", "张3", identity(3)]),
        ("cannot-say", 2, 3),
        "没有表头的列里有身份证号",
    ),
    "a line of signatures between the rows": (
        people(*PEOPLE[:2], ["单位名称", "甲公司", "填报人", "李四"], *PEOPLE[2:]),
        ("met", 3, 3),
        "",
    ),
}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", CASES)
def test_a_column(tmp_path: Path, name: str, form: str) -> None:
    sheets, expected, word = CASES[name]
    folder = write(tmp_path, sheets, form)
    report = check(folder, day=DAY).json()
    [finding] = [row for row in report["findings"] if row["requirement"] == "constructors"]
    assert (finding["verdict"], finding["held"], finding["possible"]) == expected
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


LOGIN = "<html><head><title>用户登录</title></head><body><form><input type=password></form></body></html>"
ERROR = "<html><title>系统错误</title><body>HTTP 500，查询超时<p>晋ICP备12345678号</body></html>"
FILES: dict[str, tuple[str, bytes, str, bool]] = {
    # name, content, what is said, whether anybody is in doubt
    "an empty file": ("补充.xls", b"", "文件是空的", False),
    "a file of blanks": ("补充.csv", b" \r\n" * 5000, "文件是空的", False),
    "a file of zeros": ("补充.xls", b"\0" * 9000, "文件是空的", True),
    "a picture": ("补充.xls", b"\x89PNG\r\n\x1a\n" + b"\1" * 500, "图片", False),
    "a login page": ("补充.xls", LOGIN.encode(), "登录页", False),
    "an error page": ("补充.xls", ERROR.encode(), "系统错误", False),
    "a page without a table": ("补充.html", b"<html><body>nothing</body></html>", "nothing", False),
    "a page that shows people otherwise": (
        "补充.html",
        f"<html><body><div>{identity(3)}</div></body></html>".encode(),
        "没有表格的网页",
        True,
    ),
    "a page whose program holds rows": (
        "补充.html",
        f'<html><body><script>rows=["{identity(3)}"]</script></body></html>'.encode(),
        "没有表格的网页",
        True,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_a_table(tmp_path: Path, name: str) -> None:
    file, content, word, is_doubt = FILES[name]
    folder = write(tmp_path, province(2), "csv")
    (folder / file).write_bytes(content)
    report = check(folder, day=DAY).json()
    [rejection] = report["rejected"]
    assert rejection["file"] == file
    assert word in rejection["problem"]
    assert identity(3) not in rejection["problem"]
    finding = report["findings"][0]
    assert finding["verdict"] == ("cannot-say" if is_doubt else "short")


def test_blanks_before_the_rows_are_no_empty_file(tmp_path: Path) -> None:
    folder = write(tmp_path, province(3), "csv")
    file = folder / "社保.csv"
    file.write_bytes(b"\r\n" * 3000 + file.read_bytes())
    assert check(folder, day=DAY).json()["findings"][0]["verdict"] in ("met", "cannot-say")


@pytest.mark.parametrize("tag", ["h2", "caption"])
def test_a_heading_of_a_page_is_a_title(tmp_path: Path, tag: str) -> None:
    folder = write(tmp_path, province(3), "csv")
    (folder / "社保.csv").unlink()
    cells = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
        for row in insured(paid(1), paid(2), paid(3))
    )
    title = f"<{tag}>欠费人员名单</{tag}>"
    page = (
        f"<table>{title}{cells}</table>" if tag == "caption" else f"{title}<table>{cells}</table>"
    )
    (folder / "社保.xls").write_text(f"<html><body>{page}</body></html>", "utf-8")
    finding = check(folder, day=DAY).json()["findings"][0]
    assert (finding["verdict"], finding["held"], finding["possible"]) == ("cannot-say", 0, 3)


def test_a_text_larger_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path, province(3), "csv")
    with (folder / "补充.csv").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
        file.seek(0)
        file.write(b"a,b\n")
    monkeypatch.setenv("QUALWATCH_READ_TEXT_MB", "2")
    files = read_register_files(folder, law())
    assert [row.problem for row in files.rejections] == ["文本文件有 3 MB，超过 2 MB，没有读"]
    assert any(row.table == "registrations" for row in files.facts.unparsed)


@pytest.mark.parametrize("number", [f"T{identity(3)}", f"证{identity(3)}号"])
def test_no_identity_number_in_the_number_of_a_registration(number: str) -> None:
    from qualwatch.intake.cells import registration_number

    shown = registration_number(number)
    assert shown is not None
    assert identity(3)[6:14] not in shown
    assert shown == registration_number(number)
    assert registration_number("晋2142020202112345") == "晋2142020202112345"
