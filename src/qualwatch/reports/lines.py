"""Findings for other programs: JSON Lines (one finding a line) and Parquet (one row a finding)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pa_parquet

from qualwatch.privacy import hidden_in
from qualwatch.reports.check import CheckReport, finding_as_dict

TEXT, NUMBER = pa.string(), pa.int32()
CLAUSE = pa.struct(
    [("text", TEXT), ("at_least", NUMBER), ("eligible", NUMBER), ("eligible_possible", NUMBER)]
)
NUMBERS = {"required", "held", "possible", "shortfall"}
LISTS = {"clauses": pa.list_(CLAUSE), "basis": pa.list_(TEXT), "because": pa.list_(TEXT)}
COLUMNS = (
    "credit_code",
    "enterprise",
    "certificate_no",
    "licensing_authority",
    "qualification",
    "sub_item",
    "grade",
    "requirement",
    "text",
    "verdict",
    "required",
    "held",
    "possible",
    "shortfall",
    "clauses",
    "basis",
    "because",
)
SCHEMA = pa.schema(
    [(name, LISTS.get(name, NUMBER if name in NUMBERS else TEXT)) for name in COLUMNS]
)


def json_lines(report: CheckReport) -> Iterator[str]:
    """Every finding as one line of JSON, with the day it is of."""
    for finding in report.findings:
        document = {"as_of": str(report.as_of), **finding_as_dict(finding)}
        yield json.dumps(hidden_in(document), ensure_ascii=False) + "\n"


def write_json_lines(report: CheckReport, path: Path) -> None:
    """All findings as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json_lines(report))


def write_parquet(report: CheckReport, path: Path) -> None:
    """All findings as Parquet in SCHEMA; the day, the policy and the law's digest are metadata."""
    metadata = {
        "as_of": str(report.as_of),
        "policy": report.policy.slug,
        "law_digest": report.law.digest,
    }
    rows = [finding_as_dict(finding) for finding in report.findings]
    table = pa.Table.from_pylist(rows, SCHEMA.with_metadata(metadata))
    pa_parquet.write_table(table, path)
