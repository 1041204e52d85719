"""The law of one day under one policy as the tables that the statements bind; Hall's unions are made here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any

import pyarrow as pa

from qualwatch.evaluation.counting import flat_clause
from qualwatch.evaluation.findings import REASONS
from qualwatch.evaluation.people import month_of
from qualwatch.law.figures import Accept, Clause, Reading, Requirement, grade_rank, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.policy import Policy

ROUTES = ("direct", "upgrade", "unknown")
LONGEST_WINDOW = 3  # the statement peels off the latest months one by one
BITS = {reason: 1 << place for place, reason in enumerate(REASONS)}


class CannotRunAsSql(Exception):
    """A policy that the statement does not express; the reference engine does."""


@dataclass(slots=True)
class Rows:
    """A small table under construction."""

    columns: dict[str, pa.DataType]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def table(self) -> pa.Table:
        values = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        arrays = [
            pa.array(column, kind)
            for column, kind in zip(values, self.columns.values(), strict=True)
        ]
        return pa.Table.from_arrays(arrays, names=list(self.columns))


TEXT, NUMBER, BIG, BOOL, DAY = pa.string(), pa.int32(), pa.int64(), pa.bool_(), pa.date32()


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
        self.law, self.policy, self.day = law, policy, day
        self.highest = policy["counting"] == "highest-any-trade"
        self.requirements: list[Requirement] = []
        self._sets: dict[tuple[str, str, tuple[Accept, ...]], int] = {}
        self._made = {
            "category": Rows({"category": TEXT, "in_scope": BOOL, "fallback_level_id": NUMBER}),
            "level": Rows(
                {
                    "level_id": NUMBER,
                    "category": TEXT,
                    "sub_item": TEXT,
                    "grade": TEXT,
                    "deferrable": BOOL,
                    "abolished": BOOL,
                }
            ),
            "requirement": Rows(
                {
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
                }
            ),
            "clause": Rows(
                {
                    "requirement_id": NUMBER,
                    "reading": TEXT,
                    "place": NUMBER,
                    "clauses": NUMBER,
                    "set_id": NUMBER,
                }
            ),
            "hall": Rows(
                {"requirement_id": NUMBER, "reading": TEXT, "set_id": NUMBER, "need": NUMBER}
            ),
            "requirement_set": Rows({"requirement_id": NUMBER, "set_id": NUMBER}),
            "looked_at": Rows(
                {"requirement_id": NUMBER, "set_id": NUMBER, "deferred_set_id": NUMBER}
            ),
            "class": Rows({"set_id": NUMBER, "sector": TEXT, "by_certificate": BOOL}),
            "class_profession": Rows({"set_id": NUMBER, "profession": TEXT}),
            "accept": Rows(
                {
                    "set_id": NUMBER,
                    "profession": TEXT,
                    "lowest_rank": NUMBER,
                    "speciality": TEXT,
                    "doubt": BIG,
                }
            ),
        }
        self._levels()

    def tables(self) -> dict[str, pa.Table]:
        """All of them, by the name that the statements use."""
        made = {name: rows.table() for name, rows in self._made.items()}
        return made | self._fixed()

    def _levels(self) -> None:
        level_id = 0
        for category in (*self.law.categories, *self.law.out_of_scope):
            level_id += 1
            fallback = level_id
            self._made["category"].rows.append(
                (category, category in self.law.categories, fallback)
            )
            self._ask(fallback, category, "", "")
            text = self.law.categories.get(category)
            for sub_item, grade, grade_text in text.every_grade() if text else ():
                level_id += 1
                part = sub_item if text and text.sub_items else None
                kind = (bool(grade_text.check_deferrable), bool(grade_text.abolished))
                self._made["level"].rows.append((level_id, category, part, grade, *kind))
                self._ask(level_id, category, sub_item, grade)

    def _ask(self, level_id: int, category: str, sub_item: str, grade: str) -> None:
        for route in ROUTES:
            asked = requirements_on(
                self.law, self.policy, category, sub_item, grade, route, self.day
            )
            for place, requirement in enumerate(asked):
                self._requirement(level_id, route, place, requirement)

    def _requirement(self, level_id: int, route: str, place: int, requirement: Requirement) -> None:
        number = len(self.requirements)
        self.requirements.append(requirement)
        flat = (
            self.highest
            and requirement.requirement == "constructors"
            and requirement.outcome == "judge"
        )
        because = mask_of(requirement.because) | (BITS["highest-any-trade"] if flat else 0)
        strong, weak = (
            reading.required if reading else None
            for reading in (requirement.strong, requirement.weak)
        )
        self._made["requirement"].rows.append(
            (
                number,
                level_id,
                route,
                requirement.requirement,
                place,
                requirement.outcome,
                because,
                strong,
                weak,
                flat,
            )
        )
        sets: set[int] = set()
        base = requirement.strong or requirement.weak
        for name, reading in (
            ("strong", requirement.strong),
            ("weak", requirement.weak if not flat else base),
        ):
            if reading is not None:
                shown = (
                    Reading((flat_clause(base, reading.required),)) if flat and base else reading
                )
                sets |= self._reading(number, name, requirement, shown)
        if base is not None:
            own = self._looked_at(requirement, base.clauses)
            flattened = (
                self._looked_at(requirement, (flat_clause(base, base.required),)) if flat else own
            )
            self._made["looked_at"].rows.append((number, flattened, own))
        self._made["requirement_set"].rows += [(number, set_id) for set_id in sorted(sets)]

    def _looked_at(self, requirement: Requirement, clauses: tuple[Clause, ...]) -> int:
        """The class of everybody whom some clauses accept."""
        return self._set(
            requirement, tuple(dict.fromkeys(kind for clause in clauses for kind in clause.accept))
        )

    def _reading(
        self, number: int, name: str, requirement: Requirement, reading: Reading
    ) -> set[int]:
        sets = set()
        for place, clause in enumerate(reading.clauses, 1):
            set_id = self._set(requirement, clause.accept)
            self._made["clause"].rows.append((number, name, place, len(reading.clauses), set_id))
            sets.add(set_id)
        if reading.is_group:
            parts = reading.group
            for size in range(1, len(parts) + 1):
                for union in combinations(parts, size):
                    accept = tuple(
                        dict.fromkeys(kind for _minimum, kinds in union for kind in kinds)
                    )
                    set_id = self._set(requirement, accept)
                    self._made["hall"].rows.append(
                        (number, name, set_id, sum(minimum for minimum, _ in union))
                    )
                    sets.add(set_id)
        return sets

    def _set(self, requirement: Requirement, accept: tuple[Accept, ...]) -> int:
        key = (requirement.sector, requirement.counts, accept)
        if key not in self._sets:
            set_id = self._sets[key] = len(self._sets)
            self._made["class"].rows.append(
                (set_id, requirement.sector, requirement.counts == "person-times")
            )
            for kind in accept:
                for speciality in (
                    sorted(kind.specialities) if kind.specialities is not None else [None]
                ):
                    doubt = BITS[kind.doubt] if kind.doubt else 0
                    self._made["accept"].rows.append(
                        (set_id, kind.profession, kind.lowest_rank, speciality, doubt)
                    )
            professions = sorted({kind.profession for kind in accept})
            self._made["class_profession"].rows += [
                (set_id, profession) for profession in professions
            ]
        return self._sets[key]

    def _fixed(self) -> dict[str, pa.Table]:
        law, policy = self.law, self.policy
        bits = {"none": 0} | {reason.replace("-", "_"): bit for reason, bit in BITS.items()}
        limits = policy["registration_ends_at_age"]
        ages = [
            (sector, profession, rule.doubt_from, rule.ends_at)
            for sector in ("construction", "supervision")
            for profession in law.professions
            for rule in [
                policy[f"age_{sector}"].get(profession) or policy[f"age_{sector}"]["default"]
            ]
        ]
        outcomes = [
            (
                outcome,
                BITS[outcome] if counts == "never" else 0,
                BITS[outcome] if counts == "in-doubt" else 0,
            )
            for outcome, counts in {
                **policy["insurance_person_counts"],
                "unparsed-insurance-row": "in-doubt",
            }.items()
        ]
        places = [
            (code, division_text.area) for code, division_text in law.divisions.divisions.items()
        ]
        grades = [
            (slug, grade, grade_rank(law, slug, grade))
            for slug, text in law.professions.items()
            for grade in text.grades
        ]
        age_columns = {"sector": TEXT, "profession": TEXT, "doubt_from": NUMBER, "ends_at": NUMBER}
        return {
            "bit": pa.table({name: pa.array([bit], BIG) for name, bit in bits.items()}),
            "policy": pa.table(
                {
                    "as_of": pa.array([self.day], DAY),
                    "last_month": pa.array([self.last_month], NUMBER),
                    "insurance_window": pa.array([policy["insurance_window_months"]], NUMBER),
                    **self._either("locked", "locked", policy["locked_person_counts"]),
                    **self._either(
                        "elsewhere",
                        "registered-elsewhere",
                        policy["registered_at_two_enterprises_counts"],
                    ),
                }
            ),
            "division": Rows({"division_code": TEXT, "area": TEXT}, places).table(),
            "other_province": Rows(
                {"prefix": TEXT},
                [(other_province,) for other_province in law.divisions.other_provinces],
            ).table(),
            "profession": Rows(
                {"profession": TEXT, "counted": BOOL, "ends_at_age": NUMBER},
                [(slug, text.counted, limits.get(slug)) for slug, text in law.professions.items()],
            ).table(),
            "grade": Rows(
                {"profession": TEXT, "profession_grade": TEXT, "rank": NUMBER}, grades
            ).table(),
            "age_rule": Rows(age_columns, ages).table(),
            "insurance_outcome": Rows(
                {"outcome": TEXT, "never": BIG, "doubt": BIG}, outcomes
            ).table(),
            "lawful_reason": Rows(
                {"reason": TEXT}, [(one,) for one in policy["lawful_reasons"]]
            ).table(),
        }

    @staticmethod
    def _either(name: str, reason: str, counts: str) -> dict[str, pa.Array]:
        never, doubt = BITS[reason] * (counts == "never"), BITS[reason] * (counts == "in-doubt")
        return {f"{name}_never": pa.array([never], BIG), f"{name}_doubt": pa.array([doubt], BIG)}

    @cached_property
    def last_month(self) -> int:
        """The last settled month, counted."""
        return month_of(self.day) - 1 - int(self.policy["insurance_settlement_lag_months"])
