"""Addresses of files."""

from django.urls import path

from qualwatch.web.documents.views import attachment, document

urlpatterns = [
    path("files/attachments/<int:number>", attachment, name="attachment"),
    path("files/documents/<int:number>", document, name="document"),
]
