"""The evidence for each requirement that an application disputes (notice 4(5): 相关印证资料)."""

from collections.abc import Mapping

from qualwatch.wording import gettext_noop as _n

LINES: Mapping[str, str] = {
    "identity": _n("身份证明"),
    "registration": _n("注册证书或注册信息"),
    "query-print-out": _n("注册信息查询截图"),
    "insurance": _n("最近一个已结算月的社保缴纳证明"),
    "lawful-reason": _n("社保不在本单位的合法事由证明"),
}
PEOPLE_LINES = ("identity", "registration", "query-print-out", "insurance")
INSURANCE_LINES = ("identity", "insurance", "lawful-reason")


def lines_of(requirement: str) -> tuple[str, ...]:
    """The checklist lines of a requirement; each needs a file, or the reason why there is none."""
    return INSURANCE_LINES if requirement == "insurance" else PEOPLE_LINES
