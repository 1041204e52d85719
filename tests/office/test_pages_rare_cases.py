"""Pages of cases that `fixtures_case_states` does not have: one firm, one case."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from actors import Actors, picture, reload
from fixtures_case_states import START
from page_requests import client_of, evidence_upload, page, refusal_page
from qualwatch.cases.models import Application, ProposedAct
from register_office import RegisterOffice

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def actors(office: RegisterOffice, settings: SettingsWrapper) -> Actors:
    """Officers without a second factor here: that is tested where log-in is."""
    settings.OFFICERS_NEED_TOTP = False
    cache.clear()
    return Actors(office)


def test_wrong_data_without_a_warning(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    with time_machine.travel(datetime.fromisoformat("2026-05-20T12:00:00+08:00"), tick=False):
        client = client_of(account)
        assert "各项资质现在都没有预警" in page(client, "own")
        fields = {"cause": "data-wrong", "statement": "名称有误", "requirement": "registration"}
        refusal_page(
            client.post(reverse("own-data-error"), fields), "file-registration-registration"
        )
        fields["file-registration-registration"] = SimpleUploadedFile("执照.png", picture())  # type: ignore[assignment]  # a file
        answer = client.post(reverse("own-data-error"), fields, follow=True)
        assert Application.objects.get().number in answer.content.decode()


def test_an_officers_red_card_has_no_yellow_stage_in_its_history(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    case = actors.inspect(START)
    with time_machine.travel(datetime.fromisoformat("2026-05-20T20:00:00+08:00"), tick=False):
        own = page(client_of(account), "own-case", case.pk)
        assert "提醒（黄牌）" not in own
        assert "由主管部门复查" in own
        assert "发现时（2026年5月20日）" in own
        assert "推送有凭证" not in page(client_of(actors.account("officer")), "case", case.pk)


def test_a_review_through_the_browser(actors: Actors) -> None:
    actors.load_and_patrol(people=2)
    case = actors.inspect(START)
    # A run finds it in order: a review by another
    on = START + timedelta(days=1)
    actors.load_and_patrol(on, people=3)
    assert reload(case).needs_review
    with time_machine.travel(datetime.fromisoformat("2026-05-21T20:00:00+08:00"), tick=False):
        officer = client_of(actors.account("second-officer"))
        assert "复查情况和理由" in page(officer, "case", case.pk)
        path = reverse("review", args=[case.pk])
        fields = {"because": "人员已补足", "evidence": [evidence_upload()]}
        refusal_page(officer.post(path, fields), "has_read_review")
        fields = {"because": "人员已补足", "evidence": [evidence_upload()], "has_read": "1"}
        assert officer.post(path, fields).status_code == 302
    actors.sign_act(ProposedAct.objects.get(kind="review"), on, by="other-reviewer")
    assert reload(case).closed_because == "reviewed"
