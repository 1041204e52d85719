"""The account of what was read: plain types that intake fills and reports show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected row (or, with row None, file); `value` is masked. Rows count from 1."""

    file: str
    sheet: str
    row: int | None
    column: str
    value: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark on a row or sheet; nothing was rejected because of it."""

    file: str
    sheet: str
    row: int | None
    column: str
    text: str


@dataclass(slots=True)
class FileAccount:
    """The row counts of one table in one sheet: read = accepted + rejected + refused.

    refused: rows of a table whose header was not understood; not_rows: lines beside those read,
    such as titles and totals.
    """

    file: str
    sheet: str
    table: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    refused: int = 0
    not_rows: int = 0

    @property
    def is_understood(self) -> bool:
        """Whether the table is empty or some of its rows were read by a header."""
        return not self.refused or self.accepted + self.rejected > 0
