"""Floor, findings.sql and anomalies.sql over one nation, bound as columnar.evaluate binds them: Arrow tables."""

import os
from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa
from measure import HERE, answer, peak_gigabytes, seconds
from nation import DAY, nation

from qualwatch.evaluation import columnar
from qualwatch.evaluation.law_tables import LawTables
from qualwatch.intake.facts_folder import read_facts
from qualwatch.law.loader import load_law


def bound(enterprises: int) -> tuple[duckdb.DuckDBPyConnection, dict[str, float]]:
    """A connection with the facts and the law of the day bound, and what reading and binding took."""
    law, took = load_law(), {}
    facts, tables = None, {}

    def read() -> None:
        nonlocal facts
        facts = read_facts(nation(enterprises), law)

    def bind() -> None:
        assert facts is not None
        law_tables = LawTables(law, law.policy_on(DAY), DAY)
        tables.update({**law_tables.tables(), **columnar._facts_tables(facts, law_tables)})

    nation(enterprises)
    took["read"], took["bind"] = seconds(read), seconds(bind)
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    return connection, took


def statement(name: str) -> str:
    """The text of a statement: the floor, or one of the package's."""
    path = HERE / name if name == "floor.sql" else columnar.SQL / name
    return path.read_text(encoding="utf-8")


def work(words: list[str]) -> dict[str, Any]:
    """Words: timed ENTERPRISES, or memory ENTERPRISES."""
    kind, enterprises = words[0], int(words[1])
    connection, figures = bound(enterprises)

    def run(name: str) -> pa.Table:
        return connection.sql(statement(name)).to_arrow_table()

    if kind == "memory":
        run("findings.sql")
        run("anomalies.sql")
        return {"peak_gigabytes": peak_gigabytes()}
    found = run("findings.sql")
    verdicts = Counter(found.column("verdict").to_pylist())
    return {
        **figures,
        "enterprises": enterprises,
        "cores": os.cpu_count(),
        "duckdb": duckdb.__version__,
        "floor": seconds(lambda: run("floor.sql"), 5),
        "findings": seconds(lambda: run("findings.sql"), 3),
        "anomalies": seconds(lambda: run("anomalies.sql"), 3),
        "rows": len(found),
        "anomaly_rows": len(run("anomalies.sql")),
        "verdicts": dict(verdicts.most_common()),
        "tables": {name: connection.table(name).aggregate("count(*)").fetchall()[0][0] for name in
                   ("enterprises", "items", "registrations", "people", "contribution")},
    }  # fmt: skip


if __name__ == "__main__":
    answer(work)
