"""Who may open a staff page, which case an address means, and which errors refuse a form."""

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest
from django.utils import timezone

from qualwatch.archive.contents import CannotStore
from qualwatch.cases.allowed_actions import AllowedActions, allowed_actions_of
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, ProposedAct
from qualwatch.cases.queries import cases_visible_to
from qualwatch.law.loader import current_law
from qualwatch.procedure.transitions import CannotStep
from qualwatch.web.access import account_of, capability_required
from qualwatch.web.staff.forms import Unreadable

officer_page = capability_required("read-cases")
REFUSALS = (CannotStep, CannotStore, NotCompetent, Unreadable)


def visible_case(request: HttpRequest, number: int) -> Case:
    """A case of the account's jurisdiction; Http404 for every other one.

    `has_waiting_act`: whether an act about it waits for a signature.
    """
    waiting = ProposedAct.objects.filter(case=OuterRef("pk"), state="proposed")
    cases = cases_visible_to(account_of(request)).annotate(has_waiting_act=Exists(waiting))
    case = cases.filter(pk=number).first()
    if case is None:
        raise Http404
    return case


def allowed_actions(request: HttpRequest, case: Case) -> AllowedActions:
    """What the account may do about a case now."""
    return allowed_actions_of(case, account_of(request), current_law(), timezone.now())
