"""The main job on invented register files: generate 3,000 enterprises, check, explain three shortfalls."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo"
DAY = "2026-05-20"
COMMAND = [sys.executable, "-m", "qualwatch"]
SOME_REJECTED = 3  # the invented province has its rate of bad rows


def run(*words: str) -> None:
    """One qualwatch command, shown and run; rejected rows are part of the demo."""
    print("\n$ qualwatch " + " ".join(words), flush=True)
    status = subprocess.run([*COMMAND, *words], check=False, cwd=ROOT).returncode
    if status not in (0, SOME_REJECTED):
        sys.exit(status)


def main() -> None:
    """Generate, check, explain."""
    province, result, page, book = "demo/province", "demo/check.json", "demo/check.html", "demo/check.xlsx"
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
    print(f"\nPage with pictures: {ROOT / page}\nWorkbook: {ROOT / book}")
    print(f"Everything as JSON: {ROOT / result}\nRegister files: {ROOT / province}")


if __name__ == "__main__":
    main()
