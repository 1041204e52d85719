"""A full list that is like the one before but for some lines.

Only those whom the lines name are read again.

They are people, or enterprises in the list of items. Every line of theirs is read, of the old file
and of the new one: what their rows say of each other (two birthdays, the same row twice) comes out
as if all had been read. tests/office/test_list_differences.py compares the two.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.account import FileAccount, Rejection
from qualwatch.intake.cells import credit_code, folded_as_shown, resident_number
from qualwatch.intake.credit_codes import Elsewhere
from qualwatch.intake.headers import Header, header_of, is_day_of_payment, is_heading_word
from qualwatch.intake.layout import layout_of
from qualwatch.intake.problems import BadCell
from qualwatch.intake.register_files import RegisterFiles, read_sheets
from qualwatch.intake.sheets import TextSheet
from qualwatch.intake.statements import may_state, statement_of_name
from qualwatch.law.loader import Law
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.irregular_codes import codes_elsewhere
from qualwatch.registers.models import Load, UnparsedRow
from qualwatch.registers.reading import rows_by_table
from qualwatch.registers.sources import Source

SUBJECT = {
    "registrations": "identity",
    "contributions": "identity",
    "items": "credit_code",
}  # whom a row is about
BOM = b"\xef\xbb\xbf"
WORTH_IT = 5  # the lines that differ are fewer than one in so many
CARD = 18  # digits of a resident identity number
LINES_OF_HEADER = 3  # at most so many lines below the first belong to a header
_CODE = "[0-9A-Za-z]{15}"  # every row has one
HEADER_MARKS = "码|号|来源|(?i)code"  # every header of a table has one of these


@dataclass(slots=True)
class Difference:
    """The lines of the people concerned: as they are now, and as they were. `numbers`.

    Their rows in the new file.
    """

    last: Load
    table: str
    register_files: RegisterFiles
    before: RegisterFiles
    numbers: list[int]
    still_there: list[Rejection]  # rejected lines that are still there, at their new positions

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows of the whole file, read, accepted and rejected."""
        new, old = self.register_files.accounts[0], self.before.accounts[0]
        counts_before = self.last.counts[self.table]
        names = ("read", "accepted", "rejected")
        return {
            self.table: {
                name: counts_before[name] - getattr(old, name) + getattr(new, name)
                for name in names
            }
        }

    def rejections(self) -> list[Rejection]:
        """Rejected rows of the whole file, in their order."""
        new = [
            replace(one, row=self.numbers[(one.row or 2) - 2])
            for one in self.register_files.rejections
        ]
        return sorted([*self.still_there, *new], key=lambda rejection: rejection.row or 0)

    def rows(self, source: Source) -> tuple[dict[str, pa.Table], pa.Array]:
        """Rows by table of those concerned (and all unparsed rows of the source).

        Who they are, as the table has it.
        """
        old, new = rows_by_table(source, self.before), rows_by_table(source, self.register_files)
        who = "person_id" if SUBJECT[self.table] == "identity" else "credit_code"
        concerned = pa.concat_tables([one[self.table].select([who]) for one in (old, new)])
        new["unparsed"] = self._unparsed(source, old["unparsed"], new["unparsed"])
        return new, concerned.column(who).unique()

    def _unparsed(self, source: Source, old: pa.Table, new: pa.Table) -> pa.Table:
        names = UnparsedRow.fact_columns()
        rows_before = Counter(
            rows_of(
                f"SELECT {', '.join(names)} FROM {UnparsedRow._meta.db_table} WHERE source = %s "
                "AND recorded_to IS NULL",
                [source.slug],
            )
        )
        rows_before.subtract(_rows(old, names))
        rows_before.update(_rows(new, names))
        listed = list(rows_before.elements())
        kinds = [new.schema.field(name).type for name in names]
        return pa.table(
            [pa.array([row[at] for row in listed], kind) for at, kind in enumerate(kinds)], names
        )


def difference(
    load: Load, last: Load, source: Source, law: Law, raw: Callable[[str, str], Path]
) -> Difference | None:
    """What differs from the last list, where reading that alone gives the same as reading all.

    Else None.
    """
    if not _are_comparable(load, last, source):
        return None
    table = source.tables[0]
    new, old = (_lines_of_file(delivered, raw, SUBJECT[table]) for delivered in (load, last))
    if new is None or old is None or new.header != old.header or new.position != old.position:
        return None
    differing = _differing(new.lines, old.lines)
    if len(differing) * WORTH_IT > len(new.lines) or not differing:
        return None
    concerned = {new.subject(line) for line in differing}
    numbers = new.lines_of(concerned)
    elsewhere = codes_elsewhere(source.slug)
    lines_now = new.read(numbers, law, elsewhere)
    lines_before = old.read(old.lines_of(concerned), law, elsewhere)
    still_there = _still_there(last, old, new, concerned)
    if lines_now is None or lines_before is None or still_there is None:
        return None
    file_rows = [number + 2 for number in numbers]
    return Difference(last, table, lines_now, lines_before, file_rows, still_there)


def _are_comparable(load: Load, last: Load, source: Source) -> bool:
    """Whether both are full lists in one file of one table whose lines name their subject."""
    if len(load.files) != 1 or len(last.files) != 1 or len(source.tables) != 1:
        return False
    table = source.tables[0]
    if table == "contributions" and load.stated_from is None:
        return False
    return load.is_full and last.is_full and table in SUBJECT


def _lines_of_file(
    delivered: Load, raw: Callable[[str, str], Path], subject: str
) -> "_Lines | None":
    """The lines of a load's one file; None where it is not plain text of one table."""
    file = delivered.files[0]
    return _Lines.of(file["name"], raw(file["sha256"], file["name"]), subject)


def _differing(new: pa.Array, old: pa.Array) -> list[str]:
    """Lines that one of the two has more often than the other."""
    with duckdb.connect() as connection:
        for name, lines in (("new", new), ("old", old)):
            connection.register(name, pa.table([lines], ["line"]))
        query = (
            "SELECT line FROM (SELECT line, 1 AS n FROM new UNION ALL SELECT line, -1 FROM old) "
            "GROUP BY line HAVING sum(n) <> 0"
        )
        return [line for (line,) in connection.execute(query).fetchall()]


def _still_there(
    last: Load, old: "_Lines", new: "_Lines", concerned: set[str]
) -> list[Rejection] | None:
    """The rejections of lines that did not change, by their new rows.

    None where not all of them are kept.
    """
    rejections = list(last.rejections.order_by("row"))
    if len(rejections) != sum(count.get("rejected", 0) for count in last.counts.values()) or any(
        not load_rejection.row for load_rejection in rejections
    ):
        return None
    lines = [
        (load_rejection, old.lines[(load_rejection.row or 2) - 2].as_py())
        for load_rejection in rejections
    ]
    same = [
        (load_rejection, line)
        for load_rejection, line in lines
        if old.subject(line) not in concerned
    ]
    unchanged_lines = pa.array([line for _one, line in same], pa.large_string())
    positions: dict[str, list[int]] = {}
    for at in pc.indices_nonzero(pc.is_in(new.lines, value_set=unchanged_lines)).to_pylist():
        positions.setdefault(new.lines[at].as_py(), []).append(at + 2)
    names = ("sheet", "column", "value", "problem", "remedy")
    return [
        Rejection(
            file=new.name,
            row=positions[line].pop(0),
            **{name: getattr(load_rejection, name) for name in names},
        )
        for load_rejection, line in same
    ]


def _rows(table: pa.Table, names: Iterable[str]) -> list[tuple[object, ...]]:
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


def _person(cell: str) -> str:
    if len(cell) == CARD and cell.isascii() and cell.isdigit():
        return cell
    try:
        return resident_number(cell)
    except BadCell:
        return cell.strip().upper()


def _enterprise(cell: str) -> str:
    try:
        return credit_code(cell)
    except BadCell:
        return cell.strip().upper()


def _only_header(name: str, first: bytes, rest: bytes, lines: pa.Array) -> Header | None:
    """The header in the first line; None where another line belongs to it or is a header too."""
    head = b"\n".join([first, *rest.split(b"\n", LINES_OF_HEADER)[:LINES_OF_HEADER], b""])
    blocks = layout_of(TextSheet(name, head)).blocks
    if len(blocks) != 1 or blocks[0].problem is not None or blocks[0].header.row != 0:
        return None
    has_mark = pc.match_substring_regex(lines, HEADER_MARKS)
    if pc.sum(has_mark).as_py():
        for line in lines.filter(has_mark).unique().to_pylist():
            words = re.split("[,\t]", line)
            if sum(map(is_heading_word, words)) > 1:
                return None
    header = blocks[0].header
    is_alone = not _depends_on_other_rows(name, first.decode(), header)
    return header if is_alone and not _has_lines_of_words(lines) else None


def _depends_on_other_rows(name: str, first: str, header: Header) -> bool:
    """Whether what a row means depends on other rows, or on the name of the file: columns without
    heading or with one that says nothing, several of one meaning, days of payment.
    """
    table = header.table
    cells = re.split("[,\t]", first)
    whole = header_of([(folded_as_shown(cell),) for cell in cells], table, (0, 0))
    if whole is None or not all(map(folded_as_shown, cells)):
        return True
    return bool(
        statement_of_name(name, table.slug)
        or whole.doubtful
        or whole.passed_over
        or any(len(sources) > 1 for sources in whole.sources.values())
        or any(is_day_of_payment(source.written) for source in whole.left_over)
    )


def _has_lines_of_words(lines: pa.Array) -> bool:
    """Whether a line without a code may be a title of the lines beneath, or a header."""
    is_row = pc.match_substring_regex(lines, _CODE)
    for line in lines.filter(pc.invert(is_row)).unique().to_pylist():
        words = re.split("[,\t]", line)
        if any(may_state(word) or is_heading_word(word) for word in words):
            return True
    return False


class _Lines:
    """A text file whose rows are its lines, and the position of the cell in them that says whom
    they are about.
    """

    def __init__(
        self, name: str, header: str, lines: pa.Array, position: int, delimiter: str, subject: str
    ) -> None:
        self.name, self.header, self.lines, self.position, self._delimiter = (
            name,
            header,
            lines,
            position,
            delimiter,
        )
        self._read = _person if subject == "identity" else _enterprise

    @classmethod
    def of(cls, name: str, path: Path, subject: str) -> "_Lines | None":
        """The lines; None where a row might be more or less than a line, or the heading is not in
        the first one.
        """
        if path.suffix.lower() != ".csv" or not path.is_file():
            return None
        raw = path.read_bytes().removeprefix(BOM).replace(b"\r\n", b"\n")
        if b'"' in raw or b"\r" in raw or b"\x00" in raw:
            return None
        first, _end, rest = raw.removesuffix(b"\n").partition(b"\n")
        lines = pc.split_pattern(
            pa.array([rest] if rest else [], pa.large_binary()), b"\n"
        ).flatten()
        try:
            header, lines = first.decode(), lines.cast(pa.large_string())
        except (UnicodeDecodeError, pa.ArrowInvalid):
            return None
        header_found = _only_header(name, first, rest, lines)
        if header_found is None or len(header_found.sources.get(subject, ())) != 1:
            return None
        delimiter = "\t" if "\t" in header else ","
        if len(header.split(delimiter)) <= header_found.positions[subject]:
            return None
        return cls(name, header, lines, header_found.positions[subject], delimiter, subject)

    def subject(self, line: str) -> str:
        """Whom a line is about, however that is written."""
        cells = line.split(self._delimiter, self.position + 1)
        return self._read(cells[self.position] if len(cells) > self.position else "")

    def lines_of(self, concerned: set[str]) -> list[int]:
        """The lines about these."""
        cells = pc.split_pattern(self.lines, self._delimiter, max_splits=self.position + 1)
        named = pc.list_slice(
            cells, self.position, self.position + 1, return_fixed_size_list=True
        ).flatten()
        coded = named.fill_null("").dictionary_encode()
        theirs = pa.array(
            [self._read(cell) in concerned for cell in coded.dictionary.to_pylist()], pa.bool_()
        )
        indexes: list[int] = pc.indices_nonzero(theirs.take(coded.indices)).to_pylist()
        return indexes

    def read(self, numbers: list[int], law: Law, elsewhere: Elsewhere) -> RegisterFiles | None:
        """Some of the lines read as the whole file would be."""
        text = "\n".join(
            [self.header, *self.lines.take(pa.array(numbers, pa.int64())).to_pylist(), ""]
        )
        register_files = read_sheets([TextSheet(self.name, text.encode())], law, elsewhere)
        if not register_files.accounts:
            register_files.accounts.append(FileAccount(self.name, "", "none"))
        return (
            register_files
            if len(register_files.accounts) == 1
            and all(rejection.row for rejection in register_files.rejections)
            else None
        )
