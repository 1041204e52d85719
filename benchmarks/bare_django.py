"""The peer of a look-up: Django as `startproject` makes it, one view with a template of the same
size, no database.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROW = (
    "<li class='answer'><h3>{{ row.name }} {{ row.grade }}</h3>"
    "<p>{{ row.word }} {{ row.day }}</p></li>"
)
PAGE = (
    "<!doctype html><html><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1>"
    + "<ul>{% for row in rows %}"
    + ROW
    + "{% endfor %}</ul><p>{{ filling }}</p></body></html>"
)
ROWS = [
    {"name": f"Item {n}", "grade": "grade 2", "word": "in force", "day": "2026-05-20"}
    for n in range(3)
]
FILLING = "x" * 2500  # as large as the page of an enterprise


def page(request: HttpRequest) -> HttpResponse:
    """A title, three rows, some text."""
    return render(
        request, "page.html", {"title": "An enterprise", "rows": ROWS, "filling": FILLING}
    )


urlpatterns = [path("page", page)]


def application() -> Any:
    """The WSGI application, with settings of its own."""
    loaders = [
        (
            "django.template.loaders.cached.Loader",
            [("django.template.loaders.locmem.Loader", {"page.html": PAGE})],
        )
    ]
    settings.configure(
        DEBUG=False,
        SECRET_KEY="not-a-secret",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=MIDDLEWARE,
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": loaders},
            }
        ],
    )
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()
