"""Reads of proposed acts: which an account may see, and why it may not sign one."""

from django.db.models import Q, QuerySet

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability, jurisdiction
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.evidence import unopened_evidence
from qualwatch.cases.models import ProposedAct
from qualwatch.cases.proposed_acts.kinds import ACT_KINDS
from qualwatch.law.loader import Law
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


def acts_visible_to(account: Account) -> QuerySet[ProposedAct]:
    """The acts of an account's jurisdiction and authority; none without reading cases."""
    acts = ProposedAct.objects.select_related("case", "withdrawal")
    authority = account.organisation
    if authority is None or not has_capability(account, "read-cases"):
        return acts.none()
    visible = jurisdiction(account)
    if visible.everywhere:
        return acts
    areas = visible.areas - {""}
    in_areas = Q(area__in=areas) | Q(licensing_authority__in=areas)
    case_in_areas = Q(case__area__in=areas) | Q(case__licensing_authority__in=areas)
    return acts.filter(in_areas | case_in_areas | Q(authority=authority.slug))


def refusal_to_sign(act: ProposedAct, by: Account, law: Law) -> str:
    """Why an account may not decide an act ('' = it may sign or return it)."""
    if act.state != "proposed":
        return _("这一事项已经办结")
    kind = ACT_KINDS[act.kind]
    try:
        kind.competence(act, by, kind.signer, law)
    except (NotCompetent, CannotStep) as error:
        return str(error)
    return _("提出的人不能自己签批") if act.proposed_by == by.username else ""


def refusal_for_unread(act: ProposedAct, by: Account) -> str:
    """Why an account may not sign yet: evidence that it has not opened ('' = it has read all)."""
    unopened = unopened_evidence(act, by.username)
    if not unopened:
        return ""
    names = _("、").join(file.name for file in unopened)
    return _("请先打开证据再签批：{names}").format(names=names)
