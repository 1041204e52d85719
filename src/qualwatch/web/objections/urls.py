"""Addresses of public objections."""

from django.urls import path

from qualwatch.web.objections.views import objection, received

urlpatterns = [
    # before the next, whose number may hold a slash
    path("objections/received/<path:number>", received, name="objection-received"),
    path("objections/<path:number>", objection, name="object-publicly"),
]
