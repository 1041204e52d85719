"""What a quarter came to, from the cases: every figure is counted from rows with their days, none is typed."""

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
    "carried": _("季初在办（项）"),
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
    "not-opened": _("红牌期满未启动（项）"),
}
BALANCE = (
    ("carried", "opened"),
    ("withdrawn", "rectified", "not-withdrawn", "ended-otherwise", "under-way"),
)
UNDER_WAY = _("在办：{place}")
PLACES_BY_DAY = (
    ("closed_on", "closed"),
    ("announced_on", "announced"),
    ("decided_on", "decided"),
    ("reviewed_on", "reviewed"),
    ("rechecked_on", "rechecked"),
    ("displayed_on", "displayed"),
    ("notice_served_on", "notified"),
    ("started_on", "started"),
)


def compiled(reporter: str, quarter: Quarter) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Figures of a quarter by slug, and a row for each item; as they were at its last day, whenever it is asked."""
    start, end = quarter.start, quarter.end
    withdrawals = Withdrawal.objects.filter(batch__housing=reporter, opened_on__lte=end)
    rows = list(withdrawals.select_related("case", "batch__suggestion").order_by("pk"))
    counted = [one for one in rows if _came_on(one) is None or (_came_on(one) or end) >= start]
    outcomes = [_outcome_at(one, end) for one in counted]
    kinds = {
        "rectified": "rectified",
        "not-withdrawn": "not-withdrawn",
        "withdrawn": "withdrawn",
        "": "under-way",
    }
    told = dict.fromkeys(FIGURES, 0)
    for withdrawal, outcome in zip(counted, outcomes, strict=True):
        told["opened" if withdrawal.opened_on >= start else "carried"] += 1
        told[kinds.get(outcome, "ended-otherwise")] += 1
    told["enterprises"] = len({one.credit_code for one in counted})
    told["annulled"] = sum(
        one.decided_on is not None and one.ended_on is not None and start <= one.ended_on <= end
        for one in rows
    )
    lists = WithdrawalList.objects.filter(housing=reporter, suggestion__issued_on__gte=start)
    told["lists"] = lists.filter(suggestion__issued_on__lte=end).count()
    told |= starts(rows, start, end)
    told["not-opened"] = len(not_opened(end, reporter))
    shown = [
        {
            "nth": nth,
            "withdrawal": one.pk,
            "enterprise": one.enterprise,
            "credit_code": one.credit_code,
            "item": one.item,
            "opened_on": _day(one.opened_on),
            "started_on": _day_by(one.started_on, end),
            "outcome": outcome_in_words(outcome)
            or UNDER_WAY.format(state=STEPS[_place_at(one, end)]),
            "came_on": _day(_came_on(one)) if outcome else "",
        }
        for nth, (one, outcome) in enumerate(zip(counted, outcomes, strict=True), 1)
    ]
    return told, shown


def adds_up(figures: Mapping[str, int]) -> bool:
    """What was there and what came is what ended and what is left."""
    before, after = (sum(figures[name] for name in side) for side in BALANCE)
    return before == after


def total(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Figures of several reporters together."""
    rows = list(several)
    return {name: sum(row[name] for row in rows) for name in FIGURES}


def not_opened(end: date, housing: str = "") -> list[Case]:
    """Red cards whose period was over on a day, still open on it, without a withdrawal by then; nothing held it up.

    An undecided first application, a review, a run that could not judge hold it up, as far as they still do.
    """
    over = Case.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=end),
        red_ends_on__lt=end,
        is_red_provisional=False,
        published_on__isnull=False,
    )
    known: dict[tuple[str, str, str], list[Withdrawal]] = defaultdict(list)
    for row in Withdrawal.objects.filter(opened_on__lte=end):
        known[(row.credit_code, row.category, row.sub_item)].append(row)
    return [
        case
        for case in over.order_by("pk")
        if not _is_followed(case, known[item_of(case)], end)
        and not _is_held_up(case)
        and (not housing or competent_for(case) == housing)
    ]


def _is_followed(case: Case, rows: Iterable[Withdrawal], end: date) -> bool:
    """A withdrawal since its red period, or one that was under way when that was over."""
    ends = case.red_ends_on or end
    return any(row.opened_on >= ends or (_came_on(row) or end) >= ends for row in rows)


def _is_held_up(case: Case) -> bool:
    application = case.application or {}
    short = case.last_result == "short" or case.origin == "officer"
    return case.state != "closed" and (
        bool(application.get("is_first")) or case.needs_review or not short
    )


def on_time(start: date, end: date, housing: str) -> dict[str, int]:
    """How an authority and its bureau kept their days between two days: starts, answers to applications."""
    rows = list(Withdrawal.objects.filter(batch__housing=housing).select_related("batch"))
    answered = Application.objects.filter(
        receiver=housing, opinion_due_on__gte=start, opinion_due_on__lte=end
    )
    given = [
        (application.opinion_on or application.decided_on, application.opinion_due_on)
        for application in answered
    ]
    return {
        **starts(rows, start, end),
        "opinions-in-time": sum(
            on is not None and due is not None and on <= due for on, due in given
        ),
        "opinions-late": sum(on is None or (due is not None and on > due) for on, due in given),
    }


def outcome_in_words(code: str) -> str:
    """What became of an item; '' while it is under way."""
    return "" if not code else CLOSED["withdrawn"] if code == "withdrawn" else texts.outcome(code)


def starts(rows: Iterable[Withdrawal], start: date, end: date) -> dict[str, int]:
    """Starts by an authority in these days, and what it had to start by then and did not."""
    told = {"started-in-time": 0, "started-late": 0, "not-started": 0}
    for withdrawal in rows:
        due = withdrawal.batch.start_due_on
        if due is None or withdrawal.batch.is_start_due_provisional:
            continue
        if withdrawal.started_on is not None and withdrawal.started_on <= end:
            if withdrawal.started_on >= start:
                told["started-in-time" if withdrawal.started_on <= due else "started-late"] += 1
        elif due <= end and not _outcome_at(withdrawal, end):
            told["not-started"] += 1
    return told


def _came_on(withdrawal: Withdrawal) -> date | None:
    """The day of its outcome; a decision annulled later was still one."""
    return withdrawal.decided_on or withdrawal.ended_on


def _outcome_at(withdrawal: Withdrawal, end: date) -> str:
    came = _came_on(withdrawal)
    if came is None or came > end:
        return ""
    return "withdrawn" if withdrawal.decided_on else withdrawal.ended


def _place_at(withdrawal: Withdrawal, end: date) -> str:
    for column, place in PLACES_BY_DAY:
        on = getattr(withdrawal, column)
        if on is not None and on <= end:
            return place
    sent = withdrawal.batch.suggestion
    if sent is not None and sent.issued_on <= end:
        return "reported" if withdrawal.batch.route == "ministry" else "suggested"
    return "opened"


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""


def _day_by(on: date | None, end: date) -> str:
    return _day(on) if on is not None and on <= end else ""
