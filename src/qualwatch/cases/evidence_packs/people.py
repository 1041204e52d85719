"""people.csv: everybody assessed for the case's item, identity numbers and names masked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.evaluation.findings import Anomaly, PersonLine
from qualwatch.law.loader import Law
from qualwatch.registers.identities import mask_of, name_of, people_by_number
from qualwatch.reports.explanation import registrations_of
from qualwatch.reports.labels import ANOMALIES, COUNTS, REASONS, label_of

HEADER = ("requirement", "person", "identity", "name", "counts", "because", "registrations")


@dataclass(frozen=True, slots=True)
class MaskedPerson:
    """A person of the registers as a pack shows them."""

    person_id: str  # the pseudonym in the facts
    identity: str
    name: str

    @property
    def cells(self) -> list[str]:
        """The cells of a row."""
        return [self.person_id, self.identity, self.name]


def masked_people(person_ids: Iterable[str]) -> dict[str, MaskedPerson]:
    """People by the pseudonym that they have in the facts (`P` and the row number)."""
    numbers = [int(person_id.removeprefix("P")) for person_id in person_ids]
    masked = {}
    for number, person in people_by_number(numbers).items():
        person_id = f"P{number}"
        masked[person_id] = MaskedPerson(
            person_id, mask_end(mask_of(person)), mask_name(name_of(person))
        )
    return masked


def mask_end(identity: str) -> str:
    """A masked number without its last characters.

    The facts contain the birthday, and with it the last characters would identify the person.
    """
    start = identity.rstrip("0123456789Xx")
    return start + "*" * (len(identity) - len(start))


def mask_name(name: str) -> str:
    """The family name, the rest hidden."""
    return name[:1] + "*" * len(name[1:])


def people_rows(rerun: Rerun, people: Mapping[str, MaskedPerson]) -> list[list[str]]:
    """The rows under HEADER: one per person and requirement, then one per anomaly."""
    assessed = [
        _assessed_row(rerun.law, requirement, line, people[line.person_id])
        for requirement, line in rerun.person_lines
    ]
    anomalous = [_anomaly_row(anomaly, people[anomaly.person_id]) for anomaly in rerun.anomalies]
    return assessed + anomalous


def _assessed_row(law: Law, requirement: str, line: PersonLine, person: MaskedPerson) -> list[str]:
    reasons = "、".join(label_of(REASONS, reason) for reason in line.because)
    registrations = "；".join(registrations_of(law, line))
    return [requirement, *person.cells, label_of(COUNTS, line.counts), reasons, registrations]


def _anomaly_row(anomaly: Anomaly, person: MaskedPerson) -> list[str]:
    kind = label_of(ANOMALIES, anomaly.kind)
    months = months_text(anomaly.months)
    return [INSURANCE, *person.cells, kind, months, anomaly.registration_no or ""]


def months_text(months: Sequence[date]) -> str:
    """Months as written: 2026-04、2026-05."""
    return "、".join(f"{month:%Y-%m}" for month in months)
