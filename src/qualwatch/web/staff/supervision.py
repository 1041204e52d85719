"""Acts on a case besides its determination: supervisory contacts, proposing to lift a red card."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from qualwatch.cases.proposed_acts.actions import NewAct, propose_act
from qualwatch.cases.warnings.supervise import follow_up
from qualwatch.law.loader import current_law
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import FORM_METHODS, form_token, refusal, text_field
from qualwatch.web.staff.cases import CONTACT_KINDS, case_page
from qualwatch.web.staff.forms import Unreadable, check_has_read, uploaded_files
from qualwatch.web.staff.guards import REFUSALS, officer_page, visible_case
from qualwatch.web.staff.labels import CONSEQUENCES
from qualwatch.wording import gettext as _

# what a refusal is about -> the id of the field
CONTACT_FIELDS = {"kind": "kind", "because": "what"}
REVIEW_FIELDS = {"because": "because-review", "has_read": "has_read_review", "evidence": "evidence"}


@require_http_methods(FORM_METHODS)
@officer_page
def record_contact(request: HttpRequest, number: int) -> HttpResponse:
    """Records a visit, letter, call or meeting."""
    if request.method != "POST":
        return redirect("case", number=number)
    case = visible_case(request, number)
    kind = request.POST.get("kind", "")
    try:
        if kind not in CONTACT_KINDS:
            raise Unreadable(_("请选择督促的方式"), "kind")
        follow_up(
            case=case,
            kind=kind,
            what=request.POST.get("what", ""),
            by=account_of(request),
            at=timezone.now(),
            law=current_law(),
            form_token=form_token(request),
        )
    except REFUSALS as error:
        return case_page(request, case, [refusal(error, CONTACT_FIELDS)])
    messages.success(request, _("已记录。"))
    return redirect("case", number=number)


@require_http_methods(FORM_METHODS)
@officer_page
def propose_review(request: HttpRequest, number: int) -> HttpResponse:
    """Proposes to lift a red card; another person signs."""
    if request.method != "POST":
        return redirect("case", number=number)
    case = visible_case(request, number)
    by, because = account_of(request), text_field(request, "because")
    try:
        check_has_read(request)
        new = NewAct("review", because, uploaded_files(request, "evidence"), case=case)
        propose_act(
            new=new, by=by, law=current_law(), at=timezone.now(), read=CONSEQUENCES["review"]
        )
    except REFUSALS as error:
        same = case.proposed_acts.filter(kind="review", state="proposed", because=because)
        # a form sent twice
        if not same.filter(proposed_by=by.username).exists():
            return case_page(request, case, [refusal(error, REVIEW_FIELDS)])
    messages.success(request, _("已提出，等另一人审核签批。"))
    return redirect("case", number=number)


urlpatterns = [
    path("cases/<int:number>/follow-up", record_contact, name="follow-up"),
    path("cases/<int:number>/review", propose_review, name="review"),
]
