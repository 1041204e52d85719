"""What is asked in an address or a form, read with patience: a wrong value is answered by a sentence."""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import uuid4

from django.http import HttpRequest

from qualwatch.wording import gettext as _

LONGEST = 100  # of what is asked in one field
ONCE = re.compile("[0-9a-f]{32}")


class Refusal(NamedTuple):
    """Why a form was not taken, and the id of the field that it is about ('' = none of its own)."""

    sentence: str
    field: str = ""


def refusal(why: Exception, fields: Mapping[str, str]) -> Refusal:
    """Of what was raised; `fields`: what a refusal is about, or the slug of what is wanting -> the field's id."""
    about = getattr(why, "about", "") or getattr(why, "slug", "")
    return Refusal(str(why), fields.get(about, ""))


def text_param(request: HttpRequest, name: str) -> str:
    """A text, no longer than a field takes."""
    return request.GET.get(name, "").strip()[:LONGEST]


def form_token(request: HttpRequest) -> str:
    """What tells a form sent twice from two forms: made with the form, kept while it is corrected."""
    told = request.POST.get("form_token", "")
    return told if ONCE.fullmatch(told) else uuid4().hex


def day_param(request: HttpRequest, today: date, name: str = "on") -> tuple[date, str]:
    """The day asked for, not after today, and a sentence where it cannot be shown; today without one."""
    told = request.GET.get(name, "").strip()
    if not told:
        return today, ""
    try:
        day = date.fromisoformat(told)
    except ValueError:
        return today, _("日期 {told} 读不懂，请写成 2023-07-31 这样；下面是今天的情况。").format(
            told=told[:20]
        )
    if day > today:
        return today, _("{day} 还没有到；下面是今天的情况。").format(day=day)
    return day, ""
