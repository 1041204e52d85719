"""What a run saw, as cases need it: verdicts by item, anomalies by enterprise, names and places of the registers."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.cases.models import Case
from qualwatch.evaluation.people import is_stale
from qualwatch.law.loader import Law
from qualwatch.registers.facts import coverage_on
from qualwatch.registers.models import EnterpriseRow, ItemRow

Item = tuple[str, str, str]  # credit code, category, sub-item; of an enterprise-wide case the last two are empty
INSURANCE = "insurance"
# What the register says of an item that is no longer in force -> the code with which its case is closed.
ENDED = {"withdrawn": "withdrawn", "annulled": "annulled-licence", "revoked": "revoked", "deregistered": "surrendered",
         "expired": "expired"}  # fmt: skip
FINDING = ("id", "credit_code", "category", "sub_item", "requirement", "grade", "certificate_no", "licensing_authority",
           "verdict", "required", "held", "possible", "shortfall", "clauses", "basis", "because")  # fmt: skip
MANY = 20_000  # enterprises from which all are read


def item_of(case: Case) -> Item:
    """The item of a case."""
    return case.credit_code, case.category or "", case.sub_item or ""


@dataclass(slots=True)
class Seen:
    """One run, for the enterprises that have cases or fall short."""

    run: Run
    law: Law
    findings: Mapping[Item, Mapping[str, Mapping[str, Any]]]
    anomalies: Mapping[str, int]
    enterprises: Mapping[str, tuple[str, str]]  # name, area
    is_insurance_fresh: bool
    ended: Mapping[Item, str]
    judged: frozenset[str]  # enterprises that the run has findings of

    @classmethod
    def of(cls, run: Run, law: Law, cases: Iterable[Case], *, only_these: bool = False) -> "Seen":
        """Reads what is on record now; `run` is the newest released one."""
        cases = list(cases)
        with_cases = {one.credit_code for one in cases}
        rows = _findings(with_cases, only_these=only_these)
        findings: dict[Item, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for row in rows:
            findings[(row["credit_code"], row["category"], row["sub_item"])][row["requirement"]] = row
        anomalies: dict[str, int] = defaultdict(int)
        abnormal = AnomalyRow._default_manager.filter(recorded_to=None)
        if only_these:
            abnormal = abnormal.filter(credit_code__in=with_cases)
        for code in abnormal.values_list("credit_code", flat=True):
            anomalies[code] += 1
        codes = with_cases | {item[0] for item in findings} | anomalies.keys()
        gone = [item_of(one) for one in cases if one.category is not None and item_of(one) not in findings]
        return cls(
            run,
            law,
            findings,
            anomalies,
            _enterprises(codes, law),
            _insurance_is_fresh(run, law),
            _ended(gone, run),
            frozenset(item[0] for item in findings),
        )

    def verdicts_of(self, case: Case) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Verdicts by requirement, and what the enterprise is told of each."""
        if case.ground == INSURANCE:
            return self._insurance(case.credit_code)
        rows = self.findings.get(item_of(case), {})
        return {name: row["verdict"] for name, row in rows.items()}, {
            name: self._told(row) for name, row in rows.items()
        }

    def end_of(self, case: Case) -> str:
        """The code with which the item has ended; '' while it has not."""
        if case.category is None:
            return ""
        rows = self.findings.get(item_of(case), {})
        if rows and all("out-of-scope" in row["because"] for row in rows.values()):
            return "moved-out"
        return self.ended.get(item_of(case), "") if not rows else ""

    def short_items(self) -> Iterator[Item]:
        """Items with a requirement that is short, in order."""
        for item in sorted(self.findings):
            if any(row["verdict"] == "short" for row in self.findings[item].values()):
                yield item

    def anomalous(self) -> list[str]:
        """Enterprises with people whose insurance is abnormal, in order."""
        return sorted(self.anomalies) if self.is_insurance_fresh else []

    def case_of_item(self, item: Item) -> Case:
        """A case to be opened for an item."""
        code, category, sub_item = item
        case = Case(credit_code=code, category=category, sub_item=sub_item, ground="shortage", origin="system")
        self.describe(case)
        return case

    def case_of_enterprise(self, code: str) -> Case:
        """An insurance case to be opened for an enterprise."""
        case = Case(credit_code=code, ground=INSURANCE, origin="system")
        self.describe(case)
        return case

    def describe(self, case: Case) -> None:
        """Name, grade, certificate, authority and area as the registers have them now; what they lack stays."""
        case.enterprise, case.area = self.enterprises.get(case.credit_code, (case.enterprise, case.area))
        row = next(iter(self.findings.get(item_of(case), {}).values()), None)
        if row is not None and case.category is not None:
            text = self.law.categories.get(case.category)
            case.qualification = text.name if text else case.category
            case.grade, case.certificate_no = row["grade"], row["certificate_no"]
            case.licensing_authority = row["licensing_authority"] or ""

    def _insurance(self, code: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        people = self.anomalies.get(code, 0)
        told = {INSURANCE: {"run": self.run.pk, "people": people}}
        if not self.is_insurance_fresh or not (people or code in self.judged):
            return {INSURANCE: "cannot-say"}, told
        return {INSURANCE: "short" if people else "met"}, told

    def _told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: row[name] for name in ("required", "held", "possible", "shortfall")}
        listed = {name: json.loads(row[name]) for name in ("clauses", "basis", "because")}
        return {"run": self.run.pk, "finding": row["id"], **told, **listed}


def _findings(codes: set[str], *, only_these: bool) -> Iterator[Mapping[str, Any]]:
    """What is short anywhere, and everything of the enterprises that have cases; or only of these."""
    current = FindingRow._default_manager.filter(recorded_to=None)
    if len(codes) <= MANY:
        theirs = Q(credit_code__in=codes)
        current = current.filter(theirs if only_these else theirs | Q(verdict="short"))
    yield from current.values(*FINDING)


def _enterprises(codes: set[str], law: Law) -> dict[str, tuple[str, str]]:
    found = EnterpriseRow._default_manager.filter(recorded_to=None, credit_code__in=codes)
    told = found.values_list("credit_code", "name", "division_code")
    return {code: (name, law.area_of(division) or "") for code, name, division in told}


def _ended(items: list[Item], run: Run) -> dict[Item, str]:
    """Why items without a finding are no longer in force, where the register says so."""
    found: dict[Item, str] = {}
    rows = ItemRow._default_manager.filter(recorded_to=None, credit_code__in={item[0] for item in items})
    for row in rows.order_by("valid_from", "certificate_no"):
        item = (row.credit_code, row.category, row.sub_item)
        if item not in items:
            continue
        from_on = row.register_state_from
        if row.register_state in ENDED and (from_on is None or from_on <= run.as_of):
            found[item] = ENDED[row.register_state]
        elif row.valid_to is not None and row.valid_to < run.as_of:
            found[item] = "expired"
    return found


def _insurance_is_fresh(run: Run, law: Law) -> bool:
    """Whether insurance and the registers that it is judged with were young enough on the run's day."""
    policy = law.policy_on(run.as_of)
    days = {"contributions": policy["insurance_freshness_days"]}
    return all(
        one.loaded_at is not None
        and not is_stale(one, run.as_of, days.get(one.source, policy["register_freshness_days"]))
        for one in coverage_on(run.revision_id, run.as_of)
    )
