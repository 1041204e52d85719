"""Faults in reading files that an independent review found, each with the right result."""

from pathlib import Path
from typing import Any

import pytest

from builders import BRANCH, OTHER, OWN, credit_code, identity
from commands import check, qualwatch, verdicts
from register_files import CONTRIBUTIONS, ENTERPRISES, FORMATS, ITEMS, REGISTRATIONS, write
from register_rows import item, paid, person, province

MET = [(OWN, "constructors", "met")]


@pytest.mark.parametrize("form", FORMATS)
def test_months_as_serial_days(tmp_path: Path, form: str) -> None:
    serials: list[Any] = (
        ["46023", "46054", "46082"] if form.endswith("csv") else [46023, 46054, 46082]
    )
    rows = [CONTRIBUTIONS, *([identity(n), serial, OWN] for n in (1, 2, 3) for serial in serials)]
    assert verdicts(check(write(tmp_path, province(3, 社保=rows), form)).json()) == MET


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_a_month_as_a_decimal_is_refused(tmp_path: Path, form: str) -> None:
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), *paid(3), [identity(3), 2026.1, OWN]]
    report = check(write(tmp_path, province(3, 社保=rows), form)).json()
    assert [(rejection["row"], rejection["column"]) for rejection in report["rejected"]] == [
        (11, "缴费月份")
    ]


def test_many_branches_in_one_cell_do_not_change_the_delimiter(tmp_path: Path) -> None:
    codes = ";".join(credit_code(n) for n in range(10, 19))
    rows = [ENTERPRISES, [OWN, "甲装饰有限公司", "140105", codes]]
    assert verdicts(check(write(tmp_path, province(3, 企业=rows), "csv")).json()) == MET


@pytest.mark.parametrize("form", FORMATS)
def test_an_enterprise_whose_name_begins_like_a_footer(tmp_path: Path, form: str) -> None:
    rows = [
        ["企业名称", "统一社会信用代码", "注册地区划代码"],
        ["第一建设有限公司", OWN, "140105"],
        ["合计", "1"],
    ]
    report = check(write(tmp_path, province(3, 企业=rows), form)).json()
    assert report["findings"][0]["enterprise"] == "第一建设有限公司"


@pytest.mark.parametrize("header", ["证书类别", "身份证号"])
def test_a_table_with_an_unknown_key_header_is_rejected_not_ignored(
    tmp_path: Path, header: str
) -> None:
    other = [[("号XX" if cell == header else cell) for cell in REGISTRATIONS], person(3)]
    result = check(write(tmp_path, {**province(2), "补充": other}, "csv"))
    assert result.status == 3
    assert [
        (rejection["file"], rejection["row"], rejection["column"])
        for rejection in result.json()["rejected"]
    ] == [("补充.csv", 1, header)]


def test_an_empty_register_of_people_is_a_register_never_loaded(tmp_path: Path) -> None:
    report = check(write(tmp_path, province(0), "csv")).json()
    assert report["findings"][0]["verdict"] == "cannot-say"
    assert "registrations-never-loaded" in report["findings"][0]["because"]


def test_a_rejected_enterprise_row_can_only_help(tmp_path: Path) -> None:
    rows = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140105", ""],
        [OWN, "甲装饰有限公司", "140105", BRANCH],
    ]
    sheets = province(3, 企业=rows, 社保=[CONTRIBUTIONS, *paid(1), *paid(2), *paid(3, BRANCH)])
    report = check(write(tmp_path, sheets, "csv")).json()
    assert (report["findings"][0]["verdict"], report["anomalies"]) == ("cannot-say", [])


def test_a_rejected_accepted_finding_can_only_help(tmp_path: Path) -> None:
    head = ["统一社会信用代码", "资质名称", "指标", "认定人数", "有效至"]
    sheets = {
        **province(2),
        "认定": [head, [OWN, "建筑装修装饰工程专业承包", "注册建造师", "四", ""]],
    }
    report = check(write(tmp_path, sheets, "csv")).json()
    assert report["findings"][0]["verdict"] == "cannot-say"
    assert "row-unparsed" in report["findings"][0]["because"]


@pytest.mark.parametrize("turned", [False, True])
def test_several_locks_of_one_person(tmp_path: Path, turned: bool) -> None:
    locks = [[identity(1), "2026-05-01", ""], [identity(1), "2025-05-01", "2025-06-01"]]
    sheets = {
        **province(3),
        "锁定": [["身份证号", "锁定起", "锁定止"], *(reversed(locks) if turned else locks)],
    }
    assert "locked" in check(write(tmp_path, sheets, "csv")).json()["findings"][0]["because"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_passport_in_the_insurance_table_without_kinds_of_document(
    tmp_path: Path, form: str
) -> None:
    other = person(3, 证件类型="护照", 身份证号="E12345678", 出生日期="1985-06-15")
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), ["E12345678", "2026-03", OWN]]
    result = check(
        write(
            tmp_path,
            province(2, 注册人员=[REGISTRATIONS, person(1), person(2), other], 社保=rows),
            form,
        )
    )
    assert (result.status, verdicts(result.json())) == (0, MET)


def test_identity_numbers_in_any_other_column_are_hidden(tmp_path: Path) -> None:
    number = identity(7)
    sheets = province(
        3,
        企业=[ENTERPRISES, [OWN, f"甲{number}公司", "140105", ""]],
        资质=[ITEMS, item(资质证书号=number, 许可机关=number)],
    )
    sheets["社保"] = [[*CONTRIBUTIONS, f"备注{number}"], *paid(1), *paid(2), *paid(3, OTHER)]
    sheets["注册人员"] = [
        REGISTRATIONS,
        person(1),
        person(2),
        person(3, 注册编号=number, 姓名=number),
        person(4, 有效期止=f"{number[:6]} {number[6:14]} {number[14:]}"),
    ]
    folder = write(tmp_path, sheets, "csv")
    for words in (
        ("check", folder),
        ("check", folder, "--format", "json"),
        ("explain", folder, OWN),
    ):
        result = qualwatch(*words, "--as-of", "2026-05-20")
        assert number not in (result.out + result.err).replace(" ", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("工程监理企业资质市政公用工程专业乙级", "工程监理市政公用工程专业"),
        ("工程监理企业综合资质", "工程监理综合资质"),
        ("工程监理资质房屋建筑工程专业甲级", "工程监理房屋建筑工程专业"),
        ("工程监理专业资质房屋建筑工程甲级", "工程监理房屋建筑工程专业"),
        ("工程监理(房屋建筑工程)甲级", "工程监理房屋建筑工程专业"),
        ("房屋建筑工程专业甲级", "工程监理房屋建筑工程专业"),
        ("房建监理甲级", "工程监理房屋建筑工程专业"),
        ("市政监理乙级", "工程监理市政公用工程专业"),
        ("市政总承包二级", "市政公用工程施工总承包"),
        ("机电安装工程施工总承包二级", "机电工程施工总承包"),
        ("建筑业施工总承包建筑工程二级", "建筑工程施工总承包"),
        ("建筑工程施工总承包企业资质二级", "建筑工程施工总承包"),
        ("建筑装饰装修工程专业承包二级", "建筑装修装饰工程专业承包"),
        ("地基与基础工程专业承包二级", "地基基础工程专业承包"),
        ("公路交通工程专业承包公路安全设施分项二级", "公路交通工程专业承包"),
        ("施工劳务企业资质", "施工劳务"),
    ],
)
def test_more_spellings_of_qualifications(name: str, expected: str) -> None:
    from builders import law
    from qualwatch.intake.qualifications import QualificationNames

    qualification = QualificationNames(law()).read(name)
    assert law().categories[qualification.category].name == expected
    assert (qualification.sub_item == "公路安全设施") == ("安全设施" in name)


@pytest.mark.parametrize(
    ("cells", "rejected"),
    [
        ({"出生日期": "1990-01"}, 0),
        ({"身份证号": f"'{identity(3)}"}, 0),
        ({"证书类别": "一级注册消防工程师", "专业": ""}, 0),
        ({"证书类别": "国家二级注册建造师"}, 0),
        ({"专业": "建筑\uff0b市政"}, 0),
        ({"专业": "建筑&市政"}, 0),
        ({"专业": "建筑·市政"}, 0),
        ({"状态": "作废"}, 0),
        ({"状态": "奇怪"}, 1),
    ],
)
def test_cells_as_offices_write_them(tmp_path: Path, cells: dict[str, str], rejected: int) -> None:
    result = check(
        write(
            tmp_path,
            province(3, 注册人员=[REGISTRATIONS, person(1), person(2), person(3, **cells)]),
            "csv",
        )
    )
    assert len(result.json()["rejected"]) == rejected
    if cells.get("专业"):
        assert result.json()["findings"][0]["verdict"] == "met"


def test_a_grade_written_with_its_speciality_belongs_to_it(tmp_path: Path) -> None:
    rows = [
        REGISTRATIONS,
        *(person(n, 等级="一级", 专业="建筑工程二级、机电工程一级") for n in range(1, 6)),
    ]
    items = [
        ITEMS,
        item(资质名称="建筑装修装饰工程专业承包", 等级="一级"),
        item(资质名称="消防设施工程专业承包", 等级="一级"),
    ]
    report = check(write(tmp_path, province(5, 资质=items, 注册人员=rows), "csv")).json()
    assert {finding["qualification"]: finding["held"] for finding in report["findings"]} == {
        "建筑装修装饰工程专业承包": 0,
        "消防设施工程专业承包": 5,
    }


def test_a_row_of_column_numbers_is_not_data(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(1, len(REGISTRATIONS) + 1)]
    result = check(
        write(
            tmp_path,
            province(3, 注册人员=[REGISTRATIONS, numbers, person(1), person(2), person(3)]),
            "csv",
        )
    )
    assert (result.status, verdicts(result.json())) == (0, MET)


def test_an_unreadable_item_is_one_finding_however_many_rows(tmp_path: Path) -> None:
    report = check(
        write(tmp_path, province(3, 资质=[ITEMS, *[item(有效期止="不知道")] * 3]), "csv")
    ).json()
    assert [(finding["qualification"], finding["verdict"]) for finding in report["findings"]] == [
        ("建筑装修装饰工程专业承包", "cannot-say")
    ]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("standards",),
        ("deadline", "--from", "9999-12-01", "--months", "2"),
        ("check",),
        ("foo",),
    ],
)
def test_an_invalid_command_is_one_sentence(words: tuple[str, ...]) -> None:
    result = qualwatch(*words)
    assert (result.status, len(result.err.strip().splitlines())) == (2, 1)
