"""The largest matching against Hall's theorem and against brute force (rule 5)."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import law
from qualwatch.evaluation.matching import largest_matching

MINIMA = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def by_hall(minima: list[int], people: list[list[int]]) -> int:
    """The sum of minima less the largest deficiency over all unions of clauses."""
    deficiency = 0
    for size in range(1, len(minima) + 1):
        for union in combinations(range(len(minima)), size):
            eligible = sum(bool(set(union) & set(person)) for person in people)
            deficiency = max(deficiency, sum(minima[clause] for clause in union) - eligible)
    return sum(minima) - deficiency


def by_brute_force(minima: list[int], people: list[list[int]]) -> int:
    """Every way of giving each person one of its clauses or none."""
    best = 0
    for choice in product(*[[None, *person] for person in people]):
        best = max(
            best, sum(min(minimum, choice.count(clause)) for clause, minimum in enumerate(minima))
        )
    return best


def eligible_for(minima: list[int], most: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(
        st.lists(st.sampled_from(range(len(minima))), unique=True, max_size=len(minima)),
        max_size=most,
    )


@given(MINIMA.flatmap(lambda minima: st.tuples(st.just(minima), eligible_for(minima, 30))))
@settings(max_examples=300)
def test_matching_is_halls_number(case: tuple[list[int], list[list[int]]]) -> None:
    assert largest_matching(*case) == by_hall(*case)


@given(MINIMA.flatmap(lambda minima: st.tuples(st.just(minima), eligible_for(minima, 6))))
@settings(max_examples=150)
def test_matching_is_what_brute_force_finds(case: tuple[list[int], list[list[int]]]) -> None:
    assert largest_matching(*case) == by_brute_force(*case)


@pytest.mark.full
@given(MINIMA.flatmap(lambda minima: st.tuples(st.just(minima), eligible_for(minima, 40))))
@settings(max_examples=20_000, deadline=None)
def test_matching_is_halls_number_at_length(case: tuple[list[int], list[list[int]]]) -> None:
    assert largest_matching(*case) == by_hall(*case)


def test_every_floor_of_the_law_is_within_its_clause() -> None:
    """What lets a floor n of N be split into n and N - n: the loader refuses anything else; here the texts as they are."""
    floors = [
        (whole, floor)
        for text in law().categories.values()
        for *_, grade in text.every_grade()
        for requirement in grade.requirements
        for whole in requirement.clauses
        for floor in whole.of_which
    ]
    assert len(floors) > 15
