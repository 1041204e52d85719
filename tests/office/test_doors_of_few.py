"""The doors where the small province is not: one firm, one case."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from bureau import Bureau, fresh, picture
from doors import as_, page, refused
from office import Office
from qualwatch.cases.models import Application
from scene import START

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office, settings: SettingsWrapper) -> Bureau:
    """Officers without a second factor here: that is tested where log-in is."""
    settings.OFFICERS_NEED_TOTP = False
    cache.clear()
    return Bureau(office)


def test_wrong_data_without_a_warning(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    with time_machine.travel(datetime.fromisoformat("2026-05-20T12:00:00+08:00"), tick=False):
        client = as_(account)
        assert "各项资质现在都没有预警" in page(client, "own")
        told = {"cause": "data-wrong", "statement": "名称有误", "requirement": "registration"}
        refused(client.post(reverse("own-data-error"), told), "file-registration-registration")
        told["file-registration-registration"] = SimpleUploadedFile("执照.png", picture())  # type: ignore[assignment]  # a file
        done = client.post(reverse("own-data-error"), told, follow=True)
        assert Application.objects.get().number in done.content.decode()


def test_an_officers_red_card_has_no_yellow_in_its_course(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(START)
    with time_machine.travel(datetime.fromisoformat("2026-05-20T20:00:00+08:00"), tick=False):
        own = page(as_(account), "own-case", case.pk)
        assert "提醒（黄牌）" not in own
        assert "由主管部门复查" in own
        assert "发现时（2026年5月20日）" in own
        assert "推送有凭证" not in page(as_(bureau.who("officer")), "case", case.pk)


def test_a_review_through_the_browser(bureau: Bureau) -> None:
    bureau.morning(people=2)
    case = bureau.inspect(START)
    bureau.morning(
        START + timedelta(days=1), people=3
    )  # a run finds it in order: a review by another
    assert fresh(case).needs_review
    with time_machine.travel(datetime.fromisoformat("2026-05-21T20:00:00+08:00"), tick=False):
        reviewer = as_(bureau.who("other-reviewer"))
        assert "复查情况和理由" in page(reviewer, "case", case.pk)
        path = reverse("review", args=[case.pk])
        refused(reviewer.post(path, {"because": "已补足"}), "has_read_review")
        assert reviewer.post(path, {"because": "已补足", "has_read": "1"}).status_code == 302
    assert fresh(case).closed_because == "reviewed"
