"""kill -9 at random moments of loads, releases, runs and pushes; a rerun gives the undisturbed result."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from builders import law
from databases import prepare_office, process_environment
from qualwatch.intake.synthetic_province import Plan, generate_province

ACTS = str(Path(__file__).parent.parent / "crash_recovery_acts.py")
HOME = Path(__file__).parent.parent


def run_acts(state: dict[str, str], *words: str) -> str:
    process = subprocess.run(
        [sys.executable, ACTS, *words],
        env=process_environment(state),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout


def recorded_state(state: dict[str, str]) -> Any:
    return json.loads(run_acts(state, "state"))


def differences(actual: Any, expected: Any) -> dict[str, Any]:
    """What one of the two has and the other has not, by name."""
    return {
        name: [
            [value for value in actual[name] if value not in expected[name]],
            [value for value in expected[name] if value not in actual[name]],
        ]
        if isinstance(expected[name], list)
        else [actual[name], expected[name]]
        for name in expected
        if actual[name] != expected[name]
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small province, a list that has shrunk, and changes."""
    folder = tmp_path_factory.mktemp("files")
    generate_province(Plan(60, 11), folder, "csv", law())
    lines = (folder / "注册人员.csv").read_text(encoding="utf-8").splitlines()
    (folder / "少.csv").write_text("\n".join(lines[: len(lines) // 2]), encoding="utf-8")
    header = lines[0].removeprefix("\ufeff").split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:12]]
    (folder / "changes.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return folder


def kill_and_run_again(files: Path, folder: Path, kill_count: int, seed: int) -> None:
    uninterrupted = prepare_office(folder / "uninterrupted")
    started_at = time.perf_counter()
    run_acts(uninterrupted, str(files))
    length = time.perf_counter() - started_at
    expected = recorded_state(uninterrupted)
    assert expected["faults"] == []
    assert ["practitioners", "released"] in expected["loads"]
    chance, killed = random.Random(seed), 0
    for number in range(kill_count):
        state = prepare_office(folder / f"k{number}")
        process = subprocess.Popen(
            [sys.executable, ACTS, str(files)],
            env=process_environment(state),
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.15, 0.95) * length)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        run_acts(state, str(files))
        actual = recorded_state(state)
        assert differences(actual, expected) == {}, f"kill {number}"
        assert actual == expected
    assert killed >= kill_count // 2  # most of them did hit a running process


def test_a_few_kills_leave_nothing_half_applied(files: Path, tmp_path: Path) -> None:
    kill_and_run_again(files, tmp_path, 3, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 7))
def test_fifty_kills_leave_nothing_half_applied(files: Path, tmp_path: Path, seed: int) -> None:
    kill_and_run_again(files, tmp_path, 10, seed)
