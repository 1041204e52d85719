"""Organisations, roles, jurisdiction: who may do what about whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from builders import OWN, law
from qualwatch.accounts.actions import (
    CannotCreateAccount,
    change_roles,
    create_account,
    create_organisations,
    create_token,
    deactivate_account,
    permit_early_warning,
    rotate_token,
)
from qualwatch.accounts.models import Account, Organisation, RoleAssignment
from qualwatch.accounts.queries import (
    accounts_with_capability,
    has_capability,
    jurisdiction,
    machine_of,
    organisation,
    roles_of,
)
from qualwatch.accounts.roles import role_descriptions
from qualwatch.journal.queries import entries_of
from qualwatch.procedure.roles import ROLES

AT = datetime(2026, 5, 20, 1, tzinfo=UTC)
AREA, OTHER_AREA = list(law().divisions.areas)[:2]
TAIYUAN, DATONG = AREA.replace(":", "-"), OTHER_AREA.replace(":", "-")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _organisations() -> None:
    create_organisations(divisions=law().divisions, by="prepare", at=AT)


def account(name: str, where: str, *roles: str, early_warning: bool = True) -> Account:
    return create_account(
        username=name,
        password="correct-horse-battery",
        organisation=organisation(where),
        roles=roles,
        early_warning=early_warning,
        by="admin",
        at=AT,
    )


def enterprise(code: str = OWN) -> Organisation:
    return Organisation.objects.create(
        slug=f"e-{code}".lower(), name="甲", kind="enterprise", credit_code=code
    )


def test_the_province_its_cities_and_their_bureaus_are_created_once() -> None:
    assert create_organisations(divisions=law().divisions, by="prepare", at=AT) == []
    assert (
        Organisation.objects.filter(kind="housing-authority").count()
        == len(law().divisions.areas) + 1
    )
    assert (
        Organisation.objects.filter(kind="approval-bureau").count()
        == len(law().divisions.areas) + 1
    )


def test_every_role_has_a_description() -> None:
    assert len(dict(role_descriptions())) == len(ROLES)
    assert all(purpose for _name, purpose in role_descriptions())


def test_a_city_sees_its_own_the_province_all_an_enterprise_itself() -> None:
    city = jurisdiction(account("c", TAIYUAN, "city-officer"))
    assert city.covers(OWN, AREA)
    assert not city.covers(OWN, OTHER_AREA)
    assert not city.covers(OWN, None)
    assert jurisdiction(account("p", "province", "province-reviewer")).covers(OWN, None)
    assert jurisdiction(account("b", TAIYUAN + "-bureau", "approval-officer")).covers(OWN, AREA)
    own = enterprise()
    user = jurisdiction(account("e", own.slug, "enterprise-user", early_warning=False))
    assert user.covers(OWN, AREA)
    assert not user.covers("91140100MA0000002Y", AREA)
    assert not user.covers("", "")


def test_without_the_early_warning_permission_an_officer_sees_and_does_nothing() -> None:
    officer = account("c", TAIYUAN, "city-officer", early_warning=False)
    assert not jurisdiction(officer).covers(OWN, AREA)
    assert not has_capability(officer, "propose")
    permit_early_warning(account=officer, allowed=True, by="admin", at=AT)
    assert jurisdiction(officer).covers(OWN, AREA)
    assert has_capability(officer, "propose")
    assert not has_capability(officer, "sign")
    assert entries_of(f"organisation/{TAIYUAN}")[-1].what == "early-warning-permission"


def test_an_account_needs_organisation_role_and_authorisation() -> None:
    stranger = Account.objects.create(username="s")
    assert not jurisdiction(stranger).covers(OWN, "")
    assert not has_capability(stranger, "propose")
    inactive = account("g", "province", "province-officer")
    inactive.is_active = False
    assert not jurisdiction(inactive).covers(OWN, "")
    assert not has_capability(inactive, "propose")
    admin = account("a", "province", "administrator", early_warning=False)
    assert not jurisdiction(admin).covers(OWN, "")
    assert has_capability(admin, "manage-accounts")


@pytest.mark.parametrize(
    ("where", "role"),
    [
        (TAIYUAN, "province-officer"),
        ("province", "city-officer"),
        (TAIYUAN, "approval-officer"),
        (TAIYUAN + "-bureau", "city-officer"),
        (TAIYUAN, "platform"),
        (TAIYUAN, "nobody"),
    ],
)
def test_a_role_is_granted_only_where_it_belongs(where: str, role: str) -> None:
    with pytest.raises(CannotCreateAccount):
        account("x", where, role)
    assert not Account.objects.exists()


def test_a_weak_password_and_a_taken_name_are_refused() -> None:
    account("c", TAIYUAN, "city-officer")
    with pytest.raises(CannotCreateAccount, match="已存在"):
        account("c", TAIYUAN, "city-officer")
    with pytest.raises(CannotCreateAccount):
        create_account(
            username="d",
            password="12345678",
            organisation=organisation(TAIYUAN),
            roles=["city-officer"],
            early_warning=True,
            by="admin",
            at=AT,
        )


def test_the_database_keeps_kinds_roles_and_codes() -> None:
    for wrong in (
        lambda: Organisation.objects.create(slug="x", name="x", kind="club"),
        lambda: Organisation.objects.create(slug="x", name="x", kind="enterprise"),
        lambda: Organisation.objects.create(slug="x", name="x", kind="platform", credit_code=OWN),
        lambda: (
            enterprise(),
            Organisation.objects.create(slug="x", name="x", kind="enterprise", credit_code=OWN),
        ),
        lambda: RoleAssignment.objects.create(
            account=Account.objects.create(username="z"), role="king"
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()


def test_a_machine_token_is_valid_for_its_scope_until_it_expires() -> None:
    platform = organisation("platform")
    token = create_token(organisation=platform, scopes=["push-changes"], by="admin", at=AT)
    assert machine_of(token, "push-changes", AT) == platform
    assert machine_of(token, "other", AT) is None
    assert machine_of(token + "x", "push-changes", AT) is None
    new = rotate_token(
        organisation=platform, old_ends_at=AT + timedelta(hours=1), by="admin", at=AT
    )
    assert machine_of(token, "push-changes", AT) == platform
    assert machine_of(token, "push-changes", AT + timedelta(hours=2)) is None
    assert machine_of(new, "push-changes", AT + timedelta(hours=2)) == platform
    with pytest.raises(CannotCreateAccount):
        create_token(organisation=organisation(TAIYUAN), scopes=["push-changes"], by="admin", at=AT)


def test_accounts_with_a_capability_are_found_by_authority() -> None:
    officer = account("c", TAIYUAN, "city-officer")
    account("d", DATONG, "city-officer")
    account("e", TAIYUAN, "city-reviewer")
    assert accounts_with_capability("propose", [AREA]) == [officer]


def test_roles_are_revoked_and_granted_and_journaled() -> None:
    officer = account("wu", "province", "province-officer")
    assert has_capability(officer, "propose")
    change_roles(account=officer, give=["auditor"], take=["province-officer"], by="admin", at=AT)
    assert not has_capability(officer, "propose")
    assert roles_of(officer) == ["auditor"]
    entry = entries_of("organisation/province")[-1]
    assert (entry.what, entry.details["given"], entry.details["taken"]) == (
        "roles-changed",
        ["auditor"],
        ["province-officer"],
    )
    for give, take in (["city-officer"], []), ([], ["province-officer"]):
        with pytest.raises(CannotCreateAccount):
            change_roles(account=officer, give=give, take=take, by="admin", at=AT)
    assert roles_of(officer) == ["auditor"]


def test_a_deactivated_account_can_do_nothing_and_its_session_ends(client: Client) -> None:
    officer = account("wu", "province", "province-officer")
    client.force_login(officer)
    assert "2fa" in client.get("/me").headers["Location"]  # to the second factor
    with pytest.raises(CannotCreateAccount):
        deactivate_account(account=officer, by="admin", at=AT, because=" ")
    deactivate_account(account=officer, by="admin", at=AT, because="调离")
    assert not has_capability(officer, "read-registers")
    assert "login" in client.get("/me").headers["Location"]


def test_a_revoked_token_is_invalid_at_once() -> None:
    platform = organisation("platform")
    token = create_token(organisation=platform, scopes=["push-changes"], by="admin", at=AT)
    call_command("revoke_token", str(platform.tokens.get().pk), because="泄露")
    assert machine_of(token, "push-changes", AT) is None
    with pytest.raises(CommandError):
        call_command("revoke_token", str(platform.tokens.get().pk))
    assert [entry.what for entry in entries_of("organisation/platform")][-1] == "token-revoked"


def test_one_command_changes_an_account_entirely_or_not_at_all() -> None:
    officer = account("wu", "province", "province-officer")
    with pytest.raises(CommandError):
        call_command("change_account", "wu", take=["province-officer"], deactivate="")
    assert roles_of(officer) == ["province-officer"]
    call_command("change_account", "wu", give=["province-reviewer"], early_warning="off")
    officer.refresh_from_db()
    assert (roles_of(officer), officer.has_early_warning_permission) == (
        ["province-officer", "province-reviewer"],
        False,
    )
