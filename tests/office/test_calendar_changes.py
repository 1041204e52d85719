"""A changed calendar moves open deadlines for the better only, by the policy with which each clock began."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import transaction

from actors import Actors, reload
from application_acts import actors_with_accounts
from builders import OWN
from qualwatch.cases.acting import ActContext
from qualwatch.cases.deadline_columns import basis_of
from qualwatch.cases.models import Application, Notice, Service, Task, Withdrawal
from qualwatch.cases.withdrawals.hearings import request_hearing
from qualwatch.journal.models import Entry
from qualwatch.law.loader import Law
from qualwatch.law.policy import DatedValue
from qualwatch.oversight.models import ReturnDeadline
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import due_of
from qualwatch.patrol.calendar_changes import move_deadlines
from qualwatch.patrol.days import lock_cases
from qualwatch.procedure.periods import Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, RedCard
from register_office import DAY, RegisterOffice
from withdrawal_acts import (
    CITY_SHEETS,
    PERIOD_OVER,
    RED_PERIOD_OVER,
    display_list,
    notify_intent,
    open_list,
    red_cases_past_period,
)

pytestmark = pytest.mark.django_db
ENDS = date(2026, 7, 20)  # two months after 20 May; a Monday


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def with_rest_days(law: Law, *days: date) -> Law:
    """The law with more rest days."""
    calendar = replace(
        law.calendar, rest=law.calendar.rest | set(days), source="国办发明电〔2026〕9号"
    )
    return replace(law, calendar=calendar)


def without_years_from(law: Law, year: int) -> Law:
    """The law while the calendars of a year and later are not published."""
    years = frozenset(known for known in law.calendar.years if known < year)
    return replace(law, calendar=replace(law.calendar, years=years))


def with_policy(law: Law, from_day: date, **values: object) -> Law:
    """The law with a version of the policy from a day on."""
    newest = law.policies[-1]
    changed = {
        name: {from_day: DatedValue[object](value=value, source="own default", because="试验")}
        for name, value in values.items()
    }
    text = newest.model_copy(
        update={"in_force_from": from_day, "values": newest.values.model_copy(update=changed)}
    )
    return replace(law, policies=(*law.policies, text))


def move(actors: Actors, law: Law, day: date) -> int:
    """The calendar of a law is used from a day on."""
    actors.law = law
    with transaction.atomic():
        lock_cases()
        return move_deadlines(ActContext(law, actors.office.tick(day), "system"))


def moved_entries(deadline: str) -> list[Entry]:
    """The journal's entries of deadlines of a kind that moved."""
    entries = Entry.objects.filter(what="deadline-moved").order_by("pk")
    return [entry for entry in entries if entry.details["deadline"] == deadline]


def test_a_moved_yellow_period_is_told_with_both_days_and_the_calendar(actors: Actors) -> None:
    """Clarified 7: notified to the enterprise and its authorities; journal; the version it rests on."""
    actors.enterprise_account()
    case = actors.yellow_case()
    old = actors.law.calendar.version
    law = with_rest_days(actors.law, ENDS)
    assert move(actors, law, DAY + timedelta(days=1)) == 1
    row = case.requirements.get()
    assert row.ends_on == ENDS + timedelta(days=1)
    basis = basis_of(row.deadline_bases["yellow"])
    assert (basis.start, basis.period, basis.calendar) == (
        DAY,
        Period(2, "months"),
        law.calendar.version,
    )
    assert basis.calendar != old
    (entry,) = moved_entries("yellow")
    assert (entry.stream, entry.details["old"], entry.details["new"]) == (
        case.stream,
        "2026-07-20",
        "2026-07-21",
    )
    assert entry.details["calendar"] == law.calendar.version
    notices = Notice.objects.filter(kind="deadline-moved")
    assert {(notice.credit_code, notice.organisation) for notice in notices} == {
        (OWN, ""),
        ("", "province"),
        ("", "city-140100"),
    }
    body = notices[0].body
    for part in ("2026-07-20", "2026-07-21", law.calendar.version[:12], "国办发明电〔2026〕9号"):
        assert part in body
    # the same calendar again, and the next patrol, move nothing more
    assert move(actors, law, DAY + timedelta(days=1)) == 0
    actors.load_and_patrol(DAY + timedelta(days=2))
    assert Notice.objects.filter(kind="deadline-moved").count() == 3


def test_a_calendar_that_is_taken_back_shortens_nothing(actors: Actors) -> None:
    """Clarified 7: for the better only."""
    case = actors.yellow_case()
    first = actors.law
    move(actors, with_rest_days(first, ENDS), DAY + timedelta(days=1))
    assert move(actors, first, DAY + timedelta(days=2)) == 0
    assert case.requirements.get().ends_on == ENDS + timedelta(days=1)
    # the day that was stated becomes a rest day itself: the next working day counts
    move(actors, with_rest_days(first, ENDS + timedelta(days=1)), DAY + timedelta(days=3))
    assert case.requirements.get().ends_on == ENDS + timedelta(days=2)


def test_a_deadline_that_does_not_move_keeps_the_version_that_it_rests_on(actors: Actors) -> None:
    case = actors.yellow_case()
    version = actors.law.calendar.version
    law = with_rest_days(actors.law, date(2026, 12, 1))
    assert move(actors, law, DAY + timedelta(days=1)) == 0
    assert case.requirements.get().deadline_bases["yellow"]["calendar"] == version
    assert not Notice.objects.filter(kind="deadline-moved").exists()


def test_a_red_period_moves_with_its_task_and_the_public_card(actors: Actors) -> None:
    case = actors.red_case()
    actors.serve_order(case, PERIOD_OVER)
    ends_on = reload(case).red_ends_on
    assert ends_on is not None
    move(actors, with_rest_days(actors.law, ends_on), PERIOD_OVER + timedelta(days=1))
    moved = reload(case).red_ends_on
    assert (ends_on, moved) == (date(2026, 8, 21), date(2026, 8, 24))  # a Friday, a Monday
    assert RedCard.objects.get().ends_on == moved
    assert moved_entries("red")[0].details["old"] == ends_on.isoformat()


def test_a_running_clock_keeps_its_first_policy(actors: Actors) -> None:
    """Clarified 6: a statement of five working days stays one of five, also when it is recounted."""
    enterprise = actors.enterprise_account()
    row = notify_intent(actors)
    served, until = RED_PERIOD_OVER, row.statement_until
    assert until is not None
    assert until == Period(5, "working-days").from_day(served, actors.law.calendar).ends_on
    shorter = with_policy(
        actors.law,
        served + timedelta(days=1),
        statement_working_days=2,
        hearing_request_working_days=2,
        public_display_working_days=3,
    )
    move(actors, with_rest_days(shorter, until), served + timedelta(days=1))
    row.refresh_from_db()
    assert row.statement_until == until + timedelta(days=1)
    assert row.hearing_request_until == until + timedelta(days=1)
    # the right to a hearing is that of the day of service: the fourth day is in time
    request_hearing(withdrawal=row, by=enterprise, law=actors.law, at=actors.office.tick(until))
    row.refresh_from_db()
    assert row.hearing == "asked"
    assert row.hearing_due_on is not None


def test_a_new_policy_reaches_clocks_that_begin_under_it(actors: Actors) -> None:
    """Clarified 6: the display that begins after the new policy has its length, the statement not."""
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    actors.law = with_policy(
        actors.law, RED_PERIOD_OVER + timedelta(days=1), public_display_working_days=9
    )
    display_list(actors, batch)
    row = Withdrawal.objects.get()
    assert row.displayed_on is not None
    assert (
        row.display_until
        == Period(9, "working-days")
        .from_day(row.displayed_on, actors.law.calendar, first_counted=True)
        .ends_on
    )
    assert row.deadline_bases["statement"]["amount"] == 5
    assert row.deadline_bases["display"]["amount"] == 9


def test_a_display_moves_with_its_announcement(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    display_list(actors, batch)
    row = Withdrawal.objects.get()
    until, shown_on = row.display_until, row.displayed_on
    assert until is not None
    assert shown_on is not None
    assert move(actors, with_rest_days(actors.law, until), shown_on) == 1
    row.refresh_from_db()
    assert row.display_until is not None
    assert row.display_until > until
    assert Announcement.objects.get(kind="display").ends_on == row.display_until
    notices = Notice.objects.filter(kind="deadline-moved", organisation="city-140100-bureau")
    assert notices.count() == 1
    assert Task.objects.get(kind="recheck-withdrawal").due_on == row.display_until


def test_the_days_of_an_application_follow(actors: Actors) -> None:
    """Clarified 7: decisions on applications too, though their day was never provisional."""
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, DAY + timedelta(days=1), account)
    due = application.decision_due_on
    assert due is not None
    move(actors, with_rest_days(actors.law, due), DAY + timedelta(days=2))
    application = Application.objects.get()
    assert application.decision_due_on is not None
    assert application.decision_due_on > due
    assert Task.objects.get(kind="application").due_on == application.decision_due_on
    assert moved_entries("decision")[0].details["about"] == application.number
    assert Notice.objects.filter(kind="deadline-moved", credit_code=OWN).count() == 1


def test_the_start_of_a_list_the_proof_of_a_letter_and_a_return_follow(actors: Actors) -> None:
    """Clarified 7: every kind of deadline."""
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    letter = batch.suggestion
    assert letter is not None
    batch.refresh_from_db()
    start = batch.start_due_on
    assert start is not None
    quarter = Quarter(2026, 2)
    assert ReturnDeadline.objects.get(quarter=2).due_on == due_of(quarter, actors.law).ends_on
    assert move(actors, with_rest_days(actors.law, start), RED_PERIOD_OVER) >= 1
    batch.refresh_from_db()
    assert batch.start_due_on is not None
    assert batch.start_due_on > start
    assert moved_entries("start")[0].details["old"] == start.isoformat()
    due = ReturnDeadline.objects.get(quarter=2).due_on
    move(actors, with_rest_days(actors.law, due), RED_PERIOD_OVER)
    assert due_of(quarter, actors.law).ends_on > due
    assert moved_entries("return")[0].details["old"] == due.isoformat()


def test_the_proof_of_a_service_follows(actors: Actors) -> None:
    case = actors.red_case()
    service = actors.start_service(actors.order_of(case), PERIOD_OVER)
    move(actors, with_rest_days(actors.law, service.due_on), PERIOD_OVER)
    assert Service.objects.get(pk=service.pk).due_on > service.due_on
    assert moved_entries("service")


def test_on_a_provisional_day_the_task_is_there_marked(actors: Actors) -> None:
    """Clarified 7: nothing can be decided yet, but the officer sees that the day has come."""
    published = actors.law
    actors.law = without_years_from(published, 2026)
    case = actors.yellow_case()
    actors.prove_warning(case, DAY + timedelta(days=1))
    actors.load_and_patrol(PERIOD_OVER)
    task = Task.objects.get(kind="propose")
    assert task.is_due_provisional
    with pytest.raises(CannotStep):
        actors.propose(case, day=PERIOD_OVER)
    actors.law = published
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    task.refresh_from_db()
    assert not task.is_due_provisional
    settled = Entry.objects.get(what="deadline-settled", stream=case.stream)
    assert settled.details["calendar"] == published.calendar.version
    actors.propose(case, day=PERIOD_OVER + timedelta(days=1))


def test_a_day_chosen_for_an_extension_that_rests_on_no_calendar_is_provisional(
    actors: Actors,
) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(PERIOD_OVER)
    actors.law = without_years_from(actors.law, 2026)
    until = PERIOD_OVER + timedelta(days=10)
    actors.propose(case, outcome="extended", until=until, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    assert reload(case).is_extension_provisional
