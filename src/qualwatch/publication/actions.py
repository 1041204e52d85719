"""Writes to the public copy in the transaction of the act, each with the feed's entry."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from qualwatch.publication.models import (
    Announcement,
    Enterprise,
    FeedClock,
    FeedEntry,
    Freshness,
    QuarterFigures,
    RedCard,
    SigningKey,
    Snapshot,
    Standing,
)
from qualwatch.publication.queries import canonical, plain, replayed, shown

ItemKey = tuple[str, str, str]  # credit code, category, sub-item


class NotInAnAction(Exception):
    """Something was posted outside a transaction: it would stay although its act is rolled back."""


@dataclass(frozen=True, slots=True)
class Card:
    """The values of a red card to be published."""

    number: str
    credit_code: str
    enterprise: str
    category: str
    sub_item: str
    qualification: str
    grade: str
    area: str
    authority: str
    requirements: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class NewAnnouncement:
    """The values of a notice to the public."""

    number: str
    kind: str
    title: str
    enterprise: str
    credit_code: str
    body: str
    card_number: str = ""  # of the red card that it follows from


@dataclass(frozen=True, slots=True)
class ItemNow:
    """The state of an item in the register today."""

    enterprise: str
    qualification: str
    grade: str
    standing: str
    because: str = ""
    valid_to: date | None = None  # of one in force: the last day by its certificate


def post_red_card(card: Card, *, on: date, at: datetime) -> None:
    """Publishes a red card."""
    _locked_clock()
    values = {name: getattr(card, name) for name in Card.__slots__}
    _feed("red-card", RedCard.objects.create(published_on=on, **values), at)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The values of a key by which seals and evidence packs are verified."""

    number: str
    public_key: str  # 64 hexadecimal digits
    used_from: date
    used_until: date | None


def post_signing_keys(keys: Iterable[PublicKey], *, at: datetime) -> None:
    """Publishes new keys, and the last day of a key that was replaced; none is ever removed."""
    _locked_clock()
    published = {key.number: key for key in SigningKey.objects.all()}
    for key in keys:
        existing = published.get(key.number)
        if existing is None:
            values = {name: getattr(key, name) for name in PublicKey.__slots__}
            _feed("signing-key", SigningKey.objects.create(**values), at)
        elif existing.used_until is None and key.used_until is not None:
            existing.used_until = key.used_until
            existing.save(update_fields=["used_until"])
            _feed("signing-key", existing, at)


def post_red_period(
    number: str, *, ends_on: date | None, is_provisional: bool, at: datetime
) -> None:
    """Publishes the end of the red period, which begins with the service of the order.

    `ends_on`: None where the order is not served yet. `is_provisional`: a calendar that is not
    published yet may move it.
    """
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    card.ends_on, card.is_provisional = ends_on, is_provisional
    card.save(update_fields=["ends_on", "is_provisional"])
    _feed("red-card", card, at)


def post_cleared(number: str, *, on: date, because: str, hidden_from: date, at: datetime) -> None:
    """Publishes that a card is no longer in force.

    It is shown as cleared until its retention ends.
    """
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    if card.state != "open":
        return
    card.state, card.ended_on, card.because, card.hidden_from = "cleared", on, because, hidden_from
    card.save()
    _feed("red-card", card, at)


def reword_cleared(number: str, *, because: str, at: datetime) -> None:
    """Publishes another reason of a cleared card, where the one it had was undone."""
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    if card.state == "cleared":
        card.because = because
        card.save(update_fields=["because"])
        _feed("red-card", card, at)


def remove_red_card(number: str, *, on: date, because: str, at: datetime) -> None:
    """Removes a card that should not have been published; the feed keeps a tombstone."""
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    if card.state == "removed":
        return
    for name in Card.__slots__:
        # the number stays for the tombstone of the feed
        if name not in ("number", "requirements"):
            setattr(card, name, "")
    card.requirements, card.state, card.ended_on, card.because = [], "removed", on, because
    card.ends_on = card.hidden_from = None
    card.is_provisional = False
    card.save()
    _feed("red-card", card, at, is_gone=True)


def amend_card(number: str, *, requirements: list[dict[str, Any]], at: datetime) -> None:
    """Publishes fewer requirements of an open card: the others were repaired."""
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    if card.state == "open":
        card.requirements = requirements
        card.save(update_fields=["requirements"])
        _feed("red-card", card, at)


def post_announcement(
    new_announcement: NewAnnouncement,
    *,
    on: date,
    ends_on: date | None,
    at: datetime,
    is_provisional: bool = False,
) -> None:
    """Publishes a notice; `ends_on` is its last day."""
    _locked_clock()
    values = {name: getattr(new_announcement, name) for name in NewAnnouncement.__slots__}
    values |= {
        "published_on": on,
        "ends_on": ends_on,
        "is_provisional": is_provisional,
        "is_removed": False,
    }
    # one taken down may return
    announcement, _new = Announcement.objects.update_or_create(
        number=new_announcement.number, defaults=values
    )
    _feed("announcement", announcement, at)


def move_announcement(number: str, *, ends_on: date, is_provisional: bool, at: datetime) -> None:
    """Publishes new days of a notice, counted by a newly published calendar."""
    _locked_clock()
    announcement = Announcement.objects.select_for_update().get(number=number)
    if not announcement.is_removed and (announcement.ends_on, announcement.is_provisional) != (
        ends_on,
        is_provisional,
    ):
        announcement.ends_on, announcement.is_provisional = ends_on, is_provisional
        announcement.save(update_fields=["ends_on", "is_provisional"])
        _feed("announcement", announcement, at)


def remove_announcement(number: str, *, at: datetime) -> None:
    """Removes a notice; the feed keeps a tombstone."""
    _locked_clock()
    announcement = Announcement.objects.select_for_update().get(number=number)
    if announcement.is_removed:
        return
    announcement.title = announcement.enterprise = announcement.credit_code = announcement.body = ""
    announcement.is_removed = True
    announcement.save()
    _feed("announcement", announcement, at, is_gone=True)


def move_card(number: str, *, enterprise: str, grade: str, area: str, at: datetime) -> None:
    """Publishes the name, grade or area that an open card has in the register now."""
    _locked_clock()
    card = RedCard.objects.select_for_update().get(number=number)
    if card.state == "open" and (card.enterprise, card.grade, card.area) != (
        enterprise,
        grade,
        area,
    ):
        card.enterprise, card.grade, card.area = enterprise, grade, area
        card.save(update_fields=["enterprise", "grade", "area"])
        _feed("red-card", card, at)


@transaction.atomic
def post_standings(items: Mapping[ItemKey, ItemNow], *, on: date, credit_code: str = "") -> int:
    """Replaces the standings that changed; returns how many began.

    An item that the register lacks gets the standing `ended`. With a credit code `items` are those
    of this enterprise, and no other is changed.
    """
    _locked_clock()
    standings = Standing.objects.filter(to_on=None)
    if credit_code:
        standings = standings.filter(credit_code=credit_code)
    current = {(row.credit_code, row.category, row.sub_item): row for row in standings}
    ended: list[Standing] = []
    started: list[tuple[ItemKey, ItemNow]] = []
    with_other_last_day: list[Standing] = []
    for key, standing in current.items():
        now = items.get(key) or _absent_item(standing)
        if now is None:
            continue
        if replace(now, valid_to=None) != _item_of(standing):
            ended.append(standing)
            started.append((key, now))
        # a renewed certificate is no new standing: only its last day moves
        elif now.valid_to != standing.valid_to:
            standing.valid_to = now.valid_to
            with_other_last_day.append(standing)
    started += [(key, now) for key, now in items.items() if key not in current]
    _end_standings(ended, on)
    Standing.objects.bulk_create(
        [_new_standing(key, now, on) for key, now in started], batch_size=2000
    )
    Standing.objects.bulk_update(with_other_last_day, ["valid_to"], batch_size=2000)
    if started or ended or with_other_last_day:
        _touch()
    return len(started)


@transaction.atomic
def undo_standings(*, on: date) -> int:
    """Undoes the standings that began on a day that has not come yet; how many."""
    _locked_clock()
    begun = Standing.objects.filter(from_on=on)
    count = begun.count()
    begun.delete()
    Standing.objects.filter(to_on=on).update(to_on=None)
    Freshness.objects.filter(day=on).delete()
    _touch()
    return count


def _item_of(standing: Standing) -> ItemNow:
    """The item of a standing without its last day."""
    return ItemNow(
        standing.enterprise,
        standing.qualification,
        standing.grade,
        standing.standing,
        standing.because,
    )


def _absent_item(standing: Standing) -> ItemNow | None:
    """The state of an item that the register lacks; None where it had ended before."""
    if standing.standing != "in-force":
        return None
    return replace(_item_of(standing), standing="ended", because="not-in-register")


def _end_standings(ended: Iterable[Standing], on: date) -> None:
    """Ends standings on a day; one that began and ended the same day is dropped."""
    same_day = [standing.pk for standing in ended if standing.from_on >= on]
    closed = [standing.pk for standing in ended if standing.from_on < on]
    Standing.objects.filter(pk__in=same_day).delete()
    Standing.objects.filter(pk__in=closed).update(to_on=on)


def _new_standing(key: ItemKey, now: ItemNow, on: date) -> Standing:
    """The row of a standing that begins on a day."""
    credit_code, category, sub_item = key
    return Standing(
        credit_code=credit_code,
        category=category,
        sub_item=sub_item,
        enterprise=now.enterprise,
        qualification=now.qualification,
        grade=now.grade,
        standing=now.standing,
        because=now.because,
        from_on=on,
        valid_to=now.valid_to,
    )


@transaction.atomic
def post_freshness(
    *,
    day: date,
    loaded: Mapping[str, date | None],
    limit_days: int,
    others: Mapping[str, tuple[date | None, int]] | None = None,
) -> None:
    """Publishes the age of the registers on a day."""
    _locked_clock()
    loaded_days = {name: day.isoformat() if day else None for name, day in loaded.items()}
    more = {
        name: [day.isoformat() if day else None, days]
        for name, (day, days) in (others or {}).items()
    }
    defaults = {"loaded": loaded_days, "limit_days": limit_days, "others": more}
    Freshness.objects.update_or_create(day=day, defaults=defaults)
    _touch()


@transaction.atomic
def post_enterprises(register: Mapping[str, tuple[str, str]], *, on: date | None = None) -> int:
    """Publishes the enterprises of the register (credit code -> name, area); returns how many
    changed.

    on: the day from which they have these names; None = unknown.
    """
    _locked_clock()
    existing = {enterprise.credit_code: enterprise for enterprise in Enterprise.objects.all()}
    new: list[Enterprise] = []
    changed: list[Enterprise] = []
    for code, (name, area) in register.items():
        enterprise = existing.get(code)
        if enterprise is None:
            new.append(_named(Enterprise(credit_code=code, names=""), name, area, on))
        elif (enterprise.name, enterprise.area, enterprise.is_in_register) != (name, area, True):
            changed.append(_named(enterprise, name, area, on))
    for code, enterprise in existing.items():
        if enterprise.is_in_register and code not in register:
            enterprise.is_in_register = False
            changed.append(enterprise)
    fields = ["name", "names", "former_names", "area", "is_in_register"]
    Enterprise.objects.bulk_create(new, batch_size=2000)
    Enterprise.objects.bulk_update(changed, fields, batch_size=500)
    if new or changed:
        _touch()
    return len(new) + len(changed)


@transaction.atomic
def post_registered(*, credit_code: str, name: str, on: date) -> None:
    """Publishes once that the enterprise has an account on the platform."""
    _locked_clock()
    defaults = {"name": name, "names": plain(name), "registered_on": on}
    enterprise, is_new = Enterprise.objects.get_or_create(
        credit_code=credit_code, defaults=defaults
    )
    if not is_new and enterprise.registered_on is None:
        enterprise.registered_on = on
        enterprise.save(update_fields=["registered_on"])
    _touch()


@transaction.atomic
def post_statistics(rows: Mapping[tuple[int, int, str], Mapping[str, Any]]) -> int:
    """Replaces all figures, by (year, quarter, area); returns the number of rows that changed."""
    _locked_clock()
    existing = {
        (quarter_figures.year, quarter_figures.quarter, quarter_figures.area): quarter_figures
        for quarter_figures in QuarterFigures.objects.all()
    }
    changed = [
        key
        for key, row in rows.items()
        if key not in existing or existing[key].figures != dict(row)
    ]
    for year, quarter, area in changed:
        values = {"figures": dict(rows[(year, quarter, area)])}
        QuarterFigures.objects.update_or_create(
            year=year, quarter=quarter, area=area, defaults=values
        )
    removed = [quarter_figures.pk for key, quarter_figures in existing.items() if key not in rows]
    QuarterFigures.objects.filter(pk__in=removed).delete()
    if changed or removed:
        _touch()
    return len(changed) + len(removed)


@transaction.atomic
def take_snapshot(*, day: date) -> Snapshot:
    """Records the digest of the public copy of a day, once."""
    snapshot = Snapshot.objects.filter(day=day).first()
    if snapshot:
        return snapshot
    # locked, so that nobody adds to the feed while it is replayed
    last = _locked_clock().last
    digest = hashlib.sha256(canonical(replayed(last)).encode()).hexdigest()
    return Snapshot.objects.create(day=day, sequence=last, sha256=digest)


def _feed(
    kind: str,
    published: RedCard | Announcement | SigningKey,
    at: datetime,
    *,
    is_gone: bool = False,
) -> None:
    """Writes the next entry of the feed, in the act's transaction: numbers have no gaps."""
    clock = _locked_clock()
    clock.last += 1
    clock.save(update_fields=["last"])
    body = None if is_gone else shown(published)
    FeedEntry.objects.create(sequence=clock.last, at=at, kind=kind, key=published.number, body=body)


def _named(enterprise: Enterprise, name: str, area: str, on: date | None) -> Enterprise:
    if enterprise.name not in ("", name):
        lines = [
            f"{on or ''}\t{enterprise.name}",
            *filter(None, enterprise.former_names.split("\n")),
        ]
        others = {line.partition("\t")[2]: line for line in reversed(lines)}
        others.pop(name, None)
        enterprise.former_names = "\n".join(reversed(others.values()))
    plain_name = plain(name)
    names = [
        plain_name,
        *(old for old in enterprise.names.split("\n") if old and old != plain_name),
    ]
    enterprise.name, enterprise.names, enterprise.area, enterprise.is_in_register = (
        name,
        "\n".join(names),
        area,
        True,
    )
    return enterprise


def _touch() -> None:
    """Changes the version of the public copy where no feed entry does.

    Cached pages are then out of date.
    """
    clock = _locked_clock()
    clock.version += 1
    clock.save(update_fields=["version"])


def _locked_clock() -> FeedClock:
    """The one row that every write to the public copy locks first (CONTRIBUTING.md, lock order)."""
    if not connection.in_atomic_block:
        raise NotInAnAction
    clock = FeedClock.objects.select_for_update().filter(number=1).first()
    if clock is None:
        # of two first writers one creates the row, and both lock it
        FeedClock.objects.get_or_create(number=1)
        clock = FeedClock.objects.select_for_update().get(number=1)
    return clock


def remove_expired_cards(*, on: date, at: datetime) -> int:
    """Removes cleared cards whose retention is over; returns how many."""
    _locked_clock()
    expired: Iterable[RedCard] = RedCard.objects.filter(state="cleared", hidden_from__lte=on)
    removed = 0
    for card in expired:
        remove_red_card(card.number, on=card.ended_on or on, because="retention-over", at=at)
        removed += 1
    return removed
