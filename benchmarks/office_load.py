"""The office's memory on PostgreSQL: first load, daily load, assessment, pushes.

Ratios within one run.
"""

import io
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from measure import HERE, answer, measured, seconds

sys.path.insert(0, str(HERE.parent / "tools"))
from with_postgres import DURABLE, cluster

DAY = date(2026, 5, 20)
AT = datetime(2026, 5, 20, tzinfo=UTC)
SOURCES = {
    "企业": "enterprises",
    "资质": "qualifications",
    "注册人员": "practitioners",
    "豁免": "exemptions",
    "锁定": "locks",
    "社保": "insurance",
}
PUSHES = 300


def work(words: list[str]) -> dict[str, Any]:
    """Words: ENTERPRISES; or `pushes`, beside the office that another process has made."""
    if words[0] == "pushes":
        return _pushes()
    enterprises = int(words[0])
    with _office():
        return _measured(enterprises)


@contextmanager
def _office() -> Iterator[None]:
    """A cluster that loses nothing at a crash, and a state folder, of this run's own."""
    with tempfile.TemporaryDirectory() as state, cluster(DURABLE) as address:
        os.environ |= {"DATABASE_URL": address, "QUALWATCH_STATE": state}
        from qualwatch.config import load_office

        load_office(create=True)
        from django.core.management import call_command

        # figures are the only line of output
        call_command("prepare", verbosity=0, stdout=io.StringIO())
        yield


def _measured(enterprises: int) -> dict[str, Any]:
    from qualwatch.assessments.actions import assess, release_run
    from qualwatch.assessments.models import FindingRow
    from qualwatch.intake.synthetic_province import Plan, generate_province
    from qualwatch.law.loader import load_law
    from qualwatch.registers.models import TABLES

    law = load_law()
    folder = HERE.parent / "build" / "bench" / f"registers-{enterprises}-csv"
    if not folder.is_dir():
        generate_province(Plan(enterprises, 1), folder, "csv", law)
    load = partial(_load, law=law)
    figures: dict[str, Any] = {"enterprises": enterprises}
    figures["first"] = {
        name: load(folder / f"{name}.csv", source, DAY) for name, source in SOURCES.items()
    }
    figures["rows"] = {slug: model._default_manager.count() for slug, model in TABLES.items()}
    start = perf_counter()
    run = assess(as_of=DAY, law=law, by="bench", at=AT)
    figures["assess_held"] = perf_counter() - start
    start = perf_counter()
    release_run(run=run, law=law, by="other", at=AT, because="bench", proposed_by="li")
    figures["assess_stored"] = perf_counter() - start
    figures["findings"] = FindingRow.objects.count()
    figures["cards"] = seconds(partial(_cards, law))
    changed = _changed(folder)
    next_day = DAY + timedelta(1)
    figures["daily"] = {
        name: load(changed / f"{name}.csv", source, next_day) for name, source in SOURCES.items()
    }
    figures["patrol"] = _patrol(changed, law)
    shutil.rmtree(changed)
    # in a process of its own, as a web server, which has loaded no lists
    figures["pushes"] = measured("office_load.py", "pushes")
    figures["bulk_create"] = _bulk_create()
    return figures


def _cards(law: Any) -> None:
    """The cards of the first run."""
    from qualwatch.assessments.models import Run
    from qualwatch.cases.acting import ActContext
    from qualwatch.cases.warnings.warn import apply_run_to_cases
    from qualwatch.procedure.preconditions import SYSTEM

    apply_run_to_cases(
        run=Run.objects.filter(state="released").latest("id"), ctx=ActContext(law, AT, SYSTEM)
    )


def _patrol(files: Path, law: Any) -> dict[str, Any]:
    """An ordinary day's patrol with many cards open: the day after one on which a row in a hundred
    went.
    """
    from qualwatch.assessments.models import Run
    from qualwatch.cases.models import Case
    from qualwatch.cases.proposed_acts.releases import release_held_run
    from qualwatch.patrol.days import run_day

    for later in (1, 2):
        day = DAY + timedelta(later)
        at = AT + timedelta(later)
        if later > 1:
            for name, source in SOURCES.items():
                _load(files / f"{name}.csv", source, day, law=law)
        open_cases = Case.objects.exclude(state="closed").count()
        start = perf_counter()
        result = run_day(day=day, law=law, by="bench", at=at)
        duration = perf_counter() - start
        if result.run.state == "held":
            run = Run.objects.latest("id")
            release_held_run(run=run, law=law, by="other", at=at, because="bench", proposed_by="li")
    return {
        "seconds": duration,
        "parts": result.seconds,
        "open_cases": open_cases,
        "counts": dict(result.cases),
    }


def _load(path: Path, source: str, day: date, *, law: Any) -> float:
    from qualwatch.registers.loads import Delivery, import_delivery

    covers = (date(2026, 1, 1), date(2026, 4, 30)) if source == "insurance" else None
    start = perf_counter()
    load = import_delivery(
        delivery=Delivery(source, {path.name: path}, day, None, covers),
        law=law,
        by="bench",
        at=AT + (day - DAY),
    )
    assert load.state == "released", load.because
    return perf_counter() - start


def _changed(folder: Path) -> Path:
    """The same files with one row in a hundred changed or gone."""
    chance = random.Random(7)
    path = Path(tempfile.mkdtemp())
    for name in SOURCES:
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        remaining = [line for line in lines[1:] if chance.random() > 0.01]
        (path / f"{name}.csv").write_text("".join([lines[0], *remaining]), encoding="utf-8")
    return path


def _pushes() -> dict[str, Any]:
    """One change each: a person leaves, then comes back."""
    from qualwatch.config import wsgi  # noqa: F401  # as a web server starts
    from qualwatch.law.loader import load_law
    from qualwatch.patrol.pushes import import_changes
    from qualwatch.registers.changes import Change
    from qualwatch.registers.identities import identity_of
    from qualwatch.registers.models import RegistrationRow

    law = load_law()
    chance = random.Random(3)
    constructors = RegistrationRow.objects.filter(recorded_to=None, profession="constructor")
    numbers = list(constructors.values_list("id", flat=True)[:50_000])
    drawn = chance.sample(numbers, PUSHES // 2)
    rows = RegistrationRow.objects.select_related("person").in_bulk(drawn)
    changes = [
        (action, _cells(row.credit_code, identity_of(row.person)[1], row.registration_no or ""))
        for row in rows.values()
        for action in ("remove", "put")
    ]
    durations = []
    for sequence, (action, cells) in enumerate(changes, 1):
        change = Change(f"b{sequence}", sequence, "practitioners", action, cells)
        at = AT + timedelta(days=2, seconds=sequence)
        start = perf_counter()
        import_changes(changes=[change], law=law, by="bench", at=at, day=DAY + timedelta(2))
        durations.append(perf_counter() - start)
    durations.sort()
    return {
        "count": len(durations),
        "median": durations[len(durations) // 2],
        "p99": durations[int(len(durations) * 0.99)],
    }


def _cells(credit_code: str, identity: str, registration_no: str) -> dict[str, str]:
    return {
        "统一社会信用代码": credit_code,
        "身份证号": identity,
        "证书类别": "注册建造师",
        "等级": "二级",
        "专业": "建筑工程",
        "注册编号": registration_no,
        "有效期起": "2025-01-01",
        "有效期止": "2028-01-01",
        "状态": "有效",
    }


def _bulk_create() -> dict[str, float]:
    """The rows on record written again by Django's bulk_create, into emptied tables of the same
    shape.
    """
    from django.db import connection, transaction

    from qualwatch.registers.models import TABLES, Person

    durations = {}
    for slug, model in TABLES.items():
        names = [*model.fact_columns(), "source", "duplicate_no", "recorded_from"]
        rows = list(model._default_manager.filter(recorded_to=None).values_list(*names))
        if len(rows) < 1000:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {model._meta.db_table}")
            cursor.execute(f"ALTER TABLE {model._meta.db_table} ENABLE TRIGGER USER")
        objects = [model(**dict(zip(names, row, strict=True))) for row in rows]
        durations[slug] = seconds(partial(_create, model, objects))
    people = [
        Person(
            lookup=f"x{person.lookup[1:]}",
            key_version=person.key_version,
            identity=person.identity,
            name=person.name,
            born_on=person.born_on,
        )
        for person in Person.objects.all()
    ]
    durations["people"] = seconds(partial(_create, Person, people))
    return durations


def _create(model: Any, rows: list[Any]) -> None:
    from django.db import transaction

    with transaction.atomic():
        model._default_manager.bulk_create(rows, batch_size=5000)


if __name__ == "__main__":
    answer(work)
