"""The register of items as the public may read it: posted by the patrol every day."""

from collections import defaultdict
from datetime import date

from qualwatch.evaluation.facts import Item
from qualwatch.evaluation.items import items_in_force, last_day
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

TABLES = ("enterprises", "items")
WITHDRAWN, NOT_YET = "withdrawn", "not-yet-in-force"


def publish_register(*, on: date, law: Law) -> int:
    """Posts every enterprise, every item's standing and the registers' age; how many standings changed."""
    days = law.policy_on(on)["register_freshness_days"]
    told = {coverage.source: coverage.loaded_at for coverage in coverage_on(revision_at(None), on)}
    ages = {"contributions": law.policy_on(on)["insurance_freshness_days"]}
    loaded = {name: day for name, day in told.items() if name in TABLES}
    post_freshness(
        day=on,
        loaded=loaded,
        limit_days=days,
        others={
            name: (day, ages.get(name, days)) for name, day in told.items() if name not in TABLES
        },
    )
    fresh = all(day is not None and (on - day).days <= days for day in loaded.values())
    if not fresh:
        return 0
    rows = resolved_rows(EnterpriseRow, ("credit_code", "name", "division_code"))
    post_enterprises({code: (name, law.area_of(division) or "") for code, name, division in rows})
    return post_standings(_items(on, law), on=on)


def publish_items_of(credit_code: str, *, on: date, law: Law) -> None:
    """Posts the standings of one enterprise's items at once: one was withdrawn, or is again what it was."""
    post_standings(_items(on, law, credit_code=credit_code), on=on, credit_code=credit_code)


def _begins(item: Item) -> tuple[date, str]:
    return item.valid_from or date.min, item.certificate_no


def _items(on: date, law: Law, **which: str) -> dict[ItemKey, ItemNow]:
    """By the same rule as what is judged: the record in force of each item, or why none is."""
    names = dict(resolved_rows(EnterpriseRow, ("credit_code", "name"), **which))
    records: dict[ItemKey, list[Item]] = defaultdict(list)
    for resolved_row in resolved_rows(ItemRow, Item._fields, **which):
        row = Item(*resolved_row)
        records[(row.credit_code, row.category, row.sub_item)].append(row)
    found: dict[ItemKey, ItemNow] = {}
    for key, rows in records.items():
        begun = [
            item for item in rows if item.valid_from is None or item.valid_from <= on
        ]  # a later one says nothing yet
        judged = items_in_force(law, begun, on)
        why = judged.not_judged[0][1] if judged.not_judged else ""
        if not begun or why == NOT_YET:
            continue
        row = judged.items[0] if judged.items else max(begun, key=_begins)
        text = law.categories.get(row.category)
        word, because = (
            ("in-force", "")
            if judged.items
            else (WITHDRAWN, "")
            if why == WITHDRAWN
            else ("ended", why)
        )
        grade = GRADE_NAMES.get(row.grade, row.grade)
        last = last_day(law, rows, on) if judged.items else None
        found[key] = ItemNow(
            names.get(row.credit_code, ""),
            text.name if text else row.category,
            grade,
            word,
            because,
            last,
        )
    return found
