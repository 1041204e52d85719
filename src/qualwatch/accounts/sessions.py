"""Limits of log-in sessions: officers need a second factor, idle sessions end."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.wording import gettext as _

LAST_REQUEST, STARTED = "seen_at", "began_at"
OPEN_TO_ALL = (
    "account_logout",
    "mfa_activate_totp",
    "account_reauthenticate",
    "mfa_reauthenticate",
)
Response = Callable[[HttpRequest], HttpResponse]


View = Callable[..., HttpResponse]


class _ViewMiddleware:
    """Middleware that runs before a view, unless the view is the same for everybody."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on; the work is done in `process_view`."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Runs `before`, but not for public pages: their sessions are neither read nor written."""
        return None if getattr(view, "is_for_everybody", False) else self.before(request)

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """A response instead of the view's, or None."""
        raise NotImplementedError


class IdleSessionsEnd(_ViewMiddleware):
    """Ends sessions unused for SESSION_IDLE_SECONDS or older than SESSION_COOKIE_AGE."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Logs out an idle session; records its use at most once a minute."""
        if not request.user.is_authenticated:
            return None
        now = timezone.now().timestamp()
        last_request, began_at = (
            request.session.get(LAST_REQUEST, now),
            request.session.setdefault(STARTED, now),
        )
        if (
            now - last_request > settings.SESSION_IDLE_SECONDS
            or now - began_at > settings.SESSION_COOKIE_AGE
        ):
            logout(request)
            # a redirect would lose what was typed; the error page shows it to be copied
            if request.method == "POST":
                raise PermissionDenied(
                    _("登录已超时，这次没有提交。填写的文字列在下面，请先复制，重新登录后再提交。")
                )
            return redirect_to_login(request.get_full_path())
        if LAST_REQUEST not in request.session or now - last_request > 60:
            request.session[LAST_REQUEST] = now
        return None


class OfficersNeedSecondFactor(_ViewMiddleware):
    """With settings.OFFICERS_NEED_TOTP an officer without TOTP can only open the page that sets it
    up.
    """

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Redirects officers without a second factor to set one up."""
        account = request.user
        if (
            settings.OFFICERS_NEED_TOTP
            and isinstance(account, Account)
            and needs_second_factor(account)
        ):
            allowed = {reverse(name) for name in OPEN_TO_ALL}
            if request.path not in allowed:
                return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return None


def needs_second_factor(account: Account) -> bool:
    """Whether an account of an authority or bureau has none yet."""
    where = account.organisation
    return (where is None or where.kind != "enterprise") and not is_mfa_enabled(
        account, types=["totp"]
    )
