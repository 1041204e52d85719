"""Results as rows on record, and how many there are of each verdict."""

import json
from collections.abc import Iterable, Set
from typing import Any

import pyarrow as pa
from django.db.models import Count, Q

from qualwatch.assessments.guard import code_of
from qualwatch.assessments.models import AnomalyRow, ConflictRow, FindingRow, Run
from qualwatch.evaluation.findings import Anomaly, EnterpriseResult, Finding, RegisterConflict
from qualwatch.law.policy import Share
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.models import TABLES, Load, Recorded
from qualwatch.registers.tables import Table

SOURCE = "assessment"
TEXT, NUMBER, BIG_NUMBER = pa.string(), pa.int32(), pa.int64()
FINDING_TYPES = (*[TEXT] * 8, *[NUMBER] * 4, *[TEXT] * 3)
ANOMALY_TYPES = (TEXT, BIG_NUMBER, TEXT, TEXT, TEXT)
CONFLICT_TYPES = (*[TEXT] * 4, BIG_NUMBER, TEXT)


def record_results(
    run: Run,
    results: Iterable[EnterpriseResult],
    judged: list[str] | None,
    apart_from: Set[str] = frozenset(),
) -> None:
    """Rows that differ from those on record end and begin with the run.

    judged: the enterprises that the results are of, None = everybody; of `apart_from` nothing
    changes.
    """
    results = [result for result in results if code_of(result) not in apart_from]
    findings = [finding_row(finding) for result in results for finding in result.findings]
    anomalies = [anomaly_row(anomaly) for result in results for anomaly in result.anomalies]
    conflicts = {conflict_row(conflict) for result in results for conflict in result.conflicts}
    within = None if judged is None else set(judged) - apart_from
    for model, rows, types in (
        (FindingRow, findings, FINDING_TYPES),
        (AnomalyRow, anomalies, ANOMALY_TYPES),
        (ConflictRow, sorted(conflicts), CONFLICT_TYPES),
    ):
        table = _table(model, rows, types)
        with Table(
            model, SOURCE, table, is_full=True, within=within, apart_from=apart_from
        ) as staged:
            staged.apply(run.pk, run.as_of)


def counts_of(results: list[EnterpriseResult]) -> dict[str, Any]:
    """Enterprises, findings by verdict, anomalies, conflicts and the people contested in them."""
    verdicts: dict[str, int] = {}
    for result in results:
        for finding in result.findings:
            verdicts[finding.verdict] = verdicts.get(finding.verdict, 0) + 1
    conflicts = {conflict_row(conflict) for result in results for conflict in result.conflicts}
    return {
        "enterprises": len(results),
        "findings": verdicts,
        "anomalies": sum(len(result.anomalies) for result in results),
        "conflicts": len(conflicts),
        "contested_people": len(contested_people(results)),
    }


def contested_people(results: Iterable[EnterpriseResult]) -> set[int]:
    """The numbers of the people whose registrations contradict each other."""
    persons = {conflict.person_id for result in results for conflict in result.conflicts}
    return {int(person_id[1:]) for person_id in persons if person_id}


def add_recorded_counts(
    counts: dict[str, Any], judged: list[str], results: Iterable[EnterpriseResult]
) -> None:
    """Adds what is on record of those who were not judged again: findings, anomalies, conflicts.

    results: those of the enterprises judged.
    """
    others = ~Q(credit_code__in=judged)
    current = FindingRow._default_manager.filter(others, recorded_to=None)
    by_verdict = current.values_list("verdict").annotate(Count("pk")).order_by("verdict")
    for verdict, count in by_verdict:
        counts["findings"][verdict] = counts["findings"].get(verdict, 0) + count
    counts["anomalies"] += AnomalyRow._default_manager.filter(others, recorded_to=None).count()
    conflicts = ConflictRow._default_manager.filter(others, recorded_to=None)
    counts["conflicts"] += conflicts.count()
    people = conflicts.exclude(person_id=0).values_list("person_id", flat=True).distinct()
    counts["contested_people"] += len(set(people) - contested_people(results))


# by table: the columns that a conflict and the contradictory rows have in common
_SAME_CERTIFICATE = {
    "items": {"credit_code": "credit_code", "subject": "category", "part": "sub_item"},
    "registrations": {
        "person_id": "person_id",
        "subject": "profession",
        "part": "speciality",
        "number": "registration_no",
    },
}


def loads_in_conflict(most: Share) -> list[dict[str, Any]]:
    """The loads of whose rows on record more are contested than a share allows: number, source,
    day, contested rows.
    """
    loads = []
    for name in _SAME_CERTIFICATE:
        for revision, contested, rows in _contested_by_revision(name):
            load = Load.objects.filter(revision_id=revision).first()
            if load and contested > most.rows and contested * 100 > rows * most.share_percent:
                loads.append(
                    {
                        "load": load.pk,
                        "source": load.source,
                        "as_of": load.as_of.isoformat(),
                        "rows": contested,
                    }
                )
    return loads


def _contested_by_revision(name: str) -> list[tuple[int, int, int]]:
    """(revision, contested rows, all rows) of the rows on record of a table, where some are."""
    table, conflicts = TABLES[name]._meta.db_table, ConflictRow._meta.db_table
    is_same = " AND ".join(f"c.{own} = r.{other}" for own, other in _SAME_CERTIFICATE[name].items())
    query = (
        f"SELECT r.recorded_from, count(DISTINCT r.id) FROM {table} r JOIN {conflicts} c "
        f"ON {is_same} AND c.table_name = %s AND c.recorded_to IS NULL "
        "WHERE r.recorded_to IS NULL GROUP BY r.recorded_from ORDER BY r.recorded_from"
    )
    contested = rows_of(query, [name])
    whole = f"SELECT count(*) FROM {table} WHERE recorded_to IS NULL AND recorded_from = %s"
    return [
        (revision, count, int(rows_of(whole, [revision])[0][0])) for revision, count in contested
    ]


def finding_row(finding: Finding) -> tuple[Any, ...]:
    """A finding as the columns of FindingRow."""
    clauses = [
        [clause.text, clause.at_least, clause.eligible, clause.eligible_possible]
        for clause in finding.clauses
    ]
    return (
        finding.credit_code,
        finding.category,
        finding.sub_item,
        finding.requirement,
        finding.grade,
        finding.certificate_no,
        finding.licensing_authority,
        finding.verdict,
        finding.required,
        finding.held,
        finding.possible,
        finding.shortfall,
        _json(clauses),
        _json(finding.basis),
        _json(finding.because),
    )


def anomaly_row(anomaly: Anomaly) -> tuple[Any, ...]:
    """An anomaly as the columns of AnomalyRow."""
    person_number = int(anomaly.person_id[1:])
    months = ";".join(map(str, anomaly.months))
    return (anomaly.credit_code, person_number, anomaly.registration_no, anomaly.kind, months)


def conflict_row(conflict: RegisterConflict) -> tuple[Any, ...]:
    """A conflict as the columns of ConflictRow."""
    person_number = int(conflict.person_id[1:]) if conflict.person_id else 0
    return (
        conflict.credit_code,
        conflict.table,
        conflict.subject,
        conflict.part,
        person_number,
        conflict.number,
    )


def _table(
    model: type[Recorded], rows: list[tuple[Any, ...]], types: tuple[pa.DataType, ...]
) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    return pa.table(arrays, model.fact_columns())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
