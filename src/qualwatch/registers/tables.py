"""The rows of one source compared with a register's table as sets, and applied to it."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Self

import duckdb
import pyarrow as pa

from qualwatch.registers.bulk import MAX_LITERAL_ROWS, Staged, execute, fill, rows_of
from qualwatch.registers.models import Recorded, Revision, RevisionClock


@dataclass(frozen=True, slots=True)
class Change:
    """Rows after a load: rows = added + changed + unchanged; `absent`: no longer in the list."""

    rows: int
    added: int
    changed: int
    unchanged: int
    absent: int

    def with_rows_of_source(self, rows_before: int) -> "Change":
        """The same counts over all rows of the source, of which there were `rows_before`."""
        rows = rows_before + self.added - self.absent
        unchanged = rows - self.added - self.changed
        return Change(rows, self.added, self.changed, unchanged, self.absent)

    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


def lock() -> None:
    """Waits for earlier changes of the registers to commit and keeps later ones waiting."""
    if not RevisionClock.objects.select_for_update().filter(number=1):
        RevisionClock.objects.get_or_create(number=1)
        RevisionClock.objects.select_for_update().get(number=1)


def next_revision(*, what: str, by: str, at: datetime) -> Revision:
    """The next revision; locks the registers."""
    lock()
    last = Revision.objects.order_by("-id").first()
    # whoever waited for the lock was not known before
    at = max(at, last.recorded_at) if last else at
    return Revision.objects.create(recorded_at=at, by=by, what=what)


class Table:
    """Rows of one source, staged beside the register's table.

    `columns` has the table's facts (Recorded.facts); of a full list, a row that it lacks is absent.
    `within`: the list is full for these enterprises only; `apart_from`: not for these; `among`:
    only for these people (numbers) or enterprises (codes).
    """

    def __init__(
        self,
        model: type[Recorded],
        source: str,
        columns: pa.Table,
        *,
        is_full: bool,
        within: Iterable[str] | None = None,
        apart_from: Iterable[str] = (),
        among: pa.Array | None = None,
    ) -> None:
        self.model, self.source, self.is_full = model, source, is_full
        self.within = None if within is None else sorted(set(within))
        self.apart_from = sorted(set(apart_from))
        self._among = among
        self._concerned: Staged | None = None
        self.name = model._meta.db_table
        self.facts = model.fact_columns()
        self.key = (*model.KEY, "duplicate_no")
        self._rows = _with_duplicate_no(columns.select(self.facts), model.KEY)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._is_first = (
            self.is_full
            and len(self._rows) > MAX_LITERAL_ROWS
            and not rows_of(
                f"SELECT 1 FROM {self.name} t WHERE t.source = %s AND t.recorded_to IS NULL LIMIT "
                "1",
                [self.source],
            )
        )
        if self._is_first:  # nothing to compare with
            return self
        columns = {name: self._rows.column(name) for name in self._rows.column_names}
        self.staged = self._stack.enter_context(Staged(columns, f"staged_{self.name}"))
        if self._among is not None:
            self._concerned = self._stack.enter_context(
                Staged({"id": self._among}, "staged_concerned")
            )
            self._concerned.index(["id"])
        self.staged.index(self.key)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._stack.__exit__(kind, *rest)  # type: ignore[arg-type]  # handed through as it came

    def row_count_of_source(self) -> int:
        """Rows of the source on record, without the limits of this list."""
        query = f"SELECT count(*) FROM {self.name} WHERE source = %s AND recorded_to IS NULL"
        return int(rows_of(query, [self.source])[0][0])

    def absent_rows(self) -> int:
        """Rows on record whose key is not among those staged."""
        if self._is_first:
            return 0
        query = f"SELECT count(*) FROM {self.name} t WHERE {self._current} AND NOT {self._staged()}"
        return int(rows_of(query, self._values)[0][0])

    def apply(self, revision: int, as_of: date) -> Change:
        """Ends rows that changed or are absent, adds new ones.

        The same rows again change nothing.
        """
        if self._is_first:
            return self._fill(revision)
        changed = execute(
            f"UPDATE {self.name} AS t SET recorded_to = %s "
            f"WHERE {self._current} AND {self._staged()} AND NOT {self._staged(with_values=True)}",
            [revision, *self._values],
        )
        only_listed = "" if self.is_full else f"AND {self._staged(self.model.source_key())} "
        absent = execute(
            f"UPDATE {self.name} AS t SET recorded_to = %s, absent_since = %s "
            f"WHERE {self._current} {only_listed}AND NOT {self._staged()}",
            [revision, as_of, *self._values],
        )
        names = ", ".join((*self.facts, "duplicate_no"))
        same = " AND ".join(f"t.{name} = s.{name}" for name in self.key)
        added = execute(
            f"INSERT INTO {self.name} ({names}, source, recorded_from) SELECT {names}, %s, %s "
            f"FROM {self.staged} s "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.name} t WHERE {same} AND {self._current})",
            [self.source, revision, *self._values],
        )
        rows = len(self._rows)
        return Change(rows, added - changed, changed, rows - added, absent)

    def _fill(self, revision: int) -> Change:
        """Copies the first rows of a source into the table, in the order of its index."""
        rows = self._rows.sort_by([(name, "ascending") for name in self.model.KEY])
        rows = rows.append_column("source", pa.repeat(pa.scalar(self.source), len(rows)))
        rows = rows.append_column("recorded_from", pa.repeat(pa.scalar(revision), len(rows)))
        added = fill(self.name, rows.column_names, [rows])
        execute(f"ANALYZE {self.name}")  # or the database guesses of a table that it knows as empty
        return Change(added, added, 0, 0, 0)

    def add(self, revision: int) -> int:
        """Adds every row beside those of its key."""
        key = self.model.KEY
        same = " AND ".join(f"t.{name} = s.{name}" for name in key)
        names = ", ".join(self.facts)
        return execute(
            f"INSERT INTO {self.name} ({names}, duplicate_no, source, recorded_from) SELECT "
            f"{names}, s.duplicate_no + coalesce("
            f"(SELECT max(t.duplicate_no) FROM {self.name} t WHERE {same} AND t.source = %s), 0), "
            f"%s, %s FROM {self.staged} s",
            [self.source, self.source, revision],
        )

    def end(self, revision: int, as_of: date) -> int:
        """Ends the rows on record with the keys staged; returns how many."""
        return execute(
            f"UPDATE {self.name} AS t SET recorded_to = %s, absent_since = %s "
            f"WHERE {self._current} AND {self._staged(self.model.source_key())}",
            [revision, as_of, *self._values],
        )

    def was_written_since(self, revision: int) -> bool:
        """Whether a row that those staged stand for was recorded or ended after a revision."""
        query = (
            f"SELECT 1 FROM {self.name} t WHERE t.source = %s "
            "AND (t.recorded_from > %s OR t.recorded_to > %s) "
            f"AND {self._staged(self.model.source_key())} LIMIT 1"
        )
        return bool(rows_of(query, [self.source, revision, revision]))

    @property
    def _current(self) -> str:
        current = "t.source = %s AND t.recorded_to IS NULL"
        if self.within is not None:
            current += f" AND t.credit_code IN ({', '.join(['%s'] * len(self.within)) or 'NULL'})"
        if self._among is not None:
            who = "person_id" if pa.types.is_integer(self._among.type) else "credit_code"
            current += f" AND t.{who} IN (SELECT id FROM {self._concerned} c)"
        if self.apart_from:
            current += f" AND t.credit_code NOT IN ({', '.join(['%s'] * len(self.apart_from))})"
        return current

    @property
    def _values(self) -> list[object]:
        return [self.source, *(self.within or ()), *self.apart_from]

    def _staged(self, key: Iterable[str] = (), *, with_values: bool = False) -> str:
        same = [f"s.{name} = t.{name}" for name in key or self.key]
        if with_values:
            same += [
                f"s.{name} IS NOT DISTINCT FROM t.{name}"
                for name in self.facts
                if name not in self.key
            ]
        return f"EXISTS (SELECT 1 FROM {self.staged} s WHERE {' AND '.join(same)})"


def _with_duplicate_no(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows with duplicate_no: those that share a key are numbered from 1.

    In the order of their values.
    """
    distinct = len(pa.TableGroupBy(rows, list(key)).aggregate([])) if len(rows) else 0
    if distinct == len(rows):
        return rows.append_column("duplicate_no", pa.repeat(pa.scalar(1, pa.int32()), len(rows)))
    keys, everything = (
        ", ".join(f'"{name}"' for name in names) for names in (key, rows.column_names)
    )
    with duckdb.connect() as connection:
        connection.register("unnumbered_rows", rows)
        query = (
            f"SELECT *, CAST(row_number() OVER (PARTITION BY {keys} ORDER BY {everything}) AS "
            "INTEGER) AS duplicate_no FROM unnumbered_rows"
        )
        return connection.sql(query).to_arrow_table()
