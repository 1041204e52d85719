"""The address after log-in."""

from django.urls import path

from qualwatch.web.home.views import home

urlpatterns = [path("me", home, name="home")]
