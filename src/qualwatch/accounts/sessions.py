"""Limits of log-in sessions: officers need a second factor, idle sessions end."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from qualwatch.accounts.models import Account

SEEN, BEGAN = "seen_at", "began_at"
OPEN_TO_ALL = ("account_logout", "mfa_activate_totp", "account_reauthenticate", "mfa_reauthenticate")
Response = Callable[[HttpRequest], HttpResponse]


class IdleSessionsEnd:
    """A session that nobody used for SESSION_IDLE_SECONDS, or older than SESSION_COOKIE_AGE, is logged out."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Ends what was idle; notes that the session is in use at most once a minute."""
        if request.user.is_authenticated:
            now = timezone.now().timestamp()
            seen, began = request.session.get(SEEN, now), request.session.setdefault(BEGAN, now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE:
                logout(request)
                return redirect("account_login")
            if SEEN not in request.session or now - seen > 60:
                request.session[SEEN] = now
        return self.get_response(request)


class OfficersNeedSecondFactor:
    """Where settings.OFFICERS_NEED_TOTP: an officer without TOTP gets to no page but the one that sets it up."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sends officers without a second factor to set one up."""
        account = request.user
        if settings.OFFICERS_NEED_TOTP and isinstance(account, Account) and needs_second_factor(account):
            allowed = {reverse(name) for name in OPEN_TO_ALL}
            if request.path not in allowed:
                return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self.get_response(request)


def needs_second_factor(account: Account) -> bool:
    """Whether an account of an authority or bureau has none yet."""
    where = account.organisation
    return (where is None or where.kind != "enterprise") and not is_mfa_enabled(account, types=["totp"])
