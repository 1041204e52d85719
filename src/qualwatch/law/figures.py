"""Which figures hold for a grade on a day: amendments, stand-in grades, routes, readings."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Literal

from qualwatch.law.loader import Law
from qualwatch.law.model import (
    AcceptText,
    ClauseText,
    GradeSlug,
    GradeText,
    RequirementText,
    Route,
    Sector,
)
from qualwatch.law.policy import Policy

Outcome = Literal["judge", "not-required", "manual", "unknown"]
Counts = Literal["people", "person-times"]


@dataclass(frozen=True, slots=True)
class Accept:
    """A registration that counts.

    `lowest_rank` 0 means any grade; `specialities` None means any speciality.
    """

    profession: str
    lowest_rank: int
    specialities: frozenset[str] | None
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Clause:
    """At least so many of the accepted; `floor` marks a floor (其中) on the clause before it."""

    text: str
    accept: tuple[Accept, ...]
    at_least: int
    floor: bool = False


@dataclass(frozen=True)
class Reading:
    """The clauses of one reading, as the law writes them: each clause, then its floor."""

    clauses: tuple[Clause, ...]

    @cached_property
    def required(self) -> int:
        """The sum of the clauses' numbers; floors are part of their clause."""
        return sum(clause.at_least for clause in self.clauses if not clause.floor)

    @cached_property
    def is_group(self) -> bool:
        """Whether people must be shared out over several clauses."""
        return len(self.clauses) > 1

    @cached_property
    def group(self) -> tuple[tuple[int, tuple[Accept, ...]], ...]:
        """The clauses as a group of disjoint minima: a floor n of N becomes n and N - n."""
        parts: list[tuple[int, tuple[Accept, ...]]] = []
        for clause in self.clauses:
            if clause.floor:
                whole, accept = parts.pop()
                parts += [(clause.at_least, clause.accept), (whole - clause.at_least, accept)]
            else:
                parts.append((clause.at_least, clause.accept))
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of an item on a day.

    strong: the reading that alone may lead to a card. weak: another, higher or unsure one.
    basis: document numbers. because: reason slugs that come from the law, not from people.
    """

    requirement: str
    text: str
    counts: Counts
    sector: Sector
    outcome: Outcome
    basis: tuple[str, ...]
    because: tuple[str, ...] = ()
    strong: Reading | None = None
    weak: Reading | None = None

    def as_weak(self, reason: str) -> "Requirement":
        """The same figures, none of them strong."""
        if self.outcome != "judge" or self.strong is None:
            return self
        return replace(self, strong=None, weak=self.strong, because=(*self.because, reason))


def grade_rank(law: Law, profession: str, grade: str | None) -> int | None:
    """1 for the lowest grade of a profession and up; None where the grade is not known."""
    grades = law.professions[profession].grades
    return len(grades) - grades.index(grade) if grade in grades else None


@lru_cache(maxsize=8192)
def requirements_on(
    law: Law, policy: Policy, category: str, sub_item: str, grade: str, route: Route, day: date
) -> tuple[Requirement, ...]:
    """What the law requires of such an item on `day`: at least one requirement."""
    if category in law.out_of_scope:
        return (_nothing("registered-people", "construction", (), "out-of-scope"),)
    text = law.categories[category]
    standard = law.doc_no(text.standard)
    if text.sector not in policy["sectors"]:
        return (_nothing("registered-people", text.sector, (standard,), "out-of-scope"),)
    grades = text.grades_of(sub_item)
    if grade not in grades:
        reason = "sub-item-missing" if text.sub_items else "grade-unknown"
        return (_unknown(text.sector, standard, reason),)
    own = grades[grade]
    measured, basis = _measured_by(law, grades, own, day)
    requirements = tuple(
        _requirement(law, policy, text.sector, requirement, basis, day)
        for requirement in measured.requirements
    )
    if not requirements:
        requirements = (_nothing("constructors", text.sector, (standard, *basis), "no-clause"),)
    if measured is not own:
        requirements = _measured_as_other(requirements, policy["lowest_grade_figure"][route])
    if own.abolished and day > own.abolished.stock_ends_on:
        document = law.doc_no(own.abolished.basis)
        requirements = tuple(_by_hand(requirement, document) for requirement in requirements)
    return requirements


def _measured_as_other(
    requirements: tuple[Requirement, ...], strength: str
) -> tuple[Requirement, ...]:
    reason = "measured-as-lowest-grade"
    requirements = tuple(
        replace(requirement, because=(reason, *requirement.because)) for requirement in requirements
    )
    if strength != "weak":
        return requirements
    return tuple(requirement.as_weak("route-upgrade") for requirement in requirements)


def _measured_by(
    law: Law, grades: dict[GradeSlug, GradeText], own: GradeText, day: date
) -> tuple[GradeText, tuple[str, ...]]:
    begun = [start for start in own.measured_as if start <= day]
    if not begun:
        return own, ()
    stand_in = own.measured_as[max(begun)]
    return grades[stand_in.grade], (law.doc_no(stand_in.basis),)


def _requirement(
    law: Law,
    policy: Policy,
    sector: Sector,
    text: RequirementText,
    basis: tuple[str, ...],
    day: date,
) -> Requirement:
    empty = Requirement(text.requirement, text.summary, text.counts, sector, "judge", basis)
    figures = text.clauses[0].at_least
    begun = [start for start in figures if start <= day]
    if not begun:
        return replace(empty, outcome="not-required", because=("not-yet-in-force",))
    start = max(begun)
    documents = [law.doc_no(figures[min(figures)].basis), law.doc_no(figures[start].basis), *basis]
    empty = replace(empty, basis=tuple(dict.fromkeys(documents)))
    if figures[start].number is None:
        return replace(empty, outcome="not-required", because=("ended-by-amendment",))
    if text.judged_by == "hand":
        return replace(empty, outcome="manual", because=("not-in-registers",))
    if any(clause.at_least[start].number == "unknown" for clause in text.clauses):
        return replace(empty, outcome="unknown", because=("figure-unknown",))
    return _judged(law, policy, text, empty, start)


def _judged(
    law: Law, policy: Policy, text: RequirementText, empty: Requirement, start: date
) -> Requirement:
    reading = Reading(tuple(_clauses(law, text.clauses, start, other=False)))
    strong_by_policy = (
        text.strong_if is not None and policy[text.strong_if.policy] == text.strong_if.is_
    )
    if not (text.usable_for_short or strong_by_policy):
        reason = "one-person-both-counts" if text.strong_if else "weak-figure"
        return replace(empty, weak=reading, because=(reason,))
    if any(clause.at_least[start].other_reading for clause in text.clauses):
        return replace(
            empty,
            strong=reading,
            weak=Reading(tuple(_clauses(law, text.clauses, start, other=True))),
        )
    return replace(empty, strong=reading)


def _clauses(
    law: Law, texts: list[ClauseText], start: date, *, other: bool, floor: bool = False
) -> list[Clause]:
    clauses = []
    for text in texts:
        figure = text.at_least[start]
        number = figure.other_reading if other and figure.other_reading else figure.number
        assert isinstance(number, int)  # unknown and ended figures were sorted out before
        accept = tuple(_accept(law, accept_text) for accept_text in law.accepts(text.accept))
        clauses.append(Clause(text.summary, accept, number, floor))
        clauses += _clauses(law, text.of_which, start, other=other, floor=True)
    return clauses


def _accept(law: Law, text: AcceptText) -> Accept:
    specialities = None if text.specialities == "any" else frozenset(text.specialities)
    rank = grade_rank(law, text.profession, text.grade) or 0
    return Accept(text.profession, rank, specialities, text.doubt)


def _nothing(requirement: str, sector: Sector, basis: tuple[str, ...], reason: str) -> Requirement:
    return Requirement(requirement, "", "people", sector, "not-required", basis, (reason,))


def _unknown(sector: Sector, standard: str, reason: str) -> Requirement:
    slug = "constructors" if sector == "construction" else "supervising-engineers"
    return Requirement(slug, "", "people", sector, "unknown", (standard,), (reason,))


def _by_hand(requirement: Requirement, document: str) -> Requirement:
    if requirement.outcome == "not-required":
        return requirement
    basis = tuple(dict.fromkeys((*requirement.basis, document)))
    return replace(
        requirement,
        outcome="manual",
        basis=basis,
        because=("stock-past-its-end",),
        strong=None,
        weak=None,
    )
