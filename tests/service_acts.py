"""Service in tests: arguments of acts, the task of a document."""

from __future__ import annotations

from datetime import date

from qualwatch.cases.models import Document, Task

PERIOD_OVER = date(2026, 7, 21)


def service_task_of(document: Document) -> Task:
    """The open task that names the service method of a document."""
    return Task.objects.get(kind="serve", detail__startswith=document.number, completed_on=None)
