"""`qualwatch check` end to end on .csv, GB18030 .csv, .xls, .xlsx, .ods."""

import zipfile
from pathlib import Path

import pytest

from builders import OTHER, OWN, credit_code, identity
from commands import check, qualwatch, verdicts
from register_files import ENTERPRISES, FORMATS, ITEMS, REGISTRATIONS, Rows, csv_bytes, write
from register_rows import item, paid, person, province

SHORT_BY_ONE = [(OWN, "constructors", "short")]
MET = [(OWN, "constructors", "met")]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_content_gives_the_same_findings_in_every_form(tmp_path: Path, form: str) -> None:
    sheets = province(2)
    titled = {
        name: [[f"山西省{name}登记表"], [], *rows] if form == "xlsx" else rows
        for name, rows in sheets.items()
    }
    result = check(write(tmp_path / form, titled, form))
    assert result.status == 0, result.err
    plain = check(write(tmp_path / "plain", sheets, "csv")).json()
    assert verdicts(result.json()) == SHORT_BY_ONE
    assert result.json()["findings"] == plain["findings"]
    assert result.json()["anomalies"] == plain["anomalies"] == []


@pytest.mark.parametrize("form", FORMATS)
def test_one_workbook_or_a_folder(tmp_path: Path, form: str) -> None:
    folder = write(tmp_path, province(3), form)
    path = folder if form.endswith("csv") else folder / f"登记.{form}"
    assert verdicts(check(path).json()) == MET


def test_json_has_the_agreed_shape(tmp_path: Path) -> None:
    rows = [person(n) for n in range(1, 4)]
    report = check(
        write(
            tmp_path,
            province(
                3,
                社保=[
                    ["身份证号", "缴费月份", "缴费单位信用代码"],
                    *paid(1),
                    *paid(2),
                    *paid(3, OTHER),
                ],
                注册人员=[REGISTRATIONS, *rows],
            ),
            "csv",
        )
    ).json()
    assert report["schema"] == "qualwatch-check/1"
    assert report["as_of"] == "2026-05-20"
    assert {"doc_no": "建市〔2014〕159号", "in_force_from": "2015-01-01"} in report["standards"]
    finding = report["findings"][0]
    assert finding | {"text": "", "clauses": [], "basis": []} == {
        "credit_code": OWN,
        "enterprise": "甲装饰有限公司",
        "certificate_no": "D214000010",
        "licensing_authority": "province",
        "qualification": "建筑装修装饰工程专业承包",
        "sub_item": "",
        "grade": "二级",
        "requirement": "constructors",
        "text": "",
        "verdict": "short",
        "required": 3,
        "held": 2,
        "possible": 2,
        "shortfall": 1,
        "clauses": [],
        "basis": [],
        "because": ["paid-by-other"],
    }
    assert finding["clauses"] == [
        {"text": "建筑建造师至少3人", "at_least": 3, "eligible": 2, "eligible_possible": 2}
    ]
    assert finding["basis"] == ["建市〔2014〕159号"]
    assert report["anomalies"] == [
        {
            "credit_code": OWN,
            "person": identity(3)[:6] + "*" * 10 + identity(3)[-2:],
            "registration_no": "晋214000000003",
            "kind": "paid-by-other",
            "months": ["2026-01", "2026-02", "2026-03"],
        }
    ]
    assert report["summary"]["verdicts"]["short"] == 1
    assert [
        (file["file"], file["read"], file["accepted"], file["rejected"])
        for file in report["summary"]["files"]
    ] == [
        ("企业.csv", 2, 2, 0),
        ("注册人员.csv", 3, 3, 0),
        ("社保.csv", 9, 9, 0),
        ("资质.csv", 1, 1, 0),
    ]


def test_no_full_identity_number_is_in_the_output(tmp_path: Path) -> None:
    bad = identity(4)[:-1] + ("1" if identity(4)[-1] == "0" else "0")
    folder = write(
        tmp_path,
        province(
            3,
            注册人员=[
                REGISTRATIONS,
                person(1),
                person(2),
                person(3),
                person(4, 身份证号=bad),
                person(5, 注册编号=identity(5), 姓名=identity(5), 专业=f"建筑、{identity(5)}"),
                person(6, 有效期止=identity(6)),
            ],
        ),
        "csv",
    )
    outputs = [
        check(folder),
        qualwatch("check", folder, "--as-of", "2026-05-20"),
        qualwatch("explain", folder, OWN, "--as-of", "2026-05-20"),
    ]
    for ran in outputs:
        assert ran.status == 3
        for number in (*(identity(n) for n in range(1, 7)), bad):
            assert number not in ran.out + ran.err
    assert len(outputs[0].json()["rejected"]) == 2


@pytest.mark.parametrize("missing", ["企业", "资质", "注册人员"])
def test_a_missing_base_table_is_one_sentence_and_status_2(tmp_path: Path, missing: str) -> None:
    sheets = {name: rows for name, rows in province(3).items() if name != missing}
    result = qualwatch(
        "check",
        write(tmp_path, sheets, "csv"),
        "--as-of",
        "2026-05-20",
        "--output",
        tmp_path / "out.json",
    )
    assert result.status == 2
    assert missing in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not (tmp_path / "out.json").exists()


def test_without_insurance_data_everybody_is_in_doubt_and_nobody_abnormal(tmp_path: Path) -> None:
    sheets = {name: rows for name, rows in province(3).items() if name != "社保"}
    result = check(write(tmp_path, sheets, "csv"))
    assert result.status == 0
    assert verdicts(result.json()) == [(OWN, "constructors", "cannot-say")]
    assert "no-data" in result.json()["findings"][0]["because"]
    assert result.json()["anomalies"] == []


def test_an_unreadable_file_among_good_ones_is_a_rejected_entry(tmp_path: Path) -> None:
    folder = write(tmp_path, province(3), "csv")
    (folder / "补充.xlsx").write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    result = check(folder)
    assert result.status == 3
    assert verdicts(result.json()) == MET
    assert [(rejection["file"], rejection["row"]) for rejection in result.json()["rejected"]] == [
        ("补充.xlsx", None)
    ]
    assert result.json()["rejected"][0]["remedy"]


@pytest.mark.parametrize(
    ("name", "content", "verdict"),
    [
        ("补充.xlsx", b"PK\x03\x04 broken off", "cannot-say"),
        ("补充.xls", b"%PDF-1.7", "cannot-say"),
        ("补充.csv", b"\xff\xff\xff", "cannot-say"),
        ("结果.csv", "核查日,监管地,企业\n".encode(), "short"),
    ],
)
def test_an_unreadable_file_may_hold_anybody(
    tmp_path: Path, name: str, content: bytes, verdict: str
) -> None:
    """Except one that the product wrote: its rows are no register's."""
    folder = write(tmp_path, province(2), "csv")
    (folder / name).write_bytes(content)
    result = check(folder)
    assert result.status == 3
    assert verdicts(result.json()) == [(OWN, "constructors", verdict)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("ending", ["xlsx", "csv", "html"])
def test_the_own_output_is_no_register(tmp_path: Path, ending: str, language: str) -> None:
    folder = write(tmp_path, province(3), "csv")
    output = folder / f"结果.{ending}"
    words = ("check", folder, "--as-of", "2026-05-20", "--output", output)
    assert qualwatch(*words, QUALWATCH_LANG=language).status == 0
    result = check(folder)
    assert result.status == 3
    assert verdicts(result.json()) == MET
    (rejection,) = result.json()["rejected"]
    assert rejection["file"] == output.name
    assert "本系统" in rejection["problem"]


PACK = {
    "SHA256SUMS": b"",
    "finding.json": b"{}",
    "case.json": b"{}",
    "index.html": b"<html>",
    "README.txt": b"x",
    "facts/registrations.parquet": b"PAR1",
}


@pytest.mark.parametrize("name", ["unpacked", "证据.zip", "证据.xlsx", "人员逐条.csv"])
def test_an_evidence_pack_is_no_register(tmp_path: Path, name: str) -> None:
    """Unpacked, as an archive under any ending, or a table out of it: named, and nothing read."""
    folder = write(tmp_path, province(3), "csv")
    # it looks like a register of people with one column more
    registers = (folder / "注册人员.csv").read_text(encoding="utf-8-sig").splitlines()
    table = "".join(
        f"{'证据包红牌编号' if number == 0 else '晋红〔2026〕1号'},{line}\n"
        for number, line in enumerate(registers)
    )
    table = table.replace("张", "李")
    content = {**PACK, "登记事实/注册.csv": table.encode("utf-8-sig")}
    place = folder / name
    if name == "unpacked":
        for file, body in content.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(body)
    elif place.suffix == ".csv":
        place.write_bytes(content["登记事实/注册.csv"])
    else:
        with zipfile.ZipFile(place, "w") as archive:
            for file, body in content.items():
                archive.writestr(file, body)
    result = check(folder)
    assert result.status == 3
    assert verdicts(result.json()) == MET
    (rejection,) = result.json()["rejected"]
    assert (rejection["file"], rejection["problem"]) == (name, "不是登记表（本系统的证据包）")
    assert result.json()["notices"] == []


def test_a_pack_itself_is_not_checked_as_registers(tmp_path: Path) -> None:
    for file, body in PACK.items():
        (tmp_path / "pack" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / file).write_bytes(body)
    result = qualwatch("check", tmp_path / "pack", "--as-of", "2026-05-20")
    assert result.status == 2
    assert f"请核查 {tmp_path / 'pack' / 'facts'}" in result.err


def test_accepted_and_rejected_make_up_what_was_read(tmp_path: Path) -> None:
    rows = [
        REGISTRATIONS,
        *(person(n) for n in range(1, 4)),
        person(4, 身份证号="123"),
        person(5, 有效期止="2023-02-30"),
        person(6, 证书类别="园艺师"),
    ]
    result = check(write(tmp_path, province(3, 注册人员=rows), "csv"))
    assert result.status == 3
    for file in result.json()["summary"]["files"]:
        assert file["accepted"] + file["rejected"] == file["read"]
    assert [
        (rejection["file"], rejection["row"], rejection["column"])
        for rejection in result.json()["rejected"]
    ] == [
        ("注册人员.csv", 5, "身份证号"),
        ("注册人员.csv", 6, "有效期止"),
        ("注册人员.csv", 7, "证书类别"),
    ]
    assert all(
        rejection["problem"] and rejection["remedy"] for rejection in result.json()["rejected"]
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_rejected_row_can_only_help(tmp_path: Path, form: str) -> None:
    rows = [REGISTRATIONS, person(1), person(2), person(3, 有效期止="2023-02-30")]
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert result.status == 3
    finding = result.json()["findings"][0]
    assert (finding["verdict"], finding["held"], finding["possible"]) == ("cannot-say", 2, 3)
    assert "unparsed-row" in finding["because"]


GARBAGE: dict[str, tuple[str, bytes]] = {
    "a JPEG named .xlsx": ("登记.xlsx", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200)),
    "a JPEG named .xls": ("登记.xls", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200)),
    "a JPEG named .ods": ("登记.ods", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200)),
    "an empty .xlsx": ("登记.xlsx", b""),
    "an empty .csv": ("企业.csv", b""),
    "a CSV with a NUL": ("企业.csv", csv_bytes([ENTERPRISES, [OWN, "甲\0", "140105", ""]])),
    "a CSV that is neither UTF-8 nor GB18030": (
        "企业.csv",
        csv_bytes([ENTERPRISES]) + b"\xff\xff\x81\x20,x\n",
    ),
    "a CSV with an open quote": ("企业.csv", csv_bytes([ENTERPRISES]) + b'"x,1\n2,3\n'),
    "1,000 columns": ("企业.csv", csv_bytes([[f"列{n}" for n in range(1000)], ["1"] * 1000])),
    "binary noise": ("登记.xls", bytes(range(256)) * 40),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_alone_is_one_sentence_and_status_2(tmp_path: Path, name: str) -> None:
    file, content = GARBAGE[name]
    (tmp_path / file).write_bytes(content)
    for path in (tmp_path, tmp_path / file):
        result = check(path)
        assert result.status == 2
        assert len(result.err.strip().splitlines()) == 1
        assert not result.out


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_is_one_sentence(tmp_path: Path, form: str, share: float) -> None:
    content = (write(tmp_path / "whole", province(3), form) / f"登记.{form}").read_bytes()
    (tmp_path / f"半.{form}").write_bytes(content[: int(len(content) * share)])
    result = check(tmp_path / f"半.{form}")
    assert result.status in (0, 2, 3)  # an .xls that lacks only its padding is still whole
    if result.status == 2:
        assert len(result.err.strip().splitlines()) == 1


def test_a_sheet_of_1000_columns_beside_the_right_ones_is_read(tmp_path: Path) -> None:
    wide: Rows = [
        [*ENTERPRISES, *(f"列{n}" for n in range(996))],
        [OWN, "甲装饰有限公司", "140105", "", *["x"] * 996],
    ]
    result = check(write(tmp_path, province(3, 企业=wide), "xlsx"))
    assert result.status == 0
    assert verdicts(result.json()) == MET
    assert any("列0" in notice["text"] for notice in result.json()["notices"])


@pytest.mark.parametrize("form", FORMATS)
def test_a_formula_error_puts_its_row_in_doubt(tmp_path: Path, form: str) -> None:
    error = "#DIV/0!" if form.endswith("csv") else "=ERR"
    rows = [
        REGISTRATIONS,
        person(1),
        person(2),
        person(3, 变更日期=error),
        person(4, 身份证号=error),
    ]
    result = check(write(tmp_path, province(3, 注册人员=rows), form))
    assert result.status == 3
    assert verdicts(result.json()) == [(OWN, "constructors", "cannot-say")]
    assert [(rejection["row"], rejection["column"]) for rejection in result.json()["rejected"]] == [
        (4, "变更日期"),
        (5, "身份证号"),
    ]


def test_optional_tables_in_chinese(tmp_path: Path) -> None:
    sheets = province(3)
    sheets["社保"] = [
        ["身份证号", "缴费月份", "缴费单位信用代码"],
        *paid(1),
        *paid(2),
        *paid(3, OTHER),
    ]
    sheets["豁免"] = [
        ["身份证号", "统一社会信用代码", "豁免理由", "证明材料", "豁免起", "豁免止"],
        [identity(3), OWN, "退休", "退休证", "", ""],
    ]
    assert verdicts(check(write(tmp_path / "1", sheets, "csv")).json()) == MET
    sheets["锁定"] = [["身份证号", "锁定起", "锁定止"], [identity(1), "2026-01-01", ""]]
    locked = check(write(tmp_path / "2", sheets, "csv")).json()
    assert (locked["findings"][0]["verdict"], locked["findings"][0]["held"]) == ("short", 2)
    assert "locked" in locked["findings"][0]["because"]
    sheets["认定"] = [
        ["统一社会信用代码", "资质名称", "指标", "认定人数", "有效至"],
        [OWN, "建筑装修装饰工程专业承包", "注册建造师", "2", "2026-12-31"],
    ]
    assert verdicts(check(write(tmp_path / "3", sheets, "csv")).json()) == [
        (OWN, "constructors", "advise")
    ]
    sheets["覆盖"] = [
        ["来源", "载入日期", "覆盖起", "覆盖止", "辖区", "人员"],
        ["注册人员", "2026-05-01", "", "", "", ""],
    ]
    stale = check(write(tmp_path / "4", sheets, "csv")).json()["findings"][0]
    assert (stale["verdict"], "registrations-stale" in stale["because"]) == ("cannot-say", True)


def test_order_of_files_names_and_rows_does_not_matter(tmp_path: Path) -> None:
    sheets = province(3)
    renamed = {
        f"导出{n}": [rows[0], *reversed(rows[1:])]
        for n, rows in enumerate(reversed(sheets.values()))
    }
    assert (
        check(write(tmp_path / "1", renamed, "csv")).json()["findings"]
        == check(write(tmp_path / "2", sheets, "csv")).json()["findings"]
    )


def test_header_aliases_and_abbreviations(tmp_path: Path) -> None:
    sheets = province(3)
    sheets["企业"][0] = ["社会信用代码", "单位名称", "行政区划代码", "分公司信用代码"]
    sheets["注册人员"] = [
        ["注册单位信用代码", "姓名", "证件号码", "注册类别", "注册专业", "注册号", "有效期至"],
        *(
            [OWN, "张", identity(n), words, trade, f"晋{n}", "2027-01-01"]
            for n, words, trade in (
                (1, "二级注册建造师", "建筑"),
                (2, "二级建造师", "市政、建筑"),
                (3, "注册建造师(二级)", "房建"),
            )
        ),
    ]
    result = check(write(tmp_path, sheets, "csv"))
    assert result.status == 0, result.err
    assert verdicts(result.json()) == MET


@pytest.mark.parametrize(
    ("name", "grade", "expected"),
    [
        ("建筑工程施工总承包贰级", "", ("建筑工程施工总承包", "二级")),
        ("建筑工程施工总承包二级", "", ("建筑工程施工总承包", "二级")),
        ("建筑工程施工总承包", "贰级", ("建筑工程施工总承包", "二级")),
        ("房屋建筑工程监理甲级", "", ("工程监理房屋建筑工程专业", "甲级")),
        ("工程监理房屋建筑工程专业甲级", "", ("工程监理房屋建筑工程专业", "甲级")),
        ("D101A", "", ("建筑工程施工总承包", "一级")),
        ("E201B", "", ("工程监理房屋建筑工程专业", "乙级")),
        ("E1X", "", ("工程监理综合资质", "不分等级")),
        ("工程监理事务所", "", ("工程监理事务所", "不分等级")),
        ("施工劳务不分等级", "", ("施工劳务", "不分等级")),
    ],
)
def test_qualification_names(
    tmp_path: Path, name: str, grade: str, expected: tuple[str, str]
) -> None:
    rows = [ITEMS, item(资质名称=name, 等级=grade)]
    report = check(write(tmp_path, province(3, 资质=rows), "csv")).json()
    assert {(finding["qualification"], finding["grade"]) for finding in report["findings"]} == {
        expected
    }


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"资质名称": "园林绿化企业一级"}, "资质名称"),
        ({"资质名称": "消防设施工程专业承包", "等级": "三级"}, "资质名称"),
        ({"资质名称": "消防设施工程专业承包一级", "等级": "二级"}, "资质名称"),
        ({"等级": ""}, "资质名称"),
        ({"有效期止": "不知道"}, "有效期止"),
        ({"有效期起": "2027-01-01", "有效期止": "2026-01-01"}, "有效期止"),
        ({"状态": "奇怪"}, "状态"),
        ({"统一社会信用代码": credit_code(1)[:-1] + "0"}, "统一社会信用代码"),
    ],
)
def test_a_bad_item_row_is_rejected_and_the_item_gets_no_finding(
    tmp_path: Path, cells: dict[str, str], column: str
) -> None:
    result = check(write(tmp_path, province(1, 资质=[ITEMS, item(**cells)]), "csv"))
    assert result.status == 3
    assert [(rejection["row"], rejection["column"]) for rejection in result.json()["rejected"]] == [
        (2, column)
    ]
    assert not [finding for finding in result.json()["findings"] if finding["verdict"] == "short"]


def test_f12_design_items_are_listed_and_not_judged(tmp_path: Path) -> None:
    rows = [
        ITEMS,
        item(),
        item(资质名称="工程勘察岩土工程专业甲级"),
        item(资质名称="工程设计建筑行业甲级"),
    ]
    report = check(write(tmp_path, province(3, 资质=rows), "csv")).json()
    assert sorted(
        (finding["qualification"], finding["verdict"]) for finding in report["findings"]
    ) == [
        ("工程勘察岩土工程专业甲级", "not-required"),
        ("工程设计建筑行业甲级", "not-required"),
        ("建筑装修装饰工程专业承包", "met"),
    ]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("140100", "met"),
        ("140171", "met"),
        ("140202", "met"),
        ("149900", "cannot-say"),
        ("", "cannot-say"),
        ("330100", "not-required"),
    ],
)
def test_f09_places(tmp_path: Path, code: str, verdict: str) -> None:
    rows = [ENTERPRISES, [OWN, "甲装饰有限公司", code, ""]]
    result = check(write(tmp_path, province(3, 企业=rows), "csv"))
    assert result.status == 0
    assert verdicts(result.json()) == [(OWN, "constructors", verdict)]
    noticed = [notice["column"] for notice in result.json()["notices"]]
    assert noticed == (["注册地区划代码"] if code in ("140202", "149900", "") else [])


def test_a_facts_folder_in_csv_and_parquet_gives_the_same_findings(tmp_path: Path) -> None:
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet

    from builders import law
    from qualwatch.intake.register_files import read_register_files

    files = read_register_files(write(tmp_path / "registers", province(2), "csv"), law())
    for name, table in files.facts.tables.items():
        (tmp_path / "parquet").mkdir(exist_ok=True)
        (tmp_path / "csv").mkdir(exist_ok=True)
        pa_parquet.write_table(table, tmp_path / "parquet" / f"{name}.parquet")
        if name == "enterprises":
            joined = [";".join(codes) for codes in table.column("branch_credit_codes").to_pylist()]
            table = table.set_column(3, "branch_credit_codes", [joined])
        pa_csv.write_csv(table, tmp_path / "csv" / f"{name}.csv")
    complete = check(tmp_path / "registers").json()
    for form in ("parquet", "csv"):
        result = check(tmp_path / form)
        assert result.status == 0, result.err
        assert result.json()["findings"] == complete["findings"]


def test_a_broken_facts_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "enterprises.csv").write_text("credit_code,name\nx,y\n", encoding="utf-8")
    result = check(tmp_path)
    assert result.status == 2
    assert len(result.err.strip().splitlines()) == 1


def test_output_is_complete_or_absent(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", province(3), "csv")
    result = qualwatch(
        "check", folder, "--as-of", "2026-05-20", "--output", tmp_path / "no" / "such" / "file.json"
    )
    assert result.status == 2
    assert len(result.err.strip().splitlines()) == 1
    assert (
        qualwatch("check", folder, "--as-of", "2026-05-20", "--output", tmp_path / "out.txt").status
        == 0
    )
    assert "达标" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in", "out.txt"]
