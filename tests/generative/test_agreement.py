"""The two engines say the same: every number, every reason, every anomaly, over random provinces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import law, policy
from provinces import Province
from qualwatch.evaluation import columnar, reference


def agree(seed: int) -> None:
    province = Province(seed)
    facts, values = province.facts(), policy(province.day, **province.policy())
    expected = list(reference.evaluate(law(), values, facts, province.day))
    found = list(columnar.evaluate(law(), values, facts, province.day))
    assert len(found) == len(expected)
    for one, other in zip(expected, found, strict=True):
        assert list(other.findings) == list(one.findings)
        assert other.anomalies == one.anomalies
        assert other.not_judged == one.not_judged


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_the_engines_agree(seed: int) -> None:
    agree(seed)


@pytest.mark.full
@pytest.mark.parametrize("first", range(0, 4000, 500))
def test_the_engines_agree_over_thousands_of_provinces(first: int) -> None:
    for seed in range(first, first + 500):
        agree(seed)
