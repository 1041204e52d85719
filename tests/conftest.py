"""Shared by all tests."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from office import Office

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("patient", deadline=None, print_blob=True)  # machines are noisy: time is no verdict
settings.load_profile("patient")


@pytest.fixture
def office(db: None, tmp_path: Path) -> "Office":
    """An empty office."""
    from office import Office  # loads Django's models, which most tests do without

    del db
    return Office(tmp_path, datetime.fromisoformat("2026-05-20T06:00:00+08:00"), timedelta(minutes=1))
