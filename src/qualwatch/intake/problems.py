"""Problems of cells, files and the input as a whole, each with its sentences."""

import re
from dataclasses import dataclass

_LINE_BREAKS = re.compile(r"\s*[\r\n\v\f]\s*")


def in_a_line(sentence: str) -> str:
    """A sentence without the line breaks of the cells that it shows."""
    return _LINE_BREAKS.sub(" ", sentence)


class BadCell(Exception):
    """A cell that cannot be read: the problem and the remedy, each one sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = in_a_line(problem)
        self.remedy = remedy


class NothingReadable(Exception):
    """The input as a whole cannot be used; the message is one clear sentence (exit status 2)."""


class BadFile(Exception):
    """One file cannot be read: the problem and the remedy.

    may_hold_rows: whether rows of a register may be in it, which then may be anybody's; not so in a
    file that the product wrote.
    """

    def __init__(
        self, problem: str, remedy: str, row: int | None = None, *, may_hold_rows: bool = True
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.row = row
        self.may_hold_rows = may_hold_rows


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """What a sheet holds in place of a value that its file lost: an error value, a formula without
    a stored result, a number that may be a day of another calendar.

    A column that is read raises `bad_cell()`; in a column that is not used it does no harm.
    """

    shown: str  # what stands in the file: "#N/A", "=DATE(2026,5,1)"
    problem: str
    remedy: str

    def bad_cell(self) -> BadCell:
        """The problem as an error."""
        return BadCell(self.problem, self.remedy)

    def __str__(self) -> str:
        return self.shown
