"""What every request and every answer is held to: no NUL, and nothing kept that is not meant for everybody."""

from collections.abc import Callable, Iterable
from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from qualwatch.web.base.errors import problem


class Policy(CSPMiddleware):
    """The library's Content-Security-Policy, made once: no page of ours has another."""

    def process_request(self, request: HttpRequest) -> None:
        """No page needs a nonce: there is no script."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """A download that says its own is left alone."""
        response.headers.setdefault(HEADER, _policy())
        return response


@cache
def _policy() -> str:
    return build_policy()


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NUL = "\0"  # no database keeps it


class Care:
    """Refuses what holds a NUL; whatever does not say how long it may be kept is kept nowhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before the view and after it."""
        answer = problem(request, 400) if _has_nul(request) else self.get_response(request)
        if answer.status_code == 405 and not answer.content:
            answer = _told(request, answer)
        if "Cache-Control" not in answer:
            add_never_cache_headers(answer)
        return answer


def _told(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """A page that was asked for in another way than it is opened: said in a sentence, with the ways there are."""
    response = problem(request, 405)
    response.headers["Allow"] = answer.headers["Allow"]
    return response


def _has_nul(request: HttpRequest) -> bool:
    if NUL in request.path or _any(request.GET.lists()):
        return True
    return request.method == "POST" and request.content_type in FORMS and _any(request.POST.lists())


def _any(lists: Iterable[tuple[str, list[str]]]) -> bool:
    return any(NUL in name or any(NUL in value for value in values) for name, values in lists)
