"""The whole course of a case as one table, and `step`, which follows it. Printed as docs/reference/transitions.md."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from qualwatch.procedure import outcomes
from qualwatch.procedure.preconditions import PRECONDITIONS
from qualwatch.procedure.state import CLOSED, OUTCOMES, CaseState, Effect, Event, Terms
from qualwatch.procedure.withdrawal import WITHDRAWAL_STEPS
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

Result = tuple[CaseState, tuple[Effect, ...]]
Does = Callable[[CaseState, Event, Terms], Result]

NOTICE = "71号文"


class CannotStep(Exception):
    """The step is not to be taken from this state; the message is one sentence that says why.

    `about`: the part of what was handed in that it is about, where the slug alone does not say.
    """

    def __init__(self, slug: str, sentence: str, about: str = "") -> None:
        super().__init__(sentence)
        self.slug, self.about = slug, about


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the course: in which from_states an event may happen, what it needs, where it may lead, on what ground."""

    event: str
    meaning: str
    from_states: tuple[str, ...]
    leads_to: tuple[str, ...]
    needs: tuple[str, ...]
    does: Does
    effects: tuple[str, ...]
    basis: str

    @property
    def is_adverse(self) -> bool:
        """Whether it can put the enterprise in a worse place."""
        return bool(set(self.effects) & WORSE)


WORSE = {"push", "publish-red", "publish-display", "publish-decision"}
OPEN = ("yellow", "red")
ANY = ("none", "yellow", "red", "closed")
TABLE: tuple[Transition, ...] = (
    Transition(
        "found",
        _n("放行的核查"),
        ("none", *OPEN),
        ANY,
        ("by-system",),
        outcomes.found,
        ("push", "push-addition", "notify-closed", "take-down", "open-task", "end-withdrawal"),
        f"{NOTICE} 二（一）",
    ),
    Transition(
        "inspected",
        _n("日常监管发现不达标，有证据"),
        ("none",),
        ("red",),
        ("evidence", "because"),
        outcomes.inspected,
        ("publish-red", "issue-order"),
        f"{NOTICE} 二（二）",
    ),
    Transition(
        "push-proved",
        _n("推送已阅或送达有凭证"),
        ("yellow", "red"),
        ("yellow", "red"),
        ("proof", "proof-since-told"),
        outcomes.push_proved,
        (),
        f"{NOTICE} 四（一）",
    ),
    Transition(
        "propose",
        _n("经办提出认定"),
        ("yellow",),
        ("yellow",),
        (
            "known-outcome",
            "no-proposal",
            "because",
            "evidence",
            "ripe",
            "leaves-something",
            "extends-in-limits",
        ),
        outcomes.propose,
        ("open-task",),
        f"{NOTICE} 二（二）",
    ),
    Transition(
        "return-proposal",
        _n("审核退回"),
        ("yellow",),
        ("yellow",),
        ("proposal", "other-person", "because"),
        outcomes.return_proposal,
        ("open-task",),
        f"{NOTICE} 二（二）",
    ),
    Transition(
        "sign",
        _n("审核签批认定"),
        ("yellow",),
        ("yellow", "red", "closed"),
        ("proposal", "other-person", "still-ripe", "extends-in-limits"),
        outcomes.sign,
        ("publish-red", "issue-order", "open-red", "notify-closed", "notify-extended"),
        f"{NOTICE} 二（二）",
    ),
    Transition(
        "order-served",
        _n("责令限期整改送达有凭证"),
        ("red",),
        ("red",),
        ("proof", "proof-since-published", "order-not-served"),
        outcomes.order_served,
        ("set-red-period",),
        "部令22号 28条",
    ),
    Transition(
        "recheck",
        _n("经办复查，有证据"),
        ("red",),
        ("red",),
        ("officer-origin", "known-recheck", "evidence", "because"),
        outcomes.recheck,
        ("open-task",),
        "部令22号 28条",
    ),
    Transition(
        "review",
        _n("复查达标，解除"),
        ("red",),
        ("closed",),
        ("review-due", "because", "not-the-determiner", "withdrawal-undecided"),
        outcomes.review,
        ("notify-closed", "take-down", "end-withdrawal"),
        f"{NOTICE} 三",
    ),
    Transition(
        "apply",
        _n("企业提出异议或信息修复申请"),
        OPEN,
        OPEN,
        ("no-application", "open-requirements", "new-evidence", "evidence"),
        outcomes.apply,
        ("open-task",),
        f"{NOTICE} 四（五）",
    ),
    Transition(
        "retract",
        _n("企业撤回申请"),
        OPEN,
        OPEN,
        ("application",),
        outcomes.retract,
        (),
        f"{NOTICE} 四（五）",
    ),
    Transition(
        "opinion",
        _n("市级审查意见"),
        OPEN,
        OPEN,
        ("application", "city-route", "no-opinion-yet", "different-decider", "because"),
        outcomes.opinion,
        ("open-task",),
        f"{NOTICE} 四（五）",
    ),
    Transition(
        "refuse",
        _n("不予支持，告知理由和救济"),
        OPEN,
        OPEN,
        ("application", "different-decider", "because"),
        outcomes.refuse,
        ("notify-refused",),
        f"{NOTICE} 四（五）",
    ),
    Transition(
        "uphold",
        _n("省厅核实，统一修复"),
        OPEN,
        (*OPEN, "closed"),
        ("application", "opinion-first", "different-decider", "because", "leaves-something"),
        outcomes.uphold,
        ("notify-closed", "notify-repaired", "amend-red", "take-down", "end-withdrawal"),
        f"{NOTICE} 四（五）",
    ),
    Transition(
        "annul",
        _n("复议或诉讼撤销"),
        ("red", "closed"),
        ("closed",),
        ("was-red", "evidence"),
        outcomes.annul,
        ("take-down", "end-withdrawal", "notify-closed"),
        "行政复议法、行政诉讼法",
    ),
    Transition(
        "end",
        _n("资质或企业的变化使案件终结"),
        OPEN,
        ("closed",),
        ("ending-code", "because", "evidence-if-red", "not-the-determiner"),
        outcomes.end,
        ("notify-closed", "take-down", "end-withdrawal"),
        f"{NOTICE} 二",
    ),
    Transition(
        "calendar-loaded",
        _n("放假安排公布，期间重算"),
        OPEN,
        OPEN,
        ("by-system",),
        outcomes.calendar_loaded,
        (),
        "民法典 203条",
    ),
    *(
        Transition(
            step.event,
            step.meaning,
            step.from_states,
            step.leads_to,
            step.needs,
            step.does,
            step.effects,
            step.basis,
        )
        for step in WITHDRAWAL_STEPS
    ),
)
BY_EVENT = {transition.event: transition for transition in TABLE}
ADVERSE = frozenset(transition.event for transition in TABLE if transition.is_adverse)
EFFECTS = frozenset(name for transition in TABLE for name in transition.effects)


def step(state: CaseState, event: Event, terms: Terms) -> Result:
    """The state after an event and what must be done with it; CannotStep where the course has no such step.

    Pure: the same state and event give the same. `terms` are for clocks that start with this step.
    """
    row = BY_EVENT.get(event.name)
    if row is None or state.state not in row.from_states:
        raise CannotStep(
            "no-such-step",
            _("这一步现在不能办：{event}").format(event=_(row.meaning) if row else event.name),
        )
    for slug in row.needs:
        need = PRECONDITIONS[slug]
        if not need.holds(state, event, terms):
            raise CannotStep(slug, _(need.sentence))
    after, effects = row.does(state, event, terms)
    return _settled(after), effects


def _settled(state: CaseState) -> CaseState:
    """What a closed case no longer has."""
    return replace(state, proposal=None, needs_review=False) if state.state == "closed" else state


def rows() -> Iterator[tuple[str, str, str, str, str, str]]:
    """The table as text: event, from, to, needs, effects, basis."""
    for transition in TABLE:
        yield (
            f"`{transition.event}` {_(transition.meaning)}",
            "、".join(transition.from_states),
            "、".join(transition.leads_to),
            "；".join(_(PRECONDITIONS[slug].sentence) for slug in transition.needs),
            "、".join(transition.effects),
            transition.basis,
        )


def words() -> dict[str, str]:
    """Outcomes and closing codes, in words."""
    return {slug: _(text) for slug, text in {**OUTCOMES, **CLOSED}.items()}
