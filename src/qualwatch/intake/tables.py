"""Canonical rows -> facts, table by table. People get their pseudonyms only when every file has been read."""

import re
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
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.problems import BadCell
from qualwatch.intake.qualifications import Qualification, QualificationNames
from qualwatch.intake.rows import BadColumn, Row, SheetReader
from qualwatch.intake.vocabulary import IDENTITY_CARD, Words, identity_kind, one_of, payer, state
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

Identity = tuple[str, str]  # kind of document, number
UNTOLD = "untold"
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
    """What of a rejected row could still be read: it decides whom the row may help."""

    table: str
    credit_code: str | None
    profession: str | None
    identity: Identity | None
    category: str | None


@dataclass(slots=True)
class Collected:
    """Facts as they are read, people still by identity. Sets and dicts: the same row twice is one fact."""

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
        """Insurance rows name no kind of document: a passport's number belongs to whoever registered with it."""
        known = {
            identity[1]: identity
            for identity, _fact in self.registrations
            if identity[0] != IDENTITY_CARD
        }
        found: dict[tuple[Identity, date, str], None] = {}
        for (kind, number), month, paid_by in self.contributions:
            identity = (
                known.get(number, ("other-document", number)) if kind == UNTOLD else (kind, number)
            )
            found[(identity, month, paid_by)] = None
        self.contributions = found


class TableReader:
    """Reads the rows of recognised sheets into one collection."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.words, self.qualifications = _vocabulary(law)
        self.into = Collected()
        self.smooth = CleanRows(self.words)
        self._named: dict[tuple[Any, ...], Qualification | BadCell] = {}

    def read(self, reader: SheetReader) -> None:
        """Every row of a sheet: taken, or rejected with its reason and kept as unparsed."""
        take = getattr(self, f"_{reader.header.table.slug}")
        smooth = self.smooth.take(reader)
        reader.account.read += smooth.true_count
        reader.account.accepted += smooth.true_count
        for row in reader.rows(smooth):
            try:
                take(reader, row)
                reader.account.accepted += 1
            except BadColumn as bad:
                reader.reject(row, bad)
                self.into.rejected.append(self._key(reader, row))

    def _enterprises(self, reader: SheetReader, row: Row) -> None:
        code = reader.value(row, "credit_code", cells.credit_code)
        name = plain(row.cells.get("name"))
        if not name:
            raise BadColumn("name", BadCell(_("企业名称为空"), _("补填企业名称")))
        division = reader.value(row, "division_code", _division)
        branches = reader.value(row, "branch_credit_codes", cells.credit_codes)
        enterprise = Enterprise(code, name, division, branches)
        other = self.into.enterprises.get(code)
        if other and other != enterprise:
            sentence = _("同一信用代码已有另一行，名称、区划或分支机构不同")
            raise BadColumn("credit_code", BadCell(sentence, _("核对后只留一行")))
        self.into.enterprises[code] = enterprise
        division_text = self.law.divisions.divisions.get(division or "")
        province = self.law.divisions.province
        if division_text and division_text.to:
            reader.notice(
                row.number, "division_code", _("区划代码 {code} 已停用").format(code=division)
            )
        elif not division_text and (
            (division or "")[:2] == province
            or (division or "")[:2] not in self.law.divisions.other_provinces
        ):
            text = _("区划代码认不出：{code}，这家企业暂不判定").format(code=division or _("空"))
            reader.notice(row.number, "division_code", text)

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
        valid_from = reader.value(row, "valid_from", cells.day)
        valid_to = reader.value(row, "valid_to", cells.end_day)
        reader.period(row, valid_from, valid_to, "valid_to")
        self.into.items[
            Item(
                code,
                named.category,
                named.sub_item,
                named.grade,
                number,
                authority,
                reader.value(row, "route", self._route),
                valid_from,
                valid_to,
                reader.value(row, "renewal_filed_on", cells.day),
                reader.value(row, "extended_without_check_until", cells.day),
                reader.value(row, "register_state", state),
                reader.value(row, "register_state_from", cells.day),
            )
        ] = None

    def _registrations(self, reader: SheetReader, row: Row) -> None:
        code = reader.value(row, "credit_code", cells.credit_code)
        identity = self._identity(reader, row)
        reader.value(row, "profession", self.words.profession)
        written = (
            row.cells.get(column) for column in ("profession", "profession_grade", "speciality")
        )
        kinds, unparsed, graded = self.words.certificates(*written)
        valid_from = reader.value(row, "valid_from", cells.day)
        valid_to = reader.value(row, "valid_to", cells.end_day)
        reader.period(row, valid_from, valid_to, "valid_to")
        at_enterprise_from = reader.value(row, "at_enterprise_from", cells.day)
        own_state = reader.value(row, "register_state", state)
        state_from = reader.value(row, "register_state_from", cells.day)
        born_on = reader.value(row, "born_on", cells.day_if_told)
        number = folded(row.cells.get("registration_no")) or None
        if unparsed:
            reader.notice(
                row.number, "speciality", _("专业认不出：{value}").format(value="、".join(unparsed))
            )
        if not graded:
            reader.notice(row.number, "profession_grade", _("没有可认的级别，只能存疑"))
        for kind in kinds:
            fact = (
                code,
                *kind,
                number,
                at_enterprise_from,
                valid_from,
                valid_to,
                own_state,
                state_from,
            )
            self.into.registrations[(identity, fact)] = None
        self._person(reader, row, identity, born_on)

    def _contributions(self, reader: SheetReader, row: Row) -> None:
        number = folded(row.cells.get("identity")).upper()
        if "identity_kind" not in reader.header.places and _OTHER_DOCUMENT.fullmatch(number):
            identity = (UNTOLD, number)
        else:
            identity = self._identity(reader, row)
        month = reader.value(row, "month", cells.month)
        self.into.contributions[
            (identity, month, reader.value(row, "payer_credit_code", payer))
        ] = None

    def _exemptions(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        code = reader.value(row, "credit_code", cells.credit_code)
        reason = reader.value(row, "exemption_reason", self._exemption_reason)
        start, end = (
            reader.value(row, "valid_from", cells.first_day),
            reader.value(row, "valid_to", cells.last_day),
        )
        reader.period(row, start, end, "valid_to")
        document = plain(row.cells.get("document")) or None
        if document is None:
            reader.notice(row.number, "document", _("没有证明材料，这条豁免不起作用"))
        self.into.exemptions[(identity, (code, reason, document, start, end))] = None

    def _locks(self, reader: SheetReader, row: Row) -> None:
        identity = self._identity(reader, row)
        start, end = (
            reader.value(row, "locked_from", cells.day),
            reader.value(row, "locked_until", cells.end_day),
        )
        reader.period(row, start, end, "locked_until")
        died_on = reader.value(row, "died_on", cells.day)
        if start is None and died_on is None:
            raise BadColumn("locked_from", BadCell(_("锁定起为空"), _("填写锁定开始的日期")))
        if start is not None:
            known = self.into.locks.get(identity)
            later = known is None or (end or date.max, start) > (
                known[1] or date.max,
                known[0] or date.min,
            )
            self.into.locks[identity] = (start, end) if later else known or (start, end)
        if died_on is not None:
            self.into.died_on[identity] = died_on

    def _accepted_findings(self, reader: SheetReader, row: Row) -> None:
        code = reader.value(row, "credit_code", cells.credit_code)
        named = self._qualification(row, needs_grade=False)
        requirement = reader.value(row, "requirement", _requirement)
        held = reader.value(row, "at_held", cells.whole_number)
        until = reader.value(row, "until", cells.end_day)
        because = plain(row.cells.get("because")) or None
        self.into.accepted_findings[
            AcceptedFinding(code, named.category, named.sub_item, requirement, held, until, because)
        ] = None

    def _projects(self, reader: SheetReader, row: Row) -> None:
        number = folded(row.cells.get("project_code")).upper()
        if not number:
            raise BadColumn("project_code", BadCell(_("项目编码为空"), _("补填项目编码")))
        code = reader.value(row, "credit_code", cells.credit_code)
        named = self._qualification(row, needs_grade=False)
        started, completed = (
            reader.value(row, column, cells.day) for column in ("started_on", "completed_on")
        )
        reader.period(row, started, completed, "completed_on")
        division = reader.value(row, "division_code", _division)
        self.into.projects[Project(number, code, named.category, division, started, completed)] = (
            None
        )

    def _coverage(self, reader: SheetReader, row: Row) -> None:
        source = reader.value(row, "source", _source)
        loaded_at = reader.value(row, "loaded_at", cells.day)
        start, end = (
            reader.value(row, "covers_from", cells.first_day),
            reader.value(row, "covers_to", cells.last_day),
        )
        people = reader.value(row, "people", _people)
        self.into.coverage[
            Coverage(source, loaded_at, start, end, reader.value(row, "area", self._area), people)
        ] = None

    def _qualification(self, row: Row, *, needs_grade: bool = True) -> Qualification:
        written = tuple(row.cells.get(column) for column in ("qualification", "grade", "sub_item"))
        key = (needs_grade, *map(type, written), *written)
        if key not in self._named:
            try:
                self._named[key] = self.qualifications.read(*written, needs_grade=needs_grade)
            except BadCell as bad:
                self._named[key] = bad
        found = self._named[key]
        if isinstance(found, BadCell):
            raise BadColumn("qualification", found)
        return found

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
        kind, number = identity
        if kind == IDENTITY_CARD:
            own = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
            if born_on and born_on != own:
                reader.notice(row.number, "born_on", _("出生日期与身份证号不同，以身份证号为准"))
            if identity not in self.into.born_on and cells.has_retired_region(number):
                reader.notice(row.number, "identity", _("身份证号前六位是已停用的区划代码"))
            born_on = own
        day = self.into.born_on.setdefault(identity, born_on)
        if born_on and day is None and kind != IDENTITY_CARD:
            self.into.born_on[identity] = born_on
        elif born_on and day != born_on:
            self.into.born_on[identity] = None
            reader.notice(row.number, "born_on", _("同一证件有不同的出生日期，年龄只能存疑"))
        self.into.names.setdefault(identity, plain(row.cells.get("person_name")))

    def _route(self, cell: Cell) -> str:
        return one_of("routes", cell, _("取得方式"), "unknown")

    def _exemption_reason(self, cell: Cell) -> str:
        text = folded(cell)
        if not text:
            raise BadCell(_("豁免理由为空"), _("填写六类情形之一"))
        return (
            text
            if text in _reason_slugs()
            else one_of("exemption_reasons", text.upper(), _("豁免理由"), "")
        )

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

    def _key(self, reader: SheetReader, row: Row) -> RejectedKey:
        """Whatever of a rejected row's keys can still be read."""
        table = reader.header.table.slug

        def attempt(column: str, read: Any) -> Any:
            try:
                return reader.value(row, column, read)
            except BadColumn:
                return None

        payer = "payer_credit_code" if table == "contributions" else "credit_code"
        code = attempt(payer, cells.credit_code) if payer in reader.header.places else None
        profession = (
            attempt("profession", self.words.profession) if table == "registrations" else None
        )
        try:
            identity = self._identity(reader, row) if "identity" in reader.header.places else None
        except BadColumn:
            identity = None
        try:
            category = (
                self._qualification(row, needs_grade=False).category if table == "items" else None
            )
        except BadColumn:
            category = self.qualifications.category_alone(row.cells.get("qualification"))
        return RejectedKey(table, code, profession[0] if profession else None, identity, category)


@lru_cache(maxsize=2)
def _vocabulary(law: Law) -> tuple[Words, QualificationNames]:
    """The words by which the registers name what the law knows; built once for a law."""
    return Words(law), QualificationNames(law)


def _reason_slugs() -> set[str]:
    return set(values()["exemption_reasons"])


def _division(cell: Cell) -> str | None:
    text = folded(cell)
    return text[:6] if text.isdigit() and len(text) in (6, 9, 12) else text or None


def _requirement(cell: Cell) -> str:
    found = one_of("requirements", cell, _("指标"), "")
    if not found:
        raise BadCell(_("指标为空"), _("填写指标，如 注册建造师"))
    return found


def _source(cell: Cell) -> str:
    found = one_of("coverage_sources", cell, _("来源"), "")
    if not found:
        raise BadCell(_("来源为空"), _("填写 企业、资质、注册人员或社保"))
    return found


def _people(cell: Cell) -> str:
    return one_of("coverage_people", cell, _("人员范围"), "all")
