"""The sentence level: the formatter without exceptions, names that say what they hold."""

import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / name for name in ("src", "tests", "tools", "benchmarks")]
EXCEPTIONS = ("# fmt: " + "skip", "# fmt: " + "off")  # whole, they would be found in this file


def test_the_formatter_has_no_exceptions() -> None:
    exceptions = []
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            with path.open("rb") as file:
                comments = [
                    token
                    for token in tokenize.tokenize(file.readline)
                    if token.type == tokenize.COMMENT
                ]
            exceptions += [
                f"{path.relative_to(ROOT)}:{comment.start[0]}"
                for comment in comments
                if any(exception in comment.string for exception in EXCEPTIONS)
            ]
    assert exceptions == []


def test_vague_names_stand_in_comprehensions_only() -> None:
    measured = subprocess.run(
        [sys.executable, ROOT / "tools" / "measure_style.py", "--names", *FOLDERS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stdout or measured.stderr
