"""All benchmarks, each in a process of its own; writes the page of goals and figures."""

import argparse
import json
import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from measure import HERE, measured
from report import page

GROWTH = (15_000, 60_000, 150_000, 500_000)
LAST = HERE.parent / "build" / "bench" / "figures.json"
QUICK_GROWTH = (1_000, 3_000, 10_000)


def machine() -> str:
    """Processor, cores, memory and Python of this machine."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def figures(*, quick: bool, only: list[str]) -> dict[str, Any]:
    """The figures by benchmark; of all benchmarks or of some."""
    growth = QUICK_GROWTH if quick else GROWTH
    compared = 1_000 if quick else 15_000
    judged = 500 if quick else 3_000
    registers = 1_000 if quick else 30_000
    books = 300 if quick else 10_000
    benchmarks: dict[str, Callable[[], Any]] = {
        "growth": lambda: [
            measured("statements.py", "timed", enterprises) for enterprises in growth
        ],
        "memory": lambda: measured("statements.py", "memory", growth[-1]),
        "zen": lambda: measured("against_zen.py", compared),
        "one": lambda: measured("one_enterprise.py", growth[0], judged),
        **{
            f"{kind} {form}": partial(
                measured, "reading.py", kind, size, form, 3 if form == "csv" else 1
            )
            for form, size in (("csv", registers), ("xlsx", books))
            for kind in ("qualwatch", "pandas")
        },
        "check": lambda: measured("reading.py", "check", registers, "csv", 2),
        "office": lambda: measured("office_load.py", registers),
        "look-up": lambda: measured("look_up.py", registers),
    }
    results = {name: measure() for name, measure in benchmarks.items() if not only or name in only}
    return results if only else {"machine": machine(), "quick": quick, **results}


def main() -> None:
    """Measures everything, writes the page."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true", help="small sizes: only whether it runs")
    words.add_argument(
        "--again", nargs="+", default=[], help="measure only these of the last whole run again"
    )
    words.add_argument(
        "--output", type=Path, default=HERE.parent / "docs" / "reference" / "performance.md"
    )
    namespace = words.parse_args()
    last = json.loads(LAST.read_text(encoding="utf-8")) if namespace.again else {}
    results = last | figures(quick=namespace.quick, only=namespace.again)
    LAST.parent.mkdir(parents=True, exist_ok=True)
    LAST.write_text(json.dumps(results), encoding="utf-8")
    text = page(results)
    namespace.output.parent.mkdir(parents=True, exist_ok=True)
    namespace.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
