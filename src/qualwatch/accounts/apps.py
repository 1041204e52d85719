"""The room of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Organisations, accounts, roles."""

    name = "qualwatch.accounts"
    label = "accounts"
