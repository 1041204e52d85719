"""The documents of a case and their service."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from qualwatch.cases.models import Document
from qualwatch.cases.notices.texts import name_of
from qualwatch.procedure.service import FAILURES, METHODS
from qualwatch.web.staff.guards import officer_page, visible_case
from qualwatch.wording import gettext as _

MAX_DOCUMENTS = 50


@require_safe
@officer_page
def case_documents(request: HttpRequest, number: int) -> HttpResponse:
    """The newest documents of a case, each with its attempts at service."""
    case = visible_case(request, number)
    documents = Document.objects.filter(case=case).prefetch_related("services").order_by("-pk")
    context = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "documents": [
            (document, _service_state(document), _services(document))
            for document in documents[:MAX_DOCUMENTS]
        ],
        "failures": {slug: _(text) for slug, text in FAILURES.items()},
    }
    return render(request, "staff/documents.html", context)


def _services(document: Document) -> list[tuple[object, str]]:
    """Each attempt with the name of its method."""
    return [(service, _(METHODS[service.method].name)) for service in document.services.all()]


def _service_state(document: Document) -> str:
    if document.voided_on:
        return _("已作废")
    services = list(document.services.all())
    days = [service.proved_on for service in services if service.proved_on]
    if days:
        return _("已于 {day} 送达").format(day=days[0])
    is_under_way = any(service.failed_on is None for service in services)
    return _("送达中") if is_under_way else _("未送达")


urlpatterns = [path("cases/<int:number>/documents", case_documents, name="case-documents")]
