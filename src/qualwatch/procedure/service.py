"""Methods of service: when each is open, what proves it, and their order (民事诉讼法 送达一节)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from qualwatch.law.calendar import Calendar
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

PLATFORM = "platform"
IN_PERSON = "in-person"
LEFT = "left"
POST = "post"
EMAIL = "e-mail"
NOTICE = "public-notice"

# Why an attempt failed; the system itself records only the last two.
FAILURES: Mapping[str, str] = {
    "refused": _n("拒绝签收"),
    "absent": _n("无人"),
    "unknown": _n("下落不明"),
    "returned": _n("退回"),
    "unanswered": _n("逾期没有回音"),
    "voided": _n("文书作废"),
    "taken-down": _n("公告随红牌撤下或不再需要"),
}
# The methods by which each failure may happen.
METHODS_BY_FAILURE: Mapping[str, tuple[str, ...]] = {
    "refused": (IN_PERSON, POST),
    "absent": (IN_PERSON,),
    "unknown": (IN_PERSON, POST),
    "returned": (POST, EMAIL),
    "unanswered": (PLATFORM, POST, EMAIL),
}
# Failures that need a file: what came back, or what was found there.
NEEDS_FILE = ("refused", "absent", "unknown", "returned")


class CannotServe(CannotStep):
    """The method is not open for this document, or its proof is missing; the message says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__("service", sentence)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The facts that decide which methods are open.

    opening_proves: by policy a confirmed opening on the platform proves service of this document.
    has_consent: the enterprise has agreed in writing to service by e-mail. may_be_announced: the
    document may be served by public notice. is_public: the public knows of its case; never of a
    yellow card. failed: method -> reasons (FAILURES). proved_failures: methods of which a failure
    has its file.
    """

    has_account: bool = False
    opening_proves: bool = False
    has_consent: bool = False
    may_be_announced: bool = False
    is_public: bool = False
    failed: Mapping[str, Collection[str]] = field(default_factory=dict)
    proved_failures: Collection[str] = ()

    @property
    def is_unreachable(self) -> bool:
        """Whether neither a visit nor the post has reached it, each with its file; a refusal has.

        Of a public case it is enough that the address is unknown. What is not public is announced
        only after both.
        """
        reasons = {reason for reasons in self.failed.values() for reason in reasons}
        if "refused" in reasons:
            return False
        if self.is_public and "unknown" in reasons:
            return True
        return {IN_PERSON, POST} <= set(self.proved_failures)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of service. proof: what proves it. refusal: the sentence where it is not open."""

    name: str
    proof: str
    refusal: str
    is_open: Callable[[Circumstances], bool]


# In the order in which they are tried.
METHODS: Mapping[str, Method] = {
    PLATFORM: Method(
        _n("平台送达"),
        _n("企业在平台上确认收到"),
        _n("企业没有平台账号，或政策不以平台确认作为这类文书的送达"),
        lambda circumstances: circumstances.has_account and circumstances.opening_proves,
    ),
    IN_PERSON: Method(
        _n("直接送达"), _n("送达回证，有受送达人签收"), "", lambda circumstances: True
    ),
    LEFT: Method(
        _n("留置送达"),
        _n("见证人签名的送达回证，或者拍照、录像"),
        _n("先直接送达，拒绝签收的才可以留置"),
        lambda circumstances: "refused" in circumstances.failed.get(IN_PERSON, ()),
    ),
    POST: Method(_n("邮寄送达"), _n("邮政回执，注明收件日期"), "", lambda circumstances: True),
    EMAIL: Method(
        _n("电子送达"),
        _n("受送达人系统收到的记录"),
        _n("要有企业同意电子送达的书面材料"),
        lambda circumstances: circumstances.has_consent,
    ),
    NOTICE: Method(
        _n("公告送达"),
        _n("公告刊载的记录"),
        _n("公告送达要直接送达和邮寄都没有成功，各有凭证；案件已经公开的，企业下落不明也可以"),
        lambda circumstances: circumstances.may_be_announced and circumstances.is_unreachable,
    ),
}


def check_open(method: str, circumstances: Circumstances) -> None:
    """CannotServe where a method is unknown or not open."""
    entry = METHODS.get(method)
    if entry is None:
        raise CannotServe(_("没有这种送达方式；有 {methods}").format(methods="、".join(METHODS)))
    if not entry.is_open(circumstances):
        raise CannotServe(_(entry.refusal))


def next_method(tried: Collection[str], circumstances: Circumstances) -> str:
    """The first open method that has not been tried; '' where none is left."""
    return next(
        (
            slug
            for slug, method in METHODS.items()
            if slug not in tried and method.is_open(circumstances)
        ),
        "",
    )


def served_by_notice(published_on: date, days: int, calendar: Calendar) -> Deadline:
    """The day on which a document published as a notice counts as served."""
    return Period(days, "days").from_day(published_on, calendar)
