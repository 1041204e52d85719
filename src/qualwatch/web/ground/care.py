"""What every request and every answer is held to: no NUL, and nothing kept that is not meant for everybody."""

from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from qualwatch.web.ground.errors import problem

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NUL = "\0"  # no database keeps it


class Care:
    """Refuses what holds a NUL; whatever does not say how long it may be kept is kept nowhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before the view and after it."""
        answer = problem(request, 400) if _has_nul(request) else self.get_response(request)
        if "Cache-Control" not in answer:
            add_never_cache_headers(answer)
        return answer


def _has_nul(request: HttpRequest) -> bool:
    if NUL in request.path or _any(request.GET.lists()):
        return True
    return request.method == "POST" and request.content_type in FORMS and _any(request.POST.lists())


def _any(lists: Iterable[tuple[str, list[str]]]) -> bool:
    return any(NUL in name or any(NUL in one for one in values) for name, values in lists)
