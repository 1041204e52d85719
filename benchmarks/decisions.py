"""The requirement rules as GoRules JDM decisions, in two shapes: one graph per enterprise, one
small graph per level.

Their input is one enterprise already joined and partly judged: {items: [{level}], people: [{alive,
locked, elsewhere,
insured, registrations: [{in_force, profession, rank, speciality, age}]}]}; unknown rank or age is
-1, speciality '?'.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain, pairwise
from typing import Any

from qualwatch.law.figures import Accept, Requirement, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.policy import Policy

Graph = dict[str, Any]
ROUTES = ("direct", "upgrade", "unknown")
NO_LIMIT = 999


def comparable(requirement: Requirement) -> bool:
    """One strong clause on people: no group to match, no certificates to count, no second
    reading.
    """
    if requirement.outcome != "judge" or requirement.strong is None or requirement.weak is not None:
        return False
    return requirement.counts == "people" and not requirement.strong.is_group


class Decisions:
    """Both shapes, written from the law and the policy of one day."""

    def __init__(self, law: Law, policy: Policy, day: date) -> None:
        self.law = law
        self.policy = policy
        self.day = day

    def levels(self) -> Iterator[tuple[str, list[Requirement]]]:
        """Every level and route that has comparable requirements."""
        for category, text in self.law.categories.items():
            for sub_item, grade, _text in text.every_grade():
                for route in ROUTES:
                    key = (category, sub_item, grade, route)
                    requirements = requirements_on(self.law, self.policy, *key, self.day)
                    judged = [one for one in requirements if comparable(one)]
                    if judged:
                        yield "/".join(key), judged

    def per_enterprise(self) -> Graph:
        """A table of figures looped over the items, then an expression that counts people for each
        figure.
        """
        rules = [
            {
                "_id": level,
                "level": f"'{level}'",
                "figures": f"[{', '.join(map(self._figure, requirements))}]",
            }
            for level, requirements in self.levels()
        ]
        table = {
            "hitPolicy": "first",
            "executionMode": "loop",
            "inputField": "items",
            "outputPath": "asked",
            "passThrough": True,
            "inputs": [{"id": "level", "name": "Level", "field": "level"}],
            "outputs": [{"id": "figures", "name": "Figures", "field": "figures"}],
            "rules": rules,
        }
        row = (
            "r.profession == a.profession "
            "and (a.any or r.speciality in a.specialities{trade}) and {rank}"
        )
        sure = row.format(trade="", rank="(r.rank >= a.lowest or r.rank < 0 and a.lowest <= 1)")
        perhaps = row.format(
            trade=" or r.speciality == '?'", rank="(r.rank < 0 or r.rank >= a.lowest)"
        )
        held = (
            f"count(people as p, {self._certain('p')} "
            f"and some(p.registrations as r, r.in_force and some(f.accept as a, {sure} "
            f"and not a.doubt and r.age >= a.lowest_age and r.age < a.sure_below)))"
        )
        possible = (
            f"count(people as p, {self._not_excluded('p')} "
            f"and some(p.registrations as r, r.in_force and some(f.accept as a, {perhaps} "
            "and r.age < a.ends_at)))"
        )
        figures = "requirement: f.requirement, required: f.required"
        counted = f"{{{figures}, held: {held}, possible: {possible}}}"
        judged = f"merge([f, {{verdict: {_verdict('f.possible', 'f.held', 'f.required')}}}])"
        expressions = {
            "counted": f"map(asked as i, map(i.figures ?? [] as f, {counted}))",
            "findings": f"map($.counted as i, map(i as f, {judged}))",
        }
        return _graph(expressions, table)

    def per_level(self) -> dict[str, Graph]:
        """One graph per level and route, the figures and everything accepted written into its
        expressions.
        """
        return {
            level: _graph(dict(chain.from_iterable(map(self._expressions, requirements))))
            for level, requirements in self.levels()
        }

    def _figure(self, requirement: Requirement) -> str:
        assert requirement.strong is not None
        accept = ", ".join(
            self._kind(requirement, kind) for kind in requirement.strong.clauses[0].accept
        )
        name = requirement.requirement
        required = requirement.strong.required
        return f"{{requirement: '{name}', required: {required}, accept: [{accept}]}}"

    def _kind(self, requirement: Requirement, kind: Accept) -> str:
        sure_below, ends_at = self._ages(requirement, kind)
        # an unknown age is -1: it is below 0 where some age limits the profession
        lowest_age = 0 if sure_below < NO_LIMIT or ends_at < NO_LIMIT else -1
        values = {
            "profession": f"'{kind.profession}'",
            "lowest": kind.lowest_rank,
            "doubt": str(bool(kind.doubt)).lower(),
            "any": str(kind.specialities is None).lower(),
            "specialities": _strings(kind.specialities or ()),
            "lowest_age": lowest_age,
            "sure_below": sure_below,
            "ends_at": ends_at,
        }
        return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"

    def _expressions(self, requirement: Requirement) -> Iterator[tuple[str, str]]:
        assert requirement.strong is not None
        name = requirement.requirement.replace("-", "_")
        accept = requirement.strong.clauses[0].accept
        sure = " or ".join(
            self._condition(requirement, kind, sure=True) for kind in accept if not kind.doubt
        )
        perhaps = " or ".join(self._condition(requirement, kind, sure=False) for kind in accept)
        for key, person, kinds in (
            ("held", self._certain, sure),
            ("possible", self._not_excluded, perhaps),
        ):
            registered = f"some(#.registrations, #.in_force and ({kinds}))"
            yield f"{name}_{key}", f"count(people, {person('#')} and {registered})"
        yield (
            name,
            _verdict(f"$.{name}_possible", f"$.{name}_held", str(requirement.strong.required)),
        )

    def _condition(self, requirement: Requirement, kind: Accept, *, sure: bool) -> str:
        sure_below, ends_at = self._ages(requirement, kind)
        limit = sure_below if sure else ends_at
        parts = [f"#.profession == '{kind.profession}'"]
        if kind.lowest_rank:
            unreadable = "" if sure and kind.lowest_rank > 1 else " or #.rank < 0"
            parts.append(f"(#.rank >= {kind.lowest_rank}{unreadable})")
        if kind.specialities is not None:
            unreadable_too = [] if sure else ["?"]
            parts.append(f"#.speciality in {_strings([*kind.specialities, *unreadable_too])}")
        if limit < NO_LIMIT:
            parts.append(f"#.age < {limit}" + (" and #.age >= 0" if sure else ""))
        return "(" + " and ".join(parts) + ")"

    def _ages(self, requirement: Requirement, kind: Accept) -> tuple[int, int]:
        rules = self.policy[f"age_{requirement.sector}"]
        rule = rules.get(kind.profession) or rules["default"]
        ends_at = rule.ends_at or NO_LIMIT
        return min(rule.doubt_from or NO_LIMIT, ends_at), ends_at

    def _certain(self, person: str) -> str:
        return self._person(person, ("never", "in-doubt"))

    def _not_excluded(self, person: str) -> str:
        return self._person(person, ("never",))

    def _person(self, person: str, bad: tuple[str, ...]) -> str:
        """Alive, and nothing about the person that the policy holds against them as badly as
        `bad`.
        """
        parts = [f"{person}.alive"]
        for column, key in (
            ("locked", "locked_person_counts"),
            ("elsewhere", "registered_at_two_enterprises_counts"),
        ):
            if self.policy[key] in bad:
                parts.append(f"not {person}.{column}")
        outcomes = [
            outcome
            for outcome, counts in self.policy["insurance_person_counts"].items()
            if counts in bad
        ]
        return " and ".join([*parts, f"not ({person}.insured in {_strings(outcomes)})"])


def _strings(values: Any) -> str:
    return "[" + ", ".join(f"'{value}'" for value in sorted(values)) + "]"


def _verdict(possible: str, held: str, required: str) -> str:
    return f"{possible} < {required} ? 'short' : {held} < {required} ? 'cannot-say' : 'met'"


def _graph(expressions: dict[str, str], table: Graph | None = None) -> Graph:
    rows = [{"id": key, "key": key, "value": value} for key, value in expressions.items()]
    nodes: list[Graph] = [{"id": "in", "type": "inputNode", "content": {}}]
    if table:
        nodes.append({"id": "figures", "type": "decisionTableNode", "content": table})
    nodes.append({"id": "count", "type": "expressionNode", "content": {"expressions": rows}})
    nodes.append({"id": "out", "type": "outputNode", "content": {}})
    edges = [
        {
            "id": f"{source['id']}-{target['id']}",
            "type": "edge",
            "sourceId": source["id"],
            "targetId": target["id"],
        }
        for source, target in pairwise(nodes)
    ]
    placed = [
        {"name": node["id"], "position": {"x": 200 * at, "y": 0}, **node}
        for at, node in enumerate(nodes)
    ]
    return {"nodes": placed, "edges": edges}
