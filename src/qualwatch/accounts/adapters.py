"""What log-in may do here: nobody signs up by himself.

OpenID Connect finds accounts that an administrator made.
"""

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
    """Accounts are made by administrators."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by himself."""
        return False

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing is said of log-in and log-out.

        What is not read at once would be shown to whoever logs in next.
        """


# allauth has no types
class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The platform's accounts are those of the same user name here."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """An account of the platform that nobody made here gets in nowhere."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Connects a first log-in with the account of the same user name.

        Refuses where there is none.
        """
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
