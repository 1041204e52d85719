"""The cases of a jurisdiction; one case with what may be done and why not; its history."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from qualwatch.cases.allowed_actions import AllowedActions
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.cases.notices.texts import STAGES, entry_label, name_of
from qualwatch.cases.queries import cases_visible_to, history_of
from qualwatch.law.loader import current_law
from qualwatch.procedure.state import CLOSED, STEPS
from qualwatch.reports.labels import VERDICTS, label_of
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import Refusal, form_token
from qualwatch.web.base.pictures import Milestone
from qualwatch.web.staff.guards import allowed_actions, officer_page, visible_case
from qualwatch.web.staff.labels import CONSEQUENCES, STATES
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

ROWS_OF_PAGE = 50
CASE_ACTS = {
    "red": _n("提出认定红牌"),
    "dismissed": _n("提出不予认定"),
    "extended": _n("提出延长整改"),
    "sign": _n("签批"),
    "return": _n("退回提出的认定"),
    "review": _n("复查解除"),
    "follow-up": _n("记录指导督促"),
}
CONTACT_KINDS = {
    "visit": _n("上门"),
    "letter": _n("发函"),
    "call": _n("电话"),
    "meeting": _n("约谈"),
}


@require_safe
@officer_page
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of the jurisdiction; filters stay in the address."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "state", "area")}
    visible = cases_visible_to(account_of(request)).prefetch_related("requirements")
    newest_first = _filtered(visible, filters).order_by("-opened_on", "-pk")
    page = Paginator(newest_first, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    area_names = {slug: area.name for slug, area in current_law().divisions.areas.items()}
    context = {
        "title": _("案件"),
        "filters": filters,
        "page": page,
        "cases": [(case, _(name_of(case))) for case in page],
        "areas": list(area_names.items()),
        "states": [(slug, _(text)) for slug, text in STATES.items()],
        "area_names": area_names,
    }
    return render(request, "staff/cases.html", context)


def _filtered(rows: QuerySet[Case], filters: dict[str, str]) -> QuerySet[Case]:
    state = filters["state"]
    rows = rows.filter(state=state) if state else rows.exclude(state="closed")
    if filters["area"]:
        rows = rows.filter(area=filters["area"])
    if text := filters["q"]:
        rows = rows.filter(Q(enterprise__icontains=text) | Q(credit_code=text.upper()))
    return rows


@require_safe
@officer_page
def case(request: HttpRequest, number: int) -> HttpResponse:
    """What has happened, what may be done, and why the rest may not."""
    return case_page(request, visible_case(request, number), [])


def case_page(request: HttpRequest, case: Case, errors: list[Refusal]) -> HttpResponse:
    """The page of a case; with errors, the answer to a form on it that was refused (422)."""
    view = allowed_actions(request, case)
    context = evidence_context(case, view) | {
        "acts": _acts(case, view),
        "milestones": _milestones(case, view.withdrawal),
        "applications": [
            (application, _(STAGES[application.stage]))
            for application in case.applications.order_by("-pk")
        ],
        "steps": STEPS,
        "errors": errors,
        "form": request.POST,
        "consequence_of_review": _(CONSEQUENCES["review"]),
        "form_token": form_token(request),
        "contact_kinds": [(slug, _(text)) for slug, text in CONTACT_KINDS.items()],
        "messages": messages.get_messages(request),
        "closed": _(CLOSED.get(case.closed_because, "")),
    }
    return render(request, "staff/case.html", context, status=422 if errors else 200)


@require_safe
@officer_page
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Everything that the journal has of a case, the newest first."""
    case = visible_case(request, number)
    newest_first = list(reversed(history_of(case)))
    page = Paginator(newest_first, ROWS_OF_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "page": page,
        "entries": [(entry, entry_label(entry.what)) for entry in page],
    }
    return render(request, "staff/history.html", context)


def evidence_context(case: Case, view: AllowedActions) -> dict[str, Any]:
    """What every page of a case shows: the figures at the warning and now, side by side."""
    rows = [
        {
            "requirement": requirement,
            "then": requirement.warned_figures,
            "now": view.figures.get(requirement.requirement, {}),
            "verdict": label_of(VERDICTS, view.verdicts.get(requirement.requirement, "")),
            "is_ripe": requirement.requirement in view.ripe,
        }
        for requirement in view.requirements
    ]
    return {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "view": view,
        "rows": rows,
        "proposal": view.proposal,
    }


def _acts(case: Case, view: AllowedActions) -> list[tuple[str, str, str]]:
    """(slug, name, why it may not be done) of every act on an open case."""
    if case.state == "closed":
        return []
    return [(slug, _(text), view.refusals[slug]) for slug, text in CASE_ACTS.items()]


def _milestones(case: Case, withdrawal: Withdrawal | None) -> list[Milestone]:
    """From yellow card to withdrawal; of a closed case only what was reached."""
    milestones = []
    if case.origin == "system":
        milestones += [
            Milestone(_("黄牌"), case.opened_on, "yellow"),
            Milestone(_("推送有凭证"), case.push_proved_on),
        ]
    milestones += [
        Milestone(_("公布红牌"), case.published_on, "red"),
        Milestone(_("责令整改送达"), case.order_served_on),
        Milestone(_("启动撤回"), withdrawal.opened_on if withdrawal else None),
        Milestone(_("决定撤回"), withdrawal.decided_on if withdrawal else None, "red"),
    ]
    if case.state != "closed":
        return milestones
    milestones.append(Milestone(_("结束"), case.closed_on))
    return [milestone for milestone in milestones if milestone.is_reached]


urlpatterns = [
    path("cases", cases, name="cases"),
    path("cases/<int:number>", case, name="case"),
    path("cases/<int:number>/history", history, name="case-history"),
]
