"""Kinds of task: each opened in code is in the table, and an unknown kind is refused."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from django.urls import reverse

import qualwatch
from qualwatch.cases import tasks
from qualwatch.cases.models import Task
from qualwatch.cases.tasks import TASK_KINDS, UnknownTask, new_task, open_tasks
from qualwatch.procedure.state import ROUTES
from qualwatch.procedure.transitions import BY_EVENT

SOURCES = sorted(Path(qualwatch.__file__).parent.rglob("*.py"))
DAY = date(2026, 5, 20)
STAGES = {stage for stages in ROUTES.values() for stage in stages} - {"opened"}
# Functions of tasks.py that take a kind, and its place among their arguments.
KIND_ARGUMENT = {"new_task": 1, "open_task": 1, "open_tasks": 0, "due_day": 0}


def calls_of(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def name_of_call(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def literal(node: ast.expr) -> str | None:
    """A kind that is written out or a constant of tasks.py; None where it is computed."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    constant = getattr(tasks, node.id, None) if isinstance(node, ast.Name) else None
    return constant if isinstance(constant, str) else None


def kinds_opened() -> set[str]:
    """Kinds named in calls, and in effects `open-task` of the procedure."""
    kinds: set[str | None] = set()
    for path in SOURCES:
        for call in calls_of(path):
            name = name_of_call(call)
            if name in KIND_ARGUMENT and len(call.args) > KIND_ARGUMENT[name]:
                kinds.add(literal(call.args[KIND_ARGUMENT[name]]))
            if name == "Effect" and literal(call.args[0]) == "open-task":
                detail = next((word.value for word in call.keywords if word.arg == "detail"), None)
                kinds.add(literal(detail or call.args[2]))
    return {kind for kind in kinds if kind is not None}


def test_every_kind_opened_in_code_is_in_the_table() -> None:
    kinds = kinds_opened()
    assert {"propose", "sign", "review", "serve", "serve-order", "answer", "hearing"} <= kinds
    assert kinds <= set(TASK_KINDS)


def test_tasks_are_made_in_one_place() -> None:
    elsewhere = [
        path.name
        for path in SOURCES
        if path.name != "tasks.py" and "migrations" not in path.parts
        for call in calls_of(path)
        if ast.unparse(call.func) in ("Task", "Task.objects.create", "Task.objects.get_or_create")
    ]
    assert elsewhere == []


def test_every_constant_of_a_kind_is_in_the_table() -> None:
    constants = {
        value
        for name, value in vars(tasks).items()
        if name.isupper() and isinstance(value, str) and name != "PROVINCE"
    }
    assert constants <= set(TASK_KINDS)


def test_rows_name_events_stages_and_pages_that_exist() -> None:
    for slug, kind in TASK_KINDS.items():
        assert kind.sentence, slug
        assert set(kind.closed_by) <= set(BY_EVENT), slug
        if kind.page:
            assert reverse(kind.page, args=[1]), slug
    assert {kind.stage for kind in TASK_KINDS.values() if kind.stage} == STAGES


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownTask):
        new_task(None, "unknown", opened_on=DAY, authority="province")
    with pytest.raises(UnknownTask):
        open_tasks("unknown")
    longest = Task._meta.get_field("kind").max_length or 0
    assert all(len(slug) <= longest for slug in TASK_KINDS)
