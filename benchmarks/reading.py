"""Reading register files against pandas reading the same files; `qualwatch check` whole."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from measure import answer, missing, peak_gigabytes, seconds
from nation import CACHE, DAY

from qualwatch.intake.register_files import read_register_files
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.law.loader import load_law

SOME_REJECTED = 3  # the synthetic province has its rate of bad rows


def registers(enterprises: int, form: str) -> Path:
    """A folder of synthetic register files, made on first use."""
    folder = CACHE / f"registers-{enterprises}-{form}"
    if not folder.is_dir():
        part = folder.with_name(folder.name + ".part")
        generate_province(Plan(enterprises, 1, DAY), part, form, load_law())
        part.rename(folder)
    return folder


def by_pandas(folder: Path) -> None:
    """Every file of the folder as text, nothing else."""
    import pandas  # optional

    for file in sorted(folder.iterdir()):
        if file.suffix == ".csv":
            pandas.read_csv(file, dtype=str)
        else:
            pandas.read_excel(file, engine="openpyxl", dtype=str, sheet_name=None)


def check(folder: Path) -> None:
    """The whole command as a user runs it, its report into a file."""
    words = [
        "check",
        str(folder),
        "--as-of",
        str(DAY),
        "--format",
        "json",
        "--output",
        str(CACHE / "check.json"),
    ]
    environment = {**os.environ, "QUALWATCH_LANG": "en"}
    command = [sys.executable, "-m", "qualwatch", *words]
    process = subprocess.run(
        command, check=False, env=environment, stderr=subprocess.PIPE, text=True
    )
    if process.returncode not in (0, SOME_REJECTED):
        end = process.stderr.strip()[-300:]
        raise RuntimeError(f"qualwatch check ended with status {process.returncode}: {end}")


def work(words: list[str]) -> dict[str, Any]:
    """Words: qualwatch|pandas|check, ENTERPRISES, csv|xlsx, how often."""
    kind, size, form, runs = words
    enterprises = int(size)
    times = int(runs)
    folder = registers(enterprises, form)
    law = load_law()
    megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    if kind == "pandas":
        # read_excel needs openpyxl
        for package in ("openpyxl", "pandas"):
            if find_spec(package) is None:
                raise missing(package)
        duration = seconds(lambda: by_pandas(folder), times)
    elif kind == "check":
        duration = seconds(lambda: check(folder), times)
    else:
        duration = seconds(lambda: read_register_files(folder, law), times)
    return {
        "enterprises": enterprises,
        "megabytes": megabytes,
        "seconds": duration,
        "peak_gigabytes": peak_gigabytes(),
    }


if __name__ == "__main__":
    answer(work)
