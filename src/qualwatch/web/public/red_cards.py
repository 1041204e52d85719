"""Published red cards: the list, and one card with reasons, deadline and next step."""

from datetime import date, timedelta

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from qualwatch.law.loader import current_law
from qualwatch.publication import queries
from qualwatch.publication.models import RedCard
from qualwatch.web.base.form_input import text_param
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import (
    CLEARED,
    area_name,
    area_names,
    days_left,
    item_name,
    public_label,
    with_labels,
)
from qualwatch.wording import gettext as _

ROWS_OF_PAGE = 50
MAX_NOTICES = 30


@cached_while(queries.version)
def red_list(request: HttpRequest) -> HttpResponse:
    """The red cards of today; filters stay in the address."""
    today = timezone.localdate()
    filters = {name: text_param(request, name) for name in ("q", "area", "category", "state")}
    red_cards = _filtered(queries.red_list(today), filters)
    page = Paginator(red_cards, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("红牌预警名单"),
        "filters": filters,
        "page": page,
        "areas": area_names(),
        "categories": _categories(today),
        "states": [("open", _("正在红牌")), ("cleared", _("近期已解除或终结"))],
        "cards": [
            (
                card,
                item_name(card),
                area_name(card.area),
                days_left(card.ends_on, today),
                public_label(CLEARED, card.because),
            )
            for card in page
        ],
    }
    return render(request, "public/red_list.html", context)


def _filtered(red_cards: QuerySet[RedCard], filters: dict[str, str]) -> QuerySet[RedCard]:
    if text := filters["q"]:
        by_name = red_cards.filter(enterprise__icontains=text)
        red_cards = by_name | red_cards.filter(credit_code=text.upper())
    for name in ("area", "category", "state"):
        if filters[name]:
            red_cards = red_cards.filter(**{name: filters[name]})
    return red_cards


def _categories(today: date) -> list[tuple[str, str]]:
    """(slug, name) of the categories that have a red card."""
    red_cards = queries.red_list(today).order_by("qualification")
    return list(red_cards.values_list("category", "qualification").distinct())


@cached_while(queries.version)
def red_card(request: HttpRequest, number: str) -> HttpResponse:
    """Why, since when, until when, what comes next."""
    today = timezone.localdate()
    card = queries.red_card(number, today)
    if card is None:
        raise Http404
    notices = queries.announcements(card_number=card.number)[:MAX_NOTICES]
    context = {
        "title": _("红牌预警 {number}").format(number=card.number),
        "card": card,
        "item": item_name(card),
        "area": area_name(card.area),
        "left": days_left(card.ends_on, today),
        "because": public_label(CLEARED, card.because),
        "notices": with_labels(notices, today),
        "has_standard": card.category in current_law().categories,
        "withdrawal_from": card.ends_on + timedelta(days=1) if card.ends_on else None,
    }
    return render(request, "public/red_card.html", context)


urlpatterns = [
    path("red-cards", red_list, name="red-list"),
    path("red-cards/<path:number>", red_card, name="red-card"),
]
