"""The office's commands as processes: import, patrol, decide, journal, manage."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import psycopg
import pytest

from actors import picture
from builders import OWN, identity
from commands import qualwatch
from databases import office_environment, prepare_office
from register_files import CONTRIBUTIONS, REGISTRATIONS, csv_bytes
from register_office import SOURCES
from register_rows import person, province

DAY = "2026-05-20"


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    """An office made ready."""
    return prepare_office(tmp_path / "state")


def load_province(state: dict[str, str], folder: Path, people: int = 3) -> None:
    for sheet, rows in province(people).items():
        path = folder / f"{sheet}.csv"
        path.write_bytes(csv_bytes(rows))
        assert (
            qualwatch("import", SOURCES[sheet], path, "--as-of", DAY, "--by", "li", **state).status
            == 0
        )


def test_from_files_to_a_recorded_run(state: dict[str, str], tmp_path: Path) -> None:
    load_province(state, tmp_path)
    ran = qualwatch("patrol", "--on", DAY, "--by", "li", **state)
    assert (ran.status, "已记录" in ran.out) == (0, True)
    assert "达标：1" in ran.out
    assert not re.search("[a-z]{4}", ran.out)
    assert qualwatch("patrol", "--on", DAY, "--by", "li", **state).out == ran.out
    assert qualwatch("journal", "verify", **state).out == "日志完好\n"


def test_a_held_load_is_released_by_another_person(state: dict[str, str], tmp_path: Path) -> None:
    load_province(state, tmp_path, 10)
    path = tmp_path / "少.csv"
    path.write_bytes(csv_bytes([REGISTRATIONS, person(1)]))
    held = qualwatch(
        "import", "practitioners", path, "--as-of", "2026-05-21", "--by", "li", **state
    )
    assert held.status == 3
    assert "已扣下" in held.out
    create_officers(state)
    evidence = tmp_path / "说明.png"
    evidence.write_bytes(picture())
    password = "correct-horse-battery\n"

    def decide(by: str, password: str = password, what: tuple[str, str] = ("load", "5")) -> Outcome:
        return say(state, password, "decide", *what, "--because", "九人已注销", "--by", by)

    def propose(by: str, *words: str | Path) -> Outcome:
        return say(
            state, password, "propose", "load", "5", *words, "--because", "已核对", "--by", by
        )

    assert decide("li")[1].startswith("qualwatch: 还没有人提出放行")
    assert propose("zhao", tmp_path / "没有.png")[1].startswith("qualwatch: 找不到")
    assert propose("zhao", evidence) == (0, "已提出（第 1 号），等另一人审核签批\n")
    assert propose("wang", evidence) == (2, "qualwatch: 同一事项已有人提出，等审核签批\n")
    assert decide("zhao") == (2, "qualwatch: 账号 zhao 没有这个权限\n")
    assert decide("wang", "guess\n") == decide("nobody") == (2, "qualwatch: 账号或密码不对\n")
    assert decide("wang") == (2, "qualwatch: 请先打开证据再签批：说明.png\n")
    for name in ("li", "wang"):
        folder = tmp_path / name
        words = ("evidence", "load", "5", "--by", name, "--output", folder)
        status, out = say(state, password, *words)
        assert (status, "zhao 提出：已核对" in out) == (0, True)
        assert (folder / "1-说明.png").read_bytes() == picture()
        assert say(state, password, *words)[0] == 2  # the folder exists
    assert decide("li") == (2, "qualwatch: 导入的人不能自己放行或拒绝\n")
    assert decide("wang") == (0, "已载入\n")
    status, sentence = decide("wang", what=("change", "7"))
    assert (status, sentence.count("\n")) == (2, 1)


Outcome = tuple[int, str]


def say(state: dict[str, str], typed: str, *words: str | Path) -> Outcome:
    """The status of a command that asks for a password, and what it printed."""
    ran = qualwatch(*words, "--password-from-stdin", typed=typed, **state)
    return ran.status, ran.out or ran.err


def create_officers(state: dict[str, str]) -> None:
    """Two reviewers and an officer of the province."""
    for name, role in (
        ("li", "province-reviewer"),
        ("wang", "province-reviewer"),
        ("zhao", "province-officer"),
    ):
        words = [
            "manage",
            "create_officer",
            name,
            "--organisation",
            "province",
            "--role",
            role,
            "--early-warning",
        ]
        result = qualwatch(
            *words, "--password-from-stdin", typed="correct-horse-battery\n", **state
        )
        assert result.status == 0, result.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "nowhere", "{file}", "--as-of", DAY], "没有这个来源"),
        (["import", "practitioners", "{file}"], "--as-of"),
        (["import", "practitioners", "/nowhere.csv", "--as-of", DAY], "找不到"),
        (["import", "insurance", "{file}", "--as-of", DAY, "--covers", "May"], "2026-01..2026-03"),
        (["import", "insurance", "{file}", "--as-of", DAY], "不属于来源"),
        (["patrol"], "--on"),
        (["patrol", "--on", DAY], "还是空的"),
        (["decide", "card", "1", "--because", "x", "--by", "li"], "load、run 或 change"),
        (["import", "practitioners", "{file}", "--as-of", "2999-01-01"], "还没有到"),
    ],
)
def test_an_invalid_command_is_one_sentence(
    state: dict[str, str], tmp_path: Path, words: list[str], sentence: str
) -> None:
    path = tmp_path / "注册人员.csv"
    path.write_bytes(csv_bytes([REGISTRATIONS, person(1)]))
    ran = qualwatch(*(word.replace("{file}", str(path)) for word in words), **state)
    assert ran.status == 2
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_database_that_is_missing_or_not_migrated_is_one_sentence(tmp_path: Path) -> None:
    ran = qualwatch("patrol", "--on", DAY, **office_environment(tmp_path / "new"))
    assert (ran.status, "manage prepare" in ran.err) == (2, True)
    environment = {
        "QUALWATCH_STATE": str(tmp_path / "x"),
        "DATABASE_URL": "postgresql://nobody@/x?host=/nowhere",
    }
    ran = qualwatch("patrol", "--on", DAY, **environment)
    assert (ran.status, "数据库用不了" in ran.err) == (2, True)


def test_covered_months_are_given_or_read_from_the_rows(
    state: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "社保.csv"
    path.write_bytes(csv_bytes([CONTRIBUTIONS, [identity(1), "2026-02", OWN]]))
    assert qualwatch("import", "insurance", path, "--as-of", DAY, **state).status == 0
    [row] = rows(state, "SELECT covers_from, covers_to FROM registers_load")
    assert [str(value) for value in row] == ["2026-02-01", "2026-02-28"]


def rows(state: dict[str, str], query: str) -> list[tuple[object, ...]]:
    if state["DATABASE_URL"]:
        with psycopg.connect(state["DATABASE_URL"]) as connection:
            return connection.execute(query).fetchall()
    with sqlite3.connect(Path(state["QUALWATCH_STATE"]) / "qualwatch.sqlite3") as file:
        return file.execute(query).fetchall()


def test_no_identity_number_is_readable_in_the_state_folder_or_the_output(
    state: dict[str, str], tmp_path: Path
) -> None:
    load_province(state, tmp_path)
    bad = tmp_path / "坏.csv"
    bad.write_bytes(
        csv_bytes([REGISTRATIONS, person(1), person(2, 有效期止="2026-02-30"), person(3)])
    )
    ran = qualwatch("import", "practitioners", bad, "--as-of", "2026-05-21", **state)
    numbers = [identity(n).encode() for n in range(1, 4)]
    assert not any(number in (ran.out + ran.err).encode() for number in numbers)
    folder = Path(state["QUALWATCH_STATE"])
    for file in folder.rglob("*"):
        if (
            file.is_file() and "raw" not in file.relative_to(folder).parts
        ):  # delivered files are kept as they came
            assert not any(number in file.read_bytes() for number in numbers), file
    assert (folder / "keys.json").exists() is False  # the tests' keys come from the environment


def test_an_officer_is_created_and_a_weak_password_refused(state: dict[str, str]) -> None:
    words = [
        "manage",
        "create_officer",
        "li",
        "--organisation",
        "province",
        "--role",
        "province-officer",
    ]
    refused = qualwatch(*words, **state)
    assert refused.status != 0
    weak = qualwatch(
        "manage",
        "create_officer",
        "li",
        "--organisation",
        "nowhere",
        "--role",
        "x",
        "--password-from-stdin",
        **state,
    )
    assert "；有 " in weak.err


def test_a_missing_patrol_is_reported_to_monitoring(state: dict[str, str], tmp_path: Path) -> None:
    """F36: the scheduler was down."""
    assert qualwatch("heartbeat", "--on", DAY, **state).status == 3
    load_province(state, tmp_path, 3)
    assert qualwatch("patrol", "--on", DAY, **state).status == 0
    result = qualwatch("heartbeat", "--on", DAY, **state)
    assert (result.status, f"上次巡查：{DAY}" in result.out) == (0, True)
    result = qualwatch("heartbeat", "--on", "2026-05-21", **state)
    assert (result.status, f"上次巡查：{DAY}" in result.out) == (3, True)
