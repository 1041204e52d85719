"""A run as cases need it: verdicts by item, anomalies by enterprise, names and places."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.cases.models import AS_WARNED, Case, CaseRequirement
from qualwatch.evaluation import reference
from qualwatch.evaluation.conflicts import CONFLICT
from qualwatch.evaluation.facts import Item as ItemFact
from qualwatch.evaluation.items import items_in_force
from qualwatch.evaluation.people import is_stale
from qualwatch.evaluation.reference import is_insurance_in_order
from qualwatch.evaluation.whatif import with_grade
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.registers.facts import coverage_on, facts_on, resolved_rows
from qualwatch.registers.models import EnterpriseRow, ItemRow

# Credit code, category, sub-item; the last two are empty for an enterprise-wide case.
Item = tuple[str, str, str]
Finding = Mapping[str, Any]  # the columns FINDING of a row
INSURANCE = "insurance"
GRADE_SLUGS = {name: slug for slug, name in GRADE_NAMES.items()}
# The register's reason why an item is no longer in force -> the code that closes its case.
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
# From so many enterprises on, all findings are read instead of those of the enterprises.
MANY_ENTERPRISES = 20_000


def people_counts(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The people that each requirement asks for and may hold, as fields of an Event.

    After an upgrade the people are those who count for the grade that was warned of.
    """
    required: dict[str, int] = {}
    possible: dict[str, int] = {}
    for name, figure in figures.items():
        if figure.get("required") is not None:
            required[name] = figure["required"]
        counted = figure.get(AS_WARNED, figure)
        if counted.get("possible") is not None:
            possible[name] = counted["possible"]
    return {"required": required, "possible": possible}


def item_of(case: Case) -> Item:
    """The item of a case."""
    return case.credit_code, case.category or "", case.sub_item or ""


@dataclass(slots=True)
class RunView:
    """One run, for the enterprises that have cases or fall short.

    findings: item -> requirement -> finding. anomalies: credit code -> number of people.
    enterprises: credit code -> name and area. ended: item -> closing code, also of an enterprise
    whose items have all ended (its enterprise-wide item). vanished: items that fresh registers have
    no row of any more. requirements: case number -> requirement names. insured_in_order:
    enterprises whose insurance could be judged and has no anomaly. as_warned: case number ->
    requirement -> people held and possible by the grade that the enterprise was warned of, where an
    upgrade has raised the figure since.
    """

    run: Run
    law: Law
    findings: Mapping[Item, Mapping[str, Finding]]
    anomalies: Mapping[str, int]
    enterprises: Mapping[str, tuple[str, str]]
    is_insurance_fresh: bool
    ended: Mapping[Item, str]
    vanished: frozenset[Item]
    requirements: Mapping[int, list[str]]
    insured_in_order: frozenset[str]
    as_warned: Mapping[int, Mapping[str, Finding]] = field(default_factory=dict)

    @staticmethod
    def newest_run(credit_code: str) -> Run:
        """The newest released run that covers an enterprise; Run.DoesNotExist before the first."""
        for run in Run.objects.filter(state="released").order_by("-id").iterator():
            if run.is_full or credit_code in (run.credit_codes or ()):
                return run
        raise Run.DoesNotExist

    @classmethod
    def of(
        cls, run: Run, law: Law, cases: Iterable[Case], *, only_these: bool = False
    ) -> "RunView":
        """Reads the findings on record; `run` is the newest released one.

        only_these: without the findings of enterprises that have no case among `cases`.
        """
        cases = list(cases)
        codes = {case.credit_code for case in cases}
        findings = _findings(codes, only_these=only_these)
        anomalies = _anomalies(codes if only_these else None)
        concerned = codes | {item[0] for item in findings} | anomalies.keys()
        ended, vanished = _ended_and_vanished(_items_without_findings(cases, findings), run, law)
        insured = {case.credit_code for case in cases if case.ground == INSURANCE}
        return cls(
            run=run,
            law=law,
            findings=findings,
            anomalies=anomalies,
            enterprises=_enterprises(concerned, law),
            is_insurance_fresh=_is_insurance_fresh(run, law),
            ended=ended,
            vanished=vanished,
            requirements=_requirements(cases),
            insured_in_order=_insured_in_order(insured - anomalies.keys(), run, law),
            as_warned=_as_warned(cases, run, law),
        )

    @classmethod
    def for_page(
        cls,
        run: Run,
        law: Law,
        case: Case,
        requirements: Mapping[int, list[str]],
        *,
        has_raised: bool = False,
    ) -> "RunView":
        """What a page shows of one case, in one query: its findings, or its number of anomalies.

        has_raised: an upgrade has raised a figure of the case; then the enterprise is judged too.
        """
        findings: dict[str, Finding] = {}
        anomalies: dict[str, int] = {}
        if case.ground == INSURANCE:
            rows = AnomalyRow._default_manager.filter(
                recorded_to=None, credit_code=case.credit_code
            )
            anomalies[case.credit_code] = rows.count()
        else:
            current = FindingRow._default_manager.filter(
                recorded_to=None,
                credit_code=case.credit_code,
                category=case.category,
                sub_item=case.sub_item,
            )
            findings = {row["requirement"]: row for row in current.values(*FINDING)}
        return cls(
            run=run,
            law=law,
            findings={item_of(case): findings},
            anomalies=anomalies,
            enterprises={},
            is_insurance_fresh=False,
            ended={},
            vanished=frozenset(),
            requirements=requirements,
            insured_in_order=frozenset(),
            as_warned=_as_warned([case], run, law) if has_raised else {},
        )

    def verdicts_of(self, case: Case) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Verdicts by requirement, and the figures that the enterprise is notified of."""
        if case.ground == INSURANCE:
            return self._insurance(case.credit_code)
        rows = self.findings.get(item_of(case), {})
        verdicts = {name: row["verdict"] for name, row in rows.items()}
        # Warned requirements without a finding no longer apply, unless something is undecided.
        if rows and "cannot-say" not in verdicts.values() and case.pk is not None:
            for name in self.requirements.get(case.pk, ()):
                verdicts.setdefault(name, "not-required")
        figures = {name: self._figures(row) for name, row in rows.items()}
        for name, counted in self.as_warned.get(case.pk, {}).items():
            if name in figures:
                figures[name][AS_WARNED] = counted
        return verdicts, figures

    def end_of(self, case: Case) -> str:
        """The code with which the item has ended; '' while it has not."""
        rows = self.findings.get(item_of(case), {})
        if not rows:
            return self.ended.get(item_of(case), "")
        is_moved_out = all("out-of-scope" in row["because"] for row in rows.values())
        return "moved-out" if is_moved_out else ""

    def short_items(self) -> Iterator[Item]:
        """Items with a short requirement, sorted."""
        for item in sorted(self.findings):
            if any(row["verdict"] == "short" for row in self.findings[item].values()):
                yield item

    def anomalous(self) -> list[str]:
        """Enterprises with insurance anomalies, sorted; none where insurance data are too old."""
        return sorted(self.anomalies) if self.is_insurance_fresh else []

    def case_of_item(self, item: Item) -> Case:
        """A new shortage case of an item, not saved."""
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
        """A new insurance case of an enterprise, not saved."""
        case = Case(credit_code=code, ground=INSURANCE, origin="system")
        self.describe(case)
        return case

    def describe(self, case: Case) -> None:
        """Fills in name, area, grade, certificate and authority from the registers.

        What the registers lack, or contradict themselves in, stays as it is.
        """
        case.enterprise, case.area = self.enterprises.get(
            case.credit_code, (case.enterprise, case.area)
        )
        row = next(iter(self.findings.get(item_of(case), {}).values()), None)
        if row is None or case.category is None or _is_contested(row):
            return
        category = self.law.categories.get(case.category)
        case.qualification = category.name if category else case.category
        case.grade = row["grade"]
        case.certificate_no = row["certificate_no"]
        case.licensing_authority = row["licensing_authority"] or ""

    def _insurance(self, code: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        people = self.anomalies.get(code, 0)
        figures = {INSURANCE: {"run": self.run.pk, "people": people}}
        if not self.is_insurance_fresh:
            verdict = "cannot-say"
        elif people:
            verdict = "short"
        else:
            verdict = "met" if code in self.insured_in_order else "cannot-say"
        return {INSURANCE: verdict}, figures

    def _figures(self, row: Finding) -> dict[str, Any]:
        counts = {name: row[name] for name in ("required", "held", "possible", "shortfall")}
        lists = {name: json.loads(row[name]) for name in ("clauses", "basis", "because")}
        return {
            "run": self.run.pk,
            "finding": row["id"],
            "grade": row["grade"],
            **counts,
            **lists,
        }


def _is_contested(row: Finding) -> bool:
    """Whether the item's rows contradict each other; such a finding has no figure."""
    return row["required"] is None and CONFLICT in json.loads(row["because"])


def _findings(codes: set[str], *, only_these: bool) -> dict[Item, dict[str, Finding]]:
    """Findings of the enterprises, and unless only_these whatever is short anywhere."""
    current = FindingRow._default_manager.filter(recorded_to=None)
    if len(codes) <= MANY_ENTERPRISES:
        condition = Q(credit_code__in=codes)
        if not only_these:
            condition |= Q(verdict="short")
        current = current.filter(condition)
    findings: dict[Item, dict[str, Finding]] = defaultdict(dict)
    for row in current.values(*FINDING):
        item = (row["credit_code"], row["category"], row["sub_item"])
        findings[item][row["requirement"]] = row
    return findings


def _anomalies(codes: set[str] | None) -> Mapping[str, int]:
    """Credit code -> number of people with insurance anomalies; None: of all enterprises."""
    rows = AnomalyRow._default_manager.filter(recorded_to=None)
    if codes is not None:
        rows = rows.filter(credit_code__in=codes)
    return Counter(rows.values_list("credit_code", flat=True))


def _enterprises(codes: set[str], law: Law) -> dict[str, tuple[str, str]]:
    rows = resolved_rows(
        EnterpriseRow, ("credit_code", "name", "division_code"), credit_code__in=codes
    )
    return {code: (name, law.area_of(division) or "") for code, name, division in rows}


def _items_without_findings(cases: Iterable[Case], findings: Mapping[Item, Any]) -> set[Item]:
    """Items of cases, or enterprises of enterprise-wide cases, on which the run says nothing."""
    codes = {item[0] for item in findings}
    items = {item_of(case) for case in cases} - findings.keys()
    return {item for item in items if item[1] or item[0] not in codes}


def _ended_and_vanished(
    items: set[Item], run: Run, law: Law
) -> tuple[dict[Item, str], frozenset[Item]]:
    """Of items without findings: the closing codes of those that ended, and those without a row.

    An enterprise has ended with the last of its items.
    """
    # In old registers a renewal may be missing.
    if not items or not _are_items_fresh(run, law):
        return {}, frozenset()
    records_by_item = _records_by_item({item[0] for item in items})
    endings = {item: _ending(item, records, run, law) for item, records in records_by_item.items()}
    ended = {item: endings[item][1] for item in items & endings.keys() if endings[item][1]}
    ended |= _ended_enterprises(items, endings)
    vanished = {item for item in items if item[1] and item not in endings}
    return ended, frozenset(vanished)


def _ended_enterprises(
    items: Iterable[Item], endings: Mapping[Item, tuple[date, str]]
) -> dict[Item, str]:
    """The closing codes of enterprise-wide items: the latest, where all items have ended."""
    by_enterprise: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for item, ending in endings.items():
        by_enterprise[item[0]].append(ending)
    ended: dict[Item, str] = {}
    for code, category, sub_item in items:
        of_enterprise = by_enterprise.get(code)
        if not category and of_enterprise and all(slug for _day, slug in of_enterprise):
            ended[(code, category, sub_item)] = max(of_enterprise)[1]
    return ended


def _are_items_fresh(run: Run, law: Law) -> bool:
    loaded = {
        coverage.source: coverage.loaded_at for coverage in coverage_on(run.revision_id, run.as_of)
    }
    limit = law.policy_on(run.as_of)["register_freshness_days"]
    day = loaded["items"]
    return day is not None and (run.as_of - day).days <= limit


def _records_by_item(codes: set[str]) -> Mapping[Item, list[ItemFact]]:
    records: dict[Item, list[ItemFact]] = defaultdict(list)
    for values in resolved_rows(ItemRow, ItemFact._fields, credit_code__in=codes):
        record = ItemFact(*values)
        records[(record.credit_code, record.category, record.sub_item)].append(record)
    return records


def _ending(item: Item, records: list[ItemFact], run: Run, law: Law) -> tuple[date, str]:
    """The last day on record, and the closing code; '' where the item has not ended."""
    not_judged = dict(items_in_force(law, records, run.as_of).not_judged)
    reason = not_judged.get(item[1], "")
    last = max(record.register_state_from or record.valid_to or date.min for record in records)
    return last, ENDED.get(reason, "")


def _requirements(cases: Iterable[Case]) -> Mapping[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    numbers = [case.pk for case in cases if case.pk is not None]
    rows = CaseRequirement.objects.filter(case__in=numbers)
    for number, name in rows.values_list("case_id", "requirement"):
        names[number].append(name)
    return names


def _as_warned(cases: Iterable[Case], run: Run, law: Law) -> Mapping[int, Mapping[str, Finding]]:
    """What the requirements with a raised figure would hold by the grade first warned of."""
    numbers = [case.pk for case in cases if case.pk is not None and case.category is not None]
    rows = CaseRequirement.objects.filter(case__in=numbers, recovered_on=None)
    counted: dict[int, dict[str, Finding]] = defaultdict(dict)
    for row in rows.exclude(raised={}).select_related("case"):
        case = row.case
        grade = GRADE_SLUGS[row.warned_figures["grade"]]
        facts = with_grade(
            facts_on(run.as_of, run.revision_id, [case.credit_code]), *item_of(case), grade
        )
        result = reference.judge(law, law.policy_on(run.as_of), facts, case.credit_code, run.as_of)
        for finding in result.findings:
            key = (finding.credit_code, finding.category, finding.sub_item)
            if key == item_of(case) and finding.requirement == row.requirement:
                counted[case.pk][row.requirement] = {
                    "held": finding.held,
                    "possible": finding.possible,
                }
    return counted


def _insured_in_order(codes: set[str], run: Run, law: Law) -> frozenset[str]:
    """Of enterprises without anomalies, those whose insurance could be judged and is in order."""
    if not codes:
        return frozenset()
    facts = facts_on(run.as_of, run.revision_id, codes)
    policy = law.policy_on(run.as_of)
    return frozenset(
        code for code in codes if is_insurance_in_order(law, policy, facts, code, run.as_of)
    )


def _is_insurance_fresh(run: Run, law: Law) -> bool:
    """Whether insurance data, and the registers they are judged with, were recent enough."""
    policy = law.policy_on(run.as_of)
    limits = {"contributions": policy["insurance_freshness_days"]}
    return all(
        coverage.loaded_at is not None
        and not is_stale(
            coverage, run.as_of, limits.get(coverage.source, policy["register_freshness_days"])
        )
        for coverage in coverage_on(run.revision_id, run.as_of)
    )
