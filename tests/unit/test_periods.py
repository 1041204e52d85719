"""Legal periods: everything under "Periods" of the procedure, and the field cases about dates."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import law
from commands import qualwatch
from qualwatch.intake.cells import day
from qualwatch.law.calendar import calendar_from
from qualwatch.law.model import CalendarText, CalendarYearText
from qualwatch.procedure.periods import (
    BEIJING,
    Basis,
    CannotCount,
    Deadline,
    MixedUnits,
    Period,
    Unit,
    chosen_day,
    day_of,
    in_time,
    recounted,
    same_day_after_months,
)

CALENDAR = law().calendar
DAYS = st.dates(date(2005, 1, 1), date(2025, 6, 1))


def ends(amount: int, unit: Unit, start: str, *, first_counted: bool = False) -> str:
    return str(
        Period(amount, unit)
        .from_day(date.fromisoformat(start), CALENDAR, first_counted=first_counted)
        .ends_on
    )


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2023-12-31", 2, "2024-02-29"),  # F33: no corresponding day
        ("2026-08-01", 2, "2026-10-08"),  # F33: holiday
        ("2025-12-31", 2, "2026-02-28"),  # F33: a make-up Saturday is a working day
        ("2023-12-31", 3, "2024-04-01"),  # F33: corresponding day on a Sunday
        ("2024-02-29", 1, "2024-03-29"),  # F33: chained from its own start only
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-05-01", 2, "2023-07-03"),
        ("2023-03-31", 1, "2023-05-04"),
    ],
)
def test_months(start: str, months: int, end: str) -> None:
    assert ends(months, "months", start) == end


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-09-30", 3, "2026-10-10"),  # F30: a make-up Saturday
        ("2026-02-12", 3, "2026-02-24"),  # F30
        ("2025-09-26", 3, "2025-09-30"),  # F30: a make-up Sunday
        ("2019-04-27", 1, "2019-04-28"),  # F30: a make-up Sunday
        ("2019-05-04", 1, "2019-05-05"),  # F30
    ],
)
def test_working_days(start: str, days: int, end: str) -> None:
    assert ends(days, "working-days", start) == end


@pytest.mark.parametrize(
    ("start", "end"), [("2023-08-15", "2023-08-23"), ("2023-11-23", "2023-12-01")]
)
def test_f17_displays_count_their_first_day(start: str, end: str) -> None:
    assert ends(7, "working-days", start, first_counted=True) == end


def test_calendar_days_end_off_rest_days() -> None:
    assert ends(10, "days", "2026-09-30") == "2026-10-10"  # a make-up Saturday
    assert ends(10, "days", "2026-06-30") == "2026-07-10"
    assert ends(10, "days", "2025-12-31") == "2026-01-12"  # from a Saturday
    assert ends(1, "days", "2026-07-06", first_counted=True) == "2026-07-06"


def test_f31_an_unpublished_year_gives_a_provisional_day() -> None:
    deadline = Period(3, "working-days").from_day(date(2026, 12, 29), CALENDAR)
    assert deadline.provisional
    assert deadline.ends_on > date(2026, 12, 31)
    assert not deadline.is_over(date(2030, 1, 1))
    assert Period(2, "months").from_day(date(2026, 11, 1), CALENDAR).provisional
    assert not Period(2, "months").from_day(date(2026, 8, 1), CALENDAR).provisional


def test_f31_recomputed_when_the_calendar_is_loaded() -> None:
    year = CalendarYearText(basis="国办发明电", rest=[date(2027, 1, 1)], work=[])
    loaded = calendar_from(CalendarText(base="chinesecalendar", statutory=[], years={2027: year}))
    deadline = Period(3, "working-days").from_day(date(2026, 12, 29), loaded)
    assert deadline == Deadline(date(2027, 1, 4), provisional=False)


def test_the_last_days_of_a_year_wait_for_the_next_years_notice() -> None:
    assert Period(1, "working-days").from_day(date(2026, 12, 29), CALENDAR).provisional
    assert not CALENDAR.is_working_day(date(2018, 12, 31))  # a rest day by the notice for 2019


def test_f34_days_are_beijing_days() -> None:
    assert day_of(datetime(2026, 6, 30, 16, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert day_of(datetime.fromtimestamp(1778256000, UTC)) == date(2026, 5, 9)
    assert day("1778256000000") == date(2026, 5, 9)
    deadline = Deadline(date(2026, 6, 30), provisional=False)
    assert not in_time(datetime(2026, 6, 30, 16, 30, tzinfo=UTC), deadline)
    assert in_time(datetime(2026, 6, 30, 23, 59, 59, tzinfo=BEIJING), deadline)
    assert in_time(datetime(2026, 7, 1, 0, 59, tzinfo=timezone(timedelta(hours=9))), deadline)
    with pytest.raises(CannotCount):
        day_of(datetime(2026, 6, 30))  # noqa: DTZ001  # a moment without a zone is what is refused


def test_f35_units_are_stated_and_do_not_mix() -> None:
    assert Period(1, "months") + Period(1, "months") == Period(2, "months")
    with pytest.raises(MixedUnits):
        Period(1, "months") + Period(1, "days")
    with pytest.raises(CannotCount):
        Period(0, "days").from_day(date(2026, 1, 1), CALENDAR)
    with pytest.raises(CannotCount):
        Period(1, "months").from_day(date(2026, 1, 1), CALENDAR, first_counted=True)


@given(DAYS, st.integers(1, 36))
def test_no_period_of_months_ends_before_its_corresponding_day(start: date, months: int) -> None:
    nominal = same_day_after_months(start, months)
    deadline = Period(months, "months").from_day(start, CALENDAR)
    assert deadline.ends_on >= nominal
    assert CALENDAR.is_working_day(deadline.ends_on)
    assert (nominal.year * 12 + nominal.month) - (start.year * 12 + start.month) == months
    assert nominal.day == start.day or (nominal + timedelta(days=1)).day == 1
    assert all(
        not CALENDAR.is_working_day(nominal + timedelta(days=n))
        for n in range((deadline.ends_on - nominal).days)
    )


@given(DAYS, st.integers(1, 60))
def test_working_days_are_counted_one_by_one(start: date, amount: int) -> None:
    day = Period(amount, "working-days").from_day(start, CALENDAR).ends_on
    between = [start + timedelta(days=n) for n in range(1, (day - start).days + 1)]
    assert sum(CALENDAR.is_working_day(day) for day in between) == amount
    assert CALENDAR.is_working_day(day)


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("--from", "2026-08-01", "--months", "2"), "2026-10-08"),
        (("--from", "2023-11-23", "--working-days", "7", "--first-counted"), "2023-12-01"),
        (("--from", "2026-06-30", "--days", "10"), "2026-07-10"),
        (("--from", "2026-12-29", "--working-days", "3"), "2027-01-04"),
    ],
)
def test_the_command_prints_the_day_alone_on_its_last_line(
    words: tuple[str, ...], last: str
) -> None:
    result = qualwatch("deadline", *words)
    assert (result.status, result.out.splitlines()[-1]) == (0, last)
    assert len(result.out.splitlines()) == (2 if last.startswith("2027") else 1)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--months", "1", "--days", "1"),
        ("--months", "0"),
        ("--days", "x"),
        ("--months", "1", "--first-counted"),
    ],
)
def test_an_invalid_command_is_one_sentence_and_status_2(words: tuple[str, ...]) -> None:
    result = qualwatch("deadline", "--from", "2026-01-01", *words)
    assert (result.status, result.out, len(result.err.strip().splitlines())) == (2, "", 1)


def test_a_recounted_deadline_keeps_its_own_start_and_length() -> None:
    """Clarified 6, 7: later or the same, by the period with which the clock began."""
    served = date(2026, 7, 6)
    deadline = Period(5, "working-days").from_day(served, CALENDAR)
    holiday = replace(CALENDAR, rest=CALENDAR.rest | {date(2026, 7, 8)})
    moved = recounted(deadline, holiday)
    assert (moved.ends_on, moved.provisional) == (date(2026, 7, 14), False)
    assert moved.basis == Basis(served, Period(5, "working-days"), False, holiday.version)
    # taken back: the day that was stated stays, and the version by which it was counted
    assert recounted(moved, CALENDAR) is moved


def test_a_deadline_that_a_calendar_does_not_move_is_the_same_object() -> None:
    deadline = Period(2, "months").from_day(date(2026, 5, 20), CALENDAR)
    other = replace(CALENDAR, rest=CALENDAR.rest | {date(2026, 12, 1)})
    assert other.version != CALENDAR.version
    assert recounted(deadline, other) is deadline


def test_an_overtaken_day_that_becomes_a_rest_day_moves_to_the_next_working_day() -> None:
    chosen = chosen_day(date(2026, 7, 21), CALENDAR)
    holiday = replace(CALENDAR, rest=CALENDAR.rest | {date(2026, 7, 21)})
    assert recounted(chosen, holiday).ends_on == date(2026, 7, 22)
    assert recounted(Deadline(date(2026, 7, 21), False), holiday).ends_on == date(2026, 7, 22)


def test_the_version_of_a_calendar_is_that_of_its_days() -> None:
    assert replace(CALENDAR, source="国办发明电").version == CALENDAR.version
    assert replace(CALENDAR, years=CALENDAR.years | {2027}).version != CALENDAR.version


@given(DAYS, st.integers(1, 40), st.sets(DAYS, max_size=30), st.sets(DAYS, max_size=30))
def test_no_calendar_makes_a_running_deadline_shorter(
    start: date, amount: int, rest: set[date], work: set[date]
) -> None:
    other = replace(CALENDAR, rest=CALENDAR.rest | rest, work=CALENDAR.work | work)
    units: tuple[Unit, ...] = ("days", "working-days")
    for unit in units:
        deadline = Period(amount, unit).from_day(start, CALENDAR)
        later = recounted(deadline, other)
        assert later.ends_on >= deadline.ends_on
        assert recounted(later, CALENDAR).ends_on >= later.ends_on
