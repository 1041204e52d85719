"""Every situation of tests/spec/*.yaml on every engine."""

from typing import Any

import pytest

from builders import OWN, facts_of, law, policy
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.findings import EnterpriseResult, Finding
from spec_cases import COLUMNS, PAGE, page, spec_cases

CASES = spec_cases()
ENGINES = {"duckdb": columnar.evaluate, "reference": reference.evaluate}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_situation(name: str, case: dict[str, Any], engine: str) -> None:
    result = evaluated(case, engine)
    for expected in case["expect"]:
        check_finding(the_finding(result, expected), expected)
    if "findings" in case:
        assert len(result.findings) == case["findings"]
    if "anomalies" in case:
        assert [anomaly.kind for anomaly in result.anomalies] == case["anomalies"]
    if "not_judged" in case:
        assert [reason for _category, reason in result.not_judged] == case["not_judged"]


def evaluated(case: dict[str, Any], engine: str) -> EnterpriseResult:
    values, facts = policy(case["as_of"], **case.get("policy", {})), facts_of(case)
    results = ENGINES[engine](law(), values, facts, case["as_of"])
    return dict(zip(facts.credit_codes, results, strict=True))[OWN]


def the_finding(result: EnterpriseResult, expected: dict[str, Any]) -> Finding:
    """The one finding that an expectation is about."""
    subject = {
        key: expected[key] for key in ("category", "sub_item", "requirement") if key in expected
    }
    findings = [
        finding
        for finding in result.findings
        if all(getattr(finding, key) == value for key, value in subject.items())
    ]
    assert len(findings) == 1, (subject, result.findings)
    return findings[0]


def check_finding(finding: Finding, expected: dict[str, Any]) -> None:
    figures = {key: getattr(finding, key) for key in COLUMNS if key in expected}
    assert figures == {key: expected[key] for key in COLUMNS if key in expected}, finding
    assert set(expected.get("because", ())) <= set(finding.because), finding.because
    assert not set(expected.get("not_because", ())) & set(finding.because), finding.because
    assert set(expected.get("basis", ())) <= set(finding.basis), finding.basis
    if "clauses" in expected:
        counts = [[row.at_least, row.eligible, row.eligible_possible] for row in finding.clauses]
        assert counts == expected["clauses"]


def test_there_are_at_least_150_situations_with_different_names() -> None:
    assert len({name for name, _ in CASES}) == len(CASES) >= 150


def test_the_reference_page_is_printed_from_the_situations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
