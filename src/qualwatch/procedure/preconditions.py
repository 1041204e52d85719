"""The preconditions of events: each a test of state and event, and the sentence of its refusal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import (
    ENDINGS,
    OUTCOMES,
    ROUTES,
    Application,
    CaseState,
    Event,
    Terms,
    WarnedRequirement,
    Withdrawal,
)
from qualwatch.wording import gettext_noop as _n

SYSTEM = "system"
# The stage that each event of a withdrawal reaches.
STAGE_AFTER: Mapping[str, str] = {
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
# What a red card needs before its withdrawal.
RIPE_FOR_WITHDRAWAL = (
    "no-review",
    "red-over",
    "order-served",
    "short-now",
    "no-first-application",
)
# Stages in which the enterprise may make a statement.
STATEMENT_STAGES = ("started", "notified", "displayed", "rechecked", "reviewed")
Test = Callable[[CaseState, Event, Terms], bool]


@dataclass(frozen=True, slots=True)
class Precondition:
    """A condition of an event. sentence: the refusal where it does not hold."""

    sentence: str
    holds: Test


def ripe_requirements(state: CaseState, event: Event) -> tuple[str, ...]:
    """Names of the requirements that may be determined.

    Their period is over, they are not determined yet, and short of what they were warned of.
    """
    return tuple(
        requirement.name
        for requirement in state.requirements
        if requirement.is_over(event.on)
        and requirement.recovered_on is None
        and not requirement.is_determined
        and event.verdicts.get(requirement.name) == "short"
        and requirement.falls_short_of_warning(event.possible.get(requirement.name))
    )


def orderable(state: CaseState, event: Event) -> tuple[str, ...]:
    """Names of the red requirements that an order of the event is about and still wait for it."""
    return tuple(
        requirement.name
        for requirement in state.requirements
        if requirement.is_determined
        and requirement.order_served_on is None
        and (not event.requirements or requirement.name in event.requirements)
    )


def may_be_withdrawn(state: CaseState, event: Event, terms: Terms) -> bool:
    """Whether a withdrawal could be opened on the red card, or handed over to it (clarified 1)."""
    return state.state == "red" and all(
        PRECONDITIONS[slug].holds(state, event, terms) for slug in RIPE_FOR_WITHDRAWAL
    )


def other_red(others: Sequence[tuple[int, CaseState, Event]], terms: Terms) -> dict[str, Any]:
    """The fields of an Event about an item's other red cards.

    others: number of the case, its state, and an event of its newest run, whose name does not
    matter.
    """
    for number, state, event in others:
        if may_be_withdrawn(state, event, terms):
            return {"other_red": "ripe", "ripe_case": number}
    return {"other_red": "open" if others else ""}


def _with_withdrawal(test: Callable[[Withdrawal, Event, Terms], bool]) -> Test:
    """A test that fails where the case has no withdrawal."""
    return lambda state, event, terms: (
        state.withdrawal is not None and test(state.withdrawal, event, terms)
    )


def _with_application(test: Callable[[Application, CaseState, Event], bool]) -> Test:
    """A test that fails where no application is pending."""
    return lambda state, event, terms: (
        state.application is not None and test(state.application, state, event)
    )


def _is_ripe(state: CaseState, event: Event, outcome: str, names: tuple[str, ...]) -> bool:
    """Whether the determination's conditions are there; to dismiss or extend needs none of them."""
    if outcome != "red":
        return True
    return (
        bool(names)
        and event.is_fresh
        and state.is_warning_over(event.on)
        and all(_is_proved(state, name) for name in names)
        and not _has_first_application(state)
        and set(names) <= set(ripe_requirements(state, event))
    )


def _is_proved(state: CaseState, name: str) -> bool:
    requirement = state.requirement(name)
    return requirement is not None and requirement.proved_on is not None


def _has_first_application(state: CaseState) -> bool:
    return state.application is not None and state.application.is_first


def _is_still_ripe(state: CaseState, event: Event, _terms: Terms) -> bool:
    proposal = state.proposal
    return proposal is not None and _is_ripe(state, event, proposal.outcome, proposal.requirements)


def _is_proof_since_push(state: CaseState, event: Event, _terms: Terms) -> bool:
    """Whether the proof is not older than the warning of any requirement that it concerns."""
    concerned = [
        requirement
        for requirement in state.requirements
        if not event.requirements or requirement.name in event.requirements
    ]
    return (
        bool(concerned)
        and event.proved_on is not None
        and all(event.proved_on >= requirement.pushed_on for requirement in concerned)
    )


def _is_extension_in_limits(state: CaseState, event: Event, terms: Terms) -> bool:
    """Once, only after the period is over, and no longer than the policy allows."""
    if event.name == "sign" and state.proposal is not None:
        outcome = state.proposal.outcome
        until = state.proposal.until
    else:
        outcome = event.outcome
        until = event.until
    if outcome != "extended":
        return True
    latest = terms.extension.from_day(event.on, terms.calendar).ends_on
    return (
        state.state == "yellow"
        and state.is_warning_over(event.on)
        and state.extended is None
        and until is not None
        and event.on < until.ends_on <= latest
    )


def _has_new_evidence(state: CaseState, event: Event, _terms: Terms) -> bool:
    about = set(event.requirements or state.disputable)
    return event.has_new_evidence or not about <= set(state.disputed)


def _are_two_persons(_state: CaseState, event: Event, _terms: Terms) -> bool:
    """Whether somebody proposed the act (`others`) and another person signs it (`by`)."""
    persons = {event.by, *event.others}
    return bool(event.others) and event.by not in event.others and SYSTEM not in persons


def _is_different_decider(application: Application, state: CaseState, event: Event) -> bool:
    return event.by not in {*state.determined_by, *application.touched_by} and (
        state.proposal is None or state.proposal.by != event.by
    )


def _is_undecided(state: CaseState, _event: Event, _terms: Terms) -> bool:
    withdrawal = state.withdrawal
    return withdrawal is None or not withdrawal.is_open or not withdrawal.is_decided


def _is_over(deadline: Deadline | None, event: Event) -> bool:
    return deadline is not None and deadline.is_over(event.on)


def _is_short_now(state: CaseState, event: Event, _terms: Terms) -> bool:
    """Whether it is short after a red period, and after the display of an open withdrawal.

    As a fresh run says; of an officer's red card as the last recheck says.
    """
    displayed = None
    withdrawal = state.withdrawal
    if withdrawal and withdrawal.is_open and withdrawal.display:
        displayed = withdrawal.display.ends_on
    for requirement in state.requirements:
        if requirement.red is None or not requirement.is_red_over(event.on):
            continue
        if _is_shown_short(state, event, requirement, displayed or requirement.red.ends_on):
            return True
    return False


def _is_shown_short(
    state: CaseState, event: Event, requirement: WarnedRequirement, since: date
) -> bool:
    """Whether a run or recheck after a day shows the requirement short."""
    if state.origin == "officer":
        is_rechecked = state.rechecked_on is not None and state.rechecked_on > since
        return is_rechecked and not state.needs_review
    is_later_run = event.is_fresh and (event.run_day is None or event.run_day > since)
    return (
        is_later_run
        and event.verdicts.get(requirement.name) == "short"
        and requirement.falls_short_of_warning(event.possible.get(requirement.name))
    )


def _may_request_hearing(withdrawal: Withdrawal, event: Event, terms: Terms) -> bool:
    """Until the request period after the proved service of the notice is over."""
    if (
        withdrawal.route == "ministry"
        or withdrawal.stage not in ("started", "notified")
        or withdrawal.hearing != "none"
    ):
        return False
    last = withdrawal.hearing_request
    return last is None or event.on <= last.ends_on


def _is_hearing_in_limits(withdrawal: Withdrawal, event: Event, terms: Terms) -> bool:
    """Late enough for the notice; soon enough after the request, or with reasons."""
    if withdrawal.hearing_latest is None or event.until is None:
        return False
    earliest = terms.hearing_notice.from_day(event.on, terms.calendar).ends_on
    latest = withdrawal.hearing_latest.ends_on
    has_reason = bool(event.because.strip())
    return event.until.ends_on >= earliest and (has_reason or event.until.ends_on <= latest)


def _is_hearing_notified(withdrawal: Withdrawal, event: Event, terms: Terms) -> bool:
    """Whether its day has come and the notice was served early enough."""
    if (
        withdrawal.hearing_on is None
        or withdrawal.hearing_earliest is None
        or event.on < withdrawal.hearing_on
    ):
        return False
    return withdrawal.hearing_earliest.ends_on <= withdrawal.hearing_on


_ACT: Mapping[str, Precondition] = {
    "by-system": Precondition(
        _n("只能由系统巡查进行"), lambda state, event, terms: event.by == SYSTEM
    ),
    "evidence": Precondition(_n("要附证据"), lambda state, event, terms: event.has_evidence),
    "because": Precondition(
        _n("请写明理由"), lambda state, event, terms: bool(event.because.strip())
    ),
    "proof": Precondition(
        _n("要有送达凭证，日期不晚于当天"),
        lambda state, event, terms: event.proved_on is not None and event.proved_on <= event.on,
    ),
    # A right begins or ends with it: nobody takes the step alone.
    "two-persons": Precondition(_n("要由一人提出、另一人审核签批"), _are_two_persons),
}
_WARNING: Mapping[str, Precondition] = {
    "officer-origin": Precondition(
        _n("只适用于主管部门发现的红牌"),
        lambda state, event, terms: state.state == "none" or state.origin == "officer",
    ),
    "valid-outcome": Precondition(
        _n("认定结果只能是：认定、不予认定、延长整改"),
        lambda state, event, terms: event.outcome in OUTCOMES,
    ),
    "no-proposal": Precondition(
        _n("已有人提出认定，等审核签批"), lambda state, event, terms: state.proposal is None
    ),
    "proposal": Precondition(
        _n("没有待签批的认定"), lambda state, event, terms: state.proposal is not None
    ),
    "other-person": Precondition(
        _n("提出的人不能自己签批"),
        lambda state, event, terms: (
            state.proposal is not None and state.proposal.by != event.by != SYSTEM
        ),
    ),
    "ripe": Precondition(
        _n("认定红牌的条件不齐：黄牌期满、推送有凭证、期满后核查仍不达标、没有未决的首次申请"),
        lambda state, event, terms: _is_ripe(state, event, event.outcome, event.requirements),
    ),
    "still-ripe": Precondition(_n("签批时认定红牌的条件已不齐，请退回"), _is_still_ripe),
    # Else the next morning's run would warn again.
    "register-effect": Precondition(
        _n("不予认定或修复要留下更正、豁免或认可，否则次日又会预警"),
        lambda state, event, terms: (
            (event.name == "propose" and event.outcome != "dismissed")
            or bool(event.register_effect)
        ),
    ),
    "undetermined": Precondition(
        _n("没有可以认定的指标：没有预警、已经恢复，或者已经认定"),
        lambda state, event, terms: (
            bool(state.undetermined) and set(event.requirements) <= set(state.undetermined)
        ),
    ),
    "extends-in-limits": Precondition(
        _n("延长整改只能在黄牌期满后提出，只能一次，不超过政策规定的期限"), _is_extension_in_limits
    ),
    "proof-since-push": Precondition(_n("凭证的日期不能早于推送"), _is_proof_since_push),
    "proof-since-published": Precondition(
        _n("送达不能早于认定公布"),
        lambda state, event, terms: (
            event.proved_on is not None
            and all(
                event.proved_on >= requirement.determined_on
                for requirement in state.requirements
                if requirement.determined_on and requirement.name in orderable(state, event)
            )
        ),
    ),
    "valid-recheck": Precondition(
        _n("复查结果只能是：仍不达标、已达标"),
        lambda state, event, terms: event.outcome in ("short", "recovered"),
    ),
    "order-not-served": Precondition(
        _n("责令整改已经送达"), lambda state, event, terms: bool(orderable(state, event))
    ),
    "review-due": Precondition(
        _n("没有核查或复查说明已经达标"), lambda state, event, terms: state.needs_review
    ),
    "withdrawal-undecided": Precondition(_n("撤回已经决定，只能另行申请或复议"), _is_undecided),
    "not-the-determiner": Precondition(
        _n("提出或签批过这张红牌的人不能办这一步"),
        lambda state, event, terms: event.by not in state.determined_by,
    ),
    "was-red": Precondition(
        _n("没有认定过红牌"), lambda state, event, terms: state.published_on is not None
    ),
    "ending-code": Precondition(
        _n("请选一个终结原因"),
        lambda state, event, terms: event.code in ENDINGS and event.code != "withdrawn",
    ),
}
_APPLICATION: Mapping[str, Precondition] = {
    "application": Precondition(
        _n("没有未决的申请"), lambda state, event, terms: state.application is not None
    ),
    "no-application": Precondition(
        _n("已有未决的申请"), lambda state, event, terms: state.application is None
    ),
    "open-requirements": Precondition(
        _n("申请要写明针对哪些指标，且这些指标仍在预警"),
        lambda state, event, terms: (
            bool(state.disputable) and set(event.requirements) <= set(state.disputable)
        ),
    ),
    "new-evidence": Precondition(_n("同一指标再次申请要附新的证据"), _has_new_evidence),
    "city-route": Precondition(
        _n("只有市级核发的资质才由市级出审查意见"),
        lambda state, event, terms: event.route == "city",
    ),
    "no-opinion-yet": Precondition(
        _n("市级已经出过审查意见"),
        _with_application(lambda application, state, event: not application.has_opinion),
    ),
    "opinion-first": Precondition(
        _n("市级核发的资质先由市级审查，同意后省厅才核实修复"),
        lambda state, event, terms: (
            event.route != "city"
            or (state.application is not None and state.application.has_opinion)
        ),
    ),
    "different-decider": Precondition(
        _n("提出、签批过认定或出过审查意见的人不能决定申请"),
        _with_application(_is_different_decider),
    ),
    "no-first-application": Precondition(
        _n("首次申请还没有决定"),
        lambda state, event, terms: not _has_first_application(state),
    ),
}
_WITHDRAWAL: Mapping[str, Precondition] = {
    "no-withdrawal": Precondition(
        _n("撤回程序已经启动"),
        lambda state, event, terms: state.withdrawal is None or not state.withdrawal.is_open,
    ),
    "withdrawal": Precondition(
        _n("没有进行中的撤回程序"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.is_open),
    ),
    "red-over": Precondition(
        _n("红牌期未满，或没有送达，或期限依据的放假安排还没有公布"),
        lambda state, event, terms: state.is_over(event.on),
    ),
    # of a card of the system; an officer's waits for its review
    "rests-on-ripe": Precondition(
        _n("撤回所依据的指标已经恢复或修复，其余指标的红牌期未满"),
        lambda state, event, terms: (
            state.state != "red" or state.origin == "officer" or state.is_over(event.on)
        ),
    ),
    "order-served": Precondition(
        _n("责令整改还没有送达凭证"),
        lambda state, event, terms: state.order_served_on is not None,
    ),
    "short-now": Precondition(_n("红牌期满后的核查或复查没有说明仍不达标"), _is_short_now),
    "no-review": Precondition(
        _n("红牌正在复查，先办结复查"), lambda state, event, terms: not state.needs_review
    ),
    "undecided": Precondition(_n("撤回已经决定"), _is_undecided),
    "decided": Precondition(
        _n("撤回还没有决定"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.is_decided),
    ),
    "next-step": Precondition(
        _n("撤回程序的上一步还没有完成"),
        _with_withdrawal(
            lambda withdrawal, event, terms: withdrawal.next_stage == STAGE_AFTER.get(event.name)
        ),
    ),
    "suggestion-sent": Precondition(
        _n("建议名单还没有函告"),
        _with_withdrawal(
            lambda withdrawal, event, terms: (
                withdrawal.route != "city" or withdrawal.stage != "opened"
            )
        ),
    ),
    "statement-admissible": Precondition(
        _n("现在不能陈述申辩：拟撤回告知还没有发出，或者撤回已经决定"),
        _with_withdrawal(
            lambda withdrawal, event, terms: (
                withdrawal.is_open
                and withdrawal.stage in STATEMENT_STAGES
                and withdrawal.route != "ministry"
            )
        ),
    ),
    "statement-over": Precondition(
        _n("陈述申辩期未满或期限未定"),
        _with_withdrawal(lambda withdrawal, event, terms: _is_over(withdrawal.statement, event)),
    ),
    "on-display": Precondition(
        _n("这项资质不在公示期内"),
        _with_withdrawal(
            lambda withdrawal, event, terms: (
                withdrawal.display is not None
                and withdrawal.stage == "displayed"
                and event.on <= withdrawal.display.ends_on
            )
        ),
    ),
    "display-over-if-displayed": Precondition(
        _n("公示期未满"),
        _with_withdrawal(
            lambda withdrawal, event, terms: (
                "displayed" not in ROUTES[withdrawal.route] or _is_over(withdrawal.display, event)
            )
        ),
    ),
    "unanswered": Precondition(
        _n("没有等待答复的意见"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.unanswered > 0),
    ),
    "answered": Precondition(
        _n("还有陈述申辩、听证意见或公示意见没有答复"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.unanswered == 0),
    ),
    "not-a-handler": Precondition(
        _n("办理过这件撤回的人不能作法制审核，也不能决定"),
        _with_withdrawal(lambda withdrawal, event, terms: event.by not in withdrawal.handled_by),
    ),
    "not-the-reviewer": Precondition(
        _n("作过法制审核的人不能决定"),
        _with_withdrawal(lambda withdrawal, event, terms: event.by != withdrawal.reviewed_by),
    ),
    "own-route": Precondition(
        _n("住建部核发的资质由住建部决定"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.route != "ministry"),
    ),
    "ministry-route": Precondition(
        _n("只有住建部核发的资质才登记住建部的决定"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.route == "ministry"),
    ),
    "not-annulled": Precondition(
        _n("撤回决定已经被撤销"),
        _with_withdrawal(lambda withdrawal, event, terms: not withdrawal.ended),
    ),
}
_HEARING: Mapping[str, Precondition] = {
    "no-hearing-yet": Precondition(
        _n("只能在送达拟撤回告知之后、要求听证的期限之内提出听证"),
        _with_withdrawal(_may_request_hearing),
    ),
    "hearing-requested": Precondition(
        _n("没有要求听证"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.hearing == "asked"),
    ),
    "hearing-in-limits": Precondition(
        _n("听证日要留足通知的期限，并在要求听证后的期限之内；改期或逾期要写明理由"),
        _with_withdrawal(_is_hearing_in_limits),
    ),
    "hearing-fixed": Precondition(
        _n("听证的时间地点还没有定"),
        _with_withdrawal(
            lambda withdrawal, event, terms: (
                withdrawal.hearing == "asked" and withdrawal.hearing_on is not None
            )
        ),
    ),
    "hearing-notified": Precondition(
        _n("听证通知没有按期送达，或者还没有到听证日"), _with_withdrawal(_is_hearing_notified)
    ),
    "notified-if-absent": Precondition(
        _n("听证通知没有按期送达，或者还没有到听证日，不能算放弃"),
        lambda state, event, terms: (
            event.outcome != "absent" or _with_withdrawal(_is_hearing_notified)(state, event, terms)
        ),
    ),
    "hearing-concluded": Precondition(
        _n("要求的听证还没有举行"),
        _with_withdrawal(lambda withdrawal, event, terms: withdrawal.hearing != "asked"),
    ),
}
PRECONDITIONS: Mapping[str, Precondition] = {
    **_ACT,
    **_WARNING,
    **_APPLICATION,
    **_WITHDRAWAL,
    **_HEARING,
}
# Those that the state alone decides: where one does not hold, the event cannot happen for anybody.
OF_STATE_ALONE = (
    "review-due",
    "was-red",
    "withdrawal-undecided",
    "decided",
    "not-annulled",
)
