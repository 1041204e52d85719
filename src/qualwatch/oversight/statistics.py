"""What the public is told of each quarter by supervising area: red cards, withdrawals, days kept. No yellow card."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from qualwatch.cases.competence import authority_of
from qualwatch.cases.documents.service import ERASED
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import starts
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import owed
from qualwatch.publication.actions import post_statistics
from qualwatch.publication.queries import enterprises_by_area, figures

# red cards: carried + published = cleared + withdrawn + otherwise + open
CLEARED = ("recovered", "reviewed", "requirement-ended", "dismissed")  # repaired: it never was


def publish_statistics(*, on: date, law: Law) -> int:
    """Counts every quarter since the first red card again, as of its last day or today; how many rows changed.

    How many enterprises an area had is kept as it was when the quarter was last counted while it ran.
    """
    cases = list(Case.objects.filter(published_on__isnull=False).exclude(closed_because__in=ERASED))
    rows = list(
        Withdrawal.objects.exclude(ended__in=ERASED)
        .exclude(case__closed_because__in=ERASED)
        .select_related("batch", "case")
        .order_by("pk")
    )
    known = {
        (
            quarter_figures.year,
            quarter_figures.quarter,
            quarter_figures.area,
        ): quarter_figures.figures.get("register")
        for quarter_figures in figures()
    }
    everybody = enterprises_by_area()
    told: dict[tuple[int, int, str], Counter[str]] = defaultdict(Counter)
    for quarter in _quarters(
        [case.published_on for case in cases if case.published_on is not None], on
    ):
        end, key = min(quarter.end, on), (quarter.year, quarter.number)
        for area in law.divisions.areas:
            before = known.get((*key, area)) if quarter.end < on else None
            told[(*key, area)]["register"] = everybody.get(area, 0) if before is None else before
        _cards(cases, quarter, end, key, told)
        _withdrawals(rows, quarter, end, key, told)
        if quarter.end < on:
            _returns(quarter, law, on, key, told)
    return post_statistics(told)


NewEntry = dict[tuple[int, int, str], Counter[str]]


def _cards(
    cases: Iterable[Case], quarter: Quarter, end: date, key: tuple[int, int], told: NewEntry
) -> None:
    red: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        published, closed = case.published_on, case.closed_on
        if published is None or published > end or (closed is not None and closed < quarter.start):
            continue
        counts = told[(*key, case.area)]
        counts["carried" if published < quarter.start else "published"] += 1
        became = _became(closed, case.closed_because, end)
        counts[became] += 1
        if became == "open":
            red[case.area].add(case.credit_code)
    for area, codes in red.items():
        told[(*key, area)]["red-enterprises"] = len(codes)


def _became(closed: date | None, because: str, end: date) -> str:
    if closed is None or closed > end:
        return "open"
    return (
        "cleared" if because in CLEARED else "withdrawn" if because == "withdrawn" else "otherwise"
    )


def _withdrawals(
    rows: Iterable[Withdrawal], quarter: Quarter, end: date, key: tuple[int, int], told: NewEntry
) -> None:
    """What was displayed and decided in the quarter; and what became, by now, of the cards published in it."""
    by_area: dict[str, list[Withdrawal]] = defaultdict(list)
    for withdrawal in rows:
        by_area[withdrawal.case.area].append(withdrawal)
    for area, some in by_area.items():
        counts = told[(*key, area)]
        for withdrawal in some:
            counts["displayed"] += _within(withdrawal.displayed_on, quarter.start, end)
            counts["decided"] += _within(withdrawal.decided_on, quarter.start, end)
        followed = [one for one in some if _within(one.case.published_on, quarter.start, end)]
        counts["of-these-opened"] = len({one.case_id for one in followed})
        displayed = [one for one in followed if one.displayed_on or one.batch.route == "ministry"]
        counts["of-these-displayed"] = len({one.case_id for one in displayed})
        counts["of-these-decided"] = len(
            {one.case_id for one in displayed if one.decided_on is not None}
        )
        counts.update(starts(some, quarter.start, end))


def _within(day: date | None, start: date, end: date) -> bool:
    return day is not None and start <= day <= end


def _returns(quarter: Quarter, law: Law, on: date, key: tuple[int, int], told: NewEntry) -> None:
    areas = {authority_of(area): area for area in law.divisions.areas}
    for one in owed(quarter, law):
        if one.reporter in areas:
            state = (
                "due"
                if one.submitted_on is None and not one.is_late(on)
                else "late"
                if one.is_late(on)
                else "kept"
            )
            told[(*key, areas[one.reporter])][f"return-{state}"] = 1


def _quarters(days: list[date], on: date) -> Iterator[Quarter]:
    if days:
        quarter, last = Quarter.of(min(days)), Quarter.of(on)
        while quarter <= last:
            yield quarter
            quarter = quarter.following
