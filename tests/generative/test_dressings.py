"""The dress of a file never changes a verdict: one set of facts, written in many ways.

tests/dressings holds the facts, the changes and the comparison. A dress whose changes lose nothing
gives equal findings and no rejection. One that loses something may be refused in one sentence or
give doubt with a word about it; it never gives a `short` that the plain files do not give, and
never loses one without a word.
"""

import pytest

from dressings.comparison import faults, outcome, plain, report
from dressings.dress import CHANGES, CONTAINERS, Recipe, draw

CHUNK = 10
LOSSLESS, LOSSY = 60, 30
CHUNK_OF_FULL = 250
LOSSLESS_OF_FULL, LOSSY_OF_FULL = 7000, 3000
LOSSY_SEEDS = 1_000_000  # seeds of lossy dresses begin here


def check_dresses(first: int, count: int, *, lossy: bool) -> None:
    """Fails with the smallest recipe of the first dress that is wrong."""
    for seed in range(first, first + count):
        recipe = draw(seed, lossy=lossy)
        if faults(recipe):
            pytest.fail(report(recipe))


@pytest.mark.parametrize("first", range(0, LOSSLESS, CHUNK))
def test_a_dress_gives_the_same_findings(first: int) -> None:
    check_dresses(first, CHUNK, lossy=False)


@pytest.mark.parametrize("first", range(LOSSY_SEEDS, LOSSY_SEEDS + LOSSY, CHUNK))
def test_what_is_lost_makes_doubt_or_a_refusal(first: int) -> None:
    check_dresses(first, CHUNK, lossy=True)


@pytest.mark.parametrize("container", ["csv", "xlsx"])
@pytest.mark.parametrize("name", ["titles", "columns", "names"])
def test_what_states_something_is_named(name: str, container: str) -> None:
    for seed in range(5):
        result = outcome(Recipe(seed, container, (f"{name}-that-state-something",)))
        sentences = [*result.rejections, *result.notices]
        words = ("不算数", "旁注", "可能影响结论")
        assert any(word in text for text in sentences for word in words), seed


@pytest.mark.full
@pytest.mark.parametrize("first", range(LOSSLESS, LOSSLESS + LOSSLESS_OF_FULL, CHUNK_OF_FULL))
def test_thousands_of_dresses_give_the_same_findings(first: int) -> None:
    check_dresses(first, CHUNK_OF_FULL, lossy=False)


@pytest.mark.full
@pytest.mark.parametrize(
    "first",
    range(LOSSY_SEEDS + LOSSY, LOSSY_SEEDS + LOSSY + LOSSY_OF_FULL, CHUNK_OF_FULL),
)
def test_what_is_lost_in_thousands_of_dresses_makes_doubt(first: int) -> None:
    check_dresses(first, CHUNK_OF_FULL, lossy=True)


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_alone(container: str) -> None:
    assert faults(Recipe(0, container, ())) == []


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_alone(name: str) -> None:
    """So that a fault of one change is seen by its name."""
    needs = CHANGES[name].needs
    container = next(c.name for c in CONTAINERS.values() if needs in ("", *c.abilities))
    for seed in range(3 if CHANGES[name].loses else 1):
        recipe = Recipe(seed, container, (name,))
        assert not faults(recipe), report(recipe)


def test_the_plain_files_give_every_verdict_and_no_word() -> None:
    """Otherwise the comparison would hold for files that say nothing."""
    verdicts = [finding.verdict for finding in plain().findings]
    assert {"met", "short", "cannot-say", "not-required"} <= set(verdicts)
    assert verdicts.count("short") >= 5
    assert {anomaly.kind for anomaly in plain().anomalies} == {"unpaid", "paid-by-other"}
    assert plain().rejections == plain().notices == ()


def test_the_dresses_use_every_change_and_container() -> None:
    """The first hundreds of the long run do; the usual run has every change alone besides."""
    recipes = [draw(seed, lossy=False) for seed in range(220)]
    recipes += [draw(LOSSY_SEEDS + seed, lossy=True) for seed in range(100)]
    names = {name for recipe in recipes for name in recipe.names}
    assert names == CHANGES.keys()
    assert {recipe.container for recipe in recipes} == CONTAINERS.keys()
    assert sum(len(recipe.names) for recipe in recipes) / len(recipes) > 5
