"""Which authority is competent, and whether an account may take a step (notice 1, 3, 4)."""

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability, jurisdiction
from qualwatch.cases.models import Case
from qualwatch.procedure.state import Route
from qualwatch.wording import gettext as _

PROVINCE = "province"
HOUSING, APPROVAL = "housing-authority", "approval-bureau"
# The end of the slug of a city's approval bureau.
BUREAU = "-bureau"


class NotCompetent(Exception):
    """The account lacks the role, or its authority is another one; the message says which."""


def competent_area(licensing_authority: str, area: str) -> str:
    """The area whose authority is competent for an item; '' = the province (ministry too)."""
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
    """The competent authority's slug; of an enterprise-wide case that of its area."""
    if case.category is None:
        return authority_of(case.area)
    return authority_of(competent_area(case.licensing_authority, case.area))


def route_of(case: Case) -> Route:
    """The route of the case's documents and of its withdrawal."""
    if case.category is not None and case.licensing_authority == "ministry":
        return "ministry"
    return "province" if competent_for(case) == PROVINCE else "city"


def withdrawing_authority_of(case: Case) -> str:
    """The slug of who withdraws the item (撤回机关): a city's approval bureau, or the province.

    Of an item of the ministry the province prepares the documents.
    """
    return competent_for(case) + BUREAU if route_of(case) == "city" else PROVINCE


def successor_of(slug: str, case: Case) -> str:
    """The slug of who now does about a case what an authority did; another where the case moved."""
    place = authority_of(case.area)
    if slug.endswith(BUREAU):
        return withdrawing_authority_of(case)
    if slug in (PROVINCE, competent_for(case), place):
        return slug
    return competent_for(case) if competent_for(case) != PROVINCE else place


def require_competent(by: Account, capability: str, case: Case) -> str:
    """The slug of the account's authority: the competent one, or the province in any case.

    NotCompetent. The journal names the authority that acts.
    """
    authority = require_housing_authority(by, capability)
    if authority not in (competent_for(case), PROVINCE):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    return authority


def require_competent_or_local(by: Account, capability: str, case: Case) -> str:
    """As `require_competent`; the authority of the place of registration may act too."""
    authority = require_housing_authority(by, capability)
    if authority not in (competent_for(case), authority_of(case.area), PROVINCE):
        raise NotCompetent(_("这家企业不在你单位的辖区"))
    return authority


def require_withdrawing_authority(by: Account, case: Case, *capabilities: str) -> str:
    """The slug of the account's authority if it is the one that withdraws the item.

    NotCompetent, also where the account has none of the capabilities.
    """
    authority = require_authority(by, *capabilities)
    if authority != withdrawing_authority_of(case):
        raise NotCompetent(_("这项资质由别的许可机关撤回"))
    return authority


def require_housing_authority(by: Account, capability: str) -> str:
    """The slug of the account's housing authority. NotCompetent."""
    authority = require_authority(by, capability)
    if by.organisation is None or by.organisation.kind != HOUSING:
        raise NotCompetent(_("只有住房城乡建设主管部门可以办理"))
    return authority


def require_authority(by: Account, *capabilities: str) -> str:
    """The slug of the account's housing authority or approval bureau.

    NotCompetent, also where the account has none of the capabilities.
    """
    if not any(has_capability(by, capability) for capability in capabilities):
        raise NotCompetent(_("账号 {name} 没有这项权限").format(name=by.username))
    organisation = by.organisation
    if organisation is None or organisation.kind not in (HOUSING, APPROVAL):
        raise NotCompetent(_("只有住房城乡建设主管部门和审批局可以办理"))
    return str(organisation.slug)


def may_see(account: Account, case: Case) -> bool:
    """Whether an account's jurisdiction covers the enterprise's area or the item's authority."""
    visible = jurisdiction(account)
    item_area = case.area
    if case.category is not None:
        item_area = competent_area(case.licensing_authority, case.area)
    return visible.covers(case.credit_code, case.area) or visible.covers(
        case.credit_code, item_area or None
    )
