"""A patrol on a day far ahead is held; one recorded by a wrong clock is set aside by two people."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from actors import Actors, reload
from application_acts import actors_with_accounts
from builders import OWN
from commands import qualwatch
from databases import prepare_office
from qualwatch.assessments.models import FindingRow, Run
from qualwatch.cases.models import Case, Heartbeat, Notice, Task
from qualwatch.journal.models import Entry
from qualwatch.patrol.days import DayOutcome, last_patrol, missed_days
from qualwatch.patrol.guard import (
    CannotDecidePatrol,
    refuse_patrol,
    release_patrol,
    run_guarded_day,
)
from qualwatch.patrol.setting_aside import (
    CannotSetAside,
    PatrolEffects,
    propose_setting_aside,
    sign_setting_aside,
)
from qualwatch.publication.models import Standing
from register_files import ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

pytestmark = pytest.mark.django_db
LIMIT = 10  # of policy patrol_gap_days
ENDS = date(2026, 7, 20)
FAR = DAY + timedelta(days=LIMIT + 2)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def patrol(actors: Actors, day: date, by: str = "timer") -> DayOutcome | Heartbeat:
    """The patrol as the command runs it."""
    return run_guarded_day(day=day, law=actors.law, by=by, at=actors.office.tick(day))


def held_patrol(actors: Actors) -> Heartbeat:
    """Held on a day far ahead, the registers loaded."""
    actors.load_and_patrol()
    actors.load_registers(FAR)
    held = patrol(actors, FAR)
    assert isinstance(held, Heartbeat)
    return held


def set_aside(actors: Actors, day: date, on: date) -> PatrolEffects:
    """The patrol of a day is proposed and signed away on another."""
    heartbeat = Heartbeat.objects.get(day=day, state="done")
    propose_setting_aside(
        heartbeat=heartbeat,
        by=actors.account("officer"),
        at=actors.office.tick(on),
        because="服务器时钟错了",
    )
    return sign_setting_aside(
        heartbeat=heartbeat,
        by=actors.account("reviewer"),
        law=actors.law,
        at=actors.office.tick(on),
        because="核实属实",
    )


def test_more_missed_days_than_the_policy_allows_are_held(actors: Actors) -> None:
    """Clarified 14."""
    actors.load_and_patrol()
    at_limit = DAY + timedelta(days=LIMIT + 1)
    assert len(missed_days(at_limit)) == LIMIT
    assert isinstance(patrol(actors, at_limit), DayOutcome)
    far = at_limit + timedelta(days=LIMIT + 2)
    counts = (Run.objects.count(), Case.objects.count(), Notice.objects.count())
    held = patrol(actors, far)
    assert isinstance(held, Heartbeat)
    assert (held.state, held.summary["missed"]) == ("held", LIMIT + 1)
    assert counts == (Run.objects.count(), Case.objects.count(), Notice.objects.count())
    assert Entry.objects.filter(what="patrol-held").count() == 1
    again = patrol(actors, far)
    assert isinstance(again, Heartbeat)
    assert again.pk == held.pk
    assert Entry.objects.filter(what="patrol-held").count() == 1
    last = last_patrol(far)
    assert last is not None
    assert last.day == at_limit


def test_a_reviewer_releases_a_held_patrol(actors: Actors) -> None:
    held = held_patrol(actors)
    outcome = release_patrol(
        heartbeat=held,
        law=actors.law,
        by=actors.account("reviewer"),
        at=actors.office.tick(FAR),
        because="停机检修",
    )
    assert outcome.run.as_of == FAR
    heartbeat = Heartbeat.objects.get(day=FAR)
    assert (heartbeat.state, heartbeat.decided_by) == ("done", "reviewer")
    assert isinstance(patrol(actors, FAR), DayOutcome)  # again adds nothing
    assert isinstance(patrol(actors, FAR + timedelta(days=1)), DayOutcome)


def test_a_refused_patrol_leaves_the_day_free(actors: Actors) -> None:
    held = held_patrol(actors)
    refused = refuse_patrol(
        heartbeat=held,
        by=actors.account("reviewer"),
        at=actors.office.tick(FAR),
        because="时钟错了",
    )
    assert refused.state == "refused"
    assert isinstance(patrol(actors, FAR), Heartbeat)  # held anew when the day really comes
    assert Heartbeat.objects.filter(day=FAR).count() == 2


def test_who_may_decide_a_held_patrol(actors: Actors) -> None:
    actors.load_and_patrol()
    held = patrol(actors, FAR, by="reviewer")
    assert isinstance(held, Heartbeat)
    details: dict[str, Any] = {
        "heartbeat": held,
        "law": actors.law,
        "at": actors.office.tick(FAR),
        "because": "x",
    }
    for name, sentence in (("officer", "没有这项权限"), ("reviewer", "不能自己")):
        with pytest.raises(CannotDecidePatrol, match=sentence):
            release_patrol(**details, by=actors.account(name))
    with pytest.raises(CannotDecidePatrol, match="写明理由"):
        release_patrol(**{**details, "because": " "}, by=actors.account("other-reviewer"))


def test_warnings_of_a_wrong_clock_are_undone_and_begin_anew(actors: Actors) -> None:
    """Clarified 14: cases opened by it are closed with a code; nobody's right is harmed."""
    actors.enterprise_account()
    actors.load_and_patrol(people=3)
    wrong = DAY + timedelta(days=9)
    actors.load_and_patrol(wrong)
    case = Case.objects.get(state="yellow")
    today = DAY + timedelta(days=1)
    actors.office.now -= timedelta(days=8)
    effects = set_aside(actors, wrong, today)
    assert [str(case.pk) in sentence for sentence in effects.undone] == [True]
    closed = reload(case)
    assert (closed.state, closed.closed_because) == ("closed", "recorded-in-error")
    assert Notice.objects.filter(case=case, kind="closed", credit_code=OWN).count() == 1
    assert Run.objects.get(as_of=wrong).state == "set-aside"
    # an earlier day is assessed again, everybody, and warns with a period of its own
    outcome = actors.patrol(today)
    assert outcome.run.as_of == today
    assert outcome.run.state == "released"
    new = Case.objects.get(state="yellow")
    assert new.pk != case.pk
    assert new.requirements.get().pushed_on == today
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == 1
    entry = Entry.objects.get(what="patrol-set-aside")
    assert entry.details["undone"] == effects.undone


def test_an_added_requirement_is_taken_back_and_a_recovered_case_stays_closed(
    actors: Actors,
) -> None:
    """What favours an enterprise is named, not undone."""
    case = actors.yellow_case()
    wrong = DAY + timedelta(days=9)
    actors.load_and_patrol(wrong, people=3)
    assert reload(case).closed_because == "recovered"
    actors.office.now -= timedelta(days=8)
    effects = set_aside(actors, wrong, DAY + timedelta(days=1))
    assert effects.undone == []
    assert any(
        case.stream in sentence and "recovered" in sentence for sentence in effects.remaining
    )
    assert reload(case).closed_because == "recovered"
    assert any("封签" in sentence for sentence in effects.remaining)


def test_reminders_and_tasks_come_again_on_the_right_day(actors: Actors) -> None:
    case = actors.yellow_case()
    wrong = ENDS + timedelta(days=1)
    actors.load_and_patrol(wrong)
    assert Task.objects.filter(case=case, kind="propose", completed_on=None).exists()
    assert Notice.objects.filter(case=case, kind="reminder").count() == 1
    actors.office.now -= wrong - DAY - timedelta(days=1)
    set_aside(actors, wrong, DAY + timedelta(days=1))
    assert not Task.objects.filter(case=case, kind="propose", completed_on=None).exists()
    assert reload(case).state == "yellow"
    actors.patrol(ENDS)
    assert Notice.objects.filter(case=case, kind="reminder").count() == 2


def test_standings_published_ahead_of_their_day_are_undone(actors: Actors) -> None:
    """An item that expires before the wrong day was published as ended."""
    sheets: dict[str, Any] = {"资质": [ITEMS, item(有效期止="2026-05-25")]}
    actors.load_and_patrol(people=3, **sheets)
    wrong = DAY + timedelta(days=9)
    actors.load_and_patrol(wrong, people=3, **sheets)
    assert set(Standing.objects.values_list("standing", "to_on")) == {
        ("in-force", wrong),
        ("ended", None),
    }
    actors.office.now -= timedelta(days=8)
    set_aside(actors, wrong, DAY + timedelta(days=1))
    assert list(Standing.objects.values_list("standing", "to_on")) == [("in-force", None)]


def test_two_people_set_a_patrol_aside(actors: Actors) -> None:
    actors.load_and_patrol()
    heartbeat = Heartbeat.objects.get()
    details: dict[str, Any] = {"heartbeat": heartbeat, "at": actors.office.tick(), "because": "x"}
    with pytest.raises(CannotSetAside, match="没有这项权限"):
        propose_setting_aside(**details, by=actors.account("reviewer"))
    with pytest.raises(CannotSetAside, match="还没有人提出"):
        sign_setting_aside(**details, by=actors.account("reviewer"), law=actors.law)
    propose_setting_aside(**details, by=actors.account("officer"))
    with pytest.raises(CannotSetAside, match="没有这项权限"):
        sign_setting_aside(**details, by=actors.account("officer"), law=actors.law)
    sign_setting_aside(**details, by=actors.account("reviewer"), law=actors.law)
    with pytest.raises(CannotSetAside, match="已经作废"):
        propose_setting_aside(**details, by=actors.account("officer"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Heartbeat.objects.update(proposed_by="reviewer")
    assert last_patrol(DAY) is None


def test_the_commands_say_what_is_held_and_what_is_undone(tmp_path: Path) -> None:
    """`patrol` ends with status 3 where it is held; `set-aside` names a day without a patrol."""
    state = prepare_office(tmp_path / "state")
    result = qualwatch(
        "set-aside",
        "2026-05-20",
        "--by",
        "li",
        "--because",
        "x",
        "--password-from-stdin",
        typed="x\n",
        **state,
    )
    assert (result.status, result.err) == (2, "qualwatch: 账号或密码不对\n")
