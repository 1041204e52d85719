"""Floor, findings.sql and anomalies.sql over one nation, bound as columnar.evaluate binds them:
Arrow tables.
"""

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from measure import HERE, answer, peak_gigabytes, seconds
from nation import DAY, nation

from qualwatch.evaluation import columnar, sessions
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.law_tables import LawTables
from qualwatch.intake.facts_folder import read_facts
from qualwatch.law.loader import load_law


class Nation:
    """One nation bound to a connection, with the seconds of reading and binding."""

    def __init__(self, enterprises: int) -> None:
        self.law = load_law()
        folder = nation(enterprises)
        self.facts: Facts | None = None
        self.durations = {"read": seconds(partial(self._read, folder)), "bind": seconds(self._bind)}

    def _read(self, folder: Path) -> None:
        self.facts = read_facts(folder, self.law)

    def _bind(self) -> None:
        assert self.facts is not None
        tables = LawTables(self.law, self.law.policy_on(DAY), DAY)
        self.session = sessions.DuckSession(columnar.Bound(self.facts, tables).tables)

    def rows(self) -> dict[str, int]:
        """Rows of the larger facts tables."""
        assert self.facts is not None
        names = ("enterprises", "items", "registrations", "people", "contributions", "unparsed")
        return {name: len(self.facts.tables[name]) for name in names}

    def run(self, name: str) -> pa.Table:
        """All rows of a statement: the floor, or one of the package's."""
        path = HERE / name if name == "floor.sql" else sessions.SQL / name
        return self.session.ask(path.read_text(encoding="utf-8"))


def work(words: list[str]) -> dict[str, Any]:
    """Words: timed ENTERPRISES, or memory ENTERPRISES."""
    kind, enterprises = words[0], int(words[1])
    nation = Nation(enterprises)
    findings = nation.run("findings.sql")
    anomalies = nation.run("anomalies.sql")
    if kind == "memory":
        return {"peak_gigabytes": peak_gigabytes()}
    return {
        **nation.durations,
        "enterprises": enterprises,
        "cores": os.cpu_count(),
        "duckdb": duckdb.__version__,
        "rows": nation.rows(),
        "findings_rows": len(findings),
        "anomalies_rows": len(anomalies),
        "verdicts": dict(Counter(findings.column("verdict").to_pylist()).most_common()),
        "floor": seconds(partial(nation.run, "floor.sql"), 5),
        "findings": seconds(partial(nation.run, "findings.sql"), 3),
        "anomalies": seconds(partial(nation.run, "anomalies.sql"), 3),
    }


if __name__ == "__main__":
    answer(work)
