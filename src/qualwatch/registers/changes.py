"""Records that the platform pushes: single rows, each applied or quarantined once."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pyarrow as pa
from django.db import DataError, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from qualwatch.ciphers import newest_version
from qualwatch.intake.cells import Cell, credit_code
from qualwatch.intake.problems import BadCell, NothingReadable
from qualwatch.intake.register_files import RegisterFiles, read_sheets
from qualwatch.intake.sheets import Sheet
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.privacy import hidden
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.corrections import resolve
from qualwatch.registers.identities import decrypted, encrypted
from qualwatch.registers.irregular_codes import codes_elsewhere
from qualwatch.registers.models import TABLES, Load, PlatformChange, Revision
from qualwatch.registers.pushed import (
    Change,
    MalformedChange,
    OutOfOrder,
    Pushed,
    PushResult,
    new_records,
)
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.removals import RemovalGuard
from qualwatch.registers.sources import Source, source_of, sources
from qualwatch.registers.tables import Table, lock, next_revision
from qualwatch.wording import gettext as _

__all__ = [
    "CannotRelease",
    "Change",
    "MalformedChange",
    "OutOfOrder",
    "PushResult",
    "apply_again",
    "apply_changes",
    "changes_within",
    "quarantined_changes",
    "reject_changes",
    "releasable_changes",
    "release_change",
    "release_changes",
    "supersede_changes",
]
PERSONAL = ("registrations", "contributions", "exemptions", "locks", "birthdays", "unparsed")


@transaction.atomic
def apply_changes(
    *, changes: Sequence[Pushed], law: Law, by: str, at: datetime, day: date
) -> PushResult:
    """Applies a batch in its order, all in one transaction.

    What was pushed before is not applied again. A record that is malformed or cannot be read is
    quarantined with its problem, and what it may be about is in doubt. A removal beyond the
    policy's share of a source in a day is quarantined too: until a person releases it the row stays
    as it was. The others go on. OutOfOrder where records are missing: nothing is applied then.
    """
    lock()
    new, result = new_records(changes)
    if not new:
        return result
    guard = RemovalGuard(law, day)
    stored = [_take(change, law, guard, (by, at, day), result) for change in new]
    PlatformChange.objects.bulk_create(stored)
    assert result.revision is not None
    numbers = [change.sequence for change in new if change.sequence is not None]
    summary = {
        "from": min(numbers, default=None),
        "to": max(numbers, default=None),
        "revision": result.revision.pk,
        "quarantined": sum(change.state == "quarantined" for change in stored),
    }
    record(stream="source/platform", by=by, at=at, what="changes-applied", details=summary)
    return result


def _take(
    change: Pushed,
    law: Law,
    guard: RemovalGuard,
    occasion: tuple[str, datetime, date],
    result: PushResult,
) -> PlatformChange:
    """Applies or quarantines one record, at a revision of its own: a row may come and go again."""
    by, at, day = occasion
    revision = result.revision = next_revision(what="platform change", by=by, at=at)
    concerned: set[str] = set()
    try:
        # what the database refuses of one record must not stop the others
        with transaction.atomic():
            if isinstance(change, MalformedChange):
                problem = change.problem
                concerned |= _doubt(change, law, revision)
            else:
                problem = guard.problem(change) or _apply(change, law, revision, day, concerned)
                if not problem:
                    guard.note(change, revision)
    except (DataError, IntegrityError) as error:
        problem = _("数据库不收这一条（{kind}）").format(kind=type(error).__name__)
        concerned |= _doubt_by_codes(change, revision)
    result.credit_codes |= concerned
    state = "quarantined" if problem else "applied"
    result.outcomes.append((change, state, problem))
    return _stored(change, state, problem, revision, at)


def _stored(
    change: Pushed, state: str, problem: str, revision: Revision, at: datetime
) -> PlatformChange:
    content = change.content if isinstance(change, MalformedChange) else dict(change.row)
    claimed = change.claimed_sequence if isinstance(change, MalformedChange) else None
    version = newest_version()
    return PlatformChange(
        change_id=change.change_id,
        sequence=change.sequence,
        claimed_sequence=claimed,
        source=change.source,
        action=change.action,
        digest=change.digest,
        row=encrypted(json.dumps(content), version),
        key_version=version,
        state=state,
        problem=hidden(problem),
        received_at=at,
        revision=revision,
    )


class CannotRelease(Exception):
    """The change is not quarantined, cannot be applied or was overtaken; the message says which."""


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """Who signs the release of quarantined changes, when, for which day, why; who proposed it."""

    law: Law
    by: str
    at: datetime
    day: date
    because: str
    proposed_by: str


@transaction.atomic
def release_change(
    *,
    change: PlatformChange,
    law: Law,
    by: str,
    at: datetime,
    day: date,
    because: str,
    proposed_by: str,
) -> PushResult:
    """Applies a quarantined change that was checked, as a removal beyond the guard.

    One person proposed it, `by` signs it. CannotRelease where it is malformed, cannot be read, or
    its row was written again since.
    """
    lock()
    _require_reason(because)
    _require_two_persons(by, proposed_by)
    stored = PlatformChange.objects.select_for_update().get(pk=change.pk)
    result = PushResult()
    _release(stored, ReleaseContext(law, by, at, day, because, proposed_by), result)
    assert result.revision is not None
    details = {
        "change": stored.change_id,
        "sequence": stored.sequence,
        "revision": result.revision.pk,
        "proposed_by": proposed_by,
    }
    record(
        stream="source/platform",
        by=by,
        at=at,
        what="change-released",
        details=details,
        basis=because,
    )
    return result


def changes_within(
    *, numbers: tuple[int, int] | None = None, received_on: date | None = None
) -> QuerySet[PlatformChange]:
    """The changes of a range of sequence numbers, or of a day, in their order."""
    changes = PlatformChange.objects.all()
    if numbers is not None:
        changes = changes.filter(sequence__range=numbers)
    if received_on is not None:
        start = timezone.make_aware(datetime.combine(received_on, time.min))
        changes = changes.filter(received_at__gte=start, received_at__lt=start + timedelta(days=1))
    return changes.order_by("sequence", "pk")


def quarantined_changes(
    *, numbers: tuple[int, int] | None = None, received_on: date | None = None
) -> QuerySet[PlatformChange]:
    """The quarantined changes of a range of sequence numbers, or of a day, in their order."""
    return changes_within(numbers=numbers, received_on=received_on).filter(state="quarantined")


def releasable_changes(changes: QuerySet[PlatformChange]) -> QuerySet[PlatformChange]:
    """Those of some changes that may be released: quarantined, with a number and an action."""
    return changes.filter(state="quarantined", sequence__isnull=False).exclude(action="")


@transaction.atomic
def release_changes(
    *,
    changes: QuerySet[PlatformChange],
    law: Law,
    by: str,
    at: datetime,
    day: date,
    because: str,
    proposed_by: str,
) -> PushResult:
    """Applies some quarantined changes in one act; those that cannot be applied stay as they are.

    One person proposed it, `by` signs it. Each outcome has the state of its change, and the problem
    of one that stays. CannotRelease where none can be applied.
    """
    lock()
    _require_reason(because)
    _require_two_persons(by, proposed_by)
    context = ReleaseContext(law, by, at, day, because, proposed_by)
    result = PushResult()
    for stored in _locked(changes):
        try:
            with transaction.atomic():
                _release(stored, context, result)
        except CannotRelease as why:
            result.outcomes.append((_as_pushed(stored), stored.state, str(why)))
    if result.revision is None:
        raise CannotRelease(_no_release(result))
    _record_decision("changes-released", result, by, at, because, proposed_by=proposed_by)
    return result


def _no_release(result: PushResult) -> str:
    """The sentence that names every change of an act with its problem."""
    parts = [
        _("{number}：{problem}").format(
            number=change.change_id if change.sequence is None else change.sequence,
            problem=problem,
        )
        for change, _state, problem in result.outcomes
    ]
    return _("没有一条能放行（{problems}）").format(problems=_("；").join(parts))


@transaction.atomic
def reject_changes(
    *, changes: QuerySet[PlatformChange], by: str, at: datetime, because: str
) -> PushResult:
    """Settles quarantined changes without applying them: the rows stay as they are.

    CannotRelease where there are none.
    """
    lock()
    _require_reason(because)
    result = PushResult()
    for stored in _locked(changes):
        stored.state = "rejected"
        stored.decided_by, stored.decided_at, stored.because = by, at, because
        stored.save()
        result.outcomes.append((_as_pushed(stored), stored.state, stored.problem))
    _record_decision("changes-rejected", result, by, at, because)
    return result


def supersede_changes(*, source: str, as_of: date, because: str, at: datetime) -> int:
    """Settles what was quarantined of a source before the day of a full list; returns how many.

    The list says of every row what holds; rows that could not be read are no longer in doubt.
    """
    start = timezone.make_aware(datetime.combine(as_of, time.min))
    changes = PlatformChange.objects.filter(
        source=source, state="quarantined", received_at__lt=start
    )
    return changes.update(state="superseded", because=because, decided_at=at)


def _locked(changes: QuerySet[PlatformChange]) -> list[PlatformChange]:
    stored = list(changes.select_for_update())
    if not stored:
        raise CannotRelease(_("没有扣下的推送"))
    return stored


def _require_reason(because: str) -> None:
    if not because.strip():
        raise CannotRelease(_("请写明理由"))


def _require_two_persons(by: str, proposed_by: str) -> None:
    if proposed_by in ("", by):
        raise CannotRelease(_("放行要由一人提出、另一人审核签批"))


def _as_pushed(stored: PlatformChange) -> MalformedChange:
    """A stored change without its content, for the account of an act."""
    return MalformedChange(
        content=None,
        problem=stored.problem,
        change_id=stored.change_id,
        sequence=stored.sequence,
        source=stored.source,
        action=stored.action,
    )


def _record_decision(
    what: str, result: PushResult, by: str, at: datetime, because: str, **persons: str
) -> None:
    """One journal entry for all changes of an act: their numbers by what became of them."""
    by_state: dict[str, list[int | str]] = defaultdict(list)
    for change, state, _problem in result.outcomes:
        by_state[state].append(change.change_id if change.sequence is None else change.sequence)
    details = {
        "changes": by_state,
        "revision": result.revision.pk if result.revision else None,
        **persons,
    }
    record(stream="source/platform", by=by, at=at, what=what, details=details, basis=because)


def _release(stored: PlatformChange, context: ReleaseContext, result: PushResult) -> None:
    """Applies a quarantined change and adds it to the result. CannotRelease."""
    law, by, at = context.law, context.by, context.at
    if stored.state != "quarantined" or stored.sequence is None or not stored.action:
        raise CannotRelease(_("这条推送没有被扣下，或者读不出"))
    row = json.loads(decrypted(stored.row, stored.key_version))
    again = Change(stored.change_id, stored.sequence, stored.source, stored.action, row)
    try:
        is_overtaken = _is_overtaken(again, law, stored)
    except NothingReadable as error:
        raise CannotRelease(str(error)) from error
    if is_overtaken:
        raise CannotRelease(_("这一行之后已有新的推送或载入"))
    revision = next_revision(what="platform change", by=by, at=at)
    concerned: set[str] = set()
    problem = _apply(again, law, revision, context.day, concerned)
    if problem:
        raise CannotRelease(problem)
    stored.state, stored.revision = "released", revision
    stored.proposed_by = context.proposed_by
    stored.decided_by, stored.decided_at, stored.because = by, at, context.because
    stored.save()
    result.revision = revision
    result.credit_codes |= concerned
    result.outcomes.append((again, stored.state, ""))


def _is_overtaken(change: Change, law: Law, stored: PlatformChange) -> bool:
    """Whether a list of a later day is on record, or a row that the change is about was written."""
    later = Load.objects.filter(
        source=change.source,
        state="released",
        is_full=True,
        as_of__gt=timezone.localdate(stored.received_at),
    )
    if later.exists():
        return True
    tables = _tables_of(source_of(change.source), _read(change, law))
    for slug, columns in tables.items():
        if not len(columns) or slug == "unparsed":
            continue
        with Table(TABLES[slug], change.source, columns, is_full=False) as table:
            if table.was_written_since(stored.revision_id):
                return True
    return False


def apply_again(*, source: str, since: date, law: Law, revision_of: Callable[[], Revision]) -> int:
    """Applies again what was pushed since the day of a full list; returns how many changes."""
    start = timezone.make_aware(datetime.combine(since, time.min))
    pushed = PlatformChange.objects.filter(
        source=source, state__in=("applied", "released"), received_at__gte=start
    ).order_by("sequence")
    applied = 0
    for stored in pushed.iterator():
        assert stored.sequence is not None
        row = json.loads(decrypted(stored.row, stored.key_version))
        change = Change(stored.change_id, stored.sequence, source, stored.action, row)
        _apply(change, law, revision_of(), since, set())
        applied += 1
    return applied


def _apply(change: Change, law: Law, revision: Revision, day: date, concerned: set[str]) -> str:
    """Applies one change and adds the enterprises it concerns; returns its problem or ''."""
    source = source_of(change.source)
    try:
        register_files = _read(change, law)
        tables = _tables_of(source, register_files)
    except NothingReadable as error:
        concerned |= _doubt_by_codes(change, revision)
        return str(error)
    rows_changed = 0
    for slug, columns in tables.items():
        if not len(columns):
            continue
        # before it is applied: afterwards people are registered only where the row says
        concerned |= _concerned(slug, columns)
        rows_changed += _apply_to_table(change, slug, columns, revision, day)
    for rejection in register_files.rejections:
        return f"{rejection.column}「{rejection.value}」：{rejection.problem}；{rejection.remedy}"
    if rows_changed:
        return ""
    return _("登记里没有这一行") if change.action == "remove" else _("这一行是空的")


def _read(change: Pushed, law: Law) -> RegisterFiles:
    """The row as a register file of one row; NothingReadable."""
    cells: list[list[Cell]] = [[*change.row], [*change.row.values()]]
    if any("\x00" in str(cell) for row in cells for cell in row):
        raise NothingReadable(_("有不可见的字符"))
    elsewhere = codes_elsewhere(change.source)
    return read_sheets([Sheet("platform", "", cells, None)], law, elsewhere)


def _tables_of(source: Source, register_files: RegisterFiles) -> dict[str, pa.Table]:
    """The rows by table; NothingReadable where they are not of the source."""
    if not register_files.accounts or any(
        account.table not in source.tables for account in register_files.accounts
    ):
        problems = (f"{row.problem}，{row.remedy}" for row in register_files.rejections)
        raise NothingReadable(next(problems, _("表头不属于这个来源")))
    return rows_by_table(source, register_files)


def _apply_to_table(
    change: Change, slug: str, columns: pa.Table, revision: Revision, day: date
) -> int:
    """Writes or removes the rows of one table; returns how many, without unparsed rows."""
    rows_changed = 0
    with Table(TABLES[slug], change.source, columns, is_full=False) as table:
        if slug == "unparsed":
            table.add(revision.pk)
        elif change.action == "put":
            table.apply(revision.pk, day)
            rows_changed = len(columns)
        else:
            rows_changed = table.end(revision.pk, day)
        resolve(slug, revision.pk)
    return rows_changed


def _doubt(change: MalformedChange, law: Law, revision: Revision) -> set[str]:
    """Puts an unparsed row on record for whatever the record may be about.

    The enterprises concerned; none where neither source nor row can be read.
    """
    if change.source not in sources() or not change.row:
        return set()
    try:
        tables = _tables_of(source_of(change.source), _read(change, law))
    except NothingReadable:
        return _doubt_by_codes(change, revision)
    concerned: set[str] = set()
    for slug, columns in tables.items():
        if not len(columns) or slug == "birthdays":
            continue
        concerned |= _concerned(slug, columns)
        unparsed = columns if slug == "unparsed" else _as_unparsed(slug, columns)
        with Table(TABLES["unparsed"], change.source, unparsed, is_full=False) as table:
            table.add(revision.pk)
    return concerned


def _doubt_by_codes(change: Pushed, revision: Revision) -> set[str]:
    """Puts an unparsed row on record for every credit code in a row that is not understood."""
    codes = sorted(set(_credit_codes(change.row.values())))
    for slug in source_of(change.source).tables:
        columns = pa.table({"credit_code": pa.array(codes, pa.string())})
        unparsed = _as_unparsed(slug, columns)
        with Table(TABLES["unparsed"], change.source, unparsed, is_full=False) as table:
            table.add(revision.pk)
    return set(codes)


def _credit_codes(cells: Iterable[str]) -> Iterator[str]:
    for cell in cells:
        with suppress(BadCell):
            yield credit_code(cell)


def _as_unparsed(slug: str, columns: pa.Table) -> pa.Table:
    """Rows that could be read as unparsed rows: of a record that is malformed they say nothing."""

    def column(name: str, kind: pa.DataType, missing: str | int) -> pa.Array:
        if name in columns.column_names:
            return columns.column(name).cast(kind).fill_null(missing)
        return pa.repeat(pa.scalar(missing, kind), len(columns))

    return pa.table(
        {
            "table_name": pa.repeat(slug, len(columns)),
            "credit_code": column("credit_code", pa.string(), ""),
            "profession": column("profession", pa.string(), ""),
            "person_id": column("person_id", pa.int64(), 0),
            "category": column("category", pa.string(), ""),
        }
    )


def _concerned(slug: str, columns: pa.Table) -> set[str]:
    """Enterprises whose findings may change: those named, and those where the people named are
    registered.
    """
    named = (
        set(columns.column("credit_code").to_pylist())
        if "credit_code" in columns.column_names
        else set()
    )
    people: list[int] = []
    if slug in PERSONAL:
        people = [number for number in columns.column("person_id").to_pylist() if number]
    if people:
        marks = ", ".join(["%s"] * len(people))
        here = f"FROM registers_registration WHERE recorded_to IS NULL AND person_id IN ({marks})"
        named |= {row[0] for row in rows_of(f"SELECT DISTINCT credit_code {here}", people)}
    named -= {"", None}
    if named:  # a branch's row concerns the legal person
        likes = " OR ".join(["branch_credit_codes LIKE %s"] * len(named))
        here = (
            "FROM registers_enterprise WHERE recorded_to IS NULL AND branch_credit_codes <> '' "
            f"AND ({likes})"
        )
        named |= {
            row[0] for row in rows_of(f"SELECT credit_code {here}", [f"%{code}%" for code in named])
        }
    return named
