"""The figures of a quarter, computed from the recorded days of cases and withdrawals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import Q

from qualwatch.cases.competence import competent_for
from qualwatch.cases.models import Application, Case, Withdrawal, WithdrawalList
from qualwatch.cases.notices import texts
from qualwatch.cases.warnings.run_view import item_of
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.state import CLOSED, STEPS
from qualwatch.wording import gettext_noop as _  # returns are Chinese

FIGURES: Mapping[str, str] = {
    "carried-over": _("季初在办（项）"),
    "opened": _("本季新启动（项）"),
    "withdrawn": _("决定撤回（项）"),
    "rectified": _("整改达标终止（项）"),
    "not-withdrawn": _("决定不予撤回（项）"),
    "ended-otherwise": _("其他原因终止（项）"),
    "under-way": _("季末在办（项）"),
    "enterprises": _("涉及企业（家）"),
    "annulled": _("撤回决定被撤销（项）"),
    "lists": _("发出建议名单（份）"),
    "started-in-time": _("按期启动（项）"),
    "started-late": _("逾期启动（项）"),
    "not-started": _("逾期未启动（项）"),
    "waiting": _("已提出、尚未启动（项）"),
    "ended-before-start": _("启动前终止（项）"),
    "not-opened": _("红牌期满未提出撤回（项）"),
}
BALANCE = (
    ("carried-over", "opened"),
    ("withdrawn", "rectified", "not-withdrawn", "ended-otherwise", "under-way"),
)
UNDER_WAY = _("在办：{step}")
# the latest step with a day comes first
STEP_BY_COLUMN = (
    ("closed_on", "closed"),
    ("announced_on", "announced"),
    ("decided_on", "decided"),
    ("reviewed_on", "reviewed"),
    ("rechecked_on", "rechecked"),
    ("displayed_on", "displayed"),
    ("notice_served_on", "notified"),
    ("started_on", "started"),
)


# withdrawals that ended otherwise count as `ended-otherwise`
FIGURE_BY_OUTCOME: Mapping[str, str] = {
    "rectified": "rectified",
    "not-withdrawn": "not-withdrawn",
    "withdrawn": "withdrawn",
    "": "under-way",
}


def compile_figures(reporter: str, quarter: Quarter) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Figures of a quarter by slug, and a row for each item, as they were at its last day.

    An item counts from the day on which the withdrawing authority started its procedure.
    """
    end = quarter.end
    withdrawals = Withdrawal.objects.filter(batch__housing=reporter, opened_on__lte=end)
    all_rows = list(withdrawals.select_related("case", "batch__suggestion").order_by("pk"))
    alive = [row for row in all_rows if not _ended_before(row, quarter.start)]
    in_quarter = [row for row in alive if _is_started_by(row, end)]
    figures = dict.fromkeys(FIGURES, 0)
    for withdrawal in in_quarter:
        outcome = _outcome_at(withdrawal, end)
        # every item counts once on each side of BALANCE
        figures["carried-over" if _is_started_before(withdrawal, quarter) else "opened"] += 1
        figures[FIGURE_BY_OUTCOME.get(outcome, "ended-otherwise")] += 1
    for withdrawal in alive:
        if not _is_started_by(withdrawal, end):
            figures["ended-before-start" if _outcome_at(withdrawal, end) else "waiting"] += 1
    figures["enterprises"] = len({withdrawal.credit_code for withdrawal in in_quarter})
    figures["annulled"] = sum(_is_annulled_in(withdrawal, quarter) for withdrawal in all_rows)
    figures["lists"] = _lists_sent(reporter, quarter)
    figures |= start_counts(all_rows, quarter.start, end)
    figures["not-opened"] = len(not_opened(end, reporter))
    return figures, [
        _row(sequence_no, withdrawal, end) for sequence_no, withdrawal in enumerate(in_quarter, 1)
    ]


def _ended_before(withdrawal: Withdrawal, day: date) -> bool:
    outcome_on = _outcome_on(withdrawal)
    return outcome_on is not None and outcome_on < day


def _is_started_by(withdrawal: Withdrawal, day: date) -> bool:
    return withdrawal.started_on is not None and withdrawal.started_on <= day


def _is_started_before(withdrawal: Withdrawal, quarter: Quarter) -> bool:
    return withdrawal.started_on is not None and withdrawal.started_on < quarter.start


def _is_annulled_in(withdrawal: Withdrawal, quarter: Quarter) -> bool:
    """Whether a decision was annulled in a quarter: decided, and ended afterwards."""
    if withdrawal.decided_on is None or withdrawal.ended_on is None:
        return False
    return quarter.start <= withdrawal.ended_on <= quarter.end


def _lists_sent(reporter: str, quarter: Quarter) -> int:
    return WithdrawalList.objects.filter(
        housing=reporter,
        suggestion__issued_on__gte=quarter.start,
        suggestion__issued_on__lte=quarter.end,
    ).count()


def _row(sequence_no: int, withdrawal: Withdrawal, end: date) -> dict[str, Any]:
    outcome = _outcome_at(withdrawal, end)
    under_way = UNDER_WAY.format(step=STEPS[_step_at(withdrawal, end)])
    return {
        "sequence_no": sequence_no,
        "withdrawal": withdrawal.pk,
        "enterprise": withdrawal.enterprise,
        "credit_code": withdrawal.credit_code,
        "item": withdrawal.item,
        "opened_on": _day(withdrawal.opened_on),
        "started_on": _day_by(withdrawal.started_on, end),
        "outcome": outcome_text(outcome) or under_way,
        "outcome_on": _day(_outcome_on(withdrawal)) if outcome else "",
    }


def is_balanced(figures: Mapping[str, int]) -> bool:
    """Whether carried over + opened equals outcomes + under way."""
    before, after = (sum(figures[name] for name in side) for side in BALANCE)
    return before == after


def total_figures(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Figures of several reporters together."""
    rows = list(several)
    return {name: sum(row[name] for row in rows) for name in FIGURES}


def not_opened(end: date, housing: str = "") -> list[Case]:
    """Red cards open past their period on a day, without a withdrawal by then and without a
    hindrance.

    Hindrances are an undecided first application, a review, a run that could not judge.
    """
    ended_red_periods = Case.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=end),
        red_ends_on__lt=end,
        is_red_provisional=False,
        published_on__isnull=False,
    )
    withdrawals: dict[tuple[str, str, str], list[Withdrawal]] = defaultdict(list)
    for row in Withdrawal.objects.filter(opened_on__lte=end):
        withdrawals[(row.credit_code, row.category, row.sub_item)].append(row)
    return [
        case
        for case in ended_red_periods.order_by("pk")
        if not _is_followed(case, withdrawals[item_of(case)], end)
        and not _is_held_up(case)
        and (not housing or competent_for(case) == housing)
    ]


def _is_followed(case: Case, rows: Iterable[Withdrawal], end: date) -> bool:
    """Whether a withdrawal was opened in the red period or was under way at its end."""
    # a withdrawal that ended before the red period was about an earlier card
    ends = case.red_ends_on or end
    return any(row.opened_on >= ends or (_outcome_on(row) or end) >= ends for row in rows)


def _is_held_up(case: Case) -> bool:
    if case.state == "closed":
        return False
    application = case.application or {}
    is_short = case.last_result == "short" or case.origin == "officer"
    return bool(application.get("is_first")) or case.needs_review or not is_short


def timeliness(start: date, end: date, housing: str) -> dict[str, int]:
    """How often an authority and its bureau were in time between two days: starts, answers to
    applications.
    """
    rows = list(Withdrawal.objects.filter(batch__housing=housing).select_related("batch"))
    applications = Application.objects.filter(
        receiver=housing, opinion_due_on__gte=start, opinion_due_on__lte=end
    )
    counts = start_counts(rows, start, end) | {"opinions-in-time": 0, "opinions-late": 0}
    for application in applications:
        answered_on = application.opinion_on or application.decided_on
        due_on = application.opinion_due_on
        is_late = answered_on is None or (due_on is not None and answered_on > due_on)
        counts["opinions-late" if is_late else "opinions-in-time"] += 1
    return counts


def outcome_text(code: str) -> str:
    """The outcome of an item in words; '' while it is under way."""
    if code == "withdrawn":
        return CLOSED["withdrawn"]
    return texts.outcome(code) if code else ""


def start_counts(rows: Iterable[Withdrawal], start: date, end: date) -> dict[str, int]:
    """Starts by an authority between two days: in time, late, and overdue without a start."""
    counts = {"started-in-time": 0, "started-late": 0, "not-started": 0}
    for withdrawal in rows:
        due = withdrawal.batch.start_due_on
        # nobody is named late by a day that a new calendar may still move
        if due is None or withdrawal.batch.is_start_due_provisional:
            continue
        started = withdrawal.started_on
        if started is not None and started <= end:
            if started >= start:
                counts["started-in-time" if started <= due else "started-late"] += 1
        elif due <= end and not _outcome_at(withdrawal, end):
            counts["not-started"] += 1
    return counts


def _outcome_on(withdrawal: Withdrawal) -> date | None:
    """The day of the outcome, also of a decision that was annulled later."""
    return withdrawal.decided_on or withdrawal.ended_on


def _outcome_at(withdrawal: Withdrawal, end: date) -> str:
    outcome_on = _outcome_on(withdrawal)
    if outcome_on is None or outcome_on > end:
        return ""
    return "withdrawn" if withdrawal.decided_on else withdrawal.ended


def _step_at(withdrawal: Withdrawal, end: date) -> str:
    for column, step in STEP_BY_COLUMN:
        on = getattr(withdrawal, column)
        if on is not None and on <= end:
            return step
    suggestion = withdrawal.batch.suggestion
    if suggestion is not None and suggestion.issued_on <= end:
        return "reported" if withdrawal.batch.route == "ministry" else "suggested"
    return "opened"


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""


def _day_by(on: date | None, end: date) -> str:
    return _day(on) if on is not None and on <= end else ""
