"""The law of one day under one policy as the tables that the statements bind.

For Hall's theorem (rule 5) every union of a group's clauses is a row of `hall`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any

import pyarrow as pa

from qualwatch.evaluation.counting import flat_clause
from qualwatch.evaluation.findings import REASONS
from qualwatch.evaluation.people import ALWAYS_IN_DOUBT, month_of
from qualwatch.law.figures import Accept, Clause, Reading, Requirement, grade_rank, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.policy import Policy

_Part = tuple[int, tuple[Accept, ...]]
ROUTES = ("direct", "upgrade", "unknown")
LONGEST_WINDOW = 3  # the statement peels off the latest months one by one
BITS = {reason: 1 << place for place, reason in enumerate(REASONS)}


class CannotRunAsSql(Exception):
    """A policy that the statement does not express; the reference engine does."""


TEXT = pa.string()
NUMBER = pa.int32()
BIG = pa.int64()
BOOL = pa.bool_()
DAY = pa.date32()


@dataclass(slots=True)
class Rows:
    """A small table under construction: Arrow type by column name, rows as tuples in that order."""

    columns: dict[str, pa.DataType]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def table(self) -> pa.Table:
        values = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        arrays = [
            pa.array(column, kind)
            for column, kind in zip(values, self.columns.values(), strict=True)
        ]
        return pa.Table.from_arrays(arrays, names=list(self.columns))


# name of a table -> its columns
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "category": {"category": TEXT, "in_scope": BOOL, "fallback_level_id": NUMBER},
    "level": {
        "level_id": NUMBER,
        "category": TEXT,
        "sub_item": TEXT,
        "grade": TEXT,
        "deferrable": BOOL,
        "abolished": BOOL,
    },
    "requirement": {
        "requirement_id": NUMBER,
        "level_id": NUMBER,
        "route": TEXT,
        "requirement": TEXT,
        "place": NUMBER,
        "outcome": TEXT,
        "because": BIG,
        "strong_required": NUMBER,
        "weak_required": NUMBER,
        "flat": BOOL,
    },
    "clause": {
        "requirement_id": NUMBER,
        "reading": TEXT,
        "place": NUMBER,
        "clauses": NUMBER,
        "set_id": NUMBER,
    },
    "hall": {"requirement_id": NUMBER, "reading": TEXT, "set_id": NUMBER, "need": NUMBER},
    "requirement_set": {"requirement_id": NUMBER, "set_id": NUMBER},
    "listed_class": {"requirement_id": NUMBER, "set_id": NUMBER, "deferred_set_id": NUMBER},
    "class": {"set_id": NUMBER, "sector": TEXT, "by_certificate": BOOL},
    "class_profession": {"set_id": NUMBER, "profession": TEXT},
    "accept": {
        "set_id": NUMBER,
        "profession": TEXT,
        "lowest_rank": NUMBER,
        "speciality": TEXT,
        "doubt": BIG,
    },
}


def mask_of(slugs: Iterable[str]) -> int:
    """Reasons as bits."""
    return sum(BITS[slug] for slug in set(slugs))


@lru_cache(maxsize=4096)
def slugs_of(mask: int) -> tuple[str, ...]:
    """Bits as reasons, in the order of REASONS."""
    return tuple(slug for slug, bit in BITS.items() if mask & bit)


class LawTables:
    """The law of one day under one policy as the tables that the statements bind."""

    def __init__(self, law: Law, policy: Policy, day: date) -> None:
        if policy["insurance_window_months"] > LONGEST_WINDOW:
            raise CannotRunAsSql(
                f"insurance_window_months is at most {LONGEST_WINDOW} for this engine"
            )
        self.law = law
        self.policy = policy
        self.day = day
        self.is_highest_any_trade = policy["counting"] == "highest-any-trade"
        self.requirements: list[Requirement] = []
        self._sets: dict[tuple[str, str, tuple[Accept, ...]], int] = {}
        self._tables = {name: Rows(columns) for name, columns in COLUMNS.items()}
        self._add_levels()

    @cached_property
    def last_month(self) -> int:
        """The last settled month, counted."""
        return month_of(self.day) - 1 - int(self.policy["insurance_settlement_lag_months"])

    def tables(self) -> dict[str, pa.Table]:
        """All of them, by the name that the statements use."""
        of_requirements = {name: rows.table() for name, rows in self._tables.items()}
        return {
            **of_requirements,
            **_division_tables(self.law),
            **_profession_tables(self.law, self.policy),
            **_insurance_tables(self.policy),
            "bit": _bits(),
            "policy": self._policy(),
        }

    def _add(self, table: str, *values: Any) -> None:
        self._tables[table].rows.append(values)

    def _add_levels(self) -> None:
        level_id = 0
        for category in (*self.law.categories, *self.law.out_of_scope):
            level_id += 1
            text = self.law.categories.get(category)
            self._add("category", category, text is not None, level_id)
            self._add_requirements(level_id, category, "", "")
            for sub_item, grade, grade_text in text.every_grade() if text else ():
                level_id += 1
                part = sub_item if text and text.sub_items else None
                is_deferrable = bool(grade_text.check_deferrable)
                is_abolished = bool(grade_text.abolished)
                self._add("level", level_id, category, part, grade, is_deferrable, is_abolished)
                self._add_requirements(level_id, category, sub_item, grade)

    def _add_requirements(self, level_id: int, category: str, sub_item: str, grade: str) -> None:
        for route in ROUTES:
            key = (category, sub_item, grade, route)
            requirements = requirements_on(self.law, self.policy, *key, self.day)
            for place, requirement in enumerate(requirements):
                self._add_requirement(level_id, route, place, requirement)

    def _add_requirement(
        self, level_id: int, route: str, place: int, requirement: Requirement
    ) -> None:
        number = len(self.requirements)
        self.requirements.append(requirement)
        flat = self._is_flat(requirement)
        because = mask_of(requirement.because) | (BITS["highest-any-trade"] if flat else 0)
        self._add(
            "requirement",
            number,
            level_id,
            route,
            requirement.requirement,
            place,
            requirement.outcome,
            because,
            requirement.strong.required if requirement.strong else None,
            requirement.weak.required if requirement.weak else None,
            flat,
        )
        sets: set[int] = set()
        for name, reading in self._readings(requirement):
            sets |= self._add_reading(number, name, requirement, reading)
        self._add_listed_class(number, requirement)
        for set_id in sorted(sets):
            self._add("requirement_set", number, set_id)

    def _is_flat(self, requirement: Requirement) -> bool:
        """Whether trades are dropped: constructors under the policy `highest-any-trade`."""
        is_judged = requirement.outcome == "judge"
        is_of_constructors = requirement.requirement == "constructors"
        return self.is_highest_any_trade and is_of_constructors and is_judged

    def _readings(self, requirement: Requirement) -> Iterator[tuple[str, Reading]]:
        """The readings to count.

        A flat one has one clause; its weak reading may be needed by a higher item.
        """
        base = requirement.strong or requirement.weak
        if base is not None and self._is_flat(requirement):
            if requirement.strong is not None:
                yield "strong", _flat(base, requirement.strong)
            yield "weak", _flat(base, base)
            return
        if requirement.strong is not None:
            yield "strong", requirement.strong
        if requirement.weak is not None:
            yield "weak", requirement.weak

    def _add_listed_class(self, number: int, requirement: Requirement) -> None:
        """The class of everybody who gets a line in people.sql, also for an item whose check is
        deferred.
        """
        base = requirement.strong or requirement.weak
        if base is None:
            return
        deferred = self._set_of_clauses(requirement, base.clauses)
        listed = deferred
        if self._is_flat(requirement):
            listed = self._set_of_clauses(requirement, _flat(base, base).clauses)
        self._add("listed_class", number, listed, deferred)

    def _set_of_clauses(self, requirement: Requirement, clauses: tuple[Clause, ...]) -> int:
        """The class of everybody whom some clauses accept."""
        accept = dict.fromkeys(kind for clause in clauses for kind in clause.accept)
        return self._set(requirement, tuple(accept))

    def _add_reading(
        self, number: int, name: str, requirement: Requirement, reading: Reading
    ) -> set[int]:
        """Adds the clauses of a reading, and in a group their unions.

        The classes of people they need.
        """
        sets = set()
        for place, clause in enumerate(reading.clauses, 1):
            set_id = self._set(requirement, clause.accept)
            self._add("clause", number, name, place, len(reading.clauses), set_id)
            sets.add(set_id)
        if reading.is_group:
            for union in _unions(reading.group):
                accept = dict.fromkeys(kind for _minimum, kinds in union for kind in kinds)
                set_id = self._set(requirement, tuple(accept))
                need = sum(minimum for minimum, _kinds in union)
                self._add("hall", number, name, set_id, need)
                sets.add(set_id)
        return sets

    def _set(self, requirement: Requirement, accept: tuple[Accept, ...]) -> int:
        """The number of a class of people: sector, what is counted, what is accepted."""
        key = (requirement.sector, requirement.counts, accept)
        if key not in self._sets:
            set_id = self._sets[key] = len(self._sets)
            by_certificate = requirement.counts == "person-times"
            self._add("class", set_id, requirement.sector, by_certificate)
            for kind in accept:
                self._add_accepted(set_id, kind)
            for profession in sorted({kind.profession for kind in accept}):
                self._add("class_profession", set_id, profession)
        return self._sets[key]

    def _add_accepted(self, set_id: int, kind: Accept) -> None:
        doubt = BITS[kind.doubt] if kind.doubt else 0
        specialities = [None] if kind.specialities is None else sorted(kind.specialities)
        for speciality in specialities:
            self._add("accept", set_id, kind.profession, kind.lowest_rank, speciality, doubt)

    def _policy(self) -> pa.Table:
        policy = self.policy
        locked = _weights("locked", policy["locked_person_counts"])
        elsewhere = _weights("registered-elsewhere", policy["registered_at_two_enterprises_counts"])
        return pa.table(
            {
                "as_of": pa.array([self.day], DAY),
                "last_month": pa.array([self.last_month], NUMBER),
                "insurance_window": pa.array([policy["insurance_window_months"]], NUMBER),
                "locked_never": pa.array([locked[0]], BIG),
                "locked_doubt": pa.array([locked[1]], BIG),
                "elsewhere_never": pa.array([elsewhere[0]], BIG),
                "elsewhere_doubt": pa.array([elsewhere[1]], BIG),
            }
        )


def _flat(base: Reading, figure: Reading) -> Reading:
    return Reading((flat_clause(base, figure.required),))


def _unions(parts: Sequence[_Part]) -> Iterator[tuple[_Part, ...]]:
    """Every union of one or more clauses of a group."""
    for size in range(1, len(parts) + 1):
        yield from combinations(parts, size)


def _weights(reason: str, counts: str) -> tuple[int, int]:
    """The bits of a reason for never counting and for doubt, as the policy weighs it."""
    bit = BITS[reason]
    return (bit if counts == "never" else 0), (bit if counts == "in-doubt" else 0)


def _bits() -> pa.Table:
    bits = {"none": 0} | {reason.replace("-", "_"): bit for reason, bit in BITS.items()}
    return pa.table({name: pa.array([bit], BIG) for name, bit in bits.items()})


def _division_tables(law: Law) -> dict[str, pa.Table]:
    divisions = Rows({"division_code": TEXT, "area": TEXT})
    for code, division_text in law.divisions.divisions.items():
        divisions.rows.append((code, division_text.area))
    other_provinces = Rows({"prefix": TEXT})
    for prefix in law.divisions.other_provinces:
        other_provinces.rows.append((prefix,))
    return {"division": divisions.table(), "other_province": other_provinces.table()}


def _profession_tables(law: Law, policy: Policy) -> dict[str, pa.Table]:
    limits = policy["registration_ends_at_age"]
    professions = Rows({"profession": TEXT, "counted": BOOL, "ends_at_age": NUMBER})
    grades = Rows({"profession": TEXT, "profession_grade": TEXT, "rank": NUMBER})
    for slug, text in law.professions.items():
        professions.rows.append((slug, text.counted, limits.get(slug)))
        for grade in text.grades:
            grades.rows.append((slug, grade, grade_rank(law, slug, grade)))
    return {
        "profession": professions.table(),
        "grade": grades.table(),
        "age_rule": _age_rules(law, policy),
    }


def _age_rules(law: Law, policy: Policy) -> pa.Table:
    ages = Rows({"sector": TEXT, "profession": TEXT, "doubt_from": NUMBER, "ends_at": NUMBER})
    for sector in ("construction", "supervision"):
        rules = policy[f"age_{sector}"]
        for profession in law.professions:
            rule = rules.get(profession) or rules["default"]
            ages.rows.append((sector, profession, rule.doubt_from, rule.ends_at))
    return ages.table()


def _insurance_tables(policy: Policy) -> dict[str, pa.Table]:
    counts_by_outcome = {
        **policy["insurance_person_counts"],
        **dict.fromkeys(ALWAYS_IN_DOUBT, "in-doubt"),
    }
    outcomes = Rows({"outcome": TEXT, "never": BIG, "doubt": BIG})
    for outcome, counts in counts_by_outcome.items():
        outcomes.rows.append((outcome, *_weights(outcome, counts)))
    lawful_reasons = Rows({"reason": TEXT})
    for reason in policy["lawful_reasons"]:
        lawful_reasons.rows.append((reason,))
    return {"insurance_outcome": outcomes.table(), "lawful_reason": lawful_reasons.table()}
