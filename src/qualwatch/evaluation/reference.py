"""The engine that defines the answer: one enterprise at a time, written to be believed.

Order of reading: `judge` (one enterprise), `_find` (one requirement of one item), `_verdict` (first match wins),
`_count` (held and possible of one reading). People are judged in people.py, shared out in matching.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from qualwatch.evaluation.counting import highest_any_trade
from qualwatch.evaluation.explain import person_lines
from qualwatch.evaluation.facts import EnterpriseFacts, Facts, Item, Registration, Unparsed
from qualwatch.evaluation.findings import ClauseCount, EnterpriseResult, Finding, Verdict, in_order
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
DECISIVE = (
    "enterprises",
    "accepted_findings",
)  # an unparsed row of these may settle every item of its enterprise


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

    known_on: the day of the last news, where `as_of` lies in the future: insurance stays as it was known then.
    """
    own = facts.for_enterprise(credit_code)
    return _Judge(law, policy, facts, own, credit_code, as_of, known_on or as_of).result()


def is_insurance_in_order(
    law: Law, policy: Policy, facts: Facts, credit_code: str, as_of: date
) -> bool:
    """Whether every registered person's insurance was judged and is in order. False where anything cannot be said."""
    own = facts.for_enterprise(credit_code)
    judge = _Judge(law, policy, facts, own, credit_code, as_of, as_of)
    if judge._place() is not None or judge._too_old():
        return False
    if any(
        row.credit_code in judge.person_rules.codes and row.table != "items" for row in own.unparsed
    ):
        return False
    people = {
        row.person_id
        for row in own.registrations
        if judge.person_rules.registration_problem(row) is None
    }
    return all(judge.person_rules.insurance(person)[0] in IN_ORDER for person in people)


@dataclass(frozen=True)
class _Count:
    """held and possible of a reading, its clauses, and why people do not count for certain."""

    required: int
    held: int
    possible: int
    clauses: tuple[ClauseCount, ...]
    reasons: frozenset[str]


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
        items = in_force.items
        asked = [(item, requirement) for item in items for requirement in self._requirements(item)]
        if self.policy["counting"] == "highest-any-trade":
            asked = highest_any_trade(asked)
        findings = [self._find(item, requirement) for item, requirement in asked]
        people = [
            person_lines(self.person_rules, requirement, self._judged) for _, requirement in asked
        ]
        for unparsed in self._items_never_read(items):
            findings.append(unparsed)
            people.append(())
        decisive = any(
            row.table == "enterprises" and row.credit_code == self.credit_code
            for row in self.own.unparsed
        )
        in_scope = self._place() is None and not self._too_old() and not decisive
        judged = in_scope and any(item.category in self.law.categories for item in items)
        anomalies = self.person_rules.anomalies() if judged else []
        return EnterpriseResult(
            tuple(findings), tuple(anomalies), tuple(people), tuple(in_force.not_judged)
        )

    @cached_property
    def area(self) -> str | None:
        """The supervising area, None outside the province or unknown."""
        return self.law.area_of(self.own.enterprise.division_code) if self.own.enterprise else None

    @cached_property
    def person_rules(self) -> PersonRules:
        """Where this enterprise's people are judged."""
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

    def _place(self) -> tuple[Verdict, str] | None:
        """Why the place of registration, or the want of it, decides everything; None = in scope."""
        if self.own.enterprise is None:
            return "cannot-say", "enterprise-unknown"
        code = self.own.enterprise.division_code or ""
        if self.area is not None:
            return None
        if (
            not code.startswith(self.policy["province"])
            and code[:2] in self.law.divisions.other_provinces
        ):
            return "not-required", "out-of-scope"
        return "cannot-say", "place-unknown"

    def _requirements(self, item: Item) -> tuple[Requirement, ...]:
        found = requirements_on(
            self.law,
            self.policy,
            item.category,
            item.sub_item,
            item.grade,
            item.route,
            self.as_of,
        )
        until = extended_to(self.law, item)
        if until and until >= self.as_of:
            grade = grade_of(self.law, item)
            basis = (
                (self.law.doc_no(grade.check_deferrable.basis),)
                if grade and grade.check_deferrable
                else ()
            )
            found = tuple(
                replace(
                    requirement,
                    outcome="not-required",
                    basis=requirement.basis + basis,
                    because=("extended-without-check",),
                )
                if requirement.outcome == "judge"
                else requirement
                for requirement in found
            )
        return found

    def _find(self, item: Item, requirement: Requirement) -> Finding:
        strong = self._count(requirement, requirement.strong)
        weak = self._count(requirement, requirement.weak)
        verdict, shown, reasons = self._verdict(item, requirement, strong, weak)
        reasons |= set(requirement.because)
        if renewal_pending(self.law, item, self.as_of):
            reasons.add("renewal-pending")
        if verdict in ("short", "advise", "cannot-say") and shown:
            reasons |= shown.reasons
        numbers = shown if verdict not in ("not-required", "manual") else None
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
            required=numbers.required if numbers else None,
            held=numbers.held if numbers else None,
            possible=numbers.possible if numbers else None,
            shortfall=max(0, numbers.required - numbers.held) if numbers else None,
            clauses=numbers.clauses if numbers else (),
            basis=requirement.basis,
            because=in_order(reasons),
        )

    def _verdict(
        self, item: Item, requirement: Requirement, strong: _Count | None, weak: _Count | None
    ) -> tuple[Verdict, _Count | None, set[str]]:
        """First match wins: verdict, the count it shows, the reasons that the verdict itself adds."""
        place = self._place()
        if place and place[0] == "not-required":
            return "not-required", None, {place[1]}
        if requirement.outcome in ("not-required", "manual"):
            return requirement.outcome, None, set()
        unsure = self._unsure(item) | ({place[1]} if place else set())
        if unsure or requirement.outcome == "unknown":
            return "cannot-say", strong or weak, unsure
        if strong and strong.possible < strong.required:
            if self._accepted(item, requirement, strong.held):
                return "advise", strong, {"accepted-finding"}
            return "short", strong, set()
        if strong and strong.held < strong.required:
            return "cannot-say", strong, set()
        if weak and weak.possible < weak.required:
            return "advise", weak, set()
        if weak and not strong and weak.held < weak.required:
            return "cannot-say", weak, set()
        return "met", strong or weak, set()

    def _too_old(self) -> set[str]:
        """Registers that were loaded too long ago, or never."""
        reasons = set()
        for source in REGISTERS:
            rows = [row for row in self.facts.coverage if row.source == source]
            here = [row for row in rows if row.area in ("", self.area)]
            days = self.policy["register_freshness_days"]
            if rows and all(row.loaded_at is None for row in here):
                reasons.add(f"{source}-never-loaded")
            elif rows and all(is_stale(row, self.known_on, days) for row in here):
                reasons.add(f"{source}-stale")
        return reasons

    def _unsure(self, item: Item) -> set[str]:
        """Registers too old to judge by, and rejected rows that may be this very item's or change everything."""
        reasons = self._too_old()
        unparsed = [row for row in self.own.unparsed if row.credit_code == self.credit_code]
        if any(row.table == "items" and row.category in (None, item.category) for row in unparsed):
            reasons.add("item-row-unparsed")
        if any(row.table in DECISIVE for row in unparsed):
            reasons.add("row-unparsed")
        return reasons

    def _accepted(self, item: Item, requirement: Requirement, held: int) -> bool:
        return any(
            (accepted_finding.category, accepted_finding.sub_item, accepted_finding.requirement)
            == (item.category, item.sub_item, requirement.requirement)
            and held >= accepted_finding.at_held
            and (accepted_finding.until is None or accepted_finding.until >= self.as_of)
            for accepted_finding in self.own.accepted_findings
        )

    def _count(self, requirement: Requirement, reading: Reading | None) -> _Count | None:
        if reading is None:
            return None
        clauses, reasons = [], set()
        for clause in reading.clauses:
            pairs = self._pairs(requirement, clause)
            sure = {key for key, judgement in pairs.items() if judgement.counts == "certain"}
            maybe = {key for key, judgement in pairs.items() if judgement.counts != "never"}
            nameless = sum(self._could_be(clause.accept, row.profession) for row in self._nameless)
            reasons |= {
                slug for key in pairs.keys() - sure for slug in pairs[key].never or pairs[key].doubt
            }
            reasons |= {"unparsed-row"} if nameless else set()
            clauses.append(
                ClauseCount(clause.text, clause.at_least, len(sure), len(maybe) + nameless)
            )
        held, possible = clauses[0].eligible, clauses[0].eligible_possible
        if reading.is_group:
            held = self._matched(requirement, reading, possible=False)
            possible = self._matched(requirement, reading, possible=True)
        return _Count(reading.required, held, possible, tuple(clauses), frozenset(reasons))

    def _matched(self, requirement: Requirement, reading: Reading, *, possible: bool) -> int:
        """The largest matching of people to the group's clauses; nameless rows take part in `possible`."""
        eligible: dict[str, list[int]] = {}
        for index, (_, accept) in enumerate(reading.group):
            for key, judgement in self._pairs(requirement, Clause("", accept, 0)).items():
                if judgement.counts == "certain" or (possible and judgement.counts == "in-doubt"):
                    eligible.setdefault(key, []).append(index)
        people = list(eligible.values())
        if possible:
            for row in self._nameless:
                people.append(
                    [
                        i
                        for i, (_, accept) in enumerate(reading.group)
                        if self._could_be(accept, row.profession)
                    ]
                )
        return largest_matching([minimum for minimum, _ in reading.group], people)

    @cached_property
    def _nameless(self) -> list[Unparsed]:
        return [row for row in self.own.unparsed if row.table == "registrations"]

    @staticmethod
    def _could_be(accept: tuple[Accept, ...], profession: str | None) -> bool:
        return profession is None or any(accepted.profession == profession for accepted in accept)

    def _pairs(self, requirement: Requirement, clause: Clause) -> dict[str, Judgement]:
        """Per person (or, for person-times, per certificate) that fits the clause: the best of its registrations."""
        found: dict[str, list[Judgement]] = {}
        for row in self.own.registrations:
            kind = self.person_rules.matches(row, clause.accept)
            if kind is None:
                continue
            judgement = self._judged(row, requirement) | kind
            key = row.person_id
            if requirement.counts == "person-times":
                key = f"{row.profession} {row.registration_no}"
                if row.registration_no is None:
                    key = f"{row.profession} {row.profession_grade} without number {row.person_id}"
                    judgement |= Judgement(doubt=frozenset(["no-registration-no"]))
            found.setdefault(key, []).append(judgement)
        return {key: best_of(judgements) for key, judgements in found.items()}

    def _judged(self, row: Registration, requirement: Requirement) -> Judgement:
        standing = self.person_rules.registration_problem(row)
        if standing:
            return Judgement(never=frozenset([standing]))
        return self.person_rules.person(row.person_id) | self.person_rules.age(
            row, requirement.sector
        )

    def _items_never_read(self, items: list[Item]) -> Iterator[Finding]:
        """A rejected row of an item that no good row stands for: it cannot be judged, and says so."""
        known: set[str | None] = {item.category for item in items}
        for row in self.own.unparsed:
            if row.table != "items" or row.credit_code != self.credit_code or row.category in known:
                continue
            known.add(row.category)
            yield never_read(self.law, row, self.own.enterprise.name if self.own.enterprise else "")
