"""Which record of an item is in force on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from qualwatch.evaluation.conflicts import AsOf, conflict_of_items, item_conflict
from qualwatch.evaluation.facts import Item, Unparsed
from qualwatch.evaluation.findings import Finding, RegisterConflict
from qualwatch.evaluation.validity import is_renewal_undecided, state_holds
from qualwatch.law.loader import Law
from qualwatch.law.model import GradeText


def grade_of(law: Law, item: Item) -> GradeText | None:
    """What the law says of an item's grade; None where it knows no such level."""
    text = law.categories.get(item.category)
    return text.grades_of(item.sub_item).get(item.grade) if text else None  # type: ignore[call-overload]  # facts are text


def renewal_pending(law: Law, item: Item, day: date) -> bool:
    """Whether an item past its end counts as renewed: filed before the end, not answered
    (Administrative Licensing Law, 50).

    Not for an abolished grade: its stock lasts to the item's own end.
    """
    grade = grade_of(law, item)
    if grade and grade.abolished:
        return False
    return is_renewal_undecided(item, day)


def extended_to(law: Law, item: Item) -> date | None:
    """The end of an extension granted without a check, where the law knows one for the grade."""
    grade = grade_of(law, item)
    return item.extended_without_check_until if grade and grade.check_deferrable else None


@dataclass(frozen=True, slots=True)
class ItemsInForce:
    """The records to judge, (category, why) of the items that have none, and the items whose
    records contradict each other.
    """

    items: list[Item]
    not_judged: list[tuple[str, str]]
    conflicts: list[RegisterConflict]


def items_in_force(law: Law, records: list[Item], day: date) -> ItemsInForce:
    """The record in force of each item: the latest, where several certificates are; see `_later`
    for what is later.
    """
    in_force: dict[tuple[str, str], list[Item]] = {}
    others: dict[tuple[str, str], list[Item]] = {}
    missing: dict[tuple[str, str], str] = {}
    for item in sorted(records, key=_later) if len(records) > 1 else records:
        key = (item.category, item.sub_item)
        why = _not_in_force(law, item, day)
        if why:
            missing[key] = why
            others.setdefault(key, []).append(item)
        else:
            in_force.setdefault(key, []).append(item)
    not_judged = [(key[0], why) for key, why in sorted(missing.items()) if key not in in_force]
    as_of = AsOf(day, law.policy_on(day)["late_closing_days"])
    conflicts = [
        conflict_of_items(rows)
        for key, current in sorted(in_force.items())
        if (rows := item_conflict(current, others.get(key, ()), as_of))
    ]
    return ItemsInForce([in_force[key][-1] for key in sorted(in_force)], not_judged, conflicts)


def last_day(law: Law, records: Iterable[Item], day: date) -> date | None:
    """The last day from `day` on which an item with these records is in force by them.

    None = they end it on none.
    """
    items = list(records)
    turns = {item.register_state_from for item in items}
    for item in items:
        for end in (item.valid_to, item.extended_without_check_until):
            if end is not None:
                turns.add(end + timedelta(days=1))
    for turn in sorted(turn for turn in turns if turn is not None and turn > day):
        if not items_in_force(law, items, turn).items:
            return turn - timedelta(days=1)
    return None


def _later(item: Item) -> tuple[date | str, ...]:
    """By beginning, certificate, end.

    The rest only decides between rows that contradict each other.
    """
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
    if item.valid_to is None:
        return None
    last = max(item.valid_to, extended_to(law, item) or item.valid_to)
    if last < day and not renewal_pending(law, item, day):
        return "expired"
    return None


def never_read(law: Law, row: Unparsed, name: str) -> Finding:
    """The finding of an item whose only row could not be read."""
    text = law.categories.get(row.category or "")
    return Finding(
        credit_code=row.credit_code or "",
        enterprise=name,
        certificate_no="",
        licensing_authority=None,
        category=row.category or "",
        qualification=text.name if text else "",
        sub_item="",
        grade="",
        requirement="registered-people",
        text="",
        verdict="cannot-say",
        required=None,
        held=None,
        possible=None,
        shortfall=None,
        clauses=(),
        basis=(),
        because=("item-row-unparsed",),
    )
