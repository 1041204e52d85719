"""The counting policy `highest-any-trade`: constructors only, trades dropped, the highest figure."""

from dataclasses import replace

from qualwatch.evaluation.facts import Item
from qualwatch.law.figures import Accept, Clause, Reading, Requirement


def flat_clause(reading: Reading, required: int) -> Clause:
    """A reading's clauses as one: constructors of the lowest grade asked, any trade."""
    rank = min(
        accepted.lowest_rank
        for clause in reading.clauses
        for accepted in clause.accept
        if not clause.floor
    )
    return Clause(
        "注册建造师合计（不分专业）", (Accept("constructor", rank, None, None),), required
    )


def highest_any_trade(asked: list[tuple[Item, Requirement]]) -> list[tuple[Item, Requirement]]:
    """The same requirements with grades kept, one clause each, and the maximum over all items as the figure."""
    judged = [
        requirement
        for _, requirement in asked
        if requirement.requirement == "constructors" and requirement.outcome == "judge"
    ]
    strong = max(
        (requirement.strong.required for requirement in judged if requirement.strong), default=0
    )
    weak = max(
        (
            reading.required
            for requirement in judged
            for reading in (requirement.strong, requirement.weak)
            if reading
        ),
        default=0,
    )

    def changed(one: Requirement) -> Requirement:
        base = one.strong or one.weak
        if one.requirement != "constructors" or one.outcome != "judge" or base is None:
            return one
        higher = Reading((flat_clause(base, weak),)) if not one.strong or weak > strong else None
        lower = Reading((flat_clause(base, strong),)) if one.strong else None
        return replace(one, strong=lower, weak=higher, because=(*one.because, "highest-any-trade"))

    return [(item, changed(requirement)) for item, requirement in asked]
