"""Deliveries of a source: read, compared as sets with what is on record, applied in one transaction or held."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction

from qualwatch.intake.gather import Gathered, Progress, gather_files
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.tables import Project
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.registers.corrections import resolve
from qualwatch.registers.identities import numbers_of
from qualwatch.registers.models import TABLES, Load, LoadRejection
from qualwatch.registers.sources import Source, source_of
from qualwatch.registers.tables import Table, next_revision
from qualwatch.wording import gettext as _

KEPT_REJECTIONS = 10_000  # of one load; the count is always whole
PROJECT_TYPES = (pa.string(), pa.string(), pa.string(), pa.string(), pa.date32(), pa.date32())


class CannotDecide(Exception):
    """The load is not held, or is no longer the newest of its source; the message says which."""


@dataclass(slots=True)
class Delivery:
    """One source's files as of a day. `covers`: the months of insurance that they hold, first days."""

    source: str
    files: Mapping[str, Path]
    as_of: date
    is_full: bool | None = None  # None: as the source usually delivers
    covers: tuple[date, date] | None = None
    progress: Progress = field(default=lambda *_told: None)


def take_in(*, delivery: Delivery, law: Law, by: str, at: datetime) -> Load:
    """Takes a delivery in: released, held by a guard, or rejected; the same files of the same day change nothing.

    NothingReadable where the files hold no table of the source: nothing is written then.
    """
    source = source_of(delivery.source)
    files = [_kept(name, path) for name, path in delivery.files.items()]
    is_full = source.is_full if delivery.is_full is None else delivery.is_full
    load = Load(
        source=source.slug, as_of=delivery.as_of, is_full=is_full, received_at=at, by=by, files=files, counts={},
        covers_from=delivery.covers[0] if delivery.covers else None,
        covers_to=delivery.covers[1] if delivery.covers else None,
    )  # fmt: skip
    released = Load.objects.filter(source=source.slug, state="released").order_by("as_of", "id")
    sums = [one["sha256"] for one in files]
    same = [one for one in released.filter(as_of=load.as_of) if [file["sha256"] for file in one.files] == sums]
    if same:
        load.state, load.counts = "unchanged", same[-1].counts
        load.because = _("与第 {number} 次载入相同").format(number=same[-1].pk)
        load.save()
        return load
    last = released.last()
    gathered = _read(source, delivery, law)
    if last and load.as_of < last.as_of:
        load.state = "rejected"
        load.because = _("已载入 {day} 的数据，{earlier} 的更旧").format(day=last.as_of, earlier=load.as_of)
        load.counts = _read_counts(gathered)
        return _noted(load, gathered, by, at)
    return _applied(load, source, gathered, law, by, at, guarded=True)


def release(*, load: Load, law: Law, by: str, at: datetime, because: str) -> Load:
    """Lets a held load in, whatever the guards say; its raw files are read again. The importer may not release it."""
    _check_held(load, by, because)
    last = Load.objects.filter(source=load.source, state="released").order_by("as_of", "id").last()
    if last and last.as_of > load.as_of:
        raise CannotDecide(_("这次载入之后已有 {day} 的数据").format(day=last.as_of))
    source = source_of(load.source)
    files = {one["name"]: raw_file(one["sha256"], one["name"]) for one in load.files}
    gathered = _read(source, Delivery(load.source, files, load.as_of), law)
    load.decided_by, load.decided_at, load.because = by, at, because
    return _applied(load, source, gathered, law, by, at, guarded=False)


@transaction.atomic
def reject(*, load: Load, by: str, at: datetime, because: str) -> Load:
    """Refuses a held load: nothing of it is ever believed."""
    _check_held(load, by, because)
    changed = Load.objects.filter(pk=load.pk, state="held").update(
        state="rejected", decided_by=by, decided_at=at, because=because
    )
    if not changed:
        raise CannotDecide(_("这次载入已经处理过"))
    load.refresh_from_db()
    record(stream=f"source/{load.source}", by=by, at=at, what="load-rejected", details={"load": load.pk}, after=because)
    return load


def raw_file(sha256: str, name: str) -> Path:
    """Where the raw bytes of a delivered file are kept."""
    folder: Path = settings.RAW_FILES
    return folder / sha256[:2] / (sha256 + Path(name).suffix.lower())


def _check_held(load: Load, by: str, because: str) -> None:
    if load.state != "held":
        raise CannotDecide(_("这次载入没有被扣下"))
    if load.by == by:
        raise CannotDecide(_("导入的人不能自己放行或拒绝"))
    if not because.strip():
        raise CannotDecide(_("请写明理由"))


def _kept(name: str, path: Path) -> dict[str, Any]:
    """A file's bytes kept by their checksum, whole or not at all."""
    if not path.is_file():
        raise NothingReadable(_("找不到 {path}").format(path=path))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    kept = raw_file(sha256, name)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_name(f".{kept.name}.{os.getpid()}")
        shutil.copyfile(path, beside)
        beside.chmod(0o600)
        beside.rename(kept)
    return {"name": name, "sha256": sha256, "bytes": path.stat().st_size}


def _read(source: Source, delivery: Delivery, law: Law) -> Gathered:
    gathered = gather_files(delivery.files, law, delivery.progress)
    foreign = [one for one in gathered.accounts if one.table not in source.tables]
    if foreign:
        first = foreign[0]
        raise NothingReadable(
            _("{file} {sheet} 是{table}表，不属于来源 {source}").format(
                file=first.file, sheet=first.sheet, table=first.table, source=source.slug
            )
        )
    if not gathered.accounts:
        problem = gathered.rejections[0] if gathered.rejections else None
        why = f"；{problem.file}：{problem.problem}，{problem.remedy}" if problem else ""
        raise NothingReadable(_("没有认出来源 {source} 的表").format(source=source.slug) + why)
    return gathered


def _read_counts(gathered: Gathered) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for one in gathered.accounts:
        known = counts.setdefault(one.table, {"read": 0, "accepted": 0, "rejected": 0})
        known["read"] += one.read
        known["accepted"] += one.accepted
        known["rejected"] += one.rejected
    return counts


class _Held(Exception):
    """A guard tripped; everything written for the load is undone."""


@transaction.atomic
def _applied(
    load: Load, source: Source, gathered: Gathered, law: Law, by: str, at: datetime, *, guarded: bool
) -> Load:  # fmt: skip
    """Everything of a load, or nothing: people, rows, resolved corrections, account, journal entry."""
    load.counts = _read_counts(gathered)
    try:
        with transaction.atomic():
            _apply(load, source, gathered, law, by, at, guarded=guarded and load.is_full)
    except _Held as held:
        load.state, load.because, load.revision = "held", str(held), None
    else:
        load.state = "released"
    return _noted(load, gathered, by, at)


def _apply(
    load: Load, source: Source, gathered: Gathered, law: Law, by: str, at: datetime, *, guarded: bool
) -> None:  # fmt: skip
    revision = next_revision(what=f"load {source.slug}", by=by, at=at)
    if guarded and any(not one.row for one in gathered.rejections):
        raise _Held(_("有整个文件读不出"))
    limits = [(one.share_percent, one.rows) for one in law.policy_on(load.as_of)["shrink_guard"]]
    differing = 0
    for slug, columns in rows_by_table(source, gathered).items():
        if slug == "contributions" and load.covers_from is None and len(columns):
            first, last = pc.min_max(columns.column("month")).as_py().values()
            load.covers_from, load.covers_to = first, last  # nobody said which months: those that are there
        with Table(TABLES[slug], source.slug, columns, is_full=load.is_full) as table:
            known, gone = table.known(), table.gone()
            if guarded and slug != "unread":
                _guard(slug, known, gone, len(columns), limits)
            change = table.apply(revision.pk, load.as_of)
            load.counts.setdefault(slug, {}).update(change.counts())
            differing += resolve(slug, table, revision.pk)
    if differing:
        load.counts["corrections"] = {"source_still_differs": differing}
    load.revision = revision


def _guard(slug: str, known: int, gone: int, rows: int, limits: list[tuple[int, int]]) -> None:
    if known and not rows:
        raise _Held(_("{table}：一行也没有，此前有 {known} 行").format(table=slug, known=known))
    if any(gone > least and gone * 100 > known * share for share, least in limits):
        raise _Held(_("{table}：{known} 行里少了 {gone} 行").format(table=slug, known=known, gone=gone))


def _noted(load: Load, gathered: Gathered, by: str, at: datetime) -> Load:
    """The load's account and the rows that it did not take, with the journal entry of its source."""
    with transaction.atomic():
        load.save()
        load.rejections.all().delete()
        LoadRejection.objects.bulk_create(
            LoadRejection(
                load=load, file=one.file, sheet=one.sheet, row=one.row, column=one.column, value=one.value,
                problem=one.problem, remedy=one.remedy,
            )
            for one in gathered.rejections[:KEPT_REJECTIONS]
        )  # fmt: skip
        told = {"load": load.pk, "state": load.state, "as_of": load.as_of, "files": load.files, "counts": load.counts}
        record(
            stream=f"source/{load.source}", by=by, at=at, what=f"load-{load.state}", details=told, basis=load.because
        )
    return load


def rows_by_table(source: Source, gathered: Gathered) -> dict[str, pa.Table]:
    """What was read as rows of the registers' tables, people by their row numbers; new people are made known."""
    people = gathered.people
    if people is None:
        raise NothingReadable(_("带假名的事实文件夹不能导入登记库"))
    facts = gathered.facts.tables
    born = facts["people"].column("born_on")
    names = gathered.names
    identities = people.identities()
    pseudonyms = people.ids.to_pylist()
    numbers = numbers_of(identities, [names.get(one) for one in pseudonyms], born)
    by_pseudonym = pa.array(pseudonyms, pa.string())

    def numbered(table: pa.Table) -> pa.Table:
        places = pc.index_in(table.column("person_id"), value_set=by_pseudonym)
        at = table.column_names.index("person_id")
        return table.set_column(at, "person_id", pc.take(numbers, places))

    def filled(table: pa.Table, *columns: str) -> pa.Table:
        for one in columns:
            table = table.set_column(table.column_names.index(one), one, pc.fill_null(table.column(one), ""))
        return table

    enterprises = facts["enterprises"]
    branches = pc.binary_join(enterprises.column("branch_credit_codes").cast(pa.list_(pa.string())), ";")
    at = enterprises.column_names.index("branch_credit_codes")
    locks = facts["people"].drop_columns(["born_on"])
    some = pc.or_(pc.is_valid(locks.column("died_on")), pc.is_valid(locks.column("locked_from")))
    projects = list(people.into.projects)
    unread = facts["unread"].rename_columns({"table": "table_name"}).drop_columns(["row_id"])
    found = {
        "enterprises": lambda: enterprises.set_column(at, "branch_credit_codes", branches),
        "items": lambda: facts["items"],
        "registrations": lambda: filled(numbered(facts["registrations"]), "speciality", "registration_no"),
        "contributions": lambda: numbered(facts["contributions"]),
        "exemptions": lambda: numbered(facts["exemptions"]),
        "locks": lambda: numbered(locks.filter(some)),
        "projects": lambda: pa.table(
            [pa.array([row[at] for row in projects], kind) for at, kind in enumerate(PROJECT_TYPES)],
            list(Project._fields),
        ),
    }
    unread_numbered = numbered(unread)
    at_person = unread_numbered.column_names.index("person_id")
    unread_numbered = unread_numbered.set_column(
        at_person, "person_id", pc.fill_null(unread_numbered.column("person_id"), 0)
    )
    rows: dict[str, pa.Table] = {slug: found[slug]() for slug in source.tables}
    rows["unread"] = filled(unread_numbered, "credit_code", "profession", "category")
    return rows
