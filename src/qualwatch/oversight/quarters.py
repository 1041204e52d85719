"""Quarters of a year, as returns are made for."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from qualwatch.wording import gettext as _

MONTHS = 3  # of a quarter
QUARTERS = 4  # of a year
QUARTER_NAME = re.compile(r"(\d{4})Q([1-4])")


class NotAQuarter(Exception):
    """The text names no quarter."""


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year: 2023Q3."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The one that a day lies in."""
        return cls(day.year, (day.month - 1) // MONTHS + 1)

    @classmethod
    def read(cls, text: str) -> "Quarter":
        """From its name; NotAQuarter."""
        match = QUARTER_NAME.fullmatch(text.strip())
        if match is None:
            raise NotAQuarter(_("请写成 2023Q3 这样的季度：{text}").format(text=text))
        return cls(int(match[1]), int(match[2]))

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, (self.number - 1) * MONTHS + 1, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return self.following.start - timedelta(days=1)

    @property
    def following(self) -> "Quarter":
        """The next one."""
        if self.number == QUARTERS:
            return Quarter(self.year + 1, 1)
        return Quarter(self.year, self.number + 1)

    @property
    def previous(self) -> "Quarter":
        """The one before."""
        if self.number == 1:
            return Quarter(self.year - 1, QUARTERS)
        return Quarter(self.year, self.number - 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"
