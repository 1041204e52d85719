"""Public pages that browsers and caches may store and revalidate by ETag."""

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
from qualwatch.law.loader import current_law
from qualwatch.wording import language

View = Callable[..., HttpResponse]
REVALIDATION_HEADERS = frozenset({"If-None-Match", "If-Match"})
PROGRAM_SUFFIXES = ("html", "css", "py", "mo", "yaml")


def cached_while(
    version: Callable[[], str], *, is_version_of_view: bool = False
) -> Callable[[View], View]:
    """A public page whose ETag changes with version, day, language, law and release.

    is_version_of_view: the view reads the version itself, in one snapshot with what it shows, and
    leaves it in `request.public_version`.
    """

    def etag(_request: HttpRequest, *_args: Any, **_kwargs: Any) -> str:
        return _etag_of(version())

    def decorator(view: View) -> View:
        revalidated = condition(etag_func=etag)(view)

        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            is_revalidation = not REVALIDATION_HEADERS.isdisjoint(request.headers)
            # without revalidation the version is read with the content, so that both agree
            if is_version_of_view and not is_revalidation:
                response = view(request, *args, **kwargs)
                version_shown = request.public_version  # type: ignore[attr-defined]  # by the view
                response.headers["ETag"] = _etag_of(version_shown)
            else:
                response = revalidated(request, *args, **kwargs)
            # stored, but revalidated at every use: a removed card must not be shown any more
            patch_cache_control(response, public=True, no_cache=True)
            return response

        public_page = require_safe(page)
        # accounts.sessions reads it: such a page needs no session
        public_page.is_for_everybody = True  # type: ignore[attr-defined]
        return public_page

    return decorator


def _etag_of(version: str) -> str:
    content = f"{version} {timezone.localdate()} {language()} {_release()}"
    # shown on every page, and changed without a release
    content += f"{settings.SUPPORT_PHONES} {settings.PLATFORM_URL} {current_law().digest}"
    return f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


@cache
def _release() -> str:
    """A digest of everything that pages are made of: the ETag changes with the release."""
    digest = hashlib.sha256()
    root = Path(qualwatch.__file__).parent
    paths = [path for suffix in PROGRAM_SUFFIXES for path in root.rglob(f"*.{suffix}")]
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
