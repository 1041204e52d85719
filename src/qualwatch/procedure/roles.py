"""Roles by slug: the purpose and the capabilities of each; accounts/roles.py prints them."""

from dataclasses import dataclass
from typing import Literal

from qualwatch.wording import gettext_noop as _n

OrganisationKind = Literal["housing-authority", "approval-bureau", "enterprise", "platform"]


@dataclass(frozen=True, slots=True)
class Role:
    """A role that accounts of one kind of organisation hold.

    organisation_kind: None where accounts of any organisation may hold it.
    level: of a housing authority, the province or a city; None: either.
    needs_early_warning_permission: the account must hold the early-warning permission.
    """

    slug: str
    name: str
    purpose: str
    organisation_kind: OrganisationKind | None
    capabilities: frozenset[str]
    level: Literal["province", "city"] | None = None
    needs_early_warning_permission: bool = True


_READ = {"read-registers", "read-cases"}
_OFFICER = _READ | {"propose", "follow-up", "correct", "serve"}
_REVIEWER = _READ | {"sign", "release-loads", "release-runs"}

ROLES: dict[str, Role] = {
    role.slug: role
    for role in (
        Role(
            "province-officer",
            _n("省厅经办"),
            _n("办理全省的预警：提出认定、更正登记、指导督促、送达"),
            "housing-authority",
            frozenset(_OFFICER | {"import", "withdraw", "propose-law"}),
            level="province",
        ),
        Role(
            "province-reviewer",
            _n("省厅审核"),
            _n("签批认定、决定，放行载入和核查；不签自己提出的"),
            "housing-authority",
            frozenset(_REVIEWER | {"sign-withdrawal", "sign-law"}),
            level="province",
        ),
        Role(
            "city-officer",
            _n("市局经办"),
            _n("办理本市企业的预警：提出认定、更正登记、指导督促、送达"),
            "housing-authority",
            frozenset(_OFFICER),
            level="city",
        ),
        Role(
            "city-reviewer",
            _n("市局审核"),
            _n("签批本市的认定；不签自己提出的"),
            "housing-authority",
            frozenset(_READ | {"sign"}),
            level="city",
        ),
        Role(
            "approval-officer",
            _n("审批局经办"),
            _n("办理移送来的撤回、送达"),
            "approval-bureau",
            frozenset(_READ | {"withdraw", "serve"}),
        ),
        Role(
            "approval-reviewer",
            _n("审批局审核"),
            _n("法制审核、签批撤回决定"),
            "approval-bureau",
            frozenset(_READ | {"sign-withdrawal"}),
        ),
        Role(
            "enterprise-user",
            _n("企业"),
            _n("看本企业的预警，整改、申请异议或修复"),
            "enterprise",
            frozenset({"see-own", "apply"}),
            needs_early_warning_permission=False,
        ),
        Role(
            "platform",
            _n("平台（机器）"),
            _n("推送登记变更，不登录页面"),
            "platform",
            frozenset({"push-changes"}),
            needs_early_warning_permission=False,
        ),
        Role(
            "auditor",
            _n("审计"),
            _n("什么都能看，什么都不能改"),
            None,
            frozenset(_READ | {"read-journal"}),
        ),
        Role(
            "administrator",
            _n("管理员"),
            _n("管账号和权限，不看案件"),
            None,
            frozenset({"manage-accounts"}),
            needs_early_warning_permission=False,
        ),
    )
}
