"""The main job on synthetic provinces: one checked, explained, remembered; one played day by day.

`python tools/demo.py [--enterprises N] [--long]`: everything is written to demo/. The played
province goes the whole road from a warning to a withdrawn item; --long plays half a year.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from play import hash_quickly

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo"
STATE = DEMO / "state"
PLAYED = DEMO / "played"
PLAY_LOG = DEMO / "play.log"
PROVINCE = "demo/province"
PAGE, WORKBOOK, RESULT = "demo/check.html", "demo/check.xlsx", "demo/check.json"
DAY = "2026-05-20"
PASSWORD = "correct-horse-battery\n"  # of the demo's own database
SOME_REJECTED = 3  # the synthetic province has its rate of bad rows
SEED = "3"  # its shortfalls are of all three kinds
# before the first day of the play, so that the clock of its journal never runs back
PREPARE = ("manage", "prepare", "-v0", "--at", "2023-05-04T04:00:00+08:00")
PROGRESS = "… "  # begins a line of play.py that is rewritten
DELIVERIES = {
    "enterprises": "企业.csv",
    "qualifications": "资质.csv",
    "practitioners": "注册人员.csv",
    "insurance": "社保.csv",
    "exemptions": "豁免.csv",
    "locks": "锁定.csv",
}
# a shortfall of a floor or group, of a single clause, of a supervision item
KINDS: tuple[Callable[[dict[str, Any]], bool], ...] = (
    lambda finding: len(finding["clauses"]) > 1,
    lambda finding: len(finding["clauses"]) == 1 and finding["requirement"] == "constructors",
    lambda finding: finding["requirement"] != "constructors",
)
NEXT = f"""
What to open next:
  {PAGE}        the check as a page with pictures
  {WORKBOOK}        the same as a workbook; {RESULT} as JSON
  demo/played/letters    every letter of the played province; returns and packs lie beside it
  make serve             the played province in a browser: log in as sample-officer,
                         sample-reviewer or sample-enterprise-1, password {PASSWORD.strip()}
  make play              half a year: the returns of a second quarter, a circular
"""


def main() -> None:
    """Generates, checks, explains, remembers; on another core another province is played."""
    options = _options()
    os.chdir(ROOT)
    shutil.rmtree(DEMO, ignore_errors=True)
    enterprises = "3000" if options.long else "1000"
    preparation = start_preparing()
    run("generate", PROVINCE, "--enterprises", enterprises, "--seed", SEED)
    run("check", PROVINCE, "--as-of", DAY)
    finish_preparing(preparation)
    play = start_play(options.enterprises, is_long=options.long)
    for path in (PAGE, WORKBOOK, RESULT):
        run("check", PROVINCE, "--as-of", DAY, "--output", path)
    explain()
    remember()
    print(f"\n{options.enterprises} enterprises played day by day from 2023-05-04:", flush=True)
    follow(play)
    print(NEXT)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enterprises", type=int, help="of the province that is played")
    parser.add_argument("--long", action="store_true", help="half a year; 3,000 checked")
    options = parser.parse_args()
    options.enterprises = options.enterprises or (500 if options.long else 300)
    return options


def run(*words: str, typed: str = "") -> None:
    """One qualwatch command, shown and run in this process; rejected rows are part of the demo."""
    from qualwatch.cli import main as qualwatch

    print("\n$ qualwatch " + " ".join(words), flush=True)
    sys.argv = ["qualwatch", *words]
    sys.stdin = io.StringIO(typed)
    try:
        qualwatch()
    except SystemExit as end:
        if end.code not in (None, 0, SOME_REJECTED):
            raise
    finally:
        # a command leaves collecting garbage to the end of its process
        gc.collect()


def start_preparing() -> "subprocess.Popen[str]":
    """Makes an empty office, keys and a database of its own, while the first result is made."""
    os.environ |= {"QUALWATCH_STATE": str(STATE), "DATABASE_URL": ""}
    words = [sys.executable, "-m", "qualwatch", *PREPARE]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish_preparing(preparation: "subprocess.Popen[str]") -> None:
    """Shows the command and what it printed."""
    output, _errors = preparation.communicate()
    print("\n$ qualwatch " + " ".join(PREPARE) + "\n" + output, end="", flush=True)
    if preparation.returncode:
        sys.exit(preparation.returncode)


def explain() -> None:
    """Three findings of different kinds."""
    findings = json.loads(Path(RESULT).read_text(encoding="utf-8"))["findings"]
    short = [finding for finding in findings if finding["verdict"] == "short"]
    size = Counter(finding["credit_code"] for finding in findings)
    for is_of_kind in KINDS:
        # of an enterprise with few items, to be read on the screen
        finding = min(filter(is_of_kind, short), key=lambda finding: size[finding["credit_code"]])
        run("explain", PROVINCE, finding["credit_code"], "--as-of", DAY)


def remember() -> None:
    """The same province in the office's registers: loads, a run, its release, the journal."""
    from qualwatch.config import load_office

    load_office()
    hash_quickly()
    for source, file in DELIVERIES.items():
        run("import", source, f"{PROVINCE}/{file}", "--as-of", DAY, "--by", "demo-officer")
    # a first run warns many at once: held
    run("patrol", "--on", DAY, "--by", "demo-officer")
    password = "--password-from-stdin"
    for name, role in (
        ("demo-proposer", "province-officer"),
        ("demo-reviewer", "province-reviewer"),
    ):
        where = ["--organisation", "province", "--role", role, "--early-warning"]
        run("manage", "create_officer", name, *where, password, typed=PASSWORD)
    # released by two people: one hands in the check, the other opens it and signs
    reason = ["--because", "首次核查，样本已逐家核对"]
    by_first = [*reason, "--by", "demo-proposer", password]
    run("propose", "run", "1", WORKBOOK, *by_first, typed=PASSWORD)
    by_second = ["--by", "demo-reviewer", password]
    run("evidence", "run", "1", "--output", "demo/evidence", *by_second, typed=PASSWORD)
    run("decide", "run", "1", *reason, *by_second, typed=PASSWORD)
    run("patrol", "--on", DAY, "--by", "demo-officer")
    run("journal", "verify")


def start_play(enterprises: int, *, is_long: bool) -> "subprocess.Popen[str]":
    """Plays the other province in a process of its own, in a copy of the empty office."""
    shutil.copytree(STATE, PLAYED / "state")
    words = [sys.executable, "tools/play.py", str(PLAYED), "--prepared"]
    words += ["--enterprises", str(enterprises)]
    if not is_long:
        words.append("--quick")
    if sys.stdout.isatty():
        words.append("--show-every-day")
    with PLAY_LOG.open("w", encoding="utf-8") as log:
        return subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, text=True)


def follow(play: "subprocess.Popen[str]") -> None:
    """Shows what the play prints; its days on one line that is rewritten."""
    is_terminal = sys.stdout.isatty()
    for line in _lines(play):
        text = line.removeprefix(PROGRESS).rstrip("\n")
        if not is_terminal:
            print(text, flush=True)
        elif text == line.rstrip("\n"):
            print(f"\r\033[K{text}", flush=True)
        else:
            print(f"\r\033[K{text}", end="", flush=True)
    if play.returncode:
        sys.exit(play.returncode)


def _lines(play: "subprocess.Popen[str]") -> Iterator[str]:
    """The lines of the play's log until it has ended."""
    with PLAY_LOG.open(encoding="utf-8") as log:
        while True:
            has_ended = play.poll() is not None
            yield from log
            if has_ended:
                return
            time.sleep(0.2)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
