"""The public copy of the registers: enterprises, standings of items, age of the data."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from qualwatch.evaluation.facts import Item
from qualwatch.evaluation.items import ItemsInForce, items_in_force, last_day
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.publication.actions import (
    ItemKey,
    ItemNow,
    post_enterprises,
    post_freshness,
    post_standings,
)
from qualwatch.registers.facts import coverage_on, resolved_rows, revision_at
from qualwatch.registers.models import EnterpriseRow, ItemRow

# Sources whose age decides whether standings are published.
SOURCES = ("enterprises", "items")
# Slugs of evaluation.items for an item that is not in force.
WITHDRAWN = "withdrawn"
NOT_YET_IN_FORCE = "not-yet-in-force"


def publish_register(*, on: date, law: Law) -> int:
    """Publishes enterprises, standings and the age of the data; the number of standings changed.

    Where the registers are too old only their age is published.
    """
    policy = law.policy_on(on)
    limit_days = policy["register_freshness_days"]
    limits = {"contributions": policy["insurance_freshness_days"]}
    loaded = {
        coverage.source: coverage.loaded_at for coverage in coverage_on(revision_at(None), on)
    }
    registers = {source: day for source, day in loaded.items() if source in SOURCES}
    others = {
        source: (day, limits.get(source, limit_days))
        for source, day in loaded.items()
        if source not in SOURCES
    }
    post_freshness(day=on, loaded=registers, limit_days=limit_days, others=others)
    if any(day is None or (on - day).days > limit_days for day in registers.values()):
        return 0
    rows = resolved_rows(EnterpriseRow, ("credit_code", "name", "division_code"))
    register = {code: (name, law.area_of(division) or "") for code, name, division in rows}
    post_enterprises(register, on=on)
    return post_standings(_items(on, law), on=on)


def publish_items_of(credit_code: str, *, on: date, law: Law) -> None:
    """Publishes the standings of one enterprise at once, after a withdrawal or its annulment."""
    post_standings(_items(on, law, credit_code=credit_code), on=on, credit_code=credit_code)


def _items(on: date, law: Law, **filters: str) -> dict[ItemKey, ItemNow]:
    """Each item as of a day, by the rule that evaluation uses; items that begin later are left out.

    filters: conditions on the registers' rows.
    """
    names = dict(resolved_rows(EnterpriseRow, ("credit_code", "name"), **filters))
    records_of: dict[ItemKey, list[Item]] = defaultdict(list)
    for values in resolved_rows(ItemRow, Item._fields, **filters):
        record = Item(*values)
        records_of[(record.credit_code, record.category, record.sub_item)].append(record)
    items: dict[ItemKey, ItemNow] = {}
    for key, records in records_of.items():
        item = _item_now(records, names.get(key[0], ""), on, law)
        if item is not None:
            items[key] = item
    return items


def _item_now(records: Sequence[Item], enterprise: str, on: date, law: Law) -> ItemNow | None:
    """One item from its records; None while none of them has begun."""
    started = [record for record in records if record.valid_from is None or record.valid_from <= on]
    judged = items_in_force(law, started, on)
    reason = judged.not_judged[0][1] if judged.not_judged else ""
    if not started or reason == NOT_YET_IN_FORCE:
        return None
    record = judged.items[0] if judged.items else max(started, key=_start)
    category = law.categories.get(record.category)
    standing, because = _standing(is_in_force=bool(judged.items), reason=reason)
    return ItemNow(
        enterprise,
        category.name if category else record.category,
        _grade_names(judged, record),
        standing,
        because,
        last_day(law, records, on) if judged.items else None,
    )


def _grade_names(judged: ItemsInForce, record: Item) -> str:
    """The grade of an item; of contradictory records every grade that they name."""
    rows = [row for conflict in judged.conflicts for row in conflict.rows]
    grades = {row.grade for row in rows if isinstance(row, Item)} or {record.grade}
    return "/".join(sorted(GRADE_NAMES.get(grade, grade) for grade in grades))


def _standing(*, is_in_force: bool, reason: str) -> tuple[str, str]:
    """The public standing, and the reason of one that has ended."""
    if is_in_force:
        return "in-force", ""
    if reason == WITHDRAWN:
        return WITHDRAWN, ""
    return "ended", reason


def _start(record: Item) -> tuple[date, str]:
    return record.valid_from or date.min, record.certificate_no
