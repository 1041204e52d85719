"""What an enterprise sees of itself: its items with cards and days left, what has come, what it has handed in."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Prefetch

from qualwatch.assessments.models import FindingRow, Run
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.procedure.preconditions import HEARD
from qualwatch.procedure.state import Terms
from qualwatch.publication.queries import Answer, look_up
from qualwatch.reports.labels import REASONS, VERDICTS, label_of
from qualwatch.wording import gettext as _

Key = tuple[str, str]


class Due(NamedTuple):
    """A day that counts: what ends or is held on it, whole days left, whether a calendar to come may move it."""

    name: str
    on: date
    left: int
    is_provisional: bool = False


@dataclass(slots=True)
class Row:
    """One item: what is held of what is required, its cards, each with the day that counts."""

    name: str
    standing: str = ""
    findings: list[FindingRow] = field(default_factory=list)
    cases: list[tuple[Case, Due | None]] = field(default_factory=list)

    @property
    def card(self) -> str:
        """red, yellow or nothing; red is the graver one."""
        places = {case.state for case, _due in self.cases}
        return "red" if "red" in places else "yellow" if "yellow" in places else ""

    @property
    def first(self) -> date:
        """The earliest day that counts for one of its cards."""
        return min((due.on for _case, due in self.cases if due is not None), default=date.max)


def rows_of(credit_code: str, today: date) -> list[Row]:
    """Every item that was judged or is in the register, those with cards first; and what concerns the enterprise."""
    found: dict[Key, Row] = {}
    judged = FindingRow._default_manager.filter(recorded_to=None, credit_code=credit_code)
    for finding in judged.order_by("category", "sub_item", "requirement"):
        found.setdefault((finding.category, finding.sub_item), Row(_name(finding))).findings.append(
            finding
        )
    for answer in look_up(credit_code, today, with_notices=False).answers:
        row = found.setdefault((answer.category, answer.sub_item), Row(_named(answer)))
        row.standing = answer.standing
    for case in open_cases(credit_code):
        row = found.setdefault((case.category or "", case.sub_item or ""), Row(_(name_of(case))))
        row.cases.append((case, due_of(case, today)))
    order = {"red": 0, "yellow": 1, "": 2}
    return sorted(found.values(), key=lambda row: (order[row.card], row.first, row.name))


def open_cases(credit_code: str) -> Iterable[Case]:
    """With their requirements, and the withdrawal that is under way."""
    under_way = Prefetch(
        "withdrawals", Withdrawal.objects.filter(ended="").select_related("batch"), "under_way"
    )
    cases = Case.objects.filter(credit_code=credit_code).exclude(state="closed")
    return cases.prefetch_related("requirements", under_way).order_by("pk")


def due_of(case: Case, today: date) -> Due | None:
    """The day that counts now: of a withdrawal its next one, else the end of the period of the colour, as extended."""
    if under_way := getattr(case, "under_way", ()):
        return next(iter(days_of(under_way[-1], today)), None)
    if case.state == "red":
        return _due(_("红牌期限"), case.red_ends_on, today, is_provisional=case.is_red_provisional)
    waiting = [one for one in case.requirements.all() if one.recovered_on is None]
    first = min(waiting, key=lambda requirement: requirement.ends_on, default=None)
    extended = case.extended_until
    if extended and (first is None or first.ends_on < extended):
        return _due(_("整改期限"), extended, today, is_provisional=case.is_extension_provisional)
    return (
        _due(_("整改期限"), first.ends_on, today, is_provisional=first.is_provisional)
        if first
        else None
    )


def days_of(row: Withdrawal, today: date) -> list[Due]:
    """By when something may still be said against a withdrawal, and what is to come; the next day first."""
    if row.stage not in HEARD:
        return []
    told = [
        _due(
            _("陈述申辩期满"),
            row.statement_until,
            today,
            is_provisional=row.is_statement_provisional,
        ),
        _due(_("公示期满"), row.display_until, today, is_provisional=row.is_display_provisional),
    ]
    if row.hearing == "asked":
        told.append(_due(_("听证"), row.hearing_on, today))
    elif (
        row.hearing == "none"
        and row.stage == "notified"
        and row.notice_served_on
        and row.batch.route != "ministry"
    ):
        law = current_law()
        period = Terms.of(law.policy_on(today), law.calendar).hearing_request
        last = period.from_day(row.notice_served_on, law.calendar)
        told.append(
            _due(_("要求听证的最后一天"), last.ends_on, today, is_provisional=last.provisional)
        )
    return sorted((due for due in told if due and due.left >= 0), key=lambda due: due.on)


def _due(name: str, on: date | None, today: date, *, is_provisional: bool = False) -> Due | None:
    return None if on is None else Due(name, on, (on - today).days, is_provisional)


def figures_now(case: Case) -> dict[str, Any]:
    """By requirement what the newest released run found of the item of a case."""
    rows = FindingRow._default_manager.filter(
        recorded_to=None,
        credit_code=case.credit_code,
        category=case.category or "",
        sub_item=case.sub_item or "",
    )
    found: dict[str, Any] = defaultdict(lambda: None)
    found.update({finding.requirement: finding for finding in rows})
    return found


def newest_day(credit_code: str) -> date | None:
    """The day of the newest released run that looked at an enterprise."""
    try:
        return RunView.newest_run(credit_code).as_of
    except Run.DoesNotExist:
        return None


def in_words(finding: FindingRow) -> str:
    """A verdict and its reasons; nothing where it is simply met or short."""
    reasons = _("、").join(label_of(REASONS, slug) for slug in json.loads(finding.because))
    if finding.verdict in ("met", "short"):
        return reasons
    return label_of(VERDICTS, finding.verdict) + (_("：") + reasons if reasons else "")


def _name(finding: FindingRow) -> str:
    text = current_law().categories.get(finding.category)
    name = text.name if text else finding.category
    grade = _(GRADE_NAMES[finding.grade]) if finding.grade in GRADE_NAMES else finding.grade
    return f"{name}{finding.sub_item} {grade}".strip()


def _named(answer: Answer) -> str:
    return f"{answer.qualification}{answer.sub_item} {answer.grade}".strip()
