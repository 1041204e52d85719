"""The templates' environment: globals, filters, and the context that every page gets."""

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
from qualwatch.web.base.errors import submitted_texts
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
CHINESE_RUN = re.compile("([\u4e00-\u9fff](?:[\u4e00-\u9fff〔〕0-9]*[\u4e00-\u9fff])?)")
STYLESHEET = Path(__file__).parent / "static" / "base" / "style.css"


def environment(**options: Any) -> Environment:
    """Jinja2 as our templates use it; Django passes the options of the settings."""
    jinja = Environment(
        **{**options, "trim_blocks": True, "lstrip_blocks": True}, extensions=["jinja2.ext.do"]
    )
    jinja.globals |= {
        "_": gettext,
        "url": _url,
        "stylesheet": _stylesheet_address(),
        "pictures": pictures,
        "standing": _standing,
        "zh": _chinese,
        "lang": _lang,
        "mixed": _mixed,
        "requirement_name": _requirement_name,
    }
    jinja.filters |= {"day": day, "moment": moment, "count": count}
    return jinja


def base_context(request: HttpRequest) -> dict[str, Any]:
    """The context of every page: today in Beijing, its own address, menu, telephones."""
    providers = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return {
        "today": timezone.localdate(),
        "here": request.get_full_path(),
        "is_english": language() != SOURCE,
        "menu": _menu(language()),
        "submitted_texts": submitted_texts(request),
        "support": settings.SUPPORT_PHONES,
        "platform": settings.PLATFORM_URL,
        "platform_log_ins": [
            (provider["provider_id"], provider.get("name", provider["provider_id"]))
            for provider in providers
        ],
    }


def day(on: date | None) -> str:
    """A day as people write it; an en dash for none."""
    if on is None:
        return "–"
    if language() != SOURCE:
        return on.isoformat()
    return gettext("{year}年{month}月{day}日").format(year=on.year, month=on.month, day=on.day)


def moment(at: datetime | None) -> str:
    """A moment in Beijing time; an en dash for none."""
    if at is None:
        return "–"
    local_time = timezone.localtime(at)
    return f"{day(local_time.date())} {local_time:%H:%M}"


def count(number: float | None) -> str:
    """A number with thousands separators; an en dash for none."""
    return "–" if number is None else f"{number:,}"


def _requirement_name(slug: str) -> str:
    return gettext("注册人员社保") if slug == "insurance" else label_of(REQUIREMENTS, slug)


def _url(name: str, *arguments: Any, **query: Any) -> str:
    """The address of a page with its query; empty values are left out."""
    parameters = {key: value for key, value in query.items() if value not in (None, "")}
    address = _address(name, arguments)
    return f"{address}?{urlencode(parameters, quote_via=quote)}" if parameters else address


@lru_cache(maxsize=4096)
def _address(name: str, arguments: tuple[Any, ...]) -> str:
    return reverse(name, args=arguments)


def _standing(slug: str) -> Markup:
    """A standing as a shape and a word."""
    return _standing_in(slug, language())


@cache
def _standing_in(slug: str, _language: str) -> Markup:
    shape, text = STANDINGS[slug]
    html = '<strong class="standing {}"><span aria-hidden="true">{}</span> {}</strong>'
    return Markup(html).format(slug, shape, gettext(text))


def _chinese(text: str) -> str | Markup:
    """A text of the registers or the law: marked as Chinese on a page in another language."""
    if not text or language() == SOURCE or not HAN.search(text):
        return text
    return Markup('<span lang="zh-CN">{}</span>').format(text)


def _mixed(text: str) -> str | Markup:
    """A sentence in the page's language whose Chinese names are marked as Chinese."""
    if language() == SOURCE or not HAN.search(text):
        return text
    return Markup(CHINESE_RUN.sub(r'<span lang="zh-CN">\1</span>', str(escape(text))))


def _lang(text: str) -> Markup:
    """The lang attribute of a text whose element can hold no other element."""
    return Markup(' lang="zh-CN"') if language() != SOURCE and HAN.search(text) else Markup("")


@cache
def _menu(_language: str) -> list[tuple[str, str]]:
    """Addresses and names of the public pages."""
    return [(_url(name), gettext(text)) for name, text in MENU.items()]


@cache
def _stylesheet_address() -> Markup:
    """The stylesheet's address with a digest of its content, so that browsers may store it."""
    digest = hashlib.sha256(STYLESHEET.read_bytes()).hexdigest()[:12]
    return Markup(f"/static/base/style.css?{digest}")
