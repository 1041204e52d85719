"""Permits written with and without their issue count: whether it is one person is in doubt.

A registered person may have paid under the other number; the rows of that number count as rejected
rows of the registered person, as in a check of files (intake.tables).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from qualwatch.evaluation.facts import Unparsed
from qualwatch.intake.cells import permit_without_issue_count
from qualwatch.intake.vocabulary import OTHER_DOCUMENT
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.identities import identity_of, keyed_hashes
from qualwatch.registers.models import Person

ISSUE_COUNTS = ("", *(f"{count:02d}" for count in range(100)))
AT_ONCE = 400  # values bound in one statement
# tables whose rows of the other number may be the registered person's, and whom each row names
TABLES = {"contributions": "payer_credit_code", "exemptions": "credit_code"}


def doubtful_rows(people_with_other_documents: Iterable[int], on_record: str) -> list[Unparsed]:
    """Rows under another issue of a registered person's permit, as rejected rows of that person.

    people_with_other_documents: row numbers of those registered; on_record: the condition that a
    row `t` was on record.
    """
    permits = _permits(people_with_other_documents)
    if not permits:
        return []
    people = _people_by_lookup(permits.values())
    others = set().union(*people.values())
    registered = _having_rows("registrations", "person_id", others, on_record).keys()
    doubts = []
    for table, column in TABLES.items():
        codes = _having_rows(table, column, others - registered, on_record)
        for person, stem in sorted(permits.items()):
            named = {code for other in people[stem] - {person} for code in codes.get(other, ())}
            doubts += [
                Unparsed(f"D{person}-{table}-{code}", code, table, None, f"P{person}", None)
                for code in sorted(named)
            ]
    return doubts


def same_permits(people: Iterable[int]) -> set[int]:
    """Row numbers of everybody with the permit of one of these people, of any issue; theirs too."""
    stems: set[str] = set()
    numbers = sorted(people)
    for start in range(0, len(numbers), AT_ONCE):
        # the birthday of a card follows from its number; a permit's does not
        among = Person.objects.filter(pk__in=numbers[start : start + AT_ONCE], born_on=None)
        stems.update(_permits(among.values_list("pk", flat=True)).values())
    return set().union(*_people_by_lookup(stems).values())


def _permits(numbers: Iterable[int]) -> dict[int, str]:
    """Row numbers of those who have a permit -> the permit's number without its issue count."""
    permits = {}
    for person in Person.objects.in_bulk(list(numbers)).values():
        kind, number = identity_of(person)
        stem = permit_without_issue_count(number) if kind == OTHER_DOCUMENT else None
        if stem:
            permits[person.pk] = stem
    return permits


def _people_by_lookup(stems: Iterable[str]) -> dict[str, set[int]]:
    """By permit, everybody who has it with any issue count or none."""
    stem_of: dict[str, str] = {}
    for stem in set(stems):
        numbers = (f"{OTHER_DOCUMENT}\x1f{stem}{count}" for count in ISSUE_COUNTS)
        stem_of |= dict.fromkeys(keyed_hashes(numbers), stem)
    people: dict[str, set[int]] = defaultdict(set)
    lookups = list(stem_of)
    for start in range(0, len(lookups), AT_ONCE):
        holders = Person.objects.filter(lookup__in=lookups[start : start + AT_ONCE])
        for number, lookup in holders.values_list("pk", "lookup"):
            people[stem_of[lookup]].add(number)
    return people


def _having_rows(
    table: str, column: str, people: Iterable[int], on_record: str
) -> Mapping[int, set[str]]:
    """Of some people those who have rows in a table, and what these name in a column."""
    named: dict[int, set[str]] = defaultdict(set)
    numbers = sorted(people)
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        marks = ", ".join(["%s"] * len(part))
        rows = rows_of(
            f"SELECT DISTINCT t.person_id, t.{column} FROM registers_{table.removesuffix('s')} t "
            f"WHERE {on_record} AND t.person_id IN ({marks})",
            part,
        )
        for person, value in rows:
            named[person].add(value)
    return named
