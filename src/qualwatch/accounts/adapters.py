"""Rules of log-in: no sign-up; OpenID Connect finds accounts that an administrator created."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest, HttpResponseForbidden
from django.utils.html import escape

from qualwatch.accounts.models import Account
from qualwatch.wording import gettext as _


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are created by administrators only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Sign-up is closed."""
        return False

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Drops messages of log-in and log-out.

        An unread one would be shown to the next person who logs in.
        """


# allauth has no types
class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The platform's accounts, matched with accounts here by user name."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Closed: an account of the platform without one here is refused."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Connects a first log-in with the account of the same user name, or refuses it."""
        if sociallogin.is_existing:
            return
        extra_data: Any = sociallogin.account.extra_data
        claims = extra_data.get("userinfo") or extra_data.get("id_token") or extra_data
        name = claims.get("preferred_username") or ""
        account = Account.objects.filter(username=name, is_active=True).first() if name else None
        if account is None:
            raise ImmediateHttpResponse(
                HttpResponseForbidden(
                    _("平台账号 {name} 尚未开通预警权限").format(name=escape(name))
                )
            )
        sociallogin.connect(request, account)
