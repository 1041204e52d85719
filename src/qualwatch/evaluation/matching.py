"""Sharing people out over clauses that need different people (rule 5)."""

from collections.abc import Collection, Sequence


def largest_matching(minima: Sequence[int], eligible: Sequence[Collection[int]]) -> int:
    """The most places that can be filled: `minima[c]` places in clause c, `eligible[p]` the clauses
    of person p.

    Augmenting paths; each person fills one place at most. The result never exceeds sum(minima).
    """
    filled: list[list[int]] = [[] for _ in minima]

    def place(person: int, tried: set[int]) -> bool:
        for clause in eligible[person]:
            if clause in tried:
                continue
            tried.add(clause)
            if len(filled[clause]) < minima[clause]:
                filled[clause].append(person)
                return True
            for index, other in enumerate(filled[clause]):
                if place(other, tried):
                    filled[clause][index] = person
                    return True
        return False

    return sum(place(person, set()) for person in range(len(eligible)))
