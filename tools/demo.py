"""The main job on invented register files: a province checked, explained, remembered; another played day by day."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo"
DAY = "2026-05-20"
COMMAND = [sys.executable, "-m", "qualwatch"]
PASSWORD = "correct-horse-battery\n"  # of the demo's own database
SOME_REJECTED = 3  # the invented province has its rate of bad rows


def run(*words: str, typed: str | None = None) -> None:
    """One qualwatch command, shown and run; rejected rows are part of the demo."""
    print("\n$ qualwatch " + " ".join(words), flush=True)
    status = subprocess.run(
        [*COMMAND, *words], check=False, cwd=ROOT, input=typed, text=True
    ).returncode
    if status not in (0, SOME_REJECTED):
        sys.exit(status)


SOURCES = {
    "enterprises": "企业.csv",
    "qualifications": "资质.csv",
    "practitioners": "注册人员.csv",
    "insurance": "社保.csv",
    "exemptions": "豁免.csv",
    "locks": "锁定.csv",
}


def remember(province: str) -> None:
    """The same province in the office's memory: a database of its own, loads, a run, its release, the journal."""
    state = DEMO / "state"
    shutil.rmtree(state, ignore_errors=True)
    os.environ |= {"QUALWATCH_STATE": str(state), "DATABASE_URL": ""}
    run("manage", "prepare", "-v0")
    for source, file in SOURCES.items():
        run("import", source, f"{province}/{file}", "--as-of", DAY, "--by", "demo-officer")
    run("patrol", "--on", DAY, "--by", "demo-officer")  # a first run warns many at once: held
    words = [
        "create_officer",
        "demo-reviewer",
        "--organisation",
        "province",
        "--role",
        "province-reviewer",
    ]
    run("manage", *words, "--early-warning", "--password-from-stdin", typed=PASSWORD)
    words = ["--because", "首次核查，样本已核对", "--by", "demo-reviewer", "--password-from-stdin"]
    run("decide", "run", "1", *words, typed=PASSWORD)
    run("patrol", "--on", DAY, "--by", "demo-officer")
    run("journal", "verify")


def main() -> None:
    """Generate, check, explain, remember; meanwhile, on the other core, another province is played."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument(
        "--enterprises", type=int, default=500, help="of the province that is played"
    )
    enterprises = words.parse_args().enterprises
    play = [sys.executable, "tools/play.py", "demo/played", "--enterprises", str(enterprises)]
    played = subprocess.Popen(
        play, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    province, result, page, book = (
        "demo/province",
        "demo/check.json",
        "demo/check.html",
        "demo/check.xlsx",
    )
    run("generate", province, "--enterprises", "3000", "--seed", "1")
    run("check", province, "--as-of", DAY, "--format", "json", "--output", result)
    run("check", province, "--as-of", DAY, "--output", page)
    run("check", province, "--as-of", DAY, "--output", book)
    found = json.loads((ROOT / result).read_text(encoding="utf-8"))
    print("\nsummary:", json.dumps(found["summary"]["verdicts"], ensure_ascii=False))
    print("anomalies:", json.dumps(found["summary"]["anomalies"], ensure_ascii=False))
    short = [one for one in found["findings"] if one["verdict"] == "short"]
    # three different kinds: a floor or group, a single clause, a supervision item
    kinds = (
        lambda one: len(one["clauses"]) > 1,
        lambda one: len(one["clauses"]) == 1 and one["requirement"] == "constructors",
        lambda one: one["requirement"] != "constructors",
    )
    for kind in kinds:
        run("explain", province, next(filter(kind, short))["credit_code"], "--as-of", DAY)
    remember(province)
    print(f"\n{enterprises} enterprises from 2023-05-01 to 2023-10-31, day by day:", flush=True)
    said, _nothing = played.communicate()
    print(said)
    if played.returncode:
        sys.exit(played.returncode)
    print(f"\nPage with pictures: {ROOT / page}\nWorkbook: {ROOT / book}")
    print(f"Everything as JSON: {ROOT / result}\nRegister files: {ROOT / province}")
    print(
        f"The office's memory: {ROOT / 'demo' / 'state'}; the played province: {ROOT / 'demo' / 'played'} (make serve)"
    )
    print(
        f"Sample log-ins there: sample-officer, sample-reviewer, sample-enterprise-1; password {PASSWORD.strip()}"
    )


if __name__ == "__main__":
    main()
