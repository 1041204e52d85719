"""What the counts of loads, runs and days are called."""

from collections.abc import Iterator, Mapping

from qualwatch.procedure.state import CLOSED
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

LOAD_STATES = {
    "released": _n("已载入"),
    "held": _n("已扣下，等审核放行"),
    "rejected": _n("已拒绝"),
    "unchanged": _n("没有变化"),
}
RUN_STATES = {
    "released": _n("已记录"),
    "held": _n("已扣下，等审核放行"),
    "decided": _n("已放行"),
    "rejected": _n("已拒绝"),
}
OTHER_TABLES = {
    "unparsed": _n("读不出的行"),
    "birthdays": _n("出生日期"),
    "corrections": _n("更正"),
    "pushes": _n("推送"),
}
LOAD_COUNTS = {
    "read": _n("读"),
    "accepted": _n("收"),
    "rejected": _n("拒"),
    "rows": _n("记录"),
    "added": _n("新增"),
    "changed": _n("变更"),
    "unchanged": _n("不变"),
    "absent": _n("不再有"),
    "source_still_differs": _n("与来源仍不一致"),
    "superseded": _n("扣下的已由全量登记取代"),
}
RUN_COUNTS = {
    "enterprises": _n("企业"),
    "anomalies": _n("社保异常"),
    "conflicts": _n("登记矛盾"),
    "contested_people": _n("登记有矛盾的人员"),
    "newly": _n("新出现问题的企业"),
}
DAY_COUNTS = {
    "opened": _n("立案"),
    "relapses": _n("其中复发"),
    "closed": _n("结案"),
    "push": _n("发出黄牌"),
    "push-addition": _n("黄牌增加指标"),
    "open-red": _n("转为红牌"),
    "publish-red": _n("公布红牌"),
    "amend-red": _n("更正红牌"),
    "set-red-period": _n("定红牌期限"),
    "issue-order": _n("责令整改"),
    "take-down": _n("撤下公布"),
    "open-task": _n("新增待办"),
    "publish-display": _n("公示"),
    "publish-decision": _n("公布决定"),
    "end-withdrawal": _n("终止撤回"),
    "notify-closed": _n("通知结案"),
    "notify-extended": _n("通知延长整改"),
    "notify-refused": _n("通知不予受理"),
    "notify-repaired": _n("通知信息修复"),
    "reminded": _n("期满前提醒"),
    "escalated": _n("逾期报告"),
    "late-starts": _n("逾期未启动撤回"),
    "services": _n("送达期满"),
    "deadlines-moved": _n("期限顺延"),
    "corrections-due": _n("待复核的更正"),
    "standings": _n("公布的资质状态"),
}


def day_counts(counts: Mapping[str, int]) -> Iterator[str]:
    """A line for each count that is not zero, in the order of the labels."""
    for name, label in DAY_COUNTS.items():
        if counts.get(name):
            yield f"  {_(label)}{_('：')}{counts[name]}"
        if name == "closed":
            yield from _closed_because(counts)


def _closed_because(counts: Mapping[str, int]) -> Iterator[str]:
    for code, reason in CLOSED.items():
        if count := counts.get(f"closed: {code}"):
            yield f"    {_(reason)}{_('：')}{count}"
