"""Findings and runs: now, on a past day, or on a day as known on another."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from qualwatch.assessments.models import AnomalyRow, ConflictRow, FindingRow, Run
from qualwatch.registers.facts import RecordedFact, rows_on_record
from qualwatch.registers.models import ItemRow, RegistrationRow


def recorded_in(run: int) -> Q:
    """The condition that a row was on record in a run."""
    return Q(recorded_from__lte=run) & (Q(recorded_to=None) | Q(recorded_to__gt=run))


def run_of(day: date, known_at: datetime | None = None) -> Run | None:
    """The last released run of a day (and of no later moment than `known_at`)."""
    runs = Run.objects.filter(state="released", as_of=day)
    if known_at is not None:
        runs = runs.filter(Q(decided_at=None, run_at__lte=known_at) | Q(decided_at__lte=known_at))
    return runs.order_by("id").last()


def findings_of(run: Run, credit_code: str | None = None) -> list[FindingRow]:
    """What a run had on record, of all enterprises or of one."""
    findings = FindingRow._default_manager.filter(recorded_in(run.pk))
    if credit_code is not None:
        findings = findings.filter(credit_code=credit_code)
    return list(findings.order_by("credit_code", "category", "sub_item", "id"))


def anomalies_of(run: Run, credit_code: str | None = None) -> list[AnomalyRow]:
    """The anomalies that a run had on record."""
    anomalies = AnomalyRow._default_manager.filter(recorded_in(run.pk))
    if credit_code is not None:
        anomalies = anomalies.filter(credit_code=credit_code)
    return list(anomalies.order_by("credit_code", "person_id"))


def held_runs() -> list[Run]:
    """Runs that wait for a reviewer."""
    return list(Run.objects.filter(state="held").order_by("id"))


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A conflict with every row that is on record of its certificate, of all sources.

    since: the day of the run that found it first.
    """

    conflict: ConflictRow
    since: date
    rows: list[RecordedFact]


def conflicts_on_record(credit_code: str | None = None) -> list[ConflictRow]:
    """The conflicts of the newest run, of all enterprises or of one."""
    conflicts = ConflictRow._default_manager.filter(recorded_to=None)
    if credit_code is not None:
        conflicts = conflicts.filter(credit_code=credit_code)
    return list(conflicts.order_by("credit_code", "pk"))


def conflict_view(conflict: ConflictRow) -> ConflictView:
    """What a page shows of a conflict: both rows, their sources, deliveries and days."""
    since = Run.objects.values_list("as_of", flat=True).get(pk=conflict.recorded_from)
    if conflict.table_name == "items":
        rows = rows_on_record(
            ItemRow,
            credit_code=conflict.credit_code,
            category=conflict.subject,
            sub_item=conflict.part,
        )
    else:
        rows = rows_on_record(
            RegistrationRow,
            person_id=conflict.person_id,
            profession=conflict.subject,
            speciality=conflict.part,
            registration_no=conflict.number,
        )
    return ConflictView(conflict, since, rows)
