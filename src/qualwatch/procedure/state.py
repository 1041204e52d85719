"""The state of a case, its events, and the type of a transition, as plain values."""

from collections.abc import Callable, Mapping
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

NOTICE = "71号文"  # abbreviation of the notice in the legal basis of events
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
    "recorded-in-error": _n("巡查日期有误，撤销立案"),
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
# The stages of a withdrawal by route, in order. A requested hearing takes place between notified
# and displayed.
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
# Ended as recalled: what it rested on has recovered, and what else keeps the item red is not yet
# ripe for a withdrawal of its own.
RECALLED = "recalled"
WITHDRAWAL_ENDED = ("rectified", "not-withdrawn", "repaired", "annulled", RECALLED, *ENDINGS)
# Closing codes of a red card after which the other warned requirements go on as a yellow card.
CONTINUING = ("recovered", "requirement-ended", "reviewed", "repaired", "annulled")
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
RECALLED_TEXT = _n("所依据的不达标情形已消除，其余红牌未到撤回条件，撤回中止")


@dataclass(frozen=True, slots=True)
class Terms:
    """The policy's periods for clocks that start now, and the calendar that counts them."""

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
        """The periods of a policy."""
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
class RaisedFigure:
    """A higher figure of a warned requirement after an upgrade or a new grade (clarified 9).

    required: the number of people. pushed_on: the day on which the enterprise was warned of it,
    from which its own period runs. proved_on: the day on which that warning is proved.
    """

    required: int
    pushed_on: date
    deadline: Deadline
    proved_on: date | None = None


@dataclass(frozen=True, slots=True)
class WarnedRequirement:
    """A requirement that a case warns of, with a course of its own (clarified 2).

    name: the requirement's slug. pushed_on: the day of the warning. proved_on: the day on which the
    warning is proved to have reached the enterprise. recovered_on: the day since which the
    requirement is met, or no longer applies (is_ended). determined_on: the day of the red card that
    rests on it. order_served_on: the proved service of the order to rectify it. red: the end of its
    red period, which runs from the later of the two. required: the number of people that the
    enterprise was warned of; None where it is not a count. raised: a higher figure since.
    """

    name: str
    pushed_on: date
    deadline: Deadline
    proved_on: date | None = None
    recovered_on: date | None = None
    is_ended: bool = False
    determined_on: date | None = None
    order_served_on: date | None = None
    red: Deadline | None = None
    required: int | None = None
    raised: RaisedFigure | None = None

    @property
    def is_determined(self) -> bool:
        """Whether the red card rests on it."""
        return self.determined_on is not None

    @property
    def is_red(self) -> bool:
        """Whether the red card rests on it and it has not recovered."""
        return self.is_determined and self.recovered_on is None

    def is_over(self, on: date) -> bool:
        """Whether its period is over on a day; a provisional period never is."""
        return self.deadline.is_over(on)

    def is_red_over(self, on: date) -> bool:
        """Whether it is red and its red period is over on a day; a provisional one never is."""
        return self.is_red and self.red is not None and self.red.is_over(on)

    def falls_short_of_warning(self, possible: int | None) -> bool:
        """Whether so many people are fewer than the enterprise was warned of; unknown: yes."""
        return possible is None or self.required is None or possible < self.required


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed determination that is not signed yet. outcome: a key of OUTCOMES."""

    outcome: str
    requirements: tuple[str, ...]
    by: str
    until: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An undecided written objection or request for information repair.

    is_first: it concerns a requirement that no earlier application concerned; then it stops adverse
    acts. touched_by: accounts that worked on it and may not decide it.
    """

    is_first: bool
    requirements: tuple[str, ...] = ()
    touched_by: frozenset[str] = frozenset()
    has_opinion: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal by one of three routes.

    stage: the last stage reached. ended: why it ended, a value of WITHDRAWAL_ENDED, or ''.
    unanswered: number of statements, hearing submissions and public objections without an answer.
    hearing_notified_on: the day on which the hearing notice is proved to have been served.
    hearing_request: the last day to ask for a hearing. hearing_latest: by when it is held, from the
    request. hearing_earliest: from when it may be held, from the service of its notice.
    """

    route: Route
    stage: str = "opened"
    notice_served_on: date | None = None
    statement: Deadline | None = None
    unanswered: int = 0
    hearing: Literal["none", "asked", "held", "lapsed"] = "none"
    hearing_asked_on: date | None = None
    hearing_on: date | None = None
    hearing_notified_on: date | None = None
    hearing_request: Deadline | None = None
    hearing_latest: Deadline | None = None
    hearing_earliest: Deadline | None = None
    displayed_on: date | None = None
    display: Deadline | None = None
    rechecked_on: date | None = None
    handled_by: tuple[str, ...] = ()
    reviewed_by: str = ""
    ended: str = ""

    @property
    def next_stage(self) -> str:
        """The stage that follows on its route; '' after the last one, or when it has ended."""
        stages = ROUTES[self.route]
        position = stages.index(self.stage) + 1
        if self.ended or position == len(stages):
            return ""
        return stages[position]

    @property
    def is_open(self) -> bool:
        """Whether it is neither closed nor ended."""
        return not self.ended and self.stage != "closed"

    @property
    def running_deadlines(self) -> tuple[str, ...]:
        """Names of the deadlines of its stage, on which no act rests yet."""
        names: tuple[str, ...] = ()
        if self.stage == "notified":
            names = ("statement", "hearing_request") if self.hearing == "none" else ("statement",)
        elif self.stage == "displayed":
            names = ("display",)
        if self.hearing == "asked":
            names = (*names, "hearing_latest", "hearing_earliest")
        return tuple(name for name in names if getattr(self, name) is not None)

    @property
    def is_decided(self) -> bool:
        """Whether the item has been withdrawn by a decision."""
        return self.stage in ("decided", "announced", "closed")


@dataclass(frozen=True, slots=True)
class CaseState:
    """Everything about a case that decides what may happen next. Days are Beijing days.

    requirements: those that the case warns of. disputed: names of requirements that applications
    concerned. last_result: what the last fresh run showed (none, short, recovered, cannot-say).
    was_found_short: whether a run since the opening showed a shortfall. determined_by: who proposed
    and who signed the red card.
    """

    ground: Ground = "shortage"
    origin: Origin = "system"
    is_whole_enterprise: bool = False
    state: State = "none"
    requirements: tuple[WarnedRequirement, ...] = ()
    push_proved_on: date | None = None
    proposal: Proposal | None = None
    extended: Deadline | None = None
    application: Application | None = None
    disputed: tuple[str, ...] = ()
    published_on: date | None = None
    last_result: str = "none"
    last_result_on: date | None = None
    was_found_short: bool = False
    needs_review: bool = False
    rechecked_on: date | None = None
    withdrawal: Withdrawal | None = None
    closed_because: str = ""
    determined_by: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the case is yellow or red."""
        return self.state in ("yellow", "red")

    @property
    def is_public(self) -> bool:
        """Whether the public may see it: a red card, while it is open."""
        return self.state == "red"

    @property
    def disputable(self) -> tuple[str, ...]:
        """Names of the requirements that an application may concern.

        Those not recovered; of a red card also every determined one.
        """
        return tuple(
            requirement.name
            for requirement in self.requirements
            if requirement.recovered_on is None
            or (self.state == "red" and requirement.is_determined)
        )

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Names of the requirements that are warned of, neither recovered nor determined."""
        return tuple(
            requirement.name
            for requirement in self.requirements
            if requirement.recovered_on is None and not requirement.is_determined
        )

    @property
    def relevant_requirements(self) -> tuple[WarnedRequirement, ...]:
        """The requirements that keep the case open: of a red card only the determined ones.

        What is warned of besides goes on as a yellow card of its own when the red one closes.
        """
        if self.state != "red":
            return self.requirements
        return tuple(requirement for requirement in self.requirements if requirement.is_determined)

    def requirement(self, name: str) -> WarnedRequirement | None:
        """The warned requirement of that name, or None."""
        return next(
            (requirement for requirement in self.requirements if requirement.name == name), None
        )

    @property
    def order_served_on(self) -> date | None:
        """The first proved service of an order to rectify that its red requirements wait for."""
        days = [
            requirement.order_served_on
            for requirement in self._decisive_red
            if requirement.order_served_on is not None
        ]
        return min(days, default=None)

    @property
    def red(self) -> Deadline | None:
        """The red period that ends first; None before any order is served."""
        deadlines = [
            requirement.red for requirement in self._decisive_red if requirement.red is not None
        ]
        return min(
            deadlines, key=lambda deadline: (deadline.ends_on, deadline.provisional), default=None
        )

    @property
    def _decisive_red(self) -> tuple[WarnedRequirement, ...]:
        """The determined requirements that have not recovered; all of them where none is left."""
        determined = [row for row in self.requirements if row.is_determined]
        return tuple(row for row in determined if row.is_red) or tuple(determined)

    def is_over(self, on: date) -> bool:
        """Whether a period of its colour is over on a day; a provisional period never is."""
        if self.state == "red":
            return any(requirement.is_red_over(on) for requirement in self.requirements)
        return self.is_warning_over(on)

    def is_warning_over(self, on: date) -> bool:
        """Whether the period of a warned requirement, not determined yet, is over on a day."""
        if self.extended and not self.extended.is_over(on):
            return False
        return any(
            requirement.is_over(on)
            for requirement in self.requirements
            if requirement.recovered_on is None and not requirement.is_determined
        )


@dataclass(frozen=True, slots=True)
class Event:
    """An event on a day. Fields that an event does not need stay empty.

    verdicts: requirement -> verdict of the run. run_day: the day of that run. ended: the code with
    which the item ended. has_new_evidence: evidence that no earlier application on these
    requirements had. register_effect: what the next run will read (correction, exemption,
    accepted-finding). others: further accounts that took part. other_red: another red card of the
    item: "" = none, "open", or "ripe" where its own withdrawal could be opened today; ripe_case:
    the number of that case. required,
    possible: people by requirement; the possible ones with every doubt decided for the enterprise.
    warned_on: by requirement, the day of the newest warning that the proof is about. is_partial:
    other authorities still decide on items of the enterprise.
    """

    name: str
    on: date
    by: str = "system"
    is_fresh: bool = True
    verdicts: Mapping[str, str] = field(default_factory=dict)
    ended: str = ""
    requirements: tuple[str, ...] = ()
    outcome: str = ""
    until: Deadline | None = None
    because: str = ""
    has_evidence: bool = False
    has_new_evidence: bool = False
    register_effect: str = ""
    proved_on: date | None = None
    code: str = ""
    route: Route = "city"
    others: tuple[str, ...] = ()
    other_red: Literal["", "open", "ripe"] = ""
    ripe_case: int | None = None
    run_day: date | None = None
    required: Mapping[str, int] = field(default_factory=dict)
    possible: Mapping[str, int] = field(default_factory=dict)
    warned_on: Mapping[str, date] = field(default_factory=dict)
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What must be carried out in the transaction of the event."""

    name: str
    requirements: tuple[str, ...] = ()
    detail: str = ""


Result = tuple[CaseState, tuple[Effect, ...]]
Outcome = Callable[[CaseState, Event, Terms], Result]
# Effects that put the enterprise in a worse position.
ADVERSE_EFFECTS = frozenset(
    {"push", "publish-red", "add-to-red", "publish-display", "publish-decision"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the transition table.

    from_states: states in which the event may happen; to_states: states that may follow.
    preconditions: keys of PRECONDITIONS, checked in this order. outcome: computes the new state and
    the effects. effects: names of effects that `outcome` may return. basis: the legal source.
    """

    event: str
    meaning: str
    from_states: tuple[str, ...] = ("red",)
    to_states: tuple[str, ...] = ("red",)
    preconditions: tuple[str, ...]
    outcome: Outcome
    effects: tuple[str, ...] = ()
    basis: str

    @property
    def is_adverse(self) -> bool:
        """Whether it can put the enterprise in a worse position."""
        return not ADVERSE_EFFECTS.isdisjoint(self.effects)
