"""The public site as a Django app, so that its templates are found."""

from django.apps import AppConfig


class PublicConfig(AppConfig):
    """The public site."""

    name = "qualwatch.web.public"
    label = "web_public"
