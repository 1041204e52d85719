"""Acts that one person proposed: listed by case, read, signed, returned or taken back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.cases.models import ProposedAct
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.proposed_acts.actions import retract_act, return_act, sign_act
from qualwatch.cases.proposed_acts.kinds import ACT_KINDS
from qualwatch.cases.proposed_acts.queries import acts_visible_to, refusal_to_sign
from qualwatch.law.loader import current_law
from qualwatch.procedure.state import CLOSED
from qualwatch.reports.labels import REQUIREMENTS, label_of
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import FORM_METHODS, Refusal, refusal, text_field
from qualwatch.web.staff.evidence_files import files_for
from qualwatch.web.staff.forms import check_has_read
from qualwatch.web.staff.guards import REFUSALS, officer_page, visible_case
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

DECISION_FIELDS = {"because": "because", "has_read": "has_read", "evidence-unread": "evidence"}
ACT_STATES = {
    "proposed": _n("等待签批"),
    "signed": _n("已签批"),
    "returned": _n("已退回"),
    "void": _n("已失效"),
}
PAYLOAD_LABELS = {
    "code": _n("终结原因"),
    "received_on": _n("收到复议或判决的日期"),
    "referred_to": _n("移送单位"),
    "is_urgent": _n("紧急"),
}


@require_safe
@officer_page
def case_acts(request: HttpRequest, number: int) -> HttpResponse:
    """Every act proposed about a case, the newest first."""
    case = visible_case(request, number)
    acts = case.proposed_acts.order_by("-pk")
    context = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "acts": [(act, _(ACT_KINDS[act.kind].title), _(ACT_STATES[act.state])) for act in acts],
    }
    return render(request, "staff/case_acts.html", context)


@require_safe
@officer_page
def proposed_act(request: HttpRequest, number: int) -> HttpResponse:
    """What was proposed and why, its evidence, and what follows from the signature."""
    return _act_page(request, _visible_act(request, number), [])


@require_http_methods(FORM_METHODS)
@officer_page
def sign(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer signs what was proposed."""

    def decide(act: ProposedAct, decision: dict[str, Any]) -> None:
        check_has_read(request)
        sign_act(act=act, read=ACT_KINDS[act.kind].consequence, **decision)

    return _decision_page(request, number, decide, "signed", _("已签批，立即生效。"))


@require_http_methods(FORM_METHODS)
@officer_page
def return_to_proposer(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer returns what was proposed, with reasons."""

    def decide(act: ProposedAct, decision: dict[str, Any]) -> None:
        return_act(act=act, **decision)

    return _decision_page(request, number, decide, "returned", _("已退回。"))


@require_http_methods(FORM_METHODS)
@officer_page
def retract(request: HttpRequest, number: int) -> HttpResponse:
    """The proposer takes back what was proposed, or leaves what was returned."""

    def decide(act: ProposedAct, decision: dict[str, Any]) -> None:
        retract_act(act=act, **decision)

    return _decision_page(request, number, decide, "void", _("已撤销。"))


def _decision_page(
    request: HttpRequest,
    number: int,
    decide: Callable[[ProposedAct, dict[str, Any]], None],
    state: str,
    message: str,
) -> HttpResponse:
    """Carries out a decision on an act; the same form sent again says the same.

    decide: takes the act and by, law, at, because. state: that of the act afterwards.
    """
    if request.method != "POST":
        return redirect("proposed-act", number=number)
    act = _visible_act(request, number)
    by = account_of(request)
    decision = {
        "by": by,
        "law": current_law(),
        "at": timezone.now(),
        "because": text_field(request, "because"),
    }
    try:
        decide(act, decision)
    except REFUSALS as error:
        if not _is_decided(act, state, by.username):
            return _act_page(request, act, [refusal(error, DECISION_FIELDS)])
    messages.success(request, message)
    return _redirect_after(act)


def _visible_act(request: HttpRequest, number: int) -> ProposedAct:
    act = acts_visible_to(account_of(request)).filter(pk=number).first()
    if act is None:
        raise Http404
    return act


def _is_decided(act: ProposedAct, state: str, by: str) -> bool:
    """Whether this account has decided so already: then the same form was sent again."""
    return ProposedAct.objects.filter(pk=act.pk, state=state, decided_by=by).exists()


def _redirect_after(act: ProposedAct) -> HttpResponse:
    act.refresh_from_db(fields=["case"])
    return redirect("case", number=act.case_id) if act.case_id else redirect("work")


def _act_page(request: HttpRequest, act: ProposedAct, errors: list[Refusal]) -> HttpResponse:
    account = account_of(request)
    kind = ACT_KINDS[act.kind]
    context = {
        "title": _(kind.title),
        "act": act,
        "state": _(ACT_STATES[act.state]),
        "subject": _subject(act),
        "payload": _payload_rows(act),
        "figures": _figure_rows(act),
        "files": files_for(act, account),
        "consequence": _(kind.consequence),
        "refusal": refusal_to_sign(act, account, current_law()),
        "may_retract": act.proposed_by == account.username
        and act.state in ("proposed", "returned"),
        "errors": errors,
        "form": request.POST,
    }
    return render(request, "staff/proposed_act.html", context, status=422 if errors else 200)


def _subject(act: ProposedAct) -> str:
    """The case, the item, or the number of what was held."""
    if act.case is not None:
        return f"{act.case.enterprise} {_(name_of(act.case))}"
    if act.number is not None:
        numbers = act.payload.get("sequence_numbers") or [act.number]
        return _("第 {number} 号").format(number=_("、").join(map(str, numbers)))
    category = current_law().categories.get(act.category)
    name = category.name if category else act.category
    return f"{act.credit_code} {name}{act.sub_item}"


def _payload_rows(act: ProposedAct) -> list[tuple[str, Any]]:
    """The fields of an act besides figures, as texts."""
    values = {name: act.payload.get(name) for name in PAYLOAD_LABELS}
    if values["code"]:
        values["code"] = _(CLOSED.get(values["code"], values["code"]))
    if values["is_urgent"]:
        values["is_urgent"] = _("是")
    return [(_(PAYLOAD_LABELS[name]), value) for name, value in values.items() if value]


def _figure_rows(act: ProposedAct) -> list[tuple[str, dict[str, Any], dict[str, str]]]:
    """By requirement the officer's figures, and why they differ from the registers'."""
    figures, reasons = act.payload.get("figures", {}), act.payload.get("reasons", {})
    return [
        (label_of(REQUIREMENTS, name), figure, reasons.get(name, {}))
        for name, figure in figures.items()
    ]


urlpatterns = [
    path("cases/<int:number>/acts", case_acts, name="case-acts"),
    path("acts/<int:number>", proposed_act, name="proposed-act"),
    path("acts/<int:number>/sign", sign, name="sign-act"),
    path("acts/<int:number>/return", return_to_proposer, name="return-act"),
    path("acts/<int:number>/retract", retract, name="retract-act"),
]
