"""Prints docs/reference standards.md, commands.md, transitions.md, check-json.md and
check.schema.json from the source.

With `--check` it writes nothing and ends with status 1 where a page is out of date.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qualwatch.evaluation.findings import REASONS
from qualwatch.law.loader import Law, load_law
from qualwatch.law.model import GRADE_NAMES, ClauseText, FigureText, GradeText
from qualwatch.procedure.state import ROUTES
from qualwatch.procedure.transitions import TABLE, rows, slug_texts
from qualwatch.reports import labels
from qualwatch.reports.check import SCHEMA
from qualwatch.reports.check_schema import check_schema

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
COMMANDS = (
    "check",
    "explain",
    "whatif",
    "impact",
    "generate",
    "deadline",
    "standards",
    "standards list",
    "standards show",
    "standards lint",
    "standards coverage",
    "import",
    "patrol",
    "propose",
    "evidence",
    "decide",
    "deliver",
    "journal",
    "journal verify",
    "journal check",
    "journal key",
    "journal replace-key",
)


def number(figure: FigureText) -> str:
    """A figure as the page shows it."""
    shown = str(figure.number)
    if figure.number is None:
        shown = "–"
    elif figure.number == "unknown":
        shown = "?"
    return f"{shown} ({figure.other_reading})" if figure.other_reading else shown


def history(law: Law, clause: ClauseText) -> str:
    """A clause's numbers by day, with their documents."""
    return "; ".join(
        f"{day} {number(figure)} {law.doc_no(figure.basis)}"
        for day, figure in clause.at_least.items()
    )


def standards() -> str:
    """Every clause of every level, with its history, confidence and where it was seen."""
    law = load_law()
    lines = [
        "# Standards",
        "",
        "Printed from `src/qualwatch/law/texts/` by `make docs`. "
        "– ended, ? not found, (n) other reading, ⚠ hint.",
        "",
    ]
    for text in law.categories.values():
        lines += [
            f"## {text.name} `{text.category}`",
            "",
            "| 等级 | 指标 | 条款与沿革 | 把握 | 出处 |",
            "|---|---|---|---|---|",
        ]
        for sub_item, slug, grade in text.every_grade():
            name = f"{sub_item} {GRADE_NAMES[slug]}".strip()
            lines += [f"| {' | '.join(row)} |" for row in level_rows(law, name, grade)]
        lines.append("")
    lines += [
        "## Documents",
        "",
        "| | 文号 | 名称 | 施行 | 内容 | 把握 |",
        "|---|---|---|---|---|---|",
    ]
    for code, document in law.documents.items():
        lines.append(
            f"| {code} | {document.doc_no} | {document.name} | {document.in_force_from or '–'} "
            f"| {document.effect} | {document.confidence} |"
        )
    return "\n".join(lines) + "\n"


def level_rows(law: Law, name: str, grade: GradeText) -> Iterator[tuple[str, ...]]:
    """The rows of one level: name, requirement, clauses with their history, confidence, source."""
    if grade.no_clause:
        refs = " ".join(grade.no_clause.refs)
        yield name, "–", "没有人数条款", grade.no_clause.confidence, refs
    changes = level_changes(law, grade)
    for requirement in grade.requirements:
        parts = []
        for clause in requirement.clauses:
            for part in (clause, *clause.of_which):
                parts.append(f"{part.summary}：{history(law, part)}")
        hint = "" if requirement.usable_for_short else " ⚠"
        clauses = "<br>".join(parts + changes)
        refs = " ".join(requirement.refs)
        yield name, requirement.requirement + hint, clauses, requirement.confidence, refs


def level_changes(law: Law, grade: GradeText) -> list[str]:
    """What happened to the level itself: measured as another grade, no longer issued."""
    changes = [
        f"{day} 起按{GRADE_NAMES[measured_as.grade]}人数 {law.doc_no(measured_as.basis)}"
        for day, measured_as in grade.measured_as.items()
    ]
    if grade.abolished:
        doc_no = law.doc_no(grade.abolished.basis)
        changes.append(f"{grade.abolished.from_} 起不再核发 {doc_no}")
    return changes


def commands() -> str:
    """The help of every command."""
    lines = [
        "# Commands",
        "",
        "Printed by `make docs`. Exit status: 0 all read; 3 rows were rejected; 2"
        " nothing readable or an invalid command.",
        "",
    ]
    for name in COMMANDS:
        environment = {
            **os.environ,
            "QUALWATCH_LANG": "en",
            "COLUMNS": "100",
            "TERM": "dumb",
            "NO_COLOR": "1",
        }
        words = [sys.executable, "-m", "qualwatch", *name.split(), "--help"]
        shown = subprocess.run(
            words, capture_output=True, text=True, check=True, env=environment
        ).stdout
        lines += [
            f"## qualwatch {name}",
            "",
            "```",
            *(line.rstrip() for line in shown.strip().splitlines()),
            "```",
            "",
        ]
    return "\n".join(lines)


def is_in_diagram(event: str, start: str, to: str) -> bool:
    """A new card, a step to red by an act that turns it red, or an end.

    What keeps the state is left out.
    """
    becomes_red = to == "red" and event in TO_RED and start != "red"
    if start == "none":
        return to == "yellow" or becomes_red
    return start in ("yellow", "red") and (to == "closed" or becomes_red)


def transitions() -> str:
    """The transitions of a case: diagram, table, slugs, routes."""
    moves: dict[tuple[str, str], list[str]] = {}
    for transition in TABLE:
        for start in transition.from_states:
            for to in transition.to_states:
                if is_in_diagram(transition.event, start, to):
                    moves.setdefault((start, to), []).append(transition.event)
    shown = {"none": "[*]"}
    diagram = [
        f"    {shown.get(start, start)} --> {to} : {', '.join(events)}"
        for (start, to), events in sorted(moves.items())
    ]
    lines = [
        "# Transitions of a case",
        "",
        "Printed from `src/qualwatch/procedure/transitions.py` by `make docs`. Every row"
        " is one event; `step`",
        "applies this table, and nothing else changes the state of a case. Events that"
        " do not change it are",
        "in the table only, not in the diagram. An event is refused with the sentence of the first",
        "precondition that does not hold.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *diagram,
        "    closed --> [*]",
        "```",
        "",
        "| event | from | to | refused with | effects | basis |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows()),
        "",
        "## Slugs",
        "",
        *(f"- `{slug}` {text}" for slug, text in slug_texts().items()),
        "",
        "## Stages of a withdrawal by route",
        "",
        *(f"- {route}: {' → '.join(steps)}" for route, steps in ROUTES.items()),
        "",
    ]
    return "\n".join(lines)


def check_json() -> str:
    """The JSON of a check: a table of each object."""
    schema = check_schema()
    lines = [
        "# JSON of a check",
        "",
        "Printed from `src/qualwatch/reports/check_schema.py` by `make docs`. It is what"
        " `qualwatch check --format json`",
        f"writes (`{SCHEMA}`). The JSON Schema (draft 2020-12) is"
        " [check.schema.json](check.schema.json); nothing else may",
        "appear, and every field is there. `--format jsonl` writes each finding as a line,"
        " with `as_of`.",
    ]
    for name, part in {"The document": schema, **schema["$defs"]}.items():
        lines += ["", f"## {name}", "", part["description"], ""]
        lines += ["| field | type | meaning |", "|---|---|---|"]
        for field, described in part["properties"].items():
            meaning = described.get("description", "")
            lines.append(f"| `{field}` | {type_of(described)} | {meaning} |")
    lines += ["", "## Reasons", "", "| reason | 中文 |", "|---|---|"]
    lines += [f"| `{reason}` | {labels.REASONS[reason]} |" for reason in REASONS]
    return "\n".join(lines) + "\n"


def type_of(described: dict[str, Any]) -> str:
    """The type of a field in words."""
    if "anyOf" in described:
        return " or ".join(type_of(part) for part in described["anyOf"])
    if "$ref" in described:
        name = described["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in described:
        return f"`{described['const']}`"
    if described.get("enum") == list(REASONS):
        return "[reason](#reasons)"
    if "enum" in described:
        return " ".join(f"`{word}`" for word in described["enum"])
    if described["type"] == "array":
        return f"list of {type_of(described['items'])}"
    if described["type"] == "object":
        keys = type_of(described["propertyNames"])
        return f"object: {keys} → {type_of(described['additionalProperties'])}"
    return str(described["type"])


def check_schema_file() -> str:
    """The schema itself."""
    return json.dumps(check_schema(), ensure_ascii=False, indent=1) + "\n"


TO_RED = ("inspected", "sign")  # the others keep a red card red


def main() -> None:
    """Writes the pages, or compares them."""
    stale = False
    for name, text in (
        ("standards.md", standards()),
        ("commands.md", commands()),
        ("transitions.md", transitions()),
        ("check-json.md", check_json()),
        ("check.schema.json", check_schema_file()),
    ):
        path = REFERENCE / name
        if "--check" in sys.argv:
            stale = stale or not path.exists() or path.read_text(encoding="utf-8") != text
        else:
            path.write_text(text, encoding="utf-8")
    sys.exit("docs/reference is out of date: run `make docs`" if stale else 0)


if __name__ == "__main__":
    main()
