"""Every situation of tests/spec/*.yaml on every engine."""

from typing import Any

import pytest

from builders import OWN, facts_of, law, policy
from qualwatch.evaluation import columnar, reference
from spec_cases import COLUMNS, PAGE, expectations, page, spec_cases

CASES = spec_cases()
ENGINES = {"duckdb": columnar.evaluate, "reference": reference.evaluate}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_situation(name: str, case: dict[str, Any], engine: str) -> None:
    values, facts = policy(case["as_of"], **case.get("policy", {})), facts_of(case)
    results = dict(
        zip(facts.credit_codes, ENGINES[engine](law(), values, facts, case["as_of"]), strict=True)
    )
    result = results[OWN]
    for wanted in expectations(case):
        matching = [
            one
            for one in result.findings
            if wanted.get("requirement", one.requirement) == one.requirement
            and wanted.get("category", one.category) == one.category
            and wanted.get("sub_item", one.sub_item) == one.sub_item
        ]
        assert len(matching) == 1, [
            (one.category, one.requirement, one.verdict) for one in result.findings
        ]
        found = matching[0]
        shown = {key: getattr(found, key) for key in COLUMNS if key in wanted}
        assert shown == {key: wanted[key] for key in COLUMNS if key in wanted}, found
        assert set(wanted.get("because", ())) <= set(found.because), found.because
        assert not set(wanted.get("not_because", ())) & set(found.because), found.because
        assert set(wanted.get("basis", ())) <= set(found.basis), found.basis
        if "clauses" in wanted:
            assert [
                [one.at_least, one.eligible, one.eligible_possible] for one in found.clauses
            ] == wanted["clauses"]
    if "findings" in case:
        assert len(result.findings) == case["findings"]
    if "anomalies" in case:
        assert [one.kind for one in result.anomalies] == case["anomalies"]
    if "not_judged" in case:
        assert [why for _category, why in result.not_judged] == case["not_judged"]


def test_there_are_at_least_150_situations_with_different_names() -> None:
    assert len({name for name, _ in CASES}) == len(CASES) >= 150


def test_the_reference_page_is_printed_from_the_situations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
