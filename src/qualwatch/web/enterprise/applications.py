"""Applications of an enterprise: objection, information repair, and taking one back."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from qualwatch.archive.contents import CannotStore
from qualwatch.cases.applications.actions import file_application, file_data_error, retract
from qualwatch.cases.applications.filing import CAUSES
from qualwatch.cases.applications.receiver import expected_answer
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Application, Case
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.tasks import DECIDE_APPLICATION
from qualwatch.law.loader import current_law
from qualwatch.procedure.checklists import LINES, lines_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import FORM_METHODS, Refusal, form_token, refusal
from qualwatch.web.enterprise.forms import fields_of, filing_of
from qualwatch.web.enterprise.guards import credit_code_of, enterprise_page, own_case
from qualwatch.wording import gettext as _

REFUSALS = (CannotStep, CannotStore, NotCompetent)
# the one line of evidence for wrong data without a warning
REGISTRATION = "registration"


@require_http_methods(FORM_METHODS)
@enterprise_page
def apply_against_warning(request: HttpRequest, number: int) -> HttpResponse:
    """Objection or information repair: what is wrong, with evidence for every line."""
    case = own_case(request, number)
    requirements = [
        requirement.requirement
        for requirement in case.requirements.all()
        if requirement.recovered_on is None or case.state == "red"
    ]
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            application = file_application(
                case=case,
                filing=filing_of(request, requirements),
                by=account_of(request),
                law=current_law(),
                at=timezone.now(),
            )
        except REFUSALS as error:
            errors.append(refusal(error, fields_of(requirements)))
        else:
            sentence = _("已收到你的申请，编号 {number}。回执在下面“还没有打开的通知”里。")
            messages.success(request, sentence.format(number=application.number))
            return redirect("own-case", number=number)
    context = _form_context(request, errors, case, requirements) | {
        "title": _("对预警提出申请"),
        "name": _(name_of(case)),
    }
    return render(request, "enterprise/answer.html", context, status=422 if errors else 200)


@require_http_methods(FORM_METHODS)
@enterprise_page
def report_data_error(request: HttpRequest) -> HttpResponse:
    """Information repair without a warning: register data that are wrong."""
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            application = file_data_error(
                filing=filing_of(request, [REGISTRATION]),
                by=account_of(request),
                law=current_law(),
                at=timezone.now(),
            )
        except REFUSALS as error:
            fields = fields_of([REGISTRATION]) | {"evidence": "file-registration-registration"}
            errors.append(refusal(error, fields))
        else:
            sentence = _("已收到你的申请，编号 {number}。").format(number=application.number)
            messages.success(request, sentence)
            return redirect("own")
    context = _form_context(request, errors, None, []) | {
        "title": _("登记信息有误，申请信息修复"),
        "name": "",
    }
    return render(request, "enterprise/answer.html", context, status=422 if errors else 200)


@require_http_methods(FORM_METHODS)
@enterprise_page
def retract_application(request: HttpRequest, number: int) -> HttpResponse:
    """Takes an undecided application back."""
    applications = Application.objects.filter(pk=number, credit_code=credit_code_of(request))
    application = applications.select_related("case").first()
    if application is None:
        raise Http404
    if request.method == "POST":
        _retract(request, application)
    if application.case_id:
        return redirect("own-case", number=application.case_id)
    return redirect("own")


def _retract(request: HttpRequest, application: Application) -> None:
    try:
        retract(
            application=application, by=account_of(request), law=current_law(), at=timezone.now()
        )
    except REFUSALS as error:
        application.refresh_from_db(fields=["stage"])
        # a form sent twice is no error
        if application.stage != "retracted":
            messages.error(request, str(error))
            return
    messages.success(request, _("申请 {number} 已撤回。").format(number=application.number))


def _form_context(
    request: HttpRequest, errors: list[Refusal], case: Case | None, requirements: Sequence[str]
) -> dict[str, Any]:
    """The form, what was entered, and who will answer by when."""
    answer = expected_answer(credit_code_of(request), case, current_law(), timezone.now())
    return {
        "errors": errors,
        "form": request.POST,
        "form_token": form_token(request),
        "case": case,
        "causes": [(slug, _(text)) for slug, text in CAUSES.items()],
        "requirements": [(requirement, lines_of(requirement)) for requirement in requirements],
        "line_names": {slug: _(text) for slug, text in LINES.items()},
        "answer": answer,
        "is_decided_at_once": answer.task == DECIDE_APPLICATION,
    }


urlpatterns = [
    path("own/cases/<int:number>/answer", apply_against_warning, name="own-answer"),
    path("own/data-error", report_data_error, name="own-data-error"),
    path("own/applications/<int:number>/retract", retract_application, name="own-retract"),
]
