"""A line for every person looked at: counted or not, and every reason."""

from collections.abc import Callable

from qualwatch.evaluation.facts import Registration
from qualwatch.evaluation.findings import PersonLine, in_order
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
    wanted = {accepted.profession for accepted in accept}
    rows: dict[str, list[Registration]] = {}
    for row in person_rules.own.registrations:
        if row.profession in wanted:
            rows.setdefault(row.person_id, []).append(row)
    lines = []
    for person_id in sorted(rows):
        best = best_of(
            [judged(row, requirement) | _kind(person_rules, row, accept) for row in rows[person_id]]
        )
        shown = tuple(
            (row.profession, row.profession_grade, row.speciality, row.registration_no)
            for row in rows[person_id]
        )
        lines.append(
            PersonLine(person_id, shown, best.counts, in_order(set(best.never | best.doubt)))
        )
    return tuple(lines)


def _kind(person_rules: PersonRules, row: Registration, accept: tuple[Accept, ...]) -> Judgement:
    fits = person_rules.matches(row, accept)
    if fits is not None:
        return fits
    rank = grade_rank(person_rules.law, row.profession, row.profession_grade)
    same = [accepted for accepted in accept if accepted.profession == row.profession]
    trades = [
        accepted
        for accepted in same
        if accepted.specialities is None or row.speciality in accepted.specialities
    ]
    low = (
        bool(trades)
        and rank is not None
        and all(rank < accepted.lowest_rank for accepted in trades)
    )
    return Judgement(never=frozenset(["grade-too-low" if low else "speciality-not-accepted"]))
