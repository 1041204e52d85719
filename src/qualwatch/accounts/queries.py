"""Who may do what, and about which enterprises: the one place that decides jurisdiction."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from qualwatch.accounts.models import Account, MachineToken, Organisation
from qualwatch.procedure.roles import ROLES


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Whose enterprises an account may see.

    Everybody's, those of some areas, one enterprise's, or nobody's.
    """

    everywhere: bool = False
    areas: frozenset[str] = frozenset()
    credit_code: str = ""

    def covers(self, credit_code: str, area: str | None) -> bool:
        """Whether an enterprise of this area is within it."""
        return (
            self.everywhere
            or (area or "") in self.areas
            or (bool(credit_code) and credit_code == self.credit_code)
        )


NOWHERE = Jurisdiction()


def jurisdiction(account: Account) -> Jurisdiction:
    """Whom an account may see.

    The province all, a city and its bureau their own, an enterprise itself.
    """
    where = account.organisation
    if not account.is_active or where is None or not roles_of(account):
        return NOWHERE
    if where.kind == "enterprise":
        return Jurisdiction(credit_code=where.credit_code)
    held = [ROLES[slug] for slug in roles_of(account)]
    sees = [role for role in held if "read-registers" in role.capabilities]
    if not any(
        account.has_early_warning_permission or not role.needs_early_warning_permission
        for role in sees
    ):
        return NOWHERE
    return (
        Jurisdiction(areas=frozenset([where.area])) if where.area else Jurisdiction(everywhere=True)
    )


def roles_of(account: Account) -> list[str]:
    """The slugs of the roles that an account holds."""
    return sorted(assignment.role for assignment in account.roles.all())


def has_capability(account: Account, capability: str) -> bool:
    """Whether some role of an active account has the capability.

    Officers need the early-warning permission too.
    """
    if not account.is_active or account.organisation is None:
        return False
    return any(
        capability in ROLES[slug].capabilities
        and (account.has_early_warning_permission or not ROLES[slug].needs_early_warning_permission)
        for slug in roles_of(account)
    )


def organisation(slug: str) -> Organisation:
    """The organisation of a slug; Organisation.DoesNotExist."""
    return Organisation.objects.get(slug=slug)


def machine_of(token: str, scope: str, at: datetime) -> Organisation | None:
    """Whose token this is, if it is good for the scope at that moment."""
    hashed = hashlib.sha256(token.encode()).hexdigest()
    good = MachineToken.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), hashed=hashed, revoked_at=None
    )
    machine_token = good.select_related("organisation").first()
    return machine_token.organisation if machine_token and scope in machine_token.scopes else None


def accounts_with_capability(capability: str, areas: Iterable[str]) -> list[Account]:
    """Active accounts at authorities of these areas ('' = the province) with a capability."""
    slugs = [slug for slug, role in ROLES.items() if capability in role.capabilities]
    accounts = Account.objects.filter(
        is_active=True, organisation__area__in=list(areas), roles__role__in=slugs
    )
    accounts = accounts.filter(organisation__kind__in=("housing-authority", "approval-bureau"))
    return [
        account
        for account in accounts.select_related("organisation").distinct()
        if has_capability(account, capability)
    ]
