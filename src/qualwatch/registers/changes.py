"""Changes that the platform pushes: single rows, in their order, each applied once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

import pyarrow as pa
from django.db import transaction

from qualwatch.intake.cells import Cell
from qualwatch.intake.gather import Gathered, gather_sheets
from qualwatch.intake.sheets import Sheet
from qualwatch.journal.actions import digest_of, record
from qualwatch.law.loader import Law
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.corrections import resolve
from qualwatch.registers.identities import encrypted, newest_version
from qualwatch.registers.loads import rows_by_table
from qualwatch.registers.models import TABLES, PlatformChange, Revision
from qualwatch.registers.sources import source_of
from qualwatch.registers.tables import Table, lock, next_revision
from qualwatch.wording import gettext as _

PERSONAL = ("registrations", "contributions", "exemptions", "locks")


class OutOfOrder(Exception):
    """The changes do not go on where the last ones ended; `expected` is the sequence number that must come next."""

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
        return digest_of([self.sequence, self.source, self.action, dict(self.row)])


@dataclass(slots=True)
class Taken:
    """What became of a batch: a state per change (applied, rejected, known), and the enterprises concerned."""

    outcomes: list[tuple[Change, str, str]] = field(default_factory=list)
    credit_codes: set[str] = field(default_factory=set)
    revision: Revision | None = None


@transaction.atomic
def apply_changes(*, changes: Sequence[Change], law: Law, by: str, at: datetime, day: date) -> Taken:
    """Applies a batch in its order, all in one transaction; what was pushed before is not applied again.

    OutOfOrder where a sequence number is missing, comes again under another id, or an id comes again with other
    content: nothing is applied then. A row that cannot be read is rejected and kept as unread; the others go on.
    """
    lock()
    new, taken = _new(changes)
    if not new:
        return taken
    version, made = newest_version(), []
    for group in _groups(new):
        revision = taken.revision = next_revision(what="platform changes", by=by, at=at)  # a row may come and go again
        problems = _apply(group, law, revision, day, taken)
        for one in group:
            state = "rejected" if one.change_id in problems else "applied"
            problem = problems.get(one.change_id, "")
            taken.outcomes.append((one, state, problem))
            made.append(
                PlatformChange(
                    change_id=one.change_id, sequence=one.sequence, source=one.source, action=one.action,
                    digest=one.digest, row=encrypted(json.dumps(dict(one.row), ensure_ascii=False), version),
                    key_version=version, state=state, problem=problem, taken_at=at, revision=revision,
                )
            )  # fmt: skip
    PlatformChange.objects.bulk_create(made)
    told = {"from": new[0].sequence, "to": new[-1].sequence, "revision": revision.pk,
            "rejected": sum(one.state == "rejected" for one in made)}  # fmt: skip
    record(stream="source/platform", by=by, at=at, what="changes-applied", details=told)
    return taken


def _new(changes: Sequence[Change]) -> tuple[list[Change], Taken]:
    """The changes that were not pushed before, in order; those known with what became of them."""
    taken, new = Taken(), []
    ids = [one.change_id for one in changes]
    known = {one.change_id: one for one in PlatformChange.objects.filter(change_id__in=ids)}
    last = PlatformChange.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    expected = None if last is None else last + 1
    for one in sorted(changes, key=lambda change: change.sequence):
        before = known.get(one.change_id)
        if before is not None:
            if before.digest != one.digest:
                raise OutOfOrder(_("变更 {id} 已用于别的内容").format(id=one.change_id), expected or 0)
            taken.outcomes.append((one, "known", before.problem))
            continue
        if expected is not None and one.sequence != expected:
            raise OutOfOrder(_("序号 {sequence} 接不上，应为 {expected}").format(
                sequence=one.sequence, expected=expected), expected)  # fmt: skip
        source_of(one.source)
        expected = one.sequence + 1
        new.append(one)
    return new, taken


def _groups(changes: list[Change]) -> Iterator[list[Change]]:
    """Neighbours that can be applied together: one source, one action, the same headers, no row's words again."""
    for _key, same in groupby(changes, key=lambda one: (one.source, one.action, tuple(one.row))):
        group: list[Change] = []
        seen: set[str] = set()
        for one in same:
            words = {cell for cell in one.row.values() if len(cell) >= 15}  # codes of enterprises and people
            key = "\x1f".join(sorted(words))
            if key in seen:
                yield group
                group, seen = [], set()
            group.append(one)
            seen.add(key)
        yield group


def _apply(group: list[Change], law: Law, revision: Revision, day: date, taken: Taken) -> dict[str, str]:
    """Applies changes of one kind; the problem of each that was rejected, by its id."""
    source, action = source_of(group[0].source), group[0].action
    header = list(group[0].row)
    rows: list[list[Cell]] = [[*header], *([*one.row.values()] for one in group)]
    gathered = gather_sheets([Sheet("platform", "", rows, None)], law)
    problems = _problems(group, gathered, source.tables)
    if len(problems) == len(group) and not gathered.accounts:
        return problems
    for slug, columns in rows_by_table(source, gathered).items():
        if not len(columns):
            continue
        taken.credit_codes |= _concerned(slug, columns)
        with Table(TABLES[slug], source.slug, columns, is_full=False) as table:
            if action == "put" or slug == "unread":
                table.apply(revision.pk, day)
            else:
                table.end(revision.pk, day)
            resolve(slug, table, revision.pk)
        taken.credit_codes |= _concerned(slug, columns)
    return problems


def _problems(group: list[Change], gathered: Gathered, tables: Sequence[str]) -> dict[str, str]:
    if any(one.table not in tables for one in gathered.accounts) or not gathered.accounts:
        why = next((f"{one.problem}，{one.remedy}" for one in gathered.rejections), _("表头不属于这个来源"))
        gathered.accounts = []
        return {one.change_id: why for one in group}
    found = {}
    for one in gathered.rejections:
        if one.row is not None and 2 <= one.row <= len(group) + 1:
            found[group[one.row - 2].change_id] = f"{one.column}「{one.value}」：{one.problem}；{one.remedy}"
    return found


def _concerned(slug: str, columns: pa.Table) -> set[str]:
    """Enterprises whose findings may change: those named, and wherever the people named are registered."""
    named = set(columns.column("credit_code").to_pylist()) if "credit_code" in columns.column_names else set()
    people = [one for one in columns.column("person_id").to_pylist() if one] if slug in PERSONAL else []
    if people:
        marks = ", ".join(["%s"] * len(people))
        here = f"FROM registers_registration WHERE recorded_to IS NULL AND person_id IN ({marks})"
        named |= {row[0] for row in rows_of(f"SELECT DISTINCT credit_code {here}", people)}
    return {one for one in named if one}
