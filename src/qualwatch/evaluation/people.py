"""Who counts certainly, who in doubt, who never: one person at one enterprise on one day (rule 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from qualwatch.evaluation.facts import (
    Coverage,
    EnterpriseFacts,
    Facts,
    Item,
    Registration,
    Unparsed,
)
from qualwatch.evaluation.findings import Anomaly, Counted
from qualwatch.law.figures import Accept, grade_rank
from qualwatch.law.loader import Law
from qualwatch.law.model import Sector
from qualwatch.law.policy import AgeRule, Policy

ANOMALIES = ("unpaid", "paid-by-other", "paid-by-several")


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
    """The registration that helps most: a certain one, else the doubts of the doubtful, else every reason."""
    if any(one.counts == "certain" for one in judgements):
        return CERTAIN
    doubtful = [one for one in judgements if one.counts == "in-doubt"]
    best = CERTAIN
    for judgement in doubtful or judgements:
        best |= judgement
    return best


def by_policy(reason: str, counts: str) -> Judgement:
    """What the policy makes of a reason."""
    never, doubt = (
        frozenset([reason] * (counts == "never")),
        frozenset([reason] * (counts == "in-doubt")),
    )
    return Judgement(never, doubt)


def age_on(born_on: date, day: date) -> int:
    """Full years of age; a birthday on 29 February is 1 March in other years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def month_of(day: date) -> int:
    """A month as a count of months, so that months can be subtracted."""
    return day.year * 12 + day.month - 1


def first_of(month: int) -> date:
    """The first day of a counted month."""
    return date(month // 12, month % 12 + 1, 1)


def begins_on(registration: Registration) -> date | None:
    """The first day at the enterprise: 变更日期, without it the start of validity."""
    return registration.at_enterprise_from or registration.valid_from


def state_holds(row: Registration | Item, day: date) -> bool:
    """Whether a register state other than in-force has taken effect by `day`."""
    return row.register_state != "in-force" and (
        row.register_state_from is None or row.register_state_from <= day
    )


@dataclass(frozen=True)
class PersonRules:
    """Judges the people of one enterprise. `area`: its supervising area; `known_on`: the day of the last news."""

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
        """Why a registration is not in force on the day; None = in force."""
        starts = [day for day in (registration.at_enterprise_from, registration.valid_from) if day]
        if any(start > self.as_of for start in starts):
            return "not-yet-at-enterprise"
        if state_holds(registration, self.as_of):
            return "registration-not-in-force"
        if registration.valid_to and registration.valid_to < self.as_of:
            return "registration-expired"
        person = self.own.people.get(registration.person_id)
        limit = self.policy["registration_ends_at_age"].get(registration.profession)
        if limit and person and person.born_on and age_on(person.born_on, self.as_of) >= limit:
            return "over-age"
        return None

    def person(self, person_id: str) -> Judgement:
        """What holds whatever the clause: alive, locked, registered elsewhere, insured."""
        if person_id not in self._persons:
            self._persons[person_id] = self._person(person_id)
        return self._persons[person_id]

    @cached_property
    def _persons(self) -> dict[str, Judgement]:
        return {}

    def _person(self, person_id: str) -> Judgement:
        judgement, person = CERTAIN, self.own.people.get(person_id)
        if person and person.died_on and person.died_on <= self.as_of:
            judgement |= Judgement(never=frozenset(["deceased"]))
        if (
            person
            and person.locked_from
            and person.locked_from <= self.as_of <= (person.locked_until or self.as_of)
        ):
            judgement |= by_policy("locked", self.policy["locked_person_counts"])
        if any(self._counts_elsewhere(row) for row in self.own.elsewhere.get(person_id, [])):
            judgement |= by_policy(
                "registered-elsewhere", self.policy["registered_at_two_enterprises_counts"]
            )
        outcome, _ = self.insurance(person_id)
        if outcome == "unparsed-insurance-row":
            judgement |= by_policy(outcome, "in-doubt")
        elif outcome not in ("paid", "exempt"):
            judgement |= by_policy(outcome, self.policy["insurance_person_counts"][outcome])
        return judgement

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
        person = self.own.people.get(registration.person_id)
        if rule.doubt_from is None and rule.ends_at is None:
            return CERTAIN
        if person is None or person.born_on is None:
            return Judgement(doubt=frozenset(["age-unknown"]))
        age = age_on(person.born_on, self.as_of)
        if rule.ends_at is not None and age >= rule.ends_at:
            return Judgement(never=frozenset(["over-age"]))
        if rule.doubt_from is not None and age >= rule.doubt_from:
            return Judgement(doubt=frozenset(["age-in-doubt"]))
        return CERTAIN

    def insurance(self, person_id: str) -> tuple[str, tuple[date, ...]]:
        """(outcome, months it rests on): paid, exempt, an anomaly, no-data, insurance-not-yet-due or an unparsed row."""
        if person_id not in self._insured:
            self._insured[person_id] = self._insurance(person_id)
        return self._insured[person_id]

    @cached_property
    def _insured(self) -> dict[str, tuple[str, tuple[date, ...]]]:
        return {}

    def _insurance(self, person_id: str) -> tuple[str, tuple[date, ...]]:
        for exemption in self.own.exemptions.get(person_id, []):
            began = exemption.valid_from is None or exemption.valid_from <= self.as_of
            lasts = exemption.valid_to is None or exemption.valid_to >= self.as_of
            lawful = exemption.reason in self.policy["lawful_reasons"] and bool(exemption.document)
            if exemption.credit_code in self.codes and began and lasts and lawful:
                return "exempt", ()
        settled = self._covered(person_id)
        joined = self._joined(person_id)
        judged = sorted(
            (m for m in settled if joined is None or first_of(m) >= joined), reverse=True
        )
        judged = judged[: self.policy["insurance_window_months"]]
        if not judged:
            return ("insurance-not-yet-due" if settled else "no-data"), ()
        months = tuple(first_of(month) for month in sorted(judged))
        paid = [
            row
            for row in self.own.contributions.get(person_id, [])
            if month_of(row.month) in judged
        ]
        by_own = {month_of(row.month) for row in paid if row.payer_credit_code in self.codes}
        by_other = {month_of(row.month) for row in paid if row.payer_credit_code not in self.codes}
        if by_own & by_other:
            return "paid-by-several", tuple(first_of(month) for month in sorted(by_own & by_other))
        if by_own:
            return "paid", months
        if any(_may_settle(row, person_id) for row in self.own.unparsed):
            return "unparsed-insurance-row", ()
        return ("paid-by-other" if by_other else "unpaid"), months

    def _joined(self, person_id: str) -> date | None:
        rows = [
            row
            for row in self.own.registrations
            if row.person_id == person_id and self.registration_problem(row) is None
        ]
        starts = [begins_on(row) for row in rows]
        return None if None in starts or not starts else min(start for start in starts if start)

    def _covered(self, person_id: str) -> set[int]:
        """Settled months inside the coverage of the insurance source, for this person; the latest of each source."""
        last = month_of(self.known_on) - 1 - self.policy["insurance_settlement_lag_months"]
        present = person_id in self.own.contributions
        rows = [row for row in self.facts.coverage if row.source == "contributions"]
        if not rows:
            return (
                {month_of(m) for m in self.facts.contribution_months if month_of(m) <= last}
                if present
                else set()
            )
        found: set[int] = set()
        for row in rows:
            if row.area not in ("", self.area) or is_stale(
                row, self.known_on, self.policy["insurance_freshness_days"]
            ):
                continue
            if row.people == "present" and not present:
                continue
            first, final = whole_months(row)
            top = last if final is None else min(last, final)
            bottom = top - self.policy["insurance_window_months"] + 1 if first is None else first
            found |= set(
                range(max(bottom, top - self.policy["insurance_window_months"] + 1), top + 1)
            )
        return found

    def anomalies(self) -> list[Anomaly]:
        """Abnormal insurance of everybody registered here in a profession that counts."""
        found = []
        numbers: dict[str, list[str]] = {}
        for row in self.own.registrations:
            if (
                self.law.professions[row.profession].counted
                and self.registration_problem(row) is None
            ):
                numbers.setdefault(row.person_id, []).extend(
                    [row.registration_no] if row.registration_no else []
                )
        for person_id in sorted(numbers):
            person = self.own.people.get(person_id)
            if person and person.died_on and person.died_on <= self.as_of:
                continue
            outcome, months = self.insurance(person_id)
            if outcome in ANOMALIES:
                number = min(numbers[person_id], default=None)
                found.append(Anomaly(self.credit_code, person_id, number, outcome, months))  # type: ignore[arg-type]  # one of ANOMALIES
        return found

    def matches(self, registration: Registration, accept: Iterable[Accept]) -> Judgement | None:
        """Whether a registration is of the kind a clause accepts: None = no, otherwise certain or the doubts."""
        best: Judgement | None = None
        rank = grade_rank(self.law, registration.profession, registration.profession_grade)
        for accepted in accept:
            if accepted.profession != registration.profession or (
                rank is not None and rank < accepted.lowest_rank
            ):
                continue
            doubts = {accepted.doubt} - {None}
            if accepted.specialities is not None and registration.speciality is None:
                doubts.add("speciality-unreadable")
            elif (
                accepted.specialities is not None
                and registration.speciality not in accepted.specialities
            ):
                continue
            if rank is None and accepted.lowest_rank > 1:
                doubts.add("grade-unreadable")
            judgement = Judgement(doubt=frozenset(filter(None, doubts)))
            if not judgement.doubt:
                return CERTAIN
            best = judgement if best is None else best | judgement
        return best


def _may_settle(row: Unparsed, person_id: str) -> bool:
    return row.table in ("contributions", "exemptions") and row.person_id in (None, person_id)


def whole_months(row: Coverage) -> tuple[int | None, int | None]:
    """The first and last month that a source covers from its first to its last day; None = without limit."""
    first = (
        None if row.covers_from is None else month_of(row.covers_from) + (row.covers_from.day > 1)
    )
    final = None if row.covers_to is None else month_of(row.covers_to + timedelta(days=1)) - 1
    return first, final


def is_stale(row: Coverage, as_of: date, days: int) -> bool:
    """Whether a source was loaded too long ago, or never."""
    return row.loaded_at is None or (as_of - row.loaded_at).days > days
