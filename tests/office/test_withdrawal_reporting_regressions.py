"""Faults in reporting on withdrawals that an independent review found: names, records, notices."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actors import TAIYUAN, Actors, act_arguments, reload
from application_acts import actors_with_accounts
from builders import OWN
from qualwatch.cases.documents.attachments import attachment_for
from qualwatch.cases.models import (
    Attachment,
    Case,
    Document,
    Notice,
    Task,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.service.actions import void_document
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    answer_submission,
    submit_objection,
)
from qualwatch.journal.models import Entry
from qualwatch.oversight.circulars import not_carried_out
from qualwatch.oversight.figures import not_opened
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.service import CannotServe
from qualwatch.procedure.transitions import CannotStep
from register_files import ENTERPRISES, ITEMS, Rows
from register_office import RegisterOffice
from register_rows import item
from withdrawal_acts import (
    CITY_SHEETS,
    MINISTRY_ITEM,
    PROVINCE,
    RED_PERIOD_OVER,
    decide_list,
    display_list,
    firms,
    load_and_patrol,
    notify_intent,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
    scan,
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


def test_an_authority_is_not_named_for_an_act_that_was_impossible(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    end = date(2026, 9, 30)
    assert not_opened(end, TAIYUAN) == [case]
    assert not_opened(date(2026, 8, 21), TAIYUAN) == []  # its last day
    Case.objects.filter(pk=case.pk).update(
        application={"is_first": True, "requirements": [], "touched_by": [], "has_opinion": False}
    )
    assert not_opened(end, TAIYUAN) == []
    Case.objects.filter(pk=case.pk).update(application=None, last_result="cannot-say")
    assert not_opened(end, TAIYUAN) == []
    Case.objects.filter(pk=case.pk).update(last_result="short")
    batch = open_list(actors, [reload(case)])
    assert not_opened(end, TAIYUAN) == []
    # Of an earlier card
    Withdrawal.objects.update(
        opened_on=date(2026, 1, 5), ended="not-withdrawn", ended_on=date(2026, 2, 1)
    )
    assert not_opened(end, TAIYUAN) == [case]
    Withdrawal.objects.update(opened_on=RED_PERIOD_OVER, ended="", ended_on=None)
    WithdrawalList.objects.update(is_start_due_provisional=True)
    assert not_carried_out(Q3, batch.withdrawing_authority, actors.law, end) == []
    WithdrawalList.objects.update(is_start_due_provisional=False)
    assert len(not_carried_out(Q3, batch.withdrawing_authority, actors.law, end)) == 1


def test_starting_a_list_records_its_receipt(office: RegisterOffice) -> None:
    actors = Actors(office)
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    day = date(2026, 9, 4)
    withdrawals.start(members=open_members(batch), **act_arguments(actors, "approval-officer", day))
    batch.refresh_from_db()
    assert (batch.received_on, batch.start_due_on) == (day, date(2026, 9, 9))


def test_a_published_or_acted_on_document_is_not_voided(actors: Actors) -> None:
    _case, _batch, after_display = withdraw_item(actors)
    for kind, by in (
        ("display-notice", "approval-reviewer"),
        ("withdrawal-decision", "approval-reviewer"),
    ):
        with pytest.raises(CannotServe, match="不能作废"):
            void_document(
                document=Document.objects.get(kind=kind),
                because="写错",
                **act_arguments(actors, by, after_display),
            )


def test_the_withdrawal_of_a_moved_case_goes_to_the_bureau_of_its_new_city(actors: Actors) -> None:
    sheets = firms(2)
    cases = red_cases_past_period(actors, sheets)
    batch = open_list(actors, cases)
    day = RED_PERIOD_OVER + timedelta(days=1)
    rows = [list(row) for row in sheets["企业"]]
    rows[1][ENTERPRISES.index("注册地区划代码") if "注册地区划代码" in ENTERPRISES else 2] = (
        "140200"
    )
    changed_rows = [list(row) for row in sheets["资质"]]
    changed_rows[1][ITEMS.index("许可机关")] = "大同市行政审批服务管理局"
    load_and_patrol(actors, day, {**sheets, "企业": rows, "资质": changed_rows})
    moved = reload(cases[0])
    assert moved.licensing_authority == "city:140200"
    assert (
        Task.objects.get(case=moved, kind="start", completed_on=None).organisation
        == "city-140200-bureau"
    )
    assert Notice.objects.filter(kind="moved", organisation="city-140200-bureau").exists()
    result = withdrawals.start(
        members=open_members(batch), **act_arguments(actors, "approval-officer", day)
    )
    assert [row.case for row in result.succeeded] == [cases[1]]


def test_the_ministry_is_informed_when_an_item_is_not_to_be_withdrawn(actors: Actors) -> None:
    sheets = {"资质": MINISTRY_ITEM}
    (case,) = red_cases_past_period(actors, sheets)
    batch = open_list(actors, [case], who=PROVINCE)
    withdrawals.recheck_members(
        members=open_members(batch), **act_arguments(actors, "second-officer", RED_PERIOD_OVER)
    )
    withdrawals.report(
        batch=batch, because="已审定", **act_arguments(actors, "other-reviewer", RED_PERIOD_OVER)
    )
    withdrawals.not_withdraw(
        member=open_members(batch)[0],
        because="部里不予撤回",
        **act_arguments(actors, "third-reviewer", RED_PERIOD_OVER),
    )
    assert Document.objects.get(kind="recall-letter").addressee == "住房和城乡建设部"


def test_a_withdrawal_list_shows_a_red_card_annulled_before_the_decision(actors: Actors) -> None:
    notify_intent(actors)
    case = Case.objects.get(state="red")
    actors.act("annul", RED_PERIOD_OVER, because="复议决定", signer="third-reviewer", case=case)
    notice = Notice.objects.get(kind="withdrawal-ended", credit_code=OWN)
    assert notice.body.endswith("撤回程序终止：认定被撤销。")


def test_no_text_of_a_public_objection_is_in_the_journal(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    (row,) = open_members(batch)
    point = submit_objection(
        number=row.display_number,
        text="我叫赵某某，该公司无人",
        objector={"name": "赵某某", "address": "某路"},
        files=[scan("信.png", 201)],
        law=actors.law,
        at=actors.office.tick(after_display - timedelta(days=1)),
    )
    answer_submission(
        submission=point,
        text="赵某某所述已核查",
        **act_arguments(actors, "approval-officer", after_display),
    )
    assert "赵某某" not in repr(list(Entry.objects.values("basis", "details")))
    attachment = Attachment.objects.get(submission=point)
    assert attachment_for(actors.account("approval-officer"), attachment.pk)[0] == attachment
    for other in ("city-officer", "officer", "enterprise"):
        with pytest.raises(Attachment.DoesNotExist):
            attachment_for(
                actors.account(other) if other != "enterprise" else actors.accounts[other],
                attachment.pk,
            )
    with pytest.raises(CannotStep):
        answer_submission(
            submission=point,
            text="再答",
            **act_arguments(actors, "approval-officer", after_display),
        )


def test_the_last_outcome_of_a_list_is_the_bureaus_task_to_report(actors: Actors) -> None:
    _case, batch, after_display = withdraw_item(actors)
    task = Task.objects.get(kind="report-results", completed_on=None)
    assert task.organisation == batch.withdrawing_authority
    withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", after_display)
    )
    assert not Task.objects.filter(kind="report-results", completed_on=None).exists()


def test_an_officers_figures_stand_in_the_decision_whatever_the_registers_say(
    actors: Actors,
) -> None:
    load_and_patrol(actors, date(2026, 5, 20), CITY_SHEETS, people=3)
    case = actors.inspect(date(2026, 5, 20))
    actors.serve_order(case, date(2026, 5, 20))
    day = date(2026, 6, 24)
    load_and_patrol(actors, day, CITY_SHEETS, people=3)
    actors.recheck(case, day, "short", by="officer")
    batch = withdrawals.open_withdrawals(
        cases=[reload(case)], **act_arguments(actors, "second-officer", day)
    )
    letter = withdrawals.suggest(batch=batch, **act_arguments(actors, "city-reviewer", day))
    assert letter.organisation == TAIYUAN
    after_display = display_list(actors, batch, day)
    load_and_patrol(actors, after_display, CITY_SHEETS, people=3)
    actors.recheck(case, after_display, "short", by="officer")
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    (row,) = Document.objects.get(kind="withdrawal-decision").template_values["found"]
    assert row["registered"] == 3
    assert (row["required"], row["held"], row["shortfall"]) == (3, 1, 2)
    results = withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", after_display)
    )
    assert results.addressee == "太原市住房和城乡建设局"  # who wrote the letter that it answers
    assert set(Notice.objects.filter(document=results).values_list("organisation", flat=True)) == {
        "province",
        TAIYUAN,
    }
