"""The public site with odd queries, with sessions, and with full lists."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fixtures_case_states import NOON, START, TODAY, CaseStates
from page_requests import public_page, visible_text
from qualwatch.publication.models import RedCard

MAX_BYTES = 100_000
LATE = date(2030, 1, 1)


pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's, which would close the connection."""


@pytest.mark.parametrize(
    "path",
    [
        "/?q=%00",
        "/red-cards?q=%00",
        "/red-cards?area=%00",
        "/red-cards/%00",
        "/announcements/%00",
        "/objections/%00",
        "/enterprises/%00",
        "/statistics?quarter=%00",
    ],
)
def test_a_nul_byte_is_refused_in_a_sentence(
    client: Client, case_states: CaseStates, path: str
) -> None:
    assert "无法处理" in public_page(client, path, 400)


def test_odd_queries_are_answered(client: Client, case_states: CaseStates) -> None:
    for path in (
        "/?q=" + "+".join(["司"] * 1200),
        "/?q=" + quote("%_'\"\\"),
        "/red-cards?page=-1",
        "/red-cards?page=x",
        "/red-cards?q=" + "x" * 5000,
        "/announcements?page=99999&kind=none",
        "/?q=" + quote("🏗"),
    ):
        assert public_page(client, path), path
    assert client.post("/objections/x", {"text": "a\0b"}).status_code == 400
    for path in ("/red-cards/a/b/c", "/standards/none/x", "/enterprises/a%2Fb"):
        assert client.get(path).status_code == 404, path


def test_a_red_card_without_a_register_row_is_still_shown(
    client: Client, case_states: CaseStates
) -> None:
    from qualwatch.publication.models import Standing

    Standing.objects.filter(credit_code=case_states.codes[3]).delete()
    assert "红牌预警" in visible_text(public_page(client, f"/enterprises/{case_states.codes[3]}"))
    assert "红牌预警" in visible_text(public_page(client, "/?q=" + quote("装饰")))
    RedCard.objects.filter(credit_code=case_states.codes[3]).update(
        category="", requirements=[{"requirement": "insurance"}]
    )
    number = RedCard.objects.get(credit_code=case_states.codes[3]).number
    # A category that the law does not know
    assert public_page(client, reverse("red-card", args=[number]))


def test_public_pages_leave_sessions_alone_and_private_pages_are_not_cached(
    client: Client, case_states: CaseStates
) -> None:
    from qualwatch.accounts.models import Account

    backend = "qualwatch.accounts.backends.AuthenticationBackend"
    client.force_login(Account.objects.get(username=f"e-{case_states.codes[7]}"), backend=backend)
    for path in ("/", "/red-cards"):
        with CaptureQueriesContext(connection) as captured_queries:
            answer = client.get(path)
        assert not answer.cookies, path
        assert not [query for query in captured_queries if "django_session" in query["sql"]], path
    for path in (
        "/me",
        "/own",
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
    ):
        answer = client.get(path)
        assert "no-store" in answer.headers["Cache-Control"], path


def test_of_two_red_cards_of_an_item_the_first_is_shown(
    client: Client, case_states: CaseStates
) -> None:
    first = RedCard.objects.get(credit_code=case_states.codes[3])
    RedCard.objects.create(
        number="晋红〔2026〕99号",
        credit_code=first.credit_code,
        enterprise=first.enterprise,
        category=first.category,
        qualification=first.qualification,
        grade=first.grade,
        published_on=TODAY,
    )
    assert "自 2026年7月21日 起" in visible_text(
        public_page(client, f"/enterprises/{case_states.codes[3]}")
    )
    from qualwatch.publication.queries import standings_of

    (answer,) = standings_of(case_states.codes[3], TODAY)
    assert answer.card == first


def test_only_displays_that_still_run(client: Client, case_states: CaseStates) -> None:
    assert "第2装饰公司" in public_page(client, "/announcements?kind=display&running=1")
    with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(days=30), tick=False):
        assert "第2装饰公司" not in public_page(client, "/announcements?kind=display&running=1")
        assert "第2装饰公司" in public_page(client, "/announcements?kind=display")


def test_full_lists_stay_small_and_need_few_queries(
    client: Client, case_states: CaseStates
) -> None:
    """A page of each list as long as it gets, names as long as they get."""
    from qualwatch.publication.models import Announcement, Enterprise, RedCard, Standing
    from qualwatch.web.base.template_env import STYLESHEET

    (card,) = RedCard.objects.filter(credit_code=case_states.codes[3])
    (notice,) = Announcement.objects.filter(kind="display", credit_code=case_states.codes[2])
    name, places = (
        "很长的名字" * 12,
        ["/red-cards", "/announcements", "/?q=很长的名字", f"/enterprises/{case_states.codes[3]}"],
    )
    for number in range(60):
        card.pk, card.number, card.enterprise = None, f"晋红〔2026〕{number + 900}号", name
        card.save()
        notice.pk, notice.number, notice.enterprise, notice.title = (
            None,
            f"公示{number}",
            name,
            name,
        )
        notice.credit_code = case_states.codes[3]
        notice.save()
        enterprise = Enterprise.objects.create(
            credit_code=f"N{number:017}", name=f"{name}{number}", names=f"{name}{number}"
        )
        Standing.objects.create(
            credit_code=enterprise.credit_code,
            category="general-building",
            enterprise=name,
            grade="一级",
            qualification="建筑工程施工总承包",
            standing="in-force",
            from_on=START,
        )
    for path in places:
        answer = client.get(path)
        assert len(answer.content) > 10_000, path
        assert len(answer.content) + STYLESHEET.stat().st_size < 100_000, (
            path,
            len(answer.content),
        )
