"""Deliveries of a source: compared as sets with the rows on record, applied in one transaction or
held.
"""

import hashlib
import os
import shutil
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from qualwatch.evaluation.account import Rejection
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.register_files import Progress, RegisterFiles, read_named_files
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.registers.changes import apply_again, supersede_changes
from qualwatch.registers.corrections import resolve
from qualwatch.registers.differences import Difference, difference
from qualwatch.registers.facts import JUDGED
from qualwatch.registers.irregular_codes import codes_elsewhere, has_confirmed_rejections
from qualwatch.registers.models import TABLES, Load, LoadRejection, PlatformChange, Revision
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.removals import is_excessive, rows_removed
from qualwatch.registers.sources import Source, source_of
from qualwatch.registers.tables import Table, lock, next_revision
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

STORED_REJECTIONS = 10_000  # of one load; the counts are always complete


def _no_progress(_file: str, _read: int, _of: int) -> None:
    """Reports nothing while files are read."""


class CannotDecide(Exception):
    """The load is not held, or is no longer the newest of its source; the message says which."""


@dataclass(slots=True)
class Delivery:
    """One source's files as of a day. `covers`: first and last day of the insurance in them."""

    source: str
    files: Mapping[str, Path]
    as_of: date
    is_full: bool | None = None  # None: as the source usually delivers
    covers: tuple[date, date] | None = None
    progress: Progress = _no_progress


def import_delivery(*, delivery: Delivery, law: Law, by: str, at: datetime) -> Load:
    """Imports a delivery: released, held by a guard, or rejected; the last one again changes
    nothing.

    NothingReadable, and nothing is written, where the files hold no table of the source or the day
    is in the future.
    """
    source = source_of(delivery.source)
    if delivery.as_of > timezone.localdate(at):
        raise NothingReadable(_("{day} 还没有到").format(day=delivery.as_of))
    files = [_store_raw(name, path) for name, path in delivery.files.items()]
    covers = delivery.covers or (None, None)
    load = Load(
        source=source.slug,
        as_of=delivery.as_of,
        received_at=at,
        by=by,
        files=files,
        counts={},
        is_full=source.is_full if delivery.is_full is None else delivery.is_full,
        stated_from=covers[0],
        stated_to=covers[1],
        covers_from=covers[0],
        covers_to=covers[1],
    )
    same = _last_of_day(load)
    if same is not None and _has_same_files(load, same):
        load.state, load.counts = "unchanged", same.counts
        load.because = _n("与第 {number} 次载入相同").format(number=same.pk)
        load.save()
        return load
    last = _released(source.slug).last()
    if last and _is_same_list(load, last) and (repeated := _repeated(load, last, source, by, at)):
        return repeated
    changes = None
    if last and _is_as_delivered(last) and not has_confirmed_rejections(last):
        changes = difference(load, last, source, law, raw_file)
    register_files = (
        changes.register_files if changes else _read(source, load, law, delivery.progress)
    )
    return _apply_load(_Import(load, source, register_files, law, by, at, changes), guarded=True)


@transaction.atomic
def release(*, load: Load, law: Law, by: str, at: datetime, because: str, proposed_by: str) -> Load:
    """Accepts a held load in spite of the guards; its raw files are read again.

    One person proposed it, `by` signs it. CannotDecide, also for the importer.
    """
    lock()
    load = _held(load, by, because)
    if proposed_by in ("", by):
        raise CannotDecide(_("放行要由一人提出、另一人审核签批"))
    newest = _released(load.source).last()
    if newest and (newest.as_of, newest.pk) > (load.as_of, load.pk):
        raise CannotDecide(_("这次载入之后已有 {day} 的数据").format(day=newest.as_of))
    source = source_of(load.source)
    register_files = _read(source, load, law, _no_progress)
    load.proposed_by = proposed_by
    load.decided_by, load.decided_at, load.because = by, at, because
    return _apply_load(_Import(load, source, register_files, law, by, at), guarded=False)


@transaction.atomic
def reject(*, load: Load, by: str, at: datetime, because: str) -> Load:
    """Rejects a held load: none of its rows is used. CannotDecide."""
    lock()
    load = _held(load, by, because)
    load.state, load.decided_by, load.decided_at, load.because = "rejected", by, at, because
    load.save()
    record(
        stream=f"source/{load.source}",
        by=by,
        at=at,
        what="load-rejected",
        details={"load": load.pk},
        basis=because,
    )
    return load


def raw_file(sha256: str, name: str) -> Path:
    """The path of a delivered file's raw bytes, by checksum."""
    folder: Path = settings.RAW_FILES
    return folder / sha256[:2] / (sha256 + Path(name).suffix.lower())


def _released(source: str) -> QuerySet[Load]:
    return Load.objects.filter(source=source, state="released").order_by("as_of", "id")


def _is_as_delivered(last: Load) -> bool:
    """Whether the rows on record of a source are those of its last list.

    They are not where something was pushed since.
    """
    start = timezone.make_aware(datetime.combine(last.as_of, time.min))
    return not PlatformChange.objects.filter(source=last.source, received_at__gte=start).exists()


def _last_of_day(load: Load) -> Load | None:
    load_of_day: Load | None = _released(load.source).filter(as_of=load.as_of).last()
    return load_of_day


def _is_same_list(load: Load, last: Load) -> bool:
    """Whether a later list has the bytes of the last one and nothing was pushed since."""
    return (
        load.is_full
        and load.as_of > last.as_of
        and _has_same_files(load, last)
        and _is_as_delivered(last)
    )


@transaction.atomic
def _repeated(load: Load, last: Load, source: Source, by: str, at: datetime) -> Load | None:
    """Records that the register is as of a later day, without any changed row.

    None where something else was written meanwhile.
    """
    lock()
    if _released(source.slug).last() != last or not _is_as_delivered(last):
        return None
    load.counts = {
        slug: {**count, "added": 0, "changed": 0, "absent": 0, "unchanged": count.get("rows", 0)}
        for slug, count in last.counts.items()
        if slug != "corrections"
    }
    load.covers_from, load.covers_to, load.state = last.covers_from, last.covers_to, "released"
    load.revision = next_revision(what=f"load {source.slug}", by=by, at=at)
    if differing := sum(resolve(slug, load.revision.pk) for slug in load.counts):
        load.counts["corrections"] = {"source_still_differs": differing}
    names = ("file", "sheet", "row", "column", "value", "problem", "remedy")
    rejections = [
        Rejection(**{name: getattr(load_rejection, name) for name in names})
        for load_rejection in last.rejections.order_by("pk")
    ]
    return _record_load(load, rejections, by, at)


def _has_same_files(load: Load, other: Load) -> bool:
    """Whether both have the same files, cover the same days and read the same."""

    def contents(delivered: Load) -> tuple[Any, ...]:
        checksums = [file["sha256"] for file in delivered.files]
        return checksums, delivered.is_full, delivered.stated_from, delivered.stated_to

    return contents(load) == contents(other) and not has_confirmed_rejections(other)


def _held(load: Load, by: str, because: str) -> Load:
    """The load as it is now, if it may be decided by this person."""
    held_load = Load.objects.select_for_update().get(pk=load.pk)
    if held_load.state != "held":
        raise CannotDecide(_("这次载入没有被扣下"))
    if held_load.by == by:
        raise CannotDecide(_("导入的人不能自己放行或拒绝"))
    if not because.strip():
        raise CannotDecide(_("请写明理由"))
    return held_load


def _store_raw(name: str, path: Path) -> dict[str, Any]:
    """Stores a file by its checksum, completely or not at all; the stored copy is read."""
    if not path.is_file():
        raise NothingReadable(_("找不到 {path}").format(path=path))
    folder: Path = settings.RAW_FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}.{path.name}"
    shutil.copyfile(path, temporary)
    temporary.chmod(0o600)
    with temporary.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size, stored_path = temporary.stat().st_size, raw_file(sha256, name)
    stored_path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary.rename(stored_path)
    return {"name": name, "sha256": sha256, "bytes": size}


def _read(source: Source, load: Load, law: Law, progress: Progress) -> RegisterFiles:
    files = {file["name"]: raw_file(file["sha256"], file["name"]) for file in load.files}
    register_files = read_named_files(files, law, progress, codes_elsewhere(source.slug))
    foreign = [account for account in register_files.accounts if account.table not in source.tables]
    if foreign:
        first = foreign[0]
        raise NothingReadable(
            _("{file} {sheet} 是{table}表，不属于来源 {source}").format(
                file=first.file, sheet=first.sheet, table=first.table, source=source.slug
            )
        )
    if not register_files.accounts:
        problem = register_files.rejections[0] if register_files.rejections else None
        why = f"；{problem.file}：{problem.problem}，{problem.remedy}" if problem else ""
        raise NothingReadable(_("没有认出来源 {source} 的表").format(source=source.slug) + why)
    return register_files


def _read_counts(register_files: RegisterFiles) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for account in register_files.accounts:
        counted = counts.setdefault(account.table, {"read": 0, "accepted": 0, "rejected": 0})
        counted["read"] += account.read
        counted["accepted"] += account.accepted
        counted["rejected"] += account.rejected
        if account.refused:
            counted["refused"] = counted.get("refused", 0) + account.refused
    return counts


class _NotAccepted(Exception):
    """A guard holds the load or a newer list is on record; what was written is rolled back."""

    def __init__(self, state: str, because: str) -> None:
        super().__init__(because)
        self.state = state


@dataclass(slots=True)
class _Import:
    """A load with what was read for it. `changes`: the difference to the list before, where only
    that was read.
    """

    load: Load
    source: Source
    register_files: RegisterFiles
    law: Law
    by: str
    at: datetime
    changes: Difference | None = None

    def next_revision(self, occasion: str) -> Revision:
        """A new revision for the rows of this load."""
        return next_revision(what=f"{occasion} {self.source.slug}", by=self.by, at=self.at)


@transaction.atomic
def _apply_load(job: _Import, *, guarded: bool) -> Load:
    """Writes a load in one transaction: people, rows, corrections, counts, journal entry."""
    lock()
    load = job.load
    if job.changes and not _follows_directly(job.changes):
        job.changes = None
        job.register_files = _read(job.source, load, job.law, _no_progress)
    load.counts = job.changes.counts() if job.changes else _read_counts(job.register_files)
    try:
        with transaction.atomic():
            _write_rows(job, guarded=guarded)
    except _NotAccepted as why:
        load.state, load.because, load.revision = why.state, str(why), None
    else:
        load.state = "released"
    rejections = job.changes.rejections() if job.changes else job.register_files.rejections
    return _record_load(load, rejections, job.by, job.at)


def _follows_directly(changes: Difference) -> bool:
    """Whether the list that the changes are against is the newest, with nothing pushed since."""
    newest = _released(changes.last.source).last()
    return newest == changes.last and _is_as_delivered(changes.last)


def _write_rows(job: _Import, *, guarded: bool) -> None:
    """Writes the rows of every table of the source at one revision. _NotAccepted."""
    load, source = job.load, job.source
    newest = _released(source.slug).last()
    _require_newest(load, newest)
    if guarded:
        _guard_reading(load, job.register_files)
    revision = job.next_revision("load")
    if job.changes:
        tables, concerned = job.changes.rows(source)
    else:
        tables, concerned = rows_by_table(source, job.register_files), None
    differing = 0
    for slug, columns in tables.items():
        if slug == "contributions":
            _cover(load, columns, newest)
        within = None if slug == "unparsed" else concerned
        _write_table(job, slug, columns, within, revision, guarded=guarded)
        differing += resolve(slug, revision.pk)
    if load.is_full:
        because = _n("{day} 的全量登记已经载入").format(day=load.as_of)
        superseded = supersede_changes(
            source=source.slug, as_of=load.as_of, because=because, at=job.at
        )
        if superseded:
            load.counts["pushes"] = {"superseded": superseded}
        apply_again(
            source=source.slug,
            since=load.as_of,
            law=job.law,
            revision_of=lambda: job.next_revision("pushes after"),
        )
    if differing:
        load.counts["corrections"] = {"source_still_differs": differing}
    load.revision = revision


def _require_newest(load: Load, newest: Load | None) -> None:
    """_NotAccepted where a list of a later day is on record."""
    if newest and load.as_of < newest.as_of:
        sentence = _("已载入 {day} 的数据，{earlier} 的更旧").format(
            day=newest.as_of, earlier=load.as_of
        )
        raise _NotAccepted("rejected", sentence)


def _write_table(
    job: _Import,
    slug: str,
    columns: pa.Table,
    within: pa.Array | None,
    revision: Revision,
    *,
    guarded: bool,
) -> None:
    """Writes one table of a load; its counts. `within`: the only enterprises that the rows are
    about.
    """
    load = job.load
    with Table(TABLES[slug], job.source.slug, columns, is_full=load.is_full, among=within) as table:
        rows_before = table.row_count_of_source()
        if guarded and load.is_full and slug in job.source.tables:
            rows_now = len(columns)
            if job.changes:
                rows_now = load.counts.get(slug, {}).get("accepted", 0)
            limits = job.law.policy_on(load.as_of)["shrink_guard"]
            removed = _removed_by_pushes(slug, load)
            absent = table.absent_rows() + removed
            _guard_shrinking(slug, rows_before + removed, absent, rows_now, limits)
        change = table.apply(revision.pk, load.as_of)
    if job.changes:
        change = change.with_rows_of_source(rows_before)
    load.counts.setdefault(slug, {}).update(change.counts())


def _guard_reading(load: Load, register_files: RegisterFiles) -> None:
    """Holds a load of which a whole file or sheet could not be read."""
    if len(register_files.rejections) > sum(
        account.rejected for account in register_files.accounts
    ):
        raise _NotAccepted("held", _("有整个文件或工作表读不出"))
    unknown = {file["name"] for file in load.files} - {
        account.file for account in register_files.accounts
    }
    if unknown:
        raise _NotAccepted(
            "held", _("没有认出表头：{files}").format(files="、".join(sorted(unknown)))
        )


def _guard_shrinking(
    slug: str, rows_before: int, rows_absent: int, rows_now: int, limits: Sequence[Any]
) -> None:
    """Holds a list that lacks too many of the rows before.

    `limits`: share in percent and number of rows; both must be exceeded.
    """
    if not rows_now and (rows_before or slug in JUDGED):
        raise _NotAccepted(
            "held",
            _("{table}：一行也没有，此前有 {known} 行").format(table=slug, known=rows_before),
        )
    if is_excessive(limits, rows_absent, rows_before):
        raise _NotAccepted(
            "held",
            _("{table}：{known} 行里少了 {gone} 行").format(
                table=slug, known=rows_before, gone=rows_absent
            ),
        )


def _removed_by_pushes(slug: str, load: Load) -> int:
    """Rows that pushes have removed since the day of the last full list: they are absent too."""
    last = _released(load.source).filter(is_full=True).last()
    return rows_removed(slug, load.source, last.as_of) if last else 0


def _cover(load: Load, paid: pa.Table, before: Load | None) -> None:
    """The days of insurance covered: those stated, else the months present; a delta only extends
    them.
    """
    if load.covers_from is None and len(paid):
        first, last = pc.min_max(paid.column("month")).as_py().values()
        load.covers_from, load.covers_to = (
            first,
            last.replace(day=monthrange(last.year, last.month)[1]),
        )
    if not load.is_full and before is not None:
        starts = [day for day in (load.covers_from, before.covers_from) if day]
        ends = [day for day in (load.covers_to, before.covers_to) if day]
        load.covers_from, load.covers_to = min(starts, default=None), max(ends, default=None)


def _record_load(load: Load, rejections: list[Rejection], by: str, at: datetime) -> Load:
    """Saves the load's counts and rejected rows, with the journal entry of its source."""
    load.save()
    load.rejections.all().delete()
    LoadRejection.objects.bulk_create(
        LoadRejection(
            load=load,
            file=rejection.file[:300],
            sheet=rejection.sheet[:100],
            row=rejection.row,
            column=rejection.column[:100],
            value=rejection.value[:200],
            problem=rejection.problem,
            remedy=rejection.remedy,
        )
        for rejection in rejections[:STORED_REJECTIONS]
    )
    summary = {
        "load": load.pk,
        "state": load.state,
        "as_of": load.as_of,
        "files": load.files,
        "counts": load.counts,
    }
    record(
        stream=f"source/{load.source}",
        by=by,
        at=at,
        what=f"load-{load.state}",
        details=summary,
        basis=load.because,
    )
    return load
