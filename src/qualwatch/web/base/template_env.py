"""What every page has around its own content, and the words and shapes that templates use."""

import hashlib
import re
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from jinja2 import Environment
from markupsafe import Markup, escape

from qualwatch.reports.labels import REQUIREMENTS, label_of
from qualwatch.web.base import pictures
from qualwatch.web.base.errors import typed
from qualwatch.wording import SOURCE, gettext, language
from qualwatch.wording import gettext_noop as _n

MENU = {
    "search": _n("查询"),
    "red-list": _n("红牌名单"),
    "announcements": _n("公示公告"),
    "statistics": _n("统计"),
    "standards": _n("资质标准"),
    "how-it-works": _n("怎么运作"),
    "freshness": _n("数据时效"),
    "home": _n("登录办事"),
}
STANDINGS = {
    "in-force": ("●", _n("有效")),
    "red": ("■", _n("红牌预警")),
    "withdrawn": ("✕", _n("已撤回")),
    "ended": ("○", _n("不在有效状态")),
    "unknown": ("?", _n("查不到")),
    "cannot-say": ("?", _n("暂不能确认")),
}
HAN = re.compile("[\u4e00-\u9fff]")
RUN = re.compile("([\u4e00-\u9fff](?:[\u4e00-\u9fff〔〕0-9]*[\u4e00-\u9fff])?)")
STYLE = Path(__file__).parent / "static" / "base" / "style.css"


def environment(**options: Any) -> Environment:
    """Jinja2 as our templates use it."""
    made = Environment(
        **{**options, "trim_blocks": True, "lstrip_blocks": True}, extensions=["jinja2.ext.do"]
    )
    made.globals |= {
        "_": gettext,
        "url": _url,
        "style": _style(),
        "pictures": pictures,
        "standing": _standing,
        "zh": _chinese,
        "lang": _lang,
        "mixed": _mixed,
        "requirement_name": lambda slug: (
            gettext("注册人员社保") if slug == "insurance" else label_of(REQUIREMENTS, slug)
        ),
    }
    made.filters |= {"day": day, "moment": moment, "count": count}
    return made


def frame(request: HttpRequest) -> dict[str, Any]:
    """For every page: today in Beijing, the way to itself, telephones."""
    return {
        "today": timezone.localdate(),
        "here": request.get_full_path(),
        "is_english": language() != SOURCE,
        "menu": _menu(language()),
        "written": typed(request),
        "support": settings.SUPPORT_PHONES,
        "platform": settings.PLATFORM_URL,
        "platform_log_ins": [
            (one["provider_id"], one.get("name", one["provider_id"]))
            for one in settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        ],
    }


def day(told: date | None) -> str:
    """A day as people write it; an en dash for none."""
    if told is None:
        return "–"
    if language() != SOURCE:
        return told.isoformat()
    return gettext("{year}年{month}月{day}日").format(
        year=told.year, month=told.month, day=told.day
    )


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
    return _place(name, places) + ("?" + urlencode(told, quote_via=quote) if told else "")


@lru_cache(maxsize=4096)
def _place(name: str, places: tuple[Any, ...]) -> str:
    return reverse(name, args=places)


def _standing(word: str) -> Markup:
    """A standing as a shape and a word."""
    return _standing_in(word, language())


@cache
def _standing_in(word: str, _language: str) -> Markup:
    shape, text = STANDINGS[word]
    told = '<strong class="standing {}"><span aria-hidden="true">{}</span> {}</strong>'
    return Markup(told).format(word, shape, gettext(text))


def _chinese(text: str) -> str | Markup:
    """A text of the registers or the law: it stays Chinese, and a page in another language says so."""
    if not text or language() == SOURCE or not HAN.search(text):
        return text
    return Markup('<span lang="zh-CN">{}</span>').format(text)


def _mixed(text: str) -> str | Markup:
    """A sentence in the page's language with names or numbers in it that stay Chinese."""
    if language() == SOURCE or not HAN.search(text):
        return text
    return Markup(RUN.sub(r'<span lang="zh-CN">\1</span>', str(escape(text))))


def _lang(text: str) -> Markup:
    """The same as an attribute, where a text has no room for an element."""
    return Markup(' lang="zh-CN"') if language() != SOURCE and HAN.search(text) else Markup("")


@cache
def _menu(_language: str) -> list[tuple[str, str]]:
    """Addresses and names of the public pages."""
    return [(_url(name), gettext(text)) for name, text in MENU.items()]


@cache
def _style() -> Markup:
    """The stylesheet's address; it changes with the stylesheet, so that browsers may keep it."""
    return Markup(f"/static/base/style.css?{hashlib.sha256(STYLE.read_bytes()).hexdigest()[:12]}")
