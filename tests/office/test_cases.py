"""A case's life on a database: warned, added to, recovered, determined, inspected, ended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from builders import OWN
from bureau import Bureau, fresh
from files import ITEMS
from office import DAY, Office
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, CaseRequirement, Determination, Heartbeat, Notice, Task
from qualwatch.cases.queries import cases_due_by, cases_without_contact, funnel, history_of, over_on
from qualwatch.cases.warnings.determine import return_proposal
from qualwatch.cases.warnings.supervise import annul, follow_up, recheck, record_fraud, review
from qualwatch.journal.queries import entries_of, faults
from qualwatch.patrol.days import missed_days
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from registers import item

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
ENDS = date(2026, 7, 20)  # two months after 20 May; a Monday
OVER = ENDS + timedelta(days=1)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def test_a_shortfall_becomes_a_yellow_card_with_its_figures_and_its_own_day(bureau: Bureau) -> None:
    day_done = bureau.morning()
    assert day_done.cases["opened"] == 1
    case = Case.objects.get()
    assert (case.state, case.ground, case.origin, case.opened_on) == (
        "yellow",
        "shortage",
        "system",
        DAY,
    )
    assert (case.enterprise, case.grade, case.area) == ("甲装饰有限公司", "二级", "city:140100")
    row = CaseRequirement.objects.get()
    assert (row.requirement, row.pushed_on, row.ends_on, row.is_provisional) == (
        "constructors",
        DAY,
        ENDS,
        False,
    )
    assert (
        row.warned_figures["required"],
        row.warned_figures["held"],
        row.warned_figures["shortfall"],
    ) == (3, 2, 1)
    to = {notice.credit_code or notice.organisation: notice for notice in Notice.objects.all()}
    assert set(to) == {OWN, "province", "city-140100"}
    assert "应有 3 人，现有 2 人，缺 1 人" in to[OWN].body
    assert "2026-07-20" in to[OWN].body
    assert "张" not in to[OWN].body.replace("甲装饰有限公司", "")  # nobody is named
    assert [entry.what for entry in history_of(case)] == ["found"]
    assert list(faults(bureau.patrol(DAY).seal.public_key)) == []


def test_the_same_day_again_and_the_next_add_nothing(bureau: Bureau) -> None:
    bureau.morning()
    before = (Case.objects.values_list().get(), Notice.objects.count())
    assert bureau.patrol(DAY).cases["opened"] == 0
    bureau.morning(NEXT)
    assert (Case.objects.values_list().get(), Notice.objects.count()) == before


def test_made_good_closes_it_and_an_early_relapse_is_marked(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.morning(NEXT, people=3)
    case.refresh_from_db()
    assert (case.state, case.closed_because, case.closed_on) == ("closed", "recovered", NEXT)
    assert case.watched_until == date(2026, 8, 21)
    bureau.morning(NEXT + timedelta(days=2), people=2)
    again = Case.objects.exclude(pk=case.pk).get()
    assert again.relapse_of == case
    assert again.requirements.get().ends_on == date(2026, 7, 23)  # a clock of its own
    bureau.morning(NEXT + timedelta(days=3), people=3)
    bureau.morning(date(2026, 9, 1), people=2)
    assert (
        Case.objects.get(state="yellow").relapse_of is None
    )  # more than three months after 24 May


def test_a_source_that_went_stale_closes_and_opens_nothing(bureau: Bureau) -> None:
    case = bureau.yellow()
    later = DAY + timedelta(days=10)
    assert bureau.patrol(later).cases["closed"] == 0
    case.refresh_from_db()
    assert (case.state, case.last_result, case.last_result_on) == ("yellow", "cannot-say", later)
    assert case.requirements.get().ends_on == ENDS


def test_a_patrol_done_late_starts_clocks_on_the_day_it_is_done(bureau: Bureau) -> None:
    bureau.registers(DAY)
    bureau.patrol(DAY, done=DAY + timedelta(days=2))
    assert Case.objects.get().opened_on == DAY + timedelta(days=2)
    assert CaseRequirement.objects.get().ends_on == date(2026, 7, 22)


def test_a_day_long_past_is_assessed_and_makes_no_cards(bureau: Bureau) -> None:
    bureau.registers(DAY)
    day_done = bureau.patrol(DAY, done=DAY + timedelta(days=30))
    assert day_done.run.counts["findings"]["short"] == 1
    assert not Case.objects.exists()


def test_days_without_a_patrol_are_known(bureau: Bureau) -> None:
    bureau.morning()
    bureau.morning(DAY + timedelta(days=3))
    assert missed_days(DAY + timedelta(days=3)) == [NEXT, DAY + timedelta(days=2)]
    assert missed_days(DAY + timedelta(days=4)) == []
    assert Heartbeat.objects.count() == 2


def test_another_requirement_is_an_addition_with_its_own_day(bureau: Bureau) -> None:
    both = [ITEMS, item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="二级")]
    bureau.morning(DAY, people=3, 资质=both)
    case = Case.objects.get()
    named = {requirement.requirement: requirement for requirement in case.requirements.all()}
    assert set(named) == {"constructors"}
    assert named["constructors"].ends_on == ENDS


def test_a_red_card_needs_the_period_a_proof_a_short_run_and_two_people(bureau: Bureau) -> None:
    case = bureau.yellow()
    with pytest.raises(CannotStep, match="条件不齐"):
        bureau.propose(case)  # the period has only begun
    bureau.morning(OVER)
    with pytest.raises(CannotStep, match="条件不齐"):
        bureau.propose(case, day=OVER)  # nothing says that the enterprise ever saw it
    bureau.prove(case, OVER)
    bureau.propose(case, day=OVER)
    assert Task.objects.get(kind="sign", completed_on=None).organisation == "province"
    with pytest.raises(NotCompetent):
        bureau.sign(case, by="officer", day=OVER)
    with pytest.raises(CannotStep, match="已有人提出"):
        bureau.propose(case, day=OVER)
    bureau.sign(case, day=OVER)
    case.refresh_from_db()
    assert (case.state, case.published_on, case.determined_by) == (
        "red",
        OVER,
        ["officer", "reviewer"],
    )
    card = RedCard.objects.get()
    assert (card.number, card.state, card.credit_code, card.ends_on) == (
        case.card_number,
        "open",
        OWN,
        None,
    )
    assert card.number == "晋红〔2026〕1号"
    assert "张" not in str(card.requirements)
    assert not Task.objects.filter(kind="sign", completed_on=None).exists()
    assert Task.objects.filter(kind="serve-order", completed_on=None).exists()


def test_nothing_adverse_on_the_last_day_nor_on_old_data(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(ENDS)
    with pytest.raises(CannotStep):
        bureau.propose(case, day=ENDS)
    with pytest.raises(CannotStep):
        bureau.propose(case, day=OVER + timedelta(days=9))  # the last run is ten days old


def test_what_was_proposed_is_looked_at_again_when_it_is_signed(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    bureau.propose(case, day=OVER)
    after = OVER + timedelta(days=5)
    with pytest.raises(CannotStep, match="已不齐"):
        bureau.sign(case, day=after)  # nobody looked for five days
    bureau.morning(after, people=3)
    assert fresh(case).closed_because == "recovered"
    assert Determination.objects.get().state == "void"


def test_a_reviewer_may_return_it_with_reasons(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    bureau.propose(case, day=OVER)
    told: dict[str, Any] = {
        "case": fresh(case),
        "by": bureau.who("reviewer"),
        "law": bureau.law,
        "at": bureau.office.tick(OVER),
    }
    with pytest.raises(CannotStep, match="理由"):
        return_proposal(because=" ", **told)
    return_proposal(because="证据不全", **told)
    assert Determination.objects.get().decided_because == "证据不全"
    assert fresh(case).state == "yellow"
    bureau.propose(case, day=OVER)


def test_extended_once_and_not_longer_than_the_policy_allows(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    with pytest.raises(CannotStep, match="只能一次"):
        bureau.propose(case, day=OVER, outcome="extended", until=OVER + timedelta(days=40))
    bureau.propose(case, day=OVER, outcome="extended", until=date(2026, 8, 14))
    bureau.sign(case, day=OVER)
    with pytest.raises(CannotStep):
        bureau.propose(case, day=OVER)  # not while it is extended
    assert fresh(case) not in over_on(OVER)
    bureau.morning(date(2026, 8, 15))
    bureau.propose(case, day=date(2026, 8, 15))
    bureau.sign(case, day=date(2026, 8, 15))
    assert fresh(case).state == "red"


def test_a_dismissal_leaves_what_the_next_run_reads(bureau: Bureau) -> None:
    case = bureau.yellow()
    for nothing in (
        {},
        {"leaves": "accepted-finding"},
        {"leaves": "correction", "left": {"correction": 99}},
        {"leaves": "accepted-finding", "left": {"until": DAY}},
    ):
        with pytest.raises(CannotStep):
            bureau.propose(case, outcome="dismissed", **nothing)
    until = DAY + timedelta(days=100)
    bureau.propose(case, outcome="dismissed", leaves="accepted-finding", left={"until": until})
    bureau.sign(case)
    assert fresh(case).closed_because == "dismissed"
    bureau.morning(NEXT)
    assert not Case.objects.filter(state="yellow").exists()
    bureau.morning(NEXT + timedelta(days=1), people=1)  # fewer than were accepted
    assert Case.objects.filter(state="yellow").exists()
    assert Case.objects.get(state="yellow").requirements.get().warned_figures["held"] == 1


def test_what_a_dismissal_leaves_must_still_be_there_when_it_is_signed(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.propose(case, outcome="dismissed", leaves="accepted-finding", left={"until": NEXT})
    with pytest.raises(CannotStep, match="复核日"):
        bureau.sign(case, day=NEXT)
    assert fresh(case).state == "yellow"


def test_an_accepted_finding_ends_on_its_day(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.propose(case, outcome="dismissed", leaves="accepted-finding", left={"until": NEXT})
    bureau.sign(case)
    bureau.morning(NEXT)
    assert not Case.objects.filter(state="yellow").exists()
    bureau.morning(NEXT + timedelta(days=1))
    assert Case.objects.filter(state="yellow").exists()


def test_the_red_period_runs_from_proved_service(bureau: Bureau) -> None:
    case = bureau.red()
    assert not case.red_ends_on
    served = OVER + timedelta(days=6)
    with pytest.raises(CannotStep, match="不能早于发出，也不能晚于今天"):
        served_in_the_future(bureau, case)
    bureau.serve_order(case, served)
    case.refresh_from_db()
    assert (case.order_served_on, case.red_ends_on) == (served, date(2026, 8, 27))
    assert RedCard.objects.get().ends_on == date(2026, 8, 27)
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.serve_order(case, served)
    assert case not in over_on(date(2026, 8, 27))
    assert case in over_on(date(2026, 8, 28))
    assert (date(2026, 8, 27), case) in cases_due_by(date(2026, 8, 30))


def served_in_the_future(bureau: Bureau, case: Case) -> None:
    bureau.proved(bureau.sent(bureau.order(case), OVER), OVER, proved_on=OVER + timedelta(days=9))


def test_a_red_card_made_good_is_cleared_and_stays_to_be_seen(bureau: Bureau) -> None:
    case = bureau.red()
    good = OVER + timedelta(days=3)
    bureau.morning(good, people=3)
    assert fresh(case).closed_because == "recovered"
    card = RedCard.objects.get()
    assert (card.state, card.ended_on, card.because) == ("cleared", good, "recovered")
    assert card.hidden_from == date(2028, 7, 24)


def test_flags_of_system_and_officer_clear_differently(bureau: Bureau) -> None:
    """F21: the system's clears by itself, the officer's stays red until somebody else has reviewed it."""
    system = bureau.red()
    officer = bureau.inspect(OVER)
    assert officer.origin == "officer"
    with pytest.raises(CannotStep, match="已有主管部门认定"):
        bureau.inspect(OVER)
    with pytest.raises(CannotStep, match="没有核查或复查"):
        reviewed(bureau, officer, "reviewer", OVER)
    good = OVER + timedelta(days=3)
    bureau.morning(good, people=3)
    assert fresh(system).closed_because == "recovered"
    assert (fresh(officer).state, fresh(officer).needs_review) == ("red", True)
    assert Task.objects.filter(case=officer, kind="review", completed_on=None).exists()
    bureau.morning(good + timedelta(days=1), people=2)  # before anybody reviewed it
    assert not fresh(officer).needs_review
    bureau.morning(good + timedelta(days=2), people=3)
    reviewed(bureau, officer, "reviewer", good + timedelta(days=2))
    assert fresh(officer).closed_because == "reviewed"
    assert not RedCard.objects.filter(state="open").exists()


def reviewed(bureau: Bureau, case: Case, by: str, day: date) -> None:
    at = bureau.office.tick(day)
    review(case=fresh(case), because="已补足", by=bureau.who(by), law=bureau.law, at=at)


def test_a_supervision_finding_needs_evidence_and_a_recheck_leads_to_review(bureau: Bureau) -> None:
    bureau.morning()
    with pytest.raises(CannotStep, match="证据"):
        bureau.inspect(DAY, evidence=[" "])
    with pytest.raises(NotCompetent):
        bureau.inspect(DAY, by="datong-officer")
    with pytest.raises(CannotStep, match="没有这项"):
        bureau.inspect(DAY, category="no-such")
    case = bureau.inspect(
        DAY, by="city-officer"
    )  # the place is the city's, the item the province's
    assert case.supervision_finding.authority == "city-140100"
    at = bureau.office.tick(NEXT)
    recheck(
        case=fresh(case),
        outcome="recovered",
        because="现场核对",
        evidence=["照片"],
        by=bureau.who("officer"),
        law=bureau.law,
        at=at,
    )
    reviewed(bureau, case, "reviewer", NEXT)
    assert fresh(case).closed_because == "reviewed"


def test_annulled_is_taken_down_also_after_it_was_closed(bureau: Bureau) -> None:
    case = bureau.red()
    bureau.morning(OVER + timedelta(days=3), people=3)
    at = bureau.office.tick(OVER + timedelta(days=9))
    with pytest.raises(CannotStep, match="证据"):
        annul(
            case=fresh(case),
            because="判决",
            document=" ",
            by=bureau.who("reviewer"),
            law=bureau.law,
            at=at,
        )
    annul(
        case=fresh(case),
        because="判决撤销",
        document="（2026）晋01行终1号",
        by=bureau.who("reviewer"),
        law=bureau.law,
        at=at,
    )
    assert fresh(case).closed_because == "annulled"
    card = RedCard.objects.get()
    assert (card.state, card.enterprise, card.credit_code, card.requirements) == (
        "removed",
        "",
        "",
        [],
    )


def test_guiding_and_urging_is_recorded_and_its_lack_is_seen(bureau: Bureau) -> None:
    case = bureau.yellow()
    assert cases_without_contact() == [case]
    told: dict[str, Any] = {"case": case, "at": bureau.office.tick(NEXT), "law": bureau.law}
    with pytest.raises(NotCompetent):
        follow_up(kind="visit", what="走访", by=bureau.who("datong-officer"), **told)
    follow_up(kind="visit", what="走访", by=bureau.who("city-officer"), **told)
    assert cases_without_contact() == []
    assert entries_of(case.stream)[-1].details["authority"] == "city-140100"


def test_fraud_is_recorded_with_evidence_and_ends_nothing(bureau: Bureau) -> None:
    case = bureau.yellow()
    told: dict[str, Any] = {
        "case": case,
        "by": bureau.who("officer"),
        "at": bureau.office.tick(NEXT),
        "law": bureau.law,
    }
    with pytest.raises(CannotStep):
        record_fraud(what="伪造社保", evidence=[], referred_to="执法局", **told)
    credit_record = record_fraud(
        what="伪造社保", evidence=["查询结果"], referred_to="执法局", **told
    )
    assert credit_record.credit_code == OWN
    assert fresh(case).state == "yellow"


def test_only_the_competent_authority_proposes_and_the_province_may_in_any(bureau: Bureau) -> None:
    city_item = [
        ITEMS,
        item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    bureau.morning(资质=city_item)
    case = Case.objects.get()
    bureau.prove(case, NEXT)
    bureau.morning(OVER, 资质=city_item)
    for name in ("datong-officer", "auditor", "reviewer", "city-reviewer"):
        with pytest.raises(NotCompetent):
            bureau.propose(case, by=name, day=OVER)
    bureau.propose(case, by="city-officer", day=OVER)
    with pytest.raises(NotCompetent):
        bureau.sign(case, by="city-officer", day=OVER)
    bureau.sign(case, by="reviewer", day=OVER)
    signed = next(entry for entry in entries_of(case.stream) if entry.what == "signed")
    assert signed.details["authority"] == "province"


def test_the_funnel_adds_up(bureau: Bureau) -> None:
    bureau.red()
    bureau.inspect(OVER)
    told = funnel(DAY, OVER)
    assert (told.yellow, told.red, told.open_yellow, told.open_red) == (1, 2, 0, 2)
    bureau.morning(OVER + timedelta(days=1), people=3)
    told = funnel(DAY, OVER)
    assert told.recovered_in_red == 1
    assert told.open_yellow + told.open_red + sum(told.closed.values()) == Case.objects.count()
