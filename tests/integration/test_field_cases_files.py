"""Sections D (files) and E (identifiers) of the field cases, each on every file type in which it can occur."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from builders import OTHER, OWN, identity
from commands import check, verdicts
from register_files import (
    CONTRIBUTIONS,
    ENTERPRISES,
    FORMATS,
    MERGING,
    REGISTRATIONS,
    csv_bytes,
    write,
)
from register_rows import paid, person, province

MET, SHORT = [(OWN, "constructors", "met")], [(OWN, "constructors", "short")]
KNOWN_PERSON = "11010519491231002X"


def registrations(*rows: list[Any]) -> list[list[Any]]:
    return [REGISTRATIONS, *rows]


@pytest.mark.parametrize("form", MERGING)
def test_f38_a_numeric_identity_cell_is_refused(tmp_path: Path, form: str) -> None:
    rows = registrations(person(1), person(2), person(3, 身份证号=140105199001011234))
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert result.status == 3
    rejected = result.json()["rejected"]
    assert [(rejection["row"], rejection["column"]) for rejection in rejected] == [(4, "身份证号")]
    assert "数字格式" in rejected[0]["problem"]
    assert "文本" in rejected[0]["remedy"]
    assert result.json()["findings"][0]["verdict"] == "cannot-say"


@pytest.mark.parametrize("form", ["csv", "gb18030.csv"])
def test_f38_a_number_in_scientific_notation_is_refused(tmp_path: Path, form: str) -> None:
    rows = registrations(person(1), person(2), person(3, 身份证号="1.40105E+17"))
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert [
        (rejection["row"], "数字格式" in rejection["problem"])
        for rejection in result.json()["rejected"]
    ] == [(4, True)]


@pytest.mark.parametrize("form", MERGING)
def test_f38_a_numeric_payer_code_is_refused(tmp_path: Path, form: str) -> None:
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), [identity(3), "2026-03", 911401050000000011]]
    result = check(write(tmp_path, province(3, 社保=rows), form))
    assert [(rejection["row"], rejection["column"]) for rejection in result.json()["rejected"]] == [
        (8, "缴费单位信用代码")
    ]


NOON = datetime(2023, 6, 1, 12, 30)  # noqa: DTZ001  # cells have no time zone
DATES: list[Any] = [
    "45078",
    "2023.6.1",
    "2023年6月1日",
    "20230601",
    "2023-6-1 0:00:00",
    "2023/6/1",
    " 2023-06-01 ",
    "\uff12\uff10\uff12\uff13-\uff10\uff16-\uff10\uff11",
]


@pytest.mark.parametrize("form", FORMATS)
def test_f40_dates_in_every_shape(tmp_path: Path, form: str) -> None:
    shapes = DATES if form.endswith("csv") else [*DATES, 45078, date(2023, 6, 1), NOON]
    rows = registrations(
        *(person(n, 有效期止=shape, 有效期起="") for n, shape in enumerate(shapes, 1))
    )
    sheets = province(len(shapes), 注册人员=rows)
    on, after = (
        check(write(tmp_path / day, sheets, form), day=day) for day in ("2023-06-01", "2023-06-02")
    )
    assert on.status == after.status == 0, on.err
    count = len(shapes)
    assert on.json()["findings"][0]["possible"] == count
    assert after.json()["findings"][0]["possible"] == 0
    assert after.json()["findings"][0]["because"] == ["registration-expired"]


@pytest.mark.parametrize("form", FORMATS)
def test_f40_open_ended_and_impossible_days(tmp_path: Path, form: str) -> None:
    rows = registrations(
        person(1, 有效期止="长期"),
        person(2),
        person(3),
        person(4, 有效期止="2023-02-30"),
        person(5, 有效期起="长期"),
    )
    result = check(write(tmp_path, province(5, 注册人员=rows), form))
    assert verdicts(result.json()) == MET
    assert [
        (rejection["row"], rejection["column"], rejection["value"])
        for rejection in result.json()["rejected"]
    ] == [
        (5, "有效期止", "2023-02-30"),
        (6, "有效期起", "长期"),
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["张䶮", "王𬭎", "李㛃"])
def test_f41_rare_characters(tmp_path: Path, form: str, name: str) -> None:
    rows = [ENTERPRISES, [OWN, f"{name}装饰有限公司", "140105", ""]]
    result = check(write(tmp_path, province(3, 企业=rows), form))
    assert result.status == 0, result.err
    assert result.json()["findings"][0]["enterprise"] == f"{name}装饰有限公司"


def test_f41_byte_order_marks_and_utf16(tmp_path: Path) -> None:
    sheets = province(3)
    for encoding in ("utf-8-sig", "utf-16"):
        folder = write(tmp_path / encoding, sheets, "csv")
        for name, rows in sheets.items():
            (folder / f"{name}.csv").write_bytes(csv_bytes(rows, encoding))
        assert verdicts(check(folder).json()) == MET


def test_f41_undecodable_bytes_are_an_error_never_a_question_mark(tmp_path: Path) -> None:
    folder = write(tmp_path, province(3), "gb18030.csv")
    content = (folder / "社保.csv").read_bytes()
    (folder / "社保.csv").write_bytes(content[:60] + b"\xff" + content[60:])
    result = check(folder)
    assert result.status == 3
    assert [(rejection["file"], rejection["row"]) for rejection in result.json()["rejected"]] == [
        ("社保.csv", 2)
    ]
    assert "?" not in result.out
    assert "\ufffd" not in result.out


@pytest.mark.parametrize("form", FORMATS)
def test_f42_title_rows_and_vendor_sheets(tmp_path: Path, form: str) -> None:
    sheets = {name: [[], ["某某市登记表"], *rows] for name, rows in province(3).items()}
    if not form.endswith("csv"):
        sheets |= {
            "Sheet1": [[]],
            "Evaluation Warning": [["Evaluation Only. Created with a vendor's library."]],
        }
    result = check(write(tmp_path, sheets, form))
    assert result.status == 0
    assert verdicts(result.json()) == MET
    extra = {notice["sheet"] for notice in result.json()["notices"]}
    assert extra == (set() if form.endswith("csv") else {"Sheet1", "Evaluation Warning"})


@pytest.mark.parametrize("form", ["xlsx", "xls"])
def test_f42_a_name_merged_over_three_rows_stands_on_all_three(tmp_path: Path, form: str) -> None:
    rows = [
        ["登记表"],
        *registrations(
            person(1), person(2, 统一社会信用代码=None), person(3, 统一社会信用代码=None)
        ),
    ]
    result = check(write(tmp_path, province(3, 注册人员=rows), form, {"注册人员": [(2, 0, 4, 0)]}))
    assert result.status == 0, result.err
    assert verdicts(result.json()) == MET


@pytest.mark.parametrize("form", ["xlsx", "xls"])
def test_f42_a_blank_outside_a_merged_range_is_not_filled(tmp_path: Path, form: str) -> None:
    rows = registrations(person(1), person(2), person(3), person(4, 统一社会信用代码=None))
    result = check(write(tmp_path, province(3, 注册人员=rows), form, {"注册人员": [(1, 0, 2, 0)]}))
    assert [(rejection["row"], rejection["column"]) for rejection in result.json()["rejected"]] == [
        (5, "统一社会信用代码")
    ]


def test_f42_a_merged_range_of_an_ods_file_is_filled(tmp_path: Path) -> None:
    rows = registrations(
        person(1), person(2, 统一社会信用代码=None), person(3, 统一社会信用代码=None)
    )
    result = check(write(tmp_path, province(3, 注册人员=rows), "ods", {"注册人员": [(1, 0, 3, 0)]}))
    assert result.status == 0, result.err
    assert verdicts(result.json()) == MET


@pytest.mark.parametrize("form", FORMATS)
def test_f45_three_spellings_are_one_person_and_a_wrong_check_digit_is_an_error(
    tmp_path: Path, form: str
) -> None:
    spellings = [KNOWN_PERSON, KNOWN_PERSON.lower(), "110105491231002", "110105194912310021"]
    # born 1949: a profession without an age limit, so that insurance is still judged
    cells = {"证书类别": "注册造价工程师", "等级": "一级", "专业": "土建"}
    rows = registrations(
        *(person(n, 身份证号=spelling, **cells) for n, spelling in enumerate(spellings))
    )
    sheets = province(
        0, 注册人员=rows, 社保=[CONTRIBUTIONS, [KNOWN_PERSON.lower(), "2026-03", OTHER]]
    )
    result = check(write(tmp_path, sheets, form))
    assert [
        (rejection["row"], "校验" in rejection["problem"])
        for rejection in result.json()["rejected"]
    ] == [(5, True)]
    assert len(result.json()["anomalies"]) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_f45_a_retired_region_code_is_a_warning(tmp_path: Path, form: str) -> None:
    from stdnum.cn import ric

    body = "14020219850615001"  # 大同市城区, in use to 2018
    rows = registrations(
        person(1, 身份证号=body + ric.calc_check_digit(body + "0")), person(2), person(3)
    )
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert result.status == 0
    assert [(notice["row"], notice["column"]) for notice in result.json()["notices"]] == [
        (2, "身份证号")
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "text", [f"{KNOWN_PERSON},110105194912310038", "无号码", "110105194912310021(经理)"]
)
def test_f11_an_identity_field_with_more_or_less_than_one_number(
    tmp_path: Path, form: str, text: str
) -> None:
    rows = registrations(person(1), person(2), person(3), person(4, 身份证号=text))
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert [(rejection["row"], rejection["column"]) for rejection in result.json()["rejected"]] == [
        (5, "身份证号")
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_f11_one_valid_number_among_words_is_taken(tmp_path: Path, form: str) -> None:
    rows = registrations(person(1), person(2), person(3, 身份证号=f"{identity(3)}(经理)"))
    assert verdicts(check(write(tmp_path, province(3, 注册人员=rows), form)).json()) == MET


@pytest.mark.parametrize("form", FORMATS)
def test_f11_full_width_digits_are_one_valid_number(tmp_path: Path, form: str) -> None:
    wide = identity(3).translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    rows = registrations(person(1), person(2), person(3, 身份证号=wide))
    assert verdicts(check(write(tmp_path, province(3, 注册人员=rows), form)).json()) == MET


@pytest.mark.parametrize("form", FORMATS)
def test_f46_unavailable_insurance_data_are_not_a_pass(tmp_path: Path, form: str) -> None:
    sheets = province(3, 社保=[CONTRIBUTIONS, *paid(1), *paid(2)])
    report = check(write(tmp_path, sheets, form)).json()
    assert report["findings"][0]["because"] == ["no-data"]
    assert report["findings"][0]["verdict"] == "cannot-say"


@pytest.mark.parametrize("form", FORMATS)
def test_other_identity_documents_load(tmp_path: Path, form: str) -> None:
    other = person(3, 证件类型="护照", 身份证号="E12345678", 出生日期="1985-06-15")
    sheets = province(2, 注册人员=registrations(person(1), person(2), other))
    sheets["社保"] = [
        ["证件类型", *CONTRIBUTIONS],
        *(["", *row] for n in (1, 2) for row in paid(n)),
        *(["护照", "E12345678", month, OWN] for month in ("2026-02", "2026-03")),
    ]
    result = check(write(tmp_path, sheets, form))
    assert result.status == 0, result.err
    assert verdicts(result.json()) == MET


@pytest.mark.parametrize("form", FORMATS)
def test_footers_repeated_headers_and_blank_rows_are_no_rows(tmp_path: Path, form: str) -> None:
    rows = registrations(
        person(1), [], person(2), REGISTRATIONS, person(3), ["合计", 3], ["制表人：王"]
    )
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert result.status == 0, result.json()["rejected"]
    assert verdicts(result.json()) == MET
    assert [
        file["read"]
        for file in result.json()["summary"]["files"]
        if file["table"] == "registrations"
    ] == [3]


@pytest.mark.parametrize("form", FORMATS)
def test_f01_one_certificate_many_items_one_person_many_majors(tmp_path: Path, form: str) -> None:
    from register_files import ITEMS
    from register_rows import item

    items = [
        ITEMS,
        item(资质名称="建筑工程施工总承包二级", 等级=""),
        item(资质名称="市政公用工程施工总承包三级", 等级=""),
        item(资质名称="市政公用工程施工总承包三级", 等级=""),
    ]
    rows = registrations(*(person(n, 专业="建筑、市政") for n in range(1, 6)))
    report = check(write(tmp_path, province(5, 资质=items, 注册人员=rows), form)).json()
    assert [
        (finding["qualification"], finding["verdict"], finding["held"])
        for finding in report["findings"]
    ] == [
        ("建筑工程施工总承包", "met", 5),
        ("市政公用工程施工总承包", "met", 5),
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_placeholders_mean_none(tmp_path: Path, form: str) -> None:
    rows = registrations(
        *(
            person(n, 变更日期=mark, 状态日期=mark, 出生日期=mark)
            for n, mark in ((1, "-"), (2, "无"), (3, "NULL"))
        )
    )
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert (result.status, verdicts(result.json())) == (0, MET)


@pytest.mark.parametrize("form", FORMATS)
def test_several_branches_in_one_cell(tmp_path: Path, form: str) -> None:
    from builders import BRANCH, credit_code

    rows = [ENTERPRISES, [OWN, "甲装饰有限公司", "140105", f"{BRANCH};{credit_code(4)}"]]
    sheets = province(
        3, 企业=rows, 社保=[CONTRIBUTIONS, *paid(1, BRANCH), *paid(2, credit_code(4)), *paid(3)]
    )
    assert verdicts(check(write(tmp_path, sheets, form)).json()) == MET
