"""Abnormal social insurance as documents show it: who (masked), which months, who paid."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from qualwatch.assessments.models import AnomalyRow, Run
from qualwatch.assessments.queries import anomalies_of
from qualwatch.cases.models import Case
from qualwatch.intake.vocabulary import PERSONAL_PAYER
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.identities import mask_of, name_of, people_by_number
from qualwatch.registers.models import ContributionRow, EnterpriseRow
from qualwatch.reports.labels import ANOMALIES, label_of
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

NOBODY = _n("无缴纳记录")
PERSON_HIMSELF = _n("个人缴纳")
NO_NUMBER = _n("登记未载")
PERSON = _n("{name}\n{identity}")
PAYER = _n("{name}\n{code}")
YEAR_MONTH = _n("{year}年{month}月")
MONTH = _n("{month}月")


def abnormal_people(case: Case, figure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each person of an enterprise with abnormal insurance, in the run of a figure.

    Name and identity masked, number of the registration, what is abnormal, months, payers.
    """
    run = Run.objects.filter(pk=figure.get("run") or 0).first()
    anomalies = anomalies_of(run, case.credit_code) if run else []
    people = people_by_number(row.person_id for row in anomalies)
    payers = _payers(anomalies)
    return [
        {
            "sequence_no": sequence_no,
            "person": PERSON.format(
                name=mask_name(name_of(people[row.person_id])),
                identity=mask_of(people[row.person_id]),
            ),
            "registration": row.registration_no or NO_NUMBER,
            "anomaly": label_of(ANOMALIES, row.kind),
            "months": months_text(months_of(row)),
            "payers": "\n".join(payers[row.person_id]) or NOBODY,
        }
        for sequence_no, row in enumerate(anomalies, 1)
    ]


def mask_name(name: str) -> str:
    """The family name, the rest hidden."""
    return name[:1] + "*" * len(name[1:])


def months_of(row: AnomalyRow) -> list[date]:
    """The abnormal months, by their first days."""
    return [date.fromisoformat(day) for day in row.months.split(";") if day]


def months_text(months: Sequence[date]) -> str:
    """Months as documents write them: 2023年1月、2月; the year once."""
    parts = []
    year = 0
    for month in sorted(months):
        template = MONTH if month.year == year else YEAR_MONTH
        parts.append(template.format(year=month.year, month=month.month))
        year = month.year
    return "、".join(parts)


def _payers(anomalies: Iterable[AnomalyRow]) -> Mapping[int, list[str]]:
    """By person who paid in the abnormal months, by name where the registers have it."""
    codes_by_person = {row.person_id: _payer_codes(row) for row in anomalies}
    codes = {code for codes in codes_by_person.values() for code in codes}
    names = dict(resolved_rows(EnterpriseRow, ("credit_code", "name"), credit_code__in=codes))
    payers: dict[int, list[str]] = defaultdict(list)
    for person, of_person in codes_by_person.items():
        payers[person] = [_payer_text(code, names.get(code, "")) for code in of_person]
    return payers


def _payer_codes(row: AnomalyRow) -> list[str]:
    paid = resolved_rows(
        ContributionRow,
        ("payer_credit_code",),
        person_id=row.person_id,
        month__in=months_of(row),
    )
    return sorted({str(code) for (code,) in paid})


def _payer_text(code: str, name: str) -> str:
    if code == PERSONAL_PAYER:
        return PERSON_HIMSELF
    return PAYER.format(name=name, code=code) if name else code
