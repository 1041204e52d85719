"""Random histories of cases: mostly plausible events, on days that move on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from builders import law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.preconditions import STAGE_AFTER
from qualwatch.procedure.state import ENDINGS, CaseState, Effect, Event, Terms
from qualwatch.procedure.transitions import BY_EVENT, CannotStep, step

START = date(2023, 5, 1)
PEOPLE = ("li", "wang", "zhao", "qian", "sun", "zhou", "wu")
REQUIREMENTS = ("constructors", "trade")
LIKELY = (
    "assessed",
    "assessed",
    "assessed",
    "push-proved",
    "propose",
    "sign",
    "order-served",
    "open-withdrawal",
    "review",
)


@cache
def terms_on(day: date) -> Terms:
    """The built-in policy's periods."""
    return Terms.of(law().policy_on(day), law().calendar)


@dataclass
class AppliedEvent:
    """One event that was applied, with the state before and after."""

    before: CaseState
    event: Event
    after: CaseState
    effects: tuple[Effect, ...]


@dataclass
class History:
    """The applied events of one case, and the slugs of the refused ones."""

    applied: list[AppliedEvent] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def state(self) -> CaseState:
        return self.applied[-1].after if self.applied else CaseState()


def event_on(chance: random.Random, state: CaseState, on: date, steadiness: float) -> Event:
    """An event, mostly one that the state allows. `steadiness`: the share of values that are in order."""

    def told(right: Any, *others: Any) -> Any:
        return right if chance.random() < steadiness else chance.choice([right, *others])

    here = [name for name, row in BY_EVENT.items() if state.state in row.from_states]
    pool = [name for name in LIKELY if name in here] * 3 + (
        here if chance.random() > steadiness / 2 else []
    )
    if state.withdrawal and not state.withdrawal.ended:
        likely = [
            name for name, place in STAGE_AFTER.items() if place == state.withdrawal.next_stage
        ]
        withdrawal, others = (
            state.withdrawal,
            [["make-statement"], ["object-publicly"]][state.withdrawal.stage == "displayed"],
        )
        if withdrawal.stage == "notified":
            others += ["ask-hearing"] * 8 + ["hearing-lapses"]
        if withdrawal.hearing == "asked":
            others += likely
            likely = (
                ["fix-hearing"]
                if withdrawal.hearing_on is None
                else ["notify-hearing", "hold-hearing"]
            )
        if state.origin == "officer":
            likely += ["recheck"]
        pool += [name for name in likely if name in here] * 12 + [
            name for name in others if name in here
        ]
        pool += ["answer"] * 12 * (withdrawal.unanswered > 0)
    name = chance.choice(pool if pool and chance.random() < 0.95 else list(BY_EVENT))
    verdict = told("short", "met", "met", "cannot-say", "advise", "not-required")
    return Event(
        name,
        on,
        is_fresh=told(True, False),
        by=told("system", *PEOPLE)
        if name in ("assessed", "calendar-loaded")
        else chance.choice(PEOPLE),
        verdicts={one: verdict if chance.random() < 0.8 else "short" for one in REQUIREMENTS},
        ended=chance.choice(ENDINGS) if chance.random() < 0.01 else "",
        requirements=chance.choice([(), REQUIREMENTS[:1], REQUIREMENTS]),
        outcome=told("red", "dismissed", "extended", "nonsense", "recovered", "short"),
        until=chance.choice(
            [None, Deadline(on + timedelta(days=chance.randint(1, 40)), provisional=False)]
        ),
        run_day=told(on, None, on - timedelta(days=30)),
        because=told("理由", ""),
        has_evidence=told(True, False),
        has_new_evidence=told(True, False),
        leaves=told("correction" if name == "uphold" else "", "correction", "accepted-finding"),
        proved_on=told(on, None, on - timedelta(days=chance.randint(0, 9)), on + timedelta(days=1)),
        code=chance.choice(["", *ENDINGS]),
        route=chance.choice(["city", "province", "ministry"]),
        is_other_red_open=chance.random() < 0.1,
    )


def history(seed: int, length: int = 60) -> History:
    """A random history."""
    chance = random.Random(seed)
    # Some run into years not yet published
    random_history, on = (
        History(),
        START + timedelta(days=chance.randint(0, 1300)),
    )
    whole = chance.random() < 0.1  # of an enterprise's insurance
    state = CaseState(ground="insurance", is_whole_enterprise=True) if whole else CaseState()
    steadiness = chance.choice([0.3, 0.7, 0.98, 0.99])
    for _ in range(length):
        event = event_on(chance, state, on, steadiness)
        try:
            after, effects = step(state, event, terms_on(on))
        except CannotStep as why:
            random_history.refusals.append(why.slug)
        else:
            random_history.applied.append(AppliedEvent(state, event, after, effects))
            state = after
        on += timedelta(days=chance.choice([0, 0, 1, 1, 3, 10, 31]))
    return random_history


def histories(seeds: Iterator[int] | range) -> Iterator[History]:
    """Many."""
    return (history(seed) for seed in seeds)
