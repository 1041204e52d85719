"""Faults in cases that an independent review found, each with the right result."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import ITEM, Actors, reload
from builders import OTHER, OWN
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.eligibility.measures import EligibilityQuery, check_eligibility
from qualwatch.cases.models import Case, Notice, Task
from qualwatch.cases.service.actions import issue_warning
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import entries_after, standing_of
from qualwatch.registers.corrections import correct
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import item, paid, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
PERIOD_OVER = date(2026, 7, 21)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def unpaid_fourth() -> list[list[Any]]:
    return [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]


@pytest.mark.parametrize("what", ["unparsed payer", "no place", "registration unparsed"])
def test_an_insurance_case_stays_open_while_nothing_can_be_judged(
    actors: Actors, what: str
) -> None:
    actors.load_and_patrol(people=4, 社保=unpaid_fourth())
    case = Case.objects.get()
    changed: dict[str, list[list[Any]]] = {"社保": unpaid_fourth()}
    if what == "unparsed payer":
        changed["社保"] = [*unpaid_fourth(), ["12345", "2026-03", OWN]]
    elif what == "no place":
        changed["企业"] = [
            ENTERPRISES,
            [OWN, "甲装饰有限公司", "", ""],
            [OTHER, "乙建设有限公司", "140200", ""],
        ]
    else:
        rows = [person(n) for n in (1, 2, 3)]
        changed["注册人员"] = [REGISTRATIONS, *rows, person(4, 有效期止="2026-02-30")]
    actors.load_registers(NEXT_DAY, 4, changed, may_be_held=True)
    actors.patrol(NEXT_DAY)
    assert (reload(case).state, reload(case).last_result) == ("yellow", "cannot-say")
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), people=4)
    assert reload(case).closed_because == "recovered"


def eligibility_answer(actors: Actors, on: date) -> str:
    return check_eligibility(
        query=EligibilityQuery(OWN, "bid", ITEM[1]), by="p", on=on, at=actors.office.tick(on)
    ).answer


def test_a_withdrawn_item_is_eligible_for_nothing(actors: Actors) -> None:
    actors.load_and_patrol(people=3, 资质=[ITEMS, item(状态="撤回", 状态日期="2026-05-01")])
    assert eligibility_answer(actors, DAY) == "no"


def test_a_warning_is_proved_requirement_by_requirement_and_not_before_it_was_sent(
    actors: Actors,
) -> None:
    case = actors.yellow_case()
    letter = actors.start_service(
        issue_warning(
            case=reload(case),
            by=actors.account("officer"),
            law=actors.law,
            at=actors.office.tick(NEXT_DAY),
        ),
        NEXT_DAY,
    )
    with pytest.raises(CannotStep, match="不能早于发出"):
        actors.prove_service(letter, NEXT_DAY, proved_on=date(2020, 1, 1))
    with pytest.raises(NotCompetent):
        actors.prove_service(letter, NEXT_DAY, by="auditor")
    assert case.requirements.get().proved_on is None
    actors.prove_warning(case, NEXT_DAY)
    assert case.requirements.get().proved_on == NEXT_DAY


def test_an_order_cannot_be_served_before_it_was_issued(actors: Actors) -> None:
    case = actors.red_case()
    with pytest.raises(CannotStep, match="不能早于发出"):
        actors.prove_service(
            actors.start_service(actors.order_of(case), PERIOD_OVER),
            PERIOD_OVER,
            proved_on=date(2026, 6, 1),
        )
    assert reload(case).red_ends_on is None


def test_a_stale_register_ends_no_case_as_expired(actors: Actors) -> None:
    actors.load_registers(DAY, 2, {"资质": [ITEMS, item(有效期止="2026-05-25")]})
    actors.patrol(DAY)
    case = Case.objects.get()
    actors.patrol(DAY + timedelta(days=10))  # the renewal may not have arrived
    assert reload(case).state == "yellow"


@pytest.mark.parametrize(
    "figures",
    [
        {"张三 140105199001011234": {"held": 1}},
        {"constructors": {"required": 3, "held": "张三"}},
        {},
        {"constructors": {"held": 1}},
        {"constructors": {"required": 1, "held": 1}},
    ],
)
def test_only_known_requirements_and_numbers_become_public(
    actors: Actors, figures: dict[str, dict[str, object]]
) -> None:
    actors.load_and_patrol(people=3)
    with pytest.raises(CannotStep):
        actors.inspect(DAY, figures=figures)
    assert not RedCard.objects.exists()


def test_cases_standings_and_eligibility_follow_a_correction(actors: Actors) -> None:
    case = actors.yellow_case()
    correct(
        table="enterprises",
        key={"credit_code": OWN},
        field="division_code",
        value="140200",
        because="迁址",
        document="营业执照",
        review_on=DAY + timedelta(days=90),
        by="li",
        at=actors.office.tick(),
    )
    actors.load_and_patrol(NEXT_DAY)
    assert reload(case).area == "city:140200"
    key = {"credit_code": OWN, "category": ITEM[1], "sub_item": "", "certificate_no": "D214000010"}
    correct(
        table="items",
        key=key,
        field="register_state",
        value="withdrawn",
        because="已撤回",
        document="决定书",
        review_on=DAY + timedelta(days=90),
        by="li",
        at=actors.office.tick(NEXT_DAY),
    )
    day = NEXT_DAY + timedelta(days=1)
    actors.load_and_patrol(day)
    assert reload(case).closed_because == "withdrawn"
    assert standing_of(*ITEM, day).standing == "withdrawn"
    assert eligibility_answer(actors, day) == "no"


def test_registers_that_contradict_an_inspection_do_not_reset_it(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    actors.load_and_patrol(NEXT_DAY, people=3)
    assert not reload(case).needs_review  # no run ever said short
    with pytest.raises(CannotStep, match="复查结果"):
        actors.recheck(case, NEXT_DAY, "typo")
    actors.recheck(case, NEXT_DAY, "recovered", by="city-officer")
    assert Task.objects.filter(kind="review", completed_on=None).exists()
    actors.act("review", NEXT_DAY, because="达标", signer="other-reviewer", case=case)
    assert reload(case).state == "closed"


def test_what_is_red_for_its_insurance_is_not_warned_of_it_again(actors: Actors) -> None:
    unpaid_third = [CONTRIBUTIONS, *(row for n in (1, 2) for row in paid(n))]
    actors.load_and_patrol(people=3, 社保=unpaid_third)
    enterprise_case = Case.objects.get(category=None)
    actors.prove_warning(enterprise_case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, people=3, 社保=unpaid_third)
    actors.propose(enterprise_case, day=PERIOD_OVER, items=[(ITEM[1], "")])
    actors.sign(enterprise_case, day=PERIOD_OVER)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3, 社保=unpaid_third)
    assert not Case.objects.filter(state="yellow", ground="insurance").exists()


def test_a_dismissal_accepts_what_is_held_on_the_day_of_signing(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(NEXT_DAY, people=1)
    actors.propose(
        case,
        day=NEXT_DAY,
        outcome="dismissed",
        register_effect="accepted-finding",
        register_effect_details={"until": DAY + timedelta(days=90)},
    )
    actors.sign(case, day=NEXT_DAY)
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), people=1)
    assert not Case.objects.filter(state="yellow").exists()


def test_a_dismissal_may_not_rest_on_a_correction_of_another_enterprise(actors: Actors) -> None:
    case = actors.yellow_case()
    correction = correct(
        table="enterprises",
        key={"credit_code": OTHER},
        field="name",
        value="乙二",
        because="更名",
        document="执照",
        review_on=DAY + timedelta(days=90),
        by="li",
        at=actors.office.tick(),
    )
    with pytest.raises(CannotStep, match="没有找到"):
        actors.propose(
            case,
            outcome="dismissed",
            register_effect="correction",
            register_effect_details={"correction": correction.pk},
        )


def test_after_a_missed_delivery_the_last_list_stands(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    assert standing_of(*ITEM, NEXT_DAY).standing == "in-force"
    assert standing_of(*ITEM, DAY + timedelta(days=4)).standing == "cannot-say"


def test_the_feed_no_longer_serves_what_was_removed(actors: Actors) -> None:
    case = actors.red_case()
    actors.act("annul", PERIOD_OVER, because="判决", signer="reviewer", case=case)
    bodies = [entry.body for entry in entries_after(0) if entry.kind == "red-card"]
    assert bodies == [None, None]


def test_a_requirement_that_no_longer_applies_ends(actors: Actors) -> None:
    names = {"资质名称": "房屋建筑工程监理", "资质证书号": "E214000010"}
    actors.load_and_patrol(DAY, 1, 资质=[ITEMS, item(等级="甲级", **names)])
    case = Case.objects.get()
    before = set(case.requirements.values_list("requirement", flat=True))
    actors.load_and_patrol(NEXT_DAY, 1, 资质=[ITEMS, item(等级="丙级", **names)])
    after = set(FindingRow.objects.filter(recorded_to=None).values_list("requirement", flat=True))
    assert before - after  # some are not asked for in the lower grade
    ended = case.requirements.filter(is_ended=True, recovered_on=NEXT_DAY).values_list(
        "requirement", flat=True
    )
    assert set(ended) == before - after


def test_one_officer_alone_does_not_make_a_red_card_vanish(actors: Actors) -> None:
    case = actors.red_case()
    about: dict[str, Any] = {"case": case, "payload": {"code": "duplicate"}}
    with pytest.raises(CannotStep, match="要附证据"):
        actors.propose_act("end", PERIOD_OVER, files=[], **about)
    act = actors.propose_act("end", PERIOD_OVER, **about)
    with pytest.raises(NotCompetent):
        actors.sign_act(act, PERIOD_OVER, by="second-officer")
    with pytest.raises(CannotStep, match="签批过"):
        actors.sign_act(act, PERIOD_OVER, by="reviewer")
    assert reload(case).state == "red"


def test_an_early_extension_is_refused(actors: Actors) -> None:
    case = actors.yellow_case()
    with pytest.raises(CannotStep, match="期满后"):
        actors.propose(case, outcome="extended", until=NEXT_DAY)


def test_opening_an_addition_proves_the_addition_only(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    actors.load_and_patrol(
        NEXT_DAY, people=3, 社保=[CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    )
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1))
    again = Case.objects.get(state="yellow")
    old = Notice.objects.filter(case=case, kind="push", credit_code=OWN).get()
    open_notice(
        notice=old, by=account, at=actors.office.tick(NEXT_DAY + timedelta(days=2)), law=actors.law
    )
    assert again.requirements.get().proved_on is None
    new = Notice.objects.filter(case=again, kind="push", credit_code=OWN).get()
    open_notice(
        notice=new, by=account, at=actors.office.tick(NEXT_DAY + timedelta(days=2)), law=actors.law
    )
    assert again.requirements.get().proved_on == NEXT_DAY + timedelta(days=2)


def test_a_period_that_has_ended_is_a_task_until_somebody_acts(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(PERIOD_OVER)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    task = Task.objects.get(kind="propose", completed_on=None)
    assert (task.organisation, task.due_on) == ("province", PERIOD_OVER)
    assert Task.objects.filter(kind="letter", completed_on=None).exists()
    actors.prove_warning(case, PERIOD_OVER + timedelta(days=1))  # the letter came
    assert not Task.objects.filter(kind="letter", completed_on=None).exists()
    actors.propose(case, day=PERIOD_OVER + timedelta(days=1))
    # What waits for a signature is nobody's to propose
    actors.patrol(PERIOD_OVER + timedelta(days=1))
    assert not Task.objects.filter(kind="propose", completed_on=None).exists()
    actors.sign(case, day=PERIOD_OVER + timedelta(days=1))
    actors.serve_order(case, PERIOD_OVER + timedelta(days=1))
    actors.load_and_patrol(date(2026, 8, 25))
    assert Task.objects.get(kind="withdraw", completed_on=None).case == case
