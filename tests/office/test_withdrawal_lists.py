"""Lists of items that go through together: members drop out one by one, and the outcomes always add up (F19)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from applying import capability_required
from bureau import Bureau, fresh
from files import ITEMS
from office import Office
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Document, Service, Submission, Withdrawal, WithdrawalList
from qualwatch.cases.queries import outcomes_of
from qualwatch.cases.warnings.supervise import end
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import answer, make_statement
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import public_copy, replayed, standing_of
from withdrawing import (
    PROVINCE,
    RED_OVER,
    acts,
    decided,
    firms,
    members,
    morning,
    opened,
    red_and_over,
    reviewed,
    scan,
    told_of_intent,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return capability_required(office)


def served(bureau: Bureau, letters: list[Document], until: int) -> date:
    """The first ones are handed over; of the others nobody knows where they are: a public notice, and its day."""
    day = RED_OVER + timedelta(days=1)
    for letter in letters[:until]:
        bureau.served(letter, day, by="approval-officer")
    for letter in letters[until:]:
        bureau.failed(
            bureau.sent(letter, day, by="approval-officer"), day, "unknown", by="approval-officer"
        )
        bureau.sent(letter, day, method="public-notice", by="approval-officer")
    last = Service.objects.filter(method="public-notice").order_by("-pk").first()
    return last.due_on if last else day


def adds_up(batch: WithdrawalList, size: int) -> Counter[str]:
    """Every member has one outcome, or is under way."""
    found = outcomes_of(batch)
    assert sum(found.values()) == size
    assert sum(found.values()) == batch.members.count()
    return found


def test_hunan_chain(bureau: Bureau) -> None:
    """F19: 28 items; 17 served and silent, 11 unreachable, of which one answers during the public notice."""
    sheets = firms(28)
    cases = red_and_over(bureau, sheets)
    assert len(cases) == 28
    batch = opened(bureau, cases)
    assert len(batch.suggestion.told["rows"]) == 28  # type: ignore[union-attr]  # it has been sent
    letters = told_of_intent(bureau, batch, RED_OVER)
    notice_ends = served(bureau, letters, 17)
    assert notice_ends == date(2026, 9, 24)  # 30 days after publication
    adds_up(batch, 28)
    assert {row.stage for row in members(batch)[:17]} == {"notified"}
    assert {row.stage for row in members(batch)[17:]} == {"started"}
    heard = members(batch)[20]
    make_statement(
        withdrawal=heard,
        text="公司已迁址，正在补充人员",
        files=[scan()],
        law=bureau.law,
        by=bureau.enterprise(heard.credit_code),
        at=bureau.office.tick(date(2026, 9, 10)),
    )
    morning(bureau, notice_ends + timedelta(days=1), sheets)
    assert {row.stage for row in members(batch)} == {"notified"}
    assert {row.notice_served_on for row in members(batch)[17:]} == {notice_ends}
    last = members(batch)[-1].statement_until
    assert last is not None
    withdrawals.display(
        members=members(batch), **acts(bureau, "approval-officer", last + timedelta(days=1))
    )
    until = members(batch)[0].display_until
    assert until is not None
    over = until + timedelta(days=1)
    morning(bureau, over, sheets)
    reviewed(bureau, batch, over)
    result = decided(bureau, batch, over)
    assert len(result.done) == 27
    assert result.waiting == {heard.pk: "还有陈述申辩、听证意见或公示意见没有答复"}
    assert adds_up(batch, 28) == {"withdrawn": 27, "": 1}
    by_notice = Service.objects.filter(method="public-notice", proved_on__isnull=False)
    withdrawn = set(Withdrawal.objects.exclude(decided_on=None).values_list("pk", flat=True))
    assert sum(service.document.withdrawal_id in withdrawn for service in by_notice) == 10
    letter = withdrawals.report_results(batch=batch, **acts(bureau, "approval-reviewer", over))
    told = Counter(row["outcome"].split("（")[0] for row in letter.template_values["rows"])
    assert told == {"已撤回": 27, "办理中：已法制审核": 1}
    assert WithdrawalList.objects.get().reported_on is None
    answer(
        point=Submission.objects.get(),
        text="补充的人员未完成注册",
        **acts(bureau, "approval-officer", over),
    )
    decided(bureau, batch, over)
    assert adds_up(batch, 28) == {"withdrawn": 28}
    assert public_copy() == replayed(10**9)


def test_members_drop_out_one_by_one_with_their_codes(bureau: Bureau) -> None:
    sheets = firms(5)
    cases = red_and_over(bureau, sheets)
    batch = opened(bureau, cases)
    for letter in told_of_intent(bureau, batch, RED_OVER):
        bureau.served(letter, RED_OVER, by="approval-officer")
    end(
        case=fresh(cases[0]),
        code="merged",
        because="与乙公司合并",
        evidence="公告",
        **acts(bureau, "other-reviewer", RED_OVER),
    )
    assert adds_up(batch, 5) == {"merged": 1, "": 4}
    withdrawals.not_withdraw(
        member=members(batch)[0], because="重组中", **acts(bureau, "approval-reviewer", RED_OVER)
    )
    left = [row for row in sheets["资质"][1:] if row[0] != cases[2].credit_code]
    gone = [
        [*row[:-2], "注销", "2026-08-24"] if row[0] == cases[2].credit_code else row
        for row in sheets["资质"][1:]
    ]
    assert len(left) == 4
    day = RED_OVER + timedelta(days=1)
    morning(bureau, day, {**sheets, "资质": [ITEMS, *gone]})
    assert adds_up(batch, 5) == {"merged": 1, "not-withdrawn": 1, "surrendered": 1, "": 2}
    letters = Document.objects.filter(kind="recall-letter")
    assert [document.template_values["rows"][0]["outcome"] for document in letters] == [
        "企业合并",
        "企业申请注销",
    ]
    shown_on = date(2026, 9, 1)
    letter, result = withdrawals.display(
        members=batch.members.all(), **acts(bureau, "approval-officer", shown_on)
    )
    assert (len(result.done), len(result.waiting)) == (2, 3)
    assert letter.template_values["items_count"] == 2
    assert letter.template_values["enterprises"] == 2


def test_a_list_is_of_one_authority_and_all_or_none(bureau: Bureau) -> None:
    sheets = firms(2)
    changed = [list(row) for row in sheets["资质"]]
    changed[2][ITEMS.index("许可机关")] = "山西省住房和城乡建设厅"
    cases = red_and_over(bureau, {**sheets, "资质": changed})
    with pytest.raises(CannotStep, match="同一主管部门"):
        opened(bureau, cases, who=PROVINCE)
    with pytest.raises(NotCompetent):
        opened(bureau, cases)
    assert not WithdrawalList.objects.exists()
    end(
        case=fresh(cases[0]),
        code="merged",
        because="合并",
        evidence="公告",
        **acts(bureau, "other-reviewer", RED_OVER),
    )
    with pytest.raises(CannotStep):
        opened(bureau, [fresh(cases[0])])
    assert not WithdrawalList.objects.exists()


def test_a_decision_for_many_is_public_for_each(bureau: Bureau) -> None:
    sheets = firms(3)
    cases = red_and_over(bureau, sheets)
    batch = opened(bureau, cases)
    for letter in told_of_intent(bureau, batch, RED_OVER):
        bureau.served(letter, RED_OVER, by="approval-officer")
    shown_on = date(2026, 9, 1)
    withdrawals.display(members=members(batch), **acts(bureau, "approval-officer", shown_on))
    over = date(2026, 9, 10)
    morning(bureau, over, sheets)
    reviewed(bureau, batch, over)
    decided(bureau, batch, over)
    numbers = sorted(Withdrawal.objects.values_list("decision_number", flat=True))
    assert numbers == [f"太原审资撤〔2026〕{nth}号" for nth in (1, 2, 3)]
    for case in cases:
        assert (
            standing_of(case.credit_code, "specialist-decoration", "", over).standing == "withdrawn"
        )
