"""Key-supervised projects (notice 3(3), Clarified 12): seen and notified where they stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from actors import Actors, reload
from builders import OWN
from page_requests import client_of
from qualwatch.cases.eligibility.measures import supervised_projects
from qualwatch.cases.models import Notice, SupervisedProject
from qualwatch.journal.queries import entries_of
from register_office import RegisterOffice
from service_acts import PERIOD_OVER

pytestmark = pytest.mark.django_db
HEAD = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工日期", "竣工日期"]
QUALIFICATION = "建筑装修装饰工程专业承包"
DATONG, LVLIANG = "140212", "141102"


@pytest.fixture
def actors(office: RegisterOffice, settings: SettingsWrapper) -> Actors:
    """Officers without a second factor here: that is tested where log-in is."""
    settings.OFFICERS_NEED_TOTP = False
    return Actors(office)


def load_projects(actors: Actors, day: date, *rows: list[str]) -> None:
    projects = [HEAD, *([code, OWN, QUALIFICATION, *more] for code, *more in rows)]
    assert actors.office.load("projects", projects, day=day).state in ("released", "unchanged")


def notified() -> list[tuple[str, str, str]]:
    """(kind, authority, project) of every notice of the list, in order."""
    notices = Notice.objects.filter(kind__startswith="key-supervision").order_by("pk")
    return [
        (notice.kind, notice.organisation, notice.subject.rpartition("：")[2]) for notice in notices
    ]


def seen_by(actors: Actors, name: str, day: date) -> list[str]:
    projects = supervised_projects(actors.account(name), on=day, law=actors.law)
    return [project.project_code for project, _cases in projects]


def test_the_authority_of_the_place_is_notified_once_when_a_project_comes_and_goes(
    actors: Actors,
) -> None:
    """Notice 3(3): listed while red, told once each; the card ends, the project leaves."""
    case = actors.red_case()
    running = ["P1", DATONG, "2026-01-01", ""]
    load_projects(actors, PERIOD_OVER, running, ["P2", "110105", "2026-01-01", ""])
    for days in (1, 2):
        actors.load_and_patrol(PERIOD_OVER + timedelta(days=days))
    assert notified() == [("key-supervision", "city-140200", "P1")]
    notice = Notice.objects.get(kind="key-supervision")
    assert case.card_number in notice.body
    assert case.enterprise in notice.body
    assert "张" not in notice.body
    day = PERIOD_OVER + timedelta(days=2)
    assert seen_by(actors, "datong-officer", day) == ["P1"]
    assert seen_by(actors, "city-officer", day) == []
    assert seen_by(actors, "officer", day) == ["P1"]
    ended = PERIOD_OVER + timedelta(days=3)
    for days in (0, 1):
        actors.load_and_patrol(ended + timedelta(days=days), people=3)
    assert reload(case).state == "closed"
    assert notified()[1:] == [("key-supervision-ended", "city-140200", "P1")]
    row = SupervisedProject.objects.get()
    assert (row.listed_on, row.removed_on, row.removed_because) == (
        PERIOD_OVER + timedelta(days=1),
        ended,
        "red-ended",
    )
    entries = [entry.what for entry in entries_of(f"enterprise/{OWN}")]
    assert [entry for entry in entries if entry.startswith("key-supervision")] == [
        "key-supervision",
        "key-supervision-ended",
    ]


def test_a_project_that_begins_later_is_listed_and_a_finished_one_leaves(actors: Actors) -> None:
    """Notice 3(3): all running projects while red, also later ones; finished: told that it left."""
    actors.red_case()
    first = PERIOD_OVER + timedelta(days=1)
    later = PERIOD_OVER + timedelta(days=10)
    load_projects(
        actors,
        PERIOD_OVER,
        ["P1", DATONG, "2026-01-01", (later - timedelta(days=1)).isoformat()],
        ["P3", LVLIANG, later.isoformat(), ""],
    )
    actors.load_and_patrol(first)
    assert notified() == [("key-supervision", "city-140200", "P1")]
    assert seen_by(actors, "officer", first) == ["P1"]  # P3 has not begun
    actors.load_and_patrol(later)
    assert notified()[1:] == [
        ("key-supervision", "city-141100", "P3"),
        ("key-supervision-ended", "city-140200", "P1"),
    ]
    assert "竣工" in Notice.objects.get(kind="key-supervision-ended").body
    # A project that the registers first have now.
    load_projects(
        actors,
        later,
        ["P3", LVLIANG, later.isoformat(), ""],
        ["P4", LVLIANG, later.isoformat(), ""],
    )
    actors.load_and_patrol(later + timedelta(days=1))
    assert notified()[3:] == [("key-supervision", "city-141100", "P4")]


def test_a_project_whose_place_is_corrected_goes_to_the_other_authority(actors: Actors) -> None:
    """The authority of the place sees it: the old one is told that it left."""
    actors.red_case()
    load_projects(actors, PERIOD_OVER, ["P1", DATONG, "2026-01-01", ""])
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    day = PERIOD_OVER + timedelta(days=2)
    load_projects(actors, day, ["P1", LVLIANG, "2026-01-01", ""])
    actors.load_and_patrol(day)
    assert notified()[1:] == [
        ("key-supervision", "city-141100", "P1"),
        ("key-supervision-ended", "city-140200", "P1"),
    ]
    assert SupervisedProject.objects.get(removed_on=day).removed_because == "moved"


def test_a_project_without_a_place_is_the_provinces(actors: Actors) -> None:
    """Without a place it counts as one in the province, which is told."""
    actors.red_case()
    load_projects(actors, PERIOD_OVER, ["P1", "", "2026-01-01", ""])
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    assert notified() == [("key-supervision", "province", "P1")]
    assert seen_by(actors, "datong-officer", PERIOD_OVER + timedelta(days=1)) == []


def test_a_yellow_card_lists_no_project(actors: Actors) -> None:
    """Only a red card has measures."""
    actors.yellow_case()
    load_projects(actors, date(2026, 5, 20), ["P1", DATONG, "2026-01-01", ""])
    actors.load_and_patrol(date(2026, 5, 21))
    assert notified() == []


def test_the_page_lists_the_projects_of_the_area(actors: Actors) -> None:
    """Clarified 12: the authority of the place of each project sees them."""
    case = actors.red_case()
    load_projects(actors, PERIOD_OVER, ["P1", DATONG, "2026-01-01", ""])
    assert timezone.localdate() >= date(2026, 1, 1)
    datong = client_of(actors.account("datong-officer"))
    shown = datong.get(reverse("key-supervision")).content.decode()
    assert "P1" in shown
    assert reverse("red-card", args=[case.card_number]) in shown
    taiyuan = client_of(actors.account("city-officer"))
    assert "P1" not in taiyuan.get(reverse("key-supervision")).content.decode()
