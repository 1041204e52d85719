"""The language of a page: Chinese, unless the reader has chosen otherwise; kept in a cookie that says nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from qualwatch.wording import SOURCE, speaking

COOKIE = "language"
OFFERED = {SOURCE: "zh-hans", "en": "en"}  # our catalog: Django's name
YEAR = 365 * 24 * 3600


class Language:
    """Says everything of one answer in the reader's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Chosen by the cookie; an unknown one is Chinese."""
        asked = request.COOKIES.get(COOKIE, SOURCE)
        asked = asked if asked in OFFERED else SOURCE
        with speaking(asked), translation.override(OFFERED[asked]):
            answer = self.get_response(request)
            patch_vary_headers(answer, ["Cookie"])
            return answer


@require_safe
def choose(request: HttpRequest, language: str) -> HttpResponse:
    """Sets the cookie and goes back to the page that asked."""
    back = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    answer = HttpResponseRedirect(back)
    if language in OFFERED:
        answer.set_cookie(
            COOKIE,
            language,
            max_age=YEAR,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return answer
