"""Conflicts: a person registered at two enterprises that both have an open case."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.models import Case, Conflict
from qualwatch.journal.actions import NewEntry
from qualwatch.registers.models import RegistrationRow

REGISTERED_ELSEWHERE = "registered-elsewhere"
Pair = tuple[int, int, int]  # the numbers of two cases in ascending order, and of the person


def link_conflicts(opened: Iterable[Step], ctx: ActContext) -> None:
    """Links new cases whose people are also registered elsewhere with the open cases there."""
    cases = [step.case for step in opened if _has_person_elsewhere(step)]
    if not cases:
        return
    shared = _shared_people({case.credit_code for case in cases})
    pairs = sorted(set(_pairs(cases, shared)))
    for first, second, _person in pairs:
        ctx.entries.append(NewEntry(f"case/{first}", "conflict-found", details={"other": second}))
    conflicts = [
        Conflict(first_id=first, second_id=second, person_id=person, found_on=ctx.on)
        for first, second, person in pairs
    ]
    Conflict.objects.bulk_create(conflicts, ignore_conflicts=True)


def _has_person_elsewhere(step: Step) -> bool:
    return any(
        isinstance(figure, dict) and REGISTERED_ELSEWHERE in figure.get("because", ())
        for figure in step.figures.values()
    )


def _shared_people(credit_codes: set[str]) -> Mapping[int, set[str]]:
    """Person -> all enterprises of registration, for people of these registered at several."""
    current = RegistrationRow._default_manager.filter(recorded_to=None)
    people = set(current.filter(credit_code__in=credit_codes).values_list("person_id", flat=True))
    codes_of: dict[int, set[str]] = defaultdict(set)
    rows = current.filter(person_id__in=people)
    for person, code in rows.values_list("person_id", "credit_code"):
        codes_of[person].add(code)
    return {person: codes for person, codes in codes_of.items() if len(codes) > 1}


def _pairs(cases: Sequence[Case], shared: Mapping[int, set[str]]) -> Iterator[Pair]:
    """Every newly opened case with every open shortage case elsewhere, for each shared person."""
    opened_at = _by_enterprise(cases)
    everywhere = {code for codes in shared.values() for code in codes}
    open_at = _by_enterprise(
        Case.objects.exclude(state="closed").filter(credit_code__in=everywhere, ground="shortage")
    )
    for person, codes in shared.items():
        for here, elsewhere in product(sorted(codes), repeat=2):
            if here == elsewhere:
                continue
            for case, other in product(opened_at.get(here, ()), open_at.get(elsewhere, ())):
                first, second = sorted((case.pk, other.pk))
                yield first, second, person


def _by_enterprise(cases: Iterable[Case]) -> Mapping[str, list[Case]]:
    by_enterprise: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_enterprise[case.credit_code].append(case)
    return by_enterprise
