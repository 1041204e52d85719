"""Running the command as a person does: a process of its own, its status, its words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = {"DJANGO_SETTINGS_MODULE": "qualwatch.config.settings"}  # not those of the tests


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def qualwatch(*words: str | Path, typed: str | None = None, **environment: str) -> Ran:
    """Runs `qualwatch`; a traceback is never an answer."""
    command = [sys.executable, "-m", "qualwatch", *map(str, words)]
    found = subprocess.run(
        command,
        input=typed,
        capture_output=True,
        check=False,
        env={**os.environ, **SETTINGS, **environment},
        encoding="utf-8",
    )
    assert "Traceback" not in found.stderr, found.stderr
    return Ran(found.returncode, found.stdout, found.stderr)


def check(path: Path, *words: str, day: str = "2026-05-20") -> Ran:
    """`qualwatch check PATH` as JSON."""
    return qualwatch("check", path, "--as-of", day, "--format", "json", *words)


def verdicts(found: Any) -> list[tuple[str, str, str]]:
    """(credit code, requirement, verdict) of every finding."""
    return [(one["credit_code"], one["requirement"], one["verdict"]) for one in found["findings"]]
