"""Ways of serving a document: what each needs beforehand, what proves it, which comes next (民事诉讼法 送达一节)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from qualwatch.law.calendar import Calendar
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

PLATFORM, IN_PERSON, LEFT, POST, EMAIL, NOTICE = (
    "platform",
    "in-person",
    "left",
    "post",
    "e-mail",
    "public-notice",
)


# Why a way came to nothing; the last two are said by the system.
FAILURES: Mapping[str, str] = {
    "refused": _n("拒绝签收"),
    "absent": _n("无人"),
    "unknown": _n("下落不明"),
    "returned": _n("退回"),
    "unanswered": _n("逾期没有回音"),
    "voided": _n("文书作废"),
    "taken-down": _n("公告随红牌撤下或不再需要"),
}
# By which ways each may happen; those that need what came back, as a file.
MAY_HAPPEN: Mapping[str, tuple[str, ...]] = {
    "refused": (IN_PERSON, POST),
    "absent": (IN_PERSON,),
    "unknown": (IN_PERSON, POST),
    "returned": (POST, EMAIL),
    "unanswered": (PLATFORM, POST, EMAIL),
}
NEEDS_FILE = ("refused", "unknown", "returned")


class CannotServe(CannotStep):
    """The way is not open for this document, or its proof is missing; the message says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__("service", sentence)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides which ways are open."""

    has_account: bool = False
    opening_proves: bool = (
        False  # the policy lets a confirmed opening on the platform prove this kind of document
    )
    has_consent: bool = False  # of the enterprise, in writing, to be served by e-mail
    may_be_public: bool = False  # the document may be published; a yellow card never
    failed: Mapping[str, Collection[str]] = field(
        default_factory=dict
    )  # way that came to nothing -> why (FAILURES)

    @property
    def is_unreachable(self) -> bool:
        """Nobody knows where it is, or neither a visit nor the post has reached it; a refusal did reach it."""
        why = {word for words in self.failed.values() for word in words}
        return "refused" not in why and (
            "unknown" in why or {IN_PERSON, POST} <= self.failed.keys()
        )


@dataclass(frozen=True, slots=True)
class Method:
    """One way of serving. `proof`: what proves it, in words."""

    name: str
    proof: str
    wanting: str  # said where it is not open
    is_open: Callable[[Circumstances], bool]


# In the order in which they are tried.
METHODS: Mapping[str, Method] = {
    PLATFORM: Method(
        _n("平台送达"),
        _n("企业在平台上确认收到"),
        _n("企业没有平台账号，或政策不以平台确认作为这类文书的送达"),
        lambda c: c.has_account and c.opening_proves,
    ),
    IN_PERSON: Method(_n("直接送达"), _n("送达回证，有受送达人签收"), "", lambda c: True),
    LEFT: Method(
        _n("留置送达"),
        _n("见证人签名的送达回证，或者拍照、录像"),
        _n("先直接送达，拒绝签收的才可以留置"),
        lambda c: "refused" in c.failed.get(IN_PERSON, ()),
    ),
    POST: Method(_n("邮寄送达"), _n("邮政回执，注明收件日期"), "", lambda c: True),
    EMAIL: Method(
        _n("电子送达"),
        _n("受送达人系统收到的记录"),
        _n("要有企业同意电子送达的书面材料"),
        lambda c: c.has_consent,
    ),
    NOTICE: Method(
        _n("公告送达"),
        _n("公告刊载的记录"),
        _n("公告送达只用于可以公开的文书，且企业下落不明，或直接送达和邮寄都没有成功"),
        lambda c: c.may_be_public and c.is_unreachable,
    ),
}


def check_open(method: str, on: Circumstances) -> None:
    """CannotServe where a way is unknown or not open."""
    way = METHODS.get(method)
    if way is None:
        raise CannotServe(_("没有这种送达方式；有 {methods}").format(methods="、".join(METHODS)))
    if not way.is_open(on):
        raise CannotServe(_(way.wanting))


def next_method(tried: Collection[str], on: Circumstances) -> str:
    """The first open way that was not tried yet; '' where none is left."""
    return next(
        (slug for slug, way in METHODS.items() if slug not in tried and way.is_open(on)), ""
    )


def served_by_notice(published_on: date, days: int, calendar: Calendar) -> Deadline:
    """The day on which a document published as a notice counts as served."""
    return Period(days, "days").from_day(published_on, calendar)
