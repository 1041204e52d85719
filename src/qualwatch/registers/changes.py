"""Changes that the platform pushes: single rows, in their order, each applied once."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from qualwatch.ciphers import newest_version
from qualwatch.intake.cells import Cell
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.register_files import read_sheets
from qualwatch.intake.sheets import Sheet
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.privacy import hidden
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.corrections import resolve
from qualwatch.registers.identities import decrypted, encrypted, keyed_hash
from qualwatch.registers.models import TABLES, PlatformChange, Revision
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.sources import source_of
from qualwatch.registers.tables import Table, lock, next_revision
from qualwatch.wording import gettext as _

PERSONAL = ("registrations", "contributions", "exemptions", "locks", "birthdays", "unparsed")


class OutOfOrder(Exception):
    """The changes do not go on where the last ones ended.

    `expected` is the sequence number that must come next.
    """

    def __init__(self, sentence: str, expected: int) -> None:
        super().__init__(sentence)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Change:
    """One row put or removed. `row`: cells by the headers of the source's register files."""

    change_id: str
    sequence: int
    source: str
    action: str  # put, remove
    row: Mapping[str, str]

    @property
    def digest(self) -> str:
        """What tells this change from another under the same id."""
        content = json.dumps(
            [self.sequence, self.source, self.action, dict(self.row)], ensure_ascii=False
        )
        return keyed_hash(content)  # of a plain one the identity number could be guessed


@dataclass(slots=True)
class PushResult:
    """What became of a batch.

    A state per change (applied, rejected, known), and the enterprises concerned.
    """

    outcomes: list[tuple[Change, str, str]] = field(default_factory=list)
    credit_codes: set[str] = field(default_factory=set)
    revision: Revision | None = None


@transaction.atomic
def apply_changes(
    *, changes: Sequence[Change], law: Law, by: str, at: datetime, day: date
) -> PushResult:
    """Applies a batch in its order, all in one transaction.

    What was pushed before is not applied again.

    OutOfOrder where a sequence number is missing, comes again under another id, or an id comes
    again with other content: nothing is applied then. A row that cannot be read is rejected and
    kept as unparsed; the others go on.
    """
    lock()
    new, result = _new(changes)
    if not new:
        return result
    version, stored = newest_version(), []
    for change in new:
        # a row may come and go again
        revision = result.revision = next_revision(what="platform change", by=by, at=at)
        problem = _apply(change, law, revision, day, result.credit_codes)
        state = "rejected" if problem else "applied"
        result.outcomes.append((change, state, problem))
        stored.append(
            PlatformChange(
                change_id=change.change_id,
                sequence=change.sequence,
                source=change.source,
                action=change.action,
                digest=change.digest,
                row=encrypted(json.dumps(dict(change.row), ensure_ascii=False), version),
                key_version=version,
                state=state,
                problem=hidden(problem),
                taken_at=at,
                revision=revision,
            )
        )
    PlatformChange.objects.bulk_create(stored)
    summary = {
        "from": new[0].sequence,
        "to": new[-1].sequence,
        "revision": revision.pk,
        "rejected": sum(platform_change.state == "rejected" for platform_change in stored),
    }
    record(stream="source/platform", by=by, at=at, what="changes-applied", details=summary)
    return result


def apply_again(*, source: str, since: date, law: Law, revision_of: Callable[[], Revision]) -> int:
    """After a full list of a day: what was pushed from that day on is put on top of it again.

    How many changes.
    """
    start = timezone.make_aware(datetime.combine(since, time.min))
    pushed = PlatformChange.objects.filter(
        source=source, state="applied", taken_at__gte=start
    ).order_by("sequence")
    applied = 0
    for stored in pushed.iterator():
        row = json.loads(decrypted(stored.row, stored.key_version))
        change = Change(stored.change_id, stored.sequence, source, stored.action, row)
        _apply(change, law, revision_of(), since, set())
        applied += 1
    return applied


def _new(changes: Sequence[Change]) -> tuple[list[Change], PushResult]:
    """The changes that were not pushed before, in order; those known with what became of them."""
    result, new = PushResult(), []
    ids = [change.change_id for change in changes]
    existing = {
        platform_change.change_id: platform_change
        for platform_change in PlatformChange.objects.filter(change_id__in=ids)
    }
    last = PlatformChange.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    expected = None if last is None else last + 1
    for change in sorted(changes, key=lambda change: change.sequence):
        before = existing.get(change.change_id)
        if before is not None:
            if before.digest != change.digest:
                raise OutOfOrder(
                    _("变更 {id} 已用于别的内容").format(id=change.change_id), expected or 0
                )
            result.outcomes.append((change, "known", before.problem))
            continue
        if expected is not None and change.sequence != expected:
            raise OutOfOrder(
                _("序号 {sequence} 接不上，应为 {expected}").format(
                    sequence=change.sequence, expected=expected
                ),
                expected,
            )
        source_of(change.source)
        expected = change.sequence + 1
        new.append(change)
    return new, result


def _apply(change: Change, law: Law, revision: Revision, day: date, concerned: set[str]) -> str:
    """Applies one change and adds the enterprises it concerns.

    The problem that kept it out, or ''.
    """
    source = source_of(change.source)
    cells: list[list[Cell]] = [[*change.row], [*change.row.values()]]
    if any("\x00" in str(cell) for row in cells for cell in row):
        return _("有不可见的字符")
    register_files = read_sheets([Sheet("platform", "", cells, None)], law)
    if not register_files.accounts or any(
        account.table not in source.tables for account in register_files.accounts
    ):
        problems = (f"{row.problem}，{row.remedy}" for row in register_files.rejections)
        return next(problems, _("表头不属于这个来源"))
    try:
        tables = rows_by_table(source, register_files)
    except NothingReadable as error:
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


def _apply_to_table(
    change: Change, slug: str, columns: pa.Table, revision: Revision, day: date
) -> int:
    """Writes or removes the rows of one table.

    How many the change concerned (unparsed rows do not count).
    """
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


def _concerned(slug: str, columns: pa.Table) -> set[str]:
    """Enterprises whose findings may change.

    Those named, and wherever the people named are registered.
    """
    named = (
        set(columns.column("credit_code").to_pylist())
        if "credit_code" in columns.column_names
        else set()
    )
    people = (
        [one for one in columns.column("person_id").to_pylist() if one] if slug in PERSONAL else []
    )
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
            row[0] for row in rows_of(f"SELECT credit_code {here}", [f"%{one}%" for one in named])
        }
    return named
