"""Databases of commands in their own processes: SQLite files, or databases of the tests' PostgreSQL cluster."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import psycopg

COUNT = [0]
HOME = Path(__file__).parent


def on_postgresql() -> bool:
    """Whether this run of the tests is the one on PostgreSQL."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def office_environment(folder: Path) -> dict[str, str]:
    """The environment of a new office: state folder and database, not prepared yet."""
    if not on_postgresql():
        return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": ""}
    COUNT[0] += 1
    name = f"own_{os.getpid()}_{COUNT[0]}"
    _execute(f"CREATE DATABASE {name}")
    return {"QUALWATCH_STATE": str(folder), "DATABASE_URL": _address(name)}


def prepare_office(folder: Path) -> dict[str, str]:
    """A prepared office: a copy of one that each test process prepares once."""
    return copy_office(_prepared_template(), folder)


@cache
def _prepared_template() -> dict[str, str]:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    state = office_environment(Path(folder) / "state")
    words = [sys.executable, "-m", "qualwatch", "manage", "prepare", "-v0"]
    subprocess.run(words, env=process_environment(state), check=True, capture_output=True)
    return state


def process_environment(state: Mapping[str, str]) -> dict[str, str]:
    """The environment of an office's processes: its own settings, and the tests' modules on the path."""
    paths = [str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **state,
        "DJANGO_SETTINGS_MODULE": "qualwatch.config.settings",
        "PYTHONPATH": os.pathsep.join(paths),
    }


def copy_office(state: dict[str, str], folder: Path) -> dict[str, str]:
    """A copy of an office in another folder and database."""
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
