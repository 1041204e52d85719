"""All benchmarks, each in a process of its own; writes the page of goals and figures."""

import argparse
import os
import platform
from pathlib import Path
from typing import Any

from measure import HERE, measured
from report import page

GROWTH = (15_000, 60_000, 150_000, 500_000)
QUICK_GROWTH = (1_000, 3_000, 10_000)


def machine() -> str:
    """Processor, cores, memory and Python of this machine."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def figures(*, quick: bool) -> dict[str, Any]:
    """What was measured, by benchmark."""
    growth = QUICK_GROWTH if quick else GROWTH
    compared, judged = (1_000, 500) if quick else (15_000, 3_000)
    registers, books = (1_000, 300) if quick else (30_000, 10_000)
    return {
        "machine": machine(),
        "quick": quick,
        "growth": [measured("statements.py", "timed", enterprises) for enterprises in growth],
        "memory": measured("statements.py", "memory", growth[-1]),
        "zen": measured("against_zen.py", compared),
        "one": measured("one_enterprise.py", growth[0], judged),
        **{
            f"{kind} {form}": measured("reading.py", kind, size, form, 3 if form == "csv" else 1)
            for form, size in (("csv", registers), ("xlsx", books))
            for kind in ("gather", "pandas")
        },
        "check": measured("reading.py", "check", registers, "csv", 2),
        "office": measured("office_load.py", registers),
    }


def main() -> None:
    """Measures everything, writes the page."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true", help="small sizes: only whether it runs")
    words.add_argument("--output", type=Path, default=HERE.parent / "docs" / "reference" / "performance.md")
    asked = words.parse_args()
    text = page(figures(quick=asked.quick))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
