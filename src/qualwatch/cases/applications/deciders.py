"""Who may examine, verify and decide an application."""

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.cases.competence import PROVINCE, NotCompetent, require_housing_authority
from qualwatch.cases.models import Application, Determination
from qualwatch.cases.queries import line_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

RECEIVED = "received"  # the stage before the city's opinion


def awaits_opinion(application: Application) -> bool:
    """Whether a city has to examine the application before the province verifies it."""
    return application.stage == RECEIVED and application.receiver != PROVINCE


def authority_in_charge(application: Application) -> str:
    """The slug of the authority that has the application now."""
    return application.receiver if application.stage == RECEIVED else PROVINCE


def require_opinion(application: Application) -> None:
    """CannotStep while the city has not examined the application."""
    if awaits_opinion(application):
        raise CannotStep("opinion-first", _("市级核发的资质先由市级审查，同意后省厅才核实修复"))


def require_applicant(by: Account, credit_code: str) -> None:
    """NotCompetent unless the account is the enterprise's own and may apply."""
    organisation = by.organisation
    own_code = organisation.credit_code if organisation else ""
    if not credit_code or own_code != credit_code or not has_capability(by, "apply"):
        raise NotCompetent(_("只有企业自己可以申请"))


def acting_authority(by: Account, *allowed: str, capability: str = "sign") -> str:
    """The slug of the account's authority if it is one of the `allowed`. NotCompetent."""
    authority = require_housing_authority(by, capability)
    if authority not in allowed:
        raise NotCompetent(_("这份申请现在由别的主管部门办理"))
    return authority


def require_reasons(because: str) -> None:
    """CannotStep where no reasons are given."""
    if not because.strip():
        raise CannotStep("because", _("请写明理由"))


def require_other_person(
    application: Application,
    by: Account,
    *,
    verifies: bool = False,
    determined_by: set[str] | None = None,
) -> None:
    """CannotStep for whoever determined what is disputed, filed it, gave the opinion or verified.

    Whoever verified may verify again. `determined_by`: `determining_accounts`, where known.
    """
    excluded = {application.opinion_by, application.filed_by}
    if not verifies:
        excluded.add(application.verified_by)
    if determined_by is None:
        determined_by = determining_accounts(application)
    if by.username in excluded | determined_by:
        raise CannotStep("different-decider", _("提出、签批过认定或出过审查意见的人不能决定申请"))


def determining_accounts(application: Application) -> set[str]:
    """Who proposed or signed what the application disputes; not who returned a proposal."""
    case = application.case
    if case is None:
        return set()
    accounts = set(case.determined_by)
    numbers = [row.pk for row in line_of(case)]
    for determination in Determination.objects.filter(case__in=numbers):
        accounts.add(determination.proposed_by)
        if determination.state == "signed":
            accounts.add(determination.decided_by)
    return accounts
