"""Codes that identify, insurance that was not paid, and months that a spreadsheet shortened."""

from pathlib import Path
from typing import Any

import pytest

from builders import OTHER, OWN, credit_code, identity, law
from commands import check
from qualwatch.intake.register_files import RegisterFiles, read_register_files
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows, write
from register_rows import MONTHS, item, paid, person, province

MET = {"constructors": ("met", 3, 3)}
KIND = [*CONTRIBUTIONS, "险种"]
IRREGULAR = OWN[:-1] + "0"


def findings(report: Any) -> dict[str, tuple[str, int, int]]:
    """Verdict, held and possible by requirement."""
    return {
        finding["requirement"]: (finding["verdict"], finding["held"], finding["possible"])
        for finding in report["findings"]
    }


def notices(report: Any) -> str:
    """All notices in one text."""
    return "\n".join(notice["text"] for notice in report["notices"])


def checked(path: Path, form: str = "csv", **sheets: Rows) -> Any:
    """The report about a province of three constructors with some sheets changed."""
    return check(write(path, province(3, **sheets), form)).json()


def read(path: Path, form: str = "csv", **sheets: Rows) -> RegisterFiles:
    """What is read of a province of three constructors with some sheets changed."""
    return read_register_files(write(path, province(3, **sheets), form), law())


def contributions(*cells: Any, head: Rows | None = None, people: int = 3) -> Rows:
    """社保 with further cells after payer on every row."""
    return [
        *(head or [KIND]),
        *([identity(n), month, OWN, *cells] for n in range(1, people + 1) for month in MONTHS),
    ]


def supervision(*numbers: Any) -> dict[str, Rows]:
    """An office of comprehensive supervision whose cost engineers and constructors have these numbers."""
    engineers = [
        person(n, 证书类别="注册监理工程师", 等级="", 专业="房屋建筑工程", 注册编号=f"1400{n:04d}")
        for n in range(1, 61)
    ]
    cost = [
        person(
            n, 证书类别="注册造价工程师", 等级="一级", 专业="土木建筑工程", 注册编号=f"建造{n:06d}"
        )
        for n in range(61, 66)
    ]
    constructors = [person(n, 等级="一级", 注册编号=number) for n, number in enumerate(numbers, 66)]
    people = [*engineers, *cost, *constructors]
    return {
        "资质": [
            ITEMS,
            item(资质名称="工程监理综合资质", 资质证书号="E114000010", 等级="不分等级"),
        ],
        "注册人员": [REGISTRATIONS, *people],
        "社保": [CONTRIBUTIONS, *(row for n in range(1, len(people) + 1) for row in paid(n))],
    }


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "number", ["办理中", "\uff0f", "见证书", "0", "1.14202E+15", "暂无", "20260501"]
)
def test_a_text_that_is_no_registration_number_is_none(
    tmp_path: Path, form: str, number: str
) -> None:
    report = check(write(tmp_path, province(3, **supervision(*[number] * 15)), form)).json()
    assert findings(report)["person-times"] == ("cannot-say", 0, 15)
    is_blank = number in ("\uff0f", "暂无")
    assert len(report["notices"]) == (1 if is_blank else 15)
    assert report["rejected"] == []


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_a_number_cell_of_sixteen_digits_is_no_registration_number(
    tmp_path: Path, form: str
) -> None:
    report = check(write(tmp_path, province(3, **supervision(*[1142020202101230] * 15)), form))
    assert findings(report.json())["person-times"] == ("cannot-say", 0, 15)
    assert "截短" in notices(report.json())


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_person_times_with_numbers_of_every_make(tmp_path: Path, form: str) -> None:
    forms = ["晋{}", "1142020{}", "B114{}", "晋[2021]{}"]
    numbers = [forms[n % 4].format(f"20210{n:04d}") for n in range(1, 16)]
    report = check(write(tmp_path, province(3, **supervision(*numbers)), form)).json()
    assert findings(report)["person-times"] == ("met", 15, 15)
    assert report["notices"] == []


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("台湾居民居住证", "830000198506150075"),
        ("港澳居民居住证", "810000198506150071"),
        ("外国人永久居留身份证", "911140198506150056"),
        ("护照", identity(3)),
        ("说不清的证件", identity(3)),
    ],
)
@pytest.mark.parametrize("kind_of_insurance", [None, "", "其他"])
def test_eighteen_digits_are_one_person_whatever_kind_is_written(
    tmp_path: Path, kind: str, number: str, kind_of_insurance: str | None
) -> None:
    registered = person(3, 证件类型=kind, 身份证号=number)
    rows = [*paid(1), *paid(2), *([number, month, OWN] for month in MONTHS)]
    head = CONTRIBUTIONS
    if kind_of_insurance is not None:
        head, rows = [*CONTRIBUTIONS, "证件类型"], [[*row, kind_of_insurance] for row in rows]
    people = [REGISTRATIONS, person(1), person(2), registered]
    report = checked(tmp_path, 注册人员=people, 社保=[head, *rows])
    assert findings(report) == MET
    assert (report["anomalies"], report["notices"], report["rejected"]) == ([], [], [])


@pytest.mark.parametrize(
    ("registered", "insured"),
    [
        ("H12345678", "H1234567801"),
        ("M1234567802", "M12345678"),
        ("H1234567801", "H1234567802"),
        ("h1234567801", "H12345678"),
    ],
)
def test_a_permit_that_differs_by_its_issue_count_is_in_doubt(
    tmp_path: Path, registered: str, insured: str
) -> None:
    other = person(3, 证件类型="港澳居民来往内地通行证", 身份证号=registered, 出生日期="1985-06-15")
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), *([insured, month, OWN] for month in MONTHS)]
    report = checked(tmp_path, 注册人员=[REGISTRATIONS, person(1), person(2), other], 社保=rows)
    assert [(notice["row"], notice["column"]) for notice in report["notices"]] == [(8, "身份证号")]
    assert findings(report) == {"constructors": ("cannot-say", 2, 3)}
    assert report["anomalies"] == []


@pytest.mark.parametrize("number", ["H12345678", "H1234567801", "E12345678", "USA310075121401"])
@pytest.mark.parametrize(
    "kinds", [("护照", None), ("其他", "其他证件"), ("", ""), ("回乡证", "护照")]
)
def test_other_documents_match_by_their_number(
    tmp_path: Path, number: str, kinds: tuple[str, str | None]
) -> None:
    other = person(3, 证件类型=kinds[0], 身份证号=number, 出生日期="1985-06-15")
    rows = [*paid(1), *paid(2), *([number.lower(), month, OWN] for month in MONTHS)]
    head = CONTRIBUTIONS
    if kinds[1] is not None:
        head = [*CONTRIBUTIONS, "证件类型"]
        rows = [[*row, kinds[1] if row[0] == number.lower() else ""] for row in rows]
    people = [REGISTRATIONS, person(1), person(2), other]
    assert findings(checked(tmp_path, 注册人员=people, 社保=[head, *rows])) == MET


def test_documents_without_a_number_are_nobody_known(tmp_path: Path) -> None:
    unknown = [person(n, 证件类型="护照", 身份证号="办理中") for n in (2, 3)]
    report = checked(tmp_path, 注册人员=[REGISTRATIONS, person(1), *unknown])
    assert findings(report) == {"constructors": ("cannot-say", 1, 3)}
    assert len(report["rejected"]) == 2


def with_code(code: str, **sheets: Rows) -> dict[str, Rows]:
    """The province with another code of its firm."""
    whole = province(3, **sheets)
    return {
        name: [[code if cell == OWN else cell for cell in row] for row in rows]
        for name, rows in whole.items()
    }


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_irregular_code_on_which_registers_agree_is_taken(tmp_path: Path, form: str) -> None:
    report = check(write(tmp_path, with_code(IRREGULAR), form)).json()
    assert findings(report) == MET
    assert report["rejected"] == []
    assert [notice["text"].count(IRREGULAR) for notice in report["notices"]] == [1] * 4
    files = report["summary"]["files"]
    assert all(file["read"] == file["accepted"] for file in files)


def test_a_branch_whose_irregular_code_pays_is_taken(tmp_path: Path) -> None:
    branch = credit_code(7)[:-1] + ("0" if credit_code(7)[-1] != "0" else "1")
    firms = [ENTERPRISES, [OWN, "甲", "140105", f"{branch};{credit_code(8)}"]]
    rows = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n, branch))]
    assert findings(checked(tmp_path, 企业=firms, 社保=rows)) == MET


def test_an_irregular_code_of_one_register_is_named(tmp_path: Path) -> None:
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), *paid(3, IRREGULAR)]
    lonely = credit_code(9)[:-1] + ("0" if credit_code(9)[-1] != "0" else "1")
    rows = [[lonely if cell == IRREGULAR else cell for cell in row] for row in rows]
    report = checked(tmp_path, 社保=rows)
    assert findings(report) == {"constructors": ("cannot-say", 2, 3)}
    assert [rejection["row"] for rejection in report["rejected"]] == [8, 9, 10]
    assert all(lonely in rejection["problem"] for rejection in report["rejected"])
    assert all("confirmed_codes" in rejection["remedy"] for rejection in report["rejected"])


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_slip_of_the_pen_is_not_taken_although_two_registers_have_it(
    tmp_path: Path, form: str
) -> None:
    """The registered people stand under the right code: the other one would be short."""
    sheets = with_code(IRREGULAR) | {
        "注册人员": province(3)["注册人员"],
        "社保": province(3)["社保"],
    }
    sheets["企业"].append([OWN, "甲装饰有限公司", "140105", ""])
    report = check(write(tmp_path, sheets, form)).json()
    assert all(verdict != "short" for verdict, *_figures in findings(report).values())
    assert len(report["rejected"]) == 2
    assert all(OWN in rejection["problem"] for rejection in report["rejected"])


def test_a_confirmed_code_is_taken_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely = credit_code(9)[:-1] + ("0" if credit_code(9)[-1] != "0" else "1")
    confirmed = {lonely: "营业执照 2026-05-01"}
    monkeypatch.setattr("qualwatch.intake.credit_codes.confirmed_codes", lambda: confirmed)
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), *paid(3, lonely)]
    files = read(tmp_path, 社保=rows)
    assert files.rejections == []
    assert [notice.text.count("营业执照 2026-05-01") for notice in files.notices] == [1]


@pytest.mark.parametrize(
    ("cells", "states"),
    [
        (["养老保险"], {("pension", None)}),
        (["五险合一"], {(None, None)}),
        (["工伤保险"], {("work-injury", None)}),
        ([""], {(None, None)}),
        (["养老、工伤"], {("pension", None), ("work-injury", None)}),
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_kind_of_insurance_is_read(
    tmp_path: Path, form: str, cells: list[str], states: set[tuple[str | None, str | None]]
) -> None:
    files = read(tmp_path, form, 社保=contributions(*cells))
    table = files.facts.tables["contributions"].to_pylist()
    assert {(row["insurance_kind"], row["payment_state"]) for row in table} == states
    assert len(table) == 9 * len(states)
    has_others = any(kind not in (None, "pension") for kind, _state in states)
    assert len(files.notices) == has_others


@pytest.mark.parametrize(
    ("headings", "cells", "state", "noted"),
    [
        (["缴费状态"], ["已缴费"], "paid", 0),
        (["缴费状态"], ["欠费"], "owed", 1),
        (["缴费状态"], ["缓缴"], "deferred", 1),
        (["缴费状态"], ["说不清"], "unclear", 1),
        (["到账金额"], ["0.00"], "owed", 1),
        (["到账金额"], ["812.50"], "paid", 0),
        (["到账金额"], [""], "unclear", 1),
        (["缴费状态", "到账金额"], ["已缴费", "0"], "unclear", 1),
        (["缴费状态", "到账金额"], ["欠费", "0"], "owed", 1),
        (["欠费金额"], ["120"], "owed", 1),
        (["欠费金额"], ["0"], "paid", 0),
        (["是否欠费"], ["是"], "owed", 1),
        (["是否欠费"], ["否"], "paid", 0),
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_state_of_payment_is_read(  # one row of the table above
    tmp_path: Path, form: str, headings: list[str], cells: list[str], state: str, noted: int
) -> None:
    head = [[*CONTRIBUTIONS, *headings]]
    files = read(tmp_path, form, 社保=contributions(*cells, head=head))
    table = files.facts.tables["contributions"].to_pylist()
    assert {(row["insurance_kind"], row["payment_state"]) for row in table} == {(None, state)}
    assert len(files.notices) == noted


def test_notices_count_the_rows_of_fast_and_slow_reading_together(tmp_path: Path) -> None:
    rows = contributions("欠费", head=[[*CONTRIBUTIONS, "缴费状态"]])
    rows[1][0] = f"身份证{identity(1)}"  # is read one by one
    files = read(tmp_path, 社保=rows)
    assert [notice.text for notice in files.notices] == ["欠费或未到账 9 行，不算已缴"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_persons_renewal_application_is_read(tmp_path: Path, form: str) -> None:
    head = [*REGISTRATIONS, "延续申请日期"]
    rows = [head, [*person(1), "2026-04-01"], [*person(2), ""], [*person(3), "2026/4/2"]]
    files = read(tmp_path, form, 注册人员=rows)
    days = [row["renewal_filed_on"] for row in files.facts.tables["registrations"].to_pylist()]
    assert sorted(map(str, days)) == ["2026-04-01", "2026-04-02", "None"]


@pytest.mark.parametrize("state", ["锁定", "变更中", "延续中", "有效(延续中)", "说不清"])
def test_a_state_that_does_not_say_it_is_in_doubt(tmp_path: Path, state: str) -> None:
    report = checked(
        tmp_path, 注册人员=[REGISTRATIONS, person(1), person(2), person(3, 状态=state)]
    )
    assert findings(report) == {"constructors": ("cannot-say", 2, 3)}


@pytest.mark.parametrize("month", ["2026.1", "20261", "26-Jan"])
def test_a_shortened_month_is_in_doubt(tmp_path: Path, month: str) -> None:
    rows = [CONTRIBUTIONS, *paid(1), *paid(2), [identity(3), month, OWN]]
    report = checked(tmp_path, 社保=rows)
    assert findings(report) == {"constructors": ("cannot-say", 2, 3)}
    assert report["anomalies"] == []


@pytest.mark.parametrize("sheet", ["企业", "资质", "注册人员", "社保"])
def test_error_values_in_any_cell_end_in_a_row_in_doubt(tmp_path: Path, sheet: str) -> None:
    rows = province(3)[sheet]
    for place, heading in enumerate(rows[0]):
        changed = [list(row) for row in rows]
        changed[1][place] = "#N/A"
        report = checked(tmp_path / str(place), "csv", **{sheet: changed})
        assert all(verdict != "short" for verdict, *_figures in findings(report).values())
        is_said = report["notices"] + report["rejected"] != []
        assert is_said or heading in ("姓名", "证件类型", "出生日期")


def test_two_firms_with_irregular_codes(tmp_path: Path) -> None:
    sheets = with_code(IRREGULAR)
    other = OTHER[:-1] + ("0" if OTHER[-1] != "0" else "1")
    sheets["企业"][2][0] = other
    sheets["资质"].append([other, *item()[1:]])
    report = check(write(tmp_path, sheets, "csv")).json()
    verdicts = {finding["credit_code"]: finding["verdict"] for finding in report["findings"]}
    assert verdicts == {IRREGULAR: "met", other: "short"}


@pytest.mark.parametrize(
    ("kind", "payment", "verdict"),
    [
        ("企业职工基本养老保险", "已缴费", ("met", 3, 3)),
        ("五险", "到账", ("met", 3, 3)),
        ("社保", "正常", ("met", 3, 3)),
        ("养老保险", "欠费", ("short", 0, 0)),
        ("养老保险", "未到账", ("short", 0, 0)),
        ("养老保险", "缓缴", ("cannot-say", 0, 3)),
        ("养老保险", "说不清", ("cannot-say", 0, 3)),
        ("养老保险", "", ("cannot-say", 0, 3)),
        ("工伤保险", "已缴费", ("cannot-say", 0, 3)),
        ("城乡居民养老保险", "已缴费", ("cannot-say", 0, 3)),
        ("企业年金", "已缴费", ("cannot-say", 0, 3)),
        ("？？", "已缴费", ("cannot-say", 0, 3)),
    ],
)
def test_insurance_decides_the_verdict(
    tmp_path: Path, kind: str, payment: str, verdict: tuple[str, int, int]
) -> None:
    head = [[*CONTRIBUTIONS, "险种", "缴费状态"]]
    report = checked(tmp_path, 社保=contributions(kind, payment, head=head))
    assert findings(report) == {"constructors": verdict}
    assert (report["notices"] != []) == (verdict != ("met", 3, 3))
    assert len(report["anomalies"]) == (3 if verdict[0] == "short" else 0)


def test_a_row_per_kind_of_insurance(tmp_path: Path) -> None:
    """As most offices export it: the pension decides, the other kinds neither help nor harm."""
    rows = [
        [*KIND, "缴费状态"],
        *(
            [identity(n), month, OWN, kind, "已缴费" if kind == "养老保险" or n < 3 else "欠费"]
            for n in (1, 2, 3)
            for month in MONTHS
            for kind in ("养老保险", "失业保险", "工伤保险", "医疗保险", "生育保险")
        ),
    ]
    assert findings(checked(tmp_path, 社保=rows)) == MET
