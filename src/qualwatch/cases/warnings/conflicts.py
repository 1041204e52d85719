"""One person registered at two enterprises: where both have a case, each knows of the other."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.models import Case, Conflict
from qualwatch.journal.actions import NewEntry
from qualwatch.registers.models import RegistrationRow

ELSEWHERE = "registered-elsewhere"


def link_conflicts(opened: Iterable[Step], ctx: ActContext) -> None:
    """Links the cases just opened, whose people are registered elsewhere, with the open cases there."""
    cases = [
        step.case
        for step in opened
        if any(ELSEWHERE in _because(figure) for figure in step.figures.values())
    ]
    if not cases:
        return
    current = RegistrationRow._default_manager.filter(recorded_to=None)
    here = set(
        current.filter(credit_code__in={case.credit_code for case in cases}).values_list(
            "person_id", "credit_code"
        )
    )
    where: dict[int, set[str]] = defaultdict(set)
    for person, code in current.filter(
        person_id__in={person for person, _code in here}
    ).values_list("person_id", "credit_code"):
        where[person].add(code)
    shared = {person: codes for person, codes in where.items() if len(codes) > 1}
    everywhere = {code for codes in shared.values() for code in codes}
    at: dict[str, list[Case]] = defaultdict(list)
    for case in Case.objects.exclude(state="closed").filter(
        credit_code__in=everywhere, ground="shortage"
    ):
        at[case.credit_code].append(case)
    pairs = {
        (*sorted((case.pk, other.pk)), person)
        for person, codes in shared.items()
        for case in cases
        if case.credit_code in codes
        for code in codes - {case.credit_code}
        for other in at[code]
    }
    for a, b, _person in sorted(pairs):
        ctx.entries.append(NewEntry(f"case/{a}", "conflict-found", details={"other": b}))
    Conflict.objects.bulk_create(
        [
            Conflict(first_id=a, second_id=b, person_id=person, found_on=ctx.on)
            for a, b, person in sorted(pairs)
        ],
        ignore_conflicts=True,
    )


def _because(told: Any) -> list[str]:
    return list(told.get("because", ())) if isinstance(told, dict) else []
