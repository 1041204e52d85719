"""Timing, and running one measurement in a process of its own."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).parent
HOW_TO_INSTALL = "python -m pip install -e '.[bench]'"


class NotInstalled(Exception):
    """An optional package is missing; the message is one sentence."""


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """The shortest of so many runs."""
    best = float("inf")
    for _ in range(times):
        begin = perf_counter()
        call()
        best = min(best, perf_counter() - begin)
    return best


def peak_gigabytes() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def missing(package: str) -> NotInstalled:
    """What to say where a package is missing."""
    return NotInstalled(
        f"{package} is not installed; install the benchmarks' packages with: {HOW_TO_INSTALL}"
    )


def answer(work: Callable[[list[str]], dict[str, Any]]) -> None:
    """The main function of a measuring script: its words in, its figures as one line of JSON
    out.
    """
    try:
        print(json.dumps(work(sys.argv[1:])))
    except NotInstalled as error:
        print(json.dumps({"not_measured": str(error)}))


def measured(script: str, *words: Iterable[str] | object) -> dict[str, Any]:
    """The figures of one measuring script, run in a process of its own."""
    command = [sys.executable, str(HERE / script), *(str(word) for word in words)]
    print("$ " + " ".join(command[1:]), file=sys.stderr, flush=True)
    process = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if process.returncode:
        sentence = f"{script} ended with status {process.returncode}; its message stands above"
        return {"not_measured": sentence}
    figures: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return figures
