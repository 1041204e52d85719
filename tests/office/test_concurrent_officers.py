"""F49: of two acts on one case at the same moment one succeeds and the other is refused with its reason."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from databases import copy_office, prepare_office, process_environment

HOME = Path(__file__).parent.parent
CONCURRENT_ACTS = str(HOME / "concurrent_acts.py")
LOOK = """
import django, json; django.setup()
from qualwatch.cases.models import Case, Determination
from qualwatch.journal.models import Entry
case = Case.objects.get()
print(json.dumps([case.state, [one.state for one in Determination.objects.all()],
    [one.what for one in Entry.objects.filter(stream=case.stream).order_by('number')]]))
"""


@pytest.fixture(scope="module")
def pending_proposal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A determination that waits for its signature."""
    folder = tmp_path_factory.mktemp("concurrent")
    state = prepare_office(folder / "state")
    words = [sys.executable, CONCURRENT_ACTS, "setup", str(folder)]
    process = subprocess.run(
        words, env=process_environment(state), capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return state


def act_concurrently(state: dict[str, str], folder: Path, *acts: list[str]) -> list[str]:
    """What two people say who act at the same moment, each in a process of its own."""
    meeting = Path(tempfile.mkdtemp(dir=folder, prefix="meeting-"))
    running = [
        subprocess.Popen(
            [sys.executable, CONCURRENT_ACTS, act[0], str(meeting), *act[1:]],
            env=process_environment(state),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for act in acts
    ]
    answers = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err[-2000:]
        answers.append(out.strip())
    return answers


def recorded_values(state: dict[str, str], query: str) -> list[Any]:
    """What is on record afterwards."""
    words = [sys.executable, "-c", query]
    process = subprocess.run(
        words, env=process_environment(state), capture_output=True, text=True, check=True
    )
    return list(json.loads(process.stdout))


def act_and_look(
    state: dict[str, str], folder: Path, first: str, second: str
) -> tuple[list[str], list[object]]:
    return act_concurrently(state, folder, [first], [second]), recorded_values(state, LOOK)


@pytest.mark.parametrize(
    ("first", "second"), [("sign", "return"), ("sign", "sign"), ("return", "return")]
)
def test_exactly_one_of_two_officers_succeeds(
    pending_proposal: dict[str, str], tmp_path: Path, first: str, second: str
) -> None:
    state = copy_office(pending_proposal, tmp_path / "state")
    answers, (case_state, states, entries) = act_and_look(state, tmp_path, first, second)
    assert sorted(answer.split(":")[0] for answer in answers) == ["done", "refused"]
    assert "刷新" in next(answer for answer in answers if answer.startswith("refused"))
    winner = first if answers[0] == "done" else second
    assert (case_state, states) == (
        ("red", ["signed"]) if winner == "sign" else ("yellow", ["returned"])
    )
    assert isinstance(entries, list)
    assert entries.count("sign") + entries.count("return-proposal") == 1


def test_an_officer_and_the_patrol_never_undo_each_other(
    pending_proposal: dict[str, str], tmp_path: Path
) -> None:
    """Signed and closed by the same morning's recovery, or closed before it could be signed: never red and good."""
    state = copy_office(pending_proposal, tmp_path / "state")
    answers, (case_state, states, entries) = act_and_look(state, tmp_path, "sign", "patrol")
    assert answers[1] == "done"
    assert case_state == "closed"
    assert states in (["signed"], ["void"])
    assert (states == ["signed"]) == (answers[0] == "done")
    assert isinstance(entries, list)
    assert entries.count("sign") == (answers[0] == "done")


REDS = """
import django, json; django.setup()
from qualwatch.cases.models import Case, Document, Service
from qualwatch.journal.models import Entry
reds = Case.objects.filter(origin="officer")
print(json.dumps([reds.count(), sorted(Document.objects.values_list("number", flat=True)),
    Service.objects.filter(proved_on__isnull=False, document__kind="order-to-rectify").count(),
    [one.what for one in Entry.objects.filter(what__in=("inspected", "order-served"))]]))
"""


def test_two_officers_record_one_finding_and_prove_one_service(
    pending_proposal: dict[str, str], tmp_path: Path
) -> None:
    """Two authorities at once: one red card, no number lost; then one receipt counts."""
    state = copy_office(pending_proposal, tmp_path / "state")
    answers = act_concurrently(state, tmp_path, ["inspect", "officer"], ["inspect", "city-officer"])
    assert sorted(answer.split(":")[0] for answer in answers) == ["done", "refused"]
    refusal = next(answer for answer in answers if answer.startswith("refused"))
    # by the card that is there, or by the finding that still waits for its signature
    assert "已有主管部门认定的红牌" in refusal or "同一事项已有人提出" in refusal
    reds, numbers, _proved, entries = recorded_values(state, REDS)
    assert (reds, entries) == (1, ["inspected"])
    mark = "晋建" if answers[0] == "done" else "太原建"
    assert [number for number in numbers if "资认" in number or "资责" in number] == [
        f"{mark}资认〔2026〕1号",
        f"{mark}资责〔2026〕1号",
    ]
    send = (
        "import sys, django; django.setup(); sys.path.insert(0, {tests!r}); from concurrent_acts import *; from pathlib import Path; "
        "actors = actors_in(Path({folder!r})); from qualwatch.cases.models import Document; "
        "actors.start_service(Document.objects.get(kind='order-to-rectify'), PERIOD_OVER); print('[]')"
    )
    recorded_values(state, send.format(tests=str(HOME), folder=str(tmp_path)))
    answers = act_concurrently(state, tmp_path, ["prove"], ["prove"])
    assert sorted(answer.split(":")[0] for answer in answers) == ["done", "refused"]
    assert recorded_values(state, REDS)[2:] == [1, ["inspected", "order-served"]]
