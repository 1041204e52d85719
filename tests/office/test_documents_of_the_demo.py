"""Every document of a province played day by day has the elements of its kind; its journal is sound."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from commands import qualwatch
from document_elements import faults_of, kind_of

ROOT = Path(__file__).parent.parent.parent
# What a province of this size issues before its first warned item is withdrawn.
ISSUED = {
    "warning",
    "order-to-rectify",
    "determination",
    "supervision-letter",
    "receipt",
    "application-decision",
    "suggestion-list",
    "intended-withdrawal",
    "display-notice",
    "withdrawal-decision",
    "announcement",
    "result-letter",
    "quarterly-return",
    "quarterly-summary",
    "credit-record",
    "transfer-letter",
}


@pytest.mark.full  # plays five months: two minutes
def test_every_document_of_the_demo_says_what_it_must(tmp_path: Path) -> None:
    folder = tmp_path / "played"
    words = [sys.executable, str(ROOT / "tools/play.py"), str(folder), "--quick"]
    environment = {**os.environ, "DATABASE_URL": ""}
    played = subprocess.run(
        [*words, "--enterprises", "300"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-3000:]
    letters = sorted((folder / "letters").glob("*.docx"))
    kinds = Counter(kind_of(path.name.split(" ")[0]) for path in letters)
    assert set(kinds) >= ISSUED
    faults = [fault for path in letters for fault in faults_of(path.read_bytes())]
    assert faults == []
    verified = qualwatch("journal", "verify", QUALWATCH_STATE=str(folder / "state"))
    assert verified.status == 0, verified.out
