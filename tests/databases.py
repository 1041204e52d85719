"""Databases for commands in processes of their own: SQLite files, or databases of the tests' PostgreSQL cluster."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg

COUNT = [0]


def on_postgresql() -> bool:
    """Whether this run of the tests is the one on PostgreSQL."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def state_of(folder: Path) -> dict[str, str]:
    """The environment of an office of its own: its state folder and its database, not there yet."""
    if not on_postgresql():
        return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": ""}
    COUNT[0] += 1
    name = f"own_{os.getpid()}_{COUNT[0]}"
    _execute(f"CREATE DATABASE {name}")
    return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": _address(name)}


def copy_of(state: dict[str, str], folder: Path) -> dict[str, str]:
    """The same office again, in another folder and database."""
    shutil.copytree(state["QUALWATCH_STATE"], folder)
    if not state["DATABASE_URL"]:
        return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": ""}
    COUNT[0] += 1
    name = f"own_{os.getpid()}_{COUNT[0]}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {state['DATABASE_URL'].split('/')[3].split('?')[0]}")
    return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": _address(name)}


def _address(name: str) -> str:
    return os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")


def _execute(statement: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement)
