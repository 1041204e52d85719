"""Accounts: created by administrators, with a role and, apart from it, early-warning permission."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account, MachineToken, Organisation, RoleAssignment
from qualwatch.journal.actions import record
from qualwatch.law.model import DivisionsText
from qualwatch.procedure.roles import ROLES
from qualwatch.publication.actions import post_registered
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# How an authority is reached.
CONTACT_COLUMNS = ("address", "office_hours", "telephone", "contact")


class CannotCreateAccount(Exception):
    """The account or role is refused; the message says why."""


class CannotChangeContact(Exception):
    """What an authority is to be reached by is refused; the message says why."""


@transaction.atomic
def create_organisations(*, divisions: DivisionsText, by: str, at: datetime) -> list[Organisation]:
    """Creates the province, its cities and 综改区, their approval bureaus, and the platform.

    Returns those created; existing ones stay as they are.
    """
    authorities = [
        ("province", _n("山西省住房和城乡建设厅"), "housing-authority", ""),
        ("province-bureau", _n("山西省行政审批服务管理局"), "approval-bureau", ""),
        ("platform", _n("省建筑市场监管公共服务平台"), "platform", ""),
    ]
    for area, text in divisions.areas.items():
        name = text.name
        slug = area.replace(":", "-")
        authorities.append((slug, text.authority, "housing-authority", area))
        authorities.append(
            (f"{slug}-bureau", _n("{area}行政审批局").format(area=name), "approval-bureau", area)
        )
    created = []
    for slug, name, kind, area in authorities:
        organisation, new = Organisation.objects.get_or_create(
            slug=slug, defaults={"name": name, "kind": kind, "area": area}
        )
        if new:
            created.append(organisation)
            record(
                stream=f"organisation/{slug}",
                by=by,
                at=at,
                what="organisation-created",
                after=[slug, name, kind, area],
            )
    return created


@transaction.atomic
def change_contact(
    *, organisation: Organisation, by: str, at: datetime, **changed: str
) -> Organisation:
    """Records how an authority is reached; what is not given stays as it is.

    `changed`: of CONTACT_COLUMNS: where and when papers are collected, the person whom its letters
    name, and the telephone. CannotChangeContact where the organisation is no authority, or where
    nothing or only blanks are given.
    """
    if organisation.kind not in ("housing-authority", "approval-bureau"):
        raise CannotChangeContact(_("只登记主管部门和审批局的联系方式"))
    values = {name: changed[name].strip() for name in CONTACT_COLUMNS if name in changed}
    if not values or not all(values.values()):
        raise CannotChangeContact(_("请写明要登记的联系人、电话、地址和时间，写了的不能为空"))
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    before = [getattr(locked, name) for name in CONTACT_COLUMNS]
    for name, value in values.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(values))
    record(
        stream=f"organisation/{locked.slug}",
        by=by,
        at=at,
        what="contact-changed",
        before=before,
        after=[getattr(locked, name) for name in CONTACT_COLUMNS],
        details=values,
    )
    return locked


@transaction.atomic
def create_account(  # noqa: PLR0913  # keyword-only: each is a column
    *,
    username: str,
    password: str,
    organisation: Organisation,
    roles: Iterable[str],
    early_warning: bool,
    by: str,
    at: datetime,
    email: str = "",
    name: str = "",
) -> Account:
    """Creates an account with its roles. `name`: of the person, as documents write it.

    CannotCreateAccount where a role does not fit the organisation or the password is weak.
    """
    roles = list(roles)
    if not roles:
        raise CannotCreateAccount(_("账号至少要有一个角色"))
    for slug in roles:
        _require_fitting_role(slug, organisation)
    if Account.objects.filter(username=username).exists():
        raise CannotCreateAccount(_("账号 {name} 已存在").format(name=username))
    account = Account(
        username=username,
        last_name=name.strip(),
        email=email,
        organisation=organisation,
        has_early_warning_permission=early_warning,
    )
    try:
        validate_password(password, account)
        account.username_validator(username)
    except ValidationError as error:
        raise CannotCreateAccount("；".join(error.messages)) from error
    account.set_password(password)
    account.save()
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(account=account, role=slug) for slug in roles]
    )
    record(
        stream=f"organisation/{organisation.slug}",
        by=by,
        at=at,
        what="account-created",
        details={"account": username, "roles": sorted(roles), "early_warning": early_warning},
    )
    if organisation.credit_code:
        post_registered(
            credit_code=organisation.credit_code, name=organisation.name, on=timezone.localdate(at)
        )
    return account


@transaction.atomic
def permit_early_warning(*, account: Account, allowed: bool, by: str, at: datetime) -> None:
    """Switches the early-warning permission of one account (notice 4(1))."""
    before = account.has_early_warning_permission
    account.has_early_warning_permission = allowed
    account.save(update_fields=["has_early_warning_permission"])
    slug = account.organisation.slug if account.organisation else "none"
    record(
        stream=f"organisation/{slug}",
        by=by,
        at=at,
        what="early-warning-permission",
        before=before,
        after=allowed,
        basis=_n("71号文 四（一）"),
        details={"account": account.username, "allowed": allowed},
    )


@transaction.atomic
def change_roles(
    *, account: Account, give: Iterable[str] = (), take: Iterable[str] = (), by: str, at: datetime
) -> None:
    """Gives an account roles and takes roles away; without a role it has no capability.

    CannotCreateAccount where a role does not fit the organisation or is not held.
    """
    give, take = sorted(set(give)), sorted(set(take))
    where = account.organisation
    if where is None:
        raise CannotCreateAccount(_("账号 {name} 没有单位").format(name=account.username))
    for slug in give:
        _require_fitting_role(slug, where)
    before = sorted(account.roles.values_list("role", flat=True))
    if missing := sorted(set(take) - set(before)):
        raise CannotCreateAccount(
            _("账号 {name} 没有角色 {roles}").format(
                name=account.username, roles="、".join(missing)
            )
        )
    account.roles.filter(role__in=take).delete()
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(account=account, role=slug) for slug in give if slug not in before]
    )
    after = sorted(account.roles.values_list("role", flat=True))
    record(
        stream=f"organisation/{where.slug}",
        by=by,
        at=at,
        what="roles-changed",
        before=before,
        after=after,
        details={"account": account.username, "given": give, "taken": take},
    )


@transaction.atomic
def deactivate_account(*, account: Account, by: str, at: datetime, because: str) -> None:
    """Deactivates an account: it cannot log in, and its open sessions end.

    Its journal entries stay under its name.
    """
    if not because.strip():
        raise CannotCreateAccount(_("请写明理由"))
    account.is_active = False
    account.save(update_fields=["is_active"])
    slug = account.organisation.slug if account.organisation else "none"
    record(
        stream=f"organisation/{slug}",
        by=by,
        at=at,
        what="account-deactivated",
        basis=because,
        details={"account": account.username},
    )


@transaction.atomic
def revoke_token(*, token: MachineToken, by: str, at: datetime, because: str) -> None:
    """Revokes a machine's token at once; a revoked one stays as it is."""
    if not because.strip():
        raise CannotCreateAccount(_("请写明理由"))
    if not MachineToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        return
    record(
        stream=f"organisation/{token.organisation.slug}",
        by=by,
        at=at,
        what="token-revoked",
        basis=because,
        details={"token": token.pk},
    )


@transaction.atomic
def create_token(
    *, organisation: Organisation, scopes: Iterable[str], by: str, at: datetime
) -> str:
    """Creates a token of a machine. Only its hash is stored: the text is returned once."""
    if organisation.kind != "platform":
        raise CannotCreateAccount(_("只有平台可以有机器令牌"))
    token = secrets.token_urlsafe(32)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    machine_token = MachineToken.objects.create(
        organisation=organisation, hashed=hashed, scopes=sorted(scopes), created_at=at
    )
    record(
        stream=f"organisation/{organisation.slug}",
        by=by,
        at=at,
        what="token-created",
        details={"token": machine_token.pk, "scopes": machine_token.scopes},
    )
    return token


@transaction.atomic
def rotate_token(
    *, organisation: Organisation, old_ends_at: datetime, by: str, at: datetime
) -> str:
    """Creates a token with the scopes of those in use, which end at `old_ends_at`."""
    valid_tokens = MachineToken.objects.select_for_update().filter(
        organisation=organisation, revoked_at=None, ends_at=None
    )
    scopes = sorted({scope for token in valid_tokens for scope in token.scopes})
    # the machine changes over without a moment when no token is valid
    valid_tokens.update(ends_at=old_ends_at)
    return create_token(organisation=organisation, scopes=scopes, by=by, at=at)


def _require_fitting_role(slug: str, organisation: Organisation) -> None:
    if slug not in ROLES:
        raise CannotCreateAccount(
            _("没有这个角色：{role}；有 {roles}").format(role=slug, roles="、".join(ROLES))
        )
    role = ROLES[slug]
    level = "city" if organisation.area else "province"
    if role.organisation_kind not in (None, organisation.kind) or role.level not in (None, level):
        raise CannotCreateAccount(
            _("角色 {role} 不能给 {organisation} 的账号").format(
                role=slug, organisation=organisation.name
            )
        )
