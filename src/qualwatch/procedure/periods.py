"""Legal periods: Civil Code art. 201-203; working days by the State Council's calendar.

Days are Beijing days.
"""

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from qualwatch.law.calendar import Calendar

BEIJING = timezone(timedelta(hours=8))
Unit = Literal["months", "days", "working-days"]


class MixedUnits(Exception):
    """Periods of different units were added."""


class CannotCount(Exception):
    """The law does not say how to count such a period."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a period, inclusive. provisional: it rests on an unpublished calendar.

    basis: what it was counted from; None of a day that was only stated. Two deadlines on the same
    day are equal whatever they were counted from.
    """

    ends_on: date
    provisional: bool
    basis: "Basis | None" = field(default=None, compare=False)

    def is_over(self, on: date) -> bool:
        """Whether a final adverse step may rest on it: the period is over and not provisional."""
        return on > self.ends_on and not self.provisional


@dataclass(frozen=True, slots=True)
class Period:
    """An amount of one unit: calendar months, calendar days or working days."""

    amount: int
    unit: Unit

    def __add__(self, other: "Period") -> "Period":
        if other.unit != self.unit:
            raise MixedUnits(
                f"{self.unit} and {other.unit} cannot be added: each period runs from its own start"
            )
        return Period(self.amount + other.amount, self.unit)

    def from_day(self, start: date, calendar: Calendar, *, first_counted: bool = False) -> Deadline:
        """The end of the period that an event on `start` begins; CannotCount.

        first_counted: the day of the event counts as the first day.
        """
        if self.amount < 1:
            raise CannotCount("a period has at least one unit")
        end = self._end(start, calendar, first_counted=first_counted)
        return replace(end, basis=Basis(start, self, first_counted, calendar.version))

    def _end(self, start: date, calendar: Calendar, *, first_counted: bool) -> Deadline:
        if self.unit == "working-days":
            return _working_days(start, self.amount, calendar, first_counted=first_counted)
        if self.unit == "days":
            nominal = start + timedelta(days=self.amount - first_counted)
            return end_by_calendar(nominal, calendar)
        if first_counted:
            raise CannotCount(
                "months run from the day after the event (Civil Code 201); "
                "the first day is not counted"
            )
        return end_by_calendar(same_day_after_months(start, self.amount), calendar)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a deadline was counted from, so that another calendar can count it again.

    period: as the policy had it when the clock began; None of a day that an officer chose, which
    is `start`. calendar: the version of the calendar that it rests on.
    """

    start: date
    period: Period | None
    first_counted: bool
    calendar: str

    def count(self, calendar: Calendar) -> Deadline:
        """The end by a calendar."""
        if self.period is None:
            return end_by_calendar(self.start, calendar)
        return self.period.from_day(self.start, calendar, first_counted=self.first_counted)


def recounted(deadline: Deadline, calendar: Calendar) -> Deadline:
    """A running deadline by another calendar: on the same day or later, never earlier.

    Start and length are those with which the clock began, whatever the policy says today. Where
    nothing changes it keeps the version that it rests on.
    """
    basis = deadline.basis
    if basis is not None and basis.calendar == calendar.version:
        return deadline
    counted = basis.count(calendar) if basis else chosen_day(deadline.ends_on, calendar)
    # a day that was stated is never taken back; where it is a rest day now the next one counts
    stated = end_by_calendar(deadline.ends_on, calendar)
    later = max(counted, stated, key=lambda end: end.ends_on)
    provisional = counted.provisional or stated.provisional
    if (later.ends_on, provisional) == (deadline.ends_on, deadline.provisional):
        return deadline
    return Deadline(later.ends_on, provisional, counted.basis)


def chosen_day(day: date, calendar: Calendar) -> Deadline:
    """A deadline on a day that an officer chose, or on the next working day."""
    return replace(end_by_calendar(day, calendar), basis=Basis(day, None, False, calendar.version))


def same_day_after_months(start: date, months: int) -> date:
    """The corresponding day `months` later, or that month's last day (Civil Code 202)."""
    months_since_year_0 = start.year * 12 + start.month - 1 + months
    year = months_since_year_0 // 12
    month = months_since_year_0 % 12 + 1
    last_day = monthrange(year, month)[1]
    return date(year, month, min(start.day, last_day))


def end_by_calendar(nominal: date, calendar: Calendar) -> Deadline:
    """A period's end, moved to the next working day where it is a rest day (Civil Code 203)."""
    ends_on = calendar.next_working_day(nominal)
    days = [nominal + timedelta(days=n) for n in range((ends_on - nominal).days + 1)]
    is_published = all(calendar.is_published(day) for day in days)
    return Deadline(ends_on, provisional=not is_published)


def _working_days(start: date, amount: int, calendar: Calendar, *, first_counted: bool) -> Deadline:
    day = start - timedelta(days=1) if first_counted else start
    count = 0
    provisional = False
    while count < amount:
        day += timedelta(days=1)
        provisional = provisional or not calendar.is_published(day)
        count += calendar.is_working_day(day)
    return Deadline(day, provisional)


def day_of(moment: datetime) -> date:
    """The Beijing day of a moment; CannotCount for a moment without a time zone."""
    if moment.tzinfo is None:
        raise CannotCount("a moment needs its time zone")
    return moment.astimezone(BEIJING).date()


def in_time(moment: datetime, deadline: Deadline) -> bool:
    """Whether `moment` lies before the end of the period."""
    return day_of(moment) <= deadline.ends_on
