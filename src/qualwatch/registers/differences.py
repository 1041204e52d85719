"""A full list that is like the one before but for some lines: only the people whom those lines name are read again.

Every line of such a person is read, of the old file and of the new one: what a person's rows say of each other (two
birthdays, the same row twice) comes out as if all had been read. tests/office/test_differences.py compares the two.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from qualwatch.evaluation.account import FileAccount, Rejection
from qualwatch.intake.cells import resident_number
from qualwatch.intake.gather import Gathered, gather_sheets
from qualwatch.intake.headers import find_header
from qualwatch.intake.problems import BadCell
from qualwatch.intake.sheets import TextSheet
from qualwatch.law.loader import Law
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.models import Load, UnreadRow
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.sources import Source

BY_PERSON = ("registrations", "contributions")  # tables whose rows are each about one person
WORTH_IT = 5  # the lines that differ are fewer than one in so many
BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Difference:
    """The lines of the people concerned: as they are now, and as they were. `numbers`: their rows in the new file."""

    last: Load
    table: str
    gathered: Gathered
    before: Gathered
    numbers: list[int]
    carried: list[Rejection]  # rejected lines that are still there, at their new places

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows of the whole file, read, accepted and rejected."""
        new, old = self.gathered.accounts[0], self.before.accounts[0]
        known = self.last.counts[self.table]
        names = ("read", "accepted", "rejected")
        return {self.table: {name: known[name] - getattr(old, name) + getattr(new, name) for name in names}}

    def rejections(self) -> list[Rejection]:
        """Rejected rows of the whole file, in their order."""
        new = [replace(one, row=self.numbers[(one.row or 2) - 2]) for one in self.gathered.rejections]
        return sorted([*self.carried, *new], key=lambda one: one.row or 0)

    def rows(self, source: Source) -> tuple[dict[str, pa.Table], pa.Array]:
        """Rows by table of the people concerned (and all unread rows of the source), and those people's numbers."""
        old, new = rows_by_table(source, self.before), rows_by_table(source, self.gathered)
        people = pa.chunked_array(
            [chunk for one in (old, new) for chunk in one[self.table].column("person_id").chunks], pa.int64()
        )
        new["unread"] = self._unread(source, old["unread"], new["unread"])
        return new, people.unique()

    def _unread(self, source: Source, old: pa.Table, new: pa.Table) -> pa.Table:
        names = UnreadRow.facts()
        known = Counter(rows_of(
            f"SELECT {', '.join(names)} FROM {UnreadRow._meta.db_table} WHERE source = %s AND recorded_to IS NULL",
            [source.slug],
        ))  # fmt: skip
        known.subtract(_rows(old, names))
        known.update(_rows(new, names))
        listed = list(known.elements())
        kinds = [new.schema.field(name).type for name in names]
        return pa.table([pa.array([row[at] for row in listed], kind) for at, kind in enumerate(kinds)], names)


def difference(load: Load, last: Load, source: Source, law: Law, raw: Callable[[str, str], Path]) -> Difference | None:
    """What differs from the last list, where reading that alone gives the same as reading all; else None."""
    both = [one.files[0] for one in (load, last) if len(one.files) == 1]
    whole = (
        load.is_full and last.is_full and len(both) == 2 and source.tables[0] in BY_PERSON and len(source.tables) == 1
    )
    if not whole or (source.tables[0] == "contributions" and load.told_from is None):
        return None
    new, old = (_Lines.of(one["name"], raw(one["sha256"], one["name"])) for one in both)
    if new is None or old is None or new.header != old.header or new.place != old.place:
        return None
    differing = _differing(new.lines, old.lines)
    if len(differing) * WORTH_IT > len(new.lines) or not differing:
        return None
    people = {new.person(line) for line in differing}
    numbers = new.lines_of(people)
    read = new.read([new.lines[at] for at in numbers], law)
    before = old.read([old.lines[at] for at in old.lines_of(people)], law)
    if read is None or before is None:
        return None
    carried = _carried(last, old, new, people)
    if carried is None:
        return None
    return Difference(last, source.tables[0], read, before, [at + 2 for at in numbers], carried)


def _differing(new: list[bytes], old: list[bytes]) -> set[bytes]:
    """Lines that one of the two has more often than the other."""
    added, gone = Counter(new), Counter(old)
    again = {line for counted in (added, gone) for line, count in counted.items() if count > 1}
    return (added.keys() ^ gone.keys()) | {line for line in again if added[line] != gone[line]}


def _carried(last: Load, old: "_Lines", new: "_Lines", people: set[bytes]) -> list[Rejection] | None:
    """The rejections of lines that did not change, by their new rows; None where not all of them are kept."""
    kept = list(last.rejections.order_by("row"))
    if len(kept) != sum(one.get("rejected", 0) for one in last.counts.values()) or any(not one.row for one in kept):
        return None
    lines = [(one, old.lines[(one.row or 2) - 2]) for one in kept]
    same = [(one, line) for one, line in lines if old.person(line) not in people]
    wanted = {line for _one, line in same}
    places: dict[bytes, list[int]] = {}
    for at, line in enumerate(new.lines):
        if line in wanted:
            places.setdefault(line, []).append(at + 2)
    told = ("sheet", "column", "value", "problem", "remedy")
    return [
        Rejection(file=new.name, row=places[line].pop(0), **{name: getattr(one, name) for name in told})
        for one, line in same
    ]


def _rows(table: pa.Table, names: Iterable[str]) -> list[tuple[object, ...]]:
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


class _Lines:
    """A text file whose rows are its lines, and the place of the identity number in them."""

    def __init__(self, name: str, header: bytes, lines: list[bytes], place: int, delimiter: bytes) -> None:
        self.name, self.header, self.lines, self.place, self._delimiter = name, header, lines, place, delimiter
        self._known: dict[bytes, bytes] = {}

    @classmethod
    def of(cls, name: str, path: Path) -> "_Lines | None":
        """The lines; None where a row might be more or less than a line, or the heading is not in the first one."""
        if path.suffix.lower() != ".csv" or not path.is_file():
            return None
        text = path.read_bytes().removeprefix(BOM).replace(b"\r\n", b"\n")
        if b'"' in text or b"\r" in text or b"\x00" in text:
            return None
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
        header, _end, rest = text.partition(b"\n")
        found = find_header(TextSheet(name, header + b"\n"))
        if found is None or found.missing or found.row != 0 or "identity" not in found.places:
            return None
        delimiter = b"\t" if b"\t" in header else b","
        if len(header.split(delimiter)) <= found.places["identity"]:
            return None
        lines = rest.split(b"\n")
        return cls(name, header, lines[:-1] if lines[-1] == b"" else lines, found.places["identity"], delimiter)

    def person(self, line: bytes) -> bytes:
        """Whom a line names, however the number is written."""
        cells = line.split(self._delimiter, self.place + 1)
        cell = cells[self.place] if len(cells) > self.place else b""
        known = self._known.get(cell)
        if known is None:
            known = cell
            if not (len(cell) == 18 and cell.isdigit()):
                try:
                    known = resident_number(cell.decode()).encode()
                except BadCell:
                    known = cell.strip().upper()
            self._known[cell] = known
        return known

    def lines_of(self, people: set[bytes]) -> list[int]:
        """The lines that name these people."""
        found, known, delimiter, place = [], self._known, self._delimiter, self.place
        for at, line in enumerate(self.lines):
            cells = line.split(delimiter, place + 1)
            who = known.get(cells[place]) if len(cells) > place else None
            if (self.person(line) if who is None else who) in people:
                found.append(at)
        return found

    def read(self, lines: list[bytes], law: Law) -> Gathered | None:
        """Some of the lines read as the whole file would be."""
        found = gather_sheets([TextSheet(self.name, b"\n".join([self.header, *lines, b""]))], law)
        if not found.accounts:
            found.accounts.append(FileAccount(self.name, "", "none"))
        return found if len(found.accounts) == 1 and all(one.row for one in found.rejections) else None
