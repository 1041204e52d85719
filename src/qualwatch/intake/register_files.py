"""Reads a folder of register files, one workbook, or a facts folder; every row is accounted for."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.evaluation.facts import Coverage, Facts
from qualwatch.intake import facts_folder
from qualwatch.intake.cells import Cell, folded_as_shown
from qualwatch.intake.containers.content import PACK_PARTS, is_pack_archive, own_pack
from qualwatch.intake.credit_codes import Elsewhere, nowhere
from qualwatch.intake.headers import Source, table_heads
from qualwatch.intake.layout import Problem, layout_of
from qualwatch.intake.non_rows import is_surely_above, words_of
from qualwatch.intake.people import People
from qualwatch.intake.problems import BadFile, NothingReadable, in_a_line
from qualwatch.intake.rows import SheetReader, listed
from qualwatch.intake.sheets import TEXTS, WORKBOOKS, Sheet, sheets_of
from qualwatch.intake.tables import RejectedKey, TableReader
from qualwatch.law.loader import Law
from qualwatch.privacy import hidden
from qualwatch.wording import gettext as _

# called with a file's name, the bytes before it, the bytes of all
Progress = Callable[[str, int, int], None]
MAX_DOUBTS = 500  # people whom no requirement exceeds
MAX_COLUMNS = 10  # left-over columns named in a notice
_CARD_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_CREDIT_CODE = re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z]{18}")
# where a file or sheet was not understood: its rows may have been anybody's
TABLES_IN_DOUBT = ("registrations", "contributions")
BASE_TABLES = ("enterprises", "items", "registrations")


@dataclass
class RegisterFiles:
    """The content of register files: facts, and the account of their rows.

    people: None where the facts came with pseudonyms. masks, names: by pseudonym, for those who may
    see them.
    """

    facts: Facts
    accounts: list[FileAccount] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    people: People | None = None

    @cached_property
    def masks(self) -> Mapping[str, str]:
        """Masked identity numbers."""
        return self.people.masks() if self.people else {}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names as the registers write them."""
        return self.people.names() if self.people else {}


def _no_progress(_name: str, _before: int, _of: int) -> None:
    pass


def read_register_files(
    path: Path, law: Law, progress: Progress = _no_progress, also: Path | None = None
) -> RegisterFiles:
    """Reads a file or folder, and one file more.

    Raises NothingReadable (one sentence) where a base table is missing.
    """
    for needed in (path, also):
        if needed is not None and not needed.exists():
            raise NothingReadable(_("找不到 {path}").format(path=needed))
    if facts_folder.is_facts_folder(path):
        return RegisterFiles(facts_folder.read_facts(path, law))
    folder = _folder_of(path)
    reader = _FileReader(law)
    reader.read_files(folder.read, progress)
    reader.note_unread_files(folder.unread)
    reader.refuse_packs(folder.packs)
    if also is not None:
        reader.read_file(also, also.name)
    reader.require_base_tables(path)
    reader.note_empty_registrations()
    return reader.result()


def read_named_files(
    files: Mapping[str, Path],
    law: Law,
    progress: Progress = _no_progress,
    elsewhere: Elsewhere = nowhere,
) -> RegisterFiles:
    """Reads files by the names to show; the caller checks which tables they hold."""
    reader = _FileReader(law, elsewhere)
    reader.read_files(files, progress)
    return reader.result()


def read_sheets(sheets: Iterable[Sheet], law: Law, elsewhere: Elsewhere = nowhere) -> RegisterFiles:
    """Reads sheets that are in memory already."""
    reader = _FileReader(law, elsewhere)
    for sheet in sheets:
        reader.read_sheet(sheet)
    return reader.result()


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a folder of register files holds, by name within it, or a file alone."""

    read: dict[str, Path]
    # files of kinds that hold no table, whatever they are: they may hold a register
    unread: list[str]
    packs: list[str]  # evidence packs, of which nothing is read


def _folder_of(path: Path) -> _Folder:
    """NothingReadable where nothing can be read."""
    if path.is_file():
        return _Folder({path.name: path}, [], [])
    files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    packs = _packs_among(files)
    read, unread = {}, []
    for file in files:
        is_in_pack = not packs.isdisjoint(file.parents)
        if is_in_pack or file.name.startswith((".", "~$")):
            continue
        name = str(file.relative_to(path))
        if file.suffix.lower() in WORKBOOKS | TEXTS:
            read[name] = file
        elif is_pack_archive(file):
            packs.add(file)
        else:
            unread.append(name)
    if path in packs:
        text = _("{path} 是本系统的证据包，不是登记表；要再算一次，请核查 {facts}")
        raise NothingReadable(text.format(path=path, facts=path / "facts"))
    if not read:
        raise NothingReadable(_("{path} 里没有 .csv、.xls、.xlsx 或 .ods 文件").format(path=path))
    return _Folder(read, unread, sorted(str(pack.relative_to(path)) for pack in packs))


def _packs_among(files: Iterable[Path]) -> set[Path]:
    """Folders that are unpacked evidence packs."""
    parts: dict[Path, set[str]] = {}
    for file in files:
        parts.setdefault(file.parent, set()).add(file.name)
    return {folder for folder, names in parts.items() if names >= PACK_PARTS}


class _FileReader:
    def __init__(self, law: Law, elsewhere: Elsewhere = nowhere) -> None:
        self.tables = TableReader(law, elsewhere)
        self.accounts: list[FileAccount] = []
        self.rejections: list[Rejection] = []
        self.notices: list[Notice] = []

    def read_files(self, files: Mapping[str, Path], progress: Progress) -> None:
        """Files by the names to show."""
        sizes = [file.stat().st_size for file in files.values()]
        for index, (name, file) in enumerate(files.items()):
            progress(Path(name).name, sum(sizes[:index]), sum(sizes))
            self.read_file(file, name)

    def note_unread_files(self, names: list[str]) -> None:
        """A notice for files of kinds that hold no table but may stand for a register."""
        text = _("没有读这个文件；其中若有登记表，请另存为 .xlsx 或 .csv")
        self.notices += [Notice(name, "", None, "", text) for name in names]

    def refuse_packs(self, names: Iterable[str]) -> None:
        """A rejection for each evidence pack: its tables are no registers."""
        pack = own_pack()
        self.rejections += [
            Rejection(name, "", None, "", "", pack.problem, pack.remedy) for name in names
        ]

    def read_file(self, path: Path, shown_as: str) -> None:
        """Every sheet of a file; a file that cannot be read is a rejection without a row."""
        try:
            for sheet in sheets_of(path, shown_as):
                self.read_sheet(sheet)
        except BadFile as bad:
            rejection = Rejection(shown_as, "", bad.row, "", "", bad.problem, bad.remedy)
            self.rejections.append(rejection)
            if bad.may_hold_rows:
                for table in TABLES_IN_DOUBT:
                    self._doubt(table, MAX_DOUBTS)

    def read_sheet(self, sheet: Sheet) -> None:
        """The tables of a sheet; one that is not understood is refused in a sentence."""
        for row, text in sheet.notices:
            self._notice(sheet, row, text)
        layout = layout_of(sheet)
        if not layout.blocks:
            self._pass_over(sheet)
            return
        accounts: dict[str, FileAccount] = {}
        for number, block in enumerate(layout.blocks):
            table = block.header.table.slug
            account = accounts.get(table)
            if account is None:
                account = accounts[table] = FileAccount(sheet.file, sheet.name, table)
            reader = SheetReader(sheet, layout, block, account, self.rejections, self.notices)
            if number == 0:
                self._look_above(reader)
            self._read_block(reader)
        self.accounts += accounts.values()

    def _read_block(self, reader: SheetReader) -> None:
        if reader.block.problem is not None:
            self._refuse(reader, reader.block.problem)
            return
        self._note_columns(reader)
        self.tables.read(reader)

    def _refuse(self, reader: SheetReader, problem: Problem) -> None:
        """Counts the rows of a table that was not understood: they may be anybody's."""
        before = reader.account.read
        reader.refuse_rows()
        header, sheet = reader.header, reader.sheet
        sentence = problem.problem
        if reader.account.read > before:
            sentence += _("；第 {first} 至 {last} 行没有读").format(
                first=reader.block.first + 1, last=reader.last_row
            )
            self._doubt(header.table.slug, reader.account.read - before)
        elif not header.sources:
            return  # a line of words without rows is a title
        self.rejections.append(
            Rejection(
                sheet.file,
                sheet.name,
                header.row + 1,
                problem.columns,
                "",
                sentence,
                problem.remedy,
            )
        )

    def _look_above(self, reader: SheetReader) -> None:
        """Lines above the first header: titles, or rows that no header explains."""
        sheet, account = reader.sheet, reader.account
        rows = []
        for index, row in sheet.rows_at(reader.layout.above):
            if not words_of(row):
                continue
            if is_surely_above(row):
                account.not_rows += 1
            else:
                rows.append(index + 1)
        if not rows:
            return
        account.read += len(rows)
        account.refused += len(rows)
        self._doubt(reader.header.table.slug, len(rows))
        problem = _("表头以上有像是数据的行，没有读：第 {rows} 行").format(rows=listed(rows))
        remedy = _("在这些行上面补上表头，或移到表头以下")
        self.rejections.append(Rejection(sheet.file, sheet.name, rows[0], "", "", problem, remedy))

    def _doubt(self, table: str, rows: int) -> None:
        """Rows of a table that may be anybody's: each may be a person that an enterprise lacks."""
        key = RejectedKey(table, None, None, None, None)
        self.tables.rows.rejected += [key] * min(rows, MAX_DOUBTS)

    def _note_columns(self, reader: SheetReader) -> None:
        """Notices of columns that are not read, or that are read in want of better ones."""
        header, sheet = reader.header, reader.sheet
        row = header.row + 1
        if header.left_over:
            text = _("用不到的列：{columns}").format(columns=_headings(header.left_over))
            self._notice(sheet, row, text)
        for slug, source in header.passed_over:
            text = _("「{vague}」不作依据，以「{precise}」为准")
            precise = header.written[slug]
            self._notice(sheet, row, text.format(vague=source.written, precise=precise))
        if header.doubtful:
            text = _("认不出、但可能影响结论的列：{columns}；其中有内容的行存疑")
            self._notice(sheet, row, text.format(columns=_headings(header.doubtful)))
        if header.table.slug == "registrations":
            for source in header.sources.get("valid_to", ()):
                if source.is_vague:
                    text = _(
                        "只有「{heading}」，可能是电子证书的使用期限；已过的存疑，请补注册有效期"
                    )
                    self._notice(sheet, row, text.format(heading=source.written))
        for first, _end, statement in reader.statements:
            text = _("「{title}」说明其下各行不算数；自己没有写明的行存疑")
            self._notice(sheet, first, text.format(title=statement.text))
        if reader.block.counters:
            text = _("行号列，不作依据：第 {places} 列")
            listed_positions = listed([at + 1 for at in sorted(reader.block.counters)])
            self._notice(sheet, row, text.format(places=listed_positions))
        positions = reader.positions_without_heading()
        if positions:
            text = _("没有表头的列有内容，没有读：第 {places} 列")
            self._notice(sheet, row, text.format(places=listed([at + 1 for at in positions])))
            self._doubt_people_beside(reader, positions)

    def _doubt_people_beside(self, reader: SheetReader, positions: Sequence[int]) -> None:
        """Numbers of people in columns without heading, beside a table: they may be anybody's."""
        count = sum(reader.count_at(position, _holds_card_number) for position in positions)
        if count:
            for table in TABLES_IN_DOUBT:
                self._doubt(table, count)
            problem = _("没有表头的列里有身份证号，没有读：第 {places} 列")
            problem = problem.format(places=listed([at + 1 for at in positions]))
            remedy = _("给这些列补上表头，或另存到一张表里")
            sheet, row = reader.sheet, reader.header.row + 1
            self.rejections.append(Rejection(sheet.file, sheet.name, row, "", "", problem, remedy))

    def _pass_over(self, sheet: Sheet) -> None:
        """A sheet without a header: refused where it holds numbers of people or firms."""
        texts = [text for row in sheet.rows for cell in row if (text := folded_as_shown(cell))]
        people = sum(bool(_CARD_NUMBER.search(text)) for text in texts)
        if not people and not any(map(_CREDIT_CODE.fullmatch, texts)):
            self._notice(sheet, None, _("没有认出表头，略过") if texts else _("空表，略过"))
            return
        if people:
            for table in TABLES_IN_DOUBT:
                self._doubt(table, people)
        problem = _("没有认出表头，整张表没有读")
        remedy = _("把表头改为说明书的写法；与核查无关的表，另存到别处")
        self.rejections.append(Rejection(sheet.file, sheet.name, None, "", "", problem, remedy))

    def _notice(self, sheet: Sheet, row: int | None, text: str) -> None:
        self.notices.append(Notice(sheet.file, sheet.name, row, "", hidden(in_a_line(text))))

    def require_base_tables(self, path: Path) -> None:
        """NothingReadable where a base table is missing, with the first rejection as the likely
        cause.
        """
        tables = {account.table for account in self.accounts if account.is_understood}
        missing = [table_heads()[slug].name for slug in BASE_TABLES if slug not in tables]
        if not missing:
            return
        names = "、".join(missing)
        sentence = _("{path} 里没有可读的{tables}表").format(path=path, tables=names)
        if not self.rejections:
            raise NothingReadable(sentence + _("；请按说明书的表头导出后再试"))
        first = self.rejections[0]
        where = f"{first.file} {first.sheet}".strip() + (f" {first.row}" if first.row else "")
        cause = _("；{where}：{problem}，{remedy}")
        sentence += cause.format(where=where, problem=first.problem, remedy=first.remedy)
        raise NothingReadable(sentence)

    def note_empty_registrations(self) -> None:
        """A table of registrations without a row counts as never loaded: nobody may be short by
        it.
        """
        accounts = [account for account in self.accounts if account.table == "registrations"]
        coverage = self.tables.rows.coverage
        if any(account.read for account in accounts):
            return
        if any(row.source == "registrations" for row in coverage):
            return
        coverage[Coverage("registrations", None, None, None, "", "all")] = None
        text = _("注册人员表没有一行数据，视为从未载入")
        self.notices.append(Notice(accounts[0].file, accounts[0].sheet, None, "", text))

    def result(self) -> RegisterFiles:
        """What was read, people by pseudonym."""
        self.tables.finish()
        people = People(self.tables)
        return RegisterFiles(people.facts(), self.accounts, self.rejections, self.notices, people)


def _holds_card_number(cell: Cell) -> bool:
    return bool(_CARD_NUMBER.search(folded_as_shown(cell)))


def _headings(columns: Sequence[Source]) -> str:
    """Headings for a sentence."""
    text = "、".join(column.written for column in columns[:MAX_COLUMNS])
    return text + ("…" if len(columns) > MAX_COLUMNS else "")
