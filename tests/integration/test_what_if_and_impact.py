"""What if, coming shortfalls, and the impact of a change, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import OTHER, OWN
from commands import check, qualwatch
from register_files import CONTRIBUTIONS, ITEMS, REGISTRATIONS, csv_bytes, write
from register_rows import DAY, item, paid, person, province

POLICY = (
    Path(__file__).parent.parent.parent
    / "src"
    / "qualwatch"
    / "law"
    / "texts"
    / "policy"
    / "shanxi.yaml"
)


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    """Exactly the three constructors that decoration of grade 2 asks."""
    return write(tmp_path / "registers", province(3), "csv")


def test_a_person_leaves(registers: Path) -> None:
    result = qualwatch("whatif", registers, OWN, "--as-of", DAY, "--without", "晋214000000001")
    assert result.status == 0, result.err
    assert "达标（实有 3，可能 3）" in result.out
    assert "不达标（实有 2，可能 2）" in result.out


def test_a_person_joins(registers: Path, tmp_path: Path) -> None:
    newcomer = (
        write(
            tmp_path / "more",
            {"人员": [REGISTRATIONS, person(7)], "社保": [CONTRIBUTIONS, *paid(7)]},
            "xlsx",
        )
        / "登记.xlsx"
    )
    result = qualwatch(
        "whatif", registers, OWN, "--as-of", DAY, "--without", "晋214000000001", "--with", newcomer
    )
    assert result.status == 0, result.err
    assert result.out.count("达标（实有 3，可能 3）") == 2
    assert "变" not in result.out.split("假如", 2)[2]


def test_another_grade(registers: Path, tmp_path: Path) -> None:
    higher = tmp_path / "higher.csv"
    higher.write_bytes(
        csv_bytes([ITEMS, item(等级="一级", 有效期起="2026-01-01", 有效期止="2031-01-01")])
    )
    result = qualwatch("whatif", registers, OWN, "--as-of", DAY, "--with", higher)
    assert result.status == 0, result.err
    assert "装修装饰工程专业承包 一级" in result.out
    assert "不达标" in result.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--without", "晋999"), "晋999"),
        ((), "--without"),
        (("--with", "/no/such/file.csv"), "找不到"),
    ],
)
def test_an_invalid_command_is_one_sentence(
    registers: Path, words: tuple[str, ...], sentence: str
) -> None:
    result = qualwatch("whatif", registers, OWN, "--as-of", DAY, *words)
    assert result.status == 2
    assert sentence in result.err
    assert result.err.count("\n") == 1


def test_explain_lists_coming_shortfalls(tmp_path: Path) -> None:
    sheets = province(3)
    sheets["注册人员"][1] = person(1, 有效期止="2026-08-31")
    registers = write(tmp_path, sheets, "csv")
    result = qualwatch("explain", registers, OWN, "--as-of", DAY)
    assert "2026-09-01 起：" in result.out
    assert "注册已过期" in result.out.split("▷")[1]
    assert check(registers, day="2026-08-31").json()["findings"][0]["verdict"] != "short"
    assert "没有指标会转为不达标" in qualwatch("explain", registers, OTHER, "--as-of", DAY).out


def test_the_impact_of_a_changed_policy(registers: Path, tmp_path: Path) -> None:
    text = POLICY.read_text(encoding="utf-8")
    assert "default: {doubt_from: 60, ends_at: 61}" in text
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text(
        text.replace(
            "default: {doubt_from: 60, ends_at: 61}", "default: {doubt_from: 30, ends_at: 31}"
        ),
        encoding="utf-8",
    )
    result = qualwatch(
        "impact", registers, "--as-of", DAY, "--against", stricter, "--format", "json"
    )
    assert result.status == 0, result.err
    document = result.json()
    assert document["schema"] == "qualwatch-impact/1"
    assert document["areas"] == {"city:140100": {"becomes_short": 1, "becomes_met": 0, "other": 0}}
    assert document["categories"] == {
        "建筑装修装饰工程专业承包": {"becomes_short": 1, "becomes_met": 0, "other": 0}
    }
    (turn,) = document["turns"]
    assert (turn["before"]["verdict"], turn["after"]["verdict"]) == ("met", "short")
    back = qualwatch(
        "impact",
        registers,
        "--as-of",
        DAY,
        "--policy",
        stricter,
        "--against",
        POLICY,
        "--format",
        "json",
    ).json()
    assert back["areas"] == {"city:140100": {"becomes_short": 0, "becomes_met": 1, "other": 0}}
    table = qualwatch(
        "impact", registers, "--as-of", DAY, "--against", stricter, "--output", tmp_path / "a.txt"
    )
    assert table.status == 0
    assert "其中转为不达标 1 项" in (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_impact_of_nothing_is_nothing(registers: Path) -> None:
    result = qualwatch("impact", registers, "--as-of", DAY, "--against", POLICY, "--format", "json")
    assert json.loads(result.out)["turns"] == []
    assert qualwatch("impact", registers, "--as-of", DAY).status == 2
