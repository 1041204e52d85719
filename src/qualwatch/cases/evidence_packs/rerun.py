"""The deciding run of a red card, computed again from the facts and the law recorded for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qualwatch.assessments.models import Run
from qualwatch.assessments.texts import law_of
from qualwatch.cases.evidence_packs.disclosure import disclosable
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.evaluation import reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import Anomaly, Finding, PersonLine
from qualwatch.law.loader import Law
from qualwatch.registers.facts import facts_on


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
    facts = disclosable(facts_on(run.as_of, run.revision_id, [case.credit_code]), run.as_of)
    policy = law.policy_on(run.as_of)
    result = reference.judge(law, policy, facts, case.credit_code, run.as_of)
    return Rerun(
        run,
        law,
        facts,
        [finding for finding in result.findings if _is_of_item(finding, case)],
        result.anomalies if case.ground == INSURANCE else (),
        [
            (finding.requirement, line)
            for finding, lines in zip(result.findings, result.people, strict=True)
            if _is_of_item(finding, case)
            for line in lines
        ],
    )


def deciding_run(case: Case, determined: Mapping[str, Any]) -> Run | None:
    """The run whose figures were signed; for an officer's red card the one of the finding."""
    finding = getattr(case, "supervision_finding", None)
    if finding is not None:
        number = finding.run
    else:
        number = max((figures.get("run") or 0 for figures in determined.values()), default=0)
    return Run.objects.filter(pk=number).first()


def _is_of_item(finding: Finding, case: Case) -> bool:
    return (finding.category, finding.sub_item) == (case.category, case.sub_item)
