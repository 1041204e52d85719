"""One line per person and requirement: counted or not, and every reason."""

from collections.abc import Callable

from qualwatch.evaluation.facts import Registration
from qualwatch.evaluation.findings import JudgedRegistration, PersonLine, in_order
from qualwatch.evaluation.people import Judgement, PersonRules, best_of
from qualwatch.law.figures import Accept, Requirement, grade_rank


def person_lines(
    person_rules: PersonRules,
    requirement: Requirement,
    judged: Callable[[Registration, Requirement], Judgement],
) -> tuple[PersonLine, ...]:
    """Everybody registered here in a profession that the requirement knows."""
    reading = requirement.strong or requirement.weak
    if reading is None:
        return ()
    accept = tuple(accepted for clause in reading.clauses for accepted in clause.accept)
    lines = []
    for person_id, rows in sorted(_rows_by_person(person_rules, accept).items()):
        judgements = [judged(row, requirement) | _kind(person_rules, row, accept) for row in rows]
        lines.append(_person_line(person_id, rows, judgements))
    return tuple(lines)


def _rows_by_person(
    person_rules: PersonRules, accept: tuple[Accept, ...]
) -> dict[str, list[Registration]]:
    professions = {accepted.profession for accepted in accept}
    rows: dict[str, list[Registration]] = {}
    for row in person_rules.own.registrations:
        if row.profession in professions:
            rows.setdefault(row.person_id, []).append(row)
    return rows


def _person_line(
    person_id: str, rows: list[Registration], judgements: list[Judgement]
) -> PersonLine:
    shown = tuple(
        (row.profession, row.profession_grade, row.speciality, row.registration_no) for row in rows
    )
    judgement = best_of(judgements)
    judged = tuple(JudgedRegistration(row.counts, _reasons(row)) for row in judgements)
    return PersonLine(person_id, shown, judgement.counts, _reasons(judgement), judged)


def _reasons(judgement: Judgement) -> tuple[str, ...]:
    return in_order(set(judgement.never | judgement.doubt))


def _kind(person_rules: PersonRules, row: Registration, accept: tuple[Accept, ...]) -> Judgement:
    match = person_rules.matches(row, accept)
    if match is not None:
        return match
    is_low = _is_of_the_trade_but_low(person_rules, row, accept)
    reason = "grade-too-low" if is_low else "speciality-not-accepted"
    return Judgement(never=frozenset([reason]))


def _is_of_the_trade_but_low(
    person_rules: PersonRules, row: Registration, accept: tuple[Accept, ...]
) -> bool:
    rank = grade_rank(person_rules.law, row.profession, row.profession_grade)
    lowest = [
        accepted.lowest_rank
        for accepted in accept
        if accepted.profession == row.profession
        and (accepted.specialities is None or row.speciality in accepted.specialities)
    ]
    return bool(lowest) and rank is not None and rank < min(lowest)
