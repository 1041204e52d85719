"""Contradictory rows of one certificate: which of them are contradictions on a day.

Rows whose periods follow each other are a history, not a contradiction: a grade until a day and
another from it, a void record and a later one, a period that has ended and its renewal, a
certificate reissued for another name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from qualwatch.evaluation.facts import Item, Registration
from qualwatch.evaluation.findings import Finding, RegisterConflict, in_order
from qualwatch.evaluation.validity import is_renewal_undecided, state_holds
from qualwatch.law.model import GRADE_NAMES

CONFLICT = "register-conflict"
# Columns in which the rows of one certificate may contradict each other.
ITEM_FIELDS = ("grade", "licensing_authority", "route", "valid_to", "register_state")
REGISTRATION_FIELDS = ("credit_code", "profession_grade", "valid_to", "register_state")
# States of a record that is closed in the ordinary course, by renewal, reissue or transfer too.
CLOSED_STATES = frozenset(("deregistered", "expired"))
# Reasons of the registers for which a finding is `cannot-say`; they hold beside a conflict.
OF_REGISTERS = frozenset(
    (
        "enterprise-unknown",
        "place-unknown",
        "enterprises-stale",
        "enterprises-never-loaded",
        "items-stale",
        "items-never-loaded",
        "registrations-stale",
        "registrations-never-loaded",
        "item-row-unparsed",
        "row-unparsed",
    )
)

RelatedCodes = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day on which rows are compared.

    late_closing_days: days within which an office closes the former row after its successor has
    begun (policy `late_closing_days`).
    """

    day: date
    late_closing_days: int


def item_conflict(
    in_force: Sequence[Item], others: Sequence[Item], as_of: AsOf
) -> tuple[Item, ...]:
    """The contradictory records of one item; none where its records agree or follow each other.

    in_force: those in force on the day; others: those that are not.
    """
    if not in_force or len(in_force) + len(others) == 1:
        return ()
    newest = _newest(in_force)
    contradictory = {
        record for pair in combinations(newest, 2) if _differ_in_force(*pair) for record in pair
    }
    for record in others:
        for current in newest:
            if _is_void_beside_item(record, current, as_of):
                contradictory |= {record, current}
    return tuple(sorted(contradictory, key=repr))


def _newest(in_force: Sequence[Item]) -> list[Item]:
    """The records of which none is later than another.

    A record without a first day may be any day's, but an undated record of another certificate is
    earlier than a dated one.
    """
    latest = max((record.valid_from for record in in_force if record.valid_from), default=None)
    dated = [record for record in in_force if record.valid_from == latest]
    numbers = {record.certificate_no for record in dated}
    return [
        record
        for record in dict.fromkeys(in_force)
        if record.valid_from == latest
        or (record.valid_from is None and record.certificate_no in numbers)
    ]


def _differ_in_force(record: Item, other: Item) -> bool:
    """Whether two records in force contradict each other; an empty field contradicts nothing."""
    return (
        record.grade != other.grade
        or _are_known_different(record.licensing_authority, other.licensing_authority)
        or {record.route, other.route} == {"direct", "upgrade"}
    )


def _is_void_beside_item(record: Item, current: Item, as_of: AsOf) -> bool:
    """Whether a record not in force makes the one in force doubtful."""
    if not record.certificate_no or record.certificate_no != current.certificate_no:
        return False
    if _is_reissued(record, current):
        return False
    is_other = record.grade != current.grade or _are_known_different(
        record.licensing_authority, current.licensing_authority
    )
    return _is_void_against(record, current, as_of, is_other=is_other)


def _is_reissued(record: Item, current: Item) -> bool:
    """Whether a record was closed on a known day and stands on unchanged, as where a certificate is
    reissued for another name or address.
    """
    dates = (record.valid_from, record.valid_to)
    return (
        record.register_state == "deregistered"
        and record.register_state_from is not None
        and record.grade == current.grade
        and dates == (current.valid_from, current.valid_to) != (None, None)
    )


def _is_void_against(
    row: Registration | Item, current: Registration | Item, as_of: AsOf, *, is_other: bool
) -> bool:
    """Whether a void row contradicts a row in force of the same number.

    is_other: whether it is of another grade, authority or enterprise. Such a row is the former one
    unless it begins later. A row that is over by its end contradicts nothing.
    """
    first, current_first = _last_start(row), _last_start(current)
    day = as_of.day
    if not state_holds(row, day) or (first is not None and first > day):
        return False
    if first is not None and current_first is not None and first > current_first:
        return True
    if is_other or _had_ended(row, current, day) or _is_closed_late(row, current, as_of):
        return False
    void_from = row.register_state_from
    if current_first is None:
        return True
    if void_from is None:
        # without its day only the beginnings tell which row is the later news
        return first is None or first == current_first
    return void_from > current_first


def _had_ended(row: Registration | Item, current: Registration | Item, day: date) -> bool:
    """Whether a closed row was over by its own end and the row in force is its renewal."""
    return (
        row.register_state in CLOSED_STATES
        and row.valid_to is not None
        and current.valid_to is not None
        and row.valid_to <= (row.register_state_from or day)
        and row.valid_to < current.valid_to
    )


def _is_closed_late(row: Registration | Item, current: Registration | Item, as_of: AsOf) -> bool:
    """Whether a row that began earlier was closed soon after its successor began."""
    first, current_first, closed_on = (
        _last_start(row),
        _last_start(current),
        row.register_state_from,
    )
    if row.register_state not in CLOSED_STATES or None in (first, current_first, closed_on):
        return False
    assert first is not None
    assert current_first is not None
    assert closed_on is not None
    is_soon = (closed_on - current_first).days <= as_of.late_closing_days
    return first < current_first and is_soon


def _last_start(row: Registration | Item) -> date | None:
    """The later of the days from which a row holds: its period, and the time at the enterprise."""
    starts = [row.valid_from]
    if isinstance(row, Registration):
        starts.append(row.at_enterprise_from)
    return max(filter(None, starts), default=None)


def _are_known_different(value: str | None, other: str | None) -> bool:
    return value is not None and other is not None and value != other


def contested_registrations(
    rows: Sequence[Registration], as_of: AsOf, are_related: RelatedCodes
) -> list[tuple[Registration, ...]]:
    """The groups of contradictory rows among one person's, one group per certificate, in order.

    are_related: whether two credit codes belong to one legal person. A row without a number may be
    any certificate's and contradicts nothing.
    """
    certificates: dict[tuple[str, str, str], list[Registration]] = defaultdict(list)
    for row in dict.fromkeys(rows):
        if row.registration_no:
            key = (row.profession, row.speciality or "", row.registration_no)
            certificates[key].append(row)
    groups = []
    for _key, of_certificate in sorted(certificates.items()):
        contradictory = _contradictory(of_certificate, as_of, are_related)
        if contradictory:
            groups.append(tuple(sorted(contradictory, key=repr)))
    return groups


def _contradictory(
    rows: Sequence[Registration], as_of: AsOf, are_related: RelatedCodes
) -> set[Registration]:
    """The contradictory rows of one registration, those in force and those that are void."""
    in_force = [row for row in rows if _is_in_force(row, as_of.day)]
    # what an earlier row says of grade and enterprise is history
    newest = [row for row in in_force if not any(_is_later(other, row) for other in in_force)]
    contradictory = {
        row
        for pair in combinations(newest, 2)
        if _are_known_different(pair[0].profession_grade, pair[1].profession_grade)
        or not are_related(pair[0].credit_code, pair[1].credit_code)
        for row in pair
    }
    for row in set(rows).difference(in_force):
        for current in newest:
            if _is_void_beside_registration(row, current, as_of, are_related):
                contradictory |= {row, current}
    return contradictory


def _is_later(row: Registration, other: Registration) -> bool:
    """Whether a row begins later than another: at the enterprise, or by its period.

    The first day at an enterprise of which the register says none is that of the period.
    """
    first = row.at_enterprise_from or row.valid_from
    other_first = other.at_enterprise_from or other.valid_from
    if first is None or other_first is None:
        return False
    if row.valid_from is None or other.valid_from is None:
        return first > other_first
    days, other_days = {first, row.valid_from}, {other_first, other.valid_from}
    return (max(days), min(days)) > (max(other_days), min(other_days))


def _is_void_beside_registration(
    row: Registration, current: Registration, as_of: AsOf, are_related: RelatedCodes
) -> bool:
    """Whether a row not in force makes the one in force doubtful.

    A row closed at another enterprise is what a transfer leaves, where it has no day, or where the
    period is kept and the register does not say since when the person is at the new one.
    """
    is_elsewhere = not are_related(row.credit_code, current.credit_code)
    period = (row.valid_from, row.valid_to)
    is_transfer = row.register_state_from is None or (
        row.register_state in CLOSED_STATES
        and current.at_enterprise_from is None
        and period == (current.valid_from, current.valid_to) != (None, None)
    )
    is_other = _are_known_different(row.profession_grade, current.profession_grade) or (
        is_elsewhere and is_transfer
    )
    return _is_void_against(row, current, as_of, is_other=is_other)


def _is_in_force(row: Registration, day: date) -> bool:
    starts = [start for start in (row.at_enterprise_from, row.valid_from) if start]
    has_ended = (
        row.valid_to is not None and row.valid_to < day and not is_renewal_undecided(row, day)
    )
    return all(start <= day for start in starts) and not state_holds(row, day) and not has_ended


def conflict_of_items(rows: tuple[Item, ...]) -> RegisterConflict:
    """Contradictory records of one item as a conflict."""
    first = rows[0]
    return RegisterConflict(
        credit_code=first.credit_code,
        table="items",
        subject=first.category,
        part=first.sub_item,
        person_id=None,
        number="",
        rows=rows,
        fields=_differing(rows, ITEM_FIELDS),
    )


def conflict_of_registrations(credit_code: str, rows: tuple[Registration, ...]) -> RegisterConflict:
    """Contradictory rows of one registration as a conflict of one enterprise named by them."""
    first = rows[0]
    return RegisterConflict(
        credit_code=credit_code,
        table="registrations",
        subject=first.profession,
        part=first.speciality or "",
        person_id=first.person_id,
        number=first.registration_no or "",
        rows=rows,
        fields=_differing(rows, REGISTRATION_FIELDS),
    )


def _differing(
    rows: Sequence[Item] | Sequence[Registration], fields: Iterable[str]
) -> tuple[str, ...]:
    return tuple(name for name in fields if len({getattr(row, name) for row in rows}) > 1)


def contested_items(conflicts: Iterable[RegisterConflict]) -> set[tuple[str, str, str]]:
    """Credit code, category and sub-item of the items among conflicts: nobody is counted there."""
    return {
        (conflict.credit_code, conflict.subject, conflict.part)
        for conflict in conflicts
        if conflict.table == "items"
    }


def undecided(
    findings: Iterable[Finding],
    conflicts: Iterable[RegisterConflict],
    *,
    is_highest_any_trade: bool,
) -> list[Finding]:
    """The findings of one enterprise, `cannot-say` wherever they rest on a contested item.

    is_highest_any_trade: the counting policy, under which the figure of constructors is that of all
    items that ask for them: one of these contested leaves the figure of the others open.
    """
    contested = {
        (conflict.subject, conflict.part): conflict
        for conflict in conflicts
        if conflict.table == "items"
    }
    listed = list(findings)
    if not contested:
        return listed
    shares_figure = is_highest_any_trade and any(
        (finding.category, finding.sub_item) in contested and "highest-any-trade" in finding.because
        for finding in listed
    )
    return [_undecided(finding, contested, shares_figure=shares_figure) for finding in listed]


def _undecided(
    finding: Finding,
    contested: dict[tuple[str, str], RegisterConflict],
    *,
    shares_figure: bool,
) -> Finding:
    """shares_figure: whether a contested item has a part in the highest figure of constructors."""
    conflict = contested.get((finding.category, finding.sub_item))
    is_open = shares_figure and "highest-any-trade" in finding.because
    if "out-of-scope" in finding.because or (conflict is None and not is_open):
        return finding
    reasons = {CONFLICT, *(OF_REGISTERS & set(finding.because))}
    uncertain = replace(
        finding,
        verdict="cannot-say",
        required=None,
        held=None,
        possible=None,
        shortfall=None,
        clauses=(),
        because=in_order(reasons),
    )
    return uncertain if conflict is None else _without_choice(uncertain, conflict)


def _without_choice(finding: Finding, conflict: RegisterConflict) -> Finding:
    """A finding that names all contested grades, and an authority only where it is the same."""
    items = [row for row in conflict.rows if isinstance(row, Item)]
    grades = sorted({GRADE_NAMES.get(item.grade, item.grade) for item in items})
    authorities = {item.licensing_authority for item in items} - {None}
    return replace(
        finding,
        text="",
        grade="/".join(grades),
        licensing_authority=authorities.pop() if len(authorities) == 1 else None,
    )
