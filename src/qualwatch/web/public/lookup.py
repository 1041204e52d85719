"""Looking up an enterprise: the search field, and one answer per item."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone

from qualwatch.publication import queries
from qualwatch.publication.models import Announcement, Standing
from qualwatch.publication.queries import Answer
from qualwatch.web.base.form_input import day_param, text_param
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import BECAUSE, area_name, item_name, public_label, with_labels
from qualwatch.wording import gettext as _

MAX_HITS = 30
MAX_NOTICES = 50
CREDIT_CODE_LENGTH = 18  # GB 32100


@cached_while(queries.version)
def search(request: HttpRequest) -> HttpResponse:
    """One field; the only hit is shown at once, several are listed with their answers."""
    text = text_param(request, "q")
    today = timezone.localdate()
    hits = list(queries.find(text)[: MAX_HITS + 1]) if text else []
    if len(hits) == 1:
        return redirect("enterprise", credit_code=hits[0].credit_code)
    found_by = {hit: queries.former_names_found(hit, text) for hit in hits[:MAX_HITS]}
    # whoever has the name now comes before those who had it
    listed = sorted(found_by, key=lambda hit: bool(found_by[hit]))
    answers = queries.standings_among([hit.credit_code for hit in listed], today)
    context = {
        "title": _("查询企业资质状态"),
        "q": text,
        "is_cut": len(hits) > MAX_HITS,
        "enterprises": [
            (hit, area_name(hit.area), found_by[hit], answers[hit.credit_code]) for hit in listed
        ],
        "open_red_cards": queries.red_list(today).filter(state="open").count(),
        "running_displays": _running_displays(today).count(),
        "is_code": len(text) == CREDIT_CODE_LENGTH and text.isalnum(),
        "freshness": queries.freshness_on(today),
    }
    return render(request, "public/search.html", context)


@cached_while(queries.version, is_version_of_view=True)
def enterprise(request: HttpRequest, credit_code: str) -> HttpResponse:
    """One answer per item, today or on a chosen past day, with the notices beside it."""
    today = timezone.localdate()
    code = credit_code.upper()
    day, refusal = day_param(request, today)
    look_up = queries.look_up(code, day)
    request.public_version = look_up.version  # type: ignore[attr-defined]  # cached_while reads it
    enterprise = look_up.enterprise
    context = {
        "title": enterprise.name if enterprise else code,
        "code": code,
        "enterprise": enterprise,
        "on": day,
        "refusal": refusal,
        "area": area_name(enterprise.area) if enterprise else "",
        "former_names": queries.former_names(enterprise) if enterprise else [],
        "is_today": day == today,
        "items": _items(look_up.answers, look_up.history),
        "notices": with_labels(look_up.notices[:MAX_NOTICES], today),
        "freshness": look_up.freshness,
        "public_label": public_label,
        "BECAUSE": BECAUSE,
    }
    is_known = enterprise is not None or bool(look_up.history)
    return render(request, "public/enterprise.html", context, status=200 if is_known else 404)


def _items(
    answers: Iterable[Answer], history: Iterable[Standing]
) -> list[tuple[Answer, str, str, list[Any]]]:
    """(answer, name of the item, reason, its standings) of every item."""
    standings: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for standing in history:
        standings[standing.category, standing.sub_item].append(standing)
    return [
        (
            answer,
            item_name(answer),
            public_label(BECAUSE, answer.because),
            standings[answer.category, answer.sub_item],
        )
        for answer in answers
    ]


def _running_displays(today: date) -> QuerySet[Announcement]:
    return queries.announcements("display").filter(ends_on__gte=today)


urlpatterns = [
    path("", search, name="search"),
    path("enterprises/<str:credit_code>", enterprise, name="enterprise"),
]
