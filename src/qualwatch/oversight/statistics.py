"""What the public is told of each quarter by supervising area: red cards, withdrawals, days kept. No yellow card."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from qualwatch.cases.competence import authority_of
from qualwatch.cases.models import Case, Withdrawal
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import starts
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import owed
from qualwatch.publication.actions import post_statistics

# red cards: carried + published = cleared + withdrawn + otherwise + open
CLEARED = ("recovered", "reviewed", "repaired", "requirement-ended", "dismissed")
NEVER_WAS = "annulled"


def publish_statistics(*, on: date, law: Law) -> int:
    """Counts every quarter since the first red card again, as of its last day or today; how many rows changed."""
    cases = list(
        Case.objects.filter(published_on__isnull=False).exclude(closed_because=NEVER_WAS)
        .values_list("area", "published_on", "closed_on", "closed_because")
    )  # fmt: skip
    rows = list(Withdrawal.objects.select_related("batch", "case"))
    told: dict[tuple[int, int, str], Counter[str]] = defaultdict(Counter)
    for quarter in _quarters([day for _area, day, *_rest in cases if day is not None], on):
        end, key = min(quarter.end, on), (quarter.year, quarter.number)
        for area in law.divisions.areas:
            told[(*key, area)].update()
        for area, published, closed, because in cases:
            if published is None or published > end or (closed is not None and closed < quarter.start):
                continue
            counts = told[(*key, area)]
            counts["carried" if published < quarter.start else "published"] += 1
            counts[_became(closed, because, end)] += 1
        _withdrawals(rows, quarter, end, key, told)
        if quarter.end < on:
            _returns(quarter, law, on, key, told)
    return post_statistics(told)


def _became(closed: date | None, because: str, end: date) -> str:
    if closed is None or closed > end:
        return "open"
    return "cleared" if because in CLEARED else "withdrawn" if because == "withdrawn" else "otherwise"


def _withdrawals(
    rows: Iterable[Withdrawal], quarter: Quarter, end: date, key: tuple[int, int],
    told: dict[tuple[int, int, str], Counter[str]],
) -> None:  # fmt: skip
    by_area: dict[str, list[Withdrawal]] = defaultdict(list)
    for one in rows:
        by_area[one.case.area].append(one)
    for area, some in by_area.items():
        counts = told[(*key, area)]
        for one in some:
            counts["displayed"] += one.displayed_on is not None and quarter.start <= one.displayed_on <= end
            counts["decided"] += not one.ended and one.decided_on is not None and quarter.start <= one.decided_on <= end
        counts.update(starts(some, quarter.start, end))


def _returns(
    quarter: Quarter, law: Law, on: date, key: tuple[int, int], told: dict[tuple[int, int, str], Counter[str]]
) -> None:
    areas = {authority_of(area): area for area in law.divisions.areas}
    for one in owed(quarter, law):
        if one.reporter in areas:
            state = "due" if one.submitted_on is None and not one.is_late(on) else "late" if one.is_late(on) else "kept"
            told[(*key, areas[one.reporter])][f"return-{state}"] = 1


def _quarters(days: list[date], on: date) -> Iterator[Quarter]:
    if days:
        quarter, last = Quarter.of(min(days)), Quarter.of(on)
        while quarter <= last:
            yield quarter
            quarter = quarter.following
