"""A small province in September: one firm for every state of a case, and what is public of each.

1 withdrawn, 2 on display, 3 red, 4 proposed and not signed, 5 extended, 6 with an undecided application,
7 newly warned, 8 warned of its people's insurance too, 9 due for determination. 1 to 3 are public, the others not.
Run as a program it makes the state that a server of its own serves.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

HOME = Path(__file__).parent
START, LATER = date(2026, 5, 20), date(2026, 8, 24)
PUBLIC, SECRET = (1, 2, 3), (4, 5, 6, 7, 8, 9)
TODAY = date(2026, 9, 21)  # the day of the fixture; checked in `create_case_states`
NOON = f"{TODAY}T12:00:00+08:00"
PASSWORD = "correct-horse-battery"

if TYPE_CHECKING:
    from actors import Actors
    from qualwatch.cases.models import Case
    from register_files import Rows


@dataclass
class CaseStates:
    """The firms' cases by number, and their codes."""

    cases: dict[int, Case]
    codes: dict[int, str]


def register_sheets(*, seventh: int) -> dict[str, Rows]:
    """Nine firms with two of three constructors; the seventh with so many."""
    from builders import OTHER, credit_code
    from register_files import CONTRIBUTIONS
    from register_rows import paid, person
    from withdrawal_acts import firms

    sheets = firms(9)
    code, eighth = credit_code(107), credit_code(108)
    sheets["注册人员"] += [person(500 + n, 统一社会信用代码=code) for n in range(seventh - 2)]
    sheets["社保"] = [
        CONTRIBUTIONS,
        *(
            [number, month, OTHER if payer == eighth else payer]
            for number, month, payer in sheets["社保"][1:]
        ),
    ]
    sheets["社保"] += [row for n in range(seventh - 2) for row in paid(500 + n, code)]
    return sheets


def create_case_states(actors: Actors) -> CaseStates:
    """Plays from the first warning to the day on which every firm has the state listed above."""
    from actors import evidence_file
    from builders import credit_code
    from qualwatch.cases.models import Case
    from withdrawal_acts import (
        PERIOD_OVER,
        decide_list,
        display_list,
        load_and_patrol,
        open_list,
        review_list,
    )

    codes = {number: credit_code(100 + number) for number in range(1, 10)}
    before, after = register_sheets(seventh=3), register_sheets(seventh=2)
    load_and_patrol(actors, START, before)
    accounts = {number: actors.enterprise_account(codes[number]) for number in (6, 7)}

    def case(number: int) -> Case:
        return Case.objects.get(credit_code=codes[number], category__isnull=False)

    for number in (1, 2, 3, 4, 5, 6, 8, 9):
        actors.prove_warning(case(number), START + timedelta(days=1))
    actors.apply(case(6), START + timedelta(days=2), accounts[6])
    load_and_patrol(actors, PERIOD_OVER, before)
    for number in PUBLIC:
        actors.propose(case(number), day=PERIOD_OVER)
        actors.sign(case(number), day=PERIOD_OVER)
        actors.serve_order(case(number), PERIOD_OVER)
    actors.propose(
        case(5),
        day=PERIOD_OVER,
        outcome="extended",
        until=PERIOD_OVER + timedelta(days=20),
        because="内部意见五号",
        evidence=[evidence_file("内部证据五号.png")],
    )
    actors.sign(case(5), day=PERIOD_OVER)
    load_and_patrol(actors, LATER, after)
    first = open_list(actors, [case(1)])
    day = display_list(actors, first)
    load_and_patrol(actors, day, after)
    review_list(actors, first, day)
    decide_list(actors, first, day)
    second = open_list(actors, [case(2)], day)
    last = display_list(actors, second, day)
    assert day < TODAY < last, (day, last)
    load_and_patrol(actors, TODAY, after)
    actors.propose(
        case(4), day=TODAY, because="内部意见四号", evidence=[evidence_file("内部证据四号.png")]
    )
    return CaseStates({number: case(number) for number in codes}, codes)


def prepare_state(folder: Path) -> Mapping[str, str]:
    """The environment of a new office with these cases, written by a separate process."""
    from databases import prepare_office, process_environment

    state = prepare_office(folder / "state")
    words = [sys.executable, __file__, str(folder)]
    process = subprocess.run(
        words, env=process_environment(state), capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return state


if __name__ == "__main__":
    import django

    django.setup()
    from actors import OFFICERS, Actors
    from register_office import RegisterOffice

    actors = Actors(
        RegisterOffice(
            Path(sys.argv[1]),
            datetime.fromisoformat("2026-05-20T06:00:00+08:00"),
            timedelta(minutes=1),
        )
    )
    for name in OFFICERS:
        actors.account(name)
    create_case_states(actors)
