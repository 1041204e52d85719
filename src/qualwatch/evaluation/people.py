"""Who counts certainly, in doubt or never: one person at one enterprise on one day (rule 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, reduce
from operator import or_

from qualwatch.evaluation.conflicts import CONFLICT, AsOf, contested_registrations
from qualwatch.evaluation.facts import (
    Contribution,
    Coverage,
    EnterpriseFacts,
    Exemption,
    Facts,
    Person,
    Registration,
    Unparsed,
)
from qualwatch.evaluation.findings import Anomaly, Counted
from qualwatch.evaluation.validity import is_end_unclear, is_renewal_undecided, state_holds
from qualwatch.law.figures import Accept, grade_rank
from qualwatch.law.loader import Law
from qualwatch.law.model import Sector
from qualwatch.law.policy import AgeRule, Policy

ANOMALIES = ("unpaid", "paid-by-other", "paid-by-several")
# outcomes of insurance that are in doubt whatever the policy says
ALWAYS_IN_DOUBT = ("insurance-in-doubt", "unparsed-insurance-row")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Reasons for never counting and reasons for doubt; none at all = certain."""

    never: frozenset[str] = frozenset()
    doubt: frozenset[str] = frozenset()

    def __or__(self, other: "Judgement") -> "Judgement":
        return Judgement(self.never | other.never, self.doubt | other.doubt)

    @property
    def counts(self) -> Counted:
        """certain, in-doubt or never."""
        return "never" if self.never else "in-doubt" if self.doubt else "certain"


CERTAIN = Judgement()


def best_of(judgements: list[Judgement]) -> Judgement:
    """The registration that helps most: a certain one, else the doubts of the doubtful, else every
    reason.
    """
    if any(judgement.counts == "certain" for judgement in judgements):
        return CERTAIN
    doubtful = [judgement for judgement in judgements if judgement.counts == "in-doubt"]
    return reduce(or_, doubtful or judgements, CERTAIN)


def by_policy(reason: str, counts: str) -> Judgement:
    """A reason as the policy weighs it: for never counting, for doubt, or for neither."""
    reasons = frozenset([reason])
    if counts == "never":
        return Judgement(never=reasons)
    if counts == "in-doubt":
        return Judgement(doubt=reasons)
    return CERTAIN


def age_on(born_on: date, day: date) -> int:
    """Full years of age; a birthday on 29 February is 1 March in other years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def month_of(day: date) -> int:
    """A month as a count of months, so that months can be subtracted."""
    return day.year * 12 + day.month - 1


def first_of(month: int) -> date:
    """The first day of a counted month."""
    return date(month // 12, month % 12 + 1, 1)


def first_days(months: Iterable[int]) -> tuple[date, ...]:
    """The first days of counted months, in order."""
    return tuple(first_of(month) for month in sorted(months))


def begins_on(registration: Registration) -> date | None:
    """The first day at the enterprise: 变更日期, without it the start of validity."""
    return registration.at_enterprise_from or registration.valid_from


@dataclass(frozen=True, slots=True)
class Payments:
    """Counted months that the legal person paid, that others paid, that the legal person may have
    paid.
    """

    by_own: set[int]
    by_other: set[int]
    in_doubt: set[int]


@dataclass(frozen=True)
class PersonRules:
    """Judges the people of one enterprise.

    `area`: its supervising area; `known_on`: the day of the last news.
    """

    law: Law
    policy: Policy
    facts: Facts
    own: EnterpriseFacts
    credit_code: str
    area: str | None
    as_of: date
    known_on: date

    @cached_property
    def codes(self) -> frozenset[str]:
        """The legal person's own payer codes: the enterprise and its branches."""
        branches = self.own.enterprise.branch_credit_codes if self.own.enterprise else ()
        return frozenset((self.credit_code, *branches))

    def registration_problem(self, registration: Registration) -> str | None:
        """The reason why a registration is not in force on the day; None = in force."""
        starts = [day for day in (registration.at_enterprise_from, registration.valid_from) if day]
        if any(start > self.as_of for start in starts):
            return "not-yet-at-enterprise"
        if state_holds(registration, self.as_of):
            return "registration-not-in-force"
        has_ended = registration.valid_to is not None and registration.valid_to < self.as_of
        if has_ended and not is_renewal_undecided(registration, self.as_of):
            return "registration-expired"
        age = self._age_of(registration.person_id)
        limit = self.policy["registration_ends_at_age"].get(registration.profession)
        if limit and age is not None and age >= limit:
            return "over-age"
        return None

    def registration_doubts(self, registration: Registration) -> frozenset[str]:
        """Why a registration in force by its row may not be: its renewal is undecided, its end is
        not known, or another row of the same certificate contradicts it.
        """
        doubts = set()
        if is_renewal_undecided(registration, self.as_of):
            doubts.add("registration-renewal-pending")
        if is_end_unclear(registration, self.as_of):
            doubts.add("registration-end-unclear")
        if registration in self._contested(registration.person_id):
            doubts.add(CONFLICT)
        return frozenset(doubts)

    def _contested(self, person_id: str) -> frozenset[Registration]:
        """Rows of a person's certificates, here and elsewhere, that contradict each other."""
        return frozenset(row for rows in self.conflicting_rows(person_id) for row in rows)

    def conflicting_rows(self, person_id: str) -> list[tuple[Registration, ...]]:
        """The contradictory rows of a person's certificates, here and elsewhere, by certificate."""
        if person_id not in self._conflicting:
            rows = [*self._own_rows.get(person_id, ()), *self.own.elsewhere.get(person_id, ())]
            are_related = self.facts.are_one_legal_person
            as_of = AsOf(self.as_of, self.policy["late_closing_days"])
            self._conflicting[person_id] = (
                contested_registrations(rows, as_of, are_related) if len(rows) > 1 else []
            )
        return self._conflicting[person_id]

    @cached_property
    def _conflicting(self) -> dict[str, list[tuple[Registration, ...]]]:
        return {}

    @cached_property
    def _own_rows(self) -> dict[str, list[Registration]]:
        rows: dict[str, list[Registration]] = {}
        for row in self.own.registrations:
            rows.setdefault(row.person_id, []).append(row)
        return rows

    def _age_of(self, person_id: str) -> int | None:
        person = self.own.people.get(person_id)
        return age_on(person.born_on, self.as_of) if person and person.born_on else None

    def person(self, person_id: str) -> Judgement:
        """What holds whatever the clause: alive, locked, registered elsewhere, insured."""
        if person_id not in self._persons:
            self._persons[person_id] = self._person(person_id)
        return self._persons[person_id]

    @cached_property
    def _persons(self) -> dict[str, Judgement]:
        return {}

    def _person(self, person_id: str) -> Judgement:
        judgement = CERTAIN
        if self._has_died(person_id):
            judgement |= Judgement(never=frozenset(["deceased"]))
        if self._is_locked(self.own.people.get(person_id)):
            judgement |= by_policy("locked", self.policy["locked_person_counts"])
        elsewhere = [
            row for row in self.own.elsewhere.get(person_id, []) if self._counts_elsewhere(row)
        ]
        if elsewhere:
            counts = self.policy["registered_at_two_enterprises_counts"]
            is_certain = any(not self.registration_doubts(row) for row in elsewhere)
            # a registration that may not be in force there takes nobody away from here
            weight = "in-doubt" if counts == "never" and not is_certain else counts
            judgement |= by_policy("registered-elsewhere", weight)
        return judgement | self._insurance_judgement(person_id)

    def _insurance_judgement(self, person_id: str) -> Judgement:
        outcome, _months = self.insurance(person_id)
        if outcome in ("paid", "exempt"):
            return CERTAIN
        if outcome in ALWAYS_IN_DOUBT:
            return by_policy(outcome, "in-doubt")
        return by_policy(outcome, self.policy["insurance_person_counts"][outcome])

    def _has_died(self, person_id: str) -> bool:
        person = self.own.people.get(person_id)
        return bool(person and person.died_on and person.died_on <= self.as_of)

    def _is_locked(self, person: Person | None) -> bool:
        if person is None or person.locked_from is None:
            return False
        return person.locked_from <= self.as_of <= (person.locked_until or self.as_of)

    def _counts_elsewhere(self, row: Registration) -> bool:
        profession_text = self.law.professions.get(row.profession)
        return (
            row.credit_code not in self.codes
            and bool(profession_text and profession_text.counted)
            and self.registration_problem(row) is None
        )

    def age(self, registration: Registration, sector: Sector) -> Judgement:
        """The age rule of a sector for a profession."""
        rules = self.policy[f"age_{sector}"]
        rule: AgeRule = rules.get(registration.profession) or rules["default"]
        if rule.doubt_from is None and rule.ends_at is None:
            return CERTAIN
        age = self._age_of(registration.person_id)
        if age is None:
            return Judgement(doubt=frozenset(["age-unknown"]))
        if rule.ends_at is not None and age >= rule.ends_at:
            return Judgement(never=frozenset(["over-age"]))
        if rule.doubt_from is not None and age >= rule.doubt_from:
            return Judgement(doubt=frozenset(["age-in-doubt"]))
        return CERTAIN

    def insurance(self, person_id: str) -> tuple[str, tuple[date, ...]]:
        """The outcome and the first days of the months it rests on.

        Outcomes: paid, exempt, one of ANOMALIES, no-data, insurance-not-yet-due, one of
        ALWAYS_IN_DOUBT.
        """
        if person_id not in self._insured:
            self._insured[person_id] = self._insurance(person_id)
        return self._insured[person_id]

    @cached_property
    def _insured(self) -> dict[str, tuple[str, tuple[date, ...]]]:
        return {}

    def _insurance(self, person_id: str) -> tuple[str, tuple[date, ...]]:
        """First match wins. A month that an exemption covers is in order, whoever paid it."""
        exemptions = [
            exemption
            for exemption in self.own.exemptions.get(person_id, [])
            if self._is_lawful(exemption)
        ]
        if any(_holds_on(exemption, self.as_of) for exemption in exemptions):
            return "exempt", ()
        settled = self._settled_months(person_id)
        judged = self._judged_months(person_id, settled)
        if not judged:
            return ("insurance-not-yet-due" if settled else "no-data"), ()
        payments = self._payments(person_id, judged)
        exempt = {month for month in judged if any(_covers_month(row, month) for row in exemptions)}
        several = payments.by_own & payments.by_other - exempt
        if several:
            return "paid-by-several", first_days(several)
        if payments.by_own or exempt:
            return ("paid" if payments.by_own else "exempt"), first_days(judged)
        if payments.in_doubt:
            return "insurance-in-doubt", ()
        if any(_may_settle(row, person_id) for row in self.own.unparsed):
            return "unparsed-insurance-row", ()
        return ("paid-by-other" if payments.by_other else "unpaid"), first_days(judged)

    def _is_lawful(self, exemption: Exemption) -> bool:
        """Whether an exemption is of this legal person, for a lawful reason, with a document."""
        return (
            exemption.credit_code in self.codes
            and exemption.reason in self.policy["lawful_reasons"]
            and bool(exemption.document)
        )

    def _judged_months(self, person_id: str, settled: set[int]) -> set[int]:
        """Of the settled months the latest since the person joined, as many as the window has."""
        joined = self._joined(person_id)
        months = [month for month in settled if joined is None or first_of(month) >= joined]
        return set(sorted(months, reverse=True)[: self.policy["insurance_window_months"]])

    def _payments(self, person_id: str, judged: set[int]) -> "Payments":
        """Which of the judged months the legal person paid, which others paid, and which the legal
        person may have paid.
        """
        by_own: set[int] = set()
        by_other: set[int] = set()
        in_doubt: set[int] = set()
        for row in self.own.contributions.get(person_id, []):
            is_own, counts = row.payer_credit_code in self.codes, self._counts_as_paid(row)
            if counts == "certain":
                (by_own if is_own else by_other).add(month_of(row.month))
            elif counts == "in-doubt" and is_own:
                in_doubt.add(month_of(row.month))
        return Payments(by_own & judged, by_other & judged, in_doubt & judged)

    def _counts_as_paid(self, row: Contribution) -> Counted:
        """Whether a row shows that a month was paid; owed is never paid, of whatever kind."""
        if row.payment_state == "owed":
            return "never"
        is_paid = row.payment_state in (None, "paid")
        is_kind = row.insurance_kind is None or row.insurance_kind in self.policy["insurance_kinds"]
        return "certain" if is_paid and is_kind else "in-doubt"

    def _joined(self, person_id: str) -> date | None:
        """The first day of the registrations in force; None = unknown, or none is in force."""
        starts = [
            begins_on(row)
            for row in self.own.registrations
            if row.person_id == person_id and self.registration_problem(row) is None
        ]
        return None if None in starts else min(filter(None, starts), default=None)

    def _settled_months(self, person_id: str) -> set[int]:
        """Counted months that are settled and covered by the insurance source for this person."""
        last = month_of(self.known_on) - 1 - self.policy["insurance_settlement_lag_months"]
        present = person_id in self.own.contributions
        rows = [row for row in self.facts.coverage if row.source == "contributions"]
        if not rows:
            paid = {month_of(month) for month in self.facts.contribution_months}
            return {month for month in paid if month <= last} if present else set()
        window = self.policy["insurance_window_months"]
        months: set[int] = set()
        for row in rows:
            if self._covers(row, present=present):
                months |= set(covered_months(row, last, window))
        return months

    def _covers(self, row: Coverage, *, present: bool) -> bool:
        """Whether a row speaks of this area and person and is fresh.

        Present = the person appears in the source.
        """
        return (
            row.area in ("", self.area)
            and (present or row.people != "present")
            and not is_stale(row, self.known_on, self.policy["insurance_freshness_days"])
        )

    def anomalies(self) -> list[Anomaly]:
        """Abnormal insurance of everybody registered here, without doubt, in a profession that
        counts.
        """
        anomalies = []
        for person_id, numbers in sorted(self._counted_registrations().items()):
            outcome, months = self.insurance(person_id)
            if outcome in ANOMALIES and not self._has_died(person_id):
                number = min(numbers, default=None)
                anomalies.append(Anomaly(self.credit_code, person_id, number, outcome, months))  # type: ignore[arg-type]  # one of ANOMALIES
        return anomalies

    def _counted_registrations(self) -> dict[str, list[str]]:
        """By person with a registration certainly in force in a profession that counts: the numbers
        of these registrations.
        """
        numbers: dict[str, list[str]] = {}
        for row in self.own.registrations:
            is_counted = self.law.professions[row.profession].counted
            is_in_force = is_counted and self.registration_problem(row) is None
            if is_in_force and not self.registration_doubts(row):
                of_person = numbers.setdefault(row.person_id, [])
                if row.registration_no:
                    of_person.append(row.registration_no)
        return numbers

    def matches(self, registration: Registration, accept: Iterable[Accept]) -> Judgement | None:
        """Whether a registration is of the kind a clause accepts: None = no, otherwise certain or
        the doubts.
        """
        rank = grade_rank(self.law, registration.profession, registration.profession_grade)
        kinds = [_as_accepted(registration, rank, accepted) for accepted in accept]
        matching = [judgement for judgement in kinds if judgement is not None]
        return best_of(matching) if matching else None


def _as_accepted(
    registration: Registration, rank: int | None, accepted: Accept
) -> Judgement | None:
    """One accepted kind: profession, grade at least, speciality.

    What is unreadable matches in doubt.
    """
    if accepted.profession != registration.profession:
        return None
    if rank is not None and rank < accepted.lowest_rank:
        return None
    speciality = registration.speciality
    doubts = {accepted.doubt}
    if accepted.specialities is not None:
        if speciality is None:
            doubts.add("speciality-unreadable")
        elif speciality not in accepted.specialities:
            return None
    if rank is None and accepted.lowest_rank > 1:
        doubts.add("grade-unreadable")
    return Judgement(doubt=frozenset(filter(None, doubts)))


def _holds_on(exemption: Exemption, day: date) -> bool:
    starts, ends = exemption.valid_from, exemption.valid_to
    return (starts is None or starts <= day) and (ends is None or ends >= day)


def _covers_month(exemption: Exemption, month: int) -> bool:
    """Whether an exemption covers a counted month, or a part of it (ADR 31)."""
    starts, ends = exemption.valid_from, exemption.valid_to
    return (starts is None or month_of(starts) <= month) and (
        ends is None or month_of(ends) >= month
    )


def _may_settle(row: Unparsed, person_id: str) -> bool:
    return row.table in ("contributions", "exemptions") and row.person_id in (None, person_id)


def whole_months(row: Coverage) -> tuple[int | None, int | None]:
    """The first and last month that a source covers from its first to its last day.

    None = without limit.
    """
    first = final = None
    if row.covers_from is not None:
        first = month_of(row.covers_from) + (row.covers_from.day > 1)
    if row.covers_to is not None:
        final = month_of(row.covers_to + timedelta(days=1)) - 1
    return first, final


def covered_months(row: Coverage, last: int, window: int) -> range:
    """The latest `window` counted months that a source covers wholly, none after `last`."""
    first, final = whole_months(row)
    top = last if final is None else min(last, final)
    earliest = top - window + 1
    return range(earliest if first is None else max(first, earliest), top + 1)


def is_stale(row: Coverage, as_of: date, days: int) -> bool:
    """Whether a source was loaded too long ago, or never."""
    return row.loaded_at is None or (as_of - row.loaded_at).days > days
