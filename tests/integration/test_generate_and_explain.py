"""The synthetic province, and the explanation of one enterprise."""

from pathlib import Path

import pytest

from builders import OTHER, OWN, identity
from commands import check, qualwatch
from register_files import CONTRIBUTIONS, ITEMS, REGISTRATIONS, write
from register_rows import item, paid, person, province


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    provinces = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        result = qualwatch(
            "generate", tmp_path / name, "--enterprises", "60", "--seed", seed, "--format", form
        )
        assert result.status == 0, result.err
        provinces.append(contents(tmp_path / name))
    assert provinces[0] == provinces[1] != provinces[2]


def test_csv_and_xlsx_of_one_seed_give_equal_findings(tmp_path: Path) -> None:
    reports = []
    for form in ("csv", "xlsx"):
        qualwatch(
            "generate", tmp_path / form, "--enterprises", "120", "--seed", "3", "--format", form
        )
        reports.append(check(tmp_path / form).json())
    assert reports[0]["findings"] == reports[1]["findings"]
    assert reports[0]["anomalies"] == reports[1]["anomalies"]


def test_the_province_has_every_category_every_area_and_its_defects(tmp_path: Path) -> None:
    qualwatch("generate", tmp_path, "--enterprises", "1500", "--seed", "1")
    result = check(tmp_path)
    assert result.status == 3
    document = result.json()
    names = {finding["qualification"] for finding in document["findings"]}
    assert len(names) >= 60
    areas = {finding["licensing_authority"] for finding in document["findings"]}
    assert {
        "ministry",
        "province",
        "zone:140171",
        *(f"city:14{n:02d}00" for n in range(1, 12)),
    } <= areas
    counts = document["summary"]["verdicts"]
    assert all(
        counts[verdict]
        for verdict in ("short", "advise", "cannot-say", "manual", "met", "not-required")
    )
    assert counts["short"] < 0.1 * len(document["findings"])
    assert set(document["summary"]["anomalies"]) == {"unpaid", "paid-by-other", "paid-by-several"}
    for file in document["summary"]["files"]:
        assert file["accepted"] + file["rejected"] == file["read"]


def test_explain_lists_every_person_with_every_reason(tmp_path: Path) -> None:
    people = [
        person(1),
        person(2, 身份证号=identity(2, "19600101")),
        person(3, 有效期止="2026-01-01"),
        person(4, 专业="市政"),
        person(5),
    ]
    sheets = province(
        0,
        注册人员=[REGISTRATIONS, *people],
        社保=[CONTRIBUTIONS, *paid(1), *paid(3), *paid(4), *paid(5, OTHER)],
    )
    result = qualwatch("explain", write(tmp_path, sheets, "csv"), OWN, "--as-of", "2026-05-20")
    assert result.status == 0
    for text in (
        "建筑装修装饰工程专业承包 二级",
        "不达标",
        "要求 3，实有 1",
        "建市〔2014〕159号",
        "张1",
        "张2",
        "张3",
        "张4",
        "张5",
        "超龄",
        "注册已过期",
        "专业不在其列",
        "社保由其他单位缴纳",
        "2026-03",
    ):
        assert text in result.out, text


def test_explain_of_an_item_not_in_force_says_so(tmp_path: Path) -> None:
    sheets = province(3, 资质=[ITEMS, item(状态="撤回", 状态日期="2023-09-01")])
    result = qualwatch("explain", write(tmp_path, sheets, "csv"), OWN, "--as-of", "2026-05-20")
    assert "撤回" in result.out


def test_explain_of_an_unknown_enterprise_is_one_sentence(tmp_path: Path) -> None:
    result = qualwatch(
        "explain",
        write(tmp_path, province(3), "csv"),
        "91140105MA0000000X",
        "--as-of",
        "2026-05-20",
    )
    assert (result.status, len(result.err.strip().splitlines())) == (2, 1)


def test_as_of_is_mandatory(tmp_path: Path) -> None:
    """F52: an evaluation without its day is refused."""
    folder = write(tmp_path, province(3), "csv")
    for words in (("check", folder), ("explain", folder, OWN)):
        result = qualwatch(*words)
        assert (result.status, result.out) == (2, "")
        assert "--as-of" in result.err


def test_another_policy_file_is_used_and_named(tmp_path: Path) -> None:
    from qualwatch.law.loader import BUILT_IN

    text = (BUILT_IN / "policy" / "shanxi.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(
        text.replace("policy: shanxi", "policy: other").replace(
            "value: number-and-trade", "value: highest-any-trade"
        ),
        encoding="utf-8",
    )
    rows = [REGISTRATIONS, *(person(n, 专业="市政") for n in range(1, 4))]
    folder = write(tmp_path / "in", province(3, 注册人员=rows), "csv")
    assert check(folder).json()["findings"][0]["verdict"] == "short"
    report = check(folder, "--policy", str(tmp_path / "other.yaml")).json()
    assert report["policy"]["policy"] == "other"
    assert report["policy"]["counting"] == "highest-any-trade"
    assert report["findings"][0]["verdict"] == "met"
