"""What a step needs: each a sentence that is said when it is wanting, and a test of state and event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qualwatch.procedure.periods import Deadline, may_rest_on
from qualwatch.procedure.state import (
    ENDINGS,
    OUTCOMES,
    ROUTES,
    CaseState,
    Event,
    Terms,
    WarnedRequirement,
)
from qualwatch.wording import gettext_noop as _n

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Precondition:
    """A condition and the sentence that says that it is not there."""

    sentence: str
    holds: Callable[[CaseState, Event, Terms], bool]


def ripe_requirements(state: CaseState, event: Event) -> tuple[str, ...]:
    """The requirements that may be determined on the event's day: warned for the whole period and short today."""
    return tuple(
        requirement.requirement
        for requirement in state.named
        if requirement.is_over(event.on)
        and requirement.recovered_on is None
        and event.verdicts.get(requirement.requirement) == "short"
    )


def _ripe(state: CaseState, event: Event, outcome: str, requirements: tuple[str, ...]) -> bool:
    """A red card needs everything; to dismiss or to extend is for the enterprise and needs less."""
    if outcome != "red":
        return True
    return (
        bool(requirements)
        and event.is_fresh
        and state.is_over(event.on)
        and all(
            (requirement := state.of(name)) is not None and requirement.proved_on is not None
            for name in requirements
        )
        and (state.application is None or not state.application.is_first)
        and set(requirements) <= set(ripe_requirements(state, event))
    )


def _told(state: CaseState, event: Event) -> tuple[WarnedRequirement, ...]:
    """The requirements whose telling is proved."""
    return tuple(
        requirement
        for requirement in state.named
        if not event.requirements or requirement.requirement in event.requirements
    )


def _still_ripe(state: CaseState, event: Event, _terms: Terms) -> bool:
    proposal = state.proposal
    return proposal is not None and _ripe(state, event, proposal.outcome, proposal.requirements)


def _extends_in_limits(state: CaseState, event: Event, terms: Terms) -> bool:
    proposal = state.proposal if event.name == "sign" else None
    outcome, until = (
        (proposal.outcome, proposal.until) if proposal else (event.outcome, event.until)
    )
    if outcome != "extended":
        return True
    latest = terms.extension.from_day(event.on, terms.calendar).ends_on
    over = state.is_over(event.on)
    return (
        over and state.extended is None and until is not None and event.on < until.ends_on <= latest
    )


def _undecided(state: CaseState) -> bool:
    return (
        state.withdrawal is None or not state.withdrawal.is_open or not state.withdrawal.is_decided
    )


def _over(deadline: Deadline | None, event: Event) -> bool:
    return deadline is not None and may_rest_on(deadline, event.on)


def _is_next(state: CaseState, event: Event) -> bool:
    return state.withdrawal is not None and state.withdrawal.next_stage == PLACE_AFTER.get(
        event.name
    )


def _is_short_now(state: CaseState, event: Event, _terms: Terms) -> bool:
    """After the red period (and the display) a fresh run says so, or of an officer's red card a recheck."""
    if state.red is None or not state.is_over(event.on):
        return False
    withdrawal = state.withdrawal
    since = (
        withdrawal.display.ends_on
        if withdrawal and withdrawal.is_open and withdrawal.display
        else state.red.ends_on
    )
    if state.origin == "officer":
        return (
            state.rechecked_on is not None and state.rechecked_on > since and not state.needs_review
        )
    return (
        event.is_fresh
        and (event.run_day is None or event.run_day > since)
        and any(
            requirement.is_determined and event.verdicts.get(requirement.requirement) == "short"
            for requirement in state.named
        )
    )


def _hearing_in_limits(state: CaseState, event: Event, terms: Terms) -> bool:
    """NewEntry early enough, and held soon enough, or later with reasons."""
    withdrawal = state.withdrawal
    if withdrawal is None or withdrawal.hearing_asked_on is None or event.until is None:
        return False
    earliest = terms.hearing_notice.from_day(event.on, terms.calendar).ends_on
    latest = terms.hearing_held.from_day(withdrawal.hearing_asked_on, terms.calendar).ends_on
    return event.until.ends_on >= earliest and (
        bool(event.because.strip()) or event.until.ends_on <= latest
    )


def _hearing_told(state: CaseState, event: Event, terms: Terms) -> bool:
    withdrawal = state.withdrawal
    if (
        withdrawal is None
        or withdrawal.hearing_on is None
        or withdrawal.hearing_notified_on is None
        or event.on < withdrawal.hearing_on
    ):
        return False
    return (
        terms.hearing_notice.from_day(withdrawal.hearing_notified_on, terms.calendar).ends_on
        <= withdrawal.hearing_on
    )


# The place of a withdrawal after each of its steps.
PLACE_AFTER: Mapping[str, str] = {
    "suggest": "suggested",
    "report": "reported",
    "start": "started",
    "notify-intent": "notified",
    "display": "displayed",
    "recheck-withdrawal": "rechecked",
    "review-law": "reviewed",
    "decide": "decided",
    "ministry-decided": "decided",
    "announce": "announced",
    "finish": "closed",
}
HEARD = (
    "started",
    "notified",
    "displayed",
    "rechecked",
    "reviewed",
)  # from_states in which a statement is taken
PRECONDITIONS: Mapping[str, Precondition] = {
    "by-system": Precondition(_n("只能由系统巡查进行"), lambda s, e, t: e.by == SYSTEM),
    "officer-origin": Precondition(
        _n("只适用于主管部门发现的红牌"), lambda s, e, t: s.state == "none" or s.origin == "officer"
    ),
    "evidence": Precondition(_n("要附证据"), lambda s, e, t: e.has_evidence),
    "because": Precondition(_n("请写明理由"), lambda s, e, t: bool(e.because.strip())),
    "proof": Precondition(
        _n("要有送达凭证，日期不晚于当天"),
        lambda s, e, t: e.proved_on is not None and e.proved_on <= e.on,
    ),
    "known-outcome": Precondition(
        _n("认定结果只能是：认定、不予认定、延长整改"), lambda s, e, t: e.outcome in OUTCOMES
    ),
    "no-proposal": Precondition(
        _n("已有人提出认定，等审核签批"), lambda s, e, t: s.proposal is None
    ),
    "proposal": Precondition(_n("没有待签批的认定"), lambda s, e, t: s.proposal is not None),
    "other-person": Precondition(
        _n("提出的人不能自己签批"),
        lambda s, e, t: s.proposal is not None and s.proposal.by != e.by != SYSTEM,
    ),
    "ripe": Precondition(
        _n("认定红牌的条件不齐：黄牌期满、推送有凭证、期满后核查仍不达标、没有未决的首次申请"),
        lambda s, e, t: _ripe(s, e, e.outcome, e.requirements),
    ),
    "still-ripe": Precondition(_n("签批时认定红牌的条件已不齐，请退回"), _still_ripe),
    "leaves-something": Precondition(
        _n("不予认定或修复要留下更正、豁免或认可，否则次日又会预警"),
        lambda s, e, t: (e.name == "propose" and e.outcome != "dismissed") or bool(e.leaves),
    ),
    "extends-in-limits": Precondition(
        _n("延长整改只能在期满后提出，只能一次，不超过政策规定的期限"), _extends_in_limits
    ),
    "proof-since-told": Precondition(
        _n("凭证的日期不能早于推送"),
        lambda s, e, t: (
            bool(_told(s, e))
            and all(
                e.proved_on is not None and e.proved_on >= requirement.pushed_on
                for requirement in _told(s, e)
            )
        ),
    ),
    "proof-since-published": Precondition(
        _n("送达不能早于认定公布"),
        lambda s, e, t: (
            e.proved_on is not None and s.published_on is not None and e.proved_on >= s.published_on
        ),
    ),
    "known-recheck": Precondition(
        _n("复查结果只能是：仍不达标、已达标"), lambda s, e, t: e.outcome in ("short", "recovered")
    ),
    "evidence-if-red": Precondition(
        _n("红牌案件终结要附证据"), lambda s, e, t: s.state != "red" or e.has_evidence
    ),
    "order-not-served": Precondition(
        _n("责令整改已经送达"), lambda s, e, t: s.order_served_on is None
    ),
    "review-due": Precondition(_n("没有核查或复查说明已经达标"), lambda s, e, t: s.needs_review),
    "withdrawal-undecided": Precondition(
        _n("撤回已经决定，只能另行申请或复议"), lambda s, e, t: _undecided(s)
    ),
    "not-the-determiner": Precondition(
        _n("提出或签批过这张红牌的人不能办这一步"), lambda s, e, t: e.by not in s.determined_by
    ),
    "application": Precondition(_n("没有未决的申请"), lambda s, e, t: s.application is not None),
    "no-application": Precondition(_n("已有未决的申请"), lambda s, e, t: s.application is None),
    "open-requirements": Precondition(
        _n("申请要写明针对哪些指标，且这些指标仍在预警"),
        lambda s, e, t: bool(s.disputable) and set(e.requirements) <= set(s.disputable),
    ),
    "new-evidence": Precondition(
        _n("同一指标再次申请要附新的证据"),
        lambda s, e, t: (
            e.has_new_evidence or not set(e.requirements or s.disputable) <= set(s.disputed)
        ),
    ),
    "city-route": Precondition(
        _n("只有市级核发的资质才由市级出审查意见"), lambda s, e, t: e.route == "city"
    ),
    "no-opinion-yet": Precondition(
        _n("市级已经出过审查意见"),
        lambda s, e, t: s.application is not None and not s.application.has_opinion,
    ),
    "opinion-first": Precondition(
        _n("市级核发的资质先由市级审查，同意后省厅才核实修复"),
        lambda s, e, t: (
            e.route != "city" or (s.application is not None and s.application.has_opinion)
        ),
    ),
    "different-decider": Precondition(
        _n("提出、签批过认定或出过审查意见的人不能决定申请"),
        lambda s, e, t: (
            s.application is not None
            and e.by not in {*s.determined_by, *s.application.touched_by}
            and (s.proposal is None or s.proposal.by != e.by)
        ),
    ),
    "was-red": Precondition(_n("没有认定过红牌"), lambda s, e, t: s.published_on is not None),
    "ending-code": Precondition(
        _n("请选一个终结原因"), lambda s, e, t: e.code in ENDINGS and e.code != "withdrawn"
    ),
    # withdrawal
    "no-withdrawal": Precondition(
        _n("撤回程序已经启动"), lambda s, e, t: s.withdrawal is None or not s.withdrawal.is_open
    ),
    "withdrawal": Precondition(
        _n("没有进行中的撤回程序"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.is_open,
    ),
    "red-over": Precondition(
        _n("红牌期未满，或没有送达，或期限依据的放假安排还没有公布"),
        lambda s, e, t: s.is_over(e.on),
    ),
    "order-served": Precondition(
        _n("责令整改还没有送达凭证"), lambda s, e, t: s.order_served_on is not None
    ),
    "short-now": Precondition(
        _n("红牌期满后的核查或复查没有说明仍不达标"),
        _is_short_now,
    ),
    "no-first-application": Precondition(
        _n("首次申请还没有决定"),
        lambda s, e, t: s.application is None or not s.application.is_first,
    ),
    "undecided": Precondition(_n("撤回已经决定"), lambda s, e, t: _undecided(s)),
    "decided": Precondition(
        _n("撤回还没有决定"), lambda s, e, t: s.withdrawal is not None and s.withdrawal.is_decided
    ),
    "next-step": Precondition(_n("撤回程序的上一步还没有完成"), lambda s, e, t: _is_next(s, e)),
    "no-hearing-yet": Precondition(
        _n("只能在送达拟撤回告知之后、要求听证的期限之内提出听证"),
        lambda s, e, t: (
            s.withdrawal is not None
            and s.withdrawal.route != "ministry"
            and s.withdrawal.stage in ("started", "notified")
            and s.withdrawal.hearing == "none"
            and (
                s.withdrawal.notice_served_on is None
                or e.on
                <= t.hearing_request.from_day(s.withdrawal.notice_served_on, t.calendar).ends_on
            )
        ),
    ),
    "hearing-asked": Precondition(
        _n("没有要求听证"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.hearing == "asked",
    ),
    "hearing-in-limits": Precondition(
        _n("听证日要留足通知的期限，并在要求听证后的期限之内；改期或逾期要写明理由"),
        _hearing_in_limits,
    ),
    "hearing-fixed": Precondition(
        _n("听证的时间地点还没有定"),
        lambda s, e, t: (
            s.withdrawal is not None
            and s.withdrawal.hearing == "asked"
            and s.withdrawal.hearing_on is not None
        ),
    ),
    "hearing-told": Precondition(_n("听证通知没有按期送达，或者还没有到听证日"), _hearing_told),
    "told-if-absent": Precondition(
        _n("听证通知没有按期送达，或者还没有到听证日，不能算放弃"),
        lambda s, e, t: e.outcome != "absent" or _hearing_told(s, e, t),
    ),
    "no-review": Precondition(_n("红牌正在复查，先办结复查"), lambda s, e, t: not s.needs_review),
    "asked-for": Precondition(
        _n("建议名单还没有函告"),
        lambda s, e, t: (
            s.withdrawal is not None
            and (s.withdrawal.route != "city" or s.withdrawal.stage != "opened")
        ),
    ),
    "statement-taken": Precondition(
        _n("现在不能陈述申辩：拟撤回告知还没有发出，或者撤回已经决定"),
        lambda s, e, t: (
            s.withdrawal is not None
            and s.withdrawal.is_open
            and s.withdrawal.stage in HEARD
            and s.withdrawal.route != "ministry"
        ),
    ),
    "on-display": Precondition(
        _n("这项资质不在公示期内"),
        lambda s, e, t: (
            s.withdrawal is not None
            and s.withdrawal.display is not None
            and s.withdrawal.stage == "displayed"
            and e.on <= s.withdrawal.display.ends_on
        ),
    ),
    "unanswered": Precondition(
        _n("没有等待答复的意见"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.unanswered > 0,
    ),
    "answered": Precondition(
        _n("还有陈述申辩、听证意见或公示意见没有答复"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.unanswered == 0,
    ),
    "not-a-handler": Precondition(
        _n("办理过这件撤回的人不能作法制审核，也不能决定"),
        lambda s, e, t: s.withdrawal is not None and e.by not in s.withdrawal.handled_by,
    ),
    "not-the-reviewer": Precondition(
        _n("作过法制审核的人不能决定"),
        lambda s, e, t: s.withdrawal is not None and e.by != s.withdrawal.reviewed_by,
    ),
    "own-route": Precondition(
        _n("住建部核发的资质由住建部决定"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.route != "ministry",
    ),
    "ministry-route": Precondition(
        _n("只有住建部核发的资质才登记住建部的决定"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.route == "ministry",
    ),
    "not-annulled": Precondition(
        _n("撤回决定已经被撤销"),
        lambda s, e, t: s.withdrawal is not None and not s.withdrawal.ended,
    ),
    "statement-over": Precondition(
        _n("陈述申辩期未满或期限未定"),
        lambda s, e, t: s.withdrawal is not None and _over(s.withdrawal.statement, e),
    ),
    "hearing-concluded": Precondition(
        _n("要求的听证还没有举行"),
        lambda s, e, t: s.withdrawal is not None and s.withdrawal.hearing != "asked",
    ),
    "display-over-if-displayed": Precondition(
        _n("公示期未满"),
        lambda s, e, t: (
            s.withdrawal is not None
            and ("displayed" not in ROUTES[s.withdrawal.route] or _over(s.withdrawal.display, e))
        ),
    ),
}
