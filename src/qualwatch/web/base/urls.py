"""Addresses that belong to no single site."""

from django.urls import path

from qualwatch.web.base.language import choose_language

urlpatterns = [path("language/<str:language>", choose_language, name="choose-language")]
