"""Whose findings may differ from the full run before: a day's assessment judges only these again.

The findings of an enterprise follow from the law, the policy, the age of the registers, its own
rows, all rows about the people registered there, and the day. So it is judged again if

- one of these rows was recorded or ended since that run,
- the day has passed a date in one of these rows, or a birthday at an age that the policy names,
- a push was about it meanwhile.

Where something changed that concerns everybody, everybody is judged again. So it is on the first
run of every ISO week, so that findings altered in the database do not stay, and of every month,
with which insurance moves on. tests/office/test_concerned.py compares both ways.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q

from qualwatch.assessments.models import Run
from qualwatch.assessments.texts import policy_digest
from qualwatch.evaluation.facts import Coverage, Facts
from qualwatch.evaluation.forecast import ages_named
from qualwatch.evaluation.people import is_stale, month_of
from qualwatch.law.days import days_named
from qualwatch.law.loader import Law
from qualwatch.registers.facts import coverage_on, sources_present
from qualwatch.registers.models import TABLES, RegistrationRow
from qualwatch.registers.permits import same_permits

AT_ONCE = 500  # people named in one statement
TABLES_OF_PEOPLE = (
    "registrations",
    "contributions",
    "exemptions",
    "locks",
    "birthdays",
    "unparsed",
)
TABLES_OF_ENTERPRISES = ("enterprises", "items", "registrations", "accepted_findings", "unparsed")
# Columns whose dates are compared elsewhere: months with the last settled one, birthdays as ages.
NOT_COMPARED_WITH_THE_DAY = {("contributions", "month"), ("people", "born_on")}


def enterprises_concerned(before: Run, run: Run, law: Law, facts: Facts) -> set[str] | None:
    """Credit codes of the enterprises whose findings may differ from those of `before`.

    None = everybody. `before` is the newest full run on record, `facts` are those of `run`, now.
    """
    since, day = before.as_of, run.as_of
    if since.isocalendar()[:2] != day.isocalendar()[:2] or month_of(since) != month_of(day):
        return None
    if not (_have_same_rules(before, run, law) and _have_same_registers(before, run, law)):
        return None
    codes = _changed_since(before.revision_id, TABLES_OF_ENTERPRISES, "credit_code")
    # a rejected row without a code could be anybody's
    if "" in codes:
        return None
    codes |= _changed_branches(before.revision_id)
    numbers = _changed_since(before.revision_id, TABLES_OF_PEOPLE, "person_id")
    people = {f"P{number}" for number in numbers | same_permits(numbers)}
    people |= _dates_reached(facts, "person_id", since, day)
    people |= _birthdays_reached(facts, since, day, ages_named(law.policy_on(day)))
    codes |= _dates_reached(facts, "credit_code", since, day)
    codes |= _employers(people)
    codes |= _pushed_since(before)
    return codes | _parents(facts, codes)


def _have_same_rules(before: Run, run: Run, law: Law) -> bool:
    """Whether both are by the same program, law and policy; no dated value changes between."""
    since, day = before.as_of, run.as_of
    if before.program_digest != run.program_digest:
        return False
    if before.law_digest != run.law_digest or before.policy_digest != policy_digest(law, since):
        return False
    return not any(since <= named <= day for named in days_named(law))


def _have_same_registers(before: Run, run: Run, law: Law) -> bool:
    """Whether on both days the same sources had delivered, and cover the same, fresh or stale."""
    if sources_present(before.revision_id) != sources_present(run.revision_id):
        return False
    coverage_before = _coverage(before.revision_id, before.as_of, law)
    return coverage_before == _coverage(run.revision_id, run.as_of, law)


def _coverage(revision: int, day: date, law: Law) -> list[tuple[Coverage, bool, bool]]:
    """What each source covers without its age; whether it was never loaded, whether it is stale."""
    policy = law.policy_on(day)
    freshness_days = {"contributions": policy["insurance_freshness_days"]}
    coverage = []
    for row in coverage_on(revision, day):
        days = freshness_days.get(row.source, policy["register_freshness_days"])
        without_age = row._replace(loaded_at=None)
        coverage.append((without_age, row.loaded_at is None, is_stale(row, day, days)))
    return coverage


def _changed_since(revision: int, tables: Iterable[str], column: str) -> set[Any]:
    """Values of a column in rows recorded or ended since a revision."""
    since = Q(recorded_from__gt=revision) | Q(recorded_to__gt=revision)
    values: set[Any] = set()
    for name in tables:
        # a scan without an index of its own: the facts of the run were read by one just before
        rows = TABLES[name]._default_manager.filter(since)
        values.update(rows.values_list(column, flat=True).distinct())
    return values


def _dates_reached(facts: Facts, column: str, since: date, day: date) -> set[str]:
    """Values of a column in rows with a date from `since` to `day`."""
    values: set[str | None] = set()
    for name, table in facts.tables.items():
        if column not in table.column_names or not len(table):
            continue
        for field in table.schema:
            if field.type != pa.date32() or (name, field.name) in NOT_COMPARED_WITH_THE_DAY:
                continue
            dates = table.column(field.name)
            reached = pc.and_(pc.greater_equal(dates, since), pc.less_equal(dates, day))
            values.update(table.filter(reached).column(column).to_pylist())
    return {value for value in values if value is not None}


def _birthdays_reached(facts: Facts, since: date, day: date, ages: set[int]) -> set[str]:
    """People who have reached an age that matters since `since`, a day of the same month."""
    people = facts.tables["people"]
    born_on = people.column("born_on")
    born_in_month = people.filter(pc.equal(pc.month(born_on), day.month))
    born_on = born_in_month.column("born_on")
    age = pc.subtract(day.year, pc.year(born_on))
    reached = pc.and_(
        pc.greater(pc.day(born_on), since.day), pc.less_equal(pc.day(born_on), day.day)
    )
    is_relevant = pc.is_in(age, pa.array(sorted(ages), age.type))
    return set(born_in_month.filter(pc.and_(reached, is_relevant)).column("person_id").to_pylist())


def _employers(people: set[str]) -> set[str]:
    """Where these people are registered by any source; where they no longer are, a row has ended.

    The facts lack a row that yields to another source's, and did not before that row changed.
    """
    numbers = sorted(int(person_id.removeprefix("P")) for person_id in people)
    employers: set[str] = set()
    for start in range(0, len(numbers), AT_ONCE):
        rows = RegistrationRow._default_manager.filter(
            recorded_to=None, person_id__in=numbers[start : start + AT_ONCE]
        )
        employers.update(rows.values_list("credit_code", flat=True))
    return employers


def _changed_branches(revision: int) -> set[str]:
    """Branches, before and now, of the enterprises whose rows changed since a revision.

    Whether a registration at a branch contradicts that at its enterprise follows from these.
    """
    lists = _changed_since(revision, ("enterprises",), "branch_credit_codes")
    return {code for codes in lists for code in codes.split(";") if code}


def _pushed_since(before: Run) -> set[str]:
    """Enterprises of pushes since a full run; since the held run, where it is one released."""
    later = Run.objects.filter(pk__gt=before.of_id or before.pk, state="released", is_full=False)
    pushed: set[str] = set()
    for codes in later.values_list("credit_codes", flat=True):
        pushed.update(codes or ())
    return pushed


def _parents(facts: Facts, codes: set[str]) -> set[str]:
    """Enterprises of which one of these is a branch."""
    enterprises = facts.tables["enterprises"]
    branches = enterprises.column("branch_credit_codes").combine_chunks()
    parents = enterprises.column("credit_code").take(pc.list_parent_indices(branches))
    pairs = zip(parents.to_pylist(), pc.list_flatten(branches).to_pylist(), strict=True)
    return {parent for parent, branch in pairs if branch in codes}
