"""The public site: what citizens find, and what stays private."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import fixtures_case_states
from fixtures_case_states import NOON, SECRET, TODAY, CaseStates
from page_requests import public_page, refusal_page, visible_text
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.models import Case, Document, Notice, Withdrawal
from qualwatch.publication.models import (
    Announcement,
    Enterprise,
    FeedClock,
    QuarterFigures,
    RedCard,
)
from query_counts import assert_recorded, page_name

MAX_BYTES = 100_000
LATE = date(2030, 1, 1)


pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's, which would close the connection."""


def test_every_item_has_one_standing_today_and_on_a_past_day(
    client: Client, case_states: CaseStates
) -> None:
    red, withdrawn, warned = (f"/enterprises/{case_states.codes[number]}" for number in (3, 1, 9))
    assert "红牌预警 自 2026年7月21日 起" in visible_text(public_page(client, red))
    assert "有效" in visible_text(public_page(client, f"{red}?on=2026-05-20"))
    assert "红牌预警" not in public_page(client, f"{red}?on=2026-05-20")
    assert "已撤回" in public_page(client, withdrawn)
    assert "红牌预警 自 2026年7月21日" in visible_text(
        public_page(client, f"{withdrawn}?on={fixtures_case_states.LATER}")
    )
    page = visible_text(public_page(client, warned))
    assert "有效" in page
    assert "红牌" not in page.split("今天")[1].split("技术支持")[0]
    # a day that cannot be shown is a sentence
    path = f"/enterprises/{case_states.codes[3]}"
    assert "2026-09-22 还没有到；下面是今天的情况" in public_page(client, f"{path}?on=2026-09-22")
    assert "日期 昨天 读不懂" in public_page(client, f"{path}?on={quote('昨天')}")
    assert "没有这一天的资质记录" in public_page(client, f"{path}?on=2020-01-01")
    # The last list known then was eight weeks old
    assert "暂不能确认" in public_page(client, f"{path}?on=2026-07-15")


def test_search_by_a_part_of_the_name_or_the_code(client: Client, case_states: CaseStates) -> None:
    page = public_page(client, "/?q=" + quote("装饰公司"))
    assert "查到 9 家企业" in page
    # Of the second and the third; the first is withdrawn
    assert page.count("红牌预警</strong>") == 2
    only_match = client.get("/?q=" + quote("第3装饰"))
    assert only_match.headers["Location"] == f"/enterprises/{case_states.codes[3]}"
    assert (
        client.get(f"/?q={case_states.codes[3].lower()}").headers["Location"]
        == f"/enterprises/{case_states.codes[3]}"
    )
    assert "没有查到" in public_page(client, "/?q=" + quote("没有的公司"))
    assert "登记库中没有这个信用代码" in public_page(client, "/?q=91140105MA0999999X")
    assert "红牌正在公布" in public_page(client, "/?q=")


def test_a_former_name_is_found(client: Client, case_states: CaseStates) -> None:
    from qualwatch.publication.actions import post_enterprises

    names_and_areas = {
        enterprise.credit_code: (enterprise.name, enterprise.area)
        for enterprise in Enterprise.objects.all()
    }
    names_and_areas[case_states.codes[3]] = ("新名（山西）公司", "city:140100")
    post_enterprises(names_and_areas)
    for name in ("第3装饰公司", "新名(山西)", "新名（山西）"):
        assert (
            client.get("/?q=" + quote(name)).headers["Location"]
            == f"/enterprises/{case_states.codes[3]}"
        ), name


def test_of_two_that_exchanged_names_the_present_bearer_is_first_and_the_other_is_marked(
    client: Client, case_states: CaseStates
) -> None:
    from datetime import date

    from qualwatch.publication.actions import post_enterprises

    register = {row.credit_code: (row.name, row.area) for row in Enterprise.objects.all()}
    former, present = case_states.codes[3], case_states.codes[4]
    register[former], register[present] = register[present], register[former]
    post_enterprises(register, on=date(2026, 11, 20))
    page = public_page(client, "/?q=" + quote("第3装饰"))
    assert page.index(present) < page.index(former)
    assert page.count("曾用名") == 1
    assert "曾用名" in page[page.index(former) :]
    assert "2026年11月20日 起已更名" in page[page.index(former) :]
    # on its own page too, whichever name was searched for
    assert "第3装饰" in public_page(client, f"/enterprises/{former}")
    # back again: nobody has a former name that is its present one
    register[former], register[present] = register[present], register[former]
    post_enterprises(register, on=date(2026, 11, 21))
    page = public_page(client, "/?q=" + quote("第3装饰"))
    assert page.index(former) < page.index(present)
    assert "2026年11月21日 起已更名" in page[page.index(present) :]


def test_whether_an_enterprise_is_registered_on_the_platform(
    client: Client, case_states: CaseStates
) -> None:
    assert "已于 2026年5月20日 在平台注册登记" in public_page(
        client, f"/enterprises/{case_states.codes[6]}"
    )
    page = public_page(client, f"/enterprises/{case_states.codes[3]}")
    assert "没有查到它在平台的注册登记" in page
    assert "下载安装企业版" in page
    assert "查不到" in public_page(client, "/enterprises/91140105MA0999999X", 404)


def test_the_red_list_and_its_filters(client: Client, case_states: CaseStates) -> None:
    page = public_page(client, "/red-cards")
    assert "共 3 张红牌" in page  # the withdrawn one has been cleared by its withdrawal
    assert "共 2 张红牌" in public_page(client, "/red-cards?state=open")
    assert "共 1 张红牌" in public_page(client, "/red-cards?q=" + quote("第3"))
    assert "共 0 张红牌" in public_page(client, "/red-cards?area=city:140200")
    assert "没有符合条件的红牌" in public_page(client, "/red-cards?area=city:140200")
    assert "共 3 张红牌" in public_page(
        client, "/red-cards?category=specialist-decoration&area=city:140100"
    )
    # a red card says why, since when, until when, and what comes
    card = RedCard.objects.get(credit_code=case_states.codes[3])
    page = visible_text(public_page(client, reverse("red-card", args=[card.number])))
    assert card.ends_on is not None
    for text in (
        "应有 3 / 现有 2",
        "公布 2026年7月21日",
        f"已过 {(TODAY - card.ends_on).days} 天",
        "启动该项资质的撤回程序",
        "不得以存在红牌预警的资质承揽新的工程项目",
    ):
        assert text in page, text
    assert public_page(client, "/red-cards/none", 404)


def test_displays_show_the_days_left_decisions_and_how_to_object(
    client: Client, case_states: CaseStates
) -> None:
    display = Announcement.objects.get(kind="display", credit_code=case_states.codes[2])
    assert display.ends_on is not None
    left = f"还有 {(display.ends_on - TODAY).days} 天"
    assert left in public_page(client, "/announcements?kind=display")
    page = public_page(client, reverse("announcement", args=[display.number]))
    assert left in page
    assert "提出异议" in page
    decision = Announcement.objects.filter(kind="decision").first()
    assert decision is not None
    assert decision.title in public_page(client, "/announcements?kind=decision")
    assert "提出异议" not in public_page(client, reverse("announcement", args=[decision.number]))


def test_anybody_may_object_to_a_display_and_the_name_stays_private(
    client: Client, case_states: CaseStates
) -> None:
    display = Announcement.objects.get(kind="display", credit_code=case_states.codes[2])
    path = reverse("object-publicly", args=[display.number])
    assert public_page(client, path)
    empty = client.post(path, {"text": "人够", "name": "", "address": ""})
    assert "人够" in refusal_page(empty, "name")  # what was written is not lost
    fields = {"text": "人够", "name": "王某某", "address": "13900000000"}
    refusal_page(client.post(path, fields | {"address": " "}), "address")
    refusal_page(client.post(path, fields | {"text": " "}), "text")
    refusal_page(client.post(path, fields | {"text": "长" * 10_001}), "text")
    answer = client.post(path, fields, follow=True)
    assert "已收到你的异议" in answer.content.decode()
    assert answer.redirect_chain  # asked for again it is not handed in twice
    row = Withdrawal.objects.get(credit_code=case_states.codes[2])
    assert row.unanswered == 1
    assert "王某某" not in public_page(client, reverse("announcement", args=[display.number]))
    over = client.get(reverse("object-publicly", args=["没有的公示"]))
    assert over.status_code == 404
    for more in range(12):
        client.post(path, fields | {"name": ""})  # what is refused does not count
        # Ten of one address in an hour
        assert client.post(path, fields).status_code == (302 if more < 9 else 422), more
    with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(hours=1), tick=False):
        assert client.post(path, fields).status_code == 302
    with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(days=30), tick=False):
        assert "公示已经结束" in public_page(client, path, 404)


def test_statistics_add_up_and_equal_the_rows(client: Client, case_states: CaseStates) -> None:
    rows = list(QuarterFigures.objects.filter(year=2026, quarter=3))
    total = {
        name: sum(quarter_figures.figures.get(name, 0) for quarter_figures in rows)
        for name in (
            "carried-over",
            "published",
            "cleared",
            "withdrawn",
            "otherwise",
            "open",
            "displayed",
            "decided",
        )
    }
    assert total == {
        "carried-over": 0,
        "published": 3,
        "cleared": 0,
        "withdrawn": 1,
        "otherwise": 0,
        "open": 2,
        "displayed": 2,
        "decided": 1,
    }
    page = visible_text(public_page(client, "/statistics?quarter=2026Q3"))
    assert "3 张红牌本季公布" in page
    assert "2 张仍为红牌" in page
    assert "太原市 2/9" in page  # the map: enterprises with an open card, of those registered
    assert "本季公布的红牌： 3" in page.replace("：", "： ").replace("：  ", "： ")
    assert "截至 2026年9月21日" in page
    assert public_page(client, "/statistics?quarter=2019Q1", 404)


def test_standards_today_and_on_a_day(client: Client, case_states: CaseStates) -> None:
    page = visible_text(public_page(client, "/standards/specialist-decoration"))
    assert "注册建造师 至少 5 人" in page
    assert "建市〔2014〕159号" in page
    assert "把握高" in page
    assert "取消" in page  # of 2016, in the history
    past = visible_text(public_page(client, "/standards/specialist-decoration?on=2018-01-01"))
    assert "至少 5 人" not in past.split("历次变化")[0]
    assert public_page(client, "/standards/none", 404)


def test_every_standard_has_its_page(client: Client, case_states: CaseStates) -> None:
    from qualwatch.law.loader import current_law
    from qualwatch.web.base.template_env import STYLESHEET

    listed = public_page(client, "/standards")
    for slug in current_law().categories:
        assert f'href="/standards/{slug}"' in listed
        page = public_page(client, f"/standards/{slug}")
        assert "依据：" in page, slug
        assert len(page.encode()) + STYLESHEET.stat().st_size < MAX_BYTES, slug


def test_the_age_of_the_data_is_shown(client: Client, case_states: CaseStates) -> None:
    page = visible_text(public_page(client, "/freshness"))
    assert "在时限内" in page
    assert page.count("0 天") >= 3
    with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(days=30), tick=False):
        assert "已过时限" in public_page(client, "/freshness")


# Yellow is nowhere.
def crawl(client: Client, begin: str = "/") -> dict[str, str]:
    """Every page and file that is reached by links from the beginning, as nobody."""
    pages: dict[str, str] = {}
    waiting = [begin]
    while waiting:
        path = waiting.pop()
        if path in pages:
            continue
        answer = client.get(path)
        assert answer.status_code in (200, 302), path
        if answer.status_code == 302:
            pages[path] = answer.headers["Location"]
            waiting.append(answer.headers["Location"])
            continue
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]  # files
        pages[path] = body.decode() + str(dict(answer.headers))
        for link in re.findall(r'(?:href|src|action)="([^"]+)"', pages[path]):
            place = urlsplit(urljoin(path, link.replace("&amp;", "&")))
            if place.scheme or place.netloc or link.startswith("#"):
                continue
            if place.path.startswith("/language/"):
                continue  # the other language has a crawl of its own
            waiting.append(place.path + (f"?{place.query}" if place.query else ""))
    return pages


def secrets(case_states: CaseStates) -> list[str]:
    """What is only for the enterprise and the authorities: texts and numbers of cases that are not public."""
    cases = [case_states.cases[number] for number in SECRET]
    cases += list(Case.objects.filter(category=None))
    notices = Notice.objects.filter(case__in=cases)
    documents = Document.objects.filter(case__in=cases)
    texts = (
        [notice.subject for notice in notices]
        + [notice.body for notice in notices]
        + [document.number for document in documents]
    )
    for case in cases:
        texts += [
            text
            for application in case.applications.all()
            for text in (application.number, application.statement)
        ]
        texts += [
            text
            for determination in case.determinations.all()
            for text in (
                determination.because,
                *(file.name for file in evidence_of(determination)),
            )
        ]
    return [text for text in texts if text.strip()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_yellow_cards_are_on_no_public_page(
    client: Client, case_states: CaseStates, language: str
) -> None:
    """Yellow cases of every kind are on record; nobody finds a trace of one."""
    places = {
        (case.state, case.ground, case.category is None)
        for case in Case.objects.filter(state="yellow")
    }
    assert {("yellow", "shortage", False), ("yellow", "insurance", True)} <= places
    yellow = Case.objects.filter(state="yellow")
    kinds: list[dict[str, Any]] = [
        {"extended_until__isnull": False},
        {"determinations__state": "proposed"},
        {"applications__stage": "received"},
        {"requirements__proved_on": None},
    ]
    for kind in kinds:
        assert yellow.filter(**kind).exists(), kind
    client.cookies["language"] = language
    pages = crawl(client)
    for code in case_states.codes.values():
        pages |= crawl(client, f"/enterprises/{code}")
        pages |= crawl(client, f"/?q={code}")
        for day in (START_DAY, fixtures_case_states.LATER):
            pages |= crawl(client, f"/enterprises/{code}?on={day}")
    for case in Case.objects.all():  # addresses that no link leads to
        for name in ("own-case", "case", "determine", "decide", "case-documents", "case-history"):
            path = reverse(name, args=[case.pk])
            pages[path] = client.get(path).content.decode()
    for document in Document.objects.all():
        path = reverse("document", args=[document.pk])
        pages[path] = client.get(path).content.decode()
    assert len(pages) > 100
    html_language = "en" if language == "en" else "zh-CN"
    assert all(
        f'<html lang="{html_language}">' in page for page in pages.values() if "<html" in page
    )
    hidden = secrets(case_states)
    assert len(hidden) > 20
    for path, page in pages.items():
        assert "黄牌" not in page, path
        assert not re.search("yellow", page, re.IGNORECASE), path
        for secret in hidden:
            assert secret not in page, (path, secret)


START_DAY = fixtures_case_states.START


# What every page keeps.
PAGES = (
    "/",
    "/red-cards",
    "/announcements",
    "/statistics",
    "/standards",
    "/how-it-works",
    "/freshness",
    "/keys",
    "/accounts/login/",
)


def all_pages(case_states: CaseStates) -> list[str]:
    card = RedCard.objects.get(credit_code=case_states.codes[3])
    display = Announcement.objects.get(kind="display", credit_code=case_states.codes[2])
    return [
        *PAGES,
        "/?q=" + quote("装饰"),
        f"/enterprises/{case_states.codes[1]}",
        reverse("red-card", args=[card.number]),
        reverse("announcement", args=[display.number]),
        reverse("object-publicly", args=[display.number]),
        "/standards/general-building",
        "/nothing",
    ]


def test_pages_are_small_and_need_few_queries(client: Client, case_states: CaseStates) -> None:
    from qualwatch.web.base.template_env import STYLESHEET

    for path in all_pages(case_states):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        assert_recorded(page_name(path), queries)
        assert len(answer.content) + STYLESHEET.stat().st_size < MAX_BYTES, path
    # what browsers are told
    for path in all_pages(case_states):
        response_headers = client.get(path).headers
        policy = {
            part.split()[0]: part.split()[1:]
            for part in response_headers["Content-Security-Policy"].split(";")
        }
        assert policy["default-src"] == ["'none'"], path
        assert "script-src" not in policy
        assert policy["style-src"] == ["'self'"]
        assert response_headers["X-Content-Type-Options"] == "nosniff"
        assert response_headers["X-Frame-Options"] == "DENY"
        assert response_headers["Referrer-Policy"] == "same-origin"
        page = client.get(path).content.decode()
        assert "<script" not in page
        assert " style=" not in page
        assert "0351-3123329" in page
        assert "0351-3020665" in page


def test_a_page_is_sent_again_only_where_something_has_changed(
    client: Client, case_states: CaseStates
) -> None:
    for path in (
        "/",
        "/red-cards",
        f"/enterprises/{case_states.codes[3]}",
        "/statistics",
        "/standards/general-building",
    ):
        first = client.get(path)
        assert first.headers["Cache-Control"] == "public, no-cache", path
        again = {"If-None-Match": first.headers["ETag"]}
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, headers=again).status_code == 304, path
        assert len(queries) == 1
        client.cookies["language"] = "en"
        assert client.get(path, headers=again).status_code == 200, path
        client.cookies["language"] = "zh"
        with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(days=1), tick=False):
            assert client.get(path, headers=again).status_code == 200, path
        FeedClock.objects.update(version=FeedClock.objects.get().version + 1)
        assert client.get(path, headers=again).status_code == 200, path


def test_whatever_changes_in_the_public_copy_changes_its_version(case_states: CaseStates) -> None:
    from django.utils import timezone

    from qualwatch.publication import actions, queries

    code = case_states.codes[3]
    card, new_announcement = (
        RedCard.objects.get(credit_code=code),
        actions.NewAnnouncement("一号", "service", "公告", "甲", code, "正文"),
    )
    for change in (
        lambda: actions.post_enterprises({code: ("别名", "")}),
        lambda: actions.post_registered(credit_code=code, name="x", on=TODAY),
        lambda: actions.post_standings({}, on=TODAY, credit_code=code),
        lambda: actions.post_statistics({(2026, 3, ""): {"open": 7}}),
        lambda: actions.post_freshness(day=TODAY, loaded={"items": TODAY}, limit_days=7),
        lambda: actions.amend_card(card.number, requirements=[], at=timezone.now()),
        lambda: actions.move_card(
            card.number, enterprise="新名", grade="二级", area="", at=timezone.now()
        ),
        lambda: actions.post_announcement(
            new_announcement, on=TODAY, ends_on=None, at=timezone.now()
        ),
        lambda: actions.remove_announcement("一号", at=timezone.now()),
        lambda: actions.post_cleared(
            card.number, on=TODAY, because="recovered", hidden_from=LATE, at=timezone.now()
        ),
        lambda: actions.reword_cleared(card.number, because="withdrawn", at=timezone.now()),
        lambda: actions.remove_red_card(
            card.number, on=TODAY, because="annulled", at=timezone.now()
        ),
    ):
        before = queries.version()
        with CaptureQueriesContext(connection) as captured_queries:
            change()
        assert queries.version() != before
        written = [query["sql"] for query in captured_queries if "publication_" in query["sql"]]
        # Locked first, so that nobody waits in a circle
        assert "publication_feedclock" in written[0], written[0]


def test_english_is_chosen_and_remembered(client: Client, case_states: CaseStates) -> None:
    assert client.get("/language/en?next=/red-cards").headers["Location"] == "/red-cards"
    # Pages without names of the registers
    for path in (
        "/how-it-works",
        "/freshness",
        "/accounts/login/",
        "/nothing",
    ):
        page = client.get(path).content.decode()
        assert '<html lang="en">' in page
        assert not re.search("[\u4e00-\u9fff]", visible_text(page).replace("中文", "")), path
    assert client.get("/language/en?next=https://evil.example/").headers["Location"] == "/"
    client.get("/language/zh?next=/")
    assert '<html lang="zh-CN">' in public_page(client, "/")


def test_errors_are_sentences(client: Client, case_states: CaseStates) -> None:
    page = public_page(client, "/nothing", 404)
    assert "地址可能写错了" in page
    careful = Client(enforce_csrf_checks=True)
    answer = careful.post("/accounts/login/", {"login": "a", "password": "b"})
    assert answer.status_code == 403
    assert "表单已经过期" in answer.content.decode()


def test_a_server_error_is_shown_without_a_traceback(
    case_states: CaseStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qualwatch.publication import queries

    def broken(_day: date) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(queries, "freshness_on", broken)
    answer = Client(raise_request_exception=False).get("/freshness")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "系统出错了" in page
    assert "secret" not in page
