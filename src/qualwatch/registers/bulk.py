"""Bulk reads and writes through Django's connection, in its transaction.

COPY on PostgreSQL, cursors on SQLite.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.db import connection

TYPES = {
    pa.string(): "text",
    pa.date32(): "date",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.binary(): "bytea",
}
MAX_LITERAL_ROWS = 50  # rows that are literal values
BATCH = 25_000  # rows written at once
_numbers = count(1)


class Staged:
    """A table of columns for the duration of a block; `str()` gives what stands after FROM.

    A temporary table or, of few rows on PostgreSQL, literal values.
    """

    def __init__(self, columns: Mapping[str, pa.Array | pa.ChunkedArray], name: str) -> None:
        self._table = pa.table(dict(columns))
        self._name = f"{name}_{next(_numbers)}"
        self._is_few = connection.vendor == "postgresql" and len(self._table) <= MAX_LITERAL_ROWS

    def __str__(self) -> str:
        return self._name

    def __enter__(self) -> Self:
        if self._is_few:  # a temporary table costs PostgreSQL more than such rows do
            self._name = _as_values(self._table)
            return self
        columns = ", ".join(f"{field.name} {TYPES[field.type]}" for field in self._table.schema)
        execute(f"CREATE TEMPORARY TABLE {self._name} ({columns})")
        fill(self._name, self._table.column_names, [self._table])
        return self

    def index(self, columns: Sequence[str]) -> None:
        """Creates an index over some columns and updates the planner's statistics."""
        if not self._is_few:
            execute(f"CREATE INDEX {self._name}_key ON {self._name} ({', '.join(columns)})")
            execute(f"ANALYZE {self._name}")

    def __exit__(self, kind: object, *error: object) -> None:
        # after an error the transaction is undone, and the table with it
        if kind is None and not self._is_few:
            execute(f"DROP TABLE {self._name}")


def fill(name: str, columns: Sequence[str], parts: Iterable[pa.Table]) -> int:
    """Inserts rows into a table; returns how many.

    On PostgreSQL `parts` are made in a thread while earlier ones are written.
    """
    if connection.vendor == "postgresql":
        # the next part is encrypted and written as CSV while the database reads this one
        with connection.cursor() as cursor, ThreadPoolExecutor(1) as executor:
            texts = _as_csv(parts)
            with cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN (FORMAT csv)") as copy:
                prepared = executor.submit(next, texts, b"")
                while text := prepared.result():
                    prepared = executor.submit(next, texts, b"")
                    copy.write(text)
            return int(cursor.rowcount)
    written = 0
    statement = (
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('%s' for _ in columns)})"
    )
    with connection.cursor() as cursor:
        for batch in _batches(parts):
            shown = [
                # SQLite has no type for days: Django stores them as ISO texts
                pc.cast(column, pa.string()) if column.type == pa.date32() else column
                for column in batch.columns
            ]
            cursor.executemany(
                statement, list(zip(*(one.to_pylist() for one in shown), strict=True))
            )
            written += len(batch)
    return written


def _as_csv(parts: Iterable[pa.Table]) -> Iterator[bytes]:
    for batch in _batches(parts):
        sink = io.BytesIO()
        pa_csv.write_csv(
            _as_text(batch), sink, pa_csv.WriteOptions(include_header=False, quoting_style="needed")
        )
        yield sink.getvalue()


def _batches(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    return (part.slice(start, BATCH) for part in parts for start in range(0, len(part), BATCH))


def _as_values(table: pa.Table) -> str:
    """A query of literal rows for a statement with parameters of its own."""
    kinds = [TYPES[field.type] for field in table.schema]
    names = ", ".join(table.column_names)
    if not len(table):
        null_columns = ", ".join(
            f"NULL::{kind} AS {name}" for kind, name in zip(kinds, table.column_names, strict=True)
        )
        return f"(SELECT {null_columns} WHERE FALSE)"
    row = f"({', '.join(f'%s::{kind}' for kind in kinds)})"
    cells = [
        cell
        for one in zip(*(column.to_pylist() for column in table.columns), strict=True)
        for cell in one
    ]
    with connection.cursor() as cursor:
        rows = cursor.mogrify(", ".join([row] * len(table)), cells)
    # the text stands in a statement with placeholders: a % of its own is doubled
    return f"(SELECT * FROM (VALUES {rows}) v ({names}))".replace("%", "%%")


def _as_text(table: pa.Table) -> pa.Table:
    """Bytes in the CSV form that PostgreSQL reads."""
    for at, field in enumerate(table.schema):
        if field.type == pa.binary():
            shown = [
                "\\x" + one.hex() if one is not None else None
                for one in table.column(at).to_pylist()
            ]
            table = table.set_column(at, field.name, pa.array(shown, pa.string()))
    return table


def execute(statement: str, values: Sequence[Any] = ()) -> int:
    """Runs a statement; returns the number of rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def rows_of(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def table_of(
    columns: Mapping[str, str], schema: pa.Schema, rest: str, values: Sequence[Any] = ()
) -> pa.Table:
    """A query's result as columns. `columns`: SQL expressions by name; `rest` begins with FROM."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            selected = ", ".join(f"{text} AS {name}" for name, text in columns.items())
            query = (
                cursor.mogrify(f"SELECT {selected} {rest}", values)
                if values
                else f"SELECT {selected} {rest}"
            )
            sink = io.BytesIO()
            with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
                for part in copy:
                    sink.write(part)
        return _parsed(sink, schema)
    selected = ", ".join(
        f"CAST({columns[field.name]} AS TEXT)"
        if field.type in (pa.string(), pa.date32())
        else columns[field.name]
        for field in schema
    )  # cast, or Django's converters make an object of every day
    rows = rows_of(f"SELECT {selected} {rest}", values)
    cells: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [[] for _ in schema]
    arrays = [
        pc.cast(pa.array(one, pa.string()), field.type)
        if field.type == pa.date32()
        else pa.array(one, field.type)
        for one, field in zip(cells, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _parsed(sink: io.BytesIO, schema: pa.Schema) -> pa.Table:
    if not sink.tell():
        return schema.empty_table()
    sink.seek(0)
    return pa_csv.read_csv(
        sink,
        read_options=pa_csv.ReadOptions(column_names=schema.names),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            # COPY writes NULL as an empty field and an empty text as ""
            quoted_strings_can_be_null=False,
        ),
    )
