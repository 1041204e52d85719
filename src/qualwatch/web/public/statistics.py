"""Figures by quarter, with pictures; every number is a sum of rows that stand below it."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from qualwatch.publication import queries
from qualwatch.publication.models import QuarterFigures
from qualwatch.reports.overview import Share
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import area_name, area_names
from qualwatch.wording import gettext as _


@cached_while(queries.version)
def statistics(request: HttpRequest) -> HttpResponse:
    """The quarter of the address, or the newest one."""
    rows = queries.figures()
    names = _quarter_names(rows)
    newest = next(iter(names), "")
    quarter = request.GET.get("quarter", "") or newest
    context: dict[str, Any] = {
        "title": _("红牌和撤回情况统计"),
        "quarters": list(names.items()),
        "quarter": quarter,
    }
    if quarter:
        if quarter not in names:
            raise Http404
        context |= {"name": names[quarter], **_quarter_context(rows, quarter)}
        context |= _counting_day(quarter)
        context["history"] = [(slug, _open_cards(rows, slug)) for slug in reversed(names)]
    return render(request, "public/statistics.html", context)


def _slug(row: QuarterFigures) -> str:
    return f"{row.year}Q{row.quarter}"


def _quarter_names(rows: Iterable[QuarterFigures]) -> dict[str, str]:
    """Slug -> name of every quarter with figures, the newest first."""
    return {
        _slug(row): _("{year}年第{number}季度").format(year=row.year, number=row.quarter)
        for row in rows
    }


def _counting_day(quarter: str) -> dict[str, Any]:
    """The day until which figures are counted, and whether the quarter was still running then."""
    freshness = queries.freshness_on(timezone.localdate())
    is_running = freshness is None or quarter >= _quarter_of(freshness.day)
    return {"counted_on": freshness.day if freshness else None, "is_running": is_running}


def _quarter_of(day: date) -> str:
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def _open_cards(rows: Iterable[QuarterFigures], quarter: str) -> int:
    return sum(row.figures.get("open", 0) for row in rows if _slug(row) == quarter)


def _quarter_context(rows: Iterable[QuarterFigures], quarter: str) -> dict[str, Any]:
    figures_by_area = {row.area: Counter(row.figures) for row in rows if _slug(row) == quarter}
    total: Counter[str] = sum(figures_by_area.values(), Counter())
    return {
        "total": total,
        "steps": _steps(total),
        "map": _shares(figures_by_area),
        "rows": [
            (area, area_name(area) or _("其他"), figures, *_punctuality(figures))
            for area, figures in sorted(figures_by_area.items())
        ],
        "total_row": ("", _("全省"), total, *_punctuality(total)),
    }


def _steps(total: Counter[str]) -> list[Share]:
    """How far the red cards published in the quarter have come."""
    published = total["published"]
    steps = [
        (_("本季公布的红牌"), published),
        (_("已启动撤回"), total["of-these-opened"]),
        (_("已公示"), total["of-these-displayed"]),
        (_("已决定撤回"), total["of-these-decided"]),
    ]
    return [Share(name, number, published) for name, number in steps]


def _shares(figures_by_area: dict[str, Counter[str]]) -> dict[str, Share]:
    """By area: enterprises with a red card, of those registered."""
    no_figures: Counter[str] = Counter()
    shares = {}
    for slug, name in area_names():
        figures = figures_by_area.get(slug, no_figures)
        shares[slug] = Share(name, figures["red-enterprises"], figures["register"])
    return shares


def _punctuality(figures: Counter[str]) -> tuple[str, str]:
    """Withdrawals started in time, and returns sent in time, each of all that were due."""
    late_starts = figures["started-late"] + figures["not-started"]
    return (
        _in_time(figures["started-in-time"], late_starts),
        _in_time(figures["return-in-time"], figures["return-late"]),
    )


def _in_time(in_time: int, late: int) -> str:
    return f"{in_time}/{in_time + late}" if in_time + late else "–"


urlpatterns = [path("statistics", statistics, name="statistics")]
