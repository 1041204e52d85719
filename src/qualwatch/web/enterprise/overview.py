"""What an enterprise sees of itself: its items with cards and days left, verdicts in words."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Prefetch

from qualwatch.assessments.models import FindingRow, Run
from qualwatch.cases.models import UNDECIDED, Application, Case, Withdrawal
from qualwatch.cases.notices.texts import STAGES, name_of
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.procedure.preconditions import STATEMENT_STAGES
from qualwatch.publication.queries import Answer, look_up
from qualwatch.reports.labels import REASONS, VERDICTS, label_of
from qualwatch.wording import gettext as _

ItemKey = tuple[str, str]  # category, sub-item
CARD_ORDER = {"red": 0, "yellow": 1, "": 2}
# verdicts that the figures show without a word
PLAIN_VERDICTS = ("met", "short")


class Due(NamedTuple):
    """A deadline or an appointed day, with the whole days that are left.

    is_provisional: a calendar that is not published yet may move it.
    """

    name: str
    on: date
    days_left: int
    is_provisional: bool = False


@dataclass(slots=True)
class ItemRow:
    """One item: what is held of what is required, and its cases, each with its next day."""

    name: str
    standing: str = ""
    findings: list[FindingRow] = field(default_factory=list)
    cases: list[tuple[Case, Due | None]] = field(default_factory=list)

    @property
    def card(self) -> str:
        """red, yellow or ''; red is the graver one."""
        states = {case.state for case, _due in self.cases}
        if "red" in states:
            return "red"
        return "yellow" if "yellow" in states else ""

    @property
    def first_due_on(self) -> date:
        """The earliest day of its cases; date.max without one."""
        return min((due.on for _case, due in self.cases if due is not None), default=date.max)


def rows_of(credit_code: str, today: date) -> list[ItemRow]:
    """Every item judged, registered or with a case; those with cards first.

    What concerns the whole enterprise is a row of its own.
    """
    rows: dict[ItemKey, ItemRow] = {}
    _add_findings(rows, credit_code)
    _add_standings(rows, credit_code, today)
    _add_cases(rows, credit_code, today)
    return sorted(rows.values(), key=_urgency)


def _urgency(row: ItemRow) -> tuple[int, date, str]:
    return CARD_ORDER[row.card], row.first_due_on, row.name


def _add_findings(rows: dict[ItemKey, ItemRow], credit_code: str) -> None:
    findings = FindingRow._default_manager.filter(recorded_to=None, credit_code=credit_code)
    for finding in findings.order_by("category", "sub_item", "requirement"):
        key = (finding.category, finding.sub_item)
        row = rows.setdefault(key, ItemRow(_name_of_finding(finding)))
        row.findings.append(finding)


def _add_standings(rows: dict[ItemKey, ItemRow], credit_code: str, today: date) -> None:
    for answer in look_up(credit_code, today, with_notices=False).answers:
        key = (answer.category, answer.sub_item)
        row = rows.setdefault(key, ItemRow(_name_of_answer(answer)))
        row.standing = answer.standing


def _add_cases(rows: dict[ItemKey, ItemRow], credit_code: str, today: date) -> None:
    for case in _open_cases(credit_code):
        # prefetched by `_open_cases`
        withdrawals = getattr(case, "under_way", ())
        withdrawal = withdrawals[-1] if withdrawals else None
        # a case without a category concerns the whole enterprise
        key = (case.category or "", case.sub_item or "")
        row = rows.setdefault(key, ItemRow(_(name_of(case))))
        row.cases.append((case, due_of(case, withdrawal, today)))


def _open_cases(credit_code: str) -> Iterable[Case]:
    """With their requirements, and in `under_way` the withdrawal that is under way."""
    under_way = Prefetch(
        "withdrawals", Withdrawal.objects.filter(ended="").select_related("batch"), "under_way"
    )
    cases = Case.objects.filter(credit_code=credit_code).exclude(state="closed")
    return cases.prefetch_related("requirements", under_way).order_by("pk")


def due_of(case: Case, withdrawal: Withdrawal | None, today: date) -> Due | None:
    """The next day of the withdrawal under way; without one the end of the card's period."""
    if withdrawal is not None:
        return next(iter(days_of(withdrawal, today)), None)
    if case.state == "red":
        return _due(_("红牌期限"), case.red_ends_on, today, is_provisional=case.is_red_provisional)
    return _end_of_rectification(case, today)


def _end_of_rectification(case: Case, today: date) -> Due | None:
    """The first end among the requirements still short, or the extension where it is later."""
    short = [row for row in case.requirements.all() if row.recovered_on is None]
    first = min(short, key=lambda row: row.ends_on, default=None)
    extended = case.extended_until
    if extended and (first is None or first.ends_on < extended):
        return _due(_("整改期限"), extended, today, is_provisional=case.is_extension_provisional)
    if first is None:
        return None
    return _due(_("整改期限"), first.ends_on, today, is_provisional=first.is_provisional)


def days_of(withdrawal: Withdrawal, today: date) -> list[Due]:
    """Until when something can be said against a withdrawal, and its hearing; earliest first."""
    if withdrawal.stage not in STATEMENT_STAGES:
        return []
    days = [
        _due(
            _("陈述申辩期满"),
            withdrawal.statement_until,
            today,
            is_provisional=withdrawal.is_statement_provisional,
        ),
        _due(
            _("公示期满"),
            withdrawal.display_until,
            today,
            is_provisional=withdrawal.is_display_provisional,
        ),
        _hearing_day(withdrawal, today),
    ]
    return sorted((day for day in days if day and day.days_left >= 0), key=lambda day: day.on)


def _hearing_day(withdrawal: Withdrawal, today: date) -> Due | None:
    """The day of the hearing that was requested, or the last day to request one."""
    if withdrawal.hearing == "asked":
        return _due(_("听证"), withdrawal.hearing_on, today)
    can_request = (
        withdrawal.hearing == "none"
        and withdrawal.stage == "notified"
        and withdrawal.batch.route != "ministry"
    )
    if not can_request:
        return None
    return _due(
        _("要求听证的最后一天"),
        withdrawal.hearing_request_until,
        today,
        is_provisional=withdrawal.is_hearing_request_provisional,
    )


def _due(name: str, on: date | None, today: date, *, is_provisional: bool = False) -> Due | None:
    return None if on is None else Due(name, on, (on - today).days, is_provisional)


def figures_now(case: Case) -> dict[str, Any]:
    """By requirement the finding of the newest released run; None without one."""
    findings = FindingRow._default_manager.filter(
        recorded_to=None,
        credit_code=case.credit_code,
        category=case.category or "",
        sub_item=case.sub_item or "",
    )
    figures: dict[str, Any] = defaultdict(lambda: None)
    figures.update({finding.requirement: finding for finding in findings})
    return figures


def newest_day(credit_code: str) -> date | None:
    """The day of the newest released run that assessed an enterprise."""
    try:
        return RunView.newest_run(credit_code).as_of
    except Run.DoesNotExist:
        return None


def verdict_text(finding: FindingRow) -> str:
    """A verdict with its reasons; '' where it is simply met or short."""
    reasons = _("、").join(label_of(REASONS, slug) for slug in json.loads(finding.because))
    if finding.verdict in PLAIN_VERDICTS:
        return reasons
    verdict = label_of(VERDICTS, finding.verdict)
    return verdict + _("：") + reasons if reasons else verdict


def with_stages(applications: Iterable[Application]) -> list[tuple[Application, str, bool]]:
    """(application, its stage in words, whether it is undecided)."""
    return [
        (application, _(STAGES[application.stage]), application.stage in UNDECIDED)
        for application in applications
    ]


def _name_of_finding(finding: FindingRow) -> str:
    text = current_law().categories.get(finding.category)
    category = text.name if text else finding.category
    grade = _(GRADE_NAMES[finding.grade]) if finding.grade in GRADE_NAMES else finding.grade
    return f"{category}{finding.sub_item} {grade}".strip()


def _name_of_answer(answer: Answer) -> str:
    return f"{answer.qualification}{answer.sub_item} {answer.grade}".strip()
