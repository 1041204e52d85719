"""The requirement rules as GoRules JDM decisions, in two shapes: one graph per enterprise, one small graph per level."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from qualwatch.law.figures import Accept, Requirement, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.policy import Policy

Graph = dict[str, Any]
ROUTES = ("direct", "upgrade", "unknown")


def comparable(one: Requirement) -> bool:
    """One strong clause on people: no group to match, no certificates to count, no second reading."""
    return bool(one.outcome == "judge" and one.strong and not one.strong.is_group and not one.weak) and (
        one.counts == "people"
    )


def levels(law: Law, policy: Policy, day: date) -> Iterator[tuple[str, list[Requirement]]]:
    """Every level and route with its comparable requirements."""
    for category, text in law.categories.items():
        for sub_item, grade, _text in text.every_grade():
            for route in ROUTES:
                asked = requirements_on(law, policy, category, sub_item, grade, route, day)
                yield f"{category}/{sub_item}/{grade}/{route}", [one for one in asked if comparable(one)]


def per_enterprise(law: Law, policy: Policy, day: date) -> Graph:
    """Input, a table of figures looped over the items, an expression that counts people for each, output."""
    rules = []
    for level, asked in levels(law, policy, day):
        figures = [
            f"{{requirement: '{one.requirement}', sector: '{one.sector}', "
            f"required: {one.strong.required}, accept: {_accept_list(one.strong.clauses[0].accept)}}}"
            for one in asked
            if one.strong
        ]
        rules.append({"_id": level, "level": f"'{level}'", "figures": f"[{', '.join(figures)}]"})
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
    fits = (
        "r.profession == a.profession and (r.rank == null or r.rank >= a.lowest)"
        " and (a.any or r.speciality == null or r.speciality in a.specialities)"
    )
    sure = f"{fits} and not a.doubt and (a.any or r.speciality != null) and (r.rank != null or a.lowest <= 1)"
    count = "count(people as p, {person} and some(p.registrations as r, {row} and some(f.accept as a, {fits})))"
    age_sure, age_perhaps = _ages(policy, "r.age", "r.profession", "f.sector")
    held = count.format(person=_sure(policy, "p"), row=f"r.in_force and {age_sure}", fits=sure)
    possible = count.format(person=_perhaps(policy, "p"), row=f"r.in_force and {age_perhaps}", fits=fits)
    counted = f"{{requirement: f.requirement, required: f.required, held: {held}, possible: {possible}}}"
    return _graph(
        [("figures", "decisionTableNode", table)],
        {
            "counted": f"map(asked as i, {{level: i.level, found: map(i.figures as f, {counted})}})",
            "findings": "map($.counted as i, {level: i.level, found: map(i.found as f, {requirement: f.requirement, "
            "held: f.held, possible: f.possible, verdict: " + _verdict("f.possible", "f.held", "f.required") + "})})",
        },
    )


def per_level(law: Law, policy: Policy, day: date) -> dict[str, Graph]:
    """One graph per level and route with the figures and specialities written into its expressions."""
    found = {}
    for level, asked in levels(law, policy, day):
        expressions: dict[str, str] = {}
        for one in asked:
            assert one.strong is not None
            name, accept = one.requirement.replace("-", "_"), one.strong.clauses[0].accept
            age_sure, age_perhaps = _ages(policy, "#.age", "#.profession", f"'{one.sector}'")
            expressions[f"{name}_held"] = (
                f"count(people, {_sure(policy, '#')} and some(#.registrations, #.in_force and {age_sure}"
                f" and ({' or '.join(_written(a, sure=True) for a in accept if not a.doubt)})))"
            )
            expressions[f"{name}_possible"] = (
                f"count(people, {_perhaps(policy, '#')} and some(#.registrations, #.in_force and {age_perhaps}"
                f" and ({' or '.join(_written(a, sure=False) for a in accept)})))"
            )
            expressions[name] = _verdict(f"$.{name}_possible", f"$.{name}_held", str(one.strong.required))
        if expressions:
            found[level] = _graph([], expressions)
    return found


def _verdict(possible: str, held: str, required: str) -> str:
    return f"{possible} < {required} ? 'short' : {held} < {required} ? 'cannot-say' : 'met'"


def _accept_list(accept: tuple[Accept, ...]) -> str:
    return "[" + ", ".join(_accept(one) for one in accept) + "]"


def _accept(one: Accept) -> str:
    trades = ", ".join(f"'{slug}'" for slug in sorted(one.specialities or ()))
    return (
        f"{{profession: '{one.profession}', lowest: {one.lowest_rank}, doubt: {str(bool(one.doubt)).lower()}, "
        f"any: {str(one.specialities is None).lower()}, specialities: [{trades}]}}"
    )


def _written(one: Accept, *, sure: bool) -> str:
    """One accepted kind as a condition on a registration `#`."""
    parts = [f"#.profession == '{one.profession}'"]
    if one.lowest_rank:
        parts.append(f"(#.rank == null{' and false' if sure and one.lowest_rank > 1 else ''} or #.rank >= {one.lowest_rank})")
    if one.specialities is not None:
        trades = ", ".join(f"'{slug}'" for slug in sorted(one.specialities))
        parts.append(f"(#.speciality in [{trades}]{'' if sure else ' or #.speciality == null'})")
    return "(" + " and ".join(parts) + ")"


def _sure(policy: Policy, person: str) -> str:
    return f"{person}.certain" if policy else ""


def _perhaps(policy: Policy, person: str) -> str:
    return f"{person}.possible" if policy else ""


def _ages(policy: Policy, age: str, profession: str, sector: str) -> tuple[str, str]:
    return "", ""


def _graph(nodes: list[tuple[str, str, Any]], expressions: dict[str, str]) -> Graph:
    return {}
