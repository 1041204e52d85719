"""Figures by quarter, with pictures; every number is a sum of rows that stand below it."""

from collections import Counter
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from qualwatch.publication import queries
from qualwatch.reports.overview import Share
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.views import area, areas
from qualwatch.wording import gettext as _


@cached_while(queries.version)
def statistics(request: HttpRequest) -> HttpResponse:
    """The newest quarter, or the one asked for."""
    rows = queries.figures()
    quarters = list(
        dict.fromkeys((quarter_figures.year, quarter_figures.quarter) for quarter_figures in rows)
    )
    names = [
        (f"{year}Q{number}", _("{year}年第{number}季度").format(year=year, number=number))
        for year, number in quarters
    ]
    asked = request.GET.get("quarter", "") or (names[0][0] if names else "")
    if asked and asked not in dict(names):
        raise Http404
    told: dict[str, Any] = {"title": _("红牌和撤回情况统计"), "quarters": names, "asked": asked}
    if asked:
        of_areas = {
            quarter_figures.area: Counter(quarter_figures.figures)
            for quarter_figures in rows
            if f"{quarter_figures.year}Q{quarter_figures.quarter}" == asked
        }
        told |= _quarter(of_areas, dict(names)[asked])
        counted = queries.freshness_on(timezone.localdate())
        told["counted"], told["is_running"] = (
            counted,
            counted is None or asked >= _quarter_of(counted.day),
        )
        told["course"] = [
            (f"{quarter[0]}Q{quarter[1]}", _sum(rows, quarter)) for quarter in reversed(quarters)
        ]
    return render(request, "public/statistics.html", told)


def _quarter(of_areas: dict[str, Counter[str]], name: str) -> dict[str, Any]:
    total: Counter[str] = sum(of_areas.values(), Counter())
    published = total["published"]
    steps = [
        (_("本季公布的红牌"), published),
        (_("已启动撤回"), total["of-these-opened"]),
        (_("已公示"), total["of-these-displayed"]),
        (_("已决定撤回"), total["of-these-decided"]),
    ]
    none: Counter[str] = Counter()
    shares = {
        slug: Share(
            name, of_areas.get(slug, none)["red-enterprises"], of_areas.get(slug, none)["register"]
        )
        for slug, name in areas()
    }
    rows = [(slug, area(slug) or _("其他"), told) for slug, told in sorted(of_areas.items())]
    return {
        "name": name,
        "total": total,
        "steps": [Share(text, part, published) for text, part in steps],
        "map": shares,
        "rows": [(slug, text, told, _kept(told)) for slug, text, told in rows],
        "all_kept": _kept(total),
    }


def _kept(told: Counter[str]) -> tuple[str, str]:
    """Starts in time, and returns in time."""
    starts = _percent(told["started-in-time"], told["started-late"] + told["not-started"])
    return starts, _percent(told["return-kept"], told["return-late"])


def _percent(kept: int, late: int) -> str:
    return f"{kept}/{kept + late}" if kept + late else "–"


def _quarter_of(day: date) -> str:
    """The quarter of the day on which the figures were last counted has not been counted to its end."""
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def _sum(rows: list[Any], quarter: tuple[int, int]) -> int:
    return sum(row.figures.get("open", 0) for row in rows if (row.year, row.quarter) == quarter)
