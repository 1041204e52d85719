"""Lists of items withdrawn together: members drop out one by one, outcomes add up (F19)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from actors import Actors, act_arguments, reload
from application_acts import actors_with_accounts
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Document, Service, Submission, Withdrawal, WithdrawalList
from qualwatch.cases.queries import outcomes_of
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import answer_submission, submit_statement
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import public_copy, replayed, standing_of
from register_files import ITEMS
from register_office import RegisterOffice
from withdrawal_acts import (
    PROVINCE,
    RED_PERIOD_OVER,
    announce_intent,
    decide_list,
    firms,
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


def serve_all(actors: Actors, letters: list[Document], until: int) -> date:
    """The first ones are handed over; of the others nobody knows where they are: a public notice, and its day."""
    day = RED_PERIOD_OVER + timedelta(days=1)
    for letter in letters[:until]:
        actors.serve(letter, day, by="approval-officer")
    for letter in letters[until:]:
        actors.fail_service(
            actors.start_service(letter, day, by="approval-officer"),
            day,
            "unknown",
            by="approval-officer",
        )
        actors.start_service(letter, day, method="public-notice", by="approval-officer")
    last = Service.objects.filter(method="public-notice").order_by("-pk").first()
    return last.due_on if last else day


def outcomes_that_add_up(batch: WithdrawalList, size: int) -> Counter[str]:
    """Every member has one outcome, or is under way."""
    outcomes = outcomes_of(batch)
    assert sum(outcomes.values()) == size
    assert sum(outcomes.values()) == batch.members.count()
    return outcomes


def test_hunan_chain(actors: Actors) -> None:
    """F19: 28 items; 17 served and silent, 11 unreachable, of which one answers during the public notice."""
    sheets = firms(28)
    cases = red_cases_past_period(actors, sheets)
    assert len(cases) == 28
    batch = open_list(actors, cases)
    assert len(batch.suggestion.template_values["rows"]) == 28  # type: ignore[union-attr]  # it has been sent
    letters = announce_intent(actors, batch, RED_PERIOD_OVER)
    notice_ends = serve_all(actors, letters, 17)
    assert notice_ends == date(2026, 9, 24)  # 30 days after publication
    outcomes_that_add_up(batch, 28)
    assert {row.stage for row in open_members(batch)[:17]} == {"notified"}
    assert {row.stage for row in open_members(batch)[17:]} == {"started"}
    hearing_member = open_members(batch)[20]
    submit_statement(
        withdrawal=hearing_member,
        text="公司已迁址，正在补充人员",
        files=[scan()],
        law=actors.law,
        by=actors.enterprise_account(hearing_member.credit_code),
        at=actors.office.tick(date(2026, 9, 10)),
    )
    load_and_patrol(actors, notice_ends + timedelta(days=1), sheets)
    assert {row.stage for row in open_members(batch)} == {"notified"}
    assert {row.notice_served_on for row in open_members(batch)[17:]} == {notice_ends}
    last = open_members(batch)[-1].statement_until
    assert last is not None
    withdrawals.display(
        members=open_members(batch),
        **act_arguments(actors, "approval-officer", last + timedelta(days=1)),
    )
    until = open_members(batch)[0].display_until
    assert until is not None
    after_display = until + timedelta(days=1)
    load_and_patrol(actors, after_display, sheets)
    review_list(actors, batch, after_display)
    result = decide_list(actors, batch, after_display)
    assert len(result.succeeded) == 27
    assert result.blocked == {hearing_member.pk: "还有陈述申辩、听证意见或公示意见没有答复"}
    assert outcomes_that_add_up(batch, 28) == {"withdrawn": 27, "": 1}
    by_notice = Service.objects.filter(method="public-notice", proved_on__isnull=False)
    withdrawn = set(Withdrawal.objects.exclude(decided_on=None).values_list("pk", flat=True))
    assert sum(service.document.withdrawal_id in withdrawn for service in by_notice) == 10
    letter = withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", after_display)
    )
    outcome_counts = Counter(
        row["outcome"].split("（")[0] for row in letter.template_values["rows"]
    )
    assert outcome_counts == {"已撤回": 27, "办理中：已法制审核": 1}
    assert WithdrawalList.objects.get().reported_on is None
    answer_submission(
        submission=Submission.objects.get(),
        text="补充的人员未完成注册",
        **act_arguments(actors, "approval-officer", after_display),
    )
    decide_list(actors, batch, after_display)
    assert outcomes_that_add_up(batch, 28) == {"withdrawn": 28}
    assert public_copy() == replayed(10**9)


def test_members_drop_out_one_by_one_with_their_codes(actors: Actors) -> None:
    sheets = firms(5)
    cases = red_cases_past_period(actors, sheets)
    batch = open_list(actors, cases)
    for letter in announce_intent(actors, batch, RED_PERIOD_OVER):
        actors.serve(letter, RED_PERIOD_OVER, by="approval-officer")
    actors.act(
        "end",
        RED_PERIOD_OVER,
        because="与乙公司合并",
        signer="other-reviewer",
        case=cases[0],
        payload={"code": "merged"},
    )
    assert outcomes_that_add_up(batch, 5) == {"merged": 1, "": 4}
    withdrawals.not_withdraw(
        member=open_members(batch)[0],
        because="重组中",
        **act_arguments(actors, "approval-reviewer", RED_PERIOD_OVER),
    )
    left = [row for row in sheets["资质"][1:] if row[0] != cases[2].credit_code]
    deregistered_items = [
        [*row[:-2], "注销", "2026-08-24"] if row[0] == cases[2].credit_code else row
        for row in sheets["资质"][1:]
    ]
    assert len(left) == 4
    day = RED_PERIOD_OVER + timedelta(days=1)
    load_and_patrol(actors, day, {**sheets, "资质": [ITEMS, *deregistered_items]})
    assert outcomes_that_add_up(batch, 5) == {
        "merged": 1,
        "not-withdrawn": 1,
        "surrendered": 1,
        "": 2,
    }
    letters = Document.objects.filter(kind="recall-letter")
    assert [document.template_values["rows"][0]["outcome"] for document in letters] == [
        "企业合并",
        "企业申请注销",
    ]
    shown_on = date(2026, 9, 1)
    letter, result = withdrawals.display(
        members=batch.members.all(), **act_arguments(actors, "approval-officer", shown_on)
    )
    assert (len(result.succeeded), len(result.blocked)) == (2, 3)
    assert letter.template_values["items_count"] == 2
    assert letter.template_values["enterprises"] == 2


def test_a_list_belongs_to_one_authority_and_is_opened_whole_or_not_at_all(actors: Actors) -> None:
    sheets = firms(2)
    changed = [list(row) for row in sheets["资质"]]
    changed[2][ITEMS.index("许可机关")] = "山西省住房和城乡建设厅"
    cases = red_cases_past_period(actors, {**sheets, "资质": changed})
    with pytest.raises(CannotStep, match="同一主管部门"):
        open_list(actors, cases, who=PROVINCE)
    with pytest.raises(NotCompetent):
        open_list(actors, cases)
    assert not WithdrawalList.objects.exists()
    actors.act(
        "end",
        RED_PERIOD_OVER,
        because="合并",
        signer="other-reviewer",
        case=cases[0],
        payload={"code": "merged"},
    )
    with pytest.raises(CannotStep):
        open_list(actors, [reload(cases[0])])
    assert not WithdrawalList.objects.exists()


def test_a_decision_for_many_is_public_for_each(actors: Actors) -> None:
    sheets = firms(3)
    cases = red_cases_past_period(actors, sheets)
    batch = open_list(actors, cases)
    for letter in announce_intent(actors, batch, RED_PERIOD_OVER):
        actors.serve(letter, RED_PERIOD_OVER, by="approval-officer")
    shown_on = date(2026, 9, 1)
    withdrawals.display(
        members=open_members(batch), **act_arguments(actors, "approval-officer", shown_on)
    )
    after_display = date(2026, 9, 10)
    load_and_patrol(actors, after_display, sheets)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    numbers = sorted(Withdrawal.objects.values_list("decision_number", flat=True))
    assert numbers == [f"太原审资撤〔2026〕{nth}号" for nth in (1, 2, 3)]
    for case in cases:
        assert (
            standing_of(case.credit_code, "specialist-decoration", "", after_display).standing
            == "withdrawn"
        )
