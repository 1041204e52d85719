"""Values of addresses and forms; a value that cannot be read is answered by a sentence."""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import uuid4

from django.http import HttpRequest

from qualwatch.wording import gettext as _

FORM_METHODS = ("GET", "HEAD", "POST")
LONGEST_TEXT = 100  # characters of a field in an address
LONGEST_NUMBER = 18  # digits that every database stores as an integer
SHOWN_CHARACTERS = 20  # of a day that cannot be read
FORM_TOKEN = re.compile("[0-9a-f]{32}")


class Refusal(NamedTuple):
    """Why a form was not accepted, and the id of the field it is about ('' = none of its own)."""

    sentence: str
    field: str = ""


def refusal(error: Exception, fields: Mapping[str, str]) -> Refusal:
    """The refusal of an error; `fields`: what an error is about, or its slug -> the field's id."""
    about = getattr(error, "about", "") or getattr(error, "slug", "")
    return Refusal(str(error), fields.get(about, ""))


def text_param(request: HttpRequest, name: str) -> str:
    """A text of the address, cut to LONGEST_TEXT."""
    return request.GET.get(name, "").strip()[:LONGEST_TEXT]


def text_field(request: HttpRequest, name: str) -> str:
    """A text of the form, without spaces around it."""
    return request.POST.get(name, "").strip()


def number_field(request: HttpRequest, name: str) -> int | None:
    """A whole number of the form; None where it is none."""
    digits = text_field(request, name)
    return int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else None


def form_token(request: HttpRequest) -> str:
    """The token of a form: made with it, kept while it is corrected.

    It tells a form that was sent twice from two forms.
    """
    token = request.POST.get("form_token", "")
    return token if FORM_TOKEN.fullmatch(token) else uuid4().hex


def day_param(request: HttpRequest, today: date, name: str = "on") -> tuple[date, str]:
    """The day of the address and '', or today and a sentence why that day cannot be shown."""
    text = request.GET.get(name, "").strip()
    if not text:
        return today, ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today, _("日期 {text} 读不懂，请写成 2023-07-31 这样；下面是今天的情况。").format(
            text=text[:SHOWN_CHARACTERS]
        )
    if day > today:
        return today, _("{day} 还没有到；下面是今天的情况。").format(day=day)
    return day, ""
