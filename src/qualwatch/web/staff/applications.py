"""An application: examined by the city, verified and decided by the province."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.cases.allowed_actions import refusals_of_application
from qualwatch.cases.applications.actions import agree, refuse, uphold, verify
from qualwatch.cases.applications.filing import CAUSES
from qualwatch.cases.applications.repairs import digest_of
from qualwatch.cases.documents.attachments import may_see_paper
from qualwatch.cases.models import UNDECIDED, Application, Task
from qualwatch.cases.notices.texts import STAGES, name_of
from qualwatch.law.loader import current_law
from qualwatch.procedure.checklists import LINES
from qualwatch.registers.acceptances import CannotAccept
from qualwatch.registers.corrections import CannotCorrect
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import (
    FORM_METHODS,
    LONGEST_TEXT,
    refusal,
    text_field,
)
from qualwatch.web.staff.forms import check_has_read, repairs_form
from qualwatch.web.staff.guards import REFUSALS, officer_page
from qualwatch.web.staff.labels import CORRECTABLE_FIELDS, labels_of_field
from qualwatch.web.staff.register_rows import MAX_ROWS, RegisterRow, rows_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

APPLICATION_ACTS = {
    "agree": _n("市级审查同意"),
    "verify": _n("经办核实"),
    "uphold": _n("签批予以支持"),
    "refuse": _n("不予支持"),
}
CONSEQUENCES = {
    "uphold": _n("签批后登记立即修复，企业立即重新核查；达标的预警解除，公布的红牌撤下。"),
    "refuse": _n("决定书送达企业，预警继续；企业可以申请复议或者起诉。"),
}
APPLICATION_REFUSALS = (*REFUSALS, CannotCorrect, CannotAccept)


@require_safe
@officer_page
def application_of_task(request: HttpRequest, number: int) -> HttpResponse:
    """Redirects to the application that a task is about."""
    task = Task.objects.filter(pk=number).select_related("case").first()
    if task is None:
        raise Http404
    undecided = Application.objects.filter(stage__in=UNDECIDED)
    # an application without a case is named by its number
    of_task = (
        undecided.filter(case=task.case) if task.case else undecided.filter(number=task.detail)
    )
    application = of_task.first()
    if application is None or not may_see_paper(account_of(request), application):
        raise Http404
    return redirect("application", number=application.pk)


@require_safe
@officer_page
def application(request: HttpRequest, number: int) -> HttpResponse:
    """What was applied for, with which evidence, and what may be done."""
    return _application_page(request, _visible_application(request, number))


@require_http_methods(FORM_METHODS)
@officer_page
def agree_with_application(request: HttpRequest, number: int) -> HttpResponse:
    """The city's opinion: it agrees, and the province verifies."""
    if request.method != "POST":
        return redirect("application", number=number)
    application = _visible_application(request, number)
    try:
        agree(**_act_arguments(request, application))
    except APPLICATION_REFUSALS as error:
        if not _is_recorded(request, application, "agreed"):
            return _application_page(request, application, "agree", error)
    messages.success(request, _("已出具同意的审查意见，报省厅。"))
    return redirect("application", number=number)


@require_http_methods(FORM_METHODS)
@officer_page
def verify_application(request: HttpRequest, number: int) -> HttpResponse:
    """An officer of the province verifies, and says how the register is to be repaired."""
    if request.method != "POST":
        return redirect("application", number=number)
    application = _visible_application(request, number)
    try:
        keys = {row_id: row.key for row_id, row in rows_of(application.credit_code).items()}
        verify(repairs=repairs_form(request, keys), **_act_arguments(request, application))
    except APPLICATION_REFUSALS as error:
        return _application_page(request, application, "verify", error)
    messages.success(request, _("已核实，等审核签批。"))
    return redirect("application", number=number)


@require_http_methods(FORM_METHODS)
@officer_page
def uphold_application(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer of the province signs the repair."""
    if request.method != "POST":
        return redirect("application", number=number)
    application = _visible_application(request, number)
    try:
        check_has_read(request)
        uphold(
            read=CONSEQUENCES["uphold"],
            repairs_digest=request.POST.get("repairs", ""),
            **_act_arguments(request, application),
        )
    except APPLICATION_REFUSALS as error:
        if not _is_recorded(request, application, "upheld"):
            return _application_page(request, application, "uphold", error)
    messages.success(request, _("已予以支持，登记已修复，企业已重新核查。"))
    return redirect("application", number=number)


@require_http_methods(FORM_METHODS)
@officer_page
def refuse_application(request: HttpRequest, number: int) -> HttpResponse:
    """The deciding authority refuses, with reasons."""
    if request.method != "POST":
        return redirect("application", number=number)
    application = _visible_application(request, number)
    try:
        check_has_read(request)
        refuse(read=CONSEQUENCES["refuse"], **_act_arguments(request, application))
    except APPLICATION_REFUSALS as error:
        if not _is_recorded(request, application, "refused"):
            return _application_page(request, application, "refuse", error)
    messages.success(request, _("已不予支持，决定书送企业。"))
    return redirect("application", number=number)


def _visible_application(request: HttpRequest, number: int) -> Application:
    rows = Application.objects.filter(pk=number).select_related("case")
    application = rows.prefetch_related("attachments").first()
    if application is None or not may_see_paper(account_of(request), application):
        raise Http404
    return application


def _act_arguments(request: HttpRequest, application: Application) -> dict[str, Any]:
    """The arguments that every act on an application takes."""
    return {
        "application": application,
        "because": text_field(request, "because"),
        "by": account_of(request),
        "law": current_law(),
        "at": timezone.now(),
    }


def _is_recorded(request: HttpRequest, application: Application, stage: str) -> bool:
    """Whether this account has done so already: then the same form was sent again."""
    application.refresh_from_db(fields=["stage", "opinion_by", "decided_by"])
    by = application.opinion_by if stage == "agreed" else application.decided_by
    return (application.stage, by) == (stage, account_of(request).username)


def _fields(act: str) -> dict[str, str]:
    """What a refusal of an act is about -> the id of its field."""
    return {
        "because": f"because-{act}",
        "has_read": f"read-{act}",
        "row": "row",
        "review_on": "review_on",
        "value": "value",
    }


def _application_page(
    request: HttpRequest, application: Application, act: str = "", error: Exception | None = None
) -> HttpResponse:
    """The page of an application; with an error, the answer to an act that was refused (422)."""
    errors = [refusal(error, _fields(act))] if error else []
    is_open = application.stage in UNDECIDED
    refusals = refusals_of_application(application, account_of(request)) if is_open else {}
    # rows are read only where they are shown: they cost queries
    needs_rows = refusals.get("verify") == "" or application.proposed_repairs
    rows = rows_of(application.credit_code) if needs_rows else {}
    context = {
        "title": _("申请 {number}").format(number=application.number),
        "application": application,
        "errors": errors,
        "form": request.POST,
        "is_open": is_open,
        "refusals": refusals,
        "act": act,
        "acts": [
            (slug, _(text), refusals[slug])
            for slug, text in APPLICATION_ACTS.items()
            if slug in refusals
        ],
        "consequences": {slug: _(text) for slug, text in CONSEQUENCES.items()},
        "repairs": _repair_sentences(application, rows),
        "digest": digest_of(application.proposed_repairs),
        "messages": messages.get_messages(request),
        **_filing_context(application),
        **_choices_of_verification(request, rows),
    }
    return render(request, "staff/application.html", context, status=422 if errors else 200)


def _filing_context(application: Application) -> dict[str, Any]:
    """What the enterprise handed in, in words."""
    case = application.case
    return {
        "cause": _(CAUSES[application.cause]),
        "stage": _(STAGES[application.stage]),
        "name": _(name_of(case)) if case else _("登记信息"),
        "checklist": [
            (requirement, _(LINES[line]), answer)
            for requirement, line, answer in application.checklist
        ],
        "attachments": list(application.attachments.all()),
    }


def _choices_of_verification(request: HttpRequest, rows: dict[str, RegisterRow]) -> dict[str, Any]:
    """Register rows whose names hold the word searched for, and the fields that can be set."""
    word = request.GET.get("row", "").strip()[:LONGEST_TEXT]
    choices = [(row_id, row.name) for row_id, row in rows.items() if word in row.name]
    names = _field_names()
    return {
        "rows": choices[:MAX_ROWS],
        "is_cut": len(choices) > MAX_ROWS,
        "word": word,
        "fields": list(names.items()),
        "allowed_values": [
            (names[field], _("、").join(words))
            for table in CORRECTABLE_FIELDS.values()
            for field in table
            if (words := labels_of_field(field).values())
        ],
    }


def _field_names() -> dict[str, str]:
    """Every field that can be corrected, in whichever table, by name."""
    return {
        field: _(text) for table in CORRECTABLE_FIELDS.values() for field, text in table.items()
    }


def _repair_sentences(application: Application, rows: dict[str, RegisterRow]) -> list[str]:
    """What an officer has verified, in words."""
    proposed = application.proposed_repairs
    if proposed is None:
        return []
    sentences = [_correction_sentence(correction, rows) for correction in proposed["corrections"]]
    return [
        *(sentences or [_("认可现有人数，不更正登记")]),
        _("复核日 {day}").format(day=proposed["review_on"]),
    ]


def _correction_sentence(correction: dict[str, Any], rows: dict[str, RegisterRow]) -> str:
    table = correction["table"]
    field = correction["field"]
    value = correction["value"]
    row_names = (
        row.name
        for row_id, row in rows.items()
        if row_id.startswith(table) and _is_same_key(row.key, correction["key"])
    )
    return _("{row}：{field}改为 {value}（{document}）").format(
        row=next(row_names, str(correction["key"])),
        field=_(CORRECTABLE_FIELDS.get(table, {}).get(field, field)),
        value=labels_of_field(field).get(value, value),
        document=correction["document"],
    )


def _is_same_key(key: dict[str, Any], stored_key: dict[str, Any]) -> bool:
    """Whether two keys are one, also where the stored one has texts for days and numbers."""
    return _texts_of(key) == _texts_of(stored_key)


def _texts_of(key: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in key.items()}


urlpatterns = [
    path("tasks/<int:number>/application", application_of_task, name="application-of-task"),
    path("applications/<int:number>", application, name="application"),
    path("applications/<int:number>/agree", agree_with_application, name="application-agree"),
    path("applications/<int:number>/verify", verify_application, name="application-verify"),
    path("applications/<int:number>/uphold", uphold_application, name="application-uphold"),
    path("applications/<int:number>/refuse", refuse_application, name="application-refuse"),
]
