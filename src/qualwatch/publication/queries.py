"""Reads of the public copy: standings today and on a past day, red cards, the feed."""

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from qualwatch.publication.models import (
    Announcement,
    Enterprise,
    FeedEntry,
    Freshness,
    QuarterFigures,
    RedCard,
    SigningKey,
    Standing,
)

CARD_FIELDS = (
    "number",
    "credit_code",
    "enterprise",
    "category",
    "sub_item",
    "qualification",
    "grade",
    "area",
    "authority",
    "requirements",
    "published_on",
    "ends_on",
    "is_provisional",
    "state",
    "ended_on",
    "because",
)
ANNOUNCEMENT_FIELDS = (
    "number",
    "kind",
    "title",
    "enterprise",
    "credit_code",
    "body",
    "published_on",
    "ends_on",
    "is_provisional",
    "card_number",
)


KEY_FIELDS = ("number", "public_key", "used_from", "used_until")
FIELDS: dict[type, tuple[str, ...]] = {
    RedCard: CARD_FIELDS,
    Announcement: ANNOUNCEMENT_FIELDS,
    SigningKey: KEY_FIELDS,
}

EMPTY_VERSION = "0-0"  # the version before anything was public
MAX_NAME_LENGTH, MAX_NAME_PARTS = 100, 8  # of a name that is searched for


@dataclass(frozen=True, slots=True)
class Answer:
    """The standing of an item on a day: one of six slugs, with its dates.

    `card`: the red card in force that day, also where the item is suspended or has ended.
    """

    standing: str
    because: str = ""
    enterprise: str = ""
    qualification: str = ""
    category: str = ""
    sub_item: str = ""
    grade: str = ""
    card: RedCard | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """An enterprise, the standings of its items on a day, their history (by item, oldest first),
    notices.
    """

    enterprise: Enterprise | None
    answers: list[Answer]
    history: list[Standing]
    notices: list[Announcement]
    freshness: Freshness | None
    version: str  # of the public copy, read before the rest or with it


# An enterprise with whatever its page always needs, a row for each interval of its items; the day,
# the credit code.
LOOK_UP = """
    SELECT s.*,
           e.id AS e_id, e.name AS e_name, e.former_names AS e_former_names, e.area AS e_area,
           e.is_in_register AS e_is_in_register, e.registered_on AS e_registered_on,
           f.day AS f_day, f.loaded AS f_loaded, f.limit_days AS f_limit,
           (SELECT c.last || '-' || c.version FROM publication_feedclock c WHERE c.number = 1)
               AS version,
           EXISTS (SELECT 1 FROM publication_redcard r WHERE r.credit_code = e.credit_code)
               AS has_cards,
           EXISTS (SELECT 1 FROM publication_announcement a WHERE a.credit_code = e.credit_code)
               AS has_notices
    FROM publication_enterprise e
    LEFT JOIN publication_freshness f
        ON f.day = (SELECT max(day) FROM publication_freshness WHERE day <= %s)
    LEFT JOIN publication_standing s ON s.credit_code = e.credit_code
    WHERE e.credit_code = %s ORDER BY s.category, s.sub_item, s.from_on
"""


def standing_of(credit_code: str, category: str, sub_item: str, day: date) -> Answer:
    """The standing of one item on a day."""
    for answer in standings_of(credit_code, day):
        if (answer.category, answer.sub_item) == (category, sub_item):
            return answer
    return Answer("unknown", category=category, sub_item=sub_item)


def standings_of(credit_code: str, day: date) -> list[Answer]:
    """The standings of every item of an enterprise that is known on a day.

    A red card is shown whatever the register's age.
    """
    return standings_among([credit_code], day)[credit_code]


def standings_among(credit_codes: Iterable[str], day: date) -> dict[str, list[Answer]]:
    """The same of many enterprises."""
    codes, fresh = list(credit_codes), is_fresh(day)
    rows = Standing.objects.filter(_holds_on(day), credit_code__in=codes).order_by(
        "category", "sub_item"
    )
    # of several of one item the first counts
    found_cards = reversed(cards_on(day, credit_code__in=codes))
    cards = {
        (red_card.credit_code, red_card.category, red_card.sub_item): red_card
        for red_card in found_cards
    }
    answers: dict[str, list[Answer]] = {code: [] for code in codes}
    for row in rows:
        card = cards.pop((row.credit_code, row.category, row.sub_item), None)
        answers[row.credit_code].append(_answer(row, card, day, is_fresh=fresh))
    for (code, *_item), card in cards.items():
        answers[code].append(_of_card(card))
    return answers


def look_up(credit_code: str, day: date, *, with_notices: bool = True) -> LookUp:
    """One enterprise as its page shows it on a day.

    Three queries at most where it has standings.
    """
    rows: list[Any] = list(Standing.objects.raw(LOOK_UP, [day, credit_code]))
    if not rows:
        return _look_up_without_standings(credit_code, day, with_notices=with_notices)
    first = rows[0]
    freshness = _freshness(first)
    history = [row for row in rows if row.pk is not None]
    cards = cards_on(day, credit_code=credit_code) if first.has_cards else []
    notices: list[Announcement] = []
    if with_notices and first.has_notices:
        notices = list(announcements(credit_code=credit_code))
    answers = _answers_of_items(history, cards, freshness, day)
    enterprise = _enterprise(credit_code, first)
    return LookUp(enterprise, answers, history, notices, freshness, first.version or EMPTY_VERSION)


def _look_up_without_standings(credit_code: str, day: date, *, with_notices: bool) -> LookUp:
    """The same where LOOK_UP finds no row.

    The enterprise is not in the public copy, cards and notices may be.
    """
    # before everything else: what is posted meanwhile must not go out under the newer version
    version_before = version()
    history = list(
        Standing.objects.filter(credit_code=credit_code).order_by("category", "sub_item", "from_on")
    )
    freshness = freshness_on(day)
    cards = cards_on(day, credit_code=credit_code)
    notices = list(announcements(credit_code=credit_code)) if with_notices else []
    answers = _answers_of_items(history, cards, freshness, day)
    return LookUp(None, answers, history, notices, freshness, version_before)


def _answers_of_items(
    history: Iterable[Any], cards: Sequence[RedCard], freshness: Freshness | None, day: date
) -> list[Answer]:
    """The answer for every item with a standing or a red card on a day."""
    # of several red cards of one item the first counts: it is written last
    card_of_item = {(card.category, card.sub_item): card for card in reversed(cards)}
    is_fresh = _is_young(freshness, day)
    answers = []
    for row in history:
        if row.from_on <= day and (row.to_on is None or day < row.to_on):
            card = card_of_item.pop((row.category, row.sub_item), None)
            answers.append(_answer(row, card, day, is_fresh=is_fresh))
    return [*answers, *map(_of_card, card_of_item.values())]


def _enterprise(credit_code: str, row: Any) -> Enterprise:
    """The columns of the enterprise in a row of LOOK_UP."""
    return Enterprise(
        id=row.e_id,
        credit_code=credit_code,
        name=row.e_name,
        former_names=row.e_former_names,
        area=row.e_area,
        is_in_register=row.e_is_in_register,
        registered_on=_day(row.e_registered_on),
    )


def _freshness(row: Any) -> Freshness | None:
    """The columns of freshness in a row of LOOK_UP."""
    if row.f_day is None:
        return None
    loaded = json.loads(row.f_loaded) if isinstance(row.f_loaded, str) else row.f_loaded
    return Freshness(day=_day(row.f_day), loaded=loaded, limit_days=row.f_limit)


def _day(value: Any) -> Any:
    """A day; SQLite gives it as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _of_card(card: RedCard) -> Answer:
    """The standing of an item with a red card, also where the register has no row of it."""
    return Answer(
        "red",
        "",
        card.enterprise,
        card.qualification,
        card.category,
        card.sub_item,
        card.grade,
        card,
    )


def _answer(row: Standing, card: RedCard | None, day: date, *, is_fresh: bool) -> Answer:
    """The standing by the register; a certificate past its last day has ended, also before the next
    patrol.
    """
    standing = (row.standing, row.because)
    if row.standing == "in-force" and row.valid_to is not None and row.valid_to < day:
        standing = ("ended", "expired")
    word, why = standing if is_fresh else ("cannot-say", "items-stale")
    if card is not None and (standing[0] == "in-force" or standing[1] == "not-in-register"):
        word, why = "red", ""
    return Answer(
        word, why, row.enterprise, row.qualification, row.category, row.sub_item, row.grade, card
    )


def plain(text: str) -> str:
    """A name as it is searched: width and case of its characters are normalised."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def find(text: str) -> QuerySet[Enterprise]:
    """Enterprises by credit code, or by all parts of a present or former name."""
    text = plain(text)[:MAX_NAME_LENGTH]
    code = text.upper()
    parts = [Q(names__contains=part) for part in text.split()[:MAX_NAME_PARTS]]
    by_name = Q(*parts) if parts else Q(pk=None)
    return Enterprise.objects.filter(Q(credit_code=code) | by_name).order_by("name", "credit_code")


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that an enterprise had; the day from which the register has another, where known."""

    name: str
    until: date | None


def former_names(enterprise: Enterprise) -> list[FormerName]:
    """Every former name, the newest first."""
    lines = (line.partition("\t") for line in enterprise.former_names.split("\n") if line)
    return [FormerName(name, date.fromisoformat(day) if day else None) for day, _tab, name in lines]


def former_names_found(enterprise: Enterprise, text: str) -> list[FormerName]:
    """Of an enterprise that a text finds, the former names by which alone it does; none where it
    has the name now, or the text is its credit code.
    """
    text = plain(text)[:MAX_NAME_LENGTH]
    parts = text.split()[:MAX_NAME_PARTS]
    if text.upper() == enterprise.credit_code or _has_all(enterprise.name, parts):
        return []
    former = former_names(enterprise)
    return [row for row in former if _has_all(row.name, parts)] or former


def _has_all(name: str, parts: Iterable[str]) -> bool:
    searched = plain(name)
    return all(part in searched for part in parts)


def red_list(day: date) -> QuerySet[RedCard]:
    """Open cards, and cleared ones within their retention; the newest first."""
    red_cards = RedCard.objects.filter(Q(state="open") | Q(state="cleared", hidden_from__gt=day))
    return red_cards.order_by("-published_on", "number")


def red_card(number: str, day: date) -> RedCard | None:
    """A card of the red list; None without one."""
    return red_list(day).filter(number=number).first()


def announcements(
    kind: str = "", credit_code: str = "", card_number: str = ""
) -> QuerySet[Announcement]:
    """Notices to the public, the newest first, filtered by kind, enterprise or red card."""
    filters = {"kind": kind, "credit_code": credit_code, "card_number": card_number}
    which = {name: value for name, value in filters.items() if value}
    return Announcement.objects.filter(is_removed=False, **which).order_by(
        "-published_on", "number"
    )


@dataclass(frozen=True, slots=True)
class PublishedNotice:
    """A notice to the public as it was last read; `removed_on`: it is no longer public."""

    number: str
    kind: str
    title: str
    body: str
    published_on: date
    ends_on: date | None
    removed_on: date | None


def published_notices(
    card_numbers: Collection[str], numbers: Collection[str]
) -> list[PublishedNotice]:
    """Every notice about red cards or under given numbers, removed ones too, oldest first.

    For the file of a case only: the public reads `announcements`.
    """
    which = Q(card_number__in=card_numbers) | Q(number__in=numbers)
    keys = Announcement.objects.filter(which).values_list("number", flat=True)
    entries = FeedEntry.objects.filter(kind="announcement", key__in=list(keys))
    shown_last: dict[str, Mapping[str, Any]] = {}
    removed_on: dict[str, date | None] = {}
    for entry in entries.order_by("sequence"):
        if entry.body is not None:
            shown_last[entry.key] = entry.body
        removed_on[entry.key] = timezone.localdate(entry.at) if entry.body is None else None
    notices = [_notice(body, removed_on[number]) for number, body in shown_last.items()]
    return sorted(notices, key=lambda notice: (notice.published_on, notice.number))


def _notice(body: Mapping[str, Any], removed_on: date | None) -> PublishedNotice:
    return PublishedNotice(
        body["number"],
        body["kind"],
        body["title"],
        body["body"],
        date.fromisoformat(body["published_on"]),
        date.fromisoformat(body["ends_on"]) if body["ends_on"] else None,
        removed_on,
    )


def figures() -> list[QuarterFigures]:
    """All quarters' figures, the newest quarter first."""
    return list(QuarterFigures.objects.order_by("-year", "-quarter", "area"))


def signing_keys() -> list[SigningKey]:
    """All keys that were ever used, the newest first."""
    return list(SigningKey.objects.order_by("-used_from", "-pk"))


def enterprises_by_area() -> dict[str, int]:
    """How many enterprises of the register each area has."""
    counted = (
        Enterprise.objects.filter(is_in_register=True)
        .values_list("area")
        .annotate(count=Count("pk"))
    )
    return dict(counted.order_by())


def version() -> str:
    """The version of the public copy: pages of the same version, day and language are the same."""
    with connection.cursor() as cursor:  # asked for every page
        cursor.execute("SELECT last, version FROM publication_feedclock WHERE number = 1")
        row = cursor.fetchone()
    return f"{row[0]}-{row[1]}" if row else EMPTY_VERSION


def freshness_on(day: date) -> Freshness | None:
    """How old the registers were when somebody last looked, by a day."""
    return Freshness.objects.filter(day__lte=day).order_by("-day").first()


def is_fresh(day: date) -> bool:
    """Whether the registers delivered by a day were young enough on it."""
    return _is_young(freshness_on(day), day)


def _is_young(freshness: Freshness | None, day: date) -> bool:
    if freshness is None:
        return False
    days = [date.fromisoformat(one) for one in freshness.loaded.values() if one]
    return len(days) == len(freshness.loaded) > 0 and all(
        (day - one).days <= freshness.limit_days for one in days
    )


def cards_on(day: date, **which: Any) -> list[RedCard]:
    """Red cards in force on a day."""
    red_cards = RedCard.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=day), published_on__lte=day, **which
    )
    return list(red_cards.exclude(state="removed").order_by("published_on", "number"))


def history_of(credit_code: str, category: str, sub_item: str) -> list[Standing]:
    """The standings of an item, oldest first."""
    standings = Standing.objects.filter(
        credit_code=credit_code, category=category, sub_item=sub_item
    )
    return list(standings.order_by("from_on"))


def cards_to_see(day: date) -> list[RedCard]:
    """Open cards, and cleared ones within their retention."""
    return list(red_list(day))


def entries_after(sequence: int, at_most: int = 1000) -> list[FeedEntry]:
    """The feed from a number on; of what was removed later only the tombstone."""
    entries = list(FeedEntry.objects.filter(sequence__gt=sequence).order_by("sequence")[:at_most])
    tombstones = FeedEntry.objects.filter(body__isnull=True, key__in=[one.key for one in entries])
    last = {(one.kind, one.key): one.sequence for one in tombstones}
    for feed_entry in entries:
        if feed_entry.sequence < last.get((feed_entry.kind, feed_entry.key), 0):
            feed_entry.body = None
    return entries


def shown(published: RedCard | Announcement | SigningKey) -> dict[str, Any]:
    """The body of a card, an announcement or a key in the feed."""
    values = {name: getattr(published, name) for name in FIELDS[type(published)]}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }


def public_copy() -> dict[str, Any]:
    """The public copy from its tables; replaying the whole feed gives the same."""
    cards = {
        f"red-card/{red_card.number}": shown(red_card)
        for red_card in RedCard.objects.exclude(state="removed")
    }
    notices = Announcement.objects.filter(is_removed=False)
    announced = {
        f"announcement/{announcement.number}": shown(announcement) for announcement in notices
    }
    keys = {f"signing-key/{key.number}": shown(key) for key in SigningKey.objects.all()}
    return cards | announced | keys


def replayed(until: int) -> dict[str, Any]:
    """The public copy from the feed, up to a number: key -> body."""
    return replay(FeedEntry.objects.filter(sequence__lte=until).order_by("sequence").iterator())


def replay(entries: Iterable[FeedEntry]) -> dict[str, Any]:
    """Applies feed entries: puts every body under its key and removes what is no longer public."""
    copy: dict[str, Any] = {}
    for feed_entry in entries:
        if feed_entry.body is None:
            copy.pop(f"{feed_entry.kind}/{feed_entry.key}", None)
        else:
            copy[f"{feed_entry.kind}/{feed_entry.key}"] = feed_entry.body
    return copy


def canonical(copy: dict[str, Any]) -> str:
    """The canonical text of a public copy, whose SHA-256 is a snapshot's digest."""
    return json.dumps(copy, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _holds_on(day: date) -> Q:
    return Q(from_on__lte=day) & (Q(to_on=None) | Q(to_on__gt=day))
