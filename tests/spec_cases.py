"""The situations of tests/spec/*.yaml, and the reference page printed from them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qualwatch.law.texts_on_disk import load_yaml

SPEC = Path(__file__).parent / "spec"
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "situations.md"
COLUMNS = ("verdict", "required", "held", "possible", "shortfall")


def spec_files() -> dict[str, dict[str, Any]]:
    """Every spec file: a title and its cases."""
    return {path.stem: load_yaml(path) for path in sorted(SPEC.glob("*.yaml"))}


def spec_cases() -> list[tuple[str, dict[str, Any]]]:
    """(file and name, case) of every situation."""
    return [
        (f"{stem}: {case['case']}", {**text.get("all", {}), **case})
        for stem, text in spec_files().items()
        for case in text["cases"]
    ]


def page() -> str:
    """The reference page: each situation with its clause and what must come out."""
    lines = [
        "# Situations",
        "",
        "Printed from `tests/spec/` by `make docs`; every engine must agree with every line.",
        "",
    ]
    for text in spec_files().values():
        lines += [
            f"## {text['title']}",
            "",
            "| situation | clause | day | must come out |",
            "|---|---|---|---|",
        ]
        for case in text["cases"]:
            whole = {**text.get("all", {}), **case}
            lines.append(
                f"| {whole['case']} | {whole['clause']} | {whole['as_of']} | {_outcome(whole)} |"
            )
        lines.append("")
    return "\n".join(lines)


def expectations(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What a case expects of findings."""
    wanted = case.get("expect", [])
    return wanted if isinstance(wanted, list) else [wanted]


def _outcome(case: dict[str, Any]) -> str:
    parts = []
    for one in expectations(case):
        numbers = [f"{key} {one[key]}" for key in COLUMNS[1:] if key in one]
        name = " ".join(str(one[key]) for key in ("category", "requirement") if key in one)
        because = " because " + ", ".join(one["because"]) if one.get("because") else ""
        parts.append(f"{name} **{one.get('verdict', '')}** {', '.join(numbers)}{because}".strip())
    if "findings" in case:
        parts.append(f"{case['findings']} findings")
    if "anomalies" in case:
        parts.append("anomalies: " + (", ".join(case["anomalies"]) or "none"))
    return "; ".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
