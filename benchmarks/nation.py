"""A synthetic nation as facts tables in Parquet, made by one SQL script.

The same seed gives the same facts.
"""

import argparse
import shutil
from datetime import date
from pathlib import Path
from time import perf_counter

import duckdb
import nation_tables

from qualwatch.evaluation.facts import SCHEMAS
from qualwatch.law.loader import load_law

HERE = Path(__file__).parent
CACHE = HERE.parent / "build" / "bench"
DAY = date(2026, 5, 20)
PEOPLE_EACH = 16  # 8 million people in 500,000 enterprises
ABSENT = ("coverage",)  # contributions then cover the months and people present, loaded on the day


def nation(enterprises: int, seed: int = 1) -> Path:
    """The folder of a synthetic nation, made on first use."""
    folder = CACHE / f"nation-{enterprises}-{seed}"
    if not folder.is_dir():
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _make(part, enterprises, seed)
        part.rename(folder)
    return folder


def _make(folder: Path, enterprises: int, seed: int) -> None:
    connection = duckdb.connect()
    for name, table in nation_tables.tables(load_law(), DAY).items():
        connection.register(name, table)
    values = {
        "enterprises": enterprises,
        "people": enterprises * PEOPLE_EACH,
        "seed": seed,
        "as_of": DAY,
    }
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    connection.execute((HERE / "nation.sql").read_text(encoding="utf-8"))
    for name, schema in SCHEMAS.items():
        if name in ABSENT:
            continue
        columns = ", ".join(f'"{column}"' for column in schema.names)
        connection.execute(
            f"COPY (SELECT {columns} FROM {name}) TO '{folder / name}.parquet' (FORMAT parquet)"
        )
    connection.close()


def main() -> None:
    """Makes one nation and says how long it takes."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--enterprises", type=int, default=500_000)
    words.add_argument("--seed", type=int, default=1)
    namespace = words.parse_args()
    begin = perf_counter()
    folder = nation(namespace.enterprises, namespace.seed)
    print(f"{folder}  {perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
