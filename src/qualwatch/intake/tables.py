"""Canonical rows -> facts, table by table.

People keep their identities until every file has been read.
"""

import re
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
from qualwatch.intake.cells import Cell, folded, plain, values
from qualwatch.intake.fast_path import CERTIFICATE_COLUMNS, CleanRows
from qualwatch.intake.problems import BadCell
from qualwatch.intake.qualifications import Qualification, QualificationNames
from qualwatch.intake.rows import BadColumn, Row, SheetReader
from qualwatch.intake.vocabulary import IDENTITY_CARD, Words, identity_kind, one_of, payer, state
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

Identity = tuple[str, str]  # kind of document, number
UNSTATED = "unstated"  # the kind of document of an insurance row that does not say it
QUALIFICATION_COLUMNS = ("qualification", "grade", "sub_item")
_OTHER_DOCUMENT = re.compile(r"[A-Z]{1,3}\d{6,10}")


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


@dataclass(slots=True)
class RegisterRows:
    """Facts as they are read, people still by identity. Dicts: the same row twice is one fact."""

    enterprises: dict[str, Enterprise] = field(default_factory=dict)
    items: dict[Item, None] = field(default_factory=dict)
    registrations: dict[tuple[Identity, tuple[Any, ...]], None] = field(default_factory=dict)
    contributions: dict[tuple[Identity, date, str], None] = field(default_factory=dict)
    exemptions: dict[tuple[Identity, tuple[Any, ...]], None] = field(default_factory=dict)
    accepted_findings: dict[AcceptedFinding, None] = field(default_factory=dict)
    coverage: dict[Coverage, None] = field(default_factory=dict)
    projects: dict[Project, None] = field(default_factory=dict)
    born_on: dict[Identity, date | None] = field(default_factory=dict)
    locks: dict[Identity, tuple[date | None, date | None]] = field(default_factory=dict)
    died_on: dict[Identity, date] = field(default_factory=dict)
    names: dict[Identity, str] = field(default_factory=dict)
    rejected: list[RejectedKey] = field(default_factory=list)

    def settle_numbers_of_other_documents(self) -> None:
        """Insurance rows name no kind of document: a passport's number belongs to whoever
        registered with it.
        """
        registered = {
            number: (kind, number)
            for (kind, number), _fact in self.registrations
            if kind != IDENTITY_CARD
        }
        contributions: dict[tuple[Identity, date, str], None] = {}
        for (kind, number), month, payer_code in self.contributions:
            identity = (kind, number)
            if kind == UNSTATED:
                identity = registered.get(number, ("other-document", number))
            contributions[(identity, month, payer_code)] = None
        self.contributions = contributions


class TableReader:
    """Reads the rows of recognised sheets into one collection."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.words, self.qualifications = _vocabulary(law)
        self.rows = RegisterRows()
        self.clean_rows = CleanRows(self.words)
        self._qualifications: dict[tuple[Any, ...], Qualification | BadCell] = {}

    def read(self, reader: SheetReader) -> None:
        """Every row of a sheet: accepted, or rejected with its reason and stored as unparsed."""
        accept = getattr(self, f"_{reader.header.table.slug}")
        is_clean = self.clean_rows.collect(reader)
        reader.account.read += is_clean.true_count
        reader.account.accepted += is_clean.true_count
        for row in reader.other_rows(is_clean):
            try:
                accept(reader, row)
                reader.account.accepted += 1
            except BadColumn as bad:
                reader.reject(row, bad)
                self.rows.rejected.append(self._rejected_key(reader, row))

    def _enterprises(self, reader: SheetReader, row: Row) -> None:
        code = reader.value(row, "credit_code", cells.credit_code)
        name = plain(row.cells.get("name"))
        if not name:
            raise BadColumn("name", BadCell(_("企业名称为空"), _("补填企业名称")))
        division = reader.value(row, "division_code", _division)
        branches = reader.value(row, "branch_credit_codes", cells.credit_codes)
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
        code = reader.value(row, "credit_code", cells.credit_code)
        named = self._qualification(row)
        number = folded(row.cells.get("certificate_no")).upper()
        authority, read = self.words.authority(row.cells.get("licensing_authority"), number)
        if not read:
            text = _("许可机关认不出：{value}").format(
                value=plain(row.cells.get("licensing_authority"))
            )
            reader.notice(row.number, "licensing_authority", text)
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
            register_state=reader.value(row, "register_state", state),
            register_state_from=reader.value(row, "register_state_from", cells.day),
        )
        self.rows.items[item] = None

    def _validity(self, reader: SheetReader, row: Row) -> tuple[date | None, date | None]:
        valid_from = reader.value(row, "valid_from", cells.day)
        valid_to = reader.value(row, "valid_to", cells.end_day)
        reader.period(valid_from, valid_to, "valid_to")
        return valid_from, valid_to

    def _registrations(self, reader: SheetReader, row: Row) -> None:
        code = reader.value(row, "credit_code", cells.credit_code)
        identity = self._identity(reader, row)
        reader.value(row, "profession", self.words.profession)
        written = (row.cells.get(column) for column in CERTIFICATE_COLUMNS)
        certificates, unparsed, graded = self.words.certificates(*written)
        valid_from, valid_to = self._validity(reader, row)
        at_enterprise_from = reader.value(row, "at_enterprise_from", cells.day)
        own_state = reader.value(row, "register_state", state)
        state_from = reader.value(row, "register_state_from", cells.day)
        born_on = reader.value(row, "born_on", cells.day_or_none)
        number = folded(row.cells.get("registration_no")) or None
        if unparsed:
            text = _("专业认不出：{value}").format(value="、".join(unparsed))
            reader.notice(row.number, "speciality", text)
        if not graded:
            reader.notice(row.number, "profession_grade", _("没有可认的级别，只能存疑"))
        days = (at_enterprise_from, valid_from, valid_to)
        for certificate in certificates:
            fact = (code, *certificate, number, *days, own_state, state_from)
            self.rows.registrations[(identity, fact)] = None
        self._person(reader, row, identity, born_on)

    def _contributions(self, reader: SheetReader, row: Row) -> None:
        number = folded(row.cells.get("identity")).upper()
        if "identity_kind" not in reader.header.places and _OTHER_DOCUMENT.fullmatch(number):
            identity = (UNSTATED, number)
        else:
            identity = self._identity(reader, row)
        month = reader.value(row, "month", cells.month)
        payer_code = reader.value(row, "payer_credit_code", payer)
        self.rows.contributions[(identity, month, payer_code)] = None

    def _exemptions(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        code = reader.value(row, "credit_code", cells.credit_code)
        reason = reader.value(row, "exemption_reason", self._exemption_reason)
        start = reader.value(row, "valid_from", cells.first_day)
        end = reader.value(row, "valid_to", cells.last_day)
        reader.period(start, end, "valid_to")
        document = plain(row.cells.get("document")) or None
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
        code = reader.value(row, "credit_code", cells.credit_code)
        named = self._qualification(row, needs_grade=False)
        requirement = reader.value(row, "requirement", _requirement)
        held = reader.value(row, "at_held", cells.whole_number)
        until = reader.value(row, "until", cells.end_day)
        because = plain(row.cells.get("because")) or None
        key = (code, named.category, named.sub_item, requirement)
        self.rows.accepted_findings[AcceptedFinding(*key, held, until, because)] = None

    def _projects(self, reader: SheetReader, row: Row) -> None:
        number = folded(row.cells.get("project_code")).upper()
        if not number:
            raise BadColumn("project_code", BadCell(_("项目编码为空"), _("补填项目编码")))
        code = reader.value(row, "credit_code", cells.credit_code)
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
        kind = reader.value(row, "identity_kind", identity_kind)
        if kind != IDENTITY_CARD:
            number = folded(row.cells.get("identity")).upper()
            if not number:
                raise BadColumn("identity", BadCell(_("证件号码为空"), _("补填证件号码")))
            return kind, number
        return kind, reader.value(row, "identity", cells.resident_number)

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
        self.rows.names.setdefault(identity, plain(row.cells.get("person_name")))

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
            if code_column in reader.header.places:
                code = reader.value(row, code_column, cells.credit_code)
        with suppress(BadColumn):
            if table == "registrations":
                profession = reader.value(row, "profession", self.words.profession)[0]
        with suppress(BadColumn):
            if "identity" in reader.header.places:
                identity = self._identity(reader, row)
        if table == "items":
            category = self._category(row)
        return RejectedKey(table, code, profession, identity, category)

    def _category(self, row: Row) -> str | None:
        try:
            return self._qualification(row, needs_grade=False).category
        except BadColumn:
            return self.qualifications.category_alone(row.cells.get("qualification"))


def _lasts(start: date | None, end: date | None) -> tuple[date, date]:
    """By end, then by start: of two locks the one that lasts longer stays."""
    return end or date.max, start or date.min


@lru_cache(maxsize=2)
def _vocabulary(law: Law) -> tuple[Words, QualificationNames]:
    """The words by which the registers name what the law knows; built once for a law."""
    return Words(law), QualificationNames(law)


def _division(cell: Cell) -> str | None:
    text = folded(cell)
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
