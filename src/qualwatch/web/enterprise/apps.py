"""The enterprise's site as a Django app, so that its templates are found."""

from django.apps import AppConfig


class EnterpriseConfig(AppConfig):
    """The enterprise's site."""

    name = "qualwatch.web.enterprise"
    label = "web_enterprise"
