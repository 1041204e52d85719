"""Withdrawals by three routes: who takes each step, its preconditions and results."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import APPROVAL, ITEM, TAIYUAN, Actors, act_arguments, cards_and_notices, reload
from application_acts import actors_with_accounts
from builders import OWN
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, Document, Notice, Task, Withdrawal, WithdrawalList
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement
from qualwatch.publication.queries import public_copy, replayed, standing_of
from qualwatch.registers.models import Correction
from register_files import ITEMS
from register_office import RegisterOffice
from register_rows import item
from withdrawal_acts import (
    CITY_SHEETS,
    MINISTRY_ITEM,
    PROVINCE,
    RED_PERIOD_OVER,
    announce_intent,
    assert_refused,
    decide_list,
    display_list,
    load_and_patrol,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
    scan,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def test_a_citys_item_passes_every_stage_to_its_withdrawal(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    assert Task.objects.get(kind="withdraw", completed_on=None).organisation == TAIYUAN
    batch = open_list(actors, [case])
    assert not Task.objects.filter(kind="withdraw", completed_on=None).exists()
    assert_suggested(batch)
    after_display = display_list(actors, batch)
    assert_displayed(batch)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    assert_withdrawn(case, after_display)
    finish_and_report(actors, batch, after_display)
    assert not Task.objects.filter(completed_on=None).exclude(kind__in=("letter", "serve")).exists()
    assert public_copy() == replayed(10**9)
    # The register still lists the item as in force.
    for day in (after_display + timedelta(days=1), after_display + timedelta(days=30)):
        load_and_patrol(actors, day, CITY_SHEETS)
        assert Case.objects.count() == 1
        assert standing_of(*ITEM, day).standing == "withdrawn"
    events = [entry.what for entry in Entry.objects.filter(stream=case.stream).order_by("number")]
    steps = [
        "open-withdrawal",
        "suggest",
        "start",
        "notify-intent",
        "display",
        "recheck-withdrawal",
        "review-law",
        "decide",
        "announce",
        "finish",
    ]
    assert [event for event in events if event in steps] == steps


def assert_suggested(batch: WithdrawalList) -> None:
    """The suggestion letter is with the bureau, whose three working days run from Monday."""
    letter = batch.suggestion
    assert letter is not None
    assert (letter.organisation, letter.number) == (TAIYUAN, "太原建资函〔2026〕1号")
    assert Notice.objects.get(organisation=APPROVAL).document == letter
    assert batch.received_on == RED_PERIOD_OVER
    assert batch.start_due_on == date(2026, 8, 27)
    assert Task.objects.get(kind="start").due_on == date(2026, 8, 27)


def assert_displayed(batch: WithdrawalList) -> None:
    """The item is on display for seven working days, the first counted."""
    (row,) = open_members(batch)
    assert row.statement_until == date(2026, 8, 31)
    assert (row.displayed_on, row.display_until) == (date(2026, 9, 1), date(2026, 9, 9))
    display = Announcement.objects.get(kind="display", is_removed=False)
    assert (display.credit_code, display.ends_on) == (OWN, date(2026, 9, 9))
    assert "张" not in display.body


def assert_withdrawn(case: Case, day: date) -> None:
    """The decision is taken: case, public standing and document."""
    row = Withdrawal.objects.get()
    assert (row.outcome, row.decided_by, row.decision_number) == (
        "withdrawn",
        "approval-reviewer",
        "太原审资撤〔2026〕1号",
    )
    assert row.lower_grade_until == date(2026, 12, 10)
    assert (reload(case).state, reload(case).closed_because) == ("closed", "withdrawn")
    assert standing_of(*ITEM, day).standing == "withdrawn"
    assert standing_of(*ITEM, day - timedelta(days=1)).standing == "red"
    assert Announcement.objects.get(kind="decision", is_removed=False).credit_code == OWN
    assert not Announcement.objects.filter(kind="display", is_removed=False).exists()
    values = Document.objects.get(kind="withdrawal-decision").template_values
    assert values["reconsideration_days"] == 60
    assert values["litigation_months"] == 6
    assert [requirement["held"] for requirement in values["requirements"]] == [2]


def finish_and_report(actors: Actors, batch: WithdrawalList, day: date) -> None:
    """The decision is served, the certificate recalled, and the housing authority informed."""
    decision = Document.objects.get(kind="withdrawal-decision")
    row = Withdrawal.objects.get()
    finishing: dict[str, Any] = {"members": [row], "because": "收回证书"}
    with pytest.raises(CannotStep):  # not served yet
        withdrawals.finish(**finishing, **act_arguments(actors, "approval-officer", day))
    actors.serve(decision, day, by="approval-officer")
    document, _result = withdrawals.finish(
        **finishing, **act_arguments(actors, "approval-officer", day)
    )
    assert document.organisation == APPROVAL
    results = withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", day)
    )
    assert [item["outcome"] for item in results.template_values["rows"]] == [
        "已撤回（太原审资撤〔2026〕1号）"
    ]
    assert Notice.objects.filter(organisation=TAIYUAN, document=results).exists()
    assert WithdrawalList.objects.get().reported_on == day
    assert Withdrawal.objects.get().stage == "closed"


def test_the_provinces_item_is_started_on_the_day_and_withdrawn_by_the_province(
    actors: Actors,
) -> None:
    sheets = {"资质": [ITEMS, item()]}
    (case,) = red_cases_past_period(actors, sheets)
    batch = open_list(actors, [case], who=PROVINCE)
    assert open_members(batch)[0].started_on == RED_PERIOD_OVER
    with pytest.raises(NotCompetent):
        withdrawals.announce_intent(
            members=open_members(batch),
            **act_arguments(actors, "approval-officer", RED_PERIOD_OVER),
        )
    after_display = display_list(actors, batch, who=PROVINCE)
    load_and_patrol(actors, after_display, sheets)
    review_list(actors, batch, after_display, PROVINCE)
    decide_list(actors, batch, after_display, PROVINCE)
    assert Withdrawal.objects.get().decision_number == "晋建资撤〔2026〕1号"
    assert reload(case).closed_because == "withdrawn"


def test_the_ministrys_item_is_rechecked_reported_and_its_decision_recorded(actors: Actors) -> None:
    sheets = {"资质": MINISTRY_ITEM}
    (case,) = red_cases_past_period(actors, sheets)
    batch = open_list(actors, [case], who=PROVINCE)
    assert_refused(
        "members",
        lambda: withdrawals.report(
            batch=batch,
            because="已审定",
            **act_arguments(actors, "other-reviewer", RED_PERIOD_OVER),
        ),
    )
    withdrawals.recheck_members(
        members=open_members(batch), **act_arguments(actors, "second-officer", RED_PERIOD_OVER)
    )
    letter = withdrawals.report(
        batch=batch, because="已审定", **act_arguments(actors, "other-reviewer", RED_PERIOD_OVER)
    )
    assert (letter.kind, letter.addressee) == ("ministry-report", "住房和城乡建设部")
    assert WithdrawalList.objects.get().received_on is None
    day = RED_PERIOD_OVER + timedelta(days=2)
    actors.serve(letter, day, by="second-officer")
    assert WithdrawalList.objects.get().received_on == day
    withdrawals.start(
        members=open_members(batch),
        because="住建部已受理",
        **act_arguments(actors, "second-officer", day),
    )
    arguments = act_arguments(actors, "fourth-reviewer", day)
    assert_refused(
        "members", lambda: withdrawals.decide(members=open_members(batch), because="x", **arguments)
    )
    assert_refused(
        "members",
        lambda: withdrawals.record_ministry_decision(
            members=open_members(batch),
            number="建市〔2026〕9号",
            because="复核日仍缺一名注册建造师",
            files=[],
            **arguments,
        ),
    )
    withdrawals.record_ministry_decision(
        members=open_members(batch),
        number="建市〔2026〕9号",
        because="复核日仍缺一名注册建造师",
        files=[scan()],
        **arguments,
    )
    row = Withdrawal.objects.get()
    assert (row.decision_number, reload(case).closed_because) == ("建市〔2026〕9号", "withdrawn")
    assert not Document.objects.filter(kind="withdrawal-decision").exists()
    assert standing_of(*ITEM, day).standing == "withdrawn"
    withdrawals.record_ministry_service(
        members=[row],
        proof="部里送达回证",
        files=[scan(colour=9)],
        **act_arguments(actors, "second-officer", day),
    )
    withdrawals.finish(
        members=[row], because="证书作废", **act_arguments(actors, "second-officer", day)
    )
    assert Withdrawal.objects.get().stage == "closed"


def test_a_late_start_of_the_bureau_is_a_task_of_both_authorities(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    for day in (date(2026, 8, 27), date(2026, 8, 28), date(2026, 8, 29)):
        load_and_patrol(actors, day, CITY_SHEETS)
        notices = Notice.objects.filter(kind="start-late").values_list("organisation", flat=True)
        assert sorted(notices) == ([] if day == date(2026, 8, 27) else [TAIYUAN, APPROVAL])
    withdrawals.start(
        members=open_members(batch), **act_arguments(actors, "approval-officer", date(2026, 8, 29))
    )
    late = Entry.objects.get(what="started-late")
    assert late.details["due"] == "2026-08-27"
    with pytest.raises(NotCompetent):
        withdrawals.start(
            members=open_members(batch), **act_arguments(actors, "city-officer", date(2026, 8, 29))
        )


def test_without_accounts_at_the_bureau_its_days_run_from_the_proved_receipt_of_the_list(
    office: RegisterOffice,
) -> None:
    actors = Actors(office)
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    assert batch.received_on is None
    assert batch.start_due_on is None
    letter = Document.objects.get(kind="suggestion-list")
    assert Task.objects.get(kind="serve", detail__startswith=letter.number).organisation == TAIYUAN
    actors.serve(letter, date(2026, 9, 1), by="city-officer")
    batch = WithdrawalList.objects.get()
    assert (batch.received_on, batch.start_due_on) == (date(2026, 9, 1), date(2026, 9, 4))
    assert Task.objects.get(kind="start").due_on == date(2026, 9, 4)


def test_no_stage_begins_early_or_by_another_authority(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    with pytest.raises(NotCompetent):
        withdrawals.open_withdrawals(
            cases=[case], **act_arguments(actors, "datong-officer", RED_PERIOD_OVER)
        )
    assert reload(case).red_ends_on == date(2026, 8, 21)
    assert_refused(
        "red-over",
        lambda: withdrawals.open_withdrawals(
            cases=[case],
            law=actors.law,
            by=actors.account("city-officer"),
            at=actors.office.now - timedelta(days=4),
        ),
    )
    batch = open_list(actors, [case])
    assert_refused(
        "no-withdrawal",
        lambda: withdrawals.open_withdrawals(
            cases=[reload(case)], **act_arguments(actors, "city-officer", RED_PERIOD_OVER)
        ),
    )
    arguments = act_arguments(actors, "approval-officer", RED_PERIOD_OVER)
    assert_refused(
        "next-step", lambda: withdrawals.announce_intent(members=open_members(batch), **arguments)
    )
    letters = announce_intent(actors, batch, RED_PERIOD_OVER)
    later = RED_PERIOD_OVER + timedelta(days=60)
    assert_refused(
        "members",
        lambda: withdrawals.display(
            members=open_members(batch), **act_arguments(actors, "approval-officer", later)
        ),
    )
    sent = actors.start_service(letters[0], RED_PERIOD_OVER, by="approval-officer")
    assert_refused(
        "members",
        lambda: withdrawals.display(
            members=open_members(batch), **act_arguments(actors, "approval-officer", later)
        ),
    )
    assert sent.proved_on is None  # sent is not served (F18)


def test_the_decision_needs_a_recheck_after_the_display_and_three_people(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    handled = act_arguments(actors, "approval-officer", after_display)
    # The registers are old
    assert_refused(
        "members", lambda: withdrawals.recheck_members(members=open_members(batch), **handled)
    )
    load_and_patrol(actors, after_display, CITY_SHEETS)
    assert_refused(
        "members",
        lambda: withdrawals.decide(
            members=open_members(batch),
            because="x",
            **act_arguments(actors, "approval-reviewer", after_display),
        ),
    )
    withdrawals.recheck_members(members=open_members(batch), **handled)
    assert_refused(
        "members",
        lambda: withdrawals.review_law(members=open_members(batch), opinion="合法", **handled),
    )
    assert_refused(
        "members",
        lambda: withdrawals.decide(
            members=open_members(batch),
            because="x",
            **act_arguments(actors, "approval-reviewer", after_display),
        ),
    )
    withdrawals.review_law(
        members=open_members(batch),
        opinion="合法",
        **act_arguments(actors, "approval-reviewer", after_display),
    )
    assert_refused(
        "members",
        lambda: withdrawals.decide(
            members=open_members(batch),
            because="x",
            **act_arguments(actors, "approval-reviewer", after_display),
        ),
    )
    withdrawals.decide(
        members=open_members(batch),
        because="复核日仍缺一名注册建造师",
        **act_arguments(actors, "approval-lawyer", after_display),
    )
    assert Withdrawal.objects.get().decided_by == "approval-lawyer"


def test_an_item_rectified_on_the_last_day_of_the_display_drops_out_and_is_recalled(
    actors: Actors,
) -> None:
    """F17: rectified before the decision; recall letter to the bureau, display removed, card cleared."""
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display - timedelta(days=1), CITY_SHEETS, people=3)
    row = Withdrawal.objects.get()
    assert (row.ended, row.outcome, row.decided_on) == ("rectified", "rectified", None)
    assert reload(case).closed_because == "recovered"
    letter = Document.objects.get(kind="recall-letter")
    assert letter.organisation == TAIYUAN
    assert letter.template_values["rows"][0]["outcome"] == "已整改达标，终止撤回"
    assert Notice.objects.filter(organisation=APPROVAL, document=letter).exists()
    assert not Announcement.objects.filter(kind="display", is_removed=False).exists()
    assert Notice.objects.filter(credit_code=OWN, kind="withdrawal-ended").exists()
    assert_refused(
        "members",
        lambda: withdrawals.decide(
            members=[row], because="x", **act_arguments(actors, "approval-reviewer", after_display)
        ),
    )
    withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", after_display)
    )
    assert WithdrawalList.objects.get().reported_on is not None
    assert public_copy() == replayed(10**9)


def test_not_to_withdraw_is_a_decision_with_reasons_and_the_card_goes_to_review(
    actors: Actors,
) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    announce_intent(actors, batch, RED_PERIOD_OVER)
    arguments = act_arguments(actors, "approval-reviewer", RED_PERIOD_OVER)
    assert_refused(
        "members",
        lambda: withdrawals.not_withdraw(member=open_members(batch)[0], because=" ", **arguments),
    )
    withdrawals.not_withdraw(
        member=open_members(batch)[0], because="重组中，已有三名建造师在办注册", **arguments
    )
    row = Withdrawal.objects.get()
    assert (row.ended, row.because) == ("not-withdrawn", "重组中，已有三名建造师在办注册")
    assert (reload(case).state, reload(case).needs_review) == ("red", True)
    assert not Document.objects.filter(kind="recall-letter").exists()
    letter = Document.objects.get(kind="intended-withdrawal")
    with pytest.raises(CannotStep, match="已经终结"):
        actors.start_service(letter, RED_PERIOD_OVER, by="approval-officer")
    load_and_patrol(actors, RED_PERIOD_OVER + timedelta(days=1), CITY_SHEETS)
    kinds = set(Task.objects.filter(completed_on=None).values_list("kind", flat=True))
    assert "review" in kinds
    assert "withdraw" not in kinds


def test_a_decision_that_a_court_annuls_restores_the_item_with_its_history(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    row = Withdrawal.objects.get()
    assert Correction.objects.filter(released_at=None).count() == 2
    later = after_display + timedelta(days=40)
    load_and_patrol(actors, later, CITY_SHEETS)
    who: dict[str, Any] = {"by": "approval-officer", "withdrawal": row}
    assert_refused(
        "evidence", lambda: actors.propose_act("annul-withdrawal", later, files=[], **who)
    )
    received_on = later - timedelta(days=9)
    actors.act(
        "annul-withdrawal",
        later,
        because="（2026）晋01行终9号",
        signer="approval-reviewer",
        payload={"received_on": received_on.isoformat()},
        **who,
    )
    details = Entry.objects.get(what="taken-down").details
    # Three working days were given
    assert (details["received"], details["late"]) == (
        received_on.isoformat(),
        True,
    )
    assert Withdrawal.objects.get().ended == "annulled"
    assert not Correction.objects.filter(released_at=None).exists()
    assert standing_of(*ITEM, later).standing == "in-force"
    # So it was held to be then
    assert standing_of(*ITEM, after_display + timedelta(days=2)).standing == "withdrawn"
    assert not Announcement.objects.filter(kind="decision", is_removed=False).exists()
    assert_refused("not-annulled", lambda: actors.propose_act("annul-withdrawal", later, **who))
    load_and_patrol(actors, later + timedelta(days=1), CITY_SHEETS)
    assert Case.objects.filter(state="yellow").count() == 1  # assessed anew, with new periods
    assert public_copy() == replayed(10**9)


def test_annulling_the_red_card_ends_its_withdrawal(actors: Actors) -> None:

    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    actors.act("annul", after_display, because="复议决定", signer="other-reviewer", case=case)
    assert Withdrawal.objects.get().ended == "annulled"
    assert standing_of(*ITEM, after_display).standing == "in-force"
    assert public_copy() == replayed(10**9)
    assert cards_and_notices() == {}


def test_a_lower_grade_obtained_in_its_window_is_an_item_in_force(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    day = after_display + timedelta(days=20)
    both = {
        "资质": [
            *CITY_SHEETS["资质"],
            item(
                许可机关="太原市行政审批服务管理局",
                资质证书号="D314000099",
                等级="二级",
                有效期起=day.isoformat(),
                有效期止="2031-01-01",
            ),
        ]
    }
    load_and_patrol(actors, day, both, people=3)
    assert standing_of(*ITEM, day).standing == "in-force"
    assert standing_of(*ITEM, after_display + timedelta(days=1)).standing == "withdrawn"
