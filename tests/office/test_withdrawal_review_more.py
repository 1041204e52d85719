"""What an independent review found around withdrawals: who is named, what is kept, who is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from applying import capability_required
from builders import OWN
from bureau import TAIYUAN, Bureau, fresh
from files import ENTERPRISES, ITEMS, Rows
from office import Office
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
from qualwatch.cases.service.actions import void
from qualwatch.cases.warnings.supervise import annul, recheck
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    answer,
    object_publicly,
)
from qualwatch.journal.models import Entry
from qualwatch.oversight.circulars import not_carried_out
from qualwatch.oversight.figures import not_opened
from qualwatch.oversight.quarters import Quarter
from qualwatch.procedure.service import CannotServe
from qualwatch.procedure.transitions import CannotStep
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
    members,
    morning,
    notified,
    opened,
    red_and_over,
    reviewed,
    scan,
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


def test_an_authority_is_not_named_for_what_it_could_not_do(bureau: Bureau) -> None:
    (case,) = red_and_over(bureau, CITY_SHEETS)
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
    batch = opened(bureau, [fresh(case)])
    assert not_opened(end, TAIYUAN) == []
    Withdrawal.objects.update(
        opened_on=date(2026, 1, 5), ended="not-withdrawn", ended_on=date(2026, 2, 1)
    )  # of an earlier card
    assert not_opened(end, TAIYUAN) == [case]
    Withdrawal.objects.update(opened_on=RED_OVER, ended="", ended_on=None)
    WithdrawalList.objects.update(is_start_due_provisional=True)
    assert not_carried_out(Q3, batch.withdrawing_authority, bureau.law, end) == []
    WithdrawalList.objects.update(is_start_due_provisional=False)
    assert len(not_carried_out(Q3, batch.withdrawing_authority, bureau.law, end)) == 1


def test_what_is_started_was_received(office: Office) -> None:
    bureau = Bureau(office)
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    day = date(2026, 9, 4)
    withdrawals.start(members=members(batch), **acts(bureau, "approval-officer", day))
    batch.refresh_from_db()
    assert (batch.received_on, batch.start_due_on) == (day, date(2026, 9, 9))


def test_what_was_published_or_acted_on_is_not_taken_back(bureau: Bureau) -> None:
    _case, _batch, over = withdrawn(bureau)
    for kind, by in (
        ("display-notice", "approval-reviewer"),
        ("withdrawal-decision", "approval-reviewer"),
    ):
        with pytest.raises(CannotServe, match="不能作废"):
            void(document=Document.objects.get(kind=kind), because="写错", **acts(bureau, by, over))


def test_a_moved_case_takes_its_steps_to_the_bureau_of_its_new_city(bureau: Bureau) -> None:
    sheets = firms(2)
    cases = red_and_over(bureau, sheets)
    batch = opened(bureau, cases)
    day = RED_OVER + timedelta(days=1)
    rows = [list(row) for row in sheets["企业"]]
    rows[1][ENTERPRISES.index("注册地区划代码") if "注册地区划代码" in ENTERPRISES else 2] = (
        "140200"
    )
    theirs = [list(row) for row in sheets["资质"]]
    theirs[1][ITEMS.index("许可机关")] = "大同市行政审批服务管理局"
    morning(bureau, day, {**sheets, "企业": rows, "资质": theirs})
    moved = fresh(cases[0])
    assert moved.licensing_authority == "city:140200"
    assert (
        Task.objects.get(case=moved, kind="start", completed_on=None).organisation
        == "city-140200-bureau"
    )
    assert Notice.objects.filter(kind="moved", organisation="city-140200-bureau").exists()
    result = withdrawals.start(members=members(batch), **acts(bureau, "approval-officer", day))
    assert [row.case for row in result.done] == [cases[1]]


def test_the_ministry_is_told_of_what_is_not_to_be_withdrawn(bureau: Bureau) -> None:
    sheets = {"资质": MINISTRY_ITEM}
    (case,) = red_and_over(bureau, sheets)
    batch = opened(bureau, [case], who=PROVINCE)
    withdrawals.recheck_members(members=members(batch), **acts(bureau, "second-officer", RED_OVER))
    withdrawals.report(batch=batch, because="已审定", **acts(bureau, "other-reviewer", RED_OVER))
    withdrawals.not_withdraw(
        member=members(batch)[0], because="部里不予撤回", **acts(bureau, "third-reviewer", RED_OVER)
    )
    assert Document.objects.get(kind="recall-letter").addressee == "住房和城乡建设部"


def test_a_red_card_annulled_before_the_decision_says_so(bureau: Bureau) -> None:
    notified(bureau)
    case = Case.objects.get(state="red")
    annul(
        case=case,
        because="复议决定",
        document="复议决定书",
        **acts(bureau, "third-reviewer", RED_OVER),
    )
    notice = Notice.objects.get(kind="withdrawal-ended", credit_code=OWN)
    assert notice.body.endswith("撤回程序终止：认定被撤销。")


def test_nothing_of_what_the_public_says_stands_in_the_journal(bureau: Bureau) -> None:
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    over = displayed(bureau, batch)
    (row,) = members(batch)
    point = object_publicly(
        number=row.display_number,
        text="我叫赵某某，该公司无人",
        who={"name": "赵某某", "address": "某路"},
        files=[scan("信.png", 201)],
        law=bureau.law,
        at=bureau.office.tick(over - timedelta(days=1)),
    )
    answer(point=point, text="赵某某所述已核查", **acts(bureau, "approval-officer", over))
    assert "赵某某" not in repr(list(Entry.objects.values("basis", "details")))
    attachment = Attachment.objects.get(point=point)
    assert attachment_for(bureau.who("approval-officer"), attachment.pk)[0] == attachment
    for other in ("city-officer", "officer", "enterprise"):
        with pytest.raises(Attachment.DoesNotExist):
            attachment_for(
                bureau.who(other) if other != "enterprise" else bureau.accounts[other],
                attachment.pk,
            )
    with pytest.raises(CannotStep):
        answer(point=point, text="再答", **acts(bureau, "approval-officer", over))


def test_the_last_outcome_of_a_list_is_the_bureaus_task_to_report(bureau: Bureau) -> None:
    _case, batch, over = withdrawn(bureau)
    task = Task.objects.get(kind="report-results", completed_on=None)
    assert task.organisation == batch.withdrawing_authority
    withdrawals.report_results(batch=batch, **acts(bureau, "approval-reviewer", over))
    assert not Task.objects.filter(kind="report-results", completed_on=None).exists()


def test_an_officers_figures_stand_in_the_decision_whatever_the_registers_say(
    bureau: Bureau,
) -> None:
    morning(bureau, date(2026, 5, 20), CITY_SHEETS, people=3)
    case = bureau.inspect(date(2026, 5, 20))
    bureau.serve_order(case, date(2026, 5, 20))
    day = date(2026, 6, 24)
    morning(bureau, day, CITY_SHEETS, people=3)
    recheck(
        case=fresh(case),
        outcome="short",
        because="仍只有一人",
        evidence=["照片"],
        **acts(bureau, "officer", day),
    )
    batch = withdrawals.open_withdrawals(cases=[fresh(case)], **acts(bureau, "second-officer", day))
    letter = withdrawals.suggest(batch=batch, **acts(bureau, "other-reviewer", day))
    assert letter.organisation == "province"  # in the city's stead
    over = displayed(bureau, batch, day)
    morning(bureau, over, CITY_SHEETS, people=3)
    recheck(
        case=fresh(case),
        outcome="short",
        because="仍只有一人",
        evidence=["照片"],
        **acts(bureau, "officer", over),
    )
    reviewed(bureau, batch, over)
    decided(bureau, batch, over)
    (row,) = Document.objects.get(kind="withdrawal-decision").template_values["requirements"]
    assert (row["required"], row["held"], row["shortfall"]) == (3, 1, 2)
    results = withdrawals.report_results(batch=batch, **acts(bureau, "approval-reviewer", over))
    assert results.addressee == "山西省住房和城乡建设厅"  # who wrote the letter that it answers
    assert set(Notice.objects.filter(document=results).values_list("organisation", flat=True)) == {
        "province",
        TAIYUAN,
    }
