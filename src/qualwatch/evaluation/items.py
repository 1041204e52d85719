"""Which record of an item is in force on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from qualwatch.evaluation.facts import Item, Unparsed
from qualwatch.evaluation.findings import Finding
from qualwatch.evaluation.people import state_holds
from qualwatch.law.loader import Law
from qualwatch.law.model import GradeText


def grade_of(law: Law, item: Item) -> GradeText | None:
    """What the law says of an item's grade; None where it knows no such level."""
    text = law.categories.get(item.category)
    return text.grades_of(item.sub_item).get(item.grade) if text else None  # type: ignore[call-overload]  # facts are text


def renewal_pending(law: Law, item: Item, day: date) -> bool:
    """Past its end, renewal filed before it, not answered: held to be renewed (Administrative Licensing Law, 50).

    Not for an abolished grade: its stock lasts to the item's own end.
    """
    grade = grade_of(law, item)
    if grade and grade.abolished:
        return False
    filed = (
        item.renewal_filed_on is not None
        and item.valid_to is not None
        and item.renewal_filed_on <= item.valid_to
    )
    return filed and item.valid_to is not None and item.valid_to < day


def extended_to(law: Law, item: Item) -> date | None:
    """The end of an extension granted without a check, where the law knows one for the grade."""
    grade = grade_of(law, item)
    return item.extended_without_check_until if grade and grade.check_deferrable else None


@dataclass(frozen=True, slots=True)
class ItemsInForce:
    """The records to judge, and (category, why) of the items that have none."""

    items: list[Item]
    not_judged: list[tuple[str, str]]


def items_in_force(law: Law, records: list[Item], day: date) -> ItemsInForce:
    """The record in force of each item: the latest, where several certificates are; see `_later` for what is later."""
    current: dict[tuple[str, str], Item] = {}
    missing: dict[tuple[str, str], str] = {}
    for item in sorted(records, key=_later):
        key = (item.category, item.sub_item)
        why = _not_in_force(law, item, day)
        if why:
            missing[key] = why
        else:
            current[key] = item
    not_judged = [(key[0], why) for key, why in sorted(missing.items()) if key not in current]
    return ItemsInForce([current[key] for key in sorted(current)], not_judged)


def last_day(law: Law, records: Iterable[Item], day: date) -> date | None:
    """The last day from `day` on which an item with these records is in force by them; None = they end it on none."""
    known = list(records)
    ends = [
        end for item in known for end in (item.valid_to, item.extended_without_check_until) if end
    ]
    turns = {end + timedelta(days=1) for end in ends} | {item.register_state_from for item in known}
    for turn in sorted(turn for turn in turns if turn is not None and turn > day):
        if not items_in_force(law, known, turn).items:
            return turn - timedelta(days=1)
    return None


def _later(item: Item) -> tuple[date | str, ...]:
    """By beginning, certificate, end; the rest only decides between rows that contradict each other."""
    return (
        item.valid_from or date.min,
        item.certificate_no,
        item.valid_to or date.max,
        item.grade,
        item.route,
        item.renewal_filed_on or date.min,
        item.extended_without_check_until or date.min,
        item.licensing_authority or "",
    )


def _not_in_force(law: Law, item: Item, day: date) -> str | None:
    if state_holds(item, day):
        return item.register_state
    if item.valid_from and item.valid_from > day:
        return "not-yet-in-force"
    lasts_to = max((end for end in (item.valid_to, extended_to(law, item)) if end), default=None)
    if item.valid_to and lasts_to and lasts_to < day and not renewal_pending(law, item, day):
        return "expired"
    return None


def never_read(law: Law, row: Unparsed, name: str) -> Finding:
    """The finding of an item whose only row could not be read."""
    text = law.categories.get(row.category or "")
    return Finding(
        row.credit_code or "",
        name,
        "",
        None,
        row.category or "",
        text.name if text else "",
        "",
        "",
        "registered-people",
        "",
        "cannot-say",
        None,
        None,
        None,
        None,
        (),
        (),
        ("item-row-unparsed",),
    )
