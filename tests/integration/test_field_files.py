"""Register files as offices have them (tests/field_files), each with the right value of 2026-05-20.

An expected.yaml names per variant the right outcomes: `requirement: verdict held/required`,
`verdict possible N`, or `refused` (one sentence, status 2).
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands import CommandResult, check

FOLDER = Path(__file__).parents[1] / "field_files"
# those without expected.yaml need the office (tests/office/test_field_files_office.py)
VARIANTS = sorted(
    path for kind in FOLDER.glob("*/expected.yaml") for path in kind.parent.glob("*/")
)


@cache
def expected(kind: str) -> dict[str, Any]:
    """What a folder's expected.yaml says."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / kind / "expected.yaml").read_text("utf-8"))
    return loaded


def is_refused(result: CommandResult) -> bool:
    """Status 2 and one sentence."""
    return result.status == 2 and len(result.err.strip().splitlines()) == 1


def matches(report: Any, outcome: dict[str, str]) -> bool:
    """Whether the findings are these and no others."""
    findings = {finding["requirement"]: finding for finding in report["findings"]}
    judged = {name for name, finding in findings.items() if finding["required"] is not None}
    return judged - {"supervision-and-cost"} <= outcome.keys() <= findings.keys() and all(
        _is_as_written(findings[name], words) for name, words in outcome.items()
    )


def _is_as_written(finding: Any, words: str) -> bool:
    verdict, *figures = words.split()
    if finding["verdict"] != verdict:
        return False
    if figures[:1] == ["possible"]:
        return bool(finding["possible"] == int(figures[1]))
    return figures in ([], [f"{finding['held']}/{finding['required']}"])


@pytest.mark.parametrize("path", VARIANTS, ids=[str(path.relative_to(FOLDER)) for path in VARIANTS])
def test_the_right_value(path: Path) -> None:
    kind = expected(path.parent.name)
    outcomes = kind["right"][path.name]
    result = check(path)
    if "refused" in outcomes and is_refused(result):
        return
    assert result.status in (0, 3), (result.status, result.err)
    report = result.json()
    assert any(matches(report, outcome) for outcome in outcomes if outcome != "refused"), (
        report["findings"],
        result.err,
    )
    assert len(report["anomalies"]) in kind.get("anomalies", {}).get(path.name, [0])
    if kind.get("says_so"):
        assert report["notices"] + report["rejected"] != []
    if "reason" in kind:
        assert any(kind["reason"] in finding["because"] for finding in report["findings"])
    for table, read in kind.get("read", {}).items():
        files = report["summary"]["files"]
        assert sum(file["read"] for file in files if file["table"] == table) == read


def test_every_variant_has_its_right_value() -> None:
    written = {
        (kind.parent.name, name)
        for kind in FOLDER.glob("*/expected.yaml")
        for name in expected(kind.parent.name)["right"]
    }
    assert written == {(path.parent.name, path.name) for path in VARIANTS}
    assert len(list(FOLDER.glob("*/"))) == 15
