"""The reference engine: it judges one enterprise at a time and defines the answer.

Order of reading: `judge` (one enterprise), `_find` (one requirement of one item), `_verdict` (first
match wins), `_count` (held and possible of one reading). People are judged in people.py and matched
to clauses in matching.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from qualwatch.evaluation.conflicts import (
    conflict_of_registrations,
    contested_items,
    undecided,
)
from qualwatch.evaluation.counting import highest_any_trade
from qualwatch.evaluation.explain import person_lines
from qualwatch.evaluation.facts import (
    Coverage,
    EnterpriseFacts,
    Facts,
    Item,
    Registration,
    Unparsed,
)
from qualwatch.evaluation.findings import (
    ClauseCount,
    EnterpriseResult,
    Finding,
    RegisterConflict,
    Verdict,
    in_order,
)
from qualwatch.evaluation.items import (
    extended_to,
    grade_of,
    items_in_force,
    never_read,
    renewal_pending,
)
from qualwatch.evaluation.matching import largest_matching
from qualwatch.evaluation.people import Judgement, PersonRules, best_of, is_stale
from qualwatch.law.figures import Accept, Clause, Reading, Requirement, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.policy import Policy

REGISTERS = ("enterprises", "items", "registrations")
IN_ORDER = ("paid", "exempt", "insurance-not-yet-due")
# an unparsed row of these tables may settle every item of its enterprise
DECISIVE = ("enterprises", "accepted_findings")


def evaluate(law: Law, policy: Policy, facts: Facts, as_of: date) -> Iterator[EnterpriseResult]:
    """Every enterprise in credit-code order."""
    for credit_code in facts.credit_codes:
        yield judge(law, policy, facts, credit_code, as_of)


def judge(
    law: Law,
    policy: Policy,
    facts: Facts,
    credit_code: str,
    as_of: date,
    known_on: date | None = None,
) -> EnterpriseResult:
    """All findings, anomalies and person lines of one enterprise.

    known_on: the day of the last news, where `as_of` lies in the future: insurance stays as it was
    known then.
    """
    own = facts.for_enterprise(credit_code)
    return _Judge(law, policy, facts, own, credit_code, as_of, known_on or as_of).result()


def is_insurance_in_order(
    law: Law, policy: Policy, facts: Facts, credit_code: str, as_of: date
) -> bool:
    """Whether every registered person's insurance was judged and is in order.

    False where anything cannot be said.
    """
    own = facts.for_enterprise(credit_code)
    judge = _Judge(law, policy, facts, own, credit_code, as_of, as_of)
    rules = judge.person_rules
    if not judge.is_in_scope:
        return False
    if any(row.credit_code in rules.codes and row.table != "items" for row in own.unparsed):
        return False
    people = {row.person_id for row in own.registrations if rules.registration_problem(row) is None}
    return all(rules.insurance(person_id)[0] in IN_ORDER for person_id in people)


@dataclass(frozen=True)
class _Count:
    """held and possible of a reading, its clauses, and why people do not count for certain."""

    required: int
    held: int
    possible: int
    clauses: tuple[ClauseCount, ...]
    reasons: frozenset[str]

    @property
    def is_short(self) -> bool:
        """Too few even if every doubt is decided for the enterprise."""
        return self.possible < self.required

    @property
    def is_met(self) -> bool:
        """Enough without anybody in doubt."""
        return self.held >= self.required


@dataclass(frozen=True)
class _Judge:
    law: Law
    policy: Policy
    facts: Facts
    own: EnterpriseFacts
    credit_code: str
    as_of: date
    known_on: date

    def result(self) -> EnterpriseResult:
        in_force = items_in_force(self.law, self.own.items, self.as_of)
        requirements = [
            (item, requirement)
            for item in in_force.items
            for requirement in self._requirements(item)
        ]
        if self.policy["counting"] == "highest-any-trade":
            requirements = highest_any_trade(requirements)
        findings = [self._find(item, requirement) for item, requirement in requirements]
        contested = contested_items(in_force.conflicts)
        people = [
            ()
            if (item.credit_code, item.category, item.sub_item) in contested
            else person_lines(self.person_rules, requirement, self._judged)
            for item, requirement in requirements
        ]
        findings = undecided(
            findings,
            in_force.conflicts,
            is_highest_any_trade=self.policy["counting"] == "highest-any-trade",
        )
        for finding in self._items_never_read(in_force.items):
            findings.append(finding)
            people.append(())
        has_category = any(item.category in self.law.categories for item in in_force.items)
        is_watched = self.is_in_scope and has_category and not self._is_enterprise_unparsed()
        anomalies = self.person_rules.anomalies() if is_watched else []
        return EnterpriseResult(
            tuple(findings),
            tuple(anomalies),
            tuple(people),
            tuple(in_force.not_judged),
            (*in_force.conflicts, *self._conflicts_of_registrations()),
        )

    def _conflicts_of_registrations(self) -> list[RegisterConflict]:
        """The contradictory rows of certificates registered here."""
        people = sorted({row.person_id for row in self.own.registrations})
        return [
            conflict_of_registrations(self.credit_code, rows)
            for person_id in people
            for rows in self.person_rules.conflicting_rows(person_id)
            if any(row.credit_code == self.credit_code for row in rows)
        ]

    @property
    def is_in_scope(self) -> bool:
        """Registered in the province, by registers that are not too old."""
        return self._scope_problem() is None and not self._stale_registers()

    def _is_enterprise_unparsed(self) -> bool:
        return any(
            row.table == "enterprises" and row.credit_code == self.credit_code
            for row in self.own.unparsed
        )

    @cached_property
    def area(self) -> str | None:
        """The supervising area, None outside the province or unknown."""
        return self.law.area_of(self.own.enterprise.division_code) if self.own.enterprise else None

    @cached_property
    def person_rules(self) -> PersonRules:
        """The rules by which this enterprise's people are judged."""
        return PersonRules(
            self.law,
            self.policy,
            self.facts,
            self.own,
            self.credit_code,
            self.area,
            self.as_of,
            self.known_on,
        )

    def _scope_problem(self) -> tuple[Verdict, str] | None:
        """The verdict and reason where the place of registration, or its absence, decides.

        None = in scope.
        """
        if self.own.enterprise is None:
            return "cannot-say", "enterprise-unknown"
        if self.area is not None:
            return None
        code = self.own.enterprise.division_code or ""
        is_own_province = code.startswith(self.policy["province"])
        if not is_own_province and code[:2] in self.law.divisions.other_provinces:
            return "not-required", "out-of-scope"
        return "cannot-say", "place-unknown"

    def _requirements(self, item: Item) -> tuple[Requirement, ...]:
        key = (item.category, item.sub_item, item.grade, item.route)
        requirements = requirements_on(self.law, self.policy, *key, self.as_of)
        until = extended_to(self.law, item)
        if until is None or until < self.as_of:
            return requirements
        return tuple(
            self._deferred(item, requirement) if requirement.outcome == "judge" else requirement
            for requirement in requirements
        )

    def _deferred(self, item: Item, requirement: Requirement) -> Requirement:
        """A requirement of an item that was extended without a check: not required for now."""
        grade = grade_of(self.law, item)
        basis = requirement.basis
        if grade and grade.check_deferrable:
            basis = (*basis, self.law.doc_no(grade.check_deferrable.basis))
        because = ("extended-without-check",)
        return replace(requirement, outcome="not-required", basis=basis, because=because)

    def _find(self, item: Item, requirement: Requirement) -> Finding:
        strong = self._count(requirement, requirement.strong)
        weak = self._count(requirement, requirement.weak)
        verdict, shown, reasons = self._verdict(item, requirement, strong, weak)
        reasons |= set(requirement.because)
        if renewal_pending(self.law, item, self.as_of):
            reasons.add("renewal-pending")
        if verdict in ("short", "advise", "cannot-say") and shown:
            reasons |= shown.reasons
        text = self.law.categories.get(item.category)
        return Finding(
            credit_code=self.credit_code,
            enterprise=self.own.enterprise.name if self.own.enterprise else "",
            certificate_no=item.certificate_no,
            licensing_authority=item.licensing_authority,
            category=item.category,
            qualification=text.name if text else item.sub_item,
            sub_item=item.sub_item if text else "",
            grade=GRADE_NAMES.get(item.grade, item.grade),
            requirement=requirement.requirement,
            text=requirement.text,
            verdict=verdict,
            required=shown.required if shown else None,
            held=shown.held if shown else None,
            possible=shown.possible if shown else None,
            shortfall=max(0, shown.required - shown.held) if shown else None,
            clauses=shown.clauses if shown else (),
            basis=requirement.basis,
            because=in_order(reasons),
        )

    def _verdict(
        self, item: Item, requirement: Requirement, strong: _Count | None, weak: _Count | None
    ) -> tuple[Verdict, _Count | None, set[str]]:
        """First match wins: the verdict, the count it shows, the reasons it adds."""
        problem = self._scope_problem()
        if problem and problem[0] == "not-required":
            return "not-required", None, {problem[1]}
        if requirement.outcome in ("not-required", "manual"):
            return requirement.outcome, None, set()
        doubts = self._doubts(item) | ({problem[1]} if problem else set())
        if doubts or requirement.outcome == "unknown":
            return "cannot-say", strong or weak, doubts
        if strong and strong.is_short:
            if self._is_accepted(item, requirement, strong.held):
                return "advise", strong, {"accepted-finding"}
            return "short", strong, set()
        return self._verdict_not_short(strong, weak)

    @staticmethod
    def _verdict_not_short(
        strong: _Count | None, weak: _Count | None
    ) -> tuple[Verdict, _Count | None, set[str]]:
        """The rest of `_verdict`: the weak reading may advise, never warn."""
        if strong and not strong.is_met:
            return "cannot-say", strong, set()
        if weak and weak.is_short:
            return "advise", weak, set()
        if weak and not strong and not weak.is_met:
            return "cannot-say", weak, set()
        return "met", strong or weak, set()

    def _stale_registers(self) -> set[str]:
        days = self.policy["register_freshness_days"]
        return stale_registers(self.facts.coverage, self.area, self.known_on, days)

    def _doubts(self, item: Item) -> set[str]:
        """Registers too old to judge by, and rejected rows that may be this item's or decide all
        items.
        """
        reasons = self._stale_registers()
        unparsed = [row for row in self.own.unparsed if row.credit_code == self.credit_code]
        if any(row.table == "items" and row.category in (None, item.category) for row in unparsed):
            reasons.add("item-row-unparsed")
        if any(row.table in DECISIVE for row in unparsed):
            reasons.add("row-unparsed")
        return reasons

    def _is_accepted(self, item: Item, requirement: Requirement, held: int) -> bool:
        """Whether an accepted finding in force covers this one, and no fewer are held than when it
        was accepted.
        """
        key = (item.category, item.sub_item, requirement.requirement)
        return any(
            (accepted.category, accepted.sub_item, accepted.requirement) == key
            and held >= accepted.at_held
            and (accepted.until is None or accepted.until >= self.as_of)
            for accepted in self.own.accepted_findings
        )

    def _count(self, requirement: Requirement, reading: Reading | None) -> _Count | None:
        if reading is None:
            return None
        counts = [self._clause_count(requirement, clause) for clause in reading.clauses]
        clauses = tuple(clause for clause, _reasons in counts)
        reasons = frozenset(reason for _clause, reasons in counts for reason in reasons)
        held = clauses[0].eligible
        possible = clauses[0].eligible_possible
        if reading.is_group:
            held = self._matched(requirement, reading, possible=False)
            possible = self._matched(requirement, reading, possible=True)
        return _Count(reading.required, held, possible, clauses, reasons)

    def _clause_count(
        self, requirement: Requirement, clause: Clause
    ) -> tuple[ClauseCount, set[str]]:
        """How many are eligible for a clause, and why the others are not (or not for certain)."""
        sure = maybe = 0
        reasons: set[str] = set()
        for judgement in self._pairs(requirement, clause).values():
            sure += judgement.counts == "certain"
            maybe += judgement.counts != "never"
            reasons |= judgement.never or judgement.doubt
        nameless = sum(self._could_be(clause.accept, row.profession) for row in self._nameless)
        if nameless:
            reasons.add("unparsed-row")
        return ClauseCount(clause.text, clause.at_least, sure, maybe + nameless), reasons

    def _matched(self, requirement: Requirement, reading: Reading, *, possible: bool) -> int:
        """The largest matching of people to the group's clauses.

        Nameless rows take part in `possible`.
        """
        eligible: dict[str, list[int]] = {}
        for index, (_, accept) in enumerate(reading.group):
            for key, judgement in self._pairs(requirement, Clause("", accept, 0)).items():
                if judgement.counts == "certain" or (possible and judgement.counts == "in-doubt"):
                    eligible.setdefault(key, []).append(index)
        people = list(eligible.values())
        if possible:
            people += [self._clauses_of(reading, row) for row in self._nameless]
        return largest_matching([minimum for minimum, _ in reading.group], people)

    def _clauses_of(self, reading: Reading, row: Unparsed) -> list[int]:
        """The clauses of a group that a nameless person could be eligible for."""
        return [
            index
            for index, (_, accept) in enumerate(reading.group)
            if self._could_be(accept, row.profession)
        ]

    @cached_property
    def _nameless(self) -> list[Unparsed]:
        return [row for row in self.own.unparsed if row.table == "registrations"]

    @staticmethod
    def _could_be(accept: tuple[Accept, ...], profession: str | None) -> bool:
        return profession is None or any(accepted.profession == profession for accepted in accept)

    def _pairs(self, requirement: Requirement, clause: Clause) -> dict[str, Judgement]:
        """Per person (or, for person-times, per certificate) that fits the clause: the best of its
        registrations.
        """
        judgements: dict[str, list[Judgement]] = {}
        for row in self.own.registrations:
            kind = self.person_rules.matches(row, clause.accept)
            if kind is None:
                continue
            judgement = self._judged(row, requirement) | kind
            key = row.person_id
            if requirement.counts == "person-times":
                key = _certificate_key(row)
                if row.registration_no is None:
                    judgement |= Judgement(doubt=frozenset(["no-registration-no"]))
            judgements.setdefault(key, []).append(judgement)
        return {key: best_of(of_key) for key, of_key in judgements.items()}

    def _judged(self, row: Registration, requirement: Requirement) -> Judgement:
        problem = self.person_rules.registration_problem(row)
        if problem:
            return Judgement(never=frozenset([problem]))
        doubts = Judgement(doubt=self.person_rules.registration_doubts(row))
        age = self.person_rules.age(row, requirement.sector)
        return self.person_rules.person(row.person_id) | age | doubts

    def _items_never_read(self, items: list[Item]) -> Iterator[Finding]:
        """Of each rejected item row that no accepted row of the category stands beside:
        `cannot-say`.
        """
        name = self.own.enterprise.name if self.own.enterprise else ""
        categories: set[str | None] = {item.category for item in items}
        for row in self.own.unparsed:
            if row.table != "items" or row.credit_code != self.credit_code:
                continue
            if row.category not in categories:
                categories.add(row.category)
                yield never_read(self.law, row, name)


def stale_registers(
    coverage: Iterable[Coverage], area: str | None, day: date, days: int
) -> set[str]:
    """Registers that were loaded for an area more than so many days before `day`, or never, as
    reasons.
    """
    reasons = set()
    for source in REGISTERS:
        rows = [row for row in coverage if row.source == source]
        here = [row for row in rows if row.area in ("", area)]
        if rows and all(row.loaded_at is None for row in here):
            reasons.add(f"{source}-never-loaded")
        elif rows and all(is_stale(row, day, days) for row in here):
            reasons.add(f"{source}-stale")
    return reasons


def _certificate_key(row: Registration) -> str:
    """What tells certificates apart: person, profession and number; without a number, grade and
    speciality, which may each have a number of their own.
    """
    if row.registration_no is None:
        kind = f"{row.profession} {row.profession_grade} {row.speciality}"
        return f"{row.person_id} {kind} without number"
    return f"{row.person_id} {row.profession} {row.registration_no}"
