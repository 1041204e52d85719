"""Log-in: lock-out, second factor, idle sessions, OpenID Connect, and the matrix of every address and every role."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from builders import OWN, law
from identity_provider import Provider, run_provider
from qualwatch.accounts.actions import create_account, create_organisations
from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.procedure.roles import ROLES

AT = datetime(2026, 5, 20, 1, tzinfo=UTC)
PASSWORD = "correct-horse-battery"
CITY = next(iter(law().divisions.areas)).replace(":", "-")
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def _organisations() -> None:
    cache.clear()
    create_organisations(divisions=law().divisions, by="prepare", at=AT)


def account(name: str, role: str = "city-officer") -> Account:
    """An account where the role belongs."""
    kind = ROLES[role].organisation_kind
    if kind == "enterprise":
        where = Organisation.objects.create(slug="e", name="甲", kind="enterprise", credit_code=OWN)
    else:
        authority = CITY if ROLES[role].level == "city" else "province"
        slugs = {"approval-bureau": f"{CITY}-bureau", "platform": "platform"}
        where = organisation(slugs.get(kind or "", authority))
    return create_account(
        username=name,
        password=PASSWORD,
        organisation=where,
        roles=[role],
        early_warning=True,
        by="a",
        at=AT,
    )


def log_in(client: Client, name: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": password})


def test_an_enterprise_logs_in_and_sees_who_it_is(client: Client) -> None:
    account("qiye", "enterprise-user")
    assert log_in(client, "qiye").status_code == 302
    page = client.get("/me", follow=True).content.decode()
    assert "甲" in page
    assert "企业" in page


def test_an_officer_without_a_second_factor_gets_to_the_page_that_sets_it_up_only(
    client: Client,
) -> None:
    account("li")
    log_in(client, "li")
    assert client.get("/me").headers["Location"] == "/accounts/2fa/totp/activate/"
    set_up = "/accounts/2fa/totp/activate/"
    client.post(f"/accounts/reauthenticate/?next={set_up}", {"password": PASSWORD})
    page = client.get(set_up)
    assert page.status_code == 200
    assert client.post(set_up, {"code": "000000"}).status_code == 200
    secret = re.search(r"<code>(\w+)</code>", page.content.decode())
    assert secret
    code = format_hotp_value(hotp_value(secret[1], next(iter(yield_hotp_counters_from_time()))))
    assert client.post(set_up, {"code": code}).status_code == 302
    assert client.get("/me", follow=True).status_code == 200
    assert client.post("/accounts/logout/").status_code == 302


def test_a_setting_turns_the_second_factor_off(client: Client, settings: SettingsWrapper) -> None:
    settings.OFFICERS_NEED_TOTP = False
    account("li")
    log_in(client, "li")
    assert client.get("/me", follow=True).status_code == 200


def test_the_second_factor_is_asked_for(client: Client) -> None:
    li = account("li")
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(li, secret)
    assert Authenticator.objects.get().user_id == li.pk
    answer = log_in(client, "li")
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert "login" in client.get("/me").headers["Location"]  # not in yet
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert client.get("/me", follow=True).status_code == 200


def test_five_wrong_passwords_lock_the_account_out_for_every_process(client: Client) -> None:
    account("qiye", "enterprise-user")
    for _try in range(5):
        log_in(client, "qiye", "wrong-wrong-wrong")
    other = Client()  # another process shares only the database
    log_in(other, "qiye")
    assert "_auth_user_id" not in other.session
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        log_in(other, "qiye")
        assert "_auth_user_id" in other.session


def test_an_idle_session_ends(client: Client) -> None:
    account("qiye", "enterprise-user")
    log_in(client, "qiye")
    assert client.get("/me", follow=True).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=29), tick=False):
        assert client.get("/me", follow=True).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=60), tick=False):
        assert client.get("/me?x=1").headers["Location"] == "/accounts/login/?next=/me%3Fx%3D1"
    log_in(client, "qiye")
    assert client.get("/me", follow=True).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=60), tick=False):
        late = client.post("/accounts/password/change/", {"oldpassword": "x"})
        assert late.status_code == 403
        assert "这次没有提交" in late.content.decode()
    log_in(client, "qiye")
    # Nothing of the log-ins before
    assert "登录" not in client.get("/me", follow=True).content.decode().split("<h1>")[1]


@pytest.fixture
def provider(settings: SettingsWrapper) -> Iterator[type[Provider]]:
    """The provider, and the office configured for it."""
    with run_provider() as app:
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        yield Provider


def log_in_through_platform(client: Client) -> Any:
    """Log-in by the platform: there, and back with a code."""
    response = client.post("/accounts/oidc/platform/login/")
    query = urllib.parse.parse_qs(urllib.parse.urlparse(response.headers["Location"]).query)
    callback = urllib.parse.urlparse(query["redirect_uri"][0]).path
    return client.get(callback, {"code": "c", "state": query["state"][0]})


def test_an_account_of_the_platform_logs_in_as_the_account_of_its_name(
    client: Client, provider: type[Provider]
) -> None:
    del provider
    li = account("li")
    assert log_in_through_platform(client).status_code == 302
    assert client.session["_auth_user_id"] == str(li.pk)
    assert client.get("/me").headers["Location"] == "/accounts/2fa/totp/activate/"


def test_a_platform_account_unknown_here_cannot_log_in(
    client: Client, provider: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    account("li")
    monkeypatch.setattr(provider, "name", "stranger")
    assert log_in_through_platform(client).status_code == 403
    assert "_auth_user_id" not in client.session
    assert Account.objects.count() == 1


# Every address x every role. kinds: entrance (anybody), own (logged in), closed (nobody), machine (a token),
# enterprise and staff (those with the role; others are refused)
ENTERPRISE, STAFF = ("see-own",), ("read-cases",)
MATRIX: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "search",
            "enterprise",
            "red-list",
            "red-card",
            "announcements",
            "announcement",
            "statistics",
            "standards",
            "standard",
            "how-it-works",
            "freshness",
            "keys",
            "key-file",
            "choose-language",
        ),
        "public",
    ),
    "object-publicly": "public",
    "objection-received": "public",
    **dict.fromkeys(
        (
            "own",
            "own-case",
            "own-answer",
            "own-data-error",
            "own-notice",
            "own-open",
            "own-retract",
        ),
        ENTERPRISE,
    ),
    **dict.fromkeys(
        (
            "work",
            "cases",
            "case",
            "case-acts",
            "inbox",
            "inbox-notice",
            "inbox-open",
            "key-supervision",
            "proposed-act",
            "retract-act",
            "return-act",
            "sign-act",
            "case-documents",
            "case-history",
            "determine",
            "review",
            "decide",
            "sign",
            "return",
            "follow-up",
            "application-of-task",
            "application",
            "application-agree",
            "application-verify",
            "application-uphold",
            "application-refuse",
        ),
        STAFF,
    ),
    "home": "own",
    "closed": "closed",
    "account_login": "entrance",
    "account_logout": "own",
    "account_inactive": "entrance",
    "account_reauthenticate": "own",
    "account_change_password": "own",
    "mfa_index": "own",
    "mfa_authenticate": "stage",
    "mfa_reauthenticate": "own",
    "mfa_activate_totp": "own",
    "mfa_deactivate_totp": "own",
    "mfa_view_recovery_codes": "own",
    "mfa_generate_recovery_codes": "own",
    "mfa_download_recovery_codes": "own",
    "openid_connect_login": "absent",
    "openid_connect_callback": "absent",
    "attachment": "own",
    "document": "own",
    "platform:push_changes": "machine",
    "platform:check_eligibility": "machine",
    "platform:api-root": "closed",
}
SAMPLES = {
    "closed": "/accounts/signup/",
    "openid_connect_login": "/accounts/oidc/nowhere/login/",
    "openid_connect_callback": "/accounts/oidc/nowhere/login/callback/",
    "attachment": "/files/attachments/1",
    "document": "/files/documents/1",
    "enterprise": f"/enterprises/{OWN}",
    "standard": "/standards/general-building",
    "choose-language": "/language/en",
}
POSTED = (
    "own-open",
    "own-retract",
    "follow-up",
    "review",
    "sign",
    "return",
    "application-agree",
    "application-verify",
    "application-uphold",
    "application-refuse",
)
CLOSED_PATTERNS = (
    "accounts/signup",
    "accounts/email",
    "accounts/confirm-email",
    "accounts/password/set",
    "accounts/password/reset",
    "accounts/login/code",
    "accounts/3rdparty",
    "accounts/social",
    "accounts/^confirm-email",
    "accounts/^password/reset",
)


def addresses() -> dict[str, str]:
    """Every address by its name; those shut by a pattern come under `closed`."""
    named: dict[str, str] = {}

    def walk(resolver: URLResolver, before: str, space: str) -> None:
        for url_pattern in resolver.url_patterns:
            where = before + str(url_pattern.pattern)
            if isinstance(url_pattern, URLResolver):
                walk(
                    url_pattern,
                    where,
                    space + (f"{url_pattern.namespace}:" if url_pattern.namespace else ""),
                )
            elif isinstance(url_pattern, URLPattern):
                is_closed = where.startswith(CLOSED_PATTERNS)
                named["closed" if is_closed else space + (url_pattern.name or where)] = "/" + where

    walk(get_resolver(), "", "")
    return named


def test_every_address_is_in_the_matrix() -> None:
    assert addresses().keys() == MATRIX.keys()


@pytest.mark.parametrize("role", ["", *ROLES])
def test_the_matrix_holds(client: Client, settings: SettingsWrapper, role: str) -> None:
    settings.OFFICERS_NEED_TOTP = False
    if role:
        account("somebody", role)
        log_in(client, "somebody")
        assert "_auth_user_id" in client.session
    for name, kind in MATRIX.items():
        if name == "account_logout":
            continue  # would end the session; tested above
        path = SAMPLES.get(name) or re.sub(r"<\w+:\w+>", "1", addresses()[name])
        answer = client.post(path) if name in POSTED else client.get(path)
        to_log_in = answer.status_code == 302 and answer.headers["Location"].startswith(
            "/accounts/login/"
        )
        assert answer.status_code != 500, name
        if kind == "entrance":
            assert answer.status_code in (200, 302), name
            assert not (to_log_in and not role), name
        elif kind == "public":
            assert answer.status_code in (200, 302, 404), name
            assert not to_log_in, name
        elif isinstance(kind, tuple):
            allowed = bool(role) and bool(ROLES[role].capabilities & set(kind))
            # What was typed is shown there
            sent_out = to_log_in if name not in POSTED else answer.status_code == 403
            is_expected = (
                answer.status_code in (200, 302, 404)
                if allowed
                else answer.status_code == 403
                if role
                else sent_out
            )
            assert is_expected, (name, answer.status_code)
        elif kind == "own":
            assert to_log_in != bool(role), (name, answer.status_code)
        elif kind in ("closed", "absent"):
            assert answer.status_code in (401, 404), name
        elif kind == "stage":
            assert answer.status_code == 302, name
        else:
            assert client.post(path, "{}", content_type="application/json").status_code == 401, name
            assert answer.status_code in (401, 405), name


@pytest.mark.parametrize(
    "path", [pattern.replace("^", "").strip("/") for pattern in CLOSED_PATTERNS]
)
def test_closed_addresses_answer_404(client: Client, path: str) -> None:
    for end in ("/", "/x/", "/key/a-b/"):
        assert client.get(f"/{path}{end}").status_code == 404
        assert client.post(f"/{path}{end}").status_code == 404
