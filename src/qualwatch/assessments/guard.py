"""The mass-warning guard: which enterprises a run would newly warn."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.assessments.queries import recorded_in
from qualwatch.evaluation.findings import EnterpriseResult

MAX_LISTED = 200  # credit codes named in a query; of more, everybody's rows are read
BASELINE_AGE = timedelta(days=1)


def code_of(result: EnterpriseResult) -> str:
    """The credit code of a result; '' where it has no findings, anomalies or conflicts."""
    if result.findings:
        return result.findings[0].credit_code
    if result.anomalies:
        return result.anomalies[0].credit_code
    return result.conflicts[0].credit_code if result.conflicts else ""


def enterprises_in_breach(results: Iterable[EnterpriseResult]) -> set[str]:
    """Enterprises short or anomalous."""
    return {
        code_of(result)
        for result in results
        if result.anomalies or any(finding.verdict == "short" for finding in result.findings)
    }


def enterprises_in_breach_on_record(when: Q) -> set[str]:
    """Enterprises short or anomalous by rows on record that meet a condition."""
    short = FindingRow._default_manager.filter(when, verdict="short")
    anomalous = AnomalyRow._default_manager.filter(when)
    codes = (rows.values_list("credit_code", flat=True).distinct() for rows in (short, anomalous))
    return set().union(*codes)


def newly_in_breach(in_breach: set[str], at: datetime, codes: list[str] | None) -> set[str]:
    """Enterprises in breach that were not a day ago, nor when a reviewer last released a run.

    Of a run of some enterprises (`codes`), those in breach by other runs since then count too.
    """
    baseline = _baseline(at)
    if baseline is None:
        return in_breach
    if codes is not None:
        since = Q(recorded_to=None, recorded_from__gt=baseline.pk)
        in_breach = in_breach | (enterprises_in_breach_on_record(since) - set(codes))
    listed = Q(credit_code__in=in_breach) if len(in_breach) <= MAX_LISTED else Q()
    return in_breach - enterprises_in_breach_on_record(recorded_in(baseline.pk) & listed)


def _baseline(at: datetime) -> Run | None:
    """The run that a run at a moment is compared with."""
    released = Run.objects.filter(state="released")
    of_a_day_ago = released.filter(run_at__lte=at - BASELINE_AGE).order_by("id").last()
    # a reviewer who releases a run knows what was new until then
    reviewed = released.exclude(decided_at=None).order_by("id").last()
    runs = (of_a_day_ago or released.order_by("id").first(), reviewed)
    return max((run for run in runs if run), key=lambda run: run.pk, default=None)
