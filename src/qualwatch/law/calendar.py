"""Working days: the State Council's calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

from qualwatch.law.model import CalendarChangeText, CalendarText
from qualwatch.law.texts_on_disk import BUILT_IN, read_text

FILE = "calendar/state-council.yaml"  # in a folder of the law
CHANGES = "calendar/changes"  # the folder of what was loaded later, oldest first by name
SATURDAY = 5
LAST_WEEK_OF_THE_YEAR = (12, 25)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Rest days that fall on weekdays, make-up working days on weekends, the years published.

    source: the notice that its newest part rests on, where one was loaded.
    """

    rest: frozenset[date]
    work: frozenset[date]
    years: frozenset[int]
    statutory: frozenset[str] = frozenset()
    source: str = ""

    @property
    def version(self) -> str:
        """SHA-256 of its days, in hexadecimal: deadlines name the calendar they rest on by it."""
        return _version(self)

    def is_working_day(self, day: date) -> bool:
        """True on a working day.

        In a year not yet published: Monday to Friday except the fixed public holidays.
        """
        if day.year in self.years:
            if day in self.work:
                return True
            if day in self.rest:
                return False
        elif f"{day:%m-%d}" in self.statutory:
            return False
        return day.weekday() < SATURDAY

    def is_published(self, day: date) -> bool:
        """Whether that day is settled: its year is known, and in the last week the next year too.

        The notice for a year may move days of the December before it: 31 December 2018 was a rest
        day by the notice for 2019.
        """
        last_week = (day.month, day.day) >= LAST_WEEK_OF_THE_YEAR
        return day.year in self.years and (not last_week or day.year + 1 in self.years)

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, otherwise the first one after it."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


@lru_cache(maxsize=8)
def _version(calendar: Calendar) -> str:
    """Remembered, because every deadline asks for it."""
    parts = (calendar.rest, calendar.work, calendar.years, calendar.statutory)
    return sha256(repr([sorted(map(str, part)) for part in parts]).encode()).hexdigest()


def load_calendar(folder: Path | None = None) -> Calendar:
    """The calendar of a folder of the law (the built-in one without it), no other text read.

    Raises LawError with file, line and clause.
    """
    folder = folder or BUILT_IN
    text, _file = read_text(CalendarText, folder / FILE, FILE)
    changes = [
        read_text(CalendarChangeText, path, f"{CHANGES}/{path.name}")[0]
        for path in sorted((folder / CHANGES).glob("*.yaml"))
    ]
    return calendar_from(text, changes)


def calendar_from(text: CalendarText, changes: Sequence[CalendarChangeText] = ()) -> Calendar:
    """The base calendar with the file's own years laid over it, whole years at a time.

    changes: years that were loaded later, oldest first; a later one replaces a year.
    """
    years = dict(text.years)
    for change in changes:
        years |= change.years
    own = set(years)
    base_years = {day.year for day in holidays}
    rest = {day for day in holidays if day.year not in own}
    work = {day for day in workdays if day.year not in own}
    for year in years.values():
        rest |= set(year.rest)
        work |= set(year.work)
    return Calendar(
        frozenset(rest),
        frozenset(work),
        frozenset(base_years | own),
        frozenset(text.statutory),
        _source(changes[-1]) if changes else "",
    )


def _source(change: CalendarChangeText) -> str:
    return "、".join(dict.fromkeys(year.basis for year in change.years.values()))
