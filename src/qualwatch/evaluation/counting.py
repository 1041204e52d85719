"""The counting policy `highest-any-trade`: constructors, any trade, the highest figure."""

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


def highest_any_trade(
    requirements: list[tuple[Item, Requirement]],
) -> list[tuple[Item, Requirement]]:
    """The same requirements with grades kept, one clause each, and the maximum over all items as
    the figure.
    """
    judged = [requirement for _, requirement in requirements if _is_flat(requirement)]
    readings = [reading for requirement in judged for reading in _readings(requirement)]
    strong_figures = [requirement.strong.required for requirement in judged if requirement.strong]
    strong = max(strong_figures, default=0)
    highest = max((reading.required for reading in readings), default=0)
    return [(item, _flat(requirement, strong, highest)) for item, requirement in requirements]


def _is_flat(requirement: Requirement) -> bool:
    return requirement.requirement == "constructors" and requirement.outcome == "judge"


def _readings(requirement: Requirement) -> list[Reading]:
    return [reading for reading in (requirement.strong, requirement.weak) if reading]


def _flat(requirement: Requirement, strong: int, highest: int) -> Requirement:
    """A constructors' requirement in one clause.

    The weak figure stays only where it is the higher one.
    """
    base = requirement.strong or requirement.weak
    if not _is_flat(requirement) or base is None:
        return requirement
    flat_strong = Reading((flat_clause(base, strong),)) if requirement.strong else None
    flat_weak = None
    if not requirement.strong or highest > strong:
        flat_weak = Reading((flat_clause(base, highest),))
    because = (*requirement.because, "highest-any-trade")
    return replace(requirement, strong=flat_strong, weak=flat_weak, because=because)
