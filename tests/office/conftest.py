"""The office in tests: a clock that each act moves on, and a province's loads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from office import Office


@pytest.fixture
def office(db: None, tmp_path: Path) -> Iterator[Office]:
    """An empty office."""
    del db
    yield Office(tmp_path, datetime.fromisoformat("2026-05-20T06:00:00+08:00"), timedelta(minutes=1))
