"""A folder of register files, one workbook, or a facts folder -> facts with every row accounted for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qualwatch.evaluation.account import FileAccount, Notice, Rejection
from qualwatch.evaluation.facts import Contribution, Coverage, Exemption, Facts, Person, Registration, Unread
from qualwatch.intake import facts_folder
from qualwatch.intake.headers import find_header, table_heads
from qualwatch.intake.problems import BadFile, NothingReadable
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.sheets import TEXTS, WORKBOOKS, Sheet, sheets_of
from qualwatch.intake.tables import Collected, Identity, TableReader
from qualwatch.law.loader import Law
from qualwatch.privacy import masked
from qualwatch.wording import gettext as _

BASE_TABLES = ("enterprises", "items", "registrations")


@dataclass(slots=True)
class Gathered:
    """Facts, and how they came about. `masks` and `names` are by pseudonym, for people who may see them."""

    facts: Facts
    accounts: list[FileAccount] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    masks: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def gather(path: Path, law: Law, progress: Callable[[str], None] = lambda _file: None) -> Gathered:
    """Reads PATH. NothingReadable where there is nothing to judge, in one sentence."""
    if not path.exists():
        raise NothingReadable(_("找不到 {path}").format(path=path))
    if facts_folder.is_facts_folder(path):
        return Gathered(facts_folder.read_facts(path, law))
    files = _files_of(path)
    reading = _Gathering(law)
    for file in files:
        progress(file.name)
        reading.file(file, file.name if path.is_file() else str(file.relative_to(path)))
    return reading.finished(path)


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith((".", "~$")) and file.suffix.lower() in WORKBOOKS | TEXTS
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
            self.rejections.append(Rejection(shown_as, "", bad.row, "", "", bad.problem, bad.remedy))

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
            sentence = _("{table}表缺少列：{columns}").format(table=header.table.name, columns=columns)
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
            sentence = _("{path} 里没有可读的{tables}表").format(path=path, tables="、".join(lacking))
            if self.rejections:
                first = self.rejections[0]
                where = f"{first.file} {first.sheet}".strip() + (f" {first.row}" if first.row else "")
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
            account = next(one for one in self.accounts if one.table == "registrations")
            self.notices.append(
                Notice(account.file, account.sheet, None, "", _("注册人员表没有一行数据，视为从未载入"))
            )
        into.settle_numbers_of_other_documents()
        ids = _pseudonyms(into)
        return Gathered(
            _facts(into, ids),
            self.accounts,
            self.rejections,
            self.notices,
            {ids[identity]: masked(identity[1]) for identity in ids},
            {ids[identity]: name for identity, name in into.names.items() if name},
        )


def _pseudonyms(into: Collected) -> dict[Identity, str]:
    """Ranks in sorted identity order: nothing of the number can be computed back from them."""
    identities = {key[0] for key in into.registrations} | {key[0] for key in into.contributions}
    identities |= {key[0] for key in into.exemptions} | into.locks.keys() | into.died_on.keys()
    identities |= {key.identity for key in into.rejected if key.identity}
    width = len(str(len(identities)))
    return {identity: f"P{rank:0{width}d}" for rank, identity in enumerate(sorted(identities), 1)}


def _facts(into: Collected, ids: dict[Identity, str]) -> Facts:
    people = []
    for identity, person_id in ids.items():
        locked_from, locked_until = into.locks.get(identity, (None, None))
        born_on, died_on = into.born_on.get(identity), into.died_on.get(identity)
        people.append(Person(person_id, born_on, died_on, locked_from, locked_until))
    unread = [
        Unread(
            f"U{n}",
            key.credit_code,
            key.table,
            key.profession,
            ids[key.identity] if key.identity else None,
            key.category,
        )
        for n, key in enumerate(into.rejected, 1)
    ]
    return Facts.of_rows(
        {
            "enterprises": into.enterprises.values(),
            "items": into.items,
            "registrations": [Registration(ids[identity], *rest) for identity, rest in into.registrations],
            "people": people,
            "contributions": [
                Contribution(ids[identity], month, payer) for identity, month, payer in into.contributions
            ],
            "exemptions": [Exemption(ids[identity], *rest) for identity, rest in into.exemptions],
            "accepted_findings": into.accepted_findings,
            "coverage": into.coverage,
            "unread": unread,
        }
    )
