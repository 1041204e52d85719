"""Reads a folder of register files, one workbook, or a facts folder; every row is accounted for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.evaluation.facts import Coverage, Facts
from qualwatch.intake import facts_folder
from qualwatch.intake.credit_codes import Elsewhere, nowhere
from qualwatch.intake.headers import Header, find_header, table_heads
from qualwatch.intake.people import People
from qualwatch.intake.problems import BadFile, NothingReadable
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.sheets import TEXTS, WORKBOOKS, Sheet, sheets_of
from qualwatch.intake.tables import TableReader
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

# called with a file's name, the bytes before it, the bytes of all
Progress = Callable[[str, int, int], None]
MOST_COLUMNS = 10  # left-over columns named in a notice
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
    files = {
        file.name if path.is_file() else str(file.relative_to(path)): file
        for file in _files_of(path)
    }
    reader = _FileReader(law)
    reader.read_files(files, progress)
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


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and not file.name.startswith((".", "~$"))
        and file.suffix.lower() in WORKBOOKS | TEXTS
    )
    if not files:
        raise NothingReadable(_("{path} 里没有 .csv、.xls、.xlsx 或 .ods 文件").format(path=path))
    return files


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

    def read_file(self, path: Path, shown_as: str) -> None:
        """Every sheet of a file; a file that cannot be read is a rejection without a row."""
        try:
            for sheet in sheets_of(path, shown_as):
                self.read_sheet(sheet)
        except BadFile as bad:
            rejection = Rejection(shown_as, "", bad.row, "", "", bad.problem, bad.remedy)
            self.rejections.append(rejection)

    def read_sheet(self, sheet: Sheet) -> None:
        """A sheet with a known table; any other is noted, one without a required column
        rejected.
        """
        for row, text in sheet.notices:
            self._notice(sheet, row, text)
        header = find_header(sheet)
        if header is None:
            empty = not any(cell not in (None, "") for row in sheet.rows for cell in row)
            text = _("空表，略过") if empty else _("没有认出表头，略过")
            self._notice(sheet, None, text)
            return
        if header.missing:
            self._reject_header(sheet, header)
            return
        if header.left_over:
            columns = "、".join(header.left_over[:MOST_COLUMNS])
            columns += "…" if len(header.left_over) > MOST_COLUMNS else ""
            text = _("用不到的列：{columns}").format(columns=columns)
            self._notice(sheet, header.row + 1, text)
        account = FileAccount(sheet.file, sheet.name, header.table.slug)
        self.accounts.append(account)
        self.tables.read(SheetReader(sheet, header, account, self.rejections, self.notices))

    def _notice(self, sheet: Sheet, row: int | None, text: str) -> None:
        self.notices.append(Notice(sheet.file, sheet.name, row, "", text))

    def _reject_header(self, sheet: Sheet, header: Header) -> None:
        columns = "、".join(header.missing)
        problem = _("{table}表缺少列：{columns}").format(table=header.table.name, columns=columns)
        remedy = _("补上这些列，或把表头改为说明书的写法")
        self.rejections.append(
            Rejection(sheet.file, sheet.name, header.row + 1, columns, "", problem, remedy)
        )

    def require_base_tables(self, path: Path) -> None:
        """NothingReadable where a base table is missing, with the first rejection as the likely
        cause.
        """
        tables = {account.table for account in self.accounts}
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
