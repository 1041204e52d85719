"""Texts of notices and announcements. They name no person: that is read after log-in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from qualwatch.cases.models import Case, Document, Task
from qualwatch.law.calendar import Calendar
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import (
    CLOSED,
    NOT_WITHDRAWN,
    RECALLED,
    RECALLED_TEXT,
    RECTIFIED,
    WITHDRAWAL_ANNULLED,
)
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
    "act-proposed": _("提出事项"),
    "act-signed": _("签批提出的事项"),
    "act-returned": _("退回提出的事项"),
    "act-voided": _("提出的事项失效"),
    "act-dropped": _("退回的事项不再提出"),
    "evidence-opened": _("打开证据"),
    "rechecked": _("复查的数字和证据"),
    "application-moot": _("案件终结，申请不再办理"),
    "start-late": _("逾期未启动撤回"),
    "continued": _("其余指标另案继续"),
    "service-overdue": _("送达逾期，提醒"),
    "key-supervision": _("列入重点监管"),
    "key-supervision-ended": _("移出重点监管"),
    "deadline-moved": _("期限按放假安排顺延"),
    "deadline-settled": _("期限按公布的放假安排确定"),
}
CLEARING_CODES = (
    "recovered",
    "requirement-ended",
    "dismissed",
    "reviewed",
    "repaired",
    "annulled",
    "recorded-in-error",
)
STAGES = {
    "received": _("已收件，审查中"),
    "agreed": _("市级已同意，省厅核实中"),
    "refused": _("不予支持"),
    "upheld": _("予以支持，已修复"),
    "retracted": _("已撤回申请"),
    "moot": _("案件已终结"),
}
VERSION_DIGITS = 12  # of the digest of a calendar, as it is named in notices
_INSURANCE = _("注册人员社保")
NOTICE_TITLE = _("公告送达")
MOST_OVERDUE_LINES = 30
OVERDUE_NAMES = {
    "letter": _("黄牌预警告知书"),
    "serve": _("文书"),
    "serve-order": _("责令限期整改通知书"),
}
REMOVALS = {
    "red-ended": _("红牌已经解除或终结"),
    "project-ended": _("项目已经竣工或不在登记中"),
    "moved": _("项目地点变更"),
}
NOTICE_DAYS = _("自公告之日起经过 {days} 日即视为送达。")


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
        "dismissed": _("部分指标不予认定：{name}"),
        "set-aside": _("误发的预警已撤销：{name}"),
        "continued": _("红牌解除，其余指标仍在预警：{name}"),
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


def added_to_red(
    case: Case, requirements: Mapping[str, Mapping[str, Any]], authority: str, on: date
) -> str:
    """Further requirements determined on an open red card, to the enterprise."""
    lines = [line(name, requirement) for name, requirement in requirements.items()]
    head = _(
        "{enterprise}（{code}）：{name} 的下列指标黄牌期满，经{authority}于 {day} 认定不达标，"
        "并入红牌预警 {number}，红牌期自责令整改送达起另行计算。"
    ).format(
        enterprise=case.enterprise,
        code=case.credit_code,
        name=name_of(case),
        authority=authority,
        day=on,
        number=case.card_number,
    )
    return "\n".join([head, *lines])


def dismissed(case: Case, requirements: Iterable[str]) -> str:
    """A warning of some requirements that was not determined; the others go on."""
    return _("{name}：{what} 不予认定，该项预警终结；其余指标的预警继续。").format(
        name=name_of(case), what=names(requirements)
    )


def continued(case: Case, periods: Mapping[str, date]) -> str:
    """The red card is closed; what it also warned of goes on. periods: requirement -> last day."""
    head = _(
        "{enterprise}（{code}）：{name} 的红牌预警已经解除；下列指标的黄牌预警继续，期限不变："
    ).format(enterprise=case.enterprise, code=case.credit_code, name=name_of(case))
    lines = [
        _("{what}，整改期至 {day}。").format(what=names([name]), day=ends_on)
        for name, ends_on in periods.items()
    ]
    return "\n".join([head, *lines])


def set_aside(case: Case, requirements: Iterable[str]) -> str:
    """A warning of a patrol whose day was wrong."""
    return _("{name}：{what} 的预警系巡查日期有误所致，已经撤销；其余预警继续。").format(
        name=name_of(case), what=names(requirements)
    )


def deadline_moved_subject(about: str) -> str:
    """One line."""
    return _("期限顺延：{about}").format(about=about)


def deadline_moved(name: str, about: str, old: Deadline, new: Deadline, calendar: Calendar) -> str:
    """A changed calendar moved a deadline: old day, new day, version of the calendar."""
    moved = _("{about}：{name}原至 {old}，按放假安排顺延至 {new}。").format(
        about=about, name=name, old=old.ends_on, new=new.ends_on
    )
    version = _("日历版本 {version}。").format(version=calendar.version[:VERSION_DIGITS])
    source = _("依据：{source}。").format(source=calendar.source) if calendar.source else ""
    provisional = _("以后公布的放假安排可能使其再顺延。") if new.provisional else ""
    return moved + source + version + provisional


def red_period(case: Case, requirements: Iterable[str], served_on: date, ends_on: date) -> str:
    """The order about these requirements has been served."""
    return _("{name}：{what} 的责令整改已于 {served} 送达，红牌期至 {ends}。").format(
        name=name_of(case), what=names(requirements), served=served_on, ends=ends_on
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
    own = {
        "rectified": RECTIFIED,
        "not-withdrawn": NOT_WITHDRAWN,
        RECALLED: RECALLED_TEXT,
    }
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


def overdue_services(authority: str, tasks: Sequence[Task]) -> tuple[str, str]:
    """Overdue tasks to serve of an authority, to reviewers: subject and text."""
    subject = _("送达逾期：{authority} {count} 件").format(authority=authority, count=len(tasks))
    lines = [_overdue_line(task) for task in tasks[:MOST_OVERDUE_LINES]]
    if len(tasks) > len(lines):
        lines.append(_("只列出前 {count} 件。").format(count=len(lines)))
    return subject, "\n".join(lines)


def _overdue_line(task: Task) -> str:
    case = task.case
    about = f"{case.enterprise}（{case.credit_code}）{name_of(case)} " if case else ""
    number = task.detail.partition(" ")[0]
    return _("{about}{what}，应于 {day} 前办理，至今没有送达凭证。").format(
        about=about, what=OVERDUE_NAMES[task.kind] + number, day=task.due_on
    )


def supervised_project(
    project: str, enterprise: str, cards: Sequence[str], *, is_listed: bool, because: str = ""
) -> tuple[str, str]:
    """A project that comes on the key-supervision list, or leaves it: subject and text."""
    if is_listed:
        return _("列入重点监管：{project}").format(project=project), _(
            "{enterprise}在红牌预警期间（{cards}），在建项目 {project} "
            "列入重点监管范围（晋建市规字〔2023〕71号 三）。"
        ).format(enterprise=enterprise, cards="、".join(cards), project=project)
    return _("移出重点监管：{project}").format(project=project), _(
        "{enterprise}的项目 {project} 移出重点监管范围：{because}。"
    ).format(enterprise=enterprise, project=project, because=REMOVALS[because])


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


def notice_of_content(document: Document, days: int) -> str:
    """The public notice of a document of a published case: what it says, no person."""
    first = _("{enterprise}：因其他方式无法送达，现依法公告送达《{title}》（{number}）。")
    values = document.template_values
    lines = [
        first.format(enterprise=document.addressee, title=document.title, number=document.number),
        *_content_lines(values),
        NOTICE_DAYS.format(days=days),
    ]
    return "\n".join(lines)


def _content_lines(values: Mapping[str, Any]) -> list[str]:
    """The main content of an order, a notice of intended withdrawal or a decision."""
    basis = _("依据：{rule}。").format(rule=values["legal_basis"])
    lines = [_("资质：{item}。").format(item=values["item"]) + basis]
    lines += [_shortfall_line(row) for row in (*values["requirements"], *values["found"])]
    if values["people"]:
        abnormal = _("注册人员社会保险缴纳：{count} 人异常。")
        lines.append(abnormal.format(count=len(values["people"])))
    if "red_months" in values:
        lines.append(
            _("责令自送达之日起 {months} 个月内整改。").format(months=values["red_months"])
        )
    if "statement_days" in values:
        lines.append(
            _("送达后 {days} 个工作日内可以陈述、申辩，{hearing} 个工作日内可以要求听证。").format(
                days=values["statement_days"], hearing=values["hearing_days"]
            )
        )
    if "reconsideration_days" in values:
        lines.append(
            _("不服的，可以在 {days} 日内申请行政复议，或在 {months} 个月内提起行政诉讼。").format(
                days=values["reconsideration_days"], months=values["litigation_months"]
            )
        )
    return lines


def _shortfall_line(row: Mapping[str, Any]) -> str:
    """A row of a document's figures; of insurance there is no number that is required."""
    if not isinstance(row["required"], int):
        return _("{name}：{held}。").format(name=row["name"], held=row["held"])
    return _("{name}：应有 {required}，现有 {held}，缺 {shortfall}。").format(
        name=row["name"],
        required=row["required"],
        held=row["held"],
        shortfall=row["shortfall"],
    )


def notice_to_collect(enterprise: str, days: int, address: str, hours: str) -> str:
    """The public notice of every other document: that a paper lies ready, and nothing of it."""
    first = _(
        "{enterprise}：因其他方式未能送达，现依法公告送达。"
        "有致你单位的文书存放在{address}，请于{hours}持单位证明领取。"
    )
    return first.format(enterprise=enterprise, address=address, hours=hours) + NOTICE_DAYS.format(
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
