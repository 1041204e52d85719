"""What has to be done, in one sentence for each kind of task."""

from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.registers.corrections import vocabulary
from qualwatch.reports.labels import AUTHORITIES, REGISTER_STATES
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

TASKS = {
    "propose": _n("黄牌期满，核查是否认定"),
    "sign": _n("审核签批认定"),
    "review": _n("复查解除红牌"),
    "withdraw": _n("红牌期满，启动撤回"),
    "application": _n("审查企业的申请"),
    "decide-application": _n("核实并决定企业的申请"),
    "letter": _n("企业没有平台账号，发函告知"),
    "serve": _n("换一种方式送达文书"),
    "serve-order": _n("送达责令整改通知书"),
    "vanished": _n("登记库中已没有这项资质，查明原因"),
    "suggest": _n("函告审批局撤回建议"),
    "report": _n("报住建部撤回"),
    "start": _n("受理撤回建议"),
    "notify": _n("告知拟撤回"),
    "display": _n("公示拟撤回"),
    "recheck-withdrawal": _n("公示期满复核"),
    "review-law": _n("法制审核"),
    "decide": _n("决定撤回"),
    "announce": _n("送达撤回决定"),
    "finish": _n("公告并办结"),
    "answer": _n("答复陈述申辩或异议"),
    "hearing": _n("组织听证"),
    "report-results": _n("函告撤回结果"),
}
# What an officer may set right in a register row, by table.
CORRECTED = {
    "registrations": {
        "profession_grade": _n("注册级别"),
        "valid_from": _n("有效期起"),
        "valid_to": _n("有效期止"),
        "at_enterprise_from": _n("到本企业之日"),
        "register_state": _n("登记状态"),
        "register_state_from": _n("状态日期"),
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
LEAVES = {
    "accepted-finding": _n("认可现有人数，到复核日为止"),
    "correction": _n("已作的登记更正"),
    "exemption": _n("已有的豁免"),
}
STATES = {"yellow": _n("黄牌"), "red": _n("红牌"), "closed": _n("已结束")}


ROUTES = {"direct": _n("直接取得"), "upgrade": _n("升级"), "unknown": _n("不明")}
IN_FORCE = _n("有效")


def words_of(field: str) -> dict[str, str]:
    """By slug what the values of a register field are called; empty where it is a day or any text."""
    law = current_law()
    named = {
        "register_state": {"in-force": IN_FORCE, **REGISTER_STATES},
        "route": ROUTES,
        "grade": GRADE_NAMES,
        "licensing_authority": AUTHORITIES
        | {slug: area_text.name for slug, area_text in law.divisions.areas.items()},
        "profession_grade": {slug: words[0] for slug, words in law.profession_grades.items()},
    }
    return {slug: _(named[field][slug]) for slug in vocabulary(field) or ()}


def slug_of(field: str, told: str) -> str | None:
    """A value as the register writes it, of what an officer wrote; None where the field has words and it is none."""
    words = words_of(field)
    if not words or told in words:
        return told
    return next((slug for slug, text in words.items() if text == told), None)


def task_sentence(kind: str) -> str:
    """What has to be done."""
    return _(TASKS[kind]) if kind in TASKS else kind
