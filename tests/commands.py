"""Runs `qualwatch` in its own process: status, standard output, standard error."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SETTINGS = {"DJANGO_SETTINGS_MODULE": "qualwatch.config.settings"}  # not those of the tests


@dataclass(frozen=True)
class CommandResult:
    """Status and output of a command."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def qualwatch(*words: str | Path, typed: str | None = None, **environment: str) -> CommandResult:
    """Runs `qualwatch` in a process of its own; a traceback is never an answer."""
    folder = Path(tempfile.mkdtemp(dir=_scratch()))
    streams = {name: str(folder / name) for name in ("stdin", "stdout", "stderr")}
    Path(streams["stdin"]).write_text(typed or "", encoding="utf-8")
    request = {
        "words": [str(word) for word in words],
        "environment": {**os.environ, **SETTINGS, **environment},
        "folder": str(Path.cwd()),
        **streams,
    }
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    status = server.stdout.readline()
    assert status, "the server of commands has ended"
    out, err = (Path(streams[name]).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    shutil.rmtree(folder)
    assert "Traceback" not in err, err
    return CommandResult(int(status), out, err)


@cache
def _scratch() -> str:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _server() -> subprocess.Popen[str]:
    """Begun once for each process of tests (tests/command_server.py)."""
    path = Path(__file__).with_name("command_server.py")
    server = subprocess.Popen(
        [sys.executable, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert server.stdin is not None
    atexit.register(server.stdin.close)
    return server


def check(path: Path, *words: str, day: str = "2026-05-20") -> CommandResult:
    """`qualwatch check PATH` as JSON."""
    return qualwatch("check", path, "--as-of", day, "--format", "json", *words)


def verdicts(report: Any) -> list[tuple[str, str, str]]:
    """(credit code, requirement, verdict) of every finding."""
    return [
        (finding["credit_code"], finding["requirement"], finding["verdict"])
        for finding in report["findings"]
    ]
