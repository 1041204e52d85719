"""The language of a page: Chinese unless the reader has chosen otherwise; stored in a cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from qualwatch.wording import SOURCE, language_override

COOKIE = "language"
# our catalog: Django's name of the language
LANGUAGES = {SOURCE: "zh-hans", "en": "en"}
YEAR_SECONDS = 365 * 24 * 3600


class LanguageMiddleware:
    """Answers each request in the reader's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The language of the cookie; Chinese where it is missing or unknown."""
        language = request.COOKIES.get(COOKIE, SOURCE)
        if language not in LANGUAGES:
            language = SOURCE
        with language_override(language), translation.override(LANGUAGES[language]):
            response = self.get_response(request)
            patch_vary_headers(response, ["Cookie"])
            return response


@require_safe
def choose_language(request: HttpRequest, language: str) -> HttpResponse:
    """Sets the cookie and goes back to the page that asked."""
    target = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    if language in LANGUAGES:
        response.set_cookie(
            COOKIE,
            language,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return response
