"""The deciding run of a red card, computed again from the facts and the law recorded for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qualwatch.assessments.actions import evaluated
from qualwatch.assessments.models import Run
from qualwatch.assessments.texts import law_of
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.evaluation import columnar
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import Anomaly, EnterpriseResult, Finding, PersonLine
from qualwatch.law.loader import Law


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the run gives again: findings of the case's item, anomalies of an insurance case."""

    run: Run
    law: Law
    facts: Facts
    findings: Sequence[Finding]
    anomalies: Sequence[Anomaly]
    person_lines: Sequence[tuple[str, PersonLine]]  # with the requirement

    @property
    def person_ids(self) -> set[str]:
        """Everybody who appears in it."""
        assessed = {line.person_id for _requirement, line in self.person_lines}
        return assessed | {anomaly.person_id for anomaly in self.anomalies}


def rerun_of(case: Case, determined: Mapping[str, Any], folder: Path) -> Rerun | None:
    """The rerun for a case; None where no run had judged it.

    `determined`: by requirement, the figures of the determination. `folder`: where the law's
    texts may be unpacked; it must not exist.
    """
    run = deciding_run(case, determined)
    if run is None:
        return None
    folder.mkdir(parents=True)
    law = law_of(run.law_digest, folder)
    facts, results = evaluated(run.as_of, run.revision_id, law, [case.credit_code])
    return Rerun(
        run,
        law,
        facts,
        _findings_of_item(case, results),
        _anomalies(case, results),
        _person_lines(case, run, law, facts),
    )


def deciding_run(case: Case, determined: Mapping[str, Any]) -> Run | None:
    """The run whose figures were signed; for an officer's red card the one of the finding."""
    finding = getattr(case, "supervision_finding", None)
    if finding is not None:
        number = finding.run
    else:
        number = max((figures.get("run") or 0 for figures in determined.values()), default=0)
    return Run.objects.filter(pk=number).first()


def _findings_of_item(case: Case, results: Sequence[EnterpriseResult]) -> list[Finding]:
    return [
        finding
        for result in results
        for finding in result.findings
        if (finding.category, finding.sub_item) == (case.category, case.sub_item)
    ]


def _anomalies(case: Case, results: Sequence[EnterpriseResult]) -> list[Anomaly]:
    if case.ground != INSURANCE:
        return []
    return [anomaly for result in results for anomaly in result.anomalies]


def _person_lines(case: Case, run: Run, law: Law, facts: Facts) -> list[tuple[str, PersonLine]]:
    by_finding = columnar.people(
        law, law.policy_on(run.as_of), facts, run.as_of, [case.credit_code]
    )
    return [
        (requirement, line)
        for (_code, category, sub_item, requirement), lines in by_finding.items()
        if (category, sub_item) == (case.category, case.sub_item)
        for line in lines
    ]
