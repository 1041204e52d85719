"""The transitions of a withdrawal (notice 3(5), 4(2); 行政许可法); transitions.py adds them."""

from dataclasses import replace
from typing import Any

from qualwatch.procedure.outcomes import close
from qualwatch.procedure.preconditions import RIPE_FOR_WITHDRAWAL, STAGE_AFTER
from qualwatch.procedure.state import (
    NOTICE,
    WITHDRAWAL_ANNULLED,
    CaseState,
    Effect,
    Event,
    Result,
    Terms,
    Transition,
    Withdrawal,
)
from qualwatch.wording import gettext_noop as _n


def _withdrawal(state: CaseState) -> Withdrawal:
    assert state.withdrawal is not None  # a precondition
    return state.withdrawal


def _with_changes(state: CaseState, **changes: Any) -> CaseState:
    return replace(state, withdrawal=replace(_withdrawal(state), **changes))


def _open(state: CaseState, event: Event, terms: Terms) -> Result:
    return replace(state, withdrawal=Withdrawal(event.route)), ()


def _advance(state: CaseState, event: Event, terms: Terms) -> Result:
    """The withdrawal reaches the event's stage."""
    return _with_changes(state, stage=STAGE_AFTER[event.name]), ()


def _advance_by_handler(state: CaseState, event: Event, terms: Terms) -> Result:
    """The withdrawal reaches the event's stage; the officer may neither review nor decide it."""
    after = _with_changes(state, stage=STAGE_AFTER[event.name], handled_by=_handlers(state, event))
    return after, ()


def _handlers(state: CaseState, event: Event) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_withdrawal(state).handled_by, event.by)))


def _notify(state: CaseState, event: Event, terms: Terms) -> Result:
    """The statement period runs from proved service, not from sending."""
    assert event.proved_on is not None  # a precondition
    after = _with_changes(
        state,
        stage="notified",
        notice_served_on=event.proved_on,
        statement=terms.statement.from_day(event.proved_on, terms.calendar),
        hearing_request=terms.hearing_request.from_day(event.proved_on, terms.calendar),
    )
    return after, ()


def _receive_submission(state: CaseState, event: Event, terms: Terms) -> Result:
    """A statement or a public objection waits for its answer."""
    return _with_changes(state, unanswered=_withdrawal(state).unanswered + 1), ()


def _answer(state: CaseState, event: Event, terms: Terms) -> Result:
    after = _with_changes(
        state,
        unanswered=_withdrawal(state).unanswered - 1,
        handled_by=_handlers(state, event),
    )
    return after, ()


def _ask_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    latest = terms.hearing_held.from_day(event.on, terms.calendar)
    after = _with_changes(state, hearing="asked", hearing_asked_on=event.on, hearing_latest=latest)
    return after, ()


def _fix_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    assert event.until is not None  # a precondition
    after = _with_changes(
        state,
        hearing_on=event.until.ends_on,
        hearing_notified_on=None,
        hearing_earliest=None,
        handled_by=_handlers(state, event),
    )
    return after, ()


def _notify_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    assert event.proved_on is not None  # a precondition
    earliest = terms.hearing_notice.from_day(event.proved_on, terms.calendar)
    return _with_changes(state, hearing_notified_on=event.proved_on, hearing_earliest=earliest), ()


def _hold_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    """Every submission made at the hearing waits for its answer."""
    after = _with_changes(
        state,
        hearing="held",
        unanswered=_withdrawal(state).unanswered + len(event.requirements),
        handled_by=_handlers(state, event),
    )
    return after, ()


def _lapse_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    """The enterprise withdrew its request, or stayed away without a good reason."""
    return _with_changes(state, hearing="lapsed"), ()


def _display(state: CaseState, event: Event, terms: Terms) -> Result:
    deadline = terms.display.from_day(event.on, terms.calendar, first_counted=True)
    after = _with_changes(
        state,
        stage="displayed",
        displayed_on=event.on,
        display=deadline,
        handled_by=_handlers(state, event),
    )
    return after, (Effect("publish-display"),)


def _recheck(state: CaseState, event: Event, terms: Terms) -> Result:
    after = _with_changes(
        state, stage="rechecked", rechecked_on=event.on, handled_by=_handlers(state, event)
    )
    return after, ()


def _review_law(state: CaseState, event: Event, terms: Terms) -> Result:
    return _with_changes(state, stage="reviewed", reviewed_by=event.by), ()


def _decide(state: CaseState, event: Event, terms: Terms) -> Result:
    """The item is withdrawn; its case is closed."""
    decided = _with_changes(state, stage="decided")
    # Already closed where the register was faster than the decision.
    if state.state == "closed":
        return decided, (Effect("publish-decision"),)
    after, effects = close(decided, event, "withdrawn")
    return after, (Effect("publish-decision"), *effects)


def _not_withdraw(state: CaseState, event: Event, terms: Terms) -> Result:
    """The withdrawing authority decides not to withdraw: the red card goes to review."""
    after = replace(_with_changes(state, ended="not-withdrawn"), needs_review=True)
    return after, (
        Effect("end-withdrawal", detail="not-withdrawn"),
        Effect("open-task", detail="review"),
    )


def _annul(state: CaseState, event: Event, terms: Terms) -> Result:
    """The decision is annulled in review or court: the item is restored and assessed anew."""
    after = replace(_with_changes(state, ended="annulled"), closed_because=WITHDRAWAL_ANNULLED)
    return after, (Effect("end-withdrawal", detail="annulled"),)


# Preconditions of an event that takes the withdrawal to its next stage.
NEXT_STAGE = ("withdrawal", "next-step", "rests-on-ripe")
UNDECIDED = ("withdrawal", "undecided")
RED_OR_CLOSED = ("red", "closed")
DECISION_EFFECTS = ("publish-decision", "notify-closed", "take-down")
WITHDRAWAL_TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        event="open-withdrawal",
        meaning=_n("启动撤回"),
        preconditions=("no-withdrawal", *RIPE_FOR_WITHDRAWAL),
        outcome=_open,
        basis=f"{NOTICE} 三（5）",
    ),
    Transition(
        event="suggest",
        meaning=_n("市局发撤回建议名单函"),
        preconditions=NEXT_STAGE,
        outcome=_advance,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="report",
        meaning=_n("省厅审定后报住建部"),
        preconditions=(*NEXT_STAGE, "because"),
        outcome=_advance,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="start",
        meaning=_n("许可机关启动"),
        from_states=RED_OR_CLOSED,
        to_states=RED_OR_CLOSED,
        preconditions=NEXT_STAGE,
        outcome=_advance_by_handler,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="notify-intent",
        meaning=_n("拟撤回告知书送达有凭证"),
        preconditions=(*NEXT_STAGE, "proof"),
        outcome=_notify,
        basis="行政许可法 36、47条参照",
    ),
    Transition(
        event="make-statement",
        meaning=_n("企业陈述申辩"),
        preconditions=("statement-admissible", "because"),
        outcome=_receive_submission,
        basis="行政许可法 7、36条",
    ),
    Transition(
        event="object-publicly",
        meaning=_n("公示期内收到意见"),
        preconditions=("on-display", "because"),
        outcome=_receive_submission,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="answer",
        meaning=_n("逐条答复意见"),
        preconditions=(*UNDECIDED, "unanswered", "because"),
        outcome=_answer,
        basis="行政许可法 7条",
    ),
    Transition(
        event="ask-hearing",
        meaning=_n("企业要求听证"),
        preconditions=("withdrawal", "no-hearing-yet"),
        outcome=_ask_hearing,
        basis="行政许可法 47条",
    ),
    Transition(
        event="fix-hearing",
        meaning=_n("确定听证的时间地点"),
        preconditions=("withdrawal", "hearing-requested", "hearing-in-limits"),
        outcome=_fix_hearing,
        basis="行政许可法 47、48条",
    ),
    Transition(
        event="notify-hearing",
        meaning=_n("听证通知书送达有凭证"),
        preconditions=("withdrawal", "hearing-fixed", "proof"),
        outcome=_notify_hearing,
        basis="行政许可法 48条",
    ),
    Transition(
        event="hold-hearing",
        meaning=_n("举行听证，制作笔录"),
        preconditions=("withdrawal", "hearing-requested", "hearing-notified", "evidence"),
        outcome=_hold_hearing,
        basis="行政许可法 48条",
    ),
    Transition(
        event="hearing-lapses",
        meaning=_n("企业撤回听证要求或不参加"),
        preconditions=(
            "withdrawal",
            "hearing-requested",
            "because",
            "evidence",
            "notified-if-absent",
        ),
        outcome=_lapse_hearing,
        basis="行政许可法 47条",
    ),
    Transition(
        event="display",
        meaning=_n("公示拟撤回"),
        preconditions=(*NEXT_STAGE, "statement-over", "hearing-concluded"),
        outcome=_display,
        effects=("publish-display",),
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="recheck-withdrawal",
        meaning=_n("公示后复核仍不达标"),
        preconditions=(*NEXT_STAGE, "display-over-if-displayed", "short-now"),
        outcome=_recheck,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="review-law",
        meaning=_n("法制审核"),
        preconditions=(*NEXT_STAGE, "because", "not-the-determiner", "not-a-handler"),
        outcome=_review_law,
        basis="重大行政决定法制审核",
    ),
    Transition(
        event="decide",
        meaning=_n("决定撤回，告知救济"),
        to_states=("closed",),
        preconditions=(
            *NEXT_STAGE,
            "own-route",
            "because",
            "no-first-application",
            "short-now",
            "answered",
            "not-the-determiner",
            "not-a-handler",
            "not-the-reviewer",
        ),
        outcome=_decide,
        effects=DECISION_EFFECTS,
        basis="行政许可法 8条、部令22号 28条",
    ),
    Transition(
        event="ministry-decided",
        meaning=_n("住建部决定撤回"),
        from_states=RED_OR_CLOSED,
        to_states=("closed",),
        preconditions=(*NEXT_STAGE, "ministry-route", "because", "evidence"),
        outcome=_decide,
        effects=DECISION_EFFECTS,
        basis=f"{NOTICE} 四（二）",
    ),
    Transition(
        event="not-withdraw",
        meaning=_n("决定不予撤回"),
        preconditions=(
            *UNDECIDED,
            "suggestion-sent",
            "because",
            "not-the-determiner",
            "not-a-handler",
        ),
        outcome=_not_withdraw,
        effects=("end-withdrawal", "open-task"),
        basis="行政许可法 8条",
    ),
    Transition(
        event="announce",
        meaning=_n("撤回决定送达有凭证"),
        from_states=("closed",),
        to_states=("closed",),
        preconditions=(*NEXT_STAGE, "proof"),
        outcome=_advance,
        basis="行政许可法 40条",
    ),
    Transition(
        event="finish",
        meaning=_n("公告，办结注销手续"),
        from_states=("closed",),
        to_states=("closed",),
        preconditions=(*NEXT_STAGE, "because"),
        outcome=_advance,
        basis="行政许可法 70条",
    ),
    Transition(
        event="annul-withdrawal",
        meaning=_n("复议或诉讼撤销撤回决定"),
        from_states=("closed",),
        to_states=("closed",),
        preconditions=("decided", "not-annulled", "because", "evidence", "two-persons"),
        outcome=_annul,
        effects=("end-withdrawal",),
        basis="行政复议法、行政诉讼法",
    ),
)
