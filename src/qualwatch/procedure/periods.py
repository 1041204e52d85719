"""Legal periods: Civil Code art. 201-203, working days by the State Council's calendar. Days are Beijing days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from qualwatch.law.calendar import Calendar

BEIJING = timezone(timedelta(hours=8))
Unit = Literal["months", "days", "working-days"]


class MixedUnits(Exception):
    """Periods of different units were added."""


class CannotCount(Exception):
    """A period that the law has no way of counting."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a period, inclusive: over from the next day. provisional: rests on an unpublished calendar."""

    ends_on: date
    provisional: bool


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
        """The end of the period that an event on `start` begins."""
        if self.amount < 1:
            raise CannotCount("a period has at least one unit")
        if self.unit == "working-days":
            return _working_days(start, self.amount, calendar, first_counted=first_counted)
        if self.unit == "days":
            nominal = start + timedelta(days=self.amount - first_counted)
            return _off_rest_days(nominal, calendar)
        if first_counted:
            raise CannotCount(
                "months run from the day after the event (Civil Code 201); the first day is not counted"
            )
        return _off_rest_days(same_day_after_months(start, self.amount), calendar)


def same_day_after_months(start: date, months: int) -> date:
    """The corresponding day `months` later, or that month's last day (Civil Code 202)."""
    month = start.year * 12 + start.month - 1 + months
    following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(month // 12, month % 12 + 1, min(start.day, last))


def _off_rest_days(nominal: date, calendar: Calendar) -> Deadline:
    """Moved to the next working day if the last day is a rest day (Civil Code 203)."""
    ends_on = calendar.next_working_day(nominal)
    provisional = any(
        not calendar.is_published(nominal + timedelta(days=n))
        for n in range((ends_on - nominal).days + 1)
    )
    return Deadline(ends_on, provisional)


def resettled(deadline: Deadline, calendar: Calendar) -> Deadline:
    """The end of a period of months or days by a newer calendar: later where the day has become a rest day."""
    ends_on = calendar.next_working_day(deadline.ends_on)
    unpublished = (
        not calendar.is_published(deadline.ends_on + timedelta(days=n))
        for n in range((ends_on - deadline.ends_on).days + 1)
    )
    return Deadline(ends_on, any(unpublished))


def _working_days(start: date, amount: int, calendar: Calendar, *, first_counted: bool) -> Deadline:
    day = start - timedelta(days=1) if first_counted else start
    counted, provisional = 0, False
    while counted < amount:
        day += timedelta(days=1)
        provisional = provisional or not calendar.is_published(day)
        counted += calendar.is_working_day(day)
    return Deadline(day, provisional)


def day_of(moment: datetime) -> date:
    """The Beijing day of a moment; CannotCount for a moment without a time zone."""
    if moment.tzinfo is None:
        raise CannotCount("a moment needs its time zone")
    return moment.astimezone(BEIJING).date()


def in_time(moment: datetime, deadline: Deadline) -> bool:
    """Whether something done at `moment` was done before the period was over."""
    return day_of(moment) <= deadline.ends_on


def may_rest_on(deadline: Deadline, today: date) -> bool:
    """Whether a final adverse step may rest on a deadline: it is over and not provisional."""
    return today > deadline.ends_on and not deadline.provisional
