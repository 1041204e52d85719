"""Checks on every request and response: security policy, NUL characters, caching."""

from collections.abc import Callable, Iterable
from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from qualwatch.law.loader import same_law
from qualwatch.web.base.errors import problem

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
NUL = "\0"  # no database stores it


class ContentSecurityPolicy(CSPMiddleware):
    """The library's Content-Security-Policy, built once: no page of ours has another."""

    def process_request(self, request: HttpRequest) -> None:
        """No page needs a nonce: there is no script."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """A download that sets its own policy is left alone."""
        response.headers.setdefault(HEADER, _policy())
        return response


@cache
def _policy() -> str:
    return build_policy()


class SameLaw:
    """Answers each request by one law, even where another text is signed meanwhile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Asks for the law once, if at all."""
        with same_law():
            return self.get_response(request)


class RequestChecks:
    """Refuses requests that hold a NUL; forbids caching where a view sets no Cache-Control."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Checks the request before the view, the response after it."""
        response = problem(request, 400) if _has_nul(request) else self.get_response(request)
        # Django's own answer to a wrong method is an empty page
        if response.status_code == 405 and not response.content:
            response = _method_not_allowed(request, response.headers["Allow"])
        if "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response


def _method_not_allowed(request: HttpRequest, allowed_methods: str) -> HttpResponse:
    response = problem(request, 405)
    response.headers["Allow"] = allowed_methods
    return response


def _has_nul(request: HttpRequest) -> bool:
    if NUL in request.path or _any_nul(request.GET.lists()):
        return True
    is_form = request.method == "POST" and request.content_type in FORM_TYPES
    return is_form and _any_nul(request.POST.lists())


def _any_nul(fields: Iterable[tuple[str, list[str]]]) -> bool:
    return any(NUL in text for name, values in fields for text in (name, *values))
