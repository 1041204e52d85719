"""Spot checks drawn by lot and for what stands out; sheets, follow-up, circulars."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import APPROVAL, DATONG, TAIYUAN, Actors, act_arguments, reload
from application_acts import actors_with_accounts
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, Document, Notice
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.oversight.checks import (
    QUESTIONS,
    Answer,
    draw_again,
    draw_randomly,
    draw_targeted,
    follow_up,
    open_faults,
    record_check,
)
from qualwatch.oversight.circulars import issue_circular, not_carried_out
from qualwatch.oversight.models import Check, Circular, Draw
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import compile_return, review_return, submit_return
from qualwatch.procedure.transitions import CannotStep
from register_office import RegisterOffice
from withdrawal_acts import (
    RED_PERIOD_OVER,
    firms,
    load_and_patrol,
    open_list,
    open_members,
    red_cases_past_period,
)

pytestmark = pytest.mark.django_db
Q3 = Quarter(2026, 3)
AFTER = date(2026, 10, 8)
YES = {slug: Answer("yes") for slug in QUESTIONS}


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def play_withdrawals(
    actors: Actors, count: int = 6, started_on: date | None = RED_PERIOD_OVER
) -> list[Case]:
    """Red cards over, all but the last opened and suggested; started on a day, or not at all."""
    cases = red_cases_past_period(actors, firms(count))
    batch = open_list(actors, cases[:-1])
    if started_on is not None:
        withdrawals.start(
            members=open_members(batch), **act_arguments(actors, "approval-officer", started_on)
        )
    return cases


def test_a_random_draw_is_reproducible(actors: Actors) -> None:
    cases = play_withdrawals(actors)
    draw = draw_randomly(
        quarter=Q3,
        seed="2026年10月8日 福彩 3D 507",
        **act_arguments(actors, "second-officer", AFTER),
    )
    assert draw.population == {TAIYUAN: [case.pk for case in cases]}
    again = draw_again(Draw.objects.get(pk=draw.pk))
    assert len(again[TAIYUAN]) == draw.per_city == 3
    assert sorted(again[TAIYUAN]) == sorted(draw.checks.values_list("case_id", flat=True))
    with pytest.raises(CannotStep, match="已经随机抽取过"):
        draw_randomly(quarter=Q3, seed="另一个", **act_arguments(actors, "second-officer", AFTER))
    other = Draw(kind="random", per_city=3, population=draw.population)
    assert any(draw_again(other) != again for other.seed in ("a", "b", "c"))
    assert (
        len(
            draw_randomly(
                quarter=Q3.following, **act_arguments(actors, "second-officer", AFTER)
            ).seed
        )
        == 32
    )
    with pytest.raises(NotCompetent):
        draw_randomly(quarter=Q3, **act_arguments(actors, "city-officer", AFTER))


def test_every_case_is_drawn_about_equally_often() -> None:
    draw = Draw(kind="random", per_city=3, population={"city": list(range(10))})
    counts = dict.fromkeys(range(10), 0)
    for seed in range(2000):
        draw.seed = str(seed)
        for number in draw_again(draw)["city"]:
            counts[number] += 1
    assert sum(counts.values()) == 6000
    assert all(500 < count < 700 for count in counts.values()), counts


def test_outstanding_cases_are_chosen_with_their_reason(actors: Actors) -> None:
    cases = play_withdrawals(actors, started_on=date(2026, 8, 31))
    draw = draw_targeted(quarter=Q3, **act_arguments(actors, "second-officer", AFTER))
    why = dict(draw.checks.values_list("case_id", "why"))
    assert why == {case.pk: "late-start" for case in cases[:-1]} | {cases[-1].pk: "not-opened"}
    relapsed = cases[0]
    for nth in (1, 2):
        Case.objects.filter(pk=cases[nth].pk).update(
            credit_code=relapsed.credit_code,
            relapse_of=relapsed,
            opened_on=date(2026, 8, nth),
            origin="officer",
            ground=("shortage", "insurance")[nth - 1],
        )
    Case.objects.filter(pk=cases[2].pk).update(
        state="closed", closed_on=RED_PERIOD_OVER, closed_because="recovered", ground="shortage"
    )
    Check.objects.all().delete()
    again = draw_targeted(
        quarter=Quarter(2026, 3), **act_arguments(actors, "second-officer", AFTER)
    )
    # Once, for the first rule that selects it
    assert again.checks.get(case=cases[1]).why == "late-start"


def test_a_city_that_dismisses_much_stands_out(actors: Actors) -> None:
    load_and_patrol(actors, date(2026, 5, 20), firms(4))
    cases = list(Case.objects.filter(state="yellow").order_by("pk"))
    after_period = date(2026, 7, 21)
    for case in cases[:3]:
        actors.prove_warning(case, date(2026, 5, 21))
    load_and_patrol(actors, after_period, firms(4))
    for case in cases[:3]:
        actors.propose(
            case,
            day=after_period,
            outcome="dismissed",
            register_effect="accepted-finding",
            register_effect_details={"until": after_period + timedelta(days=90)},
        )
        if case != cases[2]:
            actors.sign(case, day=after_period)
    with pytest.raises(CannotStep):
        draw_targeted(quarter=Q3, **act_arguments(actors, "second-officer", after_period))
    actors.sign(cases[2], day=after_period)
    draw = draw_targeted(quarter=Q3, **act_arguments(actors, "second-officer", after_period))
    assert set(draw.checks.values_list("why", flat=True)) == {"many-dismissals"}
    assert draw.checks.count() == 3


def test_a_sheet_shows_the_records_and_a_fault_is_followed_up(actors: Actors) -> None:
    cases = play_withdrawals(actors)
    draw = draw_randomly(quarter=Q3, seed="七", **act_arguments(actors, "second-officer", AFTER))
    check = draw.checks.exclude(case=cases[-1]).order_by("pk").first()
    assert check is not None
    arguments: dict[str, Any] = {
        "check": check,
        "problem": "",
        **act_arguments(actors, "second-officer", AFTER),
    }
    with pytest.raises(CannotStep, match="每一项"):
        record_check(answers={"opened": Answer("yes")}, **arguments)
    with pytest.raises(CannotStep, match="写明发现"):
        record_check(answers=YES | {"started": Answer("no")}, **arguments)
    spot_check = record_check(
        answers=YES | {"notified": Answer("no", "尚未发出")},
        **{**arguments, "problem": "启动后一个半月未告知"},
    )
    assert (spot_check.result, spot_check.follow_up_due_on) == ("fault", date(2026, 10, 28))
    assert spot_check.document is not None
    lines = {
        template_value["question"]: template_value
        for template_value in spot_check.document.template_values["sheet"]
    }
    assert lines[QUESTIONS["started"]]["record"] == "应于2026年8月27日前启动，2026年8月24日启动"
    assert lines[QUESTIONS["notified"]] == {
        "question": "拟撤回告知是否送达",
        "record": "无记录",
        "answer": "否",
        "remark": "尚未发出",
    }
    assert Notice.objects.filter(organisation=TAIYUAN, document=spot_check.document).exists()
    assert open_faults(TAIYUAN) == [spot_check]
    with pytest.raises(CannotStep):
        record_check(answers=YES, **arguments)
    follow_up(check=spot_check, text="已全部告知", **act_arguments(actors, "second-officer", AFTER))
    assert open_faults() == []
    with pytest.raises(CannotStep):
        follow_up(check=spot_check, text="再次", **act_arguments(actors, "second-officer", AFTER))


def test_a_circular_names_the_authorities_and_their_overdue_withdrawals(actors: Actors) -> None:
    cases = play_withdrawals(actors, started_on=None)
    arguments = act_arguments(actors, "other-reviewer", AFTER)
    rows = not_carried_out(Q3, APPROVAL, actors.law, AFTER)
    assert [row["credit_code"] for row in rows] == [case.credit_code for case in cases[:-1]]
    assert rows[0]["what"] == "建议名单2026年8月24日收到，应于2026年8月27日前启动，未启动"
    with pytest.raises(NotCompetent):
        issue_circular(
            quarter=Q3,
            authority=APPROVAL,
            demand="请立即启动",
            **act_arguments(actors, "city-reviewer", AFTER),
        )
    with pytest.raises(CannotStep, match="没有执行不到位"):
        issue_circular(quarter=Q3, authority="city-140300-bureau", demand="请立即启动", **arguments)
    circular = issue_circular(quarter=Q3, authority=APPROVAL, demand="请立即启动", **arguments)
    assert circular.document.template_values["authority"] == "太原市行政审批局"
    assert circular.document.template_values["items_count"] == 5
    assert Notice.objects.filter(organisation=APPROVAL, document=circular.document).exists()
    assert set(Notice.objects.filter(kind="circular").values_list("organisation", flat=True)) >= {
        TAIYUAN,
        DATONG,
    }
    assert Circular.objects.get().rows == rows


def test_a_city_is_named_for_cards_not_followed_faults_and_a_missing_return(actors: Actors) -> None:
    cases = play_withdrawals(actors)
    draw = draw_randomly(quarter=Q3, seed="七", **act_arguments(actors, "second-officer", AFTER))
    check = draw.checks.exclude(case=cases[-1]).order_by("pk").first()
    assert check is not None
    record_check(
        check=check,
        answers=YES | {"notified": Answer("no")},
        problem="未告知",
        **act_arguments(actors, "second-officer", AFTER),
    )
    rows = not_carried_out(Q3, TAIYUAN, actors.law, date(2026, 10, 12))
    assert [row["what"] for row in rows] == [
        "红牌期2026年8月21日届满，本季度未提出撤回",
        "抽查发现：未告知",
        "未报送季度汇总，应于2026年10月10日前报送",
    ]
    quarterly_return = compile_return(quarter=Q3, **act_arguments(actors, "city-officer", AFTER))
    assert quarterly_return.figures["not-opened"] == 1
    review_return(
        quarterly_return=quarterly_return, **act_arguments(actors, "city-reviewer", AFTER)
    )
    submit_return(quarterly_return=quarterly_return, **act_arguments(actors, "city-officer", AFTER))
    assert len(not_carried_out(Q3, TAIYUAN, actors.law, date(2026, 10, 12))) == 2
    issue_circular(
        quarter=Q3,
        authority=TAIYUAN,
        demand="请整改",
        **act_arguments(actors, "other-reviewer", date(2026, 10, 12)),
    )
    assert Document.objects.get(kind="circular").addressee == "太原市住房和城乡建设局"
    assert reload(cases[0]).state == "red"
