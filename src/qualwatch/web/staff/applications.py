"""An application on an officer's desk: examined by the city, verified and decided by the province."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.accounts.models import Account
from qualwatch.cases.allowed_actions import application_why_not
from qualwatch.cases.applications.actions import CAUSES, agree, refuse, uphold, verify
from qualwatch.cases.applications.repairs import digest_of
from qualwatch.cases.documents.attachments import may_see_paper
from qualwatch.cases.models import UNDECIDED, Application, Task
from qualwatch.cases.notices.texts import STAGES, name_of
from qualwatch.law.loader import current_law
from qualwatch.procedure.checklists import LINES
from qualwatch.registers.acceptances import CannotAccept
from qualwatch.registers.corrections import CannotCorrect
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import LONGEST, Refusal, refusal
from qualwatch.web.staff.forms import Unreadable, repairs
from qualwatch.web.staff.labels import CORRECTED, words_of
from qualwatch.web.staff.rows import MOST, Row, rows_of
from qualwatch.web.staff.views import REFUSALS, staff
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

ACTS = {
    "agree": _n("市级审查同意"),
    "verify": _n("经办核实"),
    "uphold": _n("签批予以支持"),
    "refuse": _n("不予支持"),
}
CONSEQUENCES = {
    "uphold": _n("签批后登记立即修复，企业立即重新核查；达标的预警解除，公布的红牌撤下。"),
    "refuse": _n("决定书送达企业，预警继续；企业可以申请复议或者起诉。"),
}
ALL_REFUSALS = (*REFUSALS, CannotCorrect, CannotAccept)


@require_safe
@staff
def of_task(request: HttpRequest, number: int) -> HttpResponse:
    """The application that a task is about."""
    task = Task.objects.filter(pk=number).select_related("case").first()
    if task is None:
        raise Http404
    applications = Application.objects.filter(stage__in=UNDECIDED)
    application = (
        applications.filter(case=task.case)
        if task.case
        else applications.filter(number=task.detail)
    ).first()
    if application is None or not may_see_paper(account_of(request), application):
        raise Http404
    return redirect("application", number=application.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
def application(request: HttpRequest, number: int) -> HttpResponse:
    """What was asked, with which evidence, and what may be answered."""
    account = account_of(request)
    found = (
        Application.objects.filter(pk=number)
        .select_related("case")
        .prefetch_related("attachments")
        .first()
    )
    if found is None or not may_see_paper(account, found):
        raise Http404
    word = request.GET.get("row", "").strip()[:LONGEST]
    why_not = application_why_not(found, account) if found.stage in UNDECIDED else {}
    rows = (
        rows_of(found.credit_code) if found.proposed_repairs or why_not.get("verify") == "" else {}
    )
    offered = [(place, row.name) for place, row in rows.items() if word in row.name]
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            done = _act(request, found, account, rows)
        except ALL_REFUSALS as why:
            if done := _done_already(found, account, request.POST.get("act", "")):
                messages.success(request, done)
                return redirect("application", number=number)
            errors.append(refusal(why, _places(request.POST.get("act", ""))))
        else:
            messages.success(request, done)
            return redirect("application", number=number)
    told = {
        "title": _("申请 {number}").format(number=found.number),
        "one": found,
        "errors": errors,
        "told": request.POST,
        "cause": _(CAUSES[found.cause]),
        "stage": _(STAGES[found.stage]),
        "name": _(name_of(found.case)) if found.case else _("登记信息"),
        "checklist": [
            (requirement, _(LINES[line]), answer) for requirement, line, answer in found.checklist
        ],
        "attachments": list(found.attachments.all()),
        "rows": offered[:MOST],
        "fields": _fields(),
        "values": [
            (_(text), _("、").join(words))
            for table in CORRECTED.values()
            for slug, text in table.items()
            if (words := words_of(slug).values())
        ],
        "repairs": _repairs(found, rows),
        "digest": digest_of(found.proposed_repairs),
        "why_not": why_not,
        "word": word,
        "is_cut": len(offered) > MOST,
        "acts": [(slug, _(text), why_not[slug]) for slug, text in ACTS.items() if slug in why_not],
        "ends": {slug: _(text) for slug, text in CONSEQUENCES.items()},
        "is_open": found.stage in UNDECIDED,
        "said": messages.get_messages(request),
    }
    return render(request, "staff/application.html", told, status=422 if errors else 200)


def _act(request: HttpRequest, application: Application, by: Account, rows: dict[str, Row]) -> str:
    told: dict[str, Any] = {
        "application": application,
        "because": request.POST.get("because", "").strip(),
        "by": by,
        "law": current_law(),
        "at": timezone.now(),
    }
    match act := request.POST.get("act", ""):
        case "agree":
            agree(**told)
            return _said("agree")
        case "verify":
            verify(
                repairs=repairs(request, {place: row.key for place, row in rows.items()}), **told
            )
            return _("已核实，等审核签批。")
        case "uphold":
            _check_read(request)
            uphold(read=CONSEQUENCES["uphold"], repairs=request.POST.get("repairs", ""), **told)
            return _said(act)
        case "refuse":
            _check_read(request)
            refuse(read=CONSEQUENCES["refuse"], **told)
            return _said(act)
    raise Unreadable(_("请选择怎样办理"), "act")


def _said(act: str) -> str:
    """What an act has done."""
    told = {
        "agree": _("已出具同意的审查意见，报省厅。"),
        "uphold": _("已予以支持，登记已修复，企业已重新核查。"),
        "refuse": _("已不予支持，决定书送企业。"),
    }
    return told[act]


def _done_already(application: Application, by: Account, act: str) -> str:
    """What was done, where just this act of this account stands on record: sent twice, it is done once."""
    application.refresh_from_db(fields=["stage", "opinion_by", "decided_by"])
    who = {
        "agree": ("agreed", application.opinion_by),
        "uphold": ("upheld", application.decided_by),
        "refuse": ("refused", application.decided_by),
    }
    return _said(act) if who.get(act) == (application.stage, by.username) else ""


def _places(act: str) -> dict[str, str]:
    """What a refusal of an act is about -> the id of its field."""
    return {
        "because": f"because-{act}",
        "has_read": f"read-{act}",
        "row": "row",
        "review_on": "review_on",
        "value": "value",
    }


def _check_read(request: HttpRequest) -> None:
    if not request.POST.get("has_read"):
        raise Unreadable(_("请先阅读后果并勾选"), "has_read")


def _fields() -> list[tuple[str, str]]:
    names: dict[str, str] = {}
    for table in CORRECTED.values():
        names |= table
    return [(slug, _(text)) for slug, text in names.items()]


def _repairs(application: Application, rows: dict[str, Row]) -> list[str]:
    """What an officer has verified, in words."""
    if application.proposed_repairs is None:
        return []
    told = []
    for proposed_repair in application.proposed_repairs["corrections"]:
        same = (
            row.name
            for place, row in rows.items()
            if place.startswith(proposed_repair["table"]) and _same(row.key, proposed_repair["key"])
        )
        row = next(same, str(proposed_repair["key"]))
        field = CORRECTED.get(proposed_repair["table"], {}).get(
            proposed_repair["field"], proposed_repair["field"]
        )
        told.append(
            _("{row}：{field}改为 {value}（{document}）").format(
                row=row,
                field=_(field),
                value=words_of(proposed_repair["field"]).get(
                    proposed_repair["value"], proposed_repair["value"]
                ),
                document=proposed_repair["document"],
            )
        )
    told = told or [_("认可现有人数，不更正登记")]
    return [*told, _("复核日 {day}").format(day=application.proposed_repairs["review_on"])]


def _same(key: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether two keys are one, also where the one has been stored as texts."""
    return {name: str(value) for name, value in key.items()} == {
        name: str(value) for name, value in told.items()
    }
