"""Faults in withdrawals that an independent review found, each with the right result."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from actors import ITEM, Actors, act_arguments, reload
from application_acts import actors_with_accounts
from qualwatch.cases.models import Document, Service, Task, Withdrawal
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    HeldHearing,
    answer_submission,
    hold_hearing,
    lapse_hearing,
    request_hearing,
    submit_statement,
)
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.service import CannotServe
from qualwatch.publication.models import Announcement, RedCard
from qualwatch.publication.queries import public_copy, replayed, standing_of
from register_files import ITEMS, Rows
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
    firms,
    fix_hearing_for,
    load_and_patrol,
    notify_intent,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
    scan,
    two_red_cases,
    withdraw_item,
)

pytestmark = pytest.mark.django_db
Q3 = Quarter(2026, 3)
CITY_WITHDRAWN: dict[str, Rows] = {
    "资质": [
        ITEMS,
        item(
            许可机关="太原市行政审批服务管理局",
            资质证书号="D314000010",
            状态="撤回",
            状态日期="2026-08-25",
        ),
    ]
}


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    hearing_actors = actors_with_accounts(office)
    hearing_actors.accounts["enterprise"] = hearing_actors.enterprise_account()
    return hearing_actors


def test_an_annulment_removes_every_publication_and_ends_every_service(actors: Actors) -> None:
    case, _batch, after_display = withdraw_item(actors)
    decision = Document.objects.get(kind="withdrawal-decision")
    actors.fail_service(
        actors.start_service(decision, after_display, by="approval-officer"),
        after_display,
        "unknown",
        by="approval-officer",
    )
    actors.start_service(decision, after_display, method="public-notice", by="approval-officer")
    row = Withdrawal.objects.get()
    actors.act(
        "annul-withdrawal",
        after_display,
        because="判决",
        by="approval-officer",
        signer="approval-reviewer",
        withdrawal=row,
    )
    assert not Announcement.objects.filter(is_removed=False).exists()
    assert not Task.objects.filter(kind__in=("serve", "announce"), completed_on=None).exists()
    load_and_patrol(actors, after_display + timedelta(days=40), CITY_SHEETS)
    assert not Service.objects.filter(document=decision, proved_on__isnull=False).exists()
    with pytest.raises(CannotServe, match="已经终结"):
        actors.start_service(decision, after_display + timedelta(days=40), by="approval-officer")
    assert reload(case).closed_because == "withdrawal-annulled"
    assert RedCard.objects.get(number=case.card_number).because == "withdrawal-annulled"
    assert withdrawals.result_of(Withdrawal.objects.get()) == "撤回决定被撤销"
    assert public_copy() == replayed(10**9)


def test_an_announcement_of_a_withdrawal_is_removed_item_by_item(actors: Actors) -> None:
    sheets = firms(2)
    cases = red_cases_past_period(actors, sheets)
    batch = open_list(actors, cases)
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, sheets)
    review_list(actors, batch, after_display)
    result = decide_list(actors, batch, after_display)
    for document in Document.objects.filter(kind="withdrawal-decision"):
        actors.serve(document, after_display, by="approval-officer")
    withdrawals.finish(
        members=result.succeeded,
        because="收回证书",
        **act_arguments(actors, "approval-officer", after_display),
    )
    first, second = Withdrawal.objects.order_by("pk")
    actors.act(
        "annul-withdrawal",
        after_display,
        because="判决",
        by="approval-officer",
        signer="approval-reviewer",
        withdrawal=first,
    )
    public = Announcement.objects.filter(is_removed=False)
    assert {announcement.credit_code for announcement in public} == {second.credit_code}
    assert public.count() == 2  # the decision, and that it is finished


def test_a_register_that_changes_before_the_ministrys_letter_is_no_recall(actors: Actors) -> None:
    sheets = {"资质": MINISTRY_ITEM}
    (case,) = red_cases_past_period(actors, sheets)
    batch = open_list(actors, [case], who=PROVINCE)
    withdrawals.recheck_members(
        members=open_members(batch), **act_arguments(actors, "second-officer", RED_PERIOD_OVER)
    )
    withdrawals.report(
        batch=batch, because="已审定", **act_arguments(actors, "other-reviewer", RED_PERIOD_OVER)
    )
    withdrawals.start(
        members=open_members(batch),
        because="已受理",
        **act_arguments(actors, "second-officer", RED_PERIOD_OVER),
    )
    deregistered = {
        "资质": [
            ITEMS,
            item(
                许可机关="住房和城乡建设部",
                资质证书号="D114000010",
                状态="撤回",
                状态日期="2026-08-25",
            ),
        ]
    }
    day = RED_PERIOD_OVER + timedelta(days=2)
    load_and_patrol(actors, day, deregistered)
    assert reload(case).closed_because == "withdrawn"
    assert not Document.objects.filter(kind="recall-letter").exists()
    row = Withdrawal.objects.get()
    assert (row.ended, row.stage) == ("", "started")
    assert Task.objects.get(kind="decide", completed_on=None).detail == str(row.pk)
    withdrawals.record_ministry_decision(
        members=[row],
        number="建市〔2026〕9号",
        because="复核日仍缺一名注册建造师",
        files=[scan()],
        **act_arguments(actors, "fourth-reviewer", day),
    )
    assert Withdrawal.objects.get().outcome == "withdrawn"
    assert reload(case).closed_because == "withdrawn"


def test_a_register_that_changes_before_the_bureaus_decision_is_no_recall(actors: Actors) -> None:
    notify_intent(actors)
    load_and_patrol(actors, RED_PERIOD_OVER + timedelta(days=2), CITY_WITHDRAWN)
    row = Withdrawal.objects.get()
    assert (row.ended, row.decided_on) == ("withdrawn", None)
    assert not Document.objects.filter(kind="recall-letter").exists()


def test_a_hearing_can_be_fixed_late_with_reasons(actors: Actors) -> None:
    row = notify_intent(actors)
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", RED_PERIOD_OVER))
    late = date(2026, 9, 18)
    assert_refused(
        "hearing-in-limits", lambda: fix_hearing_for(actors, row, late, date(2026, 9, 30))
    )
    fix_hearing_for(actors, row, late, date(2026, 9, 30), "场地原因，已与企业说明")
    other = date(2026, 9, 28)
    lapse_hearing(
        withdrawal=row,
        state="retracted",
        because="企业书面撤回",
        files=[scan()],
        **act_arguments(actors, "approval-officer", other),
    )


def test_a_hearing_may_be_requested_before_the_receipt_is_on_record(actors: Actors) -> None:
    row = notify_intent(actors, served=False)
    sent = actors.start_service(row.documents.get(), RED_PERIOD_OVER, by="approval-officer")
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", date(2026, 8, 27)))
    actors.prove_service(sent, date(2026, 9, 2), by="approval-officer", proved_on=date(2026, 8, 25))
    row.refresh_from_db()
    assert (row.stage, row.hearing) == ("notified", "asked")


def test_the_receipt_of_an_old_notice_proves_no_new_hearing(actors: Actors) -> None:
    row = notify_intent(actors)
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", RED_PERIOD_OVER))
    first = fix_hearing_for(actors, row, RED_PERIOD_OVER, date(2026, 9, 4))
    sent = actors.start_service(first.notice, RED_PERIOD_OVER, by="approval-officer")
    second = fix_hearing_for(actors, row, date(2026, 8, 25), date(2026, 9, 18), "主持人出差")
    with pytest.raises(CannotServe, match="作废"):
        actors.prove_service(sent, date(2026, 8, 26), by="approval-officer")
    row.refresh_from_db()
    assert row.hearing_notified_on is None
    held = HeldHearing("甲公司", ["经过"], [])
    arguments: dict[str, Any] = {
        "by": actors.account("approval-officer"),
        "law": actors.law,
        "at": datetime(2026, 9, 18, 15, tzinfo=BEIJING),
    }
    assert_refused(
        "hearing-notified",
        lambda: hold_hearing(hearing=second, held=held, files=[scan()], **arguments),
    )


def test_a_party_notified_the_day_before_does_not_count_as_absent(actors: Actors) -> None:
    row = notify_intent(actors)
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", RED_PERIOD_OVER))
    hearing = fix_hearing_for(actors, row, RED_PERIOD_OVER, date(2026, 9, 8))
    actors.serve(hearing.notice, date(2026, 9, 7), by="approval-officer")
    assert_refused(
        "notified-if-absent",
        lambda: lapse_hearing(
            withdrawal=row,
            state="absent",
            because="未到场",
            files=[scan()],
            **act_arguments(actors, "approval-officer", date(2026, 9, 8)),
        ),
    )


def test_a_withdrawal_taken_over_by_another_red_card_begins_with_a_new_notice(
    actors: Actors,
) -> None:
    """F21: the system's card clears by itself, the officer's, rechecked after its period, carries on."""
    case, other, batch = two_red_cases(actors)
    day = date(2026, 9, 25)
    actors.recheck(other, day)
    load_and_patrol(actors, day, {"资质": [ITEMS, item()]}, people=3)
    row = Withdrawal.objects.get()
    assert reload(case).closed_because == "recovered"
    assert (row.case, row.ended, row.stage) == (other, "", "started")
    assert (row.notice_served_on, row.display_until, row.figures, row.hearing) == (
        None,
        None,
        {},
        "none",
    )
    assert not Announcement.objects.filter(kind="display", is_removed=False).exists()
    assert Task.objects.get(kind="notify", completed_on=None).case == other
    assert standing_of(*ITEM, day).standing == "red"
    (letter,) = withdrawals.announce_intent(
        members=open_members(batch), **act_arguments(actors, "second-officer", day)
    )
    assert letter.template_values["card"] == other.card_number
    actors.serve(letter, day, by="second-officer")
    assert open_members(batch)[0].stage == "notified"


def test_a_withdrawal_is_recalled_where_the_other_red_card_is_not_ripe(actors: Actors) -> None:
    """Clarified 1: nothing is announced on a card whose period runs, or that nobody rechecked."""
    case, other, _batch = two_red_cases(actors)
    day = date(2026, 9, 25)
    load_and_patrol(actors, day, {"资质": [ITEMS, item()]}, people=3)
    row = Withdrawal.objects.get()
    assert reload(case).closed_because == "recovered"
    assert (row.case, row.ended) == (case, "recalled")
    assert withdrawals.result_of(row).startswith("所依据的不达标情形已消除")
    assert not Announcement.objects.filter(kind="display", is_removed=False).exists()
    assert not Document.objects.filter(case=other, kind="intended-withdrawal").exists()
    assert standing_of(*ITEM, day).standing == "red"
    actors.recheck(other, day)
    open_list(actors, [reload(other)], day, PROVINCE)
    assert Withdrawal.objects.get(ended="").case == other


def test_a_city_list_is_recalled_by_letter_where_the_other_red_card_is_not_ripe(
    actors: Actors,
) -> None:
    """Clarified 1: the bureau that was asked to withdraw is told so by letter."""
    (case,) = red_cases_past_period(actors)
    open_list(actors, [case])
    actors.inspect(RED_PERIOD_OVER, by="city-officer")
    load_and_patrol(actors, RED_PERIOD_OVER + timedelta(days=1), CITY_SHEETS, people=3)
    assert Withdrawal.objects.get().ended == "recalled"
    assert Document.objects.filter(kind="recall-letter").count() == 1


def test_a_review_hands_the_withdrawal_over_too(actors: Actors) -> None:
    sheets = {"资质": [ITEMS, item()]}
    (case,) = red_cases_past_period(actors, sheets)
    other = actors.inspect(RED_PERIOD_OVER, by="officer")
    actors.serve_order(other, RED_PERIOD_OVER)
    after_display = date(2026, 9, 25)
    load_and_patrol(actors, after_display, sheets)
    actors.recheck(other, after_display, "short", by="officer")
    open_list(actors, [reload(other)], after_display, PROVINCE)
    actors.recheck(other, after_display, "recovered", by="officer")
    actors.act("review", after_display, because="复查达标", signer="third-reviewer", case=other)
    row = Withdrawal.objects.get()
    assert (row.ended, row.case) == ("", case)
    assert not Document.objects.filter(kind="recall-letter").exists()


def test_one_item_has_one_withdrawal_whatever_its_cards(actors: Actors) -> None:
    _case, other, _batch = two_red_cases(actors)
    day = date(2026, 9, 25)
    load_and_patrol(actors, day, {"资质": [ITEMS, item()]})
    assert not Task.objects.filter(kind="withdraw", completed_on=None).exists()
    actors.recheck(other, day, "short", by="officer")
    assert_refused(
        "no-withdrawal",
        lambda: withdrawals.open_withdrawals(
            cases=[reload(other)], **act_arguments(actors, "second-officer", day)
        ),
    )


def test_a_lower_grade_under_the_same_number_is_in_force(actors: Actors) -> None:
    _case, _batch, after_display = withdraw_item(actors)
    day = after_display + timedelta(days=20)
    granted = item(
        许可机关="太原市行政审批服务管理局",
        资质证书号="D314000010",
        等级="二级",
        有效期起=day.isoformat(),
        有效期止="2031-01-01",
    )
    load_and_patrol(actors, day, {"资质": [ITEMS, granted]}, people=3)
    assert standing_of(*ITEM, day).standing == "in-force"


def test_a_renewal_that_begins_later_is_withdrawn_with_the_item(actors: Actors) -> None:
    renewed = {
        "资质": [
            *CITY_SHEETS["资质"],
            item(
                许可机关="太原市行政审批服务管理局",
                资质证书号="D314000011",
                有效期起="2026-12-01",
                有效期止="2031-12-01",
            ),
        ]
    }
    (case,) = red_cases_past_period(actors, renewed)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, renewed)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    day = date(2026, 12, 2)
    load_and_patrol(actors, day, renewed)
    assert standing_of(*ITEM, day).standing == "withdrawn"


@pytest.mark.parametrize("origin", ["system", "officer"])
def test_an_item_that_is_not_withdrawn_waits_for_its_review(actors: Actors, origin: str) -> None:
    sheets = {"资质": [ITEMS, item()]}
    (case,) = red_cases_past_period(actors, sheets)
    day = RED_PERIOD_OVER
    if origin == "officer":
        case = actors.inspect(RED_PERIOD_OVER)
        actors.serve_order(case, RED_PERIOD_OVER)
        day = date(2026, 9, 25)
        load_and_patrol(actors, day, sheets)
        actors.recheck(case, day, "short", by="officer")
    batch = open_list(actors, [reload(case)], day, PROVINCE)
    announce_intent(actors, batch, day, PROVINCE)
    submit_statement(
        withdrawal=open_members(batch)[0],
        text="重组",
        files=[],
        **act_arguments(actors, "enterprise", day),
    )
    withdrawals.not_withdraw(
        member=open_members(batch)[0],
        because="重组在即",
        **act_arguments(actors, "third-reviewer", day),
    )
    letter = Document.objects.get(kind="intended-withdrawal")
    left = Task.objects.filter(case=case, completed_on=None)
    assert not left.filter(kind__in=("answer", "hearing")).exists()
    assert not left.filter(kind="serve", detail__startswith=letter.number).exists()
    assert_refused(
        "no-review",
        lambda: withdrawals.open_withdrawals(
            cases=[reload(case)], **act_arguments(actors, "second-officer", day)
        ),
    )
    for more in (1, 2):
        load_and_patrol(actors, day + timedelta(days=more), sheets)
        assert reload(case).needs_review
        assert not Task.objects.filter(case=case, kind="withdraw", completed_on=None).exists()
    assert Task.objects.filter(case=case, kind="review", completed_on=None).exists()


def test_nobody_signs_reviews_or_chairs_a_case_that_he_has_handled(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    officer = actors.account("city-officer")
    from qualwatch.accounts.actions import change_roles

    change_roles(
        account=officer, give=["city-reviewer"], by="admin", at=actors.office.tick(RED_PERIOD_OVER)
    )
    batch = withdrawals.open_withdrawals(
        cases=[case], **act_arguments(actors, "city-officer", RED_PERIOD_OVER)
    )
    assert_refused(
        "other-person",
        lambda: withdrawals.suggest(
            batch=batch, **act_arguments(actors, "city-officer", RED_PERIOD_OVER)
        ),
    )
    withdrawals.suggest(batch=batch, **act_arguments(actors, "city-reviewer", RED_PERIOD_OVER))
    withdrawals.start(
        members=open_members(batch), **act_arguments(actors, "approval-officer", RED_PERIOD_OVER)
    )
    withdrawals.announce_intent(
        members=open_members(batch),
        **act_arguments(actors, "approval-second-officer", RED_PERIOD_OVER),
    )
    row = open_members(batch)[0]
    assert row.handled_by == ["approval-officer", "approval-second-officer"]
    handled = act_arguments(actors, "approval-second-officer", RED_PERIOD_OVER)
    assert_refused(
        "members", lambda: withdrawals.review_law(members=[row], opinion="合法", **handled)
    )
    point = submit_statement(
        withdrawal=row,
        text="在办",
        files=[],
        **act_arguments(actors, "enterprise", RED_PERIOD_OVER),
    )
    answer_submission(
        submission=point,
        text="未完成",
        **act_arguments(actors, "approval-second-officer", RED_PERIOD_OVER),
    )
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", RED_PERIOD_OVER))
    assert_refused(
        "chair", lambda: fix_hearing_for(actors, row, RED_PERIOD_OVER, date(2026, 9, 18))
    )
