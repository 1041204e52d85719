"""Contradictory rows of one certificate: which of them are contradictions on a day.

Rows whose periods follow each other are a history, not a contradiction: a grade until a day and
another from it, a void record and a later one, a period that has ended and its renewal.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
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


def item_conflict(in_force: Sequence[Item], others: Sequence[Item], day: date) -> tuple[Item, ...]:
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
            if _is_other_state_of(record, current, day):
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


def _is_other_state_of(record: Item, current: Item, day: date) -> bool:
    """Whether a record not in force is the same as one in force but for its end or its state."""
    is_same = (
        record.certificate_no == current.certificate_no != ""
        and record.valid_from == current.valid_from
        and record.grade == current.grade
        and not _are_known_different(record.licensing_authority, current.licensing_authority)
    )
    return is_same and _is_ended_otherwise(record, current, day)


def _is_ended_otherwise(row: Registration | Item, current: Registration | Item, day: date) -> bool:
    """Of a row not in force: whether it is void, or over on another day than the one in force."""
    if row.valid_from is not None and row.valid_from > day:
        return False
    return state_holds(row, day) or row.valid_to != current.valid_to


def _are_known_different(value: str | None, other: str | None) -> bool:
    return value is not None and other is not None and value != other


def contested_registrations(
    rows: Sequence[Registration], day: date, are_related: RelatedCodes
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
        contradictory = {
            row
            for pair in combinations(of_certificate, 2)
            if _contradict(*pair, day, are_related)
            for row in pair
        }
        if contradictory:
            groups.append(tuple(sorted(contradictory, key=repr)))
    return groups


def _contradict(
    row: Registration, other: Registration, day: date, are_related: RelatedCodes
) -> bool:
    is_in_force, is_other_in_force = _is_in_force(row, day), _is_in_force(other, day)
    if is_in_force and is_other_in_force:
        return _are_known_different(
            row.profession_grade, other.profession_grade
        ) or not are_related(row.credit_code, other.credit_code)
    if not (is_in_force or is_other_in_force):
        return False
    current, ended = (row, other) if is_in_force else (other, row)
    return (
        current.credit_code == ended.credit_code
        and current.profession_grade == ended.profession_grade
        and current.valid_from == ended.valid_from
        and current.at_enterprise_from == ended.at_enterprise_from
        and _is_ended_otherwise(ended, current, day)
    )


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

    Under the counting policy `highest-any-trade` the figure of constructors is that of all items.
    """
    contested = {
        (conflict.subject, conflict.part): conflict
        for conflict in conflicts
        if conflict.table == "items"
    }
    if not contested:
        return list(findings)
    return [
        _undecided(finding, contested, is_highest_any_trade=is_highest_any_trade)
        for finding in findings
    ]


def _undecided(
    finding: Finding,
    contested: dict[tuple[str, str], RegisterConflict],
    *,
    is_highest_any_trade: bool,
) -> Finding:
    conflict = contested.get((finding.category, finding.sub_item))
    shares_figure = is_highest_any_trade and "highest-any-trade" in finding.because
    if "out-of-scope" in finding.because or (conflict is None and not shares_figure):
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
