"""The life of a case on a database: warning, additions, recovery, determination, inspection, end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import Actors, reload
from builders import OWN
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, CaseRequirement, Determination, Heartbeat, Notice, Task
from qualwatch.cases.queries import (
    cases_due_by,
    cases_over_on,
    cases_without_contact,
    funnel,
    history_of,
)
from qualwatch.cases.warnings.determine import return_proposal
from qualwatch.cases.warnings.supervise import follow_up
from qualwatch.journal.queries import entries_of, faults
from qualwatch.patrol.days import missed_days
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from register_files import ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
ENDS = date(2026, 7, 20)  # two months after 20 May; a Monday
PERIOD_OVER = ENDS + timedelta(days=1)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def test_a_shortfall_becomes_a_yellow_card_with_its_figures_and_its_own_day(actors: Actors) -> None:
    day_done = actors.load_and_patrol()
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
    assert [entry.what for entry in history_of(case)] == ["assessed"]
    assert list(faults(actors.patrol(DAY).seal.public_key)) == []


def test_the_same_day_again_and_the_next_add_nothing(actors: Actors) -> None:
    actors.load_and_patrol()
    before = (Case.objects.values_list().get(), Notice.objects.count())
    assert actors.patrol(DAY).cases["opened"] == 0
    actors.load_and_patrol(NEXT_DAY)
    assert (Case.objects.values_list().get(), Notice.objects.count()) == before


def test_rectifying_closes_the_case_and_an_early_relapse_is_marked(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(NEXT_DAY, people=3)
    case.refresh_from_db()
    assert (case.state, case.closed_because, case.closed_on) == ("closed", "recovered", NEXT_DAY)
    assert case.watched_until == date(2026, 8, 21)
    actors.load_and_patrol(NEXT_DAY + timedelta(days=2), people=2)
    again = Case.objects.exclude(pk=case.pk).get()
    assert again.relapse_of == case
    assert again.requirements.get().ends_on == date(2026, 7, 23)  # a clock of its own
    actors.load_and_patrol(NEXT_DAY + timedelta(days=3), people=3)
    actors.load_and_patrol(date(2026, 9, 1), people=2)
    # More than three months after 24 May
    assert Case.objects.get(state="yellow").relapse_of is None


def test_a_stale_source_closes_and_opens_no_case(actors: Actors) -> None:
    case = actors.yellow_case()
    later = DAY + timedelta(days=10)
    assert actors.patrol(later).cases["closed"] == 0
    case.refresh_from_db()
    assert (case.state, case.last_result, case.last_result_on) == ("yellow", "cannot-say", later)
    assert case.requirements.get().ends_on == ENDS


def test_periods_of_a_late_patrol_start_on_the_day_it_runs(actors: Actors) -> None:
    actors.load_registers(DAY)
    actors.patrol(DAY, run_on=DAY + timedelta(days=2))
    assert Case.objects.get().opened_on == DAY + timedelta(days=2)
    assert CaseRequirement.objects.get().ends_on == date(2026, 7, 22)


def test_a_day_long_past_is_assessed_and_makes_no_cards(actors: Actors) -> None:
    actors.load_registers(DAY)
    day_done = actors.patrol(DAY, run_on=DAY + timedelta(days=30))
    assert day_done.run.counts["findings"]["short"] == 1
    assert not Case.objects.exists()


def test_days_without_a_patrol_are_listed(actors: Actors) -> None:
    actors.load_and_patrol()
    actors.load_and_patrol(DAY + timedelta(days=3))
    assert missed_days(DAY + timedelta(days=3)) == [NEXT_DAY, DAY + timedelta(days=2)]
    assert missed_days(DAY + timedelta(days=4)) == []
    assert Heartbeat.objects.count() == 2


def test_another_requirement_is_an_addition_with_its_own_day(actors: Actors) -> None:
    two_items = [ITEMS, item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="二级")]
    actors.load_and_patrol(DAY, people=3, 资质=two_items)
    case = Case.objects.get()
    named = {requirement.requirement: requirement for requirement in case.requirements.all()}
    assert set(named) == {"constructors"}
    assert named["constructors"].ends_on == ENDS


def test_a_red_card_needs_the_period_a_proof_a_short_run_and_two_people(actors: Actors) -> None:
    case = actors.yellow_case()
    with pytest.raises(CannotStep, match="条件不齐"):
        actors.propose(case)  # the period has only begun
    actors.load_and_patrol(PERIOD_OVER)
    with pytest.raises(CannotStep, match="条件不齐"):
        actors.propose(case, day=PERIOD_OVER)  # nothing says that the enterprise ever saw it
    actors.prove_warning(case, PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    assert Task.objects.get(kind="sign", completed_on=None).organisation == "province"
    with pytest.raises(NotCompetent):
        actors.sign(case, by="officer", day=PERIOD_OVER)
    with pytest.raises(CannotStep, match="已有人提出"):
        actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    case.refresh_from_db()
    assert (case.state, case.published_on, case.determined_by) == (
        "red",
        PERIOD_OVER,
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


def test_nothing_adverse_on_the_last_day_nor_on_old_data(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(ENDS)
    with pytest.raises(CannotStep):
        actors.propose(case, day=ENDS)
    with pytest.raises(CannotStep):
        actors.propose(case, day=PERIOD_OVER + timedelta(days=9))  # the last run is ten days old


def test_a_proposal_is_checked_again_when_it_is_signed(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    after = PERIOD_OVER + timedelta(days=5)
    with pytest.raises(CannotStep, match="已不齐"):
        actors.sign(case, day=after)  # nobody looked for five days
    actors.load_and_patrol(after, people=3)
    assert reload(case).closed_because == "recovered"
    assert Determination.objects.get().state == "void"


def test_a_reviewer_may_return_a_proposal_with_reasons(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    arguments: dict[str, Any] = {
        "case": reload(case),
        "by": actors.account("reviewer"),
        "law": actors.law,
        "at": actors.office.tick(PERIOD_OVER),
    }
    with pytest.raises(CannotStep, match="理由"):
        return_proposal(because=" ", **arguments)
    return_proposal(because="证据不全", **arguments)
    assert Determination.objects.get().decided_because == "证据不全"
    assert reload(case).state == "yellow"
    actors.propose(case, day=PERIOD_OVER)


def test_extended_once_and_not_longer_than_the_policy_allows(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    with pytest.raises(CannotStep, match="只能一次"):
        actors.propose(
            case, day=PERIOD_OVER, outcome="extended", until=PERIOD_OVER + timedelta(days=40)
        )
    actors.propose(case, day=PERIOD_OVER, outcome="extended", until=date(2026, 8, 14))
    actors.sign(case, day=PERIOD_OVER)
    with pytest.raises(CannotStep):
        actors.propose(case, day=PERIOD_OVER)  # not while it is extended
    assert reload(case) not in cases_over_on(PERIOD_OVER)
    actors.load_and_patrol(date(2026, 8, 15))
    actors.propose(case, day=date(2026, 8, 15))
    actors.sign(case, day=date(2026, 8, 15))
    assert reload(case).state == "red"


def test_a_dismissal_leaves_an_accepted_finding_for_the_next_run(actors: Actors) -> None:
    case = actors.yellow_case()
    for incomplete in (
        {},
        {"register_effect": "accepted-finding"},
        {"register_effect": "correction", "register_effect_details": {"correction": 99}},
        {"register_effect": "accepted-finding", "register_effect_details": {"until": DAY}},
    ):
        with pytest.raises(CannotStep):
            actors.propose(case, outcome="dismissed", **incomplete)
    until = DAY + timedelta(days=100)
    actors.propose(
        case,
        outcome="dismissed",
        register_effect="accepted-finding",
        register_effect_details={"until": until},
    )
    actors.sign(case)
    assert reload(case).closed_because == "dismissed"
    actors.load_and_patrol(NEXT_DAY)
    assert not Case.objects.filter(state="yellow").exists()
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), people=1)  # fewer than were accepted
    assert Case.objects.filter(state="yellow").exists()
    assert Case.objects.get(state="yellow").requirements.get().warned_figures["held"] == 1


def test_the_correction_under_a_dismissal_must_still_exist_when_it_is_signed(
    actors: Actors,
) -> None:
    case = actors.yellow_case()
    actors.propose(
        case,
        outcome="dismissed",
        register_effect="accepted-finding",
        register_effect_details={"until": NEXT_DAY},
    )
    with pytest.raises(CannotStep, match="复核日"):
        actors.sign(case, day=NEXT_DAY)
    assert reload(case).state == "yellow"


def test_an_accepted_finding_ends_on_its_day(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.propose(
        case,
        outcome="dismissed",
        register_effect="accepted-finding",
        register_effect_details={"until": NEXT_DAY},
    )
    actors.sign(case)
    actors.load_and_patrol(NEXT_DAY)
    assert not Case.objects.filter(state="yellow").exists()
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1))
    assert Case.objects.filter(state="yellow").exists()


def test_the_red_period_runs_from_proved_service(actors: Actors) -> None:
    case = actors.red_case()
    assert not case.red_ends_on
    served = PERIOD_OVER + timedelta(days=6)
    with pytest.raises(CannotStep, match="不能早于发出，也不能晚于今天"):
        prove_service_in_the_future(actors, case)
    actors.serve_order(case, served)
    case.refresh_from_db()
    assert (case.order_served_on, case.red_ends_on) == (served, date(2026, 8, 27))
    assert RedCard.objects.get().ends_on == date(2026, 8, 27)
    with pytest.raises(CannotStep, match="已经送达"):
        actors.serve_order(case, served)
    assert case not in cases_over_on(date(2026, 8, 27))
    assert case in cases_over_on(date(2026, 8, 28))
    assert (date(2026, 8, 27), case) in cases_due_by(date(2026, 8, 30))


def prove_service_in_the_future(actors: Actors, case: Case) -> None:
    actors.prove_service(
        actors.start_service(actors.order_of(case), PERIOD_OVER),
        PERIOD_OVER,
        proved_on=PERIOD_OVER + timedelta(days=9),
    )


def test_a_rectified_red_card_is_cleared_and_stays_public(actors: Actors) -> None:
    case = actors.red_case()
    recovered_on = PERIOD_OVER + timedelta(days=3)
    actors.load_and_patrol(recovered_on, people=3)
    assert reload(case).closed_because == "recovered"
    card = RedCard.objects.get()
    assert (card.state, card.ended_on, card.because) == ("cleared", recovered_on, "recovered")
    assert card.hidden_from == date(2028, 7, 24)


def test_flags_of_system_and_officer_clear_differently(actors: Actors) -> None:
    """F21: the system's clears by itself, the officer's stays red until somebody else has reviewed it."""
    system = actors.red_case()
    officer = actors.inspect(PERIOD_OVER)
    assert officer.origin == "officer"
    with pytest.raises(CannotStep, match="已有主管部门认定"):
        actors.inspect(PERIOD_OVER)
    with pytest.raises(CannotStep, match="没有核查或复查"):
        review_case(actors, officer, "other-reviewer", PERIOD_OVER)
    recovered_on = PERIOD_OVER + timedelta(days=3)
    actors.load_and_patrol(recovered_on, people=3)
    assert reload(system).closed_because == "recovered"
    assert (reload(officer).state, reload(officer).needs_review) == ("red", True)
    assert Task.objects.filter(case=officer, kind="review", completed_on=None).exists()
    actors.load_and_patrol(recovered_on + timedelta(days=1), people=2)  # before anybody reviewed it
    assert not reload(officer).needs_review
    actors.load_and_patrol(recovered_on + timedelta(days=2), people=3)
    review_case(actors, officer, "other-reviewer", recovered_on + timedelta(days=2))
    assert reload(officer).closed_because == "reviewed"
    assert not RedCard.objects.filter(state="open").exists()


def review_case(actors: Actors, case: Case, by: str, day: date) -> None:
    actors.act("review", day, because="已补足", signer=by, case=case)


def test_a_supervision_finding_needs_evidence_and_a_recheck_leads_to_review(actors: Actors) -> None:
    actors.load_and_patrol()
    with pytest.raises(CannotStep, match="证据"):
        actors.inspect(DAY, files=[])
    with pytest.raises(NotCompetent):
        actors.inspect(DAY, by="datong-officer")
    with pytest.raises(CannotStep, match="没有这项"):
        actors.inspect(DAY, category="no-such")
    # The place is the city's, the item the province's
    case = actors.inspect(DAY, by="city-officer")
    assert case.supervision_finding.authority == "city-140100"
    actors.recheck(case, NEXT_DAY, "recovered")
    review_case(actors, case, "other-reviewer", NEXT_DAY)
    assert reload(case).closed_because == "reviewed"


def test_an_annulled_card_is_removed_from_the_public_copy_also_after_closing(
    actors: Actors,
) -> None:
    case = actors.red_case()
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=3), people=3)
    day = PERIOD_OVER + timedelta(days=9)
    with pytest.raises(CannotStep, match="证据"):
        actors.propose_act("annul", day, case=case, files=[])
    actors.act("annul", day, because="（2026）晋01行终1号", case=case)
    assert reload(case).closed_because == "annulled"
    card = RedCard.objects.get()
    assert (card.state, card.enterprise, card.credit_code, card.requirements) == (
        "removed",
        "",
        "",
        [],
    )


def test_supervisory_contacts_are_recorded_and_missing_ones_listed(actors: Actors) -> None:
    case = actors.yellow_case()
    assert cases_without_contact() == [case]
    arguments: dict[str, Any] = {
        "case": case,
        "at": actors.office.tick(NEXT_DAY),
        "law": actors.law,
    }
    with pytest.raises(NotCompetent):
        follow_up(kind="visit", what="走访", by=actors.account("datong-officer"), **arguments)
    follow_up(kind="visit", what="走访", by=actors.account("city-officer"), **arguments)
    assert cases_without_contact() == []
    assert entries_of(case.stream)[-1].details["authority"] == "city-140100"


def test_fraud_is_recorded_with_evidence_and_ends_nothing(actors: Actors) -> None:
    case = actors.yellow_case()
    about: dict[str, Any] = {"case": case, "payload": {"referred_to": "执法局"}}
    with pytest.raises(CannotStep):
        actors.propose_act("fraud", NEXT_DAY, files=[], **about)
    credit_record = actors.act("fraud", NEXT_DAY, because="伪造社保", **about)
    assert credit_record.credit_code == OWN
    assert reload(case).state == "yellow"


def test_only_the_competent_authority_proposes_and_the_province_may_in_any(actors: Actors) -> None:
    city_item = [
        ITEMS,
        item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    actors.load_and_patrol(资质=city_item)
    case = Case.objects.get()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, 资质=city_item)
    for name in ("datong-officer", "auditor", "reviewer", "city-reviewer"):
        with pytest.raises(NotCompetent):
            actors.propose(case, by=name, day=PERIOD_OVER)
    actors.propose(case, by="city-officer", day=PERIOD_OVER)
    with pytest.raises(NotCompetent):
        actors.sign(case, by="city-officer", day=PERIOD_OVER)
    actors.sign(case, by="reviewer", day=PERIOD_OVER)
    signed = next(entry for entry in entries_of(case.stream) if entry.what == "signed")
    assert signed.details["authority"] == "province"


def test_the_funnel_adds_up(actors: Actors) -> None:
    actors.red_case()
    actors.inspect(PERIOD_OVER)
    figures = funnel(DAY, PERIOD_OVER)
    assert (figures.yellow, figures.red, figures.open_yellow, figures.open_red) == (1, 2, 0, 2)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3)
    figures = funnel(DAY, PERIOD_OVER)
    assert figures.recovered_in_red == 1
    assert (
        figures.open_yellow + figures.open_red + sum(figures.closed.values())
        == Case.objects.count()
    )
