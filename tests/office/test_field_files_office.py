"""Field files that need the office (tests/field_files), loaded, patrolled, and looked for."""

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client

from actors import Actors
from builders import OTHER, OWN
from page_requests import public_page
from register_office import SOURCES, RegisterOffice

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
FOLDER = Path(__file__).parents[1] / "field_files"
DAY = date(2026, 11, 16)


def load_folder(office: RegisterOffice, path: Path, day: date) -> None:
    """Every register of a folder as a delivery of its source."""
    for file in sorted(path.glob("*.csv")):
        load = office.load_files(SOURCES[file.stem], {file.name: file}, day=day)
        assert load.state == "released"


def test_of_two_firms_that_exchanged_names_the_former_bearer_is_marked(
    office: RegisterOffice, client: Client
) -> None:
    actors, day_after = Actors(office), DAY + timedelta(days=1)
    load_folder(office, FOLDER / "22-names-exchanged" / "nov", DAY)
    actors.patrol(DAY)
    load_folder(office, FOLDER / "22-names-exchanged" / "swap", day_after)
    actors.patrol(day_after)
    page = public_page(client, "/?q=" + quote("甲装饰"))
    assert page.index(OTHER) < page.index(OWN)  # who bears the name now comes first
    assert "曾用名" in page[page.index(OWN) :]
    assert "曾用名" not in page[page.index(OTHER) : page.index(OWN)]
    assert "2026年11月17日" in page[page.index(OWN) :]
