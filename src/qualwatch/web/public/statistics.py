"""Figures by quarter, with pictures; every number is a sum of rows that stand below it."""

from collections import Counter
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from qualwatch.publication import queries
from qualwatch.reports.overview import Share
from qualwatch.web.ground.kept import kept_while
from qualwatch.web.public.views import area, areas
from qualwatch.wording import gettext as _


@kept_while(queries.version)
def statistics(request: HttpRequest) -> HttpResponse:
    """The newest quarter, or the one asked for."""
    rows = queries.figures()
    quarters = list(dict.fromkeys((one.year, one.quarter) for one in rows))
    names = [
        (f"{year}Q{number}", _("{year}年第{number}季度").format(year=year, number=number)) for year, number in quarters
    ]
    asked = request.GET.get("quarter", "") or (names[0][0] if names else "")
    if asked and asked not in dict(names):
        raise Http404
    told: dict[str, Any] = {"title": _("红牌和撤回情况统计"), "quarters": names, "asked": asked}
    if asked:
        of_areas = {one.area: Counter(one.figures) for one in rows if f"{one.year}Q{one.quarter}" == asked}
        told |= _quarter(of_areas, dict(names)[asked])
        told["course"] = [(f"{one[0]}Q{one[1]}", _sum(rows, one)) for one in reversed(quarters)]
    return render(request, "public/statistics.html", told)


def _quarter(of_areas: dict[str, Counter[str]], name: str) -> dict[str, Any]:
    total: Counter[str] = sum(of_areas.values(), Counter())
    everybody = queries.enterprises_by_area()
    all_red = total["carried"] + total["published"]
    steps = [(_("红牌"), all_red), (_("未解除"), all_red - total["cleared"]), (_("拟撤回公示"), total["displayed"]),
             (_("决定撤回"), total["decided"])]  # fmt: skip
    shares = {
        slug: Share(name, of_areas.get(slug, Counter())["open"], everybody.get(slug, 0)) for slug, name in areas()
    }
    return {
        "name": name, "total": total, "all_red": all_red, "steps": [Share(text, part, all_red) for text, part in steps],
        "map": shares, "rows": [(area(slug) or _("其他"), told) for slug, told in sorted(of_areas.items())],
        "in_time": _percent(total["started-in-time"], total["started-late"] + total["not-started"]),
        "returned": _percent(total["return-kept"], total["return-late"]),
    }  # fmt: skip


def _percent(kept: int, late: int) -> str:
    return f"{100 * kept / (kept + late):.0f}%" if kept + late else "–"


def _sum(rows: list[Any], quarter: tuple[int, int]) -> int:
    return sum(one.figures.get("open", 0) for one in rows if (one.year, one.quarter) == quarter)
