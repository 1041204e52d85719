"""The documents of a case and their service."""

from collections.abc import Mapping
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from qualwatch.cases.models import Case, Document, Task
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.tasks import SERVE, SERVE_ORDER
from qualwatch.procedure.service import FAILURES, METHODS
from qualwatch.web.staff.guards import officer_page, visible_case
from qualwatch.wording import gettext as _

MAX_DOCUMENTS = 50
ORDER = "order-to-rectify"


@require_safe
@officer_page
def case_documents(request: HttpRequest, number: int) -> HttpResponse:
    """The newest documents of a case, each with its attempts at service."""
    case = visible_case(request, number)
    documents = Document.objects.filter(case=case).prefetch_related("services").order_by("-pk")
    due = _days_to_serve(case)
    context = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "documents": [
            (document, _service_state(document, due), _services(document))
            for document in documents[:MAX_DOCUMENTS]
        ],
        "failures": {slug: _(text) for slug, text in FAILURES.items()},
    }
    return render(request, "staff/documents.html", context)


def _services(document: Document) -> list[tuple[object, str]]:
    """Each attempt with the name of its method."""
    return [(service, _(METHODS[service.method].name)) for service in document.services.all()]


def _days_to_serve(case: Case) -> dict[str, date]:
    """By document number, and by kind for the order, the day by which a task has to serve it."""
    tasks = Task.objects.filter(
        case=case, completed_on=None, kind__in=(SERVE, SERVE_ORDER), due_on__isnull=False
    )
    return {
        ORDER if task.kind == SERVE_ORDER else task.detail.rpartition(" ")[0]: task.due_on
        for task in tasks
        if task.due_on is not None
    }


def _service_state(document: Document, due: Mapping[str, date]) -> str:
    if document.voided_on:
        return _("已作废")
    services = list(document.services.all())
    days = [service.proved_on for service in services if service.proved_on]
    if days:
        return _("已于 {day} 送达").format(day=days[0])
    is_under_way = any(service.failed_on is None for service in services)
    state = _("送达中") if is_under_way else _("未送达")
    day = due.get(ORDER if document.kind == ORDER else document.number)
    return state + (_("，应于 {day} 前送达").format(day=day) if day else "")


urlpatterns = [path("cases/<int:number>/documents", case_documents, name="case-documents")]
