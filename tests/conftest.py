"""Fixtures and settings shared by all tests."""

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
    from actors import Actors
    from fixtures_case_states import CaseStates
    from register_office import RegisterOffice

sys.path.insert(0, str(Path(__file__).parent))
# Machines are noisy: time is no verdict
hypothesis_settings.register_profile("patient", deadline=None, print_blob=True)
hypothesis_settings.load_profile("patient")


class Leaks(logging.Handler):
    """Everything that the suite logs, looked through for identity numbers."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps what would show one: the message, its arguments, the traceback."""
        from qualwatch.privacy import hidden

        text = self.format(record)
        if hidden(text) != text:
            self.records.append(f"{record.name}: {hidden(text)[:500]}")


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
    leaks.records.clear()
    yield
    assert leaks.records == []


@pytest.fixture
def office(db: None, tmp_path: Path) -> "RegisterOffice":
    """An empty office."""
    from register_office import RegisterOffice  # loads Django's models, which most tests do without

    del db
    return RegisterOffice(
        tmp_path, datetime.fromisoformat("2026-05-20T06:00:00+08:00"), timedelta(minutes=1)
    )


@pytest.fixture(scope="module")
def module_case_states(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[CaseStates]":
    """The cases in one transaction that is rolled back after the module.

    Files that use it override pytest-django's own marker.
    """
    from django.db import transaction

    import fixtures_case_states
    from actors import OFFICERS, Actors
    from register_office import RegisterOffice

    with django_db_blocker.unblock(), transaction.atomic():
        moment = datetime.fromisoformat("2026-05-20T06:00:00+08:00")
        actors = Actors(
            RegisterOffice(tmp_path_factory.mktemp("september"), moment, timedelta(minutes=1))
        )
        for name in OFFICERS:
            actors.account(name)
        yield fixtures_case_states.create_case_states(actors)
        transaction.set_rollback(True)


@pytest.fixture
def case_states(
    module_case_states: "CaseStates", django_db_blocker: DjangoDbBlocker, settings: SettingsWrapper
) -> "Iterator[CaseStates]":
    """The cases at noon of their day, unchanged by other tests. Officers need no second factor."""
    from django.core.cache import cache
    from django.db import transaction

    from fixtures_case_states import NOON
    from qualwatch.law.loader import current_law

    settings.OFFICERS_NEED_TOTP = False
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        time_machine.travel(datetime.fromisoformat(NOON), tick=False),
    ):
        cache.clear()
        current_law()  # a page is not the first to ask for it
        yield module_case_states
        transaction.set_rollback(True)


@pytest.fixture
def officers(case_states: "CaseStates", tmp_path_factory: pytest.TempPathFactory) -> "Actors":
    """The accounts of `case_states`, read from the database."""
    from actors import Actors
    from fixtures_case_states import NOON
    from qualwatch.accounts.models import Account
    from register_office import RegisterOffice

    actors = Actors(
        RegisterOffice(
            tmp_path_factory.mktemp("officers"), datetime.fromisoformat(NOON), timedelta(minutes=1)
        )
    )
    actors.accounts = {
        account.username: account for account in Account.objects.select_related("organisation")
    }
    return actors


GROUPED = (
    "tests/functional/",
    "tests/office/test_pages_",
    "tests/office/test_public_",
    "tests/office/test_concurrent_officers",
)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Spreads tests one by one, but keeps on one process the files whose tests share something costly."""
    return _ByCost(config, log)


class _ByCost(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if path.startswith(GROUPED) else nodeid
