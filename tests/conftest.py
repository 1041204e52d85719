"""Shared by all tests."""

import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings as SettingsWrapper
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from bureau import Bureau
    from office import Office
    from scene import Scene

sys.path.insert(0, str(Path(__file__).parent))
hypothesis_settings.register_profile(
    "patient", deadline=None, print_blob=True
)  # machines are noisy: time is no verdict
hypothesis_settings.load_profile("patient")


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
    return Office(
        tmp_path, datetime.fromisoformat("2026-05-20T06:00:00+08:00"), timedelta(minutes=1)
    )


@pytest.fixture(scope="module")
def september(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[Scene]":
    """In one transaction that is never committed. Files that ask for it override pytest-django's own."""
    from django.db import transaction

    import scene as scenes
    from bureau import SEATS, Bureau
    from office import Office

    with django_db_blocker.unblock(), transaction.atomic():
        moment = datetime.fromisoformat("2026-05-20T06:00:00+08:00")
        one = Bureau(Office(tmp_path_factory.mktemp("september"), moment, timedelta(minutes=1)))
        for seat in SEATS:
            one.who(seat)
        yield scenes.made(one)
        transaction.set_rollback(True)


@pytest.fixture
def scene(
    september: "Scene", django_db_blocker: DjangoDbBlocker, settings: SettingsWrapper
) -> "Iterator[Scene]":
    """At noon of its day; whatever a test does is undone. Officers need no second factor: log-in is tested elsewhere."""
    from django.core.cache import cache
    from django.db import transaction

    from scene import NOON

    settings.OFFICERS_NEED_TOTP = False
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        time_machine.travel(datetime.fromisoformat(NOON), tick=False),
    ):
        cache.clear()
        yield september
        transaction.set_rollback(True)


@pytest.fixture
def staff(scene: "Scene", tmp_path_factory: pytest.TempPathFactory) -> "Bureau":
    """The people of the scene, read anew."""
    from bureau import Bureau
    from office import Office
    from qualwatch.accounts.models import Account
    from scene import NOON

    made = Bureau(
        Office(tmp_path_factory.mktemp("staff"), datetime.fromisoformat(NOON), timedelta(minutes=1))
    )
    made.accounts = {
        account.username: account for account in Account.objects.select_related("organisation")
    }
    return made


GROUPED = (
    "tests/functional/",
    "tests/office/test_doors",
    "tests/office/test_public_",
    "tests/office/test_two_officers",
)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Spreads tests one by one, but keeps on one process the files whose tests share something costly."""
    return _ByCost(config, log)


class _ByCost(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if path.startswith(GROUPED) else nodeid
