"""Words for the slugs of the public copy, names of areas and items, days left."""

from collections.abc import Iterable, Mapping
from datetime import date

from qualwatch.law.loader import current_law
from qualwatch.procedure.state import CLOSED
from qualwatch.publication.models import Announcement, RedCard, Standing
from qualwatch.publication.queries import Answer
from qualwatch.wording import gettext
from qualwatch.wording import gettext_noop as _n

KINDS = {"display": _n("拟撤回公示"), "decision": _n("撤回决定"), "service": _n("公告送达")}
BECAUSE = {
    "items-stale": _n("登记数据过旧"),
    "expired": _n("证书有效期届满"),
    "suspended": _n("暂停"),
    "annulled": _n("许可被撤销"),
    "revoked": _n("吊销"),
    "deregistered": _n("注销"),
    "not-in-register": _n("登记库中已没有这项资质"),
    "withdrawn": _n("撤回"),
    "superseded": _n("已换发新证"),
}
CLEARED = CLOSED  # why a red card ended
SEQUENCES = {
    "general": _n("施工总承包"),
    "specialist": _n("专业承包"),
    "labour": _n("施工劳务"),
    "supervision-comprehensive": _n("监理综合"),
    "supervision-professional": _n("监理专业"),
    "supervision-office": _n("监理事务所"),
}
CONFIDENCE = {"high": _n("高"), "medium": _n("中"), "low": _n("低"), "none": _n("无")}
SOURCE = {
    "seen": _n("见到原文"),
    "recalled": _n("凭记忆"),
    "inferred": _n("推断"),
    "unknown": _n("未查到"),
}
TABLES = {
    "enterprises": _n("企业"),
    "items": _n("资质"),
    "registrations": _n("注册人员"),
    "contributions": _n("社保"),
}


def public_label(words: Mapping[str, str], slug: str) -> str:
    """The word in the reader's language; "other reason" for a slug without one."""
    if slug in words:
        return gettext(words[slug])
    return gettext("其他原因") if slug else ""


def area_name(slug: str) -> str:
    """The name of a supervising area; '' outside the province or unknown."""
    area = current_law().divisions.areas.get(slug)
    return area.name if area else ""


def area_names() -> list[tuple[str, str]]:
    """(slug, name) of every supervising area."""
    return [(slug, area.name) for slug, area in current_law().divisions.areas.items()]


def item_name(item: RedCard | Answer | Standing) -> str:
    """An item as its certificate names it."""
    grade = gettext(item.grade) if item.grade else ""
    return f"{item.qualification}{item.sub_item} {grade}".strip()


def days_left(ends_on: date | None, today: date) -> int | None:
    """Whole days until the last one, which counts; negative once it is over."""
    return None if ends_on is None else (ends_on - today).days


def with_labels(
    announcements: Iterable[Announcement], today: date
) -> list[tuple[Announcement, str, int | None]]:
    """(announcement, its kind in words, days left)."""
    return [
        (
            announcement,
            public_label(KINDS, announcement.kind),
            days_left(announcement.ends_on, today),
        )
        for announcement in announcements
    ]
