"""登记事实/: the facts of a pack as tables that open in any program, with Chinese headings.

The folder facts/ holds the same rows for `qualwatch check`.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from qualwatch.evaluation.facts import (
    AcceptedFinding,
    Contribution,
    Coverage,
    Enterprise,
    Exemption,
    Facts,
    Item,
    Person,
    Registration,
    Unparsed,
)
from qualwatch.evaluation.people import age_on
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.reports import labels
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext_noop as _n

FOLDER = "登记事实"
IN_FORCE = {"in-force": _n("有效"), **labels.REGISTER_STATES}
ROUTES = {"direct": _n("直接核定"), "upgrade": _n("升级取得"), "unknown": _n("不明")}
NOT_TOLD_APART = "not-told-apart"
INSURANCE_KINDS = {
    "pension": _n("养老"),
    "medical": _n("医疗"),
    "unemployment": _n("失业"),
    "work-injury": _n("工伤"),
    "maternity": _n("生育"),
    "other": _n("其他或不明"),
    NOT_TOLD_APART: _n("不分险种"),
}
PAYMENT_STATES = {
    "paid": _n("已缴"),
    "owed": _n("欠费"),
    "deferred": _n("缓缴"),
    "unclear": _n("不明"),
}
PRESENCE = {"all": _n("全部人员"), "present": _n("仅数据中出现的人员")}


class _Context(NamedTuple):
    law: Law
    day: date


Cells = list[Any]


class _Table(NamedTuple):
    """A table: name of its file, headings, cells of a row."""

    title: str
    headings: tuple[str, ...]
    cells: Callable[[Any, _Context], Cells]


def plain_tables(facts: Facts, law: Law, day: date) -> dict[str, list[Cells]]:
    """The rows of every table that has any, headings first, by the name of its file."""
    context = _Context(law, day)
    return {
        f"{FOLDER}/{table.title}.csv": [
            list(table.headings),
            *([_plain(cell) for cell in table.cells(row, context)] for row in rows),
        ]
        for name, table in _TABLES.items()
        if (rows := facts.rows(name))
    }


def _plain(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _enterprise(row: Enterprise, _context: _Context) -> Cells:
    branches = "；".join(row.branch_credit_codes)
    return [row.credit_code, row.name, row.division_code, branches]


def _item(row: Item, context: _Context) -> Cells:
    return [
        row.credit_code,
        _category(row.category, context.law),
        row.sub_item,
        label_of(GRADE_NAMES, row.grade),
        row.certificate_no,
        labels.authority_name(context.law, row.licensing_authority),
        label_of(ROUTES, row.route),
        row.valid_from,
        row.valid_to,
        row.renewal_filed_on,
        row.extended_without_check_until,
        label_of(IN_FORCE, row.register_state),
        row.register_state_from,
    ]


def _registration(row: Registration, context: _Context) -> Cells:
    profession = context.law.professions[row.profession]
    grade = context.law.profession_grades.get(row.profession_grade or "", [""])[0]
    return [
        row.person_id,
        row.credit_code,
        profession.name,
        grade,
        profession.specialities.get(row.speciality or "", [row.speciality])[0],
        row.registration_no,
        row.at_enterprise_from,
        row.valid_from,
        row.valid_to,
        label_of(IN_FORCE, row.register_state),
        row.register_state_from,
        row.renewal_filed_on,
        row.certificate_valid_to,
    ]


def _person(row: Person, context: _Context) -> Cells:
    age = None if row.born_on is None else age_on(row.born_on, context.day)
    return [row.person_id, age, row.died_on, row.locked_from, row.locked_until]


def _contribution(row: Contribution, _context: _Context) -> Cells:
    return [
        row.person_id,
        f"{row.month:%Y-%m}",
        row.payer_credit_code,
        label_of(INSURANCE_KINDS, row.insurance_kind or NOT_TOLD_APART),
        # a register without states lists payments only
        label_of(PAYMENT_STATES, row.payment_state or "paid"),
    ]


def _exemption(row: Exemption, context: _Context) -> Cells:
    reasons: Mapping[str, str] = context.law.policy_on(context.day)["lawful_reasons"]
    return [
        row.person_id,
        row.credit_code,
        reasons.get(row.reason, row.reason),
        row.document,
        row.valid_from,
        row.valid_to,
    ]


def _accepted(row: AcceptedFinding, context: _Context) -> Cells:
    return [
        row.credit_code,
        _category(row.category, context.law),
        row.sub_item,
        label_of(labels.REQUIREMENTS, row.requirement),
        row.at_held,
        row.until,
        row.because,
    ]


def _coverage(row: Coverage, context: _Context) -> Cells:
    return [
        label_of(labels.TABLES, row.source),
        row.loaded_at,
        row.covers_from,
        row.covers_to,
        labels.area_name(context.law, row.area or None),
        label_of(PRESENCE, row.people),
    ]


def _unparsed(row: Unparsed, context: _Context) -> Cells:
    profession = context.law.professions.get(row.profession or "")
    return [
        row.row_id,
        label_of(labels.TABLES, row.table),
        row.credit_code,
        profession.name if profession else "",
        row.person_id,
        _category(row.category or "", context.law),
    ]


def _category(slug: str, law: Law) -> str:
    """A category of qualification by name."""
    if slug in law.categories:
        return law.categories[slug].name
    return law.out_of_scope[slug].name if slug in law.out_of_scope else slug


_CODE, _PERSON = _n("统一社会信用代码"), _n("人员代号")
_FROM, _TO = _n("有效期起"), _n("有效期止")
_TABLES: Mapping[str, _Table] = {
    "enterprises": _Table(
        _n("企业"),
        (_CODE, _n("企业名称"), _n("注册地区划代码"), _n("分支机构信用代码")),
        _enterprise,
    ),
    "items": _Table(
        _n("资质"),
        (
            _CODE,
            _n("资质类别"),
            _n("分项"),
            _n("等级"),
            _n("资质证书号"),
            _n("许可机关"),
            _n("取得方式"),
            _FROM,
            _TO,
            _n("延续申请日"),
            _n("延续缓查至"),
            _n("登记状态"),
            _n("状态自"),
        ),
        _item,
    ),
    "registrations": _Table(
        _n("注册"),
        (
            _PERSON,
            _CODE,
            _n("注册类别"),
            _n("级别"),
            _n("专业"),
            _n("注册编号"),
            _n("到本企业之日"),
            _FROM,
            _TO,
            _n("登记状态"),
            _n("状态自"),
            _n("延续申请日"),
            _n("仅证书载明的有效期止"),
        ),
        _registration,
    ),
    "people": _Table(
        _n("人员"),
        (_PERSON, _n("核查日周岁"), _n("死亡日"), _n("锁定自"), _n("锁定至")),
        _person,
    ),
    "contributions": _Table(
        _n("社保缴费"),
        (_PERSON, _n("月份"), _n("缴费单位信用代码"), _n("险种"), _n("缴费状态")),
        _contribution,
    ),
    "exemptions": _Table(
        _n("豁免"),
        (_PERSON, _CODE, _n("情形"), _n("证明文件"), _n("自"), _n("至")),
        _exemption,
    ),
    "accepted_findings": _Table(
        _n("已有认定"),
        (_CODE, _n("资质类别"), _n("分项"), _n("指标"), _n("认定时人数"), _n("至"), _n("理由")),
        _accepted,
    ),
    "coverage": _Table(
        _n("数据覆盖"),
        (_n("登记"), _n("数据日期"), _n("覆盖自"), _n("覆盖至"), _n("监管地"), _n("人员范围")),
        _coverage,
    ),
    "unparsed": _Table(
        _n("未能识别的行"),
        (_n("行"), _n("登记"), _CODE, _n("注册类别"), _PERSON, _n("资质类别")),
        _unparsed,
    ),
}
