"""Capabilities and jurisdiction of accounts; no other module decides jurisdiction."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from qualwatch.accounts.models import Account, MachineToken, Organisation
from qualwatch.procedure.roles import ROLES


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The enterprises that an account may see: all, those of some areas, one, or none."""

    everywhere: bool = False
    areas: frozenset[str] = frozenset()
    credit_code: str = ""

    def covers(self, credit_code: str, area: str | None) -> bool:
        """Whether an enterprise of this area is within the jurisdiction."""
        return (
            self.everywhere
            or (area or "") in self.areas
            or (bool(credit_code) and credit_code == self.credit_code)
        )


NO_JURISDICTION = Jurisdiction()


def jurisdiction(account: Account) -> Jurisdiction:
    """The jurisdiction of an account.

    An authority of the province sees all enterprises, one of a city those of the city, an
    enterprise itself. NO_JURISDICTION without a role or the early-warning permission that its roles
    need.
    """
    where = account.organisation
    if not account.is_active or where is None or not roles_of(account):
        return NO_JURISDICTION
    if where.kind == "enterprise":
        return Jurisdiction(credit_code=where.credit_code)
    held = [ROLES[slug] for slug in roles_of(account)]
    sees = [role for role in held if "read-registers" in role.capabilities]
    if not any(
        account.has_early_warning_permission or not role.needs_early_warning_permission
        for role in sees
    ):
        return NO_JURISDICTION
    return (
        Jurisdiction(areas=frozenset([where.area])) if where.area else Jurisdiction(everywhere=True)
    )


def roles_of(account: Account) -> list[str]:
    """The slugs of the roles that an account holds."""
    return sorted(assignment.role for assignment in account.roles.all())


def has_capability(account: Account, capability: str) -> bool:
    """Whether a role of an active account has the capability.

    Roles that need the early-warning permission count only with it.
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
    """The organisation of a token that is valid for the scope at that moment; None otherwise."""
    hashed = hashlib.sha256(token.encode()).hexdigest()
    valid_tokens = MachineToken.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), hashed=hashed, revoked_at=None
    )
    machine_token = valid_tokens.select_related("organisation").first()
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
