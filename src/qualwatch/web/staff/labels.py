"""Texts of the staff site: states, consequences, register fields and their values."""

from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.registers.corrections import vocabulary
from qualwatch.reports.labels import AUTHORITIES, REGISTER_STATES
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# by table: the fields of a register row that an officer may correct
CORRECTABLE_FIELDS = {
    "registrations": {
        "profession_grade": _n("注册级别"),
        "valid_from": _n("有效期起"),
        "valid_to": _n("有效期止"),
        "at_enterprise_from": _n("到本企业之日"),
        "register_state": _n("登记状态"),
        "register_state_from": _n("状态日期"),
        "renewal_filed_on": _n("延续申请日"),
    },
    "items": {
        "grade": _n("等级"),
        "valid_from": _n("有效期起"),
        "valid_to": _n("有效期止"),
        "route": _n("取得方式"),
        "register_state": _n("登记状态"),
        "register_state_from": _n("状态日期"),
        "renewal_filed_on": _n("延续申请日"),
        "licensing_authority": _n("许可机关"),
    },
}
REGISTER_EFFECTS = {
    "accepted-finding": _n("认可现有人数，到复核日为止"),
    "correction": _n("已作的登记更正"),
    "exemption": _n("已有的豁免"),
}
STATES = {"yellow": _n("黄牌"), "red": _n("红牌"), "closed": _n("已结束")}
CONSEQUENCES = {
    "red": _n(
        "签批后立即向社会公布红牌预警：预警期间该企业不得申请资质升级、增项，省内在建项目全部列入重点监管，"
        "不得以该资质承揽新项目，不得参加评优评先；期满仍不达标的，依法启动该资质的撤回程序。"
    ),
    "dismissed": _n("签批后案件结束，并留下认可、更正或豁免：到复核日之前，同样的情况不再预警。"),
    "extended": _n("签批后整改期延长到所写的日期；只能延长一次。"),
    "review": _n("解除后红牌不再有效，公布的内容改为已解除，限制随之取消。"),
}
ROUTES = {"direct": _n("直接取得"), "upgrade": _n("升级"), "unknown": _n("不明")}
IN_FORCE = _n("有效")


def labels_of_field(field: str) -> dict[str, str]:
    """By slug the words for the values of a register field; empty where it is a day or a text."""
    law = current_law()
    words = {
        "register_state": {"in-force": IN_FORCE, **REGISTER_STATES},
        "route": ROUTES,
        "grade": GRADE_NAMES,
        "licensing_authority": AUTHORITIES
        | {slug: area.name for slug, area in law.divisions.areas.items()},
        "profession_grade": {slug: names[0] for slug, names in law.profession_grades.items()},
    }
    return {slug: _(words[field][slug]) for slug in vocabulary(field) or ()}


def slug_of_label(field: str, word: str) -> str | None:
    """A value as the register writes it; None where the field has words and this is none."""
    words = labels_of_field(field)
    if not words or word in words:
        return word
    return next((slug for slug, text in words.items() if text == word), None)
