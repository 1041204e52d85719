"""Canonical rows -> facts, table by table.

People keep their identities until every file has been read.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from qualwatch.evaluation.facts import (
    AcceptedFinding,
    Coverage,
    Enterprise,
    Item,
)
from qualwatch.intake import cells
from qualwatch.intake.cells import Cell, folded, folded_as_shown, plain, shown, values
from qualwatch.intake.credit_codes import Elsewhere, IrregularCodes, nowhere
from qualwatch.intake.fast_path import CERTIFICATE_COLUMNS, CleanRows, payment_readings
from qualwatch.intake.problems import BadCell
from qualwatch.intake.qualifications import Qualification, QualificationNames
from qualwatch.intake.rows import BadColumn, Row, SheetReader
from qualwatch.intake.vocabulary import (
    IDENTITY_CARD,
    OTHER_DOCUMENT,
    PERSONAL_PAYER,
    REFUNDED,
    PaymentCells,
    Words,
    identity_kind,
    insurance_kinds,
    is_personal_payer,
    one_of,
    payment_state,
    state_under,
    sure_identity,
)
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

Identity = tuple[str, str]  # kind of document, number
Contribution = tuple[Identity, date, str, str | None, str | None]
PENSION = "pension"
QUALIFICATION_COLUMNS = ("qualification", "grade", "sub_item")


class Project(NamedTuple):
    """A project of an enterprise under one of its qualifications (category)."""

    project_code: str
    credit_code: str
    qualification: str
    division_code: str | None
    started_on: date | None
    completed_on: date | None


@dataclass(slots=True)
class RejectedKey:
    """The keys of a rejected row that could still be read: they decide whom the row may help."""

    table: str
    credit_code: str | None
    profession: str | None
    identity: Identity | None
    category: str | None


class _Holder(NamedTuple):
    """Whom a registration under a document that is no card names."""

    kind: str
    name: str
    born_on: date | None
    credit_code: str
    profession: str


@dataclass(slots=True)
class RegisterRows:
    """Facts as they are read, people still by identity. Dicts: the same row twice is one fact."""

    enterprises: dict[str, Enterprise] = field(default_factory=dict)
    items: dict[Item, None] = field(default_factory=dict)
    registrations: dict[tuple[Identity, tuple[Any, ...]], None] = field(default_factory=dict)
    contributions: dict[Contribution, None] = field(default_factory=dict)
    exemptions: dict[tuple[Identity, tuple[Any, ...]], None] = field(default_factory=dict)
    accepted_findings: dict[AcceptedFinding, None] = field(default_factory=dict)
    coverage: dict[Coverage, None] = field(default_factory=dict)
    projects: dict[Project, None] = field(default_factory=dict)
    born_on: dict[Identity, date | None] = field(default_factory=dict)
    locks: dict[Identity, tuple[date | None, date | None]] = field(default_factory=dict)
    died_on: dict[Identity, date] = field(default_factory=dict)
    names: dict[Identity, str] = field(default_factory=dict)
    rejected: list[RejectedKey] = field(default_factory=list)

    def credit_codes(self) -> Iterator[str | None]:
        """Every credit code that a row names."""
        for enterprise in self.enterprises.values():
            yield enterprise.credit_code
            yield from enterprise.branch_credit_codes
        for rows in (self.items, self.projects, self.accepted_findings):
            yield from (row.credit_code for row in rows)
        for facts in (self.registrations, self.exemptions):
            yield from (fact[0] for _identity, fact in facts)
        yield from (row[2] for row in self.contributions)


class TableReader:
    """Reads the rows of recognised sheets into one collection."""

    def __init__(self, law: Law, elsewhere: Elsewhere = nowhere) -> None:
        self.law = law
        self.words, self.qualifications = _vocabulary(law)
        self.rows = RegisterRows()
        self.clean_rows = CleanRows(self.words)
        self._irregular = IrregularCodes(elsewhere)
        self._qualifications: dict[tuple[Any, ...], Qualification | BadCell] = {}
        self._payments: Counter[tuple[str | None, str | None]] = Counter()
        self._without_number = 0  # rows of the sheet without registration number
        # numbers of documents that are no cards: who the registered people are by their rows
        self._holders: dict[Identity, dict[_Holder, None]] = defaultdict(dict)
        self._is_kind_settled = False
        self._without_kind: list[tuple[SheetReader, Row, str]] = []
        # where each document that is no card stands first, by table
        self._documents: dict[tuple[str, Identity], tuple[SheetReader, int]] = {}

    def read(self, reader: SheetReader) -> None:
        """Every row of a sheet: accepted, or rejected with its reason and stored as unparsed.

        Rows with a credit code that is to be confirmed wait for `finish`.
        """
        is_clean = self.clean_rows.collect(reader)
        self._payments = self.clean_rows.payments_of_sheet
        self._without_number = self.clean_rows.without_number_of_sheet
        reader.account.read += is_clean.true_count
        reader.account.accepted += is_clean.true_count
        for row in reader.other_rows(is_clean):
            self._read_row(reader, row)
        self._note_payments(reader)
        if self._without_number and "registration_no" in reader.header.positions:
            text = _("没有注册编号 {count} 行，人次只能存疑").format(count=self._without_number)
            reader.notice(None, "registration_no", text)

    def finish(self) -> None:
        """When every sheet is read: the rows that waited, and documents written in two ways."""
        for reader, row in self._irregular.settle(self._regular_codes):
            self._read_row(reader, row)
        self._settle_numbers_without_kind()
        self._doubt_documents_of_two_people()
        self._doubt_other_issues_of_permits()

    def _settle_numbers_without_kind(self) -> None:
        """Rows with a permit's number and no kind of document: read where somebody is registered
        under that number, else rejected as they are.
        """
        numbers = {
            number for (kind, number), _fact in self.rows.registrations if kind != IDENTITY_CARD
        }
        stems = {cells.permit_without_issue_count(number) for number in numbers} - {None}
        waiting, self._without_kind = self._without_kind, []
        self._is_kind_settled = True
        for reader, row, number in waiting:
            if number in numbers or cells.permit_without_issue_count(number) in stems:
                row.cells["identity_kind"] = values()["identity_kinds"][OTHER_DOCUMENT][0]
            self._read_row(reader, row)

    def _waits_for_kind(self, reader: SheetReader, row: Row, bad: BadColumn) -> bool:
        """Whether a row has to wait because its number may be a registered person's permit."""
        is_early = not self._is_kind_settled and bad.column == "identity"
        if not is_early or reader.header.table.slug == "registrations":
            return False
        number = folded_as_shown(row.cells.get("identity")).upper()
        if not cells.is_bare_permit(number) or shown(row.cells.get("identity_kind")):
            return False
        self._without_kind.append((reader, row, number))
        return True

    def _doubt_documents_of_two_people(self) -> None:
        """Registrations under one number that may be two people: of two kinds of document, or born
        on two days, and of two names. None is counted for certain.
        """
        for identity, holders in self._holders.items():
            if not _may_be_two(holders):
                continue
            for holder in holders:
                code = holder.credit_code
                key = RejectedKey("registrations", code, holder.profession, None, None)
                self.rows.rejected.append(key)
            reader, row = self._documents["registrations", identity]
            notice = _("同一证件号码下有不同的证件类型（或出生日期）和姓名，可能是两个人，存疑")
            reader.notice(row, "identity", notice)
            self.rows.registrations = {
                key: None for key in self.rows.registrations if key[0] != identity
            }

    def _doubt_other_issues_of_permits(self) -> None:
        """Rows of permits that differ from a registered person's permit by the issue count only.

        Whether it is the same person is in doubt: they count as rejected rows of the registered
        person, with a notice.
        """
        noted = set()
        for written, key in _other_issues(self.rows):
            self.rows.rejected.append(key)
            position = self._documents.get((key.table, written))
            if position and (key.table, written) not in noted:
                noted.add((key.table, written))
                reader, row = position
                notice = _("证件号码与注册人员表里的只差换证次数，是不是同一人存疑")
                reader.notice(row, "identity", notice)

    def _read_row(self, reader: SheetReader, row: Row) -> None:
        accept: Callable[[SheetReader, Row], None]
        accept = getattr(self, f"_{reader.header.table.slug}")
        try:
            if row.problem is not None:
                raise row.problem
            accept(reader, row)
            reader.account.accepted += 1
        except BadColumn as bad:
            if self._waits_for_kind(reader, row, bad):
                return
            if not self._irregular.holds_back(reader, row):
                reader.reject(row, bad)
                self.rows.rejected.append(self._rejected_key(reader, row))

    def _regular_codes(self) -> set[str]:
        """Every credit code that was read."""
        clean = self.clean_rows.credit_codes()
        return set(filter(None, [*self.rows.credit_codes(), *clean]))

    def _credit_code(self, reader: SheetReader, row: Row, column: str = "credit_code") -> str:
        """A credit code; one with an irregular check digit where it is confirmed."""
        code = reader.value(row, column, cells.written_credit_code)
        if isinstance(code, str):
            return code
        return self._irregular.take(reader, row, column, code.code)

    def _branches(self, reader: SheetReader, row: Row) -> tuple[str, ...]:
        column = "branch_credit_codes"
        return tuple(
            code if isinstance(code, str) else self._irregular.take(reader, row, column, code.code)
            for code in reader.value(row, column, cells.written_credit_codes)
        )

    def _enterprises(self, reader: SheetReader, row: Row) -> None:
        code = self._credit_code(reader, row)
        name = reader.value(row, "name", plain)
        if not name:
            raise BadColumn("name", BadCell(_("企业名称为空"), _("补填企业名称")))
        division = reader.value(row, "division_code", _division)
        branches = self._branches(reader, row)
        enterprise = Enterprise(code, name, division, branches)
        other = self.rows.enterprises.get(code)
        if other and other != enterprise:
            sentence = _("同一信用代码已有另一行，名称、区划或分支机构不同")
            raise BadColumn("credit_code", BadCell(sentence, _("核对后只留一行")))
        self.rows.enterprises[code] = enterprise
        self._note_division(reader, row, division or "")

    def _note_division(self, reader: SheetReader, row: Row, division: str) -> None:
        """A notice where a division code is retired, or unknown and not of another province."""
        text = self.law.divisions.divisions.get(division)
        if text is not None:
            if text.to:
                notice = _("区划代码 {code} 已停用").format(code=division)
                reader.notice(row.number, "division_code", notice)
            return
        province = division[:2]
        if province == self.law.divisions.province or (
            province not in self.law.divisions.other_provinces
        ):
            notice = _("区划代码认不出：{code}，这家企业暂不判定").format(code=division or _("空"))
            reader.notice(row.number, "division_code", notice)

    def _items(self, reader: SheetReader, row: Row) -> None:
        code = self._credit_code(reader, row)
        named = self._qualification(row)
        number = self._certificate_no(reader, row)
        authority = self._authority(reader, row, number)
        valid_from, valid_to = self._validity(reader, row)
        item = Item(
            credit_code=code,
            category=named.category,
            sub_item=named.sub_item,
            grade=named.grade,
            certificate_no=number,
            licensing_authority=authority,
            route=reader.value(row, "route", self._route),
            valid_from=valid_from,
            valid_to=valid_to,
            renewal_filed_on=reader.value(row, "renewal_filed_on", cells.day),
            extended_without_check_until=reader.value(
                row, "extended_without_check_until", cells.day
            ),
            register_state=self._state(reader, row),
            register_state_from=reader.value(row, "register_state_from", cells.day),
        )
        self.rows.items[item] = None

    @staticmethod
    def _certificate_no(reader: SheetReader, row: Row) -> str:
        """The number of an item's certificate; a notice and '' where it cannot be read."""
        try:
            return str(reader.value(row, "certificate_no", cells.code))
        except BadColumn as bad:
            reader.notice(row.number, bad.column, bad.cause.problem)
            return ""

    def _authority(self, reader: SheetReader, row: Row, certificate_no: str) -> str | None:
        """The licensing authority; a notice where the cell cannot be read."""
        cell = row.cells.get("licensing_authority")
        try:
            authority, is_read = self.words.authority(cell, certificate_no)
        except BadCell:
            authority, is_read = None, False
        if not is_read:
            text = _("许可机关认不出：{value}").format(value=shown(cell))
            reader.notice(row.number, "licensing_authority", text)
        return authority

    @staticmethod
    def _state(reader: SheetReader, row: Row) -> str:
        heading = reader.header.written.get("register_state", "")
        return str(reader.value(row, "register_state", state_under(heading)))

    def _validity(self, reader: SheetReader, row: Row) -> tuple[date | None, date | None]:
        valid_from = reader.value(row, "valid_from", cells.day)
        valid_to = reader.value(row, "valid_to", cells.end_day)
        reader.period(valid_from, valid_to, "valid_to")
        return valid_from, valid_to

    def _registrations(self, reader: SheetReader, row: Row) -> None:
        code = self._credit_code(reader, row)
        identity = self._identity(reader, row)
        reader.value(row, "profession", self.words.profession)
        written = [reader.value(row, column, plain) for column in CERTIFICATE_COLUMNS]
        certificates, unparsed, graded = self.words.certificates(*written)
        valid_from, end = self._validity(reader, row)
        is_vague = reader.header.is_vague("valid_to")
        valid_to, certificate_valid_to = (None, end) if is_vague else (end, None)
        at_enterprise_from = reader.value(row, "at_enterprise_from", cells.day)
        own_state = self._state(reader, row)
        state_from = reader.value(row, "register_state_from", cells.day)
        born_on = reader.value(row, "born_on", cells.day_or_none)
        renewal_filed_on = reader.value(row, "renewal_filed_on", cells.day)
        number = self._registration_no(reader, row)
        if unparsed:
            text = _("专业认不出：{value}").format(value="、".join(unparsed))
            reader.notice(row.number, "speciality", text)
        if not graded:
            reader.notice(row.number, "profession_grade", _("没有可认的级别，只能存疑"))
        days = (at_enterprise_from, valid_from, valid_to)
        others = (renewal_filed_on, certificate_valid_to)
        for certificate in certificates:
            fact = (code, *certificate, number, *days, own_state, state_from, *others)
            self.rows.registrations[(identity, fact)] = None
        self._person(reader, row, identity, born_on)
        if identity[0] != IDENTITY_CARD:
            kind = folded_as_shown(row.cells.get("identity_kind"))
            name = folded_as_shown(row.cells.get("person_name"))
            holder = _Holder(kind, name, born_on, code, certificates[0][0])
            self._holders[identity][holder] = None

    def _registration_no(self, reader: SheetReader, row: Row) -> str | None:
        """The number of a registration; a notice and None where a text can be none."""
        try:
            number: str | None = reader.value(row, "registration_no", cells.registration_number)
        except BadColumn as bad:
            notice = _("{problem}，按没有注册编号处理").format(problem=bad.cause.problem)
            reader.notice(row.number, bad.column, notice)
            return None
        self._without_number += number is None
        return number

    def _contributions(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        month = reader.value(row, "month", cells.month)
        if reader.value(row, "payer_credit_code", is_personal_payer):
            payer_code = PERSONAL_PAYER
        else:
            payer_code = self._credit_code(reader, row, "payer_credit_code")
        payment = payment_state(_payment_cells(reader, row))
        for kind in reader.value(row, "insurance_kind", insurance_kinds):
            self.rows.contributions[(identity, month, payer_code, kind, payment)] = None
            self._payments[kind, payment] += 1

    def _note_payments(self, reader: SheetReader) -> None:
        """Notices of how many rows of a sheet are no payment, or of another kind than pension."""
        if reader.header.table.slug == "contributions":
            for column, notice in _payment_notices(self._payments):
                written = [slug for slug in column if slug in reader.header.positions]
                reader.notice(None, written[0] if written else "", notice)

    def _exemptions(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        code = self._credit_code(reader, row)
        reason = reader.value(row, "exemption_reason", self._exemption_reason)
        start = reader.value(row, "valid_from", cells.first_day)
        end = reader.value(row, "valid_to", cells.last_day)
        reader.period(start, end, "valid_to")
        document = reader.value(row, "document", plain) or None
        if document is None:
            reader.notice(row.number, "document", _("没有证明材料，这条豁免不起作用"))
        self.rows.exemptions[(identity, (code, reason, document, start, end))] = None

    def _locks(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        start = reader.value(row, "locked_from", cells.day)
        end = reader.value(row, "locked_until", cells.end_day)
        reader.period(start, end, "locked_until")
        died_on = reader.value(row, "died_on", cells.day)
        if start is None and died_on is None:
            raise BadColumn("locked_from", BadCell(_("锁定起为空"), _("填写锁定开始的日期")))
        if start is not None:
            lock = (start, end)
            existing = self.rows.locks.get(identity)
            if existing is None or _lasts(*lock) > _lasts(*existing):
                self.rows.locks[identity] = lock
        if died_on is not None:
            self.rows.died_on[identity] = died_on

    def _accepted_findings(self, reader: SheetReader, row: Row) -> None:
        code = self._credit_code(reader, row)
        named = self._qualification(row, needs_grade=False)
        requirement = reader.value(row, "requirement", _requirement)
        held = reader.value(row, "at_held", cells.whole_number)
        until = reader.value(row, "until", cells.end_day)
        because = shown(row.cells.get("because")) or None
        key = (code, named.category, named.sub_item, requirement)
        self.rows.accepted_findings[AcceptedFinding(*key, held, until, because)] = None

    def _projects(self, reader: SheetReader, row: Row) -> None:
        number = reader.value(row, "project_code", cells.code)
        if not number:
            raise BadColumn("project_code", BadCell(_("项目编码为空"), _("补填项目编码")))
        code = self._credit_code(reader, row)
        named = self._qualification(row, needs_grade=False)
        started = reader.value(row, "started_on", cells.day)
        completed = reader.value(row, "completed_on", cells.day)
        reader.period(started, completed, "completed_on")
        division = reader.value(row, "division_code", _division)
        project = Project(number, code, named.category, division, started, completed)
        self.rows.projects[project] = None

    def _coverage(self, reader: SheetReader, row: Row) -> None:
        source = reader.value(row, "source", _source)
        loaded_at = reader.value(row, "loaded_at", cells.day)
        start = reader.value(row, "covers_from", cells.first_day)
        end = reader.value(row, "covers_to", cells.last_day)
        people = reader.value(row, "people", _people)
        area = reader.value(row, "area", self._area)
        self.rows.coverage[Coverage(source, loaded_at, start, end, area, people)] = None

    def _qualification(self, row: Row, *, needs_grade: bool = True) -> Qualification:
        written = tuple(row.cells.get(column) for column in QUALIFICATION_COLUMNS)
        key = (needs_grade, *map(type, written), *written)
        if key not in self._qualifications:
            try:
                read = self.qualifications.read(*written, needs_grade=needs_grade)
                self._qualifications[key] = read
            except BadCell as bad:
                self._qualifications[key] = bad
        qualification = self._qualifications[key]
        if isinstance(qualification, BadCell):
            raise BadColumn("qualification", qualification)
        return qualification

    def _identity(self, reader: SheetReader, row: Row) -> Identity:
        """Kind of document and number: of 18 digits one person's, whatever kind is written."""
        identity: Identity | None = reader.value(row, "identity", sure_identity)
        if identity is None:
            kind = reader.value(row, "identity_kind", identity_kind)
            is_card = kind == IDENTITY_CARD
            read = cells.resident_number if is_card else cells.document_number
            identity = kind, reader.value(row, "identity", read)
        if identity[0] != IDENTITY_CARD:
            of_table = (reader.header.table.slug, identity)
            self._documents.setdefault(of_table, (reader, row.number))
        return identity

    def _person(
        self, reader: SheetReader, row: Row, identity: Identity, born_on: date | None
    ) -> None:
        kind, _number = identity
        if kind == IDENTITY_CARD:
            born_on = self._born_on_of_card(reader, row, identity, born_on)
        existing = self.rows.born_on.setdefault(identity, born_on)
        if born_on and existing is None and kind != IDENTITY_CARD:
            self.rows.born_on[identity] = born_on
        elif born_on and existing != born_on:
            self.rows.born_on[identity] = None
            reader.notice(row.number, "born_on", _("同一证件有不同的出生日期，年龄只能存疑"))
        self.rows.names.setdefault(identity, shown(row.cells.get("person_name")))

    def _born_on_of_card(
        self, reader: SheetReader, row: Row, identity: Identity, written: date | None
    ) -> date:
        """The day of birth that an identity card's number contains.

        A notice where another one is written.
        """
        number = identity[1]
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        if written and written != born_on:
            reader.notice(row.number, "born_on", _("出生日期与身份证号不同，以身份证号为准"))
        if identity not in self.rows.born_on and cells.has_retired_region(number):
            reader.notice(row.number, "identity", _("身份证号前六位是已停用的区划代码"))
        return born_on

    def _route(self, cell: Cell) -> str:
        return one_of("routes", cell, _("取得方式"), "unknown")

    def _exemption_reason(self, cell: Cell) -> str:
        text = folded(cell)
        if not text:
            raise BadCell(_("豁免理由为空"), _("填写六类情形之一"))
        if text in values()["exemption_reasons"]:
            return text
        return one_of("exemption_reasons", text.upper(), _("豁免理由"), "")

    def _area(self, cell: Cell) -> str:
        text = folded(cell)
        if text in ("", "全省", "全部", self.law.divisions.province + "0000"):
            return ""
        area = self.law.area_of(text) or self.words.authority(cell, "")[0]
        if area not in self.law.divisions.areas:
            raise BadCell(
                _("辖区认不出：{value}").format(value=text), _("填写设区市或综改区的名称或区划代码")
            )
        return area or ""

    def _rejected_key(self, reader: SheetReader, row: Row) -> RejectedKey:
        """Whatever of a rejected row's keys can still be read."""
        table = reader.header.table.slug
        code_column = "payer_credit_code" if table == "contributions" else "credit_code"
        code = profession = identity = category = None
        with suppress(BadColumn):
            if code_column in reader.header.positions:
                code = self._credit_code(reader, row, code_column)
        with suppress(BadColumn):
            if table == "registrations":
                profession = reader.value(row, "profession", self.words.profession)[0]
        with suppress(BadColumn):
            if "identity" in reader.header.positions:
                identity = self._identity(reader, row)
        if table == "items":
            category = self._category(row)
        return RejectedKey(table, code, profession, identity, category)

    def _category(self, row: Row) -> str | None:
        try:
            return self._qualification(row, needs_grade=False).category
        except BadColumn:
            with suppress(BadCell):
                return self.qualifications.category_alone(row.cells.get("qualification"))
        return None


def _may_be_two(holders: Iterable[_Holder]) -> bool:
    """Whether the rows of one number name two people: two names, and two kinds or birthdays."""
    names = {holder.name for holder in holders} - {""}
    kinds = {holder.kind for holder in holders} - {""}
    birthdays = {holder.born_on for holder in holders} - {None}
    return len(names) > 1 and (len(kinds) > 1 or len(birthdays) > 1)


def _lasts(start: date | None, end: date | None) -> tuple[date, date]:
    """By end, then by start: of two locks the one that lasts longer stays."""
    return end or date.max, start or date.min


@lru_cache(maxsize=2)
def _vocabulary(law: Law) -> tuple[Words, QualificationNames]:
    """The words by which the registers name what the law knows; built once for a law."""
    return Words(law), QualificationNames(law)


def _payment_cells(reader: SheetReader, row: Row) -> PaymentCells:
    """What a row says of a payment, by the columns that are there."""
    readings = payment_readings(reader.header).items()
    return PaymentCells(
        *(reader.value(row, column, read) if read else None for column, read in readings)
    )


def _payment_notices(
    payments: Counter[tuple[str | None, str | None]],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(columns, notice) for the rows that are not for certain a pension contribution paid."""
    states: Counter[str | None] = Counter()
    kinds: Counter[str | None] = Counter()
    for (kind, payment), count in payments.items():
        states[payment] += count
        kinds[kind] += count
    others = sorted(
        (kind, count) for kind, count in kinds.items() if kind not in (None, PENSION) and count
    )
    if others:
        words = values()["insurance_kinds"]
        listed = "、".join(
            f"{words[kind][0] if kind in words else _('其他')} {count}" for kind, count in others
        )
        sentence = _("不是养老保险的行：{kinds}；政策规定以外的险种不算已缴")
        yield ("insurance_kind",), sentence.format(kinds=listed)
    state_columns = ("payment_state", "amount_received", "amount_owed")
    if states["owed"]:
        yield state_columns, _("欠费或未到账 {count} 行，不算已缴").format(count=states["owed"])
    if states["deferred"]:
        sentence = _("缓缴 {count} 行，有覆盖该月的证明材料才算正常，否则存疑")
        yield state_columns, sentence.format(count=states["deferred"])
    unclear = states["unclear"] + states[REFUNDED]
    if unclear:
        sentence = _("看不出是否已缴 {count} 行，按存疑处理；请写明 已缴费、欠费 或 缓缴")
        yield state_columns, sentence.format(count=unclear)


def _other_issues(rows: RegisterRows) -> Iterator[tuple[Identity, RejectedKey]]:
    """(document of a row, key of a registered person's rejected row) where the documents are one
    permit with different issue counts, or with and without.
    """
    numbers = {number for (kind, number), _fact in rows.registrations if kind == OTHER_DOCUMENT}
    registered: dict[str, list[Identity]] = defaultdict(list)
    for number in sorted(numbers):
        if stem := cells.permit_without_issue_count(number):
            registered[stem].append((OTHER_DOCUMENT, number))
    named = [("contributions", row[0], row[2]) for row in rows.contributions]
    named += [("exemptions", identity, fact[0]) for identity, fact in rows.exemptions]
    for table, identity, code in dict.fromkeys(named):
        kind, number = identity
        if kind == OTHER_DOCUMENT and number not in numbers:
            stem = cells.permit_without_issue_count(number)
            for other in registered.get(stem or "", ()):
                yield identity, RejectedKey(table, code, None, other, None)


def _division(cell: Cell) -> str | None:
    text = folded(cell).removesuffix(".0")
    return text[:6] if text.isdigit() and len(text) in (6, 9, 12) else text or None


def _requirement(cell: Cell) -> str:
    requirement = one_of("requirements", cell, _("指标"), "")
    if not requirement:
        raise BadCell(_("指标为空"), _("填写指标，如 注册建造师"))
    return requirement


def _source(cell: Cell) -> str:
    source = one_of("coverage_sources", cell, _("来源"), "")
    if not source:
        raise BadCell(_("来源为空"), _("填写 企业、资质、注册人员或社保"))
    return source


def _people(cell: Cell) -> str:
    return one_of("coverage_people", cell, _("人员范围"), "all")
