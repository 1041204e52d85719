"""The steps of a withdrawal (notice 3(5), 4(2); 行政许可法): rows of the table in transitions.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from qualwatch.procedure.outcomes import Result, closed
from qualwatch.procedure.preconditions import PLACE_AFTER
from qualwatch.procedure.state import (
    WITHDRAWAL_ANNULLED,
    CaseState,
    Effect,
    Event,
    Terms,
    Withdrawal,
)
from qualwatch.wording import gettext_noop as _n

NOTICE = "71号文"
STEP = ("withdrawal", "next-step")


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table, as transitions.py reads it."""

    event: str
    meaning: str
    needs: tuple[str, ...]
    does: Callable[[CaseState, Event, Terms], Result]
    basis: str
    from_states: tuple[str, ...] = ("red",)
    leads_to: tuple[str, ...] = ("red",)
    effects: tuple[str, ...] = ()


def _now(state: CaseState) -> Withdrawal:
    assert state.withdrawal is not None  # the table needs it
    return state.withdrawal


def _changed(state: CaseState, **changed: Any) -> Result:
    return replace(state, withdrawal=replace(_now(state), **changed)), ()


def _open(state: CaseState, event: Event, terms: Terms) -> Result:
    return replace(state, withdrawal=Withdrawal(event.route)), ()


def _step(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(state, stage=PLACE_AFTER[event.name])


def _handled(state: CaseState, event: Event, terms: Terms) -> Result:
    """A step whose officer neither reviews nor decides."""
    return _changed(state, stage=PLACE_AFTER[event.name], handled_by=_handlers(state, event))


def _handlers(state: CaseState, event: Event) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_now(state).handled_by, event.by)))


def _notify(state: CaseState, event: Event, terms: Terms) -> Result:
    """The statement period runs from proved service, not from sending."""
    assert event.proved_on is not None  # the table needs it
    until = terms.statement.from_day(event.proved_on, terms.calendar)
    return _changed(state, stage="notified", notice_served_on=event.proved_on, statement=until)


def _said(state: CaseState, event: Event, terms: Terms) -> Result:
    """A statement, or an objection of the public: it waits for its answer."""
    return _changed(state, unanswered=_now(state).unanswered + 1)


def _answered(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(
        state, unanswered=_now(state).unanswered - 1, handled_by=_handlers(state, event)
    )


def _ask_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(state, hearing="asked", hearing_asked_on=event.on)


def _fix_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    assert event.until is not None  # the table needs it
    return _changed(
        state,
        hearing_on=event.until.ends_on,
        hearing_notified_on=None,
        handled_by=_handlers(state, event),
    )


def _tell_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(state, hearing_notified_on=event.proved_on)


def _hold_hearing(state: CaseState, event: Event, terms: Terms) -> Result:
    """Every point that was made waits for its answer."""
    unanswered = _now(state).unanswered + len(event.requirements)
    return _changed(
        state, hearing="held", unanswered=unanswered, handled_by=_handlers(state, event)
    )


def _hearing_lapses(state: CaseState, event: Event, terms: Terms) -> Result:
    """The enterprise took its request back, or stayed away without a good reason."""
    return _changed(state, hearing="lapsed")


def _display(state: CaseState, event: Event, terms: Terms) -> Result:
    until = terms.display.from_day(event.on, terms.calendar, first_counted=True)
    after, _none = _changed(
        state,
        stage="displayed",
        displayed_on=event.on,
        display=until,
        handled_by=_handlers(state, event),
    )
    return after, (Effect("publish-display"),)


def _recheck(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(
        state, stage="rechecked", rechecked_on=event.on, handled_by=_handlers(state, event)
    )


def _review_law(state: CaseState, event: Event, terms: Terms) -> Result:
    return _changed(state, stage="reviewed", reviewed_by=event.by)


def _decide(state: CaseState, event: Event, terms: Terms) -> Result:
    """The item is withdrawn; its cases are closed."""
    decided, _none = _changed(state, stage="decided")
    if state.state == "closed":  # the register was faster
        return decided, (Effect("publish-decision"),)
    after, effects = closed(decided, event, "withdrawn")
    return after, (Effect("publish-decision"), *effects)


def _not_withdraw(state: CaseState, event: Event, terms: Terms) -> Result:
    """The competent authority decides not to: the red card goes to review."""
    after, _none = _changed(state, ended="not-withdrawn")
    effects = (
        Effect("end-withdrawal", detail="not-withdrawn"),
        Effect("open-task", detail="review"),
    )
    return replace(after, needs_review=True), effects


def _annul(state: CaseState, event: Event, terms: Terms) -> Result:
    """The decision is undone in review or court: the item is what it was, and is assessed anew."""
    after, _none = _changed(state, ended="annulled")
    return replace(after, closed_because=WITHDRAWAL_ANNULLED), (
        Effect("end-withdrawal", detail="annulled"),
    )


RED_OR_CLOSED: dict[str, Any] = {"from_states": ("red", "closed"), "leads_to": ("red", "closed")}
OPEN, CLOSED = ("withdrawal", "undecided"), {"from_states": ("closed",), "leads_to": ("closed",)}
DECIDED: dict[str, Any] = {
    "leads_to": ("closed",),
    "effects": ("publish-decision", "notify-closed", "take-down"),
}
WITHDRAWAL_STEPS: tuple[Step, ...] = (
    Step(
        "open-withdrawal",
        _n("启动撤回"),
        (
            "no-withdrawal",
            "no-review",
            "red-over",
            "order-served",
            "short-now",
            "no-first-application",
        ),
        _open,
        f"{NOTICE} 三（5）",
    ),
    Step("suggest", _n("市局发撤回建议名单函"), STEP, _step, f"{NOTICE} 四（二）"),
    Step("report", _n("省厅审定后报住建部"), (*STEP, "because"), _step, f"{NOTICE} 四（二）"),
    Step("start", _n("许可机关启动"), STEP, _handled, f"{NOTICE} 四（二）", **RED_OR_CLOSED),
    Step(
        "notify-intent",
        _n("拟撤回告知书送达有凭证"),
        (*STEP, "proof"),
        _notify,
        "行政许可法 36、47条参照",
    ),
    Step(
        "make-statement",
        _n("企业陈述申辩"),
        ("statement-taken", "because"),
        _said,
        "行政许可法 7、36条",
    ),
    Step(
        "object-publicly",
        _n("公示期内收到意见"),
        ("on-display", "because"),
        _said,
        f"{NOTICE} 四（二）",
    ),
    Step(
        "answer", _n("逐条答复意见"), (*OPEN, "unanswered", "because"), _answered, "行政许可法 7条"
    ),
    Step(
        "ask-hearing",
        _n("企业要求听证"),
        ("withdrawal", "no-hearing-yet"),
        _ask_hearing,
        "行政许可法 47条",
    ),
    Step(
        "fix-hearing",
        _n("确定听证的时间地点"),
        ("withdrawal", "hearing-asked", "hearing-in-limits"),
        _fix_hearing,
        "行政许可法 47、48条",
    ),
    Step(
        "notify-hearing",
        _n("听证通知书送达有凭证"),
        ("withdrawal", "hearing-fixed", "proof"),
        _tell_hearing,
        "行政许可法 48条",
    ),
    Step(
        "hold-hearing",
        _n("举行听证，制作笔录"),
        ("withdrawal", "hearing-asked", "hearing-told", "evidence"),
        _hold_hearing,
        "行政许可法 48条",
    ),
    Step(
        "hearing-lapses",
        _n("企业撤回听证要求或不参加"),
        ("withdrawal", "hearing-asked", "because", "evidence", "told-if-absent"),
        _hearing_lapses,
        "行政许可法 47条",
    ),
    Step(
        "display",
        _n("公示拟撤回"),
        (*STEP, "statement-over", "hearing-concluded"),
        _display,
        f"{NOTICE} 四（二）",
        effects=("publish-display",),
    ),
    Step(
        "recheck-withdrawal",
        _n("公示后复核仍不达标"),
        (*STEP, "display-over-if-displayed", "short-now"),
        _recheck,
        f"{NOTICE} 四（二）",
    ),
    Step(
        "review-law",
        _n("法制审核"),
        (*STEP, "because", "not-the-determiner", "not-a-handler"),
        _review_law,
        "重大行政决定法制审核",
    ),
    Step(
        "decide",
        _n("决定撤回，告知救济"),
        (
            *STEP,
            "own-route",
            "because",
            "no-first-application",
            "short-now",
            "answered",
            "not-the-determiner",
            "not-a-handler",
            "not-the-reviewer",
        ),
        _decide,
        "行政许可法 8条；部令22号 28条",
        **DECIDED,
    ),
    Step(
        "ministry-decided",
        _n("住建部决定撤回"),
        (*STEP, "ministry-route", "because", "evidence"),
        _decide,
        f"{NOTICE} 四（二）",
        **{**DECIDED, "from_states": ("red", "closed")},
    ),
    Step(
        "not-withdraw",
        _n("决定不予撤回"),
        (*OPEN, "asked-for", "because", "not-the-determiner", "not-a-handler"),
        _not_withdraw,
        "行政许可法 8条",
        effects=("end-withdrawal", "open-task"),
    ),
    Step(
        "announce", _n("撤回决定送达有凭证"), (*STEP, "proof"), _step, "行政许可法 40条", **CLOSED
    ),
    Step(
        "finish", _n("公告，办结注销手续"), (*STEP, "because"), _step, "行政许可法 70条", **CLOSED
    ),
    Step(
        "annul-withdrawal",
        _n("复议或诉讼撤销撤回决定"),
        ("decided", "not-annulled", "because", "evidence"),
        _annul,
        "行政复议法、行政诉讼法",
        effects=("end-withdrawal",),
        **CLOSED,
    ),
)
