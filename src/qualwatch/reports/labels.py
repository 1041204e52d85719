"""Names of slugs. Chinese is the source; `label_of` gives the chosen language."""

from qualwatch.law.loader import Law
from qualwatch.wording import gettext
from qualwatch.wording import gettext_noop as _n

VERDICTS = {
    "short": _n("不达标"),
    "advise": _n("提示"),
    "cannot-say": _n("无法判定"),
    "manual": _n("须人工核查"),
    "met": _n("达标"),
    "not-required": _n("不考核"),
}
REQUIREMENTS = {
    "constructors": _n("注册建造师"),
    "supervising-engineers": _n("注册监理工程师"),
    "cost-engineers": _n("注册造价工程师"),
    "person-times": _n("注册人员人次"),
    "supervision-and-cost": _n("监理与造价不重复"),
    "manual-titles": _n("职称人员与建造师"),
    "registered-people": _n("注册人员"),
}
ANOMALIES = {
    "unpaid": _n("无人缴纳社保"),
    "paid-by-other": _n("社保由其他单位缴纳"),
    "paid-by-several": _n("多家单位同时缴纳社保"),
}
COUNTS = {"certain": _n("计入"), "in-doubt": _n("存疑"), "never": _n("不计")}
REASONS = {
    "out-of-scope": _n("不在预警范围"),
    "no-clause": _n("标准没有人数条款"),
    "not-yet-in-force": _n("尚未施行"),
    "ended-by-amendment": _n("指标已由后来的文件取消"),
    "extended-without-check": _n("延续缓查期内"),
    "not-in-registers": _n("登记数据看不出，须人工核查"),
    "stock-past-its-end": _n("等级已取消，存量证书应已届满，须人工核查"),
    "figure-unknown": _n("人数未查到"),
    "grade-unknown": _n("等级不明"),
    "sub-item-missing": _n("缺分项"),
    "measured-as-lowest-grade": _n("按最低等级人数核查"),
    "route-upgrade": _n("升级取得，只提示"),
    "weak-figure": _n("数字把握不足，只提示"),
    "one-person-both-counts": _n("一人兼充监理与造价，只提示"),
    "highest-any-trade": _n("口径：取各项最高数，不分专业"),
    "enterprise-unknown": _n("企业表里没有这家企业"),
    "place-unknown": _n("注册地不明"),
    "enterprises-stale": _n("企业数据过旧"),
    "enterprises-never-loaded": _n("企业数据从未载入"),
    "items-stale": _n("资质数据过旧"),
    "items-never-loaded": _n("资质数据从未载入"),
    "registrations-stale": _n("注册人员数据过旧"),
    "registrations-never-loaded": _n("注册人员数据从未载入"),
    "register-conflict": _n("登记中同一证书的几行互相矛盾"),
    "item-row-unparsed": _n("资质行读不出"),
    "row-unparsed": _n("有读不出的企业或认定行"),
    "renewal-pending": _n("已届满，延续申请未决，视为准予延续"),
    "accepted-finding": _n("已有认定，不再预警"),
    "unparsed-row": _n("有读不出的人员行，可能就是所缺的人"),
    "deceased": _n("已死亡"),
    "over-age": _n("超龄"),
    "age-in-doubt": _n("年龄在存疑区间"),
    "age-unknown": _n("年龄不明"),
    "locked": _n("核查锁定期内"),
    "not-yet-at-enterprise": _n("尚未到本企业"),
    "registration-expired": _n("注册已过期"),
    "registration-renewal-pending": _n("注册到期前已申请延续，尚未答复"),
    "registration-end-unclear": _n("只有证书有效期，已过；不能确定注册是否到期"),
    "registration-not-in-force": _n("注册已注销或失效"),
    "registered-elsewhere": _n("同时注册于其他企业"),
    "unpaid": _n("无人缴纳社保"),
    "paid-by-other": _n("社保由其他单位缴纳"),
    "paid-by-several": _n("多家单位同时缴纳社保"),
    "no-data": _n("没有社保数据"),
    "insurance-not-yet-due": _n("到岗不久，社保尚未到可核月份"),
    "insurance-in-doubt": _n("只有其他险种、缓缴或认不出缴费状态的社保记录"),
    "unparsed-insurance-row": _n("有读不出的社保行，可能就是此人的"),
    "grade-unreadable": _n("级别读不出"),
    "speciality-unreadable": _n("专业读不出"),
    "second-grade-cost-engineer": _n("二级造价工程师是否计入未明"),
    "cost-speciality-unclear": _n("交通、水利类造价是否计入未明"),
    "no-registration-no": _n("没有注册编号，人次存疑"),
    "grade-too-low": _n("级别不够"),
    "speciality-not-accepted": _n("专业不在其列"),
}
TABLES = {
    "enterprises": _n("企业"),
    "items": _n("资质"),
    "registrations": _n("注册人员"),
    "contributions": _n("社保"),
    "exemptions": _n("豁免"),
    "locks": _n("锁定"),
    "accepted_findings": _n("认定"),
    "coverage": _n("覆盖"),
}
REGISTER_STATES = {
    "suspended": _n("暂停"),
    "withdrawn": _n("撤回"),
    "annulled": _n("撤销"),
    "revoked": _n("吊销"),
    "deregistered": _n("注销"),
    "expired": _n("过期"),
    "not-yet-in-force": _n("尚未生效"),
}


AUTHORITIES = {"ministry": _n("住房和城乡建设部"), "province": _n("山西省住房和城乡建设厅")}


def unit_of(requirement: str) -> str:
    """What a requirement counts: people, or person-times."""
    return gettext(_n("人次")) if requirement == "person-times" else gettext(_n("人"))


def area_name(law: Law, area: str | None) -> str:
    """A supervising area; '' outside the province or unknown."""
    return law.divisions.areas[area].name if area else ""


def authority_name(law: Law, authority: str | None) -> str:
    """The licensing authority of an item."""
    if authority in law.divisions.areas:
        return area_name(law, authority)
    return label_of(AUTHORITIES, authority or "")


def label_of(labels: dict[str, str], slug: str) -> str:
    """A slug in the chosen language; the slug itself where it has no name."""
    return gettext(labels[slug]) if slug in labels else slug
