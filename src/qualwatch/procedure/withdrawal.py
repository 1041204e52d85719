"""The steps of a withdrawal (notice 3(5), 4(2); 行政许可法): rows of the table in transitions.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from qualwatch.procedure.course import CaseState, Effect, Event, Terms, Withdrawal
from qualwatch.procedure.follows import Result, closed
from qualwatch.procedure.needs import PLACE_AFTER
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
    places: tuple[str, ...] = ("red",)
    leads_to: tuple[str, ...] = ("red",)
    effects: tuple[str, ...] = ("letter",)


def _now(state: CaseState) -> Withdrawal:
    assert state.withdrawal is not None  # the table needs it
    return state.withdrawal


def _open(state: CaseState, event: Event, terms: Terms) -> Result:
    return replace(state, withdrawal=Withdrawal(event.route)), (Effect("open-task", detail="withdrawal"),)


def _step(state: CaseState, event: Event, terms: Terms) -> Result:
    place = PLACE_AFTER[event.name]
    return replace(state, withdrawal=replace(_now(state), place=place)), (Effect("letter", detail=event.name),)


def _notify(state: CaseState, event: Event, terms: Terms) -> Result:
    """The statement period runs from proved service, not from sending."""
    assert event.proved_on is not None  # the table needs it
    until = terms.statement.from_day(event.proved_on, terms.calendar)
    after = replace(_now(state), place="notified", notice_served_on=event.proved_on, statement=until)
    return replace(state, withdrawal=after), ()


def _hearing(asked: bool) -> Callable[[CaseState, Event, Terms], Result]:
    def does(state: CaseState, event: Event, terms: Terms) -> Result:
        after = replace(_now(state), hearing="asked" if asked else "held")
        return replace(state, withdrawal=after), (Effect("letter", detail=event.name),)

    return does


def _display(state: CaseState, event: Event, terms: Terms) -> Result:
    until = terms.display.from_day(event.on, terms.calendar, first_counted=True)
    after = replace(_now(state), place="displayed", displayed_on=event.on, display=until)
    return replace(state, withdrawal=after), (Effect("publish-display"),)


def _recheck(state: CaseState, event: Event, terms: Terms) -> Result:
    return replace(state, withdrawal=replace(_now(state), place="rechecked", rechecked_on=event.on)), ()


def _decide(state: CaseState, event: Event, terms: Terms) -> Result:
    """The item is withdrawn; its cases are closed."""
    decided = replace(state, withdrawal=replace(_now(state), place="decided"))
    after, effects = closed(decided, event, "withdrawn")
    return after, (Effect("publish-decision"), Effect("letter", detail="decide"), *effects)


def _not_withdraw(state: CaseState, event: Event, terms: Terms) -> Result:
    """The competent authority decides not to: the red card goes to review."""
    after = replace(_now(state), ended="not-withdrawn")
    effects = (Effect("end-withdrawal", detail="not-withdrawn"), Effect("open-task", detail="review"))
    return replace(state, withdrawal=after, needs_review=True), effects


WITHDRAWAL_STEPS: tuple[Step, ...] = (
    Step("open-withdrawal", _n("启动撤回"),
         ("no-withdrawal", "red-over", "order-served", "short-now", "no-first-application"), _open,
         f"{NOTICE} 三（5）", effects=("open-task",)),
    Step("suggest", _n("市局发撤回建议名单函"), STEP, _step, f"{NOTICE} 四（二）"),
    Step("report", _n("省厅审定后报住建部"), STEP, _step, f"{NOTICE} 四（二）"),
    Step("start", _n("许可机关启动"), STEP, _step, f"{NOTICE} 四（二）"),
    Step("notify-intent", _n("拟撤回告知书送达有凭证"), (*STEP, "proof"), _notify,
         "行政许可法 36、47条参照", effects=()),
    Step("ask-hearing", _n("企业要求听证"), ("withdrawal", "no-hearing-yet"), _hearing(asked=True), "行政许可法 47条"),
    Step("hold-hearing", _n("举行听证"), ("withdrawal", "hearing-asked", "evidence"), _hearing(asked=False),
         "行政许可法 48条"),
    Step("display", _n("公示拟撤回"), (*STEP, "statement-over", "hearing-concluded"), _display, f"{NOTICE} 四（二）",
         effects=("publish-display",)),
    Step("recheck-withdrawal", _n("公示后复核仍不达标"), (*STEP, "display-over-if-displayed", "short-now"), _recheck,
         f"{NOTICE} 四（二）", effects=()),
    Step("review-law", _n("法制审核"), (*STEP, "because"), _step, "重大行政决定法制审核"),
    Step("decide", _n("决定撤回，告知救济"), (*STEP, "because", "no-first-application", "short-now",
         "not-the-determiner"), _decide, "行政许可法 8条；部令22号 28条", leads_to=("closed",),
         effects=("publish-decision", "letter", "tell-closed", "take-down")),
    Step("not-withdraw", _n("决定不予撤回"), ("withdrawal", "undecided", "because"), _not_withdraw, "行政许可法 8条",
         effects=("end-withdrawal", "open-task")),
    Step("announce", _n("决定送达有凭证，公告"), (*STEP, "proof"), _step, "行政许可法 40条", places=("closed",),
         leads_to=("closed",)),
    Step("finish", _n("办结：注销手续、结果函"), STEP, _step, "行政许可法 70条", places=("closed",),
         leads_to=("closed",)),
)  # fmt: skip
