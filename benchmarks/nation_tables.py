"""The law and the synthetic province's weights as small tables that nation.sql draws from.

A wheel is a table of equally likely slots: a value has slots in proportion to its weight.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa

from qualwatch.intake import synthetic_province
from qualwatch.law.figures import Accept, Requirement, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.texts_on_disk import load_yaml

ROUTES = ("direct", "upgrade", "unknown")
SLOTS = 100_000  # positions of a wheel; a weight of one in a hundred thousand still gets one
OTHER_PROVINCES_SHARE = 0.003  # of enterprises
OTHER_PROVINCES = 33
UNKNOWN_SHARE = 0.0005  # of enterprises without a division
FEW_SLOTS = 1_000  # for the many wheels of classes

Weights = dict[Any, float]


def tables(law: Law, day: date) -> dict[str, pa.Table]:
    """The tables that nation.sql binds: wheels, levels, the staff of each level, kinds of
    people.
    """
    words = load_yaml(Path(synthetic_province.__file__).parent / "synthetic_province.yaml")
    levels = list(_levels(law, words))
    classes = _Classes(law, words)
    # first the staff: it numbers the classes
    staff = list(_staff(law, day, levels, classes))
    class_wheels = classes.wheels()
    return {
        "level": _table(
            ("level_id", "sector", "category", "sub_item", "grade", "authority"),
            [row[:6] for row in levels],
        ),
        "staff": _table(("level_id", "route", "class_id", "minimum"), staff),
        "kind": _table(("kind_id", "profession", "grade", "speciality"), classes.kinds),
        "class_wheel": _table(("class_id", "slot", "kind_id"), class_wheels),
        "wheel": _table(("wheel", "slot", "value"), _wheels(law, words, levels)),
        "rate": pa.table({name: [share] for name, share in words["rates"].items()}),
    }


def _table(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _slots(weights: Weights, slots: int) -> Iterator[tuple[int, Any]]:
    """Every slot of a wheel with its value."""
    total = sum(weights.values())
    begin = 0
    for value, end in zip(weights, accumulate(weights.values()), strict=True):
        last = round(end / total * slots)
        yield from ((slot, value) for slot in range(begin, last))
        begin = last


def _levels(law: Law, words: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """(level_id, sector, category, sub_item, grade, licensing authority, weight) of every level,
    out of scope too.
    """
    number = 0
    for slug, text in law.categories.items():
        weight = words["category_weights"].get(slug, words["category_weight_otherwise"])
        grades = text.every_grade()
        total = sum(words["grade_weights"][grade] for _sub, grade, _text in grades)
        for sub_item, grade, _text in grades:
            top = grade in ("special", "grade-1", "grade-a")
            share = weight * words["grade_weights"][grade] / total
            authority = "ministry" if top else "province"
            yield number, text.sector, slug, sub_item, grade, authority, share
            number += 1
    for slug in law.out_of_scope:
        yield number, "construction", slug, "工程设计资质", "甲级", "ministry", 1
        number += 1


def _wheels(
    law: Law, words: dict[str, Any], levels: list[tuple[Any, ...]]
) -> Iterator[tuple[str, int, str | None]]:
    weight_tables: dict[str, Weights] = {
        "place": _places(law, words),
        "items": words["item_count_weights"],
        "route": {"direct": 4, "upgrade": 3, "unknown": 3},
        "slack": {more: words["slack"].count(more) for more in words["slack"]},
    }
    for sector in ("construction", "supervision"):
        weight_tables[sector] = {row[0]: row[6] for row in levels if row[1] == sector}
    for name, weights in weight_tables.items():
        for slot, value in _slots(weights, SLOTS):
            yield name, slot, None if value is None else str(value)


def _places(law: Law, words: dict[str, Any]) -> Weights:
    """Division codes of every area, a few retired ones, a few of other provinces, a few unknown."""
    divisions = law.divisions.divisions
    weights: Weights = {}
    for area, weight in words["area_weights"].items():
        codes = _codes_of_area(law, area)
        weights |= {code: weight / len(codes) for code in codes}
    total = sum(weights.values())
    retired = [code for code, text in divisions.items() if text.to and text.successors]
    of_retired = total * words["rates"]["retired_division"] / len(retired)
    other_provinces = law.divisions.other_provinces
    of_others = total * OTHER_PROVINCES_SHARE / OTHER_PROVINCES
    weights |= dict.fromkeys(retired, of_retired)
    weights |= {f"{prefix}0105": of_others for prefix in other_provinces}
    return {**weights, None: total * UNKNOWN_SHARE}


def _codes_of_area(law: Law, area: str) -> list[str]:
    """The codes of an area's counties in force; the area's own where it has none."""
    codes = [
        code
        for code, text in law.divisions.divisions.items()
        if text.area == area and not text.to and code[4:] > "01"
    ]
    return codes or [area[-6:]]


class _Classes:
    """Classes of people that requirements ask for, and the kinds of registration each may be filled
    with.
    """

    def __init__(self, law: Law, words: dict[str, Any]) -> None:
        self.law = law
        self.first_grade_only = words["first_grade_only"]
        self.numbers: dict[tuple[Accept, ...], int] = {}
        self.kinds: list[tuple[int, str, str | None, str]] = []
        self._kind_numbers: dict[tuple[str, str | None, str], int] = {}
        # classes 0, 1, 2: anybody of the profession
        for profession in ("constructor", "supervising-engineer", "cost-engineer"):
            self.number((Accept(profession, 0, None, None),))

    def number(self, accept: tuple[Accept, ...]) -> int:
        """The class of an accept list."""
        return self.numbers.setdefault(accept, len(self.numbers))

    def wheels(self) -> list[tuple[int, int, int]]:
        """(class, slot, kind) of every class."""
        return [
            (number, slot, kind)
            for accept, number in self.numbers.items()
            for slot, kind in _slots(self._weights(accept), FEW_SLOTS)
        ]

    def _weights(self, accept: tuple[Accept, ...]) -> Weights:
        weights: Weights = {}
        for accepted in accept:
            if accepted.doubt:
                continue
            text = self.law.professions[accepted.profession]
            all_of_them = [slug for slug in text.specialities if slug != "unspecified"]
            specialities = sorted(accepted.specialities or all_of_them) or [""]
            for speciality in specialities:
                for grade, share in self._grades(accepted, speciality).items():
                    kind = self._kind(accepted.profession, grade, speciality)
                    weights[kind] = weights.get(kind, 0) + share / len(specialities)
        return weights

    def _grades(self, accepted: Accept, speciality: str) -> Weights:
        grades = self.law.professions[accepted.profession].grades
        if not grades:
            return {None: 1.0}
        is_constructor = accepted.profession == "constructor"
        if accepted.lowest_rank > 1 or (is_constructor and speciality in self.first_grade_only):
            return {grades[0]: 1.0}
        return {grades[0]: 0.4, grades[-1]: 0.6}

    def _kind(self, profession: str, grade: str | None, speciality: str) -> int:
        key = (profession, grade, speciality)
        if key not in self._kind_numbers:
            self._kind_numbers[key] = len(self.kinds)
            self.kinds.append((len(self.kinds), *key))
        return self._kind_numbers[key]


def _staff(
    law: Law, day: date, levels: list[tuple[Any, ...]], classes: _Classes
) -> Iterator[tuple[int, str, int, int]]:
    """(level, route, class, people): whom to hire beyond those hired for narrower classes of the
    level.
    """
    policy = law.policy_on(day)
    for number, _sector, category, sub_item, grade, _authority, _weight in levels:
        for route in ROUTES:
            requirements = requirements_on(law, policy, category, sub_item, grade, route, day)
            parts = [part for requirement in requirements for part in _parts(requirement)]
            for at, (minimum, accept) in enumerate(parts):
                inner = sum(n for n, narrower in parts[:at] if _within(narrower, accept))
                if minimum > inner:
                    yield number, route, classes.number(accept), minimum - inner


def _parts(requirement: Requirement) -> tuple[tuple[int, tuple[Accept, ...]], ...]:
    reading = requirement.strong or requirement.weak
    return reading.group if requirement.outcome == "judge" and reading else ()


def _within(narrower: tuple[Accept, ...], wider: tuple[Accept, ...]) -> bool:
    """Whether whoever is sure to match the narrower class matches the wider one."""
    certain = [accepted for accepted in narrower if not accepted.doubt]
    return all(any(_is_within(accepted, other) for other in wider) for accepted in certain)


def _is_within(accepted: Accept, other: Accept) -> bool:
    if accepted.profession != other.profession or accepted.lowest_rank < other.lowest_rank:
        return False
    if other.specialities is None:
        return True
    # without specialities of its own it accepts more than the other
    return (accepted.specialities or frozenset("?")) <= other.specialities
