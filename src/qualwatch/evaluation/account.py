"""How a reading went: plain types that intake fills and reports show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row (or, with row None, a file) that was not taken; `value` is masked. Rows count from 1."""

    file: str
    sheet: str
    row: int | None
    column: str
    value: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to look at that kept nothing out."""

    file: str
    sheet: str
    row: int | None
    column: str
    text: str


@dataclass(slots=True)
class FileAccount:
    """What became of one table in one sheet: read = accepted + rejected."""

    file: str
    sheet: str
    table: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
