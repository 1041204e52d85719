"""Public statistics by quarter and supervising area: red cards, withdrawals, timeliness.

Yellow cards are not public and not counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from qualwatch.cases.competence import authority_of
from qualwatch.cases.documents.public_notices import ERASED
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import start_counts
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import DueReturn, due_returns
from qualwatch.publication.actions import post_statistics
from qualwatch.publication.queries import enterprises_by_area, figures

# red cards: carried-over + published = cleared + withdrawn + otherwise + open.
# A repaired card is in none of them: it is as if it had never been published.
CLEARED = ("recovered", "reviewed", "requirement-ended", "dismissed")
Key = tuple[int, int, str]  # year, quarter, area
Counts = dict[Key, Counter[str]]


@dataclass(frozen=True, slots=True)
class _QuarterSoFar:
    """A quarter and the last of its days that is counted."""

    quarter: Quarter
    end: date

    def key(self, area: str) -> Key:
        return self.quarter.year, self.quarter.number, area

    def includes(self, day: date | None) -> bool:
        return day is not None and self.quarter.start <= day <= self.end


def publish_statistics(*, on: date, law: Law) -> int:
    """Counts every quarter since the first red card again, as of its last day or today.

    Returns how many rows changed. The number of an area's enterprises stays as it was when the
    quarter was last counted while it ran.
    """
    cases = list(Case.objects.filter(published_on__isnull=False).exclude(closed_because__in=ERASED))
    rows = list(
        Withdrawal.objects.exclude(ended__in=ERASED)
        .exclude(case__closed_because__in=ERASED)
        .select_related("batch", "case")
        .order_by("pk")
    )
    published_on = [case.published_on for case in cases if case.published_on is not None]
    published = {
        (row.year, row.quarter, row.area): row.figures.get("register") for row in figures()
    }
    enterprises = enterprises_by_area()
    counts: Counts = defaultdict(Counter)
    for quarter in _quarters(published_on, on):
        is_over = quarter.end < on
        so_far = _QuarterSoFar(quarter, min(quarter.end, on))
        for area in law.divisions.areas:
            key = so_far.key(area)
            before = published.get(key) if is_over else None
            counts[key]["register"] = enterprises.get(area, 0) if before is None else before
        _count_cards(cases, so_far, counts)
        _count_withdrawals(rows, so_far, counts)
        if is_over:
            _count_returns(so_far, law, on, counts)
    return post_statistics(counts)


def _count_cards(cases: Iterable[Case], so_far: _QuarterSoFar, counts: Counts) -> None:
    start = so_far.quarter.start
    red: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        published, closed = case.published_on, case.closed_on
        if published is None or published > so_far.end:
            continue
        if closed is not None and closed < start:
            continue
        of_area = counts[so_far.key(case.area)]
        of_area["carried-over" if published < start else "published"] += 1
        outcome = _outcome(closed, case.closed_because, so_far.end)
        of_area[outcome] += 1
        if outcome == "open":
            red[case.area].add(case.credit_code)
    for area, codes in red.items():
        counts[so_far.key(area)]["red-enterprises"] = len(codes)


def _outcome(closed: date | None, because: str, end: date) -> str:
    if closed is None or closed > end:
        return "open"
    if because in CLEARED:
        return "cleared"
    return "withdrawn" if because == "withdrawn" else "otherwise"


def _count_withdrawals(rows: Iterable[Withdrawal], so_far: _QuarterSoFar, counts: Counts) -> None:
    """Displays and decisions of the quarter; present outcomes of the cards published in it."""
    by_area: dict[str, list[Withdrawal]] = defaultdict(list)
    for withdrawal in rows:
        by_area[withdrawal.case.area].append(withdrawal)
    for area, of_area in by_area.items():
        area_counts = counts[so_far.key(area)]
        area_counts["displayed"] += sum(so_far.includes(row.displayed_on) for row in of_area)
        area_counts["decided"] += sum(so_far.includes(row.decided_on) for row in of_area)
        of_cards = [row for row in of_area if so_far.includes(row.case.published_on)]
        displayed = [row for row in of_cards if row.displayed_on or row.batch.route == "ministry"]
        decided = [row for row in displayed if row.decided_on is not None]
        area_counts["of-these-opened"] = len({row.case_id for row in of_cards})
        area_counts["of-these-displayed"] = len({row.case_id for row in displayed})
        area_counts["of-these-decided"] = len({row.case_id for row in decided})
        area_counts.update(start_counts(of_area, so_far.quarter.start, so_far.end))


def _count_returns(so_far: _QuarterSoFar, law: Law, on: date, counts: Counts) -> None:
    areas = {authority_of(area): area for area in law.divisions.areas}
    for due_return in due_returns(so_far.quarter, law):
        if due_return.reporter in areas:
            state = _return_state(due_return, on)
            counts[so_far.key(areas[due_return.reporter])][f"return-{state}"] = 1


def _return_state(due_return: DueReturn, on: date) -> str:
    if due_return.is_late(on):
        return "late"
    return "due" if due_return.submitted_on is None else "in-time"


def _quarters(days: list[date], on: date) -> Iterator[Quarter]:
    """Every quarter from that of the earliest day to that of `on`."""
    if days:
        quarter = Quarter.of(min(days))
        while quarter <= Quarter.of(on):
            yield quarter
            quarter = quarter.following
