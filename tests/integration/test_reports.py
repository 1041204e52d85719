"""What a check writes: workbook, page, JSON Lines, Parquet, facts folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Request

from browser import DESKTOP, PHONE, chromium
from builders import OTHER, OWN, identity, law
from commands import check, qualwatch
from qualwatch.reports import workbook
from qualwatch.reports.check_schema import check_schema
from register_files import ENTERPRISES, write
from register_rows import DAY, paid, person, province

EVIL = '+HYPERLINK("http://x","甲")<script>alert(1)</script>'


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoration firm one constructor short, with a name that wants to be a formula and a script."""
    sheets = province(3)
    sheets["企业"] = [
        ENTERPRISES,
        [OWN, EVIL, "140105", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    sheets["注册人员"].append(person(9, 身份证号="14010519850615000X"))
    sheets["注册人员"][3] = person(3, 有效期止="2026-01-01")
    sheets["社保"] = [sheets["社保"][0], *paid(1), *paid(2, OTHER), *paid(3)]
    return write(tmp_path_factory.mktemp("registers"), sheets, "csv")


def written(registers: Path, folder: Path, name: str) -> Path:
    result = qualwatch("check", registers, "--as-of", DAY, "--output", folder / name)
    assert result.status == 3, result.err
    return folder / name


def test_the_file_ending_chooses_the_format(registers: Path, tmp_path: Path) -> None:
    assert written(registers, tmp_path, "a.json").read_text(encoding="utf-8").startswith("{")
    assert (
        written(registers, tmp_path, "a.html")
        .read_text(encoding="utf-8")
        .startswith("<!doctype html>")
    )
    assert written(registers, tmp_path, "a.jsonl").read_text(encoding="utf-8").count("\n") == 1
    assert written(registers, tmp_path, "a.txt").read_text(encoding="utf-8").startswith("核查结果")
    assert not list(tmp_path.glob("*.part"))


def test_the_workbook_is_what_an_officer_sends_round(registers: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(registers, tmp_path, "a.xlsx"))
    assert book.sheetnames == [
        "说明",
        "不达标",
        "提示",
        "无法判定",
        "人员",
        "社保异常",
        "拒收",
        "提醒",
    ]
    for name in book.sheetnames[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref
    cover = {row[0].value: row[1] for row in book["说明"].iter_rows(min_row=3)}
    assert cover["核查日"].value == datetime.fromisoformat(DAY)
    assert (cover["核查日"].is_date, cover["核查日"].number_format) == (True, "yyyy-mm-dd")
    assert cover["口径施行日"].is_date
    assert [label for label in cover if "（" in label][:3] == [
        "企业（家）",
        "不达标（项指标）",
        "提示（项指标）",
    ]
    headings = [cell.value for cell in book["不达标"][1]]
    first = dict(zip(headings, book["不达标"][2], strict=True))
    assert first["单位"].value == "人"
    assert first["核查日"].is_date
    anomaly = {
        heading.value: cell
        for heading, cell in zip(book["社保异常"][1], book["社保异常"][2], strict=True)
    }
    assert anomaly["企业"].value == EVIL
    assert (anomaly["末月"].is_date, anomaly["末月"].number_format) == (True, "yyyy-mm")
    assert str(anomaly["月份"].value).endswith(f"{anomaly['末月'].value:%Y-%m}")
    (row,) = list(book["不达标"].iter_rows(min_row=2, values_only=True)) or [()]
    assert row[1:3] == (EVIL, OWN)
    assert row[7:11] == (3, 1, 2, 2) or row[7:11] == (3, 1, 1, 2), row
    people = {line[5]: line[7:] for line in book["人员"].iter_rows(min_row=2, values_only=True)}
    assert len(people) == 3
    assert all(re.fullmatch(r"\d{6}\*{10}[\dX]{2}", str(number)) for number in people)
    assert {counts for counts, _why in people.values()} == {"计入", "不计"}
    assert book["社保异常"].max_row == 2
    assert book["拒收"]["D2"].value == "身份证号"


def test_no_cell_of_a_workbook_is_a_formula_and_codes_are_text(
    registers: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(written(registers, tmp_path, "a.xlsx"))
    cells = [
        cell
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert cells
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    codes = [cell for cell in cells if isinstance(cell.value, str) and cell.value == OWN]
    assert codes
    assert {(cell.data_type, cell.number_format) for cell in codes} == {("s", "@")}


def test_a_full_sheet_continues_in_the_next(
    registers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import xlsxwriter

    def many(count: int) -> Iterator[tuple[str, int]]:
        return ((f"行{n}", n) for n in range(count))

    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        looks = workbook._formats(book)
        for name, count in (("满", 20), ("余", 21), ("空", 0)):
            workbook._write(
                book, looks, workbook.Sheet(name, [("甲", 8), ("乙", 8)], many(count)), 10
            )
    row_counts = {sheet.title: sheet.max_row - 1 for sheet in openpyxl.load_workbook(path)}
    assert row_counts == {"满": 10, "满2": 10, "余": 10, "余2": 10, "余3": 1, "空": 0}
    assert workbook.MAX_ROWS + 1 == 1_048_576


@pytest.mark.parametrize("seed", [4, 11])
def test_the_json_is_as_its_schema_says(registers: Path, tmp_path: Path, seed: int) -> None:
    """Of the small registers with rejected rows, and of a province with every verdict."""
    validator = Draft202012Validator(check_schema())
    Draft202012Validator.check_schema(check_schema())
    document = check(registers).json()
    assert document["rejected"]
    assert document["notices"] or document["anomalies"]
    validator.validate(document)
    words = ("--enterprises", "200", "--seed", str(seed))
    assert qualwatch("generate", tmp_path / "province", *words).status == 0
    province_document = check(tmp_path / "province").json()
    assert province_document["anomalies"]
    validator.validate(province_document)
    for wrong in (
        {**document, "more": 1},
        {**document, "schema": "qualwatch-check/2"},
        {**document, "findings": [{**document["findings"][0], "verdict": "bad"}]},
        {name: value for name, value in document.items() if name != "summary"},
    ):
        assert not validator.is_valid(wrong)


def test_the_printed_page_shows_clauses_and_people(registers: Path, tmp_path: Path) -> None:
    page_file = written(registers, tmp_path, "a.html")
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        page.goto(page_file.as_uri())
        assert not page.locator("section.printed").is_visible()
        page.emulate_media(media="print")
        printed = page.locator("section.printed").inner_text()
        assert not page.locator("details.on-screen").first.is_visible()
        assert "附 1" in page.locator("table.stack").inner_text()
    assert "至少 3，合格 1" in printed
    assert "要求 3，实有 1" in printed
    assert len(re.findall(r"\d{6}\*{10}[\dX]{2}", printed)) == 3
    assert "注册已过期" in printed


def test_json_lines_and_parquet_say_what_the_json_says(registers: Path, tmp_path: Path) -> None:
    document = check(registers).json()
    lines = [
        json.loads(line)
        for line in written(registers, tmp_path, "a.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [
        {key: value for key, value in line.items() if key != "as_of"} for line in lines
    ] == document["findings"]
    table = pq.read_table(written(registers, tmp_path, "a.parquet"))
    assert table.to_pylist() == document["findings"]
    assert table.schema.metadata[b"as_of"].decode() == DAY
    assert table.schema.metadata[b"law_digest"].decode() == law().digest


def test_a_facts_folder_gives_the_findings_of_the_files(registers: Path, tmp_path: Path) -> None:
    result = qualwatch(
        "check", registers, "--as-of", DAY, "--format", "facts", "--output", tmp_path / "facts"
    )
    assert result.status == 3
    again = check(tmp_path / "facts").json()
    assert again["findings"] == check(registers).json()["findings"]
    numbers = b"".join(file.read_bytes() for file in (tmp_path / "facts").iterdir())
    assert identity(1).encode() not in numbers
    assert (
        qualwatch(
            "check", registers, "--as-of", DAY, "--format", "facts", "--output", tmp_path / "facts"
        ).status
        == 3
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    refused = qualwatch(
        "check", registers, "--as-of", DAY, "--format", "facts", "--output", tmp_path / "mine"
    )
    assert refused.status == 2
    assert (tmp_path / "mine" / "note.txt").read_text() == "keep"


@pytest.mark.parametrize("form", ["xlsx", "parquet", "facts"])
def test_a_format_that_needs_a_file_says_so(registers: Path, form: str) -> None:
    result = qualwatch("check", registers, "--as-of", DAY, "--format", form)
    assert result.status == 2
    assert "--output" in result.err


def test_a_failed_write_leaves_no_partial_file(registers: Path, tmp_path: Path) -> None:
    result = qualwatch("check", registers, "--as-of", DAY, "--output", tmp_path / "none" / "a.xlsx")
    assert result.status == 2
    assert "写不到" in result.err
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_self_contained_and_shows_no_identity_number(
    registers: Path, tmp_path: Path
) -> None:
    text = written(registers, tmp_path, "a.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"(src|href)=|url\(|@import", text)
    assert identity(1) not in text
    assert identity(1)[:6] + "*" * 10 in text


def note_request(urls: list[str], request: Request) -> None:
    urls.append(request.url)


def test_the_page_in_a_browser(tmp_path: Path) -> None:
    qualwatch("generate", tmp_path / "province", "--enterprises", "200", "--seed", "4")
    page_file = written(tmp_path / "province", tmp_path, "a.html")
    summary = check(tmp_path / "province").json()["summary"]
    with chromium() as browser:
        for screen in (DESKTOP, PHONE):
            page = browser.new_page(viewport=screen)
            urls: list[str] = []
            page.on("request", partial(note_request, urls))
            page.goto(page_file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
            assert len(urls) == 1, "a self-contained page asks for nothing"
            assert page.locator("figure svg").count() >= 5
            assert page.locator("svg .tile").count() == 12
            figures = page.locator(".figures li b").all_inner_texts()
            assert figures[2] == str(summary["verdicts"]["short"])
            assert page.locator("table.stack tbody tr").count() == summary["verdicts"]["short"]
            smallest = page.evaluate(
                "Math.min(...[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height))"
            )
            assert smallest >= 10, "text in the pictures is readable"
            broken = "[...document.querySelectorAll('td.n')].filter(t => getComputedStyle(t).whiteSpace !== 'nowrap').length"
            assert page.evaluate(broken) == 0, "a number is never broken over two lines"
            if screen is PHONE:
                page.locator("summary").first.click()
                assert page.locator("details[open] li").first.is_visible()


def test_the_page_in_english(registers: Path, tmp_path: Path) -> None:
    result = qualwatch(
        "check", registers, "--as-of", DAY, "--output", tmp_path / "a.html", QUALWATCH_LANG="en"
    )
    assert result.status == 3
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert "Requirements that are short" in text
