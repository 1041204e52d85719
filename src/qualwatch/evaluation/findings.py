"""The results of an evaluation: findings, insurance anomalies, and a line per person and
requirement.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from qualwatch.evaluation.facts import Item, Registration

Verdict = Literal["not-required", "manual", "cannot-say", "short", "advise", "met"]
VERDICTS: tuple[Verdict, ...] = ("short", "advise", "cannot-say", "manual", "met", "not-required")
Counted = Literal["certain", "in-doubt", "never"]

# Every reason slug, in the order in which a finding lists them: first the law's and the item's,
# then the people's.
REASONS = (
    "out-of-scope",
    "no-clause",
    "not-yet-in-force",
    "ended-by-amendment",
    "extended-without-check",
    "not-in-registers",
    "stock-past-its-end",
    "figure-unknown",
    "grade-unknown",
    "sub-item-missing",
    "measured-as-lowest-grade",
    "route-upgrade",
    "weak-figure",
    "one-person-both-counts",
    "highest-any-trade",
    "enterprise-unknown",
    "place-unknown",
    "enterprises-stale",
    "enterprises-never-loaded",
    "items-stale",
    "items-never-loaded",
    "registrations-stale",
    "registrations-never-loaded",
    "register-conflict",
    "item-row-unparsed",
    "renewal-pending",
    "row-unparsed",
    "accepted-finding",
    "unparsed-row",
    "deceased",
    "over-age",
    "age-in-doubt",
    "age-unknown",
    "locked",
    "not-yet-at-enterprise",
    "registration-expired",
    "registration-renewal-pending",
    "registration-end-unclear",
    "registration-not-in-force",
    "registered-elsewhere",
    "unpaid",
    "paid-by-other",
    "paid-by-several",
    "no-data",
    "insurance-not-yet-due",
    "insurance-in-doubt",
    "unparsed-insurance-row",
    "grade-unreadable",
    "speciality-unreadable",
    "second-grade-cost-engineer",
    "cost-speciality-unclear",
    "no-registration-no",
    "grade-too-low",
    "speciality-not-accepted",
)
_ORDER = {slug: place for place, slug in enumerate(REASONS)}


def in_order(slugs: set[str]) -> tuple[str, ...]:
    """Reason slugs in the order of REASONS."""
    return tuple(sorted(slugs, key=lambda slug: (_ORDER[slug], slug)))


@dataclass(frozen=True, slots=True)
class ClauseCount:
    """One clause of the reading shown: people (or person-times) certainly and possibly eligible."""

    text: str
    at_least: int
    eligible: int
    eligible_possible: int


FindingKey = tuple[str, str, str, str]  # credit code, category, sub-item, requirement


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement of one item on one day.

    Numbers are null where the law gives no figure to compare with.
    """

    credit_code: str
    enterprise: str
    certificate_no: str
    licensing_authority: str | None
    category: str
    qualification: str
    sub_item: str
    grade: str
    requirement: str
    text: str
    verdict: Verdict
    required: int | None
    held: int | None
    possible: int | None
    shortfall: int | None
    clauses: tuple[ClauseCount, ...]
    basis: tuple[str, ...]
    because: tuple[str, ...]

    @property
    def key(self) -> FindingKey:
        """What tells this finding from every other of its day."""
        return self.credit_code, self.category, self.sub_item, self.requirement


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Abnormal social insurance of a person registered at an enterprise; months are first days."""

    credit_code: str
    person_id: str
    registration_no: str | None
    kind: Literal["unpaid", "paid-by-other", "paid-by-several"]
    months: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class RegisterConflict:
    """Rows of one certificate that contradict each other on the day; none of them is believed.

    Of items: subject is the category, part the sub-item. Of registrations: the profession and the
    speciality of a person, and the registration number. fields: the columns that differ.
    """

    credit_code: str
    table: Literal["items", "registrations"]
    subject: str
    part: str
    person_id: str | None
    number: str
    rows: tuple[Item | Registration, ...]
    fields: tuple[str, ...]


class JudgedRegistration(NamedTuple):
    """Whether one registration of a person counts for a requirement, and why not."""

    counts: Counted
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person judged for one requirement: the registrations concerned, whether they count, and
    why not.

    registrations: (profession, grade, speciality, number) of each. judged: each of them by itself,
    in the same order. counts, because: of the person, by the registrations that help most.
    """

    person_id: str
    registrations: tuple[tuple[str, str | None, str | None, str | None], ...]
    counts: Counted
    because: tuple[str, ...]
    judged: tuple[JudgedRegistration, ...]


@dataclass(frozen=True, slots=True)
class EnterpriseResult:
    """The results of one enterprise. `people[i]` belongs to `findings[i]`.

    not_judged: (category, why) of the items that are not in force on the day. conflicts: of items,
    then of registrations, each sorted.
    """

    findings: tuple[Finding, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    people: tuple[tuple[PersonLine, ...], ...] = ()
    not_judged: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[RegisterConflict, ...] = ()
