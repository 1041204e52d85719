"""The transition table of a case, printed as docs/reference/transitions.md, and `step`."""

from collections.abc import Iterator
from dataclasses import replace

from qualwatch.procedure import outcomes
from qualwatch.procedure.preconditions import OF_STATE_ALONE, PRECONDITIONS
from qualwatch.procedure.state import (
    CLOSED,
    NOTICE,
    OUTCOMES,
    CaseState,
    Event,
    Result,
    Terms,
    Transition,
)
from qualwatch.procedure.withdrawal import WITHDRAWAL_TRANSITIONS
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


class CannotStep(Exception):
    """The event may not happen in this state; the message is one sentence with the reason.

    slug: the precondition that does not hold. about: the field of the input that the refusal
    concerns, where the slug alone does not say.
    """

    def __init__(self, slug: str, sentence: str, about: str = "") -> None:
        super().__init__(sentence)
        self.slug = slug
        self.about = about


OPEN = ("yellow", "red")
ALL_STATES = ("none", "yellow", "red", "closed")
TABLE: tuple[Transition, ...] = (
    Transition(
        event="assessed",
        meaning=_n("放行的核查"),
        from_states=("none", *OPEN),
        to_states=ALL_STATES,
        preconditions=("by-system",),
        outcome=outcomes.assessed,
        effects=(
            "push",
            "push-addition",
            "notify-closed",
            "take-down",
            "open-task",
            "end-withdrawal",
            "amend-red",
            "continue-warning",
        ),
        basis=f"{NOTICE} 二（一）",
    ),
    Transition(
        event="inspected",
        meaning=_n("日常监管发现不达标，有证据"),
        from_states=("none",),
        preconditions=("evidence", "because", "two-persons"),
        outcome=outcomes.inspected,
        effects=("publish-red", "issue-order"),
        basis=f"{NOTICE} 二（二）",
    ),
    Transition(
        event="push-proved",
        meaning=_n("推送已阅或送达有凭证"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("proof", "proof-since-push"),
        outcome=outcomes.push_proved,
        basis=f"{NOTICE} 四（一）",
    ),
    Transition(
        event="propose",
        meaning=_n("经办提出认定"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=(
            "valid-outcome",
            "no-proposal",
            "undetermined",
            "because",
            "evidence",
            "ripe",
            "register-effect",
            "extends-in-limits",
        ),
        outcome=outcomes.propose,
        effects=("open-task",),
        basis=f"{NOTICE} 二（二）",
    ),
    Transition(
        event="return-proposal",
        meaning=_n("审核退回"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("proposal", "other-person", "because"),
        outcome=outcomes.return_proposal,
        effects=("open-task",),
        basis=f"{NOTICE} 二（二）",
    ),
    Transition(
        event="sign",
        meaning=_n("审核签批认定"),
        from_states=OPEN,
        to_states=("yellow", "red", "closed"),
        preconditions=("proposal", "other-person", "still-ripe", "extends-in-limits"),
        outcome=outcomes.sign,
        effects=(
            "publish-red",
            "add-to-red",
            "issue-order",
            "open-red",
            "notify-closed",
            "notify-dismissed",
            "notify-extended",
        ),
        basis=f"{NOTICE} 二（二）",
    ),
    Transition(
        event="order-served",
        meaning=_n("责令限期整改送达有凭证"),
        preconditions=("proof", "proof-since-published", "order-not-served"),
        outcome=outcomes.order_served,
        effects=("set-red-period",),
        basis="部令22号 28条",
    ),
    Transition(
        event="recheck",
        meaning=_n("经办复查，有证据"),
        preconditions=("officer-origin", "valid-recheck", "evidence", "because"),
        outcome=outcomes.recheck,
        effects=("open-task",),
        basis="部令22号 28条",
    ),
    Transition(
        event="review",
        meaning=_n("复查达标，解除"),
        to_states=("closed",),
        preconditions=(
            "review-due",
            "because",
            "evidence",
            "two-persons",
            "not-the-determiner",
            "withdrawal-undecided",
        ),
        outcome=outcomes.review,
        effects=("notify-closed", "take-down", "end-withdrawal", "continue-warning"),
        basis=f"{NOTICE} 三",
    ),
    Transition(
        event="apply",
        meaning=_n("企业提出异议或信息修复申请"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("no-application", "open-requirements", "new-evidence", "evidence"),
        outcome=outcomes.apply,
        effects=("open-task",),
        basis=f"{NOTICE} 四（五）",
    ),
    Transition(
        event="retract",
        meaning=_n("企业撤回申请"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("application",),
        outcome=outcomes.retract,
        basis=f"{NOTICE} 四（五）",
    ),
    Transition(
        event="opinion",
        meaning=_n("市级审查意见"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=(
            "application",
            "city-route",
            "no-opinion-yet",
            "different-decider",
            "because",
        ),
        outcome=outcomes.opinion,
        effects=("open-task",),
        basis=f"{NOTICE} 四（五）",
    ),
    Transition(
        event="refuse",
        meaning=_n("不予支持，告知理由和救济"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("application", "different-decider", "because"),
        outcome=outcomes.refuse,
        effects=("notify-refused",),
        basis=f"{NOTICE} 四（五）",
    ),
    Transition(
        event="uphold",
        meaning=_n("省厅核实，统一修复"),
        from_states=OPEN,
        to_states=(*OPEN, "closed"),
        preconditions=(
            "application",
            "opinion-first",
            "different-decider",
            "because",
            "register-effect",
        ),
        outcome=outcomes.uphold,
        effects=(
            "notify-closed",
            "notify-repaired",
            "amend-red",
            "take-down",
            "end-withdrawal",
            "continue-warning",
        ),
        basis=f"{NOTICE} 四（五）",
    ),
    Transition(
        event="annul",
        meaning=_n("复议或诉讼撤销"),
        from_states=("red", "closed"),
        to_states=("closed",),
        preconditions=("was-red", "because", "evidence", "two-persons"),
        outcome=outcomes.annul,
        effects=("take-down", "end-withdrawal", "notify-closed", "continue-warning"),
        basis="行政复议法、行政诉讼法",
    ),
    Transition(
        event="end",
        meaning=_n("资质或企业的变化使案件终结"),
        from_states=OPEN,
        to_states=("closed",),
        preconditions=("ending-code", "because", "evidence", "two-persons", "not-the-determiner"),
        outcome=outcomes.end,
        effects=("notify-closed", "take-down", "end-withdrawal"),
        basis=f"{NOTICE} 二",
    ),
    Transition(
        event="calendar-loaded",
        meaning=_n("放假安排公布，期间重算"),
        from_states=OPEN,
        to_states=OPEN,
        preconditions=("by-system",),
        outcome=outcomes.calendar_loaded,
        basis="民法典 203条",
    ),
    Transition(
        event="set-aside",
        meaning=_n("日期有误的巡查作废，撤销其预警"),
        from_states=OPEN,
        to_states=(*OPEN, "closed"),
        preconditions=("by-system", "because"),
        outcome=outcomes.set_aside,
        effects=("notify-closed", "notify-set-aside"),
        basis="行政诉讼法 70条参照",
    ),
    *WITHDRAWAL_TRANSITIONS,
)
BY_EVENT = {transition.event: transition for transition in TABLE}
ADVERSE = frozenset(transition.event for transition in TABLE if transition.is_adverse)
EFFECTS = frozenset(name for transition in TABLE for name in transition.effects)


def step(state: CaseState, event: Event, terms: Terms) -> Result:
    """The state after an event and the effects to carry out; CannotStep where it may not happen.

    Pure: the same state and event give the same result. `terms` apply to periods that start with
    this event.
    """
    transition = BY_EVENT.get(event.name)
    if transition is None or state.state not in transition.from_states:
        meaning = _(transition.meaning) if transition else event.name
        raise CannotStep("no-such-step", _("这一步现在不能办：{event}").format(event=meaning))
    for slug in transition.preconditions:
        precondition = PRECONDITIONS[slug]
        if not precondition.holds(state, event, terms):
            raise CannotStep(slug, _(precondition.sentence))
    after, effects = transition.outcome(state, event, terms)
    if after.state == "closed":
        after = replace(after, proposal=None, needs_review=False)
    return after, effects


def can_still_happen(state: CaseState, event: Event, terms: Terms) -> bool:
    """Whether the state admits an event of this name, whoever takes the step and with whatever."""
    transition = BY_EVENT[event.name]
    return state.state in transition.from_states and all(
        PRECONDITIONS[slug].holds(state, event, terms)
        for slug in transition.preconditions
        if slug in OF_STATE_ALONE
    )


def rows() -> Iterator[tuple[str, str, str, str, str, str]]:
    """The table as texts: event, from, to, preconditions, effects, basis."""
    for transition in TABLE:
        yield (
            f"`{transition.event}` {_(transition.meaning)}",
            "、".join(transition.from_states),
            "、".join(transition.to_states),
            "；".join(_(PRECONDITIONS[slug].sentence) for slug in transition.preconditions),
            "、".join(transition.effects),
            transition.basis,
        )


def slug_texts() -> dict[str, str]:
    """Outcomes and closing codes: slug -> text."""
    return {slug: _(text) for slug, text in {**OUTCOMES, **CLOSED}.items()}
