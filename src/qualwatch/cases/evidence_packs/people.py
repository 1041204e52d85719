"""人员逐条.csv: everybody assessed for the case's item, identity numbers and names masked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from qualwatch.cases.evidence_packs.disclosure import mask_end, mask_name
from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.notices.texts import names
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.evaluation.findings import Anomaly, PersonLine
from qualwatch.law.loader import Law
from qualwatch.registers.identities import mask_of, name_of, people_by_number
from qualwatch.reports.explanation import registrations_of
from qualwatch.reports.labels import ANOMALIES, COUNTS, REASONS, label_of
from qualwatch.wording import gettext_noop as _n

HEADER = (
    _n("指标"),
    _n("人员代号"),
    _n("证件号码（前六位）"),
    _n("姓名"),
    _n("注册"),
    _n("这条注册"),
    _n("这条注册的原因"),
    _n("此人是否计入"),
)


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


def people_rows(rerun: Rerun, people: Mapping[str, MaskedPerson]) -> list[list[str]]:
    """The rows under HEADER: one per requirement, person and registration; then the anomalies."""
    assessed = [
        row
        for requirement, line in rerun.person_lines
        for row in _registration_rows(rerun.law, requirement, line, people[line.person_id])
    ]
    anomalous = [_anomaly_row(anomaly, people[anomaly.person_id]) for anomaly in rerun.anomalies]
    return assessed + anomalous


def _registration_rows(
    law: Law, requirement: str, line: PersonLine, person: MaskedPerson
) -> Iterator[list[str]]:
    """A row for each registration of a person, each with its own reasons."""
    counts = label_of(COUNTS, line.counts)
    for registration, judged in zip(line.registrations, line.judged, strict=True):
        (text,) = registrations_of(law, replace(line, registrations=(registration,)))
        yield [
            names([requirement]),
            *person.cells,
            text,
            label_of(COUNTS, judged.counts),
            "、".join(label_of(REASONS, reason) for reason in judged.because),
            counts,
        ]


def _anomaly_row(anomaly: Anomaly, person: MaskedPerson) -> list[str]:
    months = "、".join(f"{month:%Y-%m}" for month in anomaly.months)
    kind = label_of(ANOMALIES, anomaly.kind)
    return [names([INSURANCE]), *person.cells, anomaly.registration_no or "", kind, months, ""]
