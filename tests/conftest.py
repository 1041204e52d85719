"""Shared by all tests."""

import logging
import sys
from collections.abc import Iterator
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


class Leaks(logging.Handler):
    """Everything that the suite logs, looked through for identity numbers."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps what would show one: the message, its arguments, the traceback."""
        from qualwatch.privacy import hidden

        text = self.format(record)
        if hidden(text) != text:
            self.found.append(f"{record.name}: {hidden(text)[:500]}")


@pytest.fixture(autouse=True, scope="session")
def leaks() -> Iterator[Leaks]:
    """Listens to every logger, whatever level it shows otherwise."""
    handler, root = Leaks(), logging.getLogger()
    root.addHandler(handler)
    for name in ("qualwatch", "django", "allauth", "ninja"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_identity_number_is_logged(leaks: Leaks) -> Iterator[None]:
    leaks.found.clear()
    yield
    assert leaks.found == []


@pytest.fixture
def office(db: None, tmp_path: Path) -> "Office":
    """An empty office."""
    from office import Office  # loads Django's models, which most tests do without

    del db
    return Office(tmp_path, datetime.fromisoformat("2026-05-20T06:00:00+08:00"), timedelta(minutes=1))
