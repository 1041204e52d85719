"""What an enterprise sees of itself: its items with cards and days left, what has come, what it has handed in."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qualwatch.assessments.models import FindingRow
from qualwatch.cases.models import UNDECIDED, Case, CaseRequirement
from qualwatch.cases.words import name_of
from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.publication.queries import Answer, standings_of
from qualwatch.reports.labels import REASONS, VERDICTS, said
from qualwatch.wording import gettext as _

Key = tuple[str, str]


@dataclass(slots=True)
class Row:
    """One item: what is held of what is required, its card, the day that counts, what to do next."""

    name: str
    standing: str = ""
    findings: list[FindingRow] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def card(self) -> str:
        """red, yellow or nothing; red is the graver one."""
        places = {one.place for one in self.cases}
        return "red" if "red" in places else "yellow" if "yellow" in places else ""

    @property
    def ends_on(self) -> date | None:
        """The earliest day on which a period of its cards ends."""
        days = [day for one in self.cases if (day := ends_on(one)) is not None]
        return min(days, default=None)


def rows_of(credit_code: str, today: date) -> list[Row]:
    """Every item that was judged or is in the register, those with cards first; and what concerns the enterprise."""
    found: dict[Key, Row] = {}
    judged = FindingRow._default_manager.filter(recorded_to=None, credit_code=credit_code)
    for one in judged.order_by("category", "sub_item", "requirement"):
        found.setdefault((one.category, one.sub_item), Row(_name(one))).findings.append(one)
    for answer in standings_of(credit_code, today):
        row = found.setdefault((answer.category, answer.sub_item), Row(_named(answer)))
        row.standing = answer.standing
    for case in open_cases(credit_code):
        row = found.setdefault((case.category or "", case.sub_item or ""), Row(_(name_of(case))))
        row.cases.append(case)
    order = {"red": 0, "yellow": 1, "": 2}
    return sorted(found.values(), key=lambda row: (order[row.card], row.ends_on or date.max, row.name))


def open_cases(credit_code: str) -> Iterable[Case]:
    """With their requirements."""
    found = Case.objects.filter(credit_code=credit_code).exclude(place="closed")
    return found.prefetch_related("requirements", "applications").order_by("pk")


def ends_on(case: Case) -> date | None:
    """The day on which the period of a case ends: of its colour, or as prolonged."""
    if case.place == "red":
        return case.red_ends_on
    days = [one.ends_on for one in case.requirements.all() if one.recovered_on is None]
    return max((day for day in (min(days, default=None), case.prolonged_until) if day is not None), default=None)


def waiting(case: Case) -> list[CaseRequirement]:
    """What it is still warned of."""
    return [one for one in case.requirements.all() if one.recovered_on is None]


def has_application(case: Case) -> bool:
    """Whether one is undecided."""
    return any(one.stage in UNDECIDED for one in case.applications.all())


def figures_now(case: Case) -> dict[str, Any]:
    """By requirement what the newest released run found of the item of a case."""
    rows = FindingRow._default_manager.filter(
        recorded_to=None, credit_code=case.credit_code, category=case.category or "", sub_item=case.sub_item or ""
    )
    found: dict[str, Any] = defaultdict(lambda: None)
    found.update({one.requirement: one for one in rows})
    return found


def in_words(one: FindingRow) -> str:
    """A verdict and its reasons; nothing where it is simply met or short."""
    reasons = _("、").join(said(REASONS, slug) for slug in json.loads(one.because))
    if one.verdict in ("met", "short"):
        return reasons
    return said(VERDICTS, one.verdict) + (_("：") + reasons if reasons else "")


def _name(one: FindingRow) -> str:
    text = current_law().categories.get(one.category)
    name = text.name if text else one.category
    grade = _(GRADE_NAMES[one.grade]) if one.grade in GRADE_NAMES else one.grade
    return f"{name}{one.sub_item} {grade}".strip()


def _named(one: Answer) -> str:
    return f"{one.qualification}{one.sub_item} {one.grade}".strip()
