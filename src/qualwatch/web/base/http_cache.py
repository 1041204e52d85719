"""Pages that browsers and caches may keep: asked for again, they are only sent where something has changed."""

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

import qualwatch
from qualwatch.wording import language

View = Callable[..., HttpResponse]


def cached_while(version: Callable[[], str], *, is_carried: bool = False) -> Callable[[View], View]:
    """A page for everybody that is the same as long as the version, the day, the language and the program are.

    is_carried: the view itself reads the version, before or with whatever it shows, into `request.public_version`.
    """

    def etag(_request: HttpRequest, *_args: Any, **_kwargs: Any) -> str:
        return tag(version())

    def tag(version: str) -> str:
        told = f"{version} {timezone.localdate()} {language()} {_program()}"
        told += f"{settings.SUPPORT_PHONES} {settings.PLATFORM_URL}"
        return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'

    def wrap(view: View) -> View:
        checked = condition(etag_func=etag)(view)

        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            is_asked_again = not {"If-None-Match", "If-Match"}.isdisjoint(request.headers)
            if is_carried and not is_asked_again:
                answer = view(request, *args, **kwargs)
                answer.headers["ETag"] = tag(request.public_version)  # type: ignore[attr-defined]  # the view sets it
            else:
                answer = checked(request, *args, **kwargs)
            patch_cache_control(answer, public=True, no_cache=True)
            return answer

        kept = require_safe(page)
        kept.is_for_everybody = True  # type: ignore[attr-defined]  # accounts.sessions looks for it
        return kept

    return wrap


@cache
def _program() -> str:
    """Whatever pages are made of: another program says things in other words."""
    digest, root = hashlib.sha256(), Path(qualwatch.__file__).parent
    for path in sorted(
        path for kind in ("html", "css", "py", "mo", "yaml") for path in root.rglob(f"*.{kind}")
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
