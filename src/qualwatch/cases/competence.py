"""Which authority is competent, and whether an account may take a step (notice 1, 3, 4)."""

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import jurisdiction, may
from qualwatch.cases.models import Case
from qualwatch.procedure.state import Route
from qualwatch.wording import gettext as _

PROVINCE = "province"
HOUSING, APPROVAL = "housing-authority", "approval-bureau"
BUREAU = "-bureau"  # ends the slug of a city's approval bureau


class NotCompetent(Exception):
    """The account lacks the role, or its authority is not the competent one; the message says which."""


def competent_area(licensing_authority: str, area: str) -> str:
    """The area whose authority is competent for an item; '' = the province (also for the ministry's items)."""
    if licensing_authority in ("ministry", PROVINCE, ""):
        return ""
    return licensing_authority if ":" in licensing_authority else area


def authority_of(area: str) -> str:
    """The housing authority's slug of an area."""
    return area.replace(":", "-") if area else PROVINCE


def area_of_authority(slug: str) -> str:
    """The area of a housing authority's slug; '' = the province. The inverse of `authority_of`."""
    return "" if slug == PROVINCE else slug.replace("-", ":", 1)


def competent_for(case: Case) -> str:
    """The competent authority's slug. An enterprise-wide case: that of the place of registration."""
    if case.category is None:
        return authority_of(case.area)
    return authority_of(competent_area(case.licensing_authority, case.area))


def route_of(case: Case) -> Route:
    """By which route the case's papers and its withdrawal go."""
    if case.category is not None and case.licensing_authority == "ministry":
        return "ministry"
    return "province" if competent_for(case) == PROVINCE else "city"


def withdrawing_authority_of(case: Case) -> str:
    """The slug of who withdraws an item: a city's approval bureau, or the province (for the ministry its papers)."""
    return competent_for(case) + BUREAU if route_of(case) == "city" else PROVINCE


def check(by: Account, capability: str, case: Case) -> str:
    """The slug of the authority that acts; NotCompetent. The province may act in any case, and the journal says so."""
    where = check_role(by, capability)
    if where not in (competent_for(case), PROVINCE):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    return where


def check_place(by: Account, capability: str, case: Case) -> str:
    """As `check`, for what any authority may do that has the item or the place."""
    where = check_role(by, capability)
    if where not in (competent_for(case), authority_of(case.area), PROVINCE):
        raise NotCompetent(_("这家企业不在你单位的辖区"))
    return where


def check_withdrawing_authority(by: Account, case: Case, *capabilities: str) -> str:
    """The slug of who withdraws the item, if the account is one of its own and has one of the capabilities."""
    where = check_authority(by, *capabilities)
    if where != withdrawing_authority_of(case):
        raise NotCompetent(_("这项资质由别的许可机关撤回"))
    return where


def check_role(by: Account, capability: str) -> str:
    """The slug of the account's housing authority."""
    where = check_authority(by, capability)
    if by.organisation is None or by.organisation.kind != HOUSING:
        raise NotCompetent(_("只有住房城乡建设主管部门可以办理"))
    return where


def check_authority(by: Account, *capabilities: str) -> str:
    """The slug of the account's housing authority or approval bureau, if it has one of the capabilities."""
    if not any(may(by, capability) for capability in capabilities):
        raise NotCompetent(_("账号 {name} 没有这项权限").format(name=by.username))
    where = by.organisation
    if where is None or where.kind not in (HOUSING, APPROVAL):
        raise NotCompetent(_("只有住房城乡建设主管部门和审批局可以办理"))
    return str(where.slug)


def may_see(account: Account, case: Case) -> bool:
    """Whether the case lies within an account's jurisdiction: the enterprise's place, or the item's authority."""
    seen = jurisdiction(account)
    area = competent_area(case.licensing_authority, case.area) if case.category else case.area
    return seen.covers(case.credit_code, case.area) or seen.covers(case.credit_code, area or None)
