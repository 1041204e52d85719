"""The two engines agree on every number, reason, anomaly and person over random provinces."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import law, policy
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.findings import FindingKey, PersonLine
from qualwatch.evaluation.sessions import text_of
from random_provinces import RandomProvince


def agree(seed: int) -> None:
    province = RandomProvince(seed)
    facts, values = province.facts(), policy(province.day, **province.policy())
    expected = list(reference.evaluate(law(), values, facts, province.day))
    results = list(columnar.evaluate(law(), values, facts, province.day))
    assert len(results) == len(expected)
    lines: dict[FindingKey, tuple[PersonLine, ...]] = {}
    for result, other in zip(expected, results, strict=True):
        assert list(other.findings) == list(result.findings)
        assert other.anomalies == result.anomalies
        assert other.not_judged == result.not_judged
        lines |= {
            finding.key: people
            for finding, people in zip(result.findings, result.people, strict=True)
            if people
        }
    assert columnar.people(law(), values, facts, province.day, facts.credit_codes) == lines


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_the_engines_agree(seed: int) -> None:
    agree(seed)


@pytest.mark.full
@pytest.mark.parametrize("first", range(0, 4000, 500))
def test_the_engines_agree_over_thousands_of_provinces(first: int) -> None:
    for seed in range(first, first + 500):
        agree(seed)


def steps(statement: str) -> dict[str, str]:
    """The named steps of a statement, each with its heading."""
    text = text_of(statement)
    return {
        name: body
        for body, name in re.findall(r"(?ms)((?:^-- [^\n]*\n)*^(\w+) AS \(.*?^\),?$)", text)
    }


# anomalies.sql looks at those in force at watched enterprises only, findings.sql at everybody whom a class may count
OWN_STEPS = {"aged", "stood", "member", "unparsed_insurance_at", "covered", "settled", "insured"}


def test_a_step_shared_by_statements_has_the_same_text_in_each() -> None:
    findings, people, anomalies = map(steps, ("findings.sql", "people.sql", "anomalies.sql"))
    shared = findings.keys() & people.keys() - {"needed", "counted", "head"}
    assert len(shared) >= 23
    assert [name for name in shared if findings[name].rstrip(",") != people[name].rstrip(",")] == []
    with_anomalies = findings.keys() & anomalies.keys() - OWN_STEPS
    assert len(with_anomalies) >= 10
    assert [
        name for name in with_anomalies if findings[name].rstrip(",") != anomalies[name].rstrip(",")
    ] == []


@pytest.mark.parametrize("statement", ["findings.sql", "people.sql", "anomalies.sql"])
def test_every_step_is_headed_by_its_rule_or_goes_on_with_the_one_before(statement: str) -> None:
    bodies = steps(statement)
    assert sum(body.startswith("-- ") for body in bodies.values()) >= 10
    assert next(iter(bodies.values())).startswith("-- ")
