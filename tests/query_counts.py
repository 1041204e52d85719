"""The number of queries of each page: at most as recorded in queries.json, and at most twelve.

`RECORD_QUERIES=1 pytest tests/office -k small` writes what it finds; growth then shows in the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

RECORD = Path(__file__).parent / "queries.json"
MOST = 12


def page_name(path: str) -> str:
    """The name of the page at an address; a search with and without a question are two."""
    place, _mark, query = path.partition("?")
    try:
        name = resolve(place).url_name or place
    except Resolver404:  # an address that leads nowhere is a page too
        name = "no-such-page"
    return f"{name}?" if query else name


def assert_recorded(name: str, queries: CaptureQueriesContext) -> None:
    """At most as many queries as recorded in queries.json, and at most `MOST`."""
    limits: dict[str, int] = (
        json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
    )
    assert len(queries) <= MOST, (
        name,
        [captured_query["sql"] for captured_query in queries.captured_queries],
    )
    if os.environ.get("RECORD_QUERIES") == "1":
        limits[name] = max(len(queries), limits.get(name, 0))
        RECORD.write_text(json.dumps(limits, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert len(queries) <= limits.get(name, -1), (
        name,
        "see tests/query_counts.py",
        [captured_query["sql"] for captured_query in queries.captured_queries],
    )
