"""The key-supervision list: running projects of enterprises with a red card (notice 3(3))."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from qualwatch.cases.eligibility.measures import supervised_projects
from qualwatch.law.loader import Law, current_law
from qualwatch.web.access import account_of
from qualwatch.web.staff.guards import officer_page
from qualwatch.wording import gettext as _

ROWS_OF_PAGE = 50


@require_safe
@officer_page
def key_supervision(request: HttpRequest) -> HttpResponse:
    """The projects in the account's area, each with the enterprise's red cards."""
    law = current_law()
    projects = supervised_projects(account_of(request), on=timezone.localdate(), law=law)
    page = Paginator(projects, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("重点监管"),
        "page": page,
        "projects": [
            (project, _place(project.division_code or "", law), cases) for project, cases in page
        ],
    }
    return render(request, "staff/key_supervision.html", context)


def _place(division_code: str, law: Law) -> str:
    division = law.divisions.divisions.get(division_code)
    return division.name if division else _("地点不明")


urlpatterns = [path("key-supervision", key_supervision, name="key-supervision")]
