"""The law and the invented province's weights as small tables that nation.sql draws from."""

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
FEW_SLOTS = 1_000  # for the many wheels of classes

Weights = dict[Any, float]


def tables(law: Law, day: date) -> dict[str, pa.Table]:
    """The tables that nation.sql binds: wheels to draw from, levels, what each level asks, kinds of people."""
    words = load_yaml(Path(synthetic_province.__file__).parent / "invented.yaml")
    levels = list(_levels(law, words))
    classes = _Classes(law, words)
    asked = list(_asked(law, day, levels, classes))
    turned = classes.wheels()
    return {
        "level": _table(
            ("level_id", "sector", "category", "sub_item", "grade", "authority"),
            [row[:6] for row in levels],
        ),
        "asked": _table(("level_id", "route", "class_id", "minimum"), asked),
        "kind": _table(("kind_id", "profession", "grade", "speciality"), classes.kinds),
        "class_wheel": _table(("class_id", "slot", "kind_id"), turned),
        "wheel": _table(("wheel", "slot", "value"), _wheels(law, words, levels)),
        "rate": pa.table({name: [share] for name, share in words["rates"].items()}),
    }


def _table(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _turned(weights: Weights, slots: int) -> Iterator[tuple[int, Any]]:
    """Every slot of a wheel with its value, in proportion to the weights."""
    whole, begin = sum(weights.values()), 0
    for value, end in zip(weights, accumulate(weights.values()), strict=True):
        last = round(end / whole * slots)
        yield from ((slot, value) for slot in range(begin, last))
        begin = last


def _levels(law: Law, words: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """(level_id, sector, category, sub_item, grade, licensing authority, weight) of every level, out of scope too."""
    number = 0
    for slug, text in law.categories.items():
        weight = words["category_weights"].get(slug, words["category_weight_otherwise"])
        grades = text.every_grade()
        whole = sum(words["grade_weights"][grade] for _sub, grade, _text in grades)
        for sub_item, grade, _text in grades:
            top = grade in ("special", "grade-1", "grade-a")
            share = weight * words["grade_weights"][grade] / whole
            yield (
                number,
                text.sector,
                slug,
                sub_item,
                grade,
                "ministry" if top else "province",
                share,
            )
            number += 1
    for slug in law.out_of_scope:
        yield number, "construction", slug, "工程设计资质", "甲级", "ministry", 1
        number += 1


def _wheels(
    law: Law, words: dict[str, Any], levels: list[tuple[Any, ...]]
) -> Iterator[tuple[str, int, str | None]]:
    wheels: dict[str, Weights] = {
        "place": _places(law, words),
        "items": words["item_count_weights"],
        "route": {"direct": 4, "upgrade": 3, "unknown": 3},
        "slack": {more: words["slack"].count(more) for more in words["slack"]},
    }
    for sector in ("construction", "supervision"):
        wheels[sector] = {row[0]: row[6] for row in levels if row[1] == sector}
    for name, weights in wheels.items():
        for slot, value in _turned(weights, SLOTS):
            yield name, slot, None if value is None else str(value)


def _places(law: Law, words: dict[str, Any]) -> Weights:
    """Division codes of every area, a few retired ones, a few of other provinces, a few unknown."""
    divisions, found = law.divisions.divisions, {}
    for area, weight in words["area_weights"].items():
        codes = [
            code
            for code, division_text in divisions.items()
            if division_text.area == area and not division_text.to and code[4:] > "01"
        ]
        for code in codes or [area[-6:]]:
            found[code] = weight / len(codes or [area])
    whole = sum(found.values())
    retired = [
        code
        for code, division_text in divisions.items()
        if division_text.to and division_text.successors
    ]
    found |= {code: whole * words["rates"]["retired_division"] / len(retired) for code in retired}
    found |= {f"{prefix}0105": whole * 0.003 / 33 for prefix in law.divisions.other_provinces}
    return {**found, None: whole * 0.0005}


class _Classes:
    """Classes of people that requirements ask for, and the kinds of registration each may be filled with."""

    def __init__(self, law: Law, words: dict[str, Any]) -> None:
        self.law, self.first_grade_only = law, words["first_grade_only"]
        self.numbers: dict[tuple[Accept, ...], int] = {}
        self.kinds: list[tuple[int, str, str | None, str]] = []
        self._known: dict[tuple[str, str | None, str], int] = {}
        for profession in (
            "constructor",
            "supervising-engineer",
            "cost-engineer",
        ):  # classes 0, 1, 2: anybody
            self.number((Accept(profession, 0, None, None),))

    def number(self, accept: tuple[Accept, ...]) -> int:
        """The class of an accept list."""
        return self.numbers.setdefault(accept, len(self.numbers))

    def wheels(self) -> list[tuple[int, int, int]]:
        """(class, slot, kind) of every class."""
        return [
            (number, slot, kind)
            for accept, number in self.numbers.items()
            for slot, kind in _turned(self._weights(accept), FEW_SLOTS)
        ]

    def _weights(self, accept: tuple[Accept, ...]) -> Weights:
        found: Weights = {}
        sure = [one for one in accept if not one.doubt]
        for accepted in sure:
            known = [
                slug
                for slug in self.law.professions[accepted.profession].specialities
                if slug != "unspecified"
            ]
            for trade in sorted(accepted.specialities or known) or [""]:
                for grade, share in self._grades(accepted, trade).items():
                    kind = self._kind(accepted.profession, grade, trade)
                    found[kind] = found.get(kind, 0) + share / len(
                        accepted.specialities or known or [""]
                    )
        return found

    def _grades(self, accepted: Accept, trade: str) -> Weights:
        grades = self.law.professions[accepted.profession].grades
        if not grades:
            return {None: 1.0}
        only_first = accepted.profession == "constructor" and trade in self.first_grade_only
        return (
            {grades[0]: 1.0}
            if accepted.lowest_rank > 1 or only_first
            else {grades[0]: 0.4, grades[-1]: 0.6}
        )

    def _kind(self, profession: str, grade: str | None, trade: str) -> int:
        key = (profession, grade, trade)
        if key not in self._known:
            self._known[key] = len(self.kinds)
            self.kinds.append((len(self.kinds), *key))
        return self._known[key]


def _asked(
    law: Law, day: date, levels: list[tuple[Any, ...]], classes: _Classes
) -> Iterator[tuple[int, str, int, int]]:
    """(level, route, class, people): what one must hire beyond those hired for narrower classes of the level."""
    policy = law.policy_on(day)
    for number, _sector, category, sub_item, grade, _authority, _weight in levels:
        for route in ROUTES:
            asked = requirements_on(law, policy, category, sub_item, grade, route, day)
            parts = [part for requirement in asked for part in _parts(requirement)]
            for place, (minimum, accept) in enumerate(parts):
                inner = sum(n for n, narrower in parts[:place] if _within(narrower, accept))
                if minimum > inner:
                    yield number, route, classes.number(accept), minimum - inner


def _parts(requirement: Requirement) -> tuple[tuple[int, tuple[Accept, ...]], ...]:
    reading = requirement.strong or requirement.weak
    return reading.group if requirement.outcome == "judge" and reading else ()


def _within(narrower: tuple[Accept, ...], wider: tuple[Accept, ...]) -> bool:
    """Whether whoever is sure to fit the narrower class fits the wider one."""
    return all(
        any(
            accepted.profession == other.profession
            and accepted.lowest_rank >= other.lowest_rank
            and (
                other.specialities is None
                or (accepted.specialities or frozenset("?")) <= other.specialities
            )
            for other in wider
        )
        for accepted in narrower
        if not accepted.doubt
    )
