"""Many rows at once, through Django's own connection and in its transaction: COPY on PostgreSQL, cursors on SQLite."""

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.db import connection

TYPES = {pa.string(): "text", pa.date32(): "date", pa.int32(): "integer", pa.int64(): "bigint", pa.binary(): "bytea"}
_numbers = count(1)


class Staged:
    """Columns in a temporary table, which is gone at the end; `str()` is its name."""

    def __init__(self, columns: Mapping[str, pa.Array | pa.ChunkedArray], name: str) -> None:
        self._table = pa.table(dict(columns))
        self._kinds = [field.type for field in self._table.schema]
        self._name = f"{name}_{next(_numbers)}"

    def __str__(self) -> str:
        return self._name

    def __enter__(self) -> Self:
        names = self._table.column_names
        columns = ", ".join(f"{name} {TYPES[kind]}" for name, kind in zip(names, self._kinds, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {self._name} ({columns})")
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self._name} FROM STDIN (FORMAT csv)") as copy:
                    for batch in _as_text(self._table).to_batches(100_000):
                        sink = io.BytesIO()
                        options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
                        pa_csv.write_csv(pa.table(batch), sink, options)
                        copy.write(sink.getvalue())
            else:
                marks = ", ".join("%s" for _ in self._table.schema)
                shown = [pc.cast(one, pa.string()) if one.type == pa.date32() else one for one in self._table.columns]
                for start in range(0, len(self._table), 50_000):
                    rows = zip(*(one.slice(start, 50_000).to_pylist() for one in shown), strict=True)
                    cursor.executemany(f"INSERT INTO {self._name} VALUES ({marks})", list(rows))
        return self

    def index(self, columns: Sequence[str]) -> None:
        """An index over some columns, and what PostgreSQL wants to know of the rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE INDEX {self._name}_key ON {self._name} ({', '.join(columns)})")
            cursor.execute(f"ANALYZE {self._name}")

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:  # after an error the transaction is undone, and the table with it
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {self._name}")


def _as_text(table: pa.Table) -> pa.Table:
    """Bytes written as PostgreSQL reads them in CSV."""
    for at, field in enumerate(table.schema):
        if field.type == pa.binary():
            shown = ["\\x" + one.hex() if one is not None else None for one in table.column(at).to_pylist()]
            table = table.set_column(at, field.name, pa.array(shown, pa.string()))
    return table


def execute(statement: str, values: Sequence[Any] = ()) -> int:
    """A statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def rows_of(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def table_of(columns: Mapping[str, str], schema: pa.Schema, rest: str, values: Sequence[Any] = ()) -> pa.Table:
    """A query's result as columns: `columns` are SQL expressions by name, `rest` begins with FROM."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            selected = ", ".join(f"{text} AS {name}" for name, text in columns.items())
            query = cursor.mogrify(f"SELECT {selected} {rest}", values) if values else f"SELECT {selected} {rest}"
            sink = io.BytesIO()
            with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
                for part in copy:
                    sink.write(part)
        return _parsed(sink, schema)
    selected = ", ".join(
        f"CAST({columns[field.name]} AS TEXT)" if field.type in (pa.string(), pa.date32()) else columns[field.name]
        for field in schema
    )  # cast, or Django's converters make an object of every day
    rows = rows_of(f"SELECT {selected} {rest}", values)
    told: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [[] for _ in schema]
    arrays = [
        pc.cast(pa.array(one, pa.string()), field.type) if field.type == pa.date32() else pa.array(one, field.type)
        for one, field in zip(told, schema, strict=True)
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
            column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
