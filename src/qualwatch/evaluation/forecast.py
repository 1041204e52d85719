"""What is coming: the first day on which each requirement becomes short, if nothing new is
registered.

Nothing changes but on a day that some row, the law or the policy names, or on a birthday that a
limit of age names: only those days are judged. Insurance and the freshness of registers are taken
as last known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

from qualwatch.evaluation.facts import EnterpriseFacts, Facts
from qualwatch.evaluation.findings import Finding, FindingKey, PersonLine
from qualwatch.evaluation.reference import judge
from qualwatch.law.days import days_named
from qualwatch.law.loader import Law
from qualwatch.law.policy import Policy

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Coming:
    """A requirement that becomes short: the first day, the finding of that day, and who counts no
    longer.
    """

    on: date
    finding: Finding
    leaving: tuple[PersonLine, ...]


PolicyOn = Callable[[date], Policy]
Judged = dict[FindingKey, tuple[Finding, tuple[PersonLine, ...]]]


def forecast(
    law: Law, policy_on: PolicyOn, facts: Facts, credit_code: str, as_of: date, days: int
) -> list[Coming]:
    """Every requirement not short on `as_of` that becomes short within so many days, the earliest
    first.
    """

    def judged(day: date) -> Judged:
        result = judge(law, policy_on(day), facts, credit_code, day, as_of)
        return {
            finding.key: (finding, people)
            for finding, people in zip(result.findings, result.people, strict=True)
        }

    own = facts.for_enterprise(credit_code)
    last = as_of + timedelta(days=days)
    turning_days = set(_turning_days(law, policy_on, own, as_of, last))
    before = judged(as_of)
    short = {key for key, (finding, _people) in before.items() if finding.verdict == "short"}
    coming = []
    for day in sorted(day for day in turning_days if as_of < day <= last):
        today = judged(day)
        for key, (finding, people) in today.items():
            if finding.verdict == "short" and key not in short:
                short.add(key)
                counted_before = before[key][1] if key in before else ()
                coming.append(Coming(day, finding, _leaving(counted_before, people)))
        before = today
    return coming


def _leaving(before: Iterable[PersonLine], after: Iterable[PersonLine]) -> tuple[PersonLine, ...]:
    """Those who counted, for certain or in doubt, and now count never."""
    counted = {line.person_id for line in before if line.counts != "never"}
    return tuple(line for line in after if line.counts == "never" and line.person_id in counted)


def _turning_days(
    law: Law, policy_on: PolicyOn, own: EnterpriseFacts, first: date, last: date
) -> Iterator[date]:
    """Every day on which something may be otherwise than the day before."""
    rows: list[Any] = [*own.items, *own.registrations, *own.people.values(), *own.accepted_findings]
    rows += chain(*own.elsewhere.values(), *own.exemptions.values())
    of_law = days_named(law)
    of_rows = {value for row in rows for value in row if isinstance(value, date)}
    for day in of_law | of_rows:
        yield day
        if day < date.max:
            yield day + ONE_DAY
    policies = [policy_on(day) for day in {first, *of_law} if first <= day <= last]
    ages = {age for policy in policies for age in ages_named(policy)}
    for person in own.people.values():
        if person.born_on:
            yield from (_birthday(person.born_on, age) for age in ages)


def ages_named(policy: Policy) -> set[int]:
    """Every age at which the policy judges a person differently."""
    rules = [
        rule
        for sector in ("construction", "supervision")
        for rule in policy[f"age_{sector}"].values()
    ]
    limits = {age for rule in rules for age in (rule.doubt_from, rule.ends_at) if age is not None}
    return limits | set(policy["registration_ends_at_age"].values())


def _birthday(born_on: date, age: int) -> date:
    """The day on which an age is reached; a birthday on 29 February is 1 March in other years."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return (born_on + ONE_DAY).replace(year=born_on.year + age)
