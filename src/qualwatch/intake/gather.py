"""A folder of register files, one workbook, or a facts folder -> facts with every row accounted for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.evaluation.facts import Coverage, Facts
from qualwatch.intake import facts_folder
from qualwatch.intake.headers import find_header, table_heads
from qualwatch.intake.people import People
from qualwatch.intake.problems import BadFile, NothingReadable
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.sheets import TEXTS, WORKBOOKS, Sheet, sheets_of
from qualwatch.intake.tables import TableReader
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

Progress = Callable[[str, int, int], None]  # a file's name, the bytes before it, the bytes of all
BASE_TABLES = ("enterprises", "items", "registrations")


@dataclass
class Gathered:
    """Facts, and how they came about. `masks` and `names` are by pseudonym, for people who may see them."""

    facts: Facts
    accounts: list[FileAccount] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    people: People | None = None  # None where the facts came with pseudonyms

    @cached_property
    def masks(self) -> Mapping[str, str]:
        """Masked identity numbers."""
        return self.people.masks() if self.people else {}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names as the registers write them."""
        return self.people.names() if self.people else {}


def gather(
    path: Path, law: Law, progress: Progress = lambda *_told: None, also: Path | None = None
) -> Gathered:
    """Reads PATH, and one file more. NothingReadable where there is nothing to judge, in one sentence."""
    for needed in (path, also):
        if needed is not None and not needed.exists():
            raise NothingReadable(_("找不到 {path}").format(path=needed))
    if facts_folder.is_facts_folder(path):
        return Gathered(facts_folder.read_facts(path, law))
    files = _files_of(path)
    reading = _Gathering(law)
    sizes = [file.stat().st_size for file in files]
    for at, file in enumerate(files):
        progress(file.name, sum(sizes[:at]), sum(sizes))
        reading.file(file, file.name if path.is_file() else str(file.relative_to(path)))
    if also is not None:
        reading.file(also, also.name)
    return reading.finished(path)


def gather_files(
    files: Mapping[str, Path], law: Law, progress: Progress = lambda *_told: None
) -> Gathered:
    """Reads some files by the names to show; which tables they hold is the caller's concern."""
    reading = _Gathering(law)
    sizes = [file.stat().st_size for file in files.values()]
    for at, (name, file) in enumerate(files.items()):
        progress(name, sum(sizes[:at]), sum(sizes))
        reading.file(file, name)
    return reading.gathered()


def gather_sheets(sheets: Iterable[Sheet], law: Law) -> Gathered:
    """Reads sheets that are in memory already."""
    reading = _Gathering(law)
    for sheet in sheets:
        reading.sheet(sheet)
    return reading.gathered()


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


class _Gathering:
    def __init__(self, law: Law) -> None:
        self.tables = TableReader(law)
        self.accounts: list[FileAccount] = []
        self.rejections: list[Rejection] = []
        self.notices: list[Notice] = []

    def file(self, path: Path, shown_as: str) -> None:
        """One file: its tables read, its other sheets listed; an unreadable one is a rejected entry."""
        try:
            for sheet in sheets_of(path, shown_as):
                self.sheet(sheet)
        except BadFile as bad:
            self.rejections.append(
                Rejection(shown_as, "", bad.row, "", "", bad.problem, bad.remedy)
            )

    def sheet(self, sheet: Sheet) -> None:
        """One sheet: read if it is a known table, otherwise listed."""
        header = find_header(sheet)
        if header is None:
            empty = not any(cell not in (None, "") for row in sheet.rows for cell in row)
            text = _("空表，略过") if empty else _("没有认出表头，略过")
            self.notices.append(Notice(sheet.file, sheet.name, None, "", text))
            return
        if header.missing:
            columns = "、".join(header.missing)
            sentence = _("{table}表缺少列：{columns}").format(
                table=header.table.name, columns=columns
            )
            self.rejections.append(
                Rejection(
                    sheet.file,
                    sheet.name,
                    header.row + 1,
                    columns,
                    "",
                    sentence,
                    _("补上这些列，或把表头改为说明书的写法"),
                )
            )
            return
        if header.left_over:
            columns = "、".join(header.left_over[:10]) + ("…" if len(header.left_over) > 10 else "")
            text = _("用不到的列：{columns}").format(columns=columns)
            self.notices.append(Notice(sheet.file, sheet.name, header.row + 1, "", text))
        account = FileAccount(sheet.file, sheet.name, header.table.slug)
        self.accounts.append(account)
        self.tables.read(SheetReader(sheet, header, account, self.rejections, self.notices))

    def finished(self, path: Path) -> Gathered:
        """The whole, people by pseudonym; NothingReadable where a base table is missing."""
        found = {account.table for account in self.accounts}
        lacking = [table_heads()[slug].name for slug in BASE_TABLES if slug not in found]
        if lacking:
            sentence = _("{path} 里没有可读的{tables}表").format(
                path=path, tables="、".join(lacking)
            )
            if self.rejections:
                first = self.rejections[0]
                where = f"{first.file} {first.sheet}".strip() + (
                    f" {first.row}" if first.row else ""
                )
                sentence += _("；{where}：{problem}，{remedy}").format(
                    where=where, problem=first.problem, remedy=first.remedy
                )
            else:
                sentence += _("；请按说明书的表头导出后再试")
            raise NothingReadable(sentence)
        into = self.tables.into
        read = sum(account.read for account in self.accounts if account.table == "registrations")
        if not read and not any(row.source == "registrations" for row in into.coverage):
            into.coverage[Coverage("registrations", None, None, None, "", "all")] = None
            account = next(account for account in self.accounts if account.table == "registrations")
            self.notices.append(
                Notice(
                    account.file, account.sheet, None, "", _("注册人员表没有一行数据，视为从未载入")
                )
            )
        return self.gathered()

    def gathered(self) -> Gathered:
        """What was read, people by pseudonym."""
        self.tables.into.settle_numbers_of_other_documents()
        people = People(self.tables)
        return Gathered(people.facts(), self.accounts, self.rejections, self.notices, people)
