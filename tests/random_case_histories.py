"""Random histories of cases: mostly plausible events, on days that move on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from builders import law
from qualwatch.procedure.outcomes import continued
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.preconditions import STAGE_AFTER
from qualwatch.procedure.state import ENDINGS, CaseState, Effect, Event, Terms, Withdrawal
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
    """An event, mostly one that the state allows. `steadiness`: the share of values in order."""

    def usually(right: Any, *others: Any) -> Any:
        return right if chance.random() < steadiness else chance.choice([right, *others])

    pool = likely_events(chance, state, steadiness)
    name = chance.choice(pool if pool and chance.random() < 0.95 else list(BY_EVENT))
    verdict = usually("short", "met", "met", "cannot-say", "advise", "not-required")
    # upgrades ask for more, downgrades for fewer
    required = {
        requirement: usually(2, 2, 4, 1) for requirement in REQUIREMENTS if chance.random() < 0.9
    }
    is_system = name in ("assessed", "calendar-loaded", "set-aside")
    by = usually("system", *PEOPLE) if is_system else chance.choice(PEOPLE)
    # mostly somebody else proposed it; or nobody did, or the same person
    other = chance.choice([person for person in PEOPLE if person != by])
    return Event(
        name,
        on,
        is_fresh=usually(True, False),
        by=by,
        others=usually((other,), (), (by,), ("system",)),
        verdicts={
            requirement: verdict if chance.random() < 0.8 else "short"
            for requirement in REQUIREMENTS
        },
        ended=chance.choice(ENDINGS) if chance.random() < 0.01 else "",
        requirements=chance.choice([(), REQUIREMENTS[:1], REQUIREMENTS, state.undetermined]),
        outcome=usually("red", "dismissed", "extended", "nonsense", "recovered", "short"),
        until=chance.choice(
            [None, Deadline(on + timedelta(days=chance.randint(1, 40)), provisional=False)]
        ),
        run_day=usually(on, None, on - timedelta(days=30)),
        because=usually("理由", ""),
        has_evidence=usually(True, False),
        has_new_evidence=usually(True, False),
        register_effect=usually(
            "correction" if name == "uphold" else "", "correction", "accepted-finding"
        ),
        proved_on=usually(
            on, None, on - timedelta(days=chance.randint(0, 9)), on + timedelta(days=1)
        ),
        code=chance.choice(["", *ENDINGS]),
        route=chance.choice(["city", "province", "ministry"]),
        other_red=usually("", "open", "ripe"),
        required=required,
        possible={name: usually(1, 0, 2, 3) for name in REQUIREMENTS},
    )


def likely_events(chance: random.Random, state: CaseState, steadiness: float) -> list[str]:
    """Names of events that the state allows, the likely ones several times."""
    allowed = [name for name, row in BY_EVENT.items() if state.state in row.from_states]
    pool = [name for name in LIKELY if name in allowed] * 3
    if state.state == "red" and state.undetermined:
        pool += ["push-proved", "propose", "sign"] * 4
    if chance.random() > steadiness / 2:
        pool += allowed
    if state.withdrawal and not state.withdrawal.ended:
        next_events, other_events = withdrawal_events(state.withdrawal, state.origin)
        pool += [name for name in next_events if name in allowed] * 12
        pool += [name for name in other_events if name in allowed]
        if state.withdrawal.unanswered:
            pool += ["answer"] * 12
    return pool


def withdrawal_events(withdrawal: Withdrawal, origin: str) -> tuple[list[str], list[str]]:
    """The events that lead to the next stage, and others that may come between."""
    likely = [name for name, stage in STAGE_AFTER.items() if stage == withdrawal.next_stage]
    is_displayed = withdrawal.stage == "displayed"
    others = ["object-publicly"] if is_displayed else ["make-statement"]
    if withdrawal.stage == "notified":
        others += ["ask-hearing"] * 12 + ["hearing-lapses"]
    if withdrawal.hearing == "asked":
        others += likely
        is_fixed = withdrawal.hearing_on is not None
        likely = ["notify-hearing", "hold-hearing"] if is_fixed else ["fix-hearing"]
    if origin == "officer":
        likely += ["recheck"]
    return likely, others


def history(seed: int, length: int = 60, *, is_steady: bool = False) -> History:
    """A random history; a steady one has few events that make no sense."""
    chance = random.Random(seed)
    random_history = History()
    # Some histories run into years whose calendar is not published yet.
    on = START + timedelta(days=chance.randint(0, 1300))
    is_insurance = chance.random() < 0.1
    state = CaseState(ground="insurance", is_whole_enterprise=True) if is_insurance else CaseState()
    steadiness = 0.99 if is_steady else chance.choice([0.3, 0.7, 0.98, 0.99])
    for _ in range(length):
        event = event_on(chance, state, on, steadiness)
        try:
            after, effects = step(state, event, terms_on(on))
        except CannotStep as why:
            random_history.refusals.append(why.slug)
        else:
            random_history.applied.append(AppliedEvent(state, event, after, effects))
            state = successor(state, after, effects) if chance.random() < 0.8 else after
        on += timedelta(days=chance.choice([0, 0, 1, 1, 3, 10, 31]))
    return random_history


def successor(before: CaseState, after: CaseState, effects: tuple[Effect, ...]) -> CaseState:
    """The yellow card that goes on where a red one closed, else the state itself."""
    for effect in effects:
        if effect.name == "continue-warning":
            return continued(before, after, effect.requirements)
    return after


def histories(seeds: Iterator[int] | range) -> Iterator[History]:
    """The histories of many seeds."""
    return (history(seed) for seed in seeds)
