"""Two acts on one case at the same moment, each in a process of its own that prints its result."""

from __future__ import annotations

import os
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors import Actors  # needs Django ready

PERIOD_OVER = date(2026, 7, 21)
MEETING = "meeting-"  # prefix of a folder in which two processes wait for each other


def actors_in(folder: Path, day: date = PERIOD_OVER) -> Actors:
    """The actors of an existing state folder."""
    from actors import OFFICERS, Actors
    from qualwatch.accounts.models import Account
    from register_office import RegisterOffice

    now = datetime(day.year, day.month, day.day, 12).astimezone()
    actors = Actors(RegisterOffice(folder, now, timedelta(minutes=1)))
    actors.accounts = {
        account.username: account for account in Account.objects.filter(username__in=OFFICERS)
    }
    for name in OFFICERS:
        actors.account(name)
    return actors


def prepare_proposal(folder: Path) -> None:
    """A yellow card with proved service and ended period, proposed for red."""
    from qualwatch.cases.models import Case

    actors = actors_in(folder, date(2026, 5, 20))
    case = actors.yellow_case()
    actors.prove_warning(case, date(2026, 5, 21))
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    actors.read_evidence(case.determinations.get(), "reviewer", PERIOD_OVER)
    actors.load_registers(PERIOD_OVER + timedelta(days=1), people=3)
    assert Case.objects.get().state == "yellow"


def wait_for_other(folder: Path) -> None:
    """Waits until two processes have loaded; a folder without the prefix is not waited for."""
    if not folder.name.startswith(MEETING):
        return
    (folder / f"ready-{os.getpid()}").touch()
    for _wait in range(24_000):
        if len(list(folder.glob("ready-*"))) > 1:
            return
        time.sleep(0.005)
    raise AssertionError("the other process did not start")


def act(folder: Path, what: str, by: str) -> str:
    """Runs one act; `done`, or `refused: ` with the reason."""
    from qualwatch.cases.models import Case, Service
    from qualwatch.cases.warnings.determine import return_proposal, sign
    from qualwatch.procedure.transitions import CannotStep

    actors = actors_in(folder)
    case = Case.objects.get(origin="system")
    who = actors.account("reviewer" if what == "sign" else "other-reviewer")
    at = actors.office.tick(PERIOD_OVER)
    wait_for_other(folder)
    try:
        if what == "sign":
            sign(case=case, by=who, law=actors.law, at=at)
        elif what == "inspect":
            actors.inspect(PERIOD_OVER, by=by)
        elif what == "prove":
            actors.prove_service(
                Service.objects.get(document__kind="order-to-rectify"), PERIOD_OVER
            )
        elif what == "return":
            return_proposal(case=case, by=who, law=actors.law, at=at, because="证据不全")
        else:
            actors.patrol(PERIOD_OVER + timedelta(days=1))
    except CannotStep as error:
        return f"refused: {error}"
    return "done"


if __name__ == "__main__":
    import django

    django.setup()
    place = Path(sys.argv[2])
    if sys.argv[1] == "setup":
        prepare_proposal(place)
    else:
        print(act(place, sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else "officer"))
