"""Deliveries of a source: read, compared as sets with what is on record, applied in one transaction or held."""

import hashlib
import os
import shutil
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from qualwatch.evaluation.account import Rejection
from qualwatch.intake.gather import Gathered, Progress, gather_files
from qualwatch.intake.problems import NothingReadable
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.registers.changes import apply_again
from qualwatch.registers.corrections import resolve
from qualwatch.registers.differences import Difference, difference
from qualwatch.registers.facts import JUDGED
from qualwatch.registers.models import TABLES, Load, LoadRejection, PlatformChange, Revision
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.sources import Source, source_of
from qualwatch.registers.tables import Table, lock, next_revision
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

KEPT_REJECTIONS = 10_000  # of one load; the count is always whole


class CannotDecide(Exception):
    """The load is not held, or is no longer the newest of its source; the message says which."""


@dataclass(slots=True)
class Delivery:
    """One source's files as of a day. `covers`: the first day and the last day of the insurance that they hold."""

    source: str
    files: Mapping[str, Path]
    as_of: date
    is_full: bool | None = None  # None: as the source usually delivers
    covers: tuple[date, date] | None = None
    progress: Progress = field(default=lambda *_told: None)


def import_delivery(*, delivery: Delivery, law: Law, by: str, at: datetime) -> Load:
    """Takes a delivery in: released, held by a guard, or rejected; the last one again changes nothing.

    NothingReadable where the files hold no table of the source, or the day is not there yet: nothing is written then.
    """
    source = source_of(delivery.source)
    if delivery.as_of > timezone.localdate(at):
        raise NothingReadable(_("{day} 还没有到").format(day=delivery.as_of))
    files = [_kept(name, path) for name, path in delivery.files.items()]
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
    if same is not None and _alike(load, same):
        load.state, load.counts = "unchanged", same.counts
        load.because = _n("与第 {number} 次载入相同").format(number=same.pk)
        load.save()
        return load
    last = _released(source.slug).last()
    if last and _says_the_same(load, last) and (done := _repeated(load, last, source, by, at)):
        return done
    part = (
        difference(load, last, source, law, raw_file) if last and _is_as_delivered(last) else None
    )
    gathered = part.gathered if part else _read(source, load, law, delivery.progress)
    return _applied(load, source, gathered, law, by, at, guarded=True, part=part)


@transaction.atomic
def release(*, load: Load, law: Law, by: str, at: datetime, because: str) -> Load:
    """Lets a held load in, whatever the guards say; its raw files are read again. The importer may not release it."""
    lock()
    load = _held(load, by, because)
    newest = _released(load.source).last()
    if newest and (newest.as_of, newest.pk) > (load.as_of, load.pk):
        raise CannotDecide(_("这次载入之后已有 {day} 的数据").format(day=newest.as_of))
    source = source_of(load.source)
    gathered = _read(source, load, law, lambda *_told: None)
    load.decided_by, load.decided_at, load.because = by, at, because
    return _applied(load, source, gathered, law, by, at, guarded=False)


@transaction.atomic
def reject(*, load: Load, by: str, at: datetime, because: str) -> Load:
    """Refuses a held load: nothing of it is ever believed."""
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
    """Where the raw bytes of a delivered file are kept."""
    folder: Path = settings.RAW_FILES
    return folder / sha256[:2] / (sha256 + Path(name).suffix.lower())


def _released(source: str) -> Any:
    return Load.objects.filter(source=source, state="released").order_by("as_of", "id")


def _is_as_delivered(last: Load) -> bool:
    """Whether what is on record of a source is what its last list said: nothing was pushed since its day."""
    start = timezone.make_aware(datetime.combine(last.as_of, time.min))
    return not PlatformChange.objects.filter(source=last.source, taken_at__gte=start).exists()


def _last_of_day(load: Load) -> Load | None:
    found: Load | None = _released(load.source).filter(as_of=load.as_of).last()
    return found


def _says_the_same(load: Load, last: Load) -> bool:
    """A later day's list with the bytes of the last one, and nothing pushed since: there is nothing to read."""
    return (
        load.is_full and load.as_of > last.as_of and _alike(load, last) and _is_as_delivered(last)
    )


@transaction.atomic
def _repeated(load: Load, last: Load, source: Source, by: str, at: datetime) -> Load | None:
    """The same list again makes the register younger, and changes no row. None where something came in meanwhile."""
    lock()
    if _released(source.slug).last() != last or not _is_as_delivered(last):
        return None
    load.counts = {
        slug: {**count, "added": 0, "changed": 0, "gone": 0, "unchanged": count.get("rows", 0)}
        for slug, count in last.counts.items()
        if slug != "corrections"
    }
    load.covers_from, load.covers_to, load.state = last.covers_from, last.covers_to, "released"
    load.revision = next_revision(what=f"load {source.slug}", by=by, at=at)
    if differing := sum(resolve(slug, load.revision.pk) for slug in load.counts):
        load.counts["corrections"] = {"source_still_differs": differing}
    names = ("file", "sheet", "row", "column", "value", "problem", "remedy")
    kept = [
        Rejection(**{name: getattr(load_rejection, name) for name in names})
        for load_rejection in last.rejections.order_by("pk")
    ]
    return _noted(load, kept, by, at)


def _alike(load: Load, other: Load) -> bool:
    """The same bytes, said to be the same thing."""

    def told(one: Load) -> list[Any]:
        return [[file["sha256"] for file in one.files], one.is_full, one.stated_from, one.stated_to]

    return told(load) == told(other)


def _held(load: Load, by: str, because: str) -> Load:
    """The load as it stands now, if it may be decided by this person."""
    found = Load.objects.select_for_update().get(pk=load.pk)
    if found.state != "held":
        raise CannotDecide(_("这次载入没有被扣下"))
    if found.by == by:
        raise CannotDecide(_("导入的人不能自己放行或拒绝"))
    if not because.strip():
        raise CannotDecide(_("请写明理由"))
    return found


def _kept(name: str, path: Path) -> dict[str, Any]:
    """A file's bytes kept by their checksum, whole or not at all; what is kept is what is read."""
    if not path.is_file():
        raise NothingReadable(_("找不到 {path}").format(path=path))
    folder: Path = settings.RAW_FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = folder / f".{os.getpid()}.{path.name}"
    shutil.copyfile(path, beside)
    beside.chmod(0o600)
    with beside.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size, kept = beside.stat().st_size, raw_file(sha256, name)
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    beside.rename(kept)
    return {"name": name, "sha256": sha256, "bytes": size}


def _read(source: Source, load: Load, law: Law, progress: Progress) -> Gathered:
    files = {file["name"]: raw_file(file["sha256"], file["name"]) for file in load.files}
    gathered = gather_files(files, law, progress)
    foreign = [account for account in gathered.accounts if account.table not in source.tables]
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
    for account in gathered.accounts:
        known = counts.setdefault(account.table, {"read": 0, "accepted": 0, "rejected": 0})
        known["read"] += account.read
        known["accepted"] += account.accepted
        known["rejected"] += account.rejected
    return counts


class _NotBelieved(Exception):
    """A guard tripped or a newer list is on record; everything written for the load is undone."""

    def __init__(self, state: str, because: str) -> None:
        super().__init__(because)
        self.state = state


@transaction.atomic
def _applied(
    load: Load,
    source: Source,
    gathered: Gathered,
    law: Law,
    by: str,
    at: datetime,
    *,
    guarded: bool,
    part: Difference | None = None,
) -> Load:
    """Everything of a load, or nothing: people, rows, resolved corrections, account, journal entry."""
    lock()
    if part and (_released(source.slug).last() != part.last or not _is_as_delivered(part.last)):
        part, gathered = (
            None,
            _read(source, load, law, lambda *_told: None),
        )  # something else came in meanwhile
    load.counts = part.counts() if part else _read_counts(gathered)
    try:
        with transaction.atomic():
            _apply(load, source, gathered, law, by, at, guarded=guarded, part=part)
    except _NotBelieved as why:
        load.state, load.because, load.revision = why.state, str(why), None
    else:
        load.state = "released"
    return _noted(load, part.rejections() if part else gathered.rejections, by, at)


def _apply(
    load: Load,
    source: Source,
    gathered: Gathered,
    law: Law,
    by: str,
    at: datetime,
    *,
    guarded: bool,
    part: Difference | None,
) -> None:
    newest = _released(source.slug).last()
    if newest and load.as_of < newest.as_of:
        sentence = _("已载入 {day} 的数据，{earlier} 的更旧").format(
            day=newest.as_of, earlier=load.as_of
        )
        raise _NotBelieved("rejected", sentence)
    if guarded:
        _guard_reading(load, gathered)
    revision = next_revision(what=f"load {source.slug}", by=by, at=at)
    limits = [(one.share_percent, one.rows) for one in law.policy_on(load.as_of)["shrink_guard"]]
    differing = 0
    tables, concerned = part.rows(source) if part else (rows_by_table(source, gathered), None)
    for slug, columns in tables.items():
        if slug == "contributions":
            _cover(load, columns, newest)
        among = None if slug == "unparsed" else concerned
        with Table(TABLES[slug], source.slug, columns, is_full=load.is_full, among=among) as table:
            known = table.known_of_source()
            rows = len(columns) if part is None else load.counts.get(slug, {}).get("accepted", 0)
            if guarded and load.is_full and slug in source.tables:
                _guard(slug, known, table.gone(), rows, limits)
            change = table.apply(revision.pk, load.as_of)
            if part:
                change = change.among(known)
            load.counts.setdefault(slug, {}).update(change.counts())
            differing += resolve(slug, revision.pk)
    if load.is_full:
        apply_again(
            source=source.slug, since=load.as_of, law=law, revision_of=_following(source, by, at)
        )
    if differing:
        load.counts["corrections"] = {"source_still_differs": differing}
    load.revision = revision


def _following(source: Source, by: str, at: datetime) -> Any:
    def revision() -> Revision:
        return next_revision(what=f"pushes after {source.slug}", by=by, at=at)

    return revision


def _guard_reading(load: Load, gathered: Gathered) -> None:
    """A file or sheet that cannot be read as a whole could hold anybody: the rest is not believed without it."""
    if len(gathered.rejections) > sum(account.rejected for account in gathered.accounts):
        raise _NotBelieved("held", _("有整个文件或工作表读不出"))
    unknown = {file["name"] for file in load.files} - {
        account.file for account in gathered.accounts
    }
    if unknown:
        raise _NotBelieved(
            "held", _("没有认出表头：{files}").format(files="、".join(sorted(unknown)))
        )


def _guard(slug: str, known: int, gone: int, rows: int, limits: list[tuple[int, int]]) -> None:
    if not rows and (known or slug in JUDGED):
        raise _NotBelieved(
            "held", _("{table}：一行也没有，此前有 {known} 行").format(table=slug, known=known)
        )
    if any(gone > least and gone * 100 > known * share for share, least in limits):
        raise _NotBelieved(
            "held",
            _("{table}：{known} 行里少了 {gone} 行").format(table=slug, known=known, gone=gone),
        )


def _cover(load: Load, paid: pa.Table, before: Load | None) -> None:
    """Which days of insurance are covered: those told, else the months that are there; a delta only widens."""
    if load.covers_from is None and len(paid):
        first, last = pc.min_max(paid.column("month")).as_py().values()
        load.covers_from, load.covers_to = (
            first,
            last.replace(day=monthrange(last.year, last.month)[1]),
        )
    if not load.is_full and before is not None:
        known = [day for day in (load.covers_from, before.covers_from) if day]
        ends = [day for day in (load.covers_to, before.covers_to) if day]
        load.covers_from, load.covers_to = min(known, default=None), max(ends, default=None)


def _noted(load: Load, rejections: list[Rejection], by: str, at: datetime) -> Load:
    """The load's account and the rows that it did not take, with the journal entry of its source."""
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
        for rejection in rejections[:KEPT_REJECTIONS]
    )
    told = {
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
        details=told,
        basis=load.because,
    )
    return load
