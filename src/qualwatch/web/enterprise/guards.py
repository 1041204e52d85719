"""Who may open an enterprise page, and what belongs to the enterprise that asks."""

from django.http import Http404, HttpRequest

from qualwatch.cases.models import Case
from qualwatch.web.access import account_of, capability_required

enterprise_page = capability_required("see-own")


def credit_code_of(request: HttpRequest) -> str:
    """The credit code of the enterprise that asks."""
    organisation = account_of(request).organisation
    return organisation.credit_code if organisation else ""


def own_case(request: HttpRequest, number: int) -> Case:
    """A case of the enterprise that asks; Http404 for every other one."""
    cases = Case.objects.filter(pk=number, credit_code=credit_code_of(request))
    case = cases.prefetch_related("requirements", "applications").first()
    if case is None:
        raise Http404
    return case
