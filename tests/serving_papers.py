"""Service in tests: who acts when, the task that waits for a document."""

from __future__ import annotations

from datetime import date
from typing import Any

from bureau import Bureau
from qualwatch.cases.models import Document, Task

OVER = date(2026, 7, 21)


def told(bureau: Bureau, day: date, by: str = "officer") -> dict[str, Any]:
    """Who acts, by which law, when."""
    return {"by": bureau.who(by), "law": bureau.law, "at": bureau.office.tick(day)}


def task_of(document: Document) -> Task:
    """The one that says by which way to serve it."""
    return Task.objects.get(kind="serve", detail__startswith=document.number, completed_on=None)
