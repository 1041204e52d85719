"""What a run saw, as cases need it: verdicts by item, anomalies by enterprise, names and places of the registers."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.cases.models import Case, CaseRequirement
from qualwatch.evaluation.facts import Item as ItemFact
from qualwatch.evaluation.items import items_in_force
from qualwatch.evaluation.people import is_stale
from qualwatch.evaluation.reference import is_insurance_in_order
from qualwatch.law.loader import Law
from qualwatch.registers.facts import coverage_on, facts_on, resolved_rows
from qualwatch.registers.models import EnterpriseRow, ItemRow

Item = tuple[
    str, str, str
]  # credit code, category, sub-item; of an enterprise-wide case the last two are empty
INSURANCE = "insurance"
# What the register says of an item that is no longer in force -> the code with which its case is closed.
ENDED = {
    "withdrawn": "withdrawn",
    "annulled": "annulled-licence",
    "revoked": "revoked",
    "deregistered": "surrendered",
    "expired": "expired",
}
FINDING = (
    "id",
    "credit_code",
    "category",
    "sub_item",
    "requirement",
    "grade",
    "certificate_no",
    "licensing_authority",
    "verdict",
    "required",
    "held",
    "possible",
    "shortfall",
    "clauses",
    "basis",
    "because",
)
MANY = 20_000  # enterprises from which all are read


def item_of(case: Case) -> Item:
    """The item of a case."""
    return case.credit_code, case.category or "", case.sub_item or ""


@dataclass(slots=True)
class RunView:
    """One run, for the enterprises that have cases or fall short."""

    run: Run
    law: Law
    findings: Mapping[Item, Mapping[str, Mapping[str, Any]]]
    anomalies: Mapping[str, int]
    enterprises: Mapping[str, tuple[str, str]]  # name, area
    is_insurance_fresh: bool
    ended: Mapping[
        Item, str
    ]  # also of enterprises all of whose items have ended, under their empty item
    vanished: frozenset[Item]  # items that a fresh register has no row of any more
    named: Mapping[int, list[str]]  # the requirements of each case
    in_order: frozenset[
        str
    ]  # enterprises whose people's insurance was judged, and has nothing abnormal

    @staticmethod
    def newest_run(credit_code: str) -> Run:
        """The newest released run that looked at an enterprise; Run.DoesNotExist before the first."""
        for run in Run.objects.filter(state="released").order_by("-id").iterator():
            if run.is_full or credit_code in (run.credit_codes or ()):
                return run
        raise Run.DoesNotExist

    @classmethod
    def of(
        cls, run: Run, law: Law, cases: Iterable[Case], *, only_these: bool = False
    ) -> "RunView":
        """Reads what is on record now; `run` is the newest released one."""
        cases = list(cases)
        with_cases = {case.credit_code for case in cases}
        rows = _findings(with_cases, only_these=only_these)
        findings: dict[Item, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for row in rows:
            findings[(row["credit_code"], row["category"], row["sub_item"])][row["requirement"]] = (
                row
            )
        anomalies: dict[str, int] = defaultdict(int)
        abnormal = AnomalyRow._default_manager.filter(recorded_to=None)
        if only_these:
            abnormal = abnormal.filter(credit_code__in=with_cases)
        for code in abnormal.values_list("credit_code", flat=True):
            anomalies[code] += 1
        codes = with_cases | {item[0] for item in findings} | anomalies.keys()
        gone = {item_of(case) for case in cases if item_of(case) not in findings}
        with_items = {item[0] for item in findings}
        gone = {item for item in gone if item[1] or item[0] not in with_items}
        ended, vanished = _ended(gone, run, law)
        return cls(
            run,
            law,
            findings,
            anomalies,
            _enterprises(codes, law),
            _insurance_is_fresh(run, law),
            ended,
            vanished,
            _named(cases),
            _in_order(
                {case.credit_code for case in cases if case.ground == INSURANCE} - anomalies.keys(),
                run,
                law,
            ),
        )

    @classmethod
    def for_page(cls, run: Run, law: Law, case: Case, named: Mapping[int, list[str]]) -> "RunView":
        """What a page shows of one case, in one query: findings of its item, or how many people are abnormal."""
        findings: dict[Item, dict[str, Mapping[str, Any]]] = {item_of(case): {}}
        anomalies: dict[str, int] = {}
        if case.ground == INSURANCE:
            abnormal = AnomalyRow._default_manager.filter(
                recorded_to=None, credit_code=case.credit_code
            )
            anomalies[case.credit_code] = abnormal.count()
        else:
            current = FindingRow._default_manager.filter(
                recorded_to=None, credit_code=case.credit_code
            )
            for row in current.filter(category=case.category, sub_item=case.sub_item).values(
                *FINDING
            ):
                findings[item_of(case)][row["requirement"]] = row
        none: frozenset[Any] = frozenset()
        return cls(run, law, findings, anomalies, {}, False, {}, none, named, none)

    def verdicts_of(self, case: Case) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Verdicts by requirement, and what the enterprise is told of each."""
        if case.ground == INSURANCE:
            return self._insurance(case.credit_code)
        rows = self.findings.get(item_of(case), {})
        verdicts = {name: row["verdict"] for name, row in rows.items()}
        if (
            rows and "cannot-say" not in verdicts.values() and case.pk is not None
        ):  # judged, and no longer asked for
            verdicts |= {
                name: "not-required" for name in self.named.get(case.pk, ()) if name not in verdicts
            }
        return verdicts, {name: self._told(row) for name, row in rows.items()}

    def end_of(self, case: Case) -> str:
        """The code with which the item has ended; '' while it has not."""
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
        case = Case(
            credit_code=code,
            category=category,
            sub_item=sub_item,
            ground="shortage",
            origin="system",
        )
        self.describe(case)
        return case

    def case_of_enterprise(self, code: str) -> Case:
        """An insurance case to be opened for an enterprise."""
        case = Case(credit_code=code, ground=INSURANCE, origin="system")
        self.describe(case)
        return case

    def describe(self, case: Case) -> None:
        """Name, grade, certificate, authority and area as the registers have them now; what they lack stays."""
        case.enterprise, case.area = self.enterprises.get(
            case.credit_code, (case.enterprise, case.area)
        )
        row = next(iter(self.findings.get(item_of(case), {}).values()), None)
        if row is not None and case.category is not None:
            text = self.law.categories.get(case.category)
            case.qualification = text.name if text else case.category
            case.grade, case.certificate_no = row["grade"], row["certificate_no"]
            case.licensing_authority = row["licensing_authority"] or ""

    def _insurance(self, code: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        people = self.anomalies.get(code, 0)
        told = {INSURANCE: {"run": self.run.pk, "people": people}}
        if not self.is_insurance_fresh or not (people or code in self.in_order):
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
    told = resolved_rows(
        EnterpriseRow, ("credit_code", "name", "division_code"), credit_code__in=codes
    )
    return {code: (name, law.area_of(division) or "") for code, name, division in told}


def _ended(items: set[Item], run: Run, law: Law) -> tuple[dict[Item, str], frozenset[Item]]:
    """Why items without a finding are no longer in force, where the register says so; and those that it lacks.

    An enterprise (its empty item) has ended with the last of its items.
    """
    found: dict[Item, str] = {}
    fresh = {
        coverage.source: coverage.loaded_at for coverage in coverage_on(run.revision_id, run.as_of)
    }["items"]
    days = law.policy_on(run.as_of)["register_freshness_days"]
    if not items or fresh is None or (run.as_of - fresh).days > days:
        return found, frozenset()  # the renewal may not have arrived yet
    rows: dict[Item, list[ItemFact]] = defaultdict(list)
    for resolved_row in resolved_rows(
        ItemRow, ItemFact._fields, credit_code__in={item[0] for item in items}
    ):
        row = ItemFact(*resolved_row)
        rows[(row.credit_code, row.category, row.sub_item)].append(row)
    ends: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for item, records in rows.items():
        why = dict(items_in_force(law, records, run.as_of).not_judged).get(item[1])
        last = max(item.register_state_from or item.valid_to or date.min for item in records)
        ends[item[0]].append((last, ENDED.get(why or "", "")))
        if item in items and why in ENDED:
            found[item] = ENDED[why]
    for code, category, _sub_item in items:
        if not category and ends[code] and all(slug for _day, slug in ends[code]):
            found[(code, "", "")] = max(ends[code])[1]
    return found, frozenset(item for item in items if item[1] and item not in rows)


def _named(cases: Iterable[Case]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = CaseRequirement.objects.filter(
        case__in=[case.pk for case in cases if case.pk is not None]
    )
    for number, name in rows.values_list("case_id", "requirement"):
        found[number].append(name)
    return found


def _in_order(codes: set[str], run: Run, law: Law) -> frozenset[str]:
    """Of enterprises with an insurance case and no anomaly on record, those of which that can be said."""
    if not codes:
        return frozenset()
    facts, policy = facts_on(run.as_of, run.revision_id, codes), law.policy_on(run.as_of)
    return frozenset(
        code for code in codes if is_insurance_in_order(law, policy, facts, code, run.as_of)
    )


def _insurance_is_fresh(run: Run, law: Law) -> bool:
    """Whether insurance and the registers that it is judged with were young enough on the run's day."""
    policy = law.policy_on(run.as_of)
    days = {"contributions": policy["insurance_freshness_days"]}
    return all(
        coverage.loaded_at is not None
        and not is_stale(
            coverage, run.as_of, days.get(coverage.source, policy["register_freshness_days"])
        )
        for coverage in coverage_on(run.revision_id, run.as_of)
    )
