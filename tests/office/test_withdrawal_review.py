"""What an independent review found in withdrawals; each with the right value."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from applying import capability_required
from bureau import ITEM, Bureau, fresh
from files import ITEMS, Rows
from office import Office
from qualwatch.cases.models import Document, Service, Task, Withdrawal
from qualwatch.cases.warnings.supervise import recheck, review
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    Held,
    answer,
    ask_hearing,
    hearing_lapses,
    hold_hearing,
    make_statement,
)
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.service import CannotServe
from qualwatch.publication.models import Announcement, RedCard
from qualwatch.publication.queries import public_copy, replayed, standing_of
from registers import item
from withdrawing import (
    CITY_SHEETS,
    MINISTRY_ITEM,
    PROVINCE,
    RED_OVER,
    acts,
    decided,
    displayed,
    firms,
    fixed,
    members,
    morning,
    notified,
    opened,
    red_and_over,
    refused,
    reviewed,
    scan,
    told_of_intent,
    two_reds,
    withdrawn,
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
def bureau(office: Office) -> Bureau:
    made = capability_required(office)
    made.accounts["enterprise"] = made.enterprise()
    return made


def test_an_annulment_takes_everything_down_and_nothing_of_it_is_served(bureau: Bureau) -> None:
    case, _batch, over = withdrawn(bureau)
    decision = Document.objects.get(kind="withdrawal-decision")
    bureau.failed(
        bureau.sent(decision, over, by="approval-officer"), over, "unknown", by="approval-officer"
    )
    bureau.sent(decision, over, method="public-notice", by="approval-officer")
    row = Withdrawal.objects.get()
    withdrawals.annul_withdrawal(
        member=row, because="判决", files=[scan()], **acts(bureau, "approval-reviewer", over)
    )
    assert not Announcement.objects.filter(is_removed=False).exists()
    assert not Task.objects.filter(kind__in=("serve", "announce"), completed_on=None).exists()
    morning(bureau, over + timedelta(days=40), CITY_SHEETS)
    assert not Service.objects.filter(document=decision, proved_on__isnull=False).exists()
    with pytest.raises(CannotServe, match="已经终结"):
        bureau.sent(decision, over + timedelta(days=40), by="approval-officer")
    assert fresh(case).closed_because == "withdrawal-annulled"
    assert RedCard.objects.get(number=case.card_number).because == "withdrawal-annulled"
    assert withdrawals.result_of(Withdrawal.objects.get()) == "撤回决定被撤销"
    assert public_copy() == replayed(10**9)


def test_an_announced_withdrawal_is_taken_down_item_by_item(bureau: Bureau) -> None:
    sheets = firms(2)
    cases = red_and_over(bureau, sheets)
    batch = opened(bureau, cases)
    over = displayed(bureau, batch)
    morning(bureau, over, sheets)
    reviewed(bureau, batch, over)
    result = decided(bureau, batch, over)
    for document in Document.objects.filter(kind="withdrawal-decision"):
        bureau.served(document, over, by="approval-officer")
    withdrawals.finish(
        members=result.done, because="收回证书", **acts(bureau, "approval-officer", over)
    )
    first, second = Withdrawal.objects.order_by("pk")
    withdrawals.annul_withdrawal(
        member=first, because="判决", files=[scan()], **acts(bureau, "approval-reviewer", over)
    )
    public = Announcement.objects.filter(is_removed=False)
    assert {announcement.credit_code for announcement in public} == {second.credit_code}
    assert public.count() == 2  # the decision, and that it is finished


def test_a_register_that_is_faster_than_the_ministrys_letter_is_no_recall(bureau: Bureau) -> None:
    sheets = {"资质": MINISTRY_ITEM}
    (case,) = red_and_over(bureau, sheets)
    batch = opened(bureau, [case], who=PROVINCE)
    withdrawals.recheck_members(members=members(batch), **acts(bureau, "second-officer", RED_OVER))
    withdrawals.report(batch=batch, because="已审定", **acts(bureau, "other-reviewer", RED_OVER))
    withdrawals.start(
        members=members(batch), because="已受理", **acts(bureau, "second-officer", RED_OVER)
    )
    gone = {
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
    day = RED_OVER + timedelta(days=2)
    morning(bureau, day, gone)
    assert fresh(case).closed_because == "withdrawn"
    assert not Document.objects.filter(kind="recall-letter").exists()
    row = Withdrawal.objects.get()
    assert (row.ended, row.stage) == ("", "started")
    assert Task.objects.get(kind="decide", completed_on=None).detail == str(row.pk)
    withdrawals.record_ministry_decision(
        members=[row],
        number="建市〔2026〕9号",
        because="不达标",
        files=[scan()],
        **acts(bureau, "fourth-reviewer", day),
    )
    assert Withdrawal.objects.get().outcome == "withdrawn"
    assert fresh(case).closed_because == "withdrawn"


def test_a_register_that_is_faster_than_the_bureau_is_no_recall(bureau: Bureau) -> None:
    notified(bureau)
    morning(bureau, RED_OVER + timedelta(days=2), CITY_WITHDRAWN)
    row = Withdrawal.objects.get()
    assert (row.ended, row.decided_on) == ("withdrawn", None)
    assert not Document.objects.filter(kind="recall-letter").exists()


def test_a_hearing_can_be_fixed_late_with_reasons(bureau: Bureau) -> None:
    row = notified(bureau)
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", RED_OVER))
    late = date(2026, 9, 18)
    refused("hearing-in-limits", lambda: fixed(bureau, row, late, date(2026, 9, 30)))
    fixed(bureau, row, late, date(2026, 9, 30), "场地原因，已与企业说明")
    other = date(2026, 9, 28)
    hearing_lapses(
        withdrawal=row,
        state="retracted",
        because="企业书面撤回",
        files=[scan()],
        **acts(bureau, "approval-officer", other),
    )


def test_a_hearing_may_be_asked_for_before_the_receipt_is_on_record(bureau: Bureau) -> None:
    row = notified(bureau, served=False)
    sent = bureau.sent(row.documents.get(), RED_OVER, by="approval-officer")
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", date(2026, 8, 27)))
    bureau.proved(sent, date(2026, 9, 2), by="approval-officer", proved_on=date(2026, 8, 25))
    row.refresh_from_db()
    assert (row.stage, row.hearing) == ("notified", "asked")


def test_the_receipt_of_an_old_notice_proves_no_new_hearing(bureau: Bureau) -> None:
    row = notified(bureau)
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", RED_OVER))
    first = fixed(bureau, row, RED_OVER, date(2026, 9, 4))
    sent = bureau.sent(first.notice, RED_OVER, by="approval-officer")
    second = fixed(bureau, row, date(2026, 8, 25), date(2026, 9, 18), "主持人出差")
    with pytest.raises(CannotServe, match="作废"):
        bureau.proved(sent, date(2026, 8, 26), by="approval-officer")
    row.refresh_from_db()
    assert row.hearing_notified_on is None
    held = Held("甲公司", ["经过"], [])
    on = {
        "by": bureau.who("approval-officer"),
        "law": bureau.law,
        "at": datetime(2026, 9, 18, 15, tzinfo=BEIJING),
    }
    refused("hearing-told", lambda: hold_hearing(hearing=second, held=held, files=[scan()], **on))  # type: ignore[arg-type]  # who, law, when


def test_nobody_is_absent_who_was_told_the_day_before(bureau: Bureau) -> None:
    row = notified(bureau)
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", RED_OVER))
    made = fixed(bureau, row, RED_OVER, date(2026, 9, 8))
    bureau.served(made.notice, date(2026, 9, 7), by="approval-officer")
    refused(
        "told-if-absent",
        lambda: hearing_lapses(
            withdrawal=row,
            state="absent",
            because="未到场",
            files=[scan()],
            **acts(bureau, "approval-officer", date(2026, 9, 8)),
        ),
    )


def test_another_red_card_that_takes_a_withdrawal_over_begins_with_its_own_notice(
    bureau: Bureau,
) -> None:
    """F21: the system's card clears by itself, the officer's carries on."""
    case, other, batch = two_reds(bureau)
    day = date(2026, 9, 25)
    morning(bureau, day, {"资质": [ITEMS, item()]}, people=3)
    row = Withdrawal.objects.get()
    assert fresh(case).closed_because == "recovered"
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
        members=members(batch), **acts(bureau, "second-officer", day)
    )
    assert letter.template_values["card"] == other.card_number
    bureau.served(letter, day, by="second-officer")
    assert members(batch)[0].stage == "notified"


def test_a_review_hands_the_withdrawal_over_too(bureau: Bureau) -> None:
    sheets = {"资质": [ITEMS, item()]}
    (case,) = red_and_over(bureau, sheets)
    other = bureau.inspect(RED_OVER, by="officer")
    bureau.serve_order(other, RED_OVER)
    over = date(2026, 9, 25)
    morning(bureau, over, sheets)
    recheck(
        case=fresh(other),
        outcome="short",
        because="仍只有一人",
        evidence=["照片"],
        **acts(bureau, "officer", over),
    )
    opened(bureau, [fresh(other)], over, PROVINCE)
    recheck(
        case=fresh(other),
        outcome="recovered",
        because="已补齐",
        evidence=["照片"],
        **acts(bureau, "officer", over),
    )
    review(case=fresh(other), because="复查达标", **acts(bureau, "third-reviewer", over))
    row = Withdrawal.objects.get()
    assert (row.ended, row.case) == ("", case)
    assert not Document.objects.filter(kind="recall-letter").exists()


def test_one_item_has_one_withdrawal_whatever_its_cards(bureau: Bureau) -> None:
    _case, other, _batch = two_reds(bureau)
    day = date(2026, 9, 25)
    morning(bureau, day, {"资质": [ITEMS, item()]})
    assert not Task.objects.filter(kind="withdraw", completed_on=None).exists()
    recheck(
        case=fresh(other),
        outcome="short",
        because="仍不足",
        evidence=["照片"],
        **acts(bureau, "officer", day),
    )
    refused(
        "no-withdrawal",
        lambda: withdrawals.open_withdrawals(
            cases=[fresh(other)], **acts(bureau, "second-officer", day)
        ),
    )


def test_a_lower_grade_under_the_same_number_is_in_force(bureau: Bureau) -> None:
    _case, _batch, over = withdrawn(bureau)
    day = over + timedelta(days=20)
    granted = item(
        许可机关="太原市行政审批服务管理局",
        资质证书号="D314000010",
        等级="二级",
        有效期起=day.isoformat(),
        有效期止="2031-01-01",
    )
    morning(bureau, day, {"资质": [ITEMS, granted]}, people=3)
    assert standing_of(*ITEM, day).standing == "in-force"


def test_a_renewal_that_begins_later_is_withdrawn_with_the_item(bureau: Bureau) -> None:
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
    (case,) = red_and_over(bureau, renewed)
    batch = opened(bureau, [case])
    over = displayed(bureau, batch)
    morning(bureau, over, renewed)
    reviewed(bureau, batch, over)
    decided(bureau, batch, over)
    day = date(2026, 12, 2)
    morning(bureau, day, renewed)
    assert standing_of(*ITEM, day).standing == "withdrawn"


@pytest.mark.parametrize("origin", ["system", "officer"])
def test_what_is_not_withdrawn_waits_for_its_review(bureau: Bureau, origin: str) -> None:
    sheets = {"资质": [ITEMS, item()]}
    (case,) = red_and_over(bureau, sheets)
    day = RED_OVER
    if origin == "officer":
        case = bureau.inspect(RED_OVER)
        bureau.serve_order(case, RED_OVER)
        day = date(2026, 9, 25)
        morning(bureau, day, sheets)
        recheck(
            case=fresh(case),
            outcome="short",
            because="仍不足",
            evidence=["照片"],
            **acts(bureau, "officer", day),
        )
    batch = opened(bureau, [fresh(case)], day, PROVINCE)
    told_of_intent(bureau, batch, day, PROVINCE)
    make_statement(
        withdrawal=members(batch)[0], text="重组", files=[], **acts(bureau, "enterprise", day)
    )
    withdrawals.not_withdraw(
        member=members(batch)[0], because="重组在即", **acts(bureau, "third-reviewer", day)
    )
    letter = Document.objects.get(kind="intended-withdrawal")
    left = Task.objects.filter(case=case, completed_on=None)
    assert not left.filter(kind__in=("answer", "hearing")).exists()
    assert not left.filter(kind="serve", detail__startswith=letter.number).exists()
    refused(
        "no-review",
        lambda: withdrawals.open_withdrawals(
            cases=[fresh(case)], **acts(bureau, "second-officer", day)
        ),
    )
    for more in (1, 2):
        morning(bureau, day + timedelta(days=more), sheets)
        assert fresh(case).needs_review
        assert not Task.objects.filter(case=case, kind="withdraw", completed_on=None).exists()
    assert Task.objects.filter(case=case, kind="review", completed_on=None).exists()


def test_nobody_signs_reviews_or_chairs_what_he_has_handled(bureau: Bureau) -> None:
    (case,) = red_and_over(bureau, CITY_SHEETS)
    both = bureau.who("city-officer")
    from qualwatch.accounts.actions import change_roles

    change_roles(account=both, give=["city-reviewer"], by="admin", at=bureau.office.tick(RED_OVER))
    batch = withdrawals.open_withdrawals(cases=[case], **acts(bureau, "city-officer", RED_OVER))
    refused(
        "other-person",
        lambda: withdrawals.suggest(batch=batch, **acts(bureau, "city-officer", RED_OVER)),
    )
    withdrawals.suggest(batch=batch, **acts(bureau, "city-reviewer", RED_OVER))
    withdrawals.start(members=members(batch), **acts(bureau, "approval-officer", RED_OVER))
    withdrawals.announce_intent(
        members=members(batch), **acts(bureau, "approval-second-officer", RED_OVER)
    )
    row = members(batch)[0]
    assert row.handled_by == ["approval-officer", "approval-second-officer"]
    handled = acts(bureau, "approval-second-officer", RED_OVER)
    refused("members", lambda: withdrawals.review_law(members=[row], opinion="合法", **handled))
    point = make_statement(
        withdrawal=row, text="在办", files=[], **acts(bureau, "enterprise", RED_OVER)
    )
    answer(point=point, text="未完成", **acts(bureau, "approval-second-officer", RED_OVER))
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", RED_OVER))
    refused("chair", lambda: fixed(bureau, row, RED_OVER, date(2026, 9, 18)))
