"""F49: two acts on one case at one moment, in processes of their own: one is done, the other is told why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from databases import copy_of, state_of

HOME = Path(__file__).parent.parent
DUEL = str(HOME / "duel.py")
LOOK = """
import django, json; django.setup()
from qualwatch.cases.models import Case, Determination
from qualwatch.journal.models import Entry
case = Case.objects.get()
print(json.dumps([case.place, [one.state for one in Determination.objects.all()],
    [one.what for one in Entry.objects.filter(stream=case.stream).order_by('number')]]))
"""


def environment(state: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        **state,
        "DJANGO_SETTINGS_MODULE": "qualwatch.config.settings",
        "PYTHONPATH": os.pathsep.join([str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A determination that waits for its signature."""
    folder = tmp_path_factory.mktemp("duel")
    state = state_of(folder / "state")
    for words in (["-m", "qualwatch", "manage", "prepare", "-v0"], [DUEL, "setup", str(folder)]):
        done = subprocess.run(
            [sys.executable, *words], env=environment(state), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    return state


def both(state: dict[str, str], folder: Path, first: str, second: str) -> tuple[list[str], list[object]]:
    start = str(time.time() + 6)  # noqa: TID251  # two processes meet at a moment of the real clock
    running = [
        subprocess.Popen([sys.executable, DUEL, what, str(folder), start], env=environment(state), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for what in (first, second)
    ]  # fmt: skip
    said = []
    for one in running:
        out, err = one.communicate(timeout=120)
        assert one.returncode == 0, err[-2000:]
        said.append(out.strip())
    look = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment(state), capture_output=True, text=True, check=True
    )
    return said, json.loads(look.stdout)


@pytest.mark.parametrize(("first", "second"), [("sign", "return"), ("sign", "sign"), ("return", "return")])
def test_exactly_one_of_two_officers_succeeds(waiting: dict[str, str], tmp_path: Path, first: str, second: str) -> None:
    state = copy_of(waiting, tmp_path / "state")
    said, (place, states, entries) = both(state, tmp_path, first, second)
    assert sorted(one.split(":")[0] for one in said) == ["done", "refused"]
    assert "刷新" in next(one for one in said if one.startswith("refused"))
    won = first if said[0] == "done" else second
    assert (place, states) == (("red", ["signed"]) if won == "sign" else ("yellow", ["returned"]))
    assert isinstance(entries, list)
    assert entries.count("sign") + entries.count("return-proposal") == 1


def test_an_officer_and_the_patrol_never_undo_each_other(waiting: dict[str, str], tmp_path: Path) -> None:
    """Signed and closed by the same morning's recovery, or closed before it could be signed: never red and good."""
    state = copy_of(waiting, tmp_path / "state")
    said, (place, states, entries) = both(state, tmp_path, "sign", "patrol")
    assert said[1] == "done"
    assert place == "closed"
    assert states in (["signed"], ["void"])
    assert (states == ["signed"]) == (said[0] == "done")
    assert isinstance(entries, list)
    assert entries.count("sign") == (said[0] == "done")
