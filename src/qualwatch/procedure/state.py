"""The state of a case and what can happen to it, as plain values. transitions.py says what follows from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from qualwatch.law.calendar import Calendar
from qualwatch.law.policy import Policy
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.wording import gettext_noop as _n

State = Literal["none", "yellow", "red", "closed"]
Ground = Literal["shortage", "insurance"]
Origin = Literal["system", "officer"]
Route = Literal["city", "province", "ministry"]

OUTCOMES: Mapping[str, str] = {
    "red": _n("认定为资质不达标"),
    "dismissed": _n("不予认定"),
    "extended": _n("延长整改"),
}
# Why a case is closed; one of these, always.
CLOSED: Mapping[str, str] = {
    "recovered": _n("已恢复达标"),
    "requirement-ended": _n("指标不再考核"),
    "determined": _n("已按资质分别认定"),
    "dismissed": _n("不予认定"),
    "reviewed": _n("复查后解除"),
    "repaired": _n("信息修复"),
    "annulled": _n("认定被撤销"),
    "withdrawal-annulled": _n("撤回决定被撤销"),
    "withdrawn": _n("资质已撤回"),
    "expired": _n("资质证书到期未延续"),
    "surrendered": _n("企业申请注销"),
    "revoked": _n("资质被吊销"),
    "annulled-licence": _n("资质许可被撤销"),
    "merged": _n("企业合并"),
    "split": _n("企业分立"),
    "moved-out": _n("迁出本省"),
    "grade-ended": _n("等级取消且存量期满"),
    "out-of-scope": _n("不在预警范围"),
    "duplicate": _n("重复立案"),
}
ENDINGS = (
    "expired",
    "surrendered",
    "revoked",
    "annulled-licence",
    "withdrawn",
    "merged",
    "split",
    "moved-out",
    "grade-ended",
    "out-of-scope",
    "duplicate",
)
# The steps of a withdrawal, in their order; a hearing lies between notified and displayed where it is asked for.
ROUTES: Mapping[str, tuple[str, ...]] = {
    "city": (
        "opened",
        "suggested",
        "started",
        "notified",
        "displayed",
        "rechecked",
        "reviewed",
        "decided",
        "announced",
        "closed",
    ),
    "province": (
        "opened",
        "started",
        "notified",
        "displayed",
        "rechecked",
        "reviewed",
        "decided",
        "announced",
        "closed",
    ),
    "ministry": ("opened", "rechecked", "reported", "started", "decided", "announced", "closed"),
}
WITHDRAWAL_ENDED = ("rectified", "not-withdrawn", "repaired", "annulled", *ENDINGS)
STEPS: Mapping[str, str] = {
    "opened": _n("已启动"),
    "suggested": _n("已函告审批局"),
    "started": _n("许可机关已受理"),
    "notified": _n("已告知拟撤回"),
    "displayed": _n("公示中"),
    "rechecked": _n("已复核"),
    "reviewed": _n("已法制审核"),
    "reported": _n("已报住建部"),
    "decided": _n("已决定撤回"),
    "announced": _n("决定已送达"),
    "closed": _n("已办结"),
}
WITHDRAWAL_ANNULLED = "withdrawal-annulled"
RECTIFIED, NOT_WITHDRAWN = _n("已整改达标，终止撤回"), _n("决定不予撤回")


@dataclass(frozen=True, slots=True)
class Terms:
    """The policy's periods for clocks that start now, with the calendar they are counted by."""

    calendar: Calendar
    yellow: Period
    extension: Period
    red: Period
    statement: Period
    hearing_request: Period
    hearing_notice: Period
    hearing_held: Period
    display: Period

    @classmethod
    def of(cls, policy: Policy, calendar: Calendar) -> "Terms":
        """Those of a policy on its day."""
        return cls(
            calendar=calendar,
            yellow=Period(policy["yellow_period_months"], "months"),
            extension=Period(policy["extension_max_months"], "months"),
            red=Period(policy["red_period_months"], "months"),
            statement=Period(policy["statement_working_days"], "working-days"),
            hearing_request=Period(policy["hearing_request_working_days"], "working-days"),
            hearing_notice=Period(policy["hearing_notice_working_days"], "working-days"),
            hearing_held=Period(policy["hearing_held_within_working_days"], "working-days"),
            display=Period(policy["public_display_working_days"], "working-days"),
        )


@dataclass(frozen=True, slots=True)
class WarnedRequirement:
    """A requirement that the enterprise was warned of, and when that was proved to have reached it.

    recovered_on: since when it has been met, or has ended.
    """

    requirement: str
    pushed_on: date
    deadline: Deadline
    proved_on: date | None = None
    recovered_on: date | None = None
    is_ended: bool = False
    is_determined: bool = False

    def is_over(self, on: date) -> bool:
        """Whether the warned period is over, and does not rest on an unpublished calendar."""
        return on > self.deadline.ends_on and not self.deadline.provisional


@dataclass(frozen=True, slots=True)
class Proposal:
    """A determination proposed and not yet signed."""

    outcome: str
    requirements: tuple[str, ...]
    by: str
    until: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A written objection (or request for information repair) that is not decided. A first one stops adverse acts.

    is_first: about a requirement that no application was about before.
    """

    is_first: bool
    requirements: tuple[str, ...] = ()
    touched_by: frozenset[str] = frozenset()
    has_opinion: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal by one of three routes. `stage`: the last step done; `ended`: why it ended without a decision."""

    route: Route
    stage: str = "opened"
    notice_served_on: date | None = None
    statement: Deadline | None = None
    unanswered: int = (
        0  # statements, points of a hearing and objections of the public without an answer
    )
    hearing: Literal["none", "asked", "held", "lapsed"] = "none"
    hearing_asked_on: date | None = None
    hearing_on: date | None = None
    hearing_notified_on: date | None = (
        None  # that its day was proved to have reached the enterprise
    )
    displayed_on: date | None = None
    display: Deadline | None = None
    rechecked_on: date | None = None
    handled_by: tuple[str, ...] = ()
    reviewed_by: str = ""
    ended: str = ""

    @property
    def next_stage(self) -> str:
        """The step that comes next on its route; '' after the last."""
        steps = ROUTES[self.route]
        at = steps.index(self.stage) + 1
        return steps[at] if at < len(steps) and not self.ended else ""

    @property
    def is_open(self) -> bool:
        """Neither finished nor ended."""
        return not self.ended and self.stage != "closed"

    @property
    def is_decided(self) -> bool:
        """Whether the decision has been taken."""
        return self.stage in ("decided", "announced", "closed")


@dataclass(frozen=True, slots=True)
class CaseState:
    """Everything about a case that decides what may follow. Days are Beijing days."""

    ground: Ground = "shortage"
    origin: Origin = "system"
    is_whole_enterprise: bool = False
    state: State = "none"
    named: tuple[WarnedRequirement, ...] = ()
    push_proved_on: date | None = None
    proposal: Proposal | None = None
    extended: Deadline | None = None
    application: Application | None = None
    disputed: tuple[str, ...] = ()  # requirements that applications were about
    published_on: date | None = None
    order_served_on: date | None = None
    red: Deadline | None = None
    last_result: str = "none"  # what the last fresh run said of it: short, recovered, cannot-say
    last_result_on: date | None = None
    was_found_short: bool = False  # by a run, since it was opened
    needs_review: bool = False
    rechecked_on: date | None = None
    withdrawal: Withdrawal | None = None
    closed_because: str = ""
    determined_by: tuple[str, ...] = ()  # who proposed and who signed the red card

    @property
    def is_open(self) -> bool:
        """Yellow or red."""
        return self.state in ("yellow", "red")

    @property
    def is_public(self) -> bool:
        """Whether the public may know of it: a red card, while it is open."""
        return self.state == "red"

    @property
    def disputable(self) -> tuple[str, ...]:
        """What an application may be about: what is warned of; of a red card whatever was determined."""
        return tuple(
            requirement.requirement
            for requirement in self.named
            if requirement.recovered_on is None
            or (self.state == "red" and requirement.is_determined)
        )

    def of(self, requirement: str) -> WarnedRequirement | None:
        """A requirement that it names."""
        return next((one for one in self.named if one.requirement == requirement), None)

    def is_over(self, on: date) -> bool:
        """Whether the period of its colour is over on a day; a provisional day never is."""
        if self.state == "red":
            return self.red is not None and on > self.red.ends_on and not self.red.provisional
        if self.extended and not (on > self.extended.ends_on and not self.extended.provisional):
            return False
        return any(
            requirement.is_over(on)
            for requirement in self.named
            if requirement.recovered_on is None
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens on a day. What an event does not need stays empty."""

    name: str
    on: date
    by: str = "system"
    is_fresh: bool = True
    verdicts: Mapping[str, str] = field(default_factory=dict)  # requirement -> verdict of the run
    ended: str = ""  # the item's end, by code
    requirements: tuple[str, ...] = ()
    outcome: str = ""
    until: Deadline | None = None
    because: str = ""
    has_evidence: bool = False
    has_new_evidence: bool = False  # that no application about these requirements had
    leaves: str = ""  # what the next run reads: correction, exemption, accepted-finding
    proved_on: date | None = None
    code: str = ""
    route: Route = "city"
    others: tuple[str, ...] = ()  # who else took part
    is_other_red_open: bool = False  # another red card of the same item
    run_day: date | None = None  # the day that the run saw which `verdicts` are of


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that must be done in the transaction of the step."""

    name: str
    requirements: tuple[str, ...] = ()
    detail: str = ""
