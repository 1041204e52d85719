"""Where the statements run: DuckDB in this process, or a Spark Connect server.

The text is the same.
"""

import os
import re
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import duckdb
import pyarrow as pa

SQL = Path(__file__).parent
PATIENCE_SECONDS = 5.0
MEMORY = "3GB"  # a nation runs no slower within it


class NoSpark(Exception):
    """The Spark Connect client is not installed, or no server answers; the message says which."""


class Session(Protocol):
    """Tables bound by name, and statements over them."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None: ...

    def run(self, statement: str) -> pa.Table:
        """The result of one of the statements, by its file name."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class DuckSession:
    """DuckDB over Arrow tables; nothing is copied.

    What outgrows MEMORY goes to a folder that is removed again.
    """

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._overflow = tempfile.TemporaryDirectory(
            prefix="qualwatch-", ignore_cleanup_errors=True
        )
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": self._overflow.name,
                "preserve_insertion_order": False,  # every statement says its order
            }
        )
        for name, table in tables.items():
            self._connection.register(name, table)

    def run(self, statement: str) -> pa.Table:
        """The result of one of the statements."""
        return self.ask(text_of(statement))

    def ask(self, text: str) -> pa.Table:
        """The result of any statement."""
        return self._connection.sql(text).to_arrow_table()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()
        self._overflow.cleanup()


def text_of(statement: str) -> str:
    """The text of a statement, by its file name."""
    return (SQL / statement).read_text(encoding="utf-8")


def spark_session(address: str) -> type[Session]:
    """Sessions on the Spark Connect server at `sc://host:port`."""

    class SparkSession:
        """Spark Connect: tables go there as Arrow, results come back as Arrow."""

        def __init__(self, tables: Mapping[str, pa.Table]) -> None:
            self._spark = _connected(address)
            for name, table in tables.items():
                self._bind(name, table)

        def _bind(self, name: str, table: pa.Table) -> None:
            # Spark reads no types from an empty table: bind one empty row, and leave it out
            rows = table if len(table) else pa.Table.from_pylist([{}], table.schema)
            frame = self._spark.createDataFrame(rows)
            view = frame if len(table) else frame.where("false")
            view.createOrReplaceTempView(name)

        def run(self, statement: str) -> pa.Table:
            """The result of one of the statements."""
            table: pa.Table = self._spark.sql(text_of(statement)).toArrow()
            return table

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            self._spark.stop()

    return SparkSession


def _connected(address: str) -> Any:
    try:
        import pyspark  # an optional extra, and slow to load
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NoSpark("pip install 'qualwatch[spark]'") from error
    # without SPARK_HOME the client searches for it, and may exit
    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    server = re.fullmatch(r"sc://([^:/;]+):(\d+)([/;].*)?", address)
    if server is None:
        raise NoSpark(f"{address}: sc://host:port")
    try:
        # the client itself would go on trying for minutes
        socket.create_connection((server[1], int(server[2])), timeout=PATIENCE_SECONDS).close()
        return SparkSession.builder.remote(address).getOrCreate()
    except Exception as error:  # the client raises whatever its transport raises
        raise NoSpark(f"{address}: {str(error).splitlines()[0]}") from error
