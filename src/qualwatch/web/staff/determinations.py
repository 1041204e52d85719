"""A determination: an officer proposes it; a reviewer signs or returns it."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.accounts.models import Account
from qualwatch.cases.allowed_actions import is_proposed
from qualwatch.cases.models import Case, Determination
from qualwatch.cases.warnings.determine import ProposedDetermination, propose, return_proposal, sign
from qualwatch.law.loader import current_law
from qualwatch.procedure.state import OUTCOMES
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import look_up
from qualwatch.web.access import account_of
from qualwatch.web.base.form_input import (
    FORM_METHODS,
    Refusal,
    number_field,
    refusal,
    text_field,
)
from qualwatch.web.staff.cases import evidence_context
from qualwatch.web.staff.evidence_files import files_for
from qualwatch.web.staff.forms import (
    ACCEPTED,
    DETERMINATION_FIELDS,
    check_has_read,
    determination_form,
)
from qualwatch.web.staff.guards import REFUSALS, allowed_actions, officer_page, visible_case
from qualwatch.web.staff.labels import CONSEQUENCES, REGISTER_EFFECTS
from qualwatch.wording import gettext as _

DECISION_FIELDS = {"because": "because", "has_read": "has_read", "evidence-unread": "evidence"}
PROPOSED_OUTCOMES = ("red", "dismissed", "extended")
LISTED_STANDINGS = ("in-force", "red", "cannot-say")


@require_http_methods(FORM_METHODS)
@officer_page
def determine(request: HttpRequest, number: int) -> HttpResponse:
    """The form of a proposal: evidence side by side, what is missing, the consequences."""
    case = visible_case(request, number)
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            proposal = determination_form(request, case)
            check_has_read(request)
            _propose(case, proposal, account_of(request))
        except REFUSALS as error:
            errors.append(refusal(error, DETERMINATION_FIELDS))
        else:
            messages.success(request, _("已提出，等另一人审核签批。"))
            return redirect("case", number=number)
    return _proposal_page(request, case, errors)


def _proposal_page(request: HttpRequest, case: Case, errors: list[Refusal]) -> HttpResponse:
    view = allowed_actions(request, case)
    context = evidence_context(case, view) | {
        "errors": errors,
        "form": request.POST,
        # a case of the whole enterprise names the items that fall short because of it
        "items": [] if case.category else list(_items_of_enterprise(case.credit_code)),
        "register_effects": [
            (slug, _(text))
            for slug, text in REGISTER_EFFECTS.items()
            if case.category or slug != ACCEPTED
        ],
        "outcomes": [
            (slug, _(OUTCOMES[slug]), view.refusals[slug], _(CONSEQUENCES[slug]))
            for slug in PROPOSED_OUTCOMES
        ],
    }
    return render(request, "staff/determine.html", context, status=422 if errors else 200)


@require_safe
@officer_page
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """What was proposed, to be signed or returned; 404 where nothing is."""
    return _decision_page(request, visible_case(request, number), [])


@require_http_methods(FORM_METHODS)
@officer_page
def sign_determination(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer signs what was proposed."""
    if request.method != "POST":
        return redirect("decide", number=number)
    case = visible_case(request, number)
    by = account_of(request)
    proposal = number_field(request, "proposal") or 0
    determination = case.determinations.filter(pk=proposal).first()
    try:
        check_has_read(request)
        sign(
            case=case,
            by=by,
            law=current_law(),
            at=timezone.now(),
            because=text_field(request, "because"),
            read=CONSEQUENCES.get(determination.outcome, "") if determination else "",
            proposal=proposal,
        )
    except REFUSALS as error:
        if not _is_decided(case, proposal, "signed", by):
            return _decision_page(request, case, [refusal(error, DECISION_FIELDS)])
    messages.success(request, _("已签批，立即生效。"))
    return redirect("case", number=number)


@require_http_methods(FORM_METHODS)
@officer_page
def return_determination(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer returns what was proposed, with reasons."""
    if request.method != "POST":
        return redirect("decide", number=number)
    case = visible_case(request, number)
    by = account_of(request)
    proposal = number_field(request, "proposal") or 0
    try:
        return_proposal(
            case=case,
            by=by,
            because=text_field(request, "because"),
            law=current_law(),
            at=timezone.now(),
            proposal=proposal,
        )
    except REFUSALS as error:
        if not _is_decided(case, proposal, "returned", by):
            return _decision_page(request, case, [refusal(error, DECISION_FIELDS)])
    messages.success(request, _("已退回。"))
    return redirect("case", number=number)


def _propose(case: Case, proposal: ProposedDetermination, by: Account) -> None:
    """Proposes once; the same form sent again is no error."""
    try:
        propose(
            case=case,
            proposed=proposal,
            by=by,
            law=current_law(),
            at=timezone.now(),
            read=CONSEQUENCES.get(proposal.outcome, ""),
        )
    except CannotStep:
        if not is_proposed(case, proposal, by):
            raise


def _is_decided(case: Case, proposal: int, state: str, by: Account) -> bool:
    """Whether this account has decided so already: then the same form was sent again."""
    return case.determinations.filter(pk=proposal, state=state, decided_by=by.username).exists()


def _decision_page(request: HttpRequest, case: Case, errors: list[Refusal]) -> HttpResponse:
    view = allowed_actions(request, case)
    proposal = view.proposal
    if proposal is None and not errors:
        raise Http404
    outcome = proposal.outcome if proposal else ""
    context = evidence_context(case, view) | {
        "errors": errors,
        "form": request.POST,
        "outcome": _(OUTCOMES.get(outcome, "")),
        "items": _item_names(proposal) if proposal else [],
        "register_effect": _register_effect_text(proposal) if proposal else "",
        "consequence": _(CONSEQUENCES.get(outcome, "")),
        "refusals": view.refusals,
        "files": files_for(proposal, account_of(request)) if proposal else [],
    }
    return render(request, "staff/decide.html", context, status=422 if errors else 200)


def _items_of_enterprise(credit_code: str) -> Iterator[tuple[str, str]]:
    """The items of an enterprise in force: `category/sub-item`, and name."""
    for answer in look_up(credit_code, timezone.localdate(), with_notices=False).answers:
        if answer.standing in LISTED_STANDINGS:
            name = f"{answer.qualification}{answer.sub_item} {_(answer.grade)}"
            yield f"{answer.category}/{answer.sub_item}", name


def _item_names(determination: Determination) -> list[str]:
    """The items that a red card is proposed for, by name."""
    categories = current_law().categories
    return [
        f"{categories[slug].name if slug in categories else slug}{sub_item}"
        for slug, sub_item in determination.items
    ]


def _register_effect_text(determination: Determination) -> str:
    """What a dismissal leaves behind, with the number of the correction or exemption."""
    if determination.register_effect not in REGISTER_EFFECTS:
        return ""
    text = _(REGISTER_EFFECTS[determination.register_effect])
    number = determination.register_effect_details.get(determination.register_effect)
    return text + _("：第 {number} 号").format(number=number) if number else text


urlpatterns = [
    path("cases/<int:number>/determine", determine, name="determine"),
    path("cases/<int:number>/decide", decide, name="decide"),
    path("cases/<int:number>/sign", sign_determination, name="sign"),
    path("cases/<int:number>/return", return_determination, name="return"),
]
