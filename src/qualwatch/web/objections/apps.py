"""The site of public objections as a Django app, so that its templates are found."""

from django.apps import AppConfig


class ObjectionsConfig(AppConfig):
    """The site of public objections."""

    name = "qualwatch.web.objections"
    label = "web_objections"
