"""Pages in English: every Chinese text is marked as such, on every page (WCAG 3.1.2)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from actors import Actors
from fixtures_case_states import CaseStates
from page_requests import client_of, enterprise_client, post_act, post_proposal
from qualwatch.cases.models import Application, Case
from qualwatch.publication.models import Announcement, RedCard

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's."""


def unmarked(page: str) -> list[str]:
    """Chinese texts of a page that no element around them says to be Chinese; the title of the window has no place."""
    unmarked_texts = []
    for element in html.fromstring(page).iter():
        if not isinstance(element.tag, str) or (
            element.tag in ("title", "textarea") and element.getparent().tag == "head"
        ):
            continue
        around = [element, *element.iterancestors()]
        if any((other.get("lang") or "").startswith("zh") for other in around[:-1]):
            continue
        texts = [element.text or "", *(child.tail or "" for child in element)]
        unmarked_texts += [text.strip() for text in texts if HAN.search(text)]
    return unmarked_texts


def test_an_unmarked_chinese_text_is_reported() -> None:
    page = "<html lang='en'><head><title>甲</title></head><body><p>甲<b lang='zh-CN'>乙</b>丙</p></body></html>"
    assert unmarked(page) == ["甲", "丙"]


def test_chinese_texts_on_english_pages_are_marked(
    officers: Actors, case_states: CaseStates
) -> None:
    application = Application.objects.get(case=case_states.cases[6])
    city, province, reviewer = (
        client_of(officers.account(name))
        for name in ("city-reviewer", "second-officer", "other-reviewer")
    )
    for client in (city, province, reviewer):
        client.cookies["language"] = "en"
    post_act(city, application, "agree")
    post_act(province, application, "verify", review_on="2026-12-31")
    assert (
        post_proposal(client_of(officers.account("city-officer")), case_states.cases[9]).status_code
        == 302
    )
    card, display = (
        RedCard.objects.first(),
        Announcement.objects.get(kind="display", credit_code=case_states.codes[2]),
    )
    assert card is not None
    public = [
        "/",
        "/?q=装饰",
        *(f"/enterprises/{code}" for code in case_states.codes.values()),
        "/red-cards",
        "/announcements",
        reverse("red-card", args=[card.number]),
        reverse("announcement", args=[display.number]),
        "/statistics",
        reverse("object-publicly", args=[display.number]),
        "/standards",
        "/standards/general-building",
        "/standards/specialist-decoration",
        "/how-it-works",
        "/freshness",
        "/keys",
        "/accounts/login/",
    ]
    of_cases = [
        reverse(name, args=[case.pk])
        for case in Case.objects.all()
        for name in ("case", "case-documents", "case-history", "determine")
    ]
    of_cases += [reverse("decide", args=[case_states.cases[number].pk]) for number in (4, 9)]
    inside = ["/work", "/cases", reverse("application", args=[application.pk]), *of_cases]
    visits = [(Client(), public), (city, inside), (province, inside), (reviewer, inside)]
    for number in (6, 7):
        own = [
            reverse(name, args=[case_states.cases[number].pk])
            for name in ("own-case", "own-answer")
        ]
        visits.append((enterprise_client(case_states, number), ["/own", "/own/data-error", *own]))
    faults = []
    for client, paths in visits:
        client.cookies["language"] = "en"
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert '<html lang="en">' in answer.content.decode(), path
            faults += [(path, text[:60]) for text in unmarked(answer.content.decode())]
    assert faults == []
