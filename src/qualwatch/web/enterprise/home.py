"""The enterprise's first page: its items with cards and days left, notices, applications."""

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from qualwatch.cases.models import UNDECIDED, Application, Notice
from qualwatch.web.access import account_of
from qualwatch.web.enterprise.guards import credit_code_of, enterprise_page
from qualwatch.web.enterprise.overview import rows_of, verdict_text, with_stages

MAX_LISTED = 50
DOUBTFUL_VERDICTS = ("cannot-say", "manual")


@require_safe
@enterprise_page
def home(request: HttpRequest) -> HttpResponse:
    """Every item with its card, what the enterprise must do, and what it has received."""
    organisation = account_of(request).organisation
    code = credit_code_of(request)
    rows = rows_of(code, timezone.localdate())
    unread, opened = _notices(code)
    applications = list(Application.objects.filter(credit_code=code).order_by("-pk")[:MAX_LISTED])
    findings = [finding for row in rows for finding in row.findings]
    context = {
        "title": organisation.name if organisation else code,
        "code": code,
        "rows": rows,
        "red": sum(row.card == "red" for row in rows),
        "yellow": sum(row.card == "yellow" for row in rows),
        "unread": unread,
        "notices": opened,
        "unsure": sum(finding.verdict in DOUBTFUL_VERDICTS for finding in findings),
        "applications": with_stages(applications),
        "cases_with_application": {
            application.case_id for application in applications if application.stage in UNDECIDED
        },
        "verdict_text": verdict_text,
        "messages": messages.get_messages(request),
    }
    return render(request, "enterprise/home.html", context)


def _notices(code: str) -> tuple[list[Notice], list[Notice]]:
    """The newest notices, unopened and opened; the unopened take precedence."""
    unread_first = F("first_opened_at").asc(nulls_first=True)
    rows = Notice.objects.filter(credit_code=code).order_by(unread_first, "-posted_at", "-pk")
    notices = list(rows[:MAX_LISTED])
    unread = [notice for notice in notices if notice.first_opened_at is None]
    opened = [notice for notice in notices if notice.first_opened_at]
    return unread, sorted(opened, key=lambda notice: notice.posted_at, reverse=True)


urlpatterns = [path("own", home, name="own")]
