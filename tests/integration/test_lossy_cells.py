"""A cell whose value its file lost puts its row in doubt where it is read; elsewhere it does no
harm.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from builders import OWN
from commands import check, verdicts
from register_files import REGISTRATIONS, csv_bytes, write
from register_rows import person, province

PEOPLE = [REGISTRATIONS, person(1), person(2), person(3)]
LAST = len(PEOPLE)  # the number of the row that is changed
NO_RESULT = ("=DATE(2027,1,1)",)
STORED_RESULT = ("=DATE(2027,1,1)", None, 46_388)


def error(value: str) -> tuple[Any, ...]:
    """A formula whose stored result is an error."""
    return "=NA()", None, value


def province_with(folder: Path, row: int, column: str, cell: Any, **options: Any) -> Path:
    """A province whose people stand in a workbook with one cell changed (row from 1)."""
    sheets = {name: rows for name, rows in province(3).items() if name != "注册人员"}
    write(folder, sheets, "csv")
    with xlsxwriter.Workbook(folder / "注册人员.xlsx", options) as book:
        sheet = book.add_worksheet("注册人员")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for r, cells in enumerate(PEOPLE):
            for c, value in enumerate(cells):
                if isinstance(value, date):
                    sheet.write_datetime(r, c, value, day)
                else:
                    sheet.write(r, c, value)
        place = (row - 1, REGISTRATIONS.index(column))
        if isinstance(cell, tuple):
            sheet.write_formula(*place, *cell)
        else:
            sheet.write(*place, cell)
    return folder


@pytest.mark.parametrize(
    ("column", "cell", "options"),
    [
        ("有效期止", error("#N/A"), {}),
        ("状态", error("#REF!"), {}),
        ("有效期止", NO_RESULT, {}),
        ("统一社会信用代码", ("=A2",), {}),
        ("身份证号", ("=D2",), {}),
        ("证书类别", ("=F2",), {}),
        ("等级", ("=G2",), {}),
        ("有效期止", 45_000, {"date_1904": True}),
        ("身份证号", 140105198506150000, {}),
    ],
)
def test_a_lost_value_that_is_read_puts_its_row_in_doubt(
    tmp_path: Path, column: str, cell: Any, options: dict[str, Any]
) -> None:
    result = check(province_with(tmp_path, LAST, column, cell, **options))
    assert verdicts(result.json()) == [(OWN, "constructors", "cannot-say")]
    assert [(row["row"], row["column"]) for row in result.json()["rejected"]] == [(LAST, column)]


@pytest.mark.parametrize(
    ("column", "cell", "options"),
    [
        ("姓名", error("#N/A"), {}),
        ("有效期止", STORED_RESULT, {}),
        ("有效期止", 46_388, {}),
        ("姓名", "无", {"date_1904": True}),  # its days are formatted as days
    ],
)
def test_a_value_that_is_there_or_not_needed(
    tmp_path: Path, column: str, cell: Any, options: dict[str, Any]
) -> None:
    result = check(province_with(tmp_path, LAST, column, cell, **options))
    assert verdicts(result.json()) == [(OWN, "constructors", "met")]
    assert result.json()["rejected"] == []


def test_a_heading_that_its_file_lost_may_decide(tmp_path: Path) -> None:
    """The heading of the ends of validity is gone: nobody is taken to be registered for ever."""
    result = check(province_with(tmp_path, 1, "有效期止", ("=A9",)))
    assert verdicts(result.json()) == [(OWN, "constructors", "cannot-say")]


@pytest.mark.parametrize("cell", ["=DATE(2027;1;1)", "#N/A", "########"])
@pytest.mark.parametrize("row", [2, LAST])
def test_a_lost_value_in_a_text_file(tmp_path: Path, cell: str, row: int) -> None:
    rows = [list(cells) for cells in PEOPLE]
    rows[row - 1][REGISTRATIONS.index("有效期止")] = cell
    result = check(write(tmp_path, province(3, 注册人员=rows), "csv"))
    assert verdicts(result.json()) == [(OWN, "constructors", "cannot-say")]
    assert [rejected["row"] for rejected in result.json()["rejected"]] == [row]


@pytest.mark.parametrize("quoted", [True, False])
def test_texts_written_as_formulas(tmp_path: Path, *, quoted: bool) -> None:
    folder = write(tmp_path, province(3), "csv")
    rows = [REGISTRATIONS, *([f'="{cell}"' if cell else "" for cell in row] for row in PEOPLE[1:])]
    content = csv_bytes(rows)
    if not quoted:
        content = "".join(",".join(row) + "\r\n" for row in rows).encode("gb18030")
    (folder / "注册人员.csv").write_bytes(content)
    result = check(folder)
    assert verdicts(result.json()) == [(OWN, "constructors", "met")]
    assert result.json()["rejected"] == []
