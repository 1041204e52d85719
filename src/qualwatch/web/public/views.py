"""Looking up enterprises, red cards, notices to the public, figures and how old the data are."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from qualwatch.law.loader import current_law
from qualwatch.publication import queries
from qualwatch.publication.models import Announcement, RedCard, Standing
from qualwatch.publication.queries import Answer
from qualwatch.web.base.form_input import day_param, text_param
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import BECAUSE, CLEARED, KINDS, TABLES, public_label
from qualwatch.wording import gettext as _

MOST, ON_A_PAGE = 30, 50
CODE_LENGTH = 18  # of a credit code: GB 32100
page = cached_while(queries.version)


@page
def search(request: HttpRequest) -> HttpResponse:
    """One field. One hit is shown at once; many are listed with one answer per item."""
    text, today = text_param(request, "q"), timezone.localdate()
    found = list(queries.find(text)[: MOST + 1]) if text else []
    if len(found) == 1:
        return redirect("enterprise", credit_code=found[0].credit_code)
    shown = found[:MOST]
    answers = queries.standings_among([enterprise.credit_code for enterprise in shown], today)
    told = {
        "title": _("查询企业资质状态"),
        "q": text,
        "more": len(found) > MOST,
        "found": [
            (enterprise, area(enterprise.area), answers[enterprise.credit_code])
            for enterprise in shown
        ],
        "red": queries.red_list(today).filter(state="open").count(),
        "displays": _running(today).count(),
        "is_code": len(text) == CODE_LENGTH and text.isalnum(),
        "fresh": queries.freshness_on(today),
    }
    return render(request, "public/search.html", told)


@cached_while(queries.version, is_carried=True)
def enterprise(request: HttpRequest, credit_code: str) -> HttpResponse:
    """One answer per item, today or on a chosen past day; what is coming beside it."""
    today, code = timezone.localdate(), credit_code.upper()
    day, wrong = day_param(request, today)
    look_up = queries.look_up(code, day)
    request.public_version = look_up.version  # type: ignore[attr-defined]  # cached_while reads it
    history: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for standing in look_up.history:
        history[(standing.category, standing.sub_item)].append(standing)
    known = look_up.enterprise
    told = {
        "title": known.name if known else code,
        "code": code,
        "known": known,
        "on": day,
        "wrong": wrong,
        "area": area(known.area) if known else "",
        "is_today": day == today,
        "items": [
            (
                answer,
                item_name(answer),
                because(answer),
                history[(answer.category, answer.sub_item)],
            )
            for answer in look_up.answers
        ],
        "notices": [
            (
                announcement,
                public_label(KINDS, announcement.kind),
                days_left(announcement.ends_on, today),
            )
            for announcement in look_up.notices[:ON_A_PAGE]
        ],
        "fresh": look_up.fresh,
        "public_label": public_label,
        "BECAUSE": BECAUSE,
    }
    is_known = known is not None or bool(history)
    return render(request, "public/enterprise.html", told, status=200 if is_known else 404)


@page
def red_list(request: HttpRequest) -> HttpResponse:
    """Who is red; filters stay in the address."""
    today = timezone.localdate()
    asked = {name: text_param(request, name) for name in ("q", "area", "category", "state")}
    red_cards = queries.red_list(today)
    if asked["q"]:
        red_cards = red_cards.filter(enterprise__icontains=asked["q"]) | red_cards.filter(
            credit_code=asked["q"].upper()
        )
    for name in ("area", "category", "state"):
        if asked[name]:
            red_cards = red_cards.filter(**{name: asked[name]})
    cards = Paginator(red_cards, ON_A_PAGE).get_page(request.GET.get("page"))
    categories = (
        queries.red_list(today)
        .order_by("qualification")
        .values_list("category", "qualification")
        .distinct()
    )
    told = {
        "title": _("红牌预警名单"),
        "asked": asked,
        "page": cards,
        "areas": areas(),
        "categories": list(categories),
        "states": [("open", _("正在红牌")), ("cleared", _("近期已解除或终结"))],
        "cards": [
            (
                red_card,
                item_name(red_card),
                area(red_card.area),
                days_left(red_card.ends_on, today),
                public_label(CLEARED, red_card.because),
            )
            for red_card in cards
        ],
    }
    return render(request, "public/red_list.html", told)


@page
def red_card(request: HttpRequest, number: str) -> HttpResponse:
    """Why, since when, until when, what comes next."""
    today = timezone.localdate()
    card = queries.red_card(number, today)
    if card is None:
        raise Http404
    told = {
        "title": _("红牌预警 {number}").format(number=card.number),
        "card": card,
        "item": item_name(card),
        "area": area(card.area),
        "left": days_left(card.ends_on, today),
        "because": public_label(CLEARED, card.because),
        "notices": [
            (
                announcement,
                public_label(KINDS, announcement.kind),
                days_left(announcement.ends_on, today),
            )
            for announcement in queries.announcements(card_number=card.number)[:MOST]
        ],
        "has_standard": card.category in current_law().categories,
        "then": _day_after(card.ends_on),
    }
    return render(request, "public/red_card.html", told)


@page
def announcements(request: HttpRequest) -> HttpResponse:
    """Displays with the days that are left, decisions, documents served by notice."""
    today, kind = timezone.localdate(), request.GET.get("kind", "")
    asked = queries.announcements(kind if kind in KINDS else "")
    is_running = request.GET.get("running") == "1"
    asked = asked.filter(ends_on__gte=today) if is_running else asked
    found = Paginator(asked, ON_A_PAGE).get_page(request.GET.get("page"))
    told = {
        "title": _("公示公告"),
        "kind": kind,
        "is_running": is_running,
        "page": found,
        "kinds": [(slug, public_label(KINDS, slug)) for slug in KINDS],
        "notices": [
            (
                announcement,
                public_label(KINDS, announcement.kind),
                days_left(announcement.ends_on, today),
            )
            for announcement in found
        ],
    }
    return render(request, "public/announcements.html", told)


@page
def announcement(request: HttpRequest, number: str) -> HttpResponse:
    """One notice word for word, the days left, how to object."""
    found = queries.announcements().filter(number=number).first()
    if found is None:
        raise Http404
    told = {
        "title": found.title,
        "one": found,
        "kind": public_label(KINDS, found.kind),
        "left": days_left(found.ends_on, timezone.localdate()),
    }
    return render(request, "public/announcement.html", told)


@page
def how_it_works(request: HttpRequest) -> HttpResponse:
    """The course in plain words, with the periods that hold today."""
    told = {
        "title": _("资质动态预警怎么运作"),
        "policy": current_law().policy_on(timezone.localdate()),
    }
    return render(request, "public/how_it_works.html", told)


@page
def freshness(request: HttpRequest) -> HttpResponse:
    """How old each register is, and what follows from that."""
    today = timezone.localdate()
    found = queries.freshness_on(today)
    rows = []
    if found is not None:
        all_told = {slug: (day, found.limit_days, True) for slug, day in found.loaded.items()}
        all_told |= {slug: (day, limit, False) for slug, (day, limit) in found.others.items()}
        for slug, (day, limit, is_of_standing) in all_told.items():
            loaded = date.fromisoformat(day) if day else None
            age = (today - loaded).days if loaded else None
            rows.append((public_label(TABLES, slug), loaded, age, limit, is_of_standing))
    told = {
        "title": _("数据时效"),
        "found": found,
        "rows": rows,
        "is_fresh": queries.is_fresh(today),
    }
    return render(request, "public/freshness.html", told)


def area(slug: str) -> str:
    """A supervising area by name; '' outside the province or unknown."""
    area_text = current_law().divisions.areas.get(slug)
    return area_text.name if area_text else ""


def areas() -> list[tuple[str, str]]:
    """All of them."""
    return [(slug, area_text.name) for slug, area_text in current_law().divisions.areas.items()]


def item_name(one: RedCard | Answer | Standing) -> str:
    """An item as its certificate calls it."""
    return f"{one.qualification}{one.sub_item} {_(one.grade) if one.grade else ''}".strip()


def because(answer: Answer) -> str:
    """Why the answer is not simply that it is in force."""
    return public_label(BECAUSE, answer.because)


def days_left(ends_on: date | None, today: date) -> int | None:
    """Whole days until the last one, which counts; below nothing it is over."""
    return None if ends_on is None else (ends_on - today) // timedelta(days=1)


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


def _running(today: date) -> Any:
    announcements = queries.announcements("display")
    assert announcements.model is Announcement
    return announcements.filter(ends_on__gte=today)
