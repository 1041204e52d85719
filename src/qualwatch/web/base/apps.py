"""The shared base as a Django app, so that its templates and stylesheet are found."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    """The shared base."""

    name = "qualwatch.web.base"
    label = "base"
