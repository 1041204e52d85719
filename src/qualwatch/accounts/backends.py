"""Authentication: reads the account of a session with its organisation in one query."""

from allauth.account.auth_backends import AuthenticationBackend as Base

from qualwatch.accounts.models import Account


class AuthenticationBackend(Base):  # type: ignore[misc]  # allauth has no types
    """allauth's backend with `get_user` in one query."""

    def get_user(self, user_id: int) -> Account | None:
        """The account of a session, if it may still log in."""
        account = Account.objects.select_related("organisation").filter(pk=user_id).first()
        return account if account is not None and self.user_can_authenticate(account) else None
