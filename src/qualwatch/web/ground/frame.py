"""What every page has around its own content, and the words and shapes that templates use."""

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from jinja2 import Environment
from markupsafe import Markup

from qualwatch.reports.labels import REQUIREMENTS, said
from qualwatch.web.ground import pictures
from qualwatch.wording import SOURCE, gettext, language

STYLE = Path(__file__).parent / "static" / "ground" / "style.css"


def environment(**options: Any) -> Environment:
    """Jinja2 as our templates use it."""
    made = Environment(**{**options, "trim_blocks": True, "lstrip_blocks": True}, extensions=["jinja2.ext.do"])
    made.globals |= {
        "_": gettext, "url": _url, "style": _style(), "pictures": pictures, "language": language,
        "requirement_name": lambda slug: gettext("注册人员社保") if slug == "insurance" else said(REQUIREMENTS, slug),
    }  # fmt: skip
    made.filters |= {"day": day, "moment": moment, "count": count}
    return made


def frame(request: HttpRequest) -> dict[str, Any]:
    """For every page: today in Beijing, the way to itself, telephones."""
    return {
        "today": timezone.localdate(), "here": request.get_full_path(), "is_english": language() != SOURCE,
        "support": settings.SUPPORT_PHONES, "platform": settings.PLATFORM_URL,
        "platform_log_ins": [(one["provider_id"], one.get("name", one["provider_id"])) for one in
                             settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]],
    }  # fmt: skip


def day(told: date | None) -> str:
    """A day as people write it; an en dash for none."""
    if told is None:
        return "–"
    if language() != SOURCE:
        return told.isoformat()
    return gettext("{year}年{month}月{day}日").format(year=told.year, month=told.month, day=told.day)


def moment(told: datetime | None) -> str:
    """A moment in Beijing time."""
    if told is None:
        return "–"
    local = timezone.localtime(told)
    return f"{day(local.date())} {local:%H:%M}"


def count(number: float | None) -> str:
    """A number with its thousands apart."""
    return "–" if number is None else f"{number:,}"


def _url(name: str, *places: Any, **asked: Any) -> str:
    """The address of a page; what is asked stands in it, empty values left out."""
    told = {key: value for key, value in asked.items() if value not in (None, "")}
    return reverse(name, args=places) + ("?" + urlencode(told, quote_via=quote) if told else "")


@cache
def _style() -> Markup:
    """The stylesheet's address; it changes with the stylesheet, so that browsers may keep it."""
    return Markup(f"/static/ground/style.css?{hashlib.sha256(STYLE.read_bytes()).hexdigest()[:12]}")
