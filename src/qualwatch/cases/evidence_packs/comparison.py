"""Whether a rerun gives the figures that were determined."""

from collections.abc import Mapping
from typing import Any

from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.models import AS_WARNED
from qualwatch.cases.warnings.run_view import INSURANCE


def differing_requirements(determined: Mapping[str, Any], rerun: Rerun) -> list[str]:
    """The requirements that were determined on this run with other figures; insurance by slug.

    Figures of another run, of an officer's finding, or by the grade before an upgrade are not
    compared.
    """
    differing = [
        finding.text
        for finding in rerun.findings
        if _differs(
            _figures_of_run(determined, finding.requirement, rerun),
            {"required": finding.required, "held": finding.held},
        )
    ]
    people = {"people": len(rerun.anomalies)}
    if _differs(_figures_of_run(determined, INSURANCE, rerun), people):
        differing.append(INSURANCE)
    return differing


def _figures_of_run(
    determined: Mapping[str, Any], requirement: str, rerun: Rerun
) -> Mapping[str, Any]:
    figures: Mapping[str, Any] = determined.get(requirement, {})
    is_own_count = figures.get("run") == rerun.run.pk and AS_WARNED not in figures
    return figures if is_own_count else {}


def _differs(determined: Mapping[str, Any], computed: Mapping[str, Any]) -> bool:
    """Whether a figure that was determined is another one now."""
    return any(name in determined and determined[name] != value for name, value in computed.items())
