"""Texts of notices and announcements. They name no person: that is read after log-in."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from qualwatch.cases.models import Case, Document
from qualwatch.procedure.state import CLOSED, NOT_WITHDRAWN, RECTIFIED, WITHDRAWAL_ANNULLED
from qualwatch.procedure.transitions import BY_EVENT
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext

# what is sent is Chinese, whatever language the office has chosen
from qualwatch.wording import gettext_noop as _

ENTRIES = {
    "issued": _("制发文书"),
    "sent": _("发出文书"),
    "served": _("文书送达有凭证"),
    "service-failed": _("文书没有送达"),
    "consent-stored": _("同意电子送达"),
    "voided": _("文书作废"),
    "proposed": _("提出的认定"),
    "signed": _("签批的认定"),
    "applied": _("申请收件"),
    "application-refused": _("申请不予支持"),
    "application-upheld": _("申请予以支持"),
    "application-retracted": _("申请撤回"),
    "followed-up": _("指导督促"),
    "reminded": _("期满前提醒"),
    "task-opened": _("期满待办"),
    "notice-opened": _("打开通知"),
    "fraud-recorded": _("记入不良信用记录"),
    "pack-created": _("制作证据包"),
    "publish-red": _("公布红牌"),
    "open-red": _("按资质分别认定"),
    "publish-display": _("公布拟撤回公示"),
    "followed": _("随登记变更"),
    "submission-received": _("收到陈述申辩或异议"),
    "submission-answered": _("答复陈述申辩或异议"),
    "taken-down": _("撤下公布的内容"),
    "application-verified": _("核实申请"),
    "application-handed-over": _("申请移交"),
    "application-moot": _("案件终结，申请不再办理"),
    "start-late": _("逾期未启动撤回"),
}
CLEARING_CODES = ("recovered", "requirement-ended", "dismissed", "reviewed", "repaired", "annulled")
STAGES = {
    "received": _("已收件，审查中"),
    "agreed": _("市级已同意，省厅核实中"),
    "refused": _("不予支持"),
    "upheld": _("予以支持，已修复"),
    "retracted": _("已撤回申请"),
    "moot": _("案件已终结"),
}
_INSURANCE = _("注册人员社保")


def name_of(case: Case) -> str:
    """The item, or what an enterprise-wide case is about."""
    if case.category is None:
        return _INSURANCE
    return f"{case.qualification}{case.sub_item} {case.grade}".strip()


def subject(kind: str, case: Case) -> str:
    """One line."""
    notification_of = {
        "push": _("黄牌预警：{name}"),
        "push-addition": _("黄牌预警增加指标：{name}"),
        "closed": _("预警解除：{name}"),
        "ended": _("预警案件终结：{name}"),
        "red": _("红牌预警：{name}"),
        "red-period": _("红牌预警期限：{name}"),
        "extended": _("整改延长：{name}"),
        "moved": _("预警案件移交：{name}"),
        "refused": _("申请不予支持：{name}"),
        "reminder": _("整改期将满：{name}"),
        "repaired": _("部分指标已修复：{name}"),
        "withdrawal-ended": _("撤回程序终止：{name}"),
        "withdrawal-annulled": _("撤回决定已撤销：{name}"),
    }
    return notification_of[kind].format(name=name_of(case))


def line(requirement: str, figure: Mapping[str, Any]) -> str:
    """One requirement with its figures and basis."""
    if requirement == "insurance":
        return _("{count} 名注册人员社保缴纳异常").format(count=figure.get("people", ""))
    text = _("{name}：应有 {required} 人，现有 {held} 人，缺 {shortfall} 人").format(
        name=REQUIREMENTS.get(requirement, requirement),
        required=figure.get("required"),
        held=figure.get("held"),
        shortfall=figure.get("shortfall"),
    )
    basis = "、".join(figure.get("basis", ()))
    return text + (_("（依据 {basis}）").format(basis=basis) if basis else "")


def warning(case: Case, requirements: Mapping[str, Mapping[str, Any]], ends_on: date) -> str:
    """A yellow card."""
    lines = [line(name, requirement) for name, requirement in requirements.items()]
    head = _("{enterprise}（{code}）：").format(enterprise=case.enterprise, code=case.credit_code)
    ending = _(
        "请于 {day} 前整改；对预警信息有异议的，可以提出申请并附证明材料"
        "（晋建市规字〔2023〕71号）。"
        "期满仍不达标的，主管部门可以认定并公布红牌预警。"
    ).format(day=ends_on)
    return "\n".join([head, *lines, ending])


def red(case: Case, requirements: Mapping[str, Mapping[str, Any]], authority: str) -> str:
    """A red card, to the enterprise: what follows from it (notice 3)."""
    lines = [line(name, requirement) for name, requirement in requirements.items()]
    head = _(
        "{enterprise}（{code}）：{name} 经{authority}认定不达标，"
        "红牌预警 {number} 自 {day} 起公布。"
    ).format(
        enterprise=case.enterprise,
        code=case.credit_code,
        name=name_of(case),
        authority=authority,
        number=case.card_number,
        day=case.published_on,
    )
    ending = _(
        "红牌预警期间：不得申请资质升级、增项；省内在建项目列入重点监管，不得以该资质承揽新项目；"
        "不得参加评优评先、表彰奖励；红牌期满仍不达标的，依法启动资质撤回。"
    )
    return "\n".join([head, *lines, ending])


def closing(case: Case, because: str) -> str:
    """A case closed, and why: cleared, or ended with what became of the item or the enterprise."""
    ends = _("{enterprise}（{code}）：{name} 的预警已于 {day} 解除：{because}。")
    if because not in CLEARING_CODES:
        ends = _("{enterprise}（{code}）：{name} 的预警案件已于 {day} 终结：{because}。")
    return ends.format(
        enterprise=case.enterprise,
        code=case.credit_code,
        name=name_of(case),
        day=case.closed_on,
        because=CLOSED[because],
    )


def red_period_extended(case: Case) -> str:
    """A newly published calendar made the period longer."""
    return _("{name}：按新公布的放假安排，红牌期延至 {ends}。").format(
        name=name_of(case), ends=case.red_ends_on
    )


def red_period(case: Case) -> str:
    """The order has been served."""
    return _("{name}：责令整改已于 {served} 送达，红牌期至 {ends}。").format(
        name=name_of(case), served=case.order_served_on, ends=case.red_ends_on
    )


def extended(case: Case) -> str:
    """Rectification may take longer."""
    return _("{name}：整改延长至 {day}。").format(name=name_of(case), day=case.extended_until)


def moved(case: Case) -> str:
    """To the authority that now has the case."""
    return _("{enterprise}（{code}）迁入本地，{name} 的预警案件一并移交。").format(
        enterprise=case.enterprise, code=case.credit_code, name=name_of(case)
    )


def refused(case: Case) -> str:
    """An application refused."""
    return _("{name}：所提申请不予支持，理由和救济途径见决定书。").format(name=name_of(case))


def repaired(case: Case, requirements: Iterable[str]) -> str:
    """An application upheld for some of the requirements; the rest goes on."""
    return _("{name}：{what} 已统一修复，其余指标的预警继续。").format(
        name=name_of(case), what=names(requirements)
    )


def agreed_subject(number: str) -> str:
    """One line."""
    return _("申请已报省厅：{number}").format(number=number)


def agreed_body(number: str, due_on: date) -> str:
    """The city has agreed; who decides now, and by when."""
    return _("申请 {number} 经市级审查同意，已报省住房和城乡建设厅核实，{day} 前作出决定。").format(
        number=number, day=due_on
    )


def withdrawal_ended(case: Case, because: str) -> str:
    """A withdrawal that ended without a decision, or whose decision was undone."""
    ends = _("{enterprise}（{code}）：{name} 的撤回程序终止：{because}。")
    if because == WITHDRAWAL_ANNULLED:
        ends = _("{enterprise}（{code}）：{name} 的撤回决定已被撤销，资质恢复，将重新核查。")
    return ends.format(
        enterprise=case.enterprise,
        code=case.credit_code,
        name=name_of(case),
        because=outcome(because),
    )


def outcome(code: str) -> str:
    """What became of an item that was to be withdrawn."""
    own = {"rectified": RECTIFIED, "not-withdrawn": NOT_WITHDRAWN}
    return own.get(code) or CLOSED[code]


def late_start(number: str, due_on: date) -> tuple[str, str]:
    """A suggestion list that was not started in its days, to both sides: one line, and the text."""
    subject = _("撤回程序逾期未启动：{number}").format(number=number)
    return subject, _(
        "建议名单函 {number} 应于 {day} 前启动撤回程序，至今仍有资质没有启动。"
    ).format(number=number, day=due_on)


def displayed(enterprise: str, item: str, until: date, authority: str) -> str:
    """What the public reads while it may object; `authority`: to whom, with its contact."""
    first = _(
        "{enterprise}的{item}经红牌预警期满仍未达到资质标准要求，"
        "拟依法撤回，现予公示，公示期至 {day}。"
    )
    second = _("有异议的，请在公示期内在本公示的页面提出，或者书面向{authority}提出。")
    return first.format(enterprise=enterprise, item=item, day=until) + second.format(
        authority=authority
    )


def withdrawn(enterprise: str, item: str, number: str, authority: str) -> str:
    """What the public reads of a decision."""
    return _("{enterprise}的{item}已由{authority}依法撤回（{number}）。").format(
        enterprise=enterprise, item=item, authority=authority, number=number
    )


def names(requirements: Iterable[str]) -> str:
    """Requirements by name."""
    return "、".join(
        _INSURANCE if requirement == "insurance" else REQUIREMENTS.get(requirement, requirement)
        for requirement in requirements
    )


def document_subject(document: Document) -> str:
    """One line."""
    return _("文书送达：{title}（{number}）").format(title=document.title, number=document.number)


def document(served: Document) -> str:
    """A document that waits on the platform."""
    return _("{title}（{number}）已在平台送达，请打开查看。打开即视为确认收到。").format(
        title=served.title, number=served.number
    )


def document_for_authority(document: Document) -> str:
    """A document to another authority."""
    return _("{title}（{number}）已送达你单位，请办理。").format(
        title=document.title, number=document.number
    )


def public_notice(enterprise: str, title: str, number: str, days: int) -> str:
    """What the public reads where nothing else reached the enterprise: no figures, no person."""
    first = _("{enterprise}：因其他方式无法送达，现依法公告送达《{title}》（{number}）。")
    second = _("自公告之日起经过 {days} 日即视为送达。")
    return first.format(enterprise=enterprise, title=title, number=number) + second.format(
        days=days
    )


def reminder(case: Case, ends_on: date) -> str:
    """The period ends soon."""
    return _("{enterprise}（{code}）：{name} 的黄牌预警期至 {day}，请抓紧整改或提出异议。").format(
        enterprise=case.enterprise, code=case.credit_code, name=name_of(case), day=ends_on
    )


def entry_label(what: str) -> str:
    """An entry of the journal as people read it, in the chosen language."""
    if what in BY_EVENT:
        return gettext(BY_EVENT[what].meaning)
    return gettext(ENTRIES[what]) if what in ENTRIES else what
