"""Cases whose item or enterprise changes, insurance cases, mass warnings, database constraints."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from actors import Actors, reload
from builders import OTHER, OWN, credit_code
from qualwatch.cases.competence import may_see
from qualwatch.cases.eligibility.measures import may_see_for_supervision
from qualwatch.cases.models import Case, CaseRequirement, Conflict, Notice
from qualwatch.cases.proposed_acts.releases import release_held_run
from qualwatch.cases.queries import history_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from register_office import DAY, RegisterOffice
from register_rows import item, paid, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
ENDS = date(2026, 7, 20)  # two months after 20 May; a Monday
PERIOD_OVER = ENDS + timedelta(days=1)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def test_an_expired_item_is_not_rectified(actors: Actors) -> None:
    """F28: without a filing the item is void after its end, and the warning closes as expired."""
    case = actors.yellow_case()
    actors.load_and_patrol(NEXT_DAY, 资质=[ITEMS, item(有效期止="2026-05-20")])
    assert (reload(case).state, reload(case).closed_because) == ("closed", "expired")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("撤回", "withdrawn"),
        ("注销", "surrendered"),
        ("吊销", "revoked"),
        ("撤销", "annulled-licence"),
    ],
)
def test_four_endings_have_four_codes(actors: Actors, state: str, code: str) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(NEXT_DAY, 资质=[ITEMS, item(状态=state, 状态日期="2026-05-21")])
    assert reload(case).closed_because == code


def test_moved_out_of_the_province_ends_it_and_an_officer_may_end_it_with_a_code(
    actors: Actors,
) -> None:
    case = actors.yellow_case()
    without_person = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "130100", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    actors.load_and_patrol(NEXT_DAY, 企业=without_person)
    assert reload(case).closed_because == "moved-out"
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1))
    again = Case.objects.get(state="yellow")
    day = NEXT_DAY + timedelta(days=1)
    for code in ("recovered", "withdrawn"):
        with pytest.raises(CannotStep, match="终结原因"):
            actors.propose_act("end", day, case=again, payload={"code": code})
    actors.act("end", day, because="吸收合并", case=again, payload={"code": "merged"})
    assert reload(again).closed_because == "merged"


def test_the_case_follows_a_rename_and_a_move_and_the_receiving_city_gets_a_task(
    actors: Actors,
) -> None:
    case = actors.red_case()
    moved = [
        ENTERPRISES,
        [OWN, "甲新装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    day = PERIOD_OVER + timedelta(days=1)
    actors.load_and_patrol(day, 企业=moved)
    case = reload(case)
    assert (case.enterprise, case.area, case.state) == ("甲新装饰有限公司", "city:140200", "red")
    assert Notice.objects.get(kind="moved").organisation == "city-140200"
    assert RedCard.objects.get().enterprise == "甲新装饰有限公司"
    assert may_see(actors.account("datong-officer"), case)
    assert not may_see(actors.account("city-officer"), case)
    assert "followed" in [entry.what for entry in history_of(case)]


def test_a_regrade_is_measured_by_the_new_grade(actors: Actors) -> None:
    case = actors.yellow_case()
    actors.load_and_patrol(NEXT_DAY, 资质=[ITEMS, item(等级="一级")])
    assert reload(case).grade == "一级"


def insured(*numbers: int) -> list[list[object]]:
    return [CONTRIBUTIONS, *(row for n in numbers for row in paid(n))]


def test_abnormal_insurance_is_a_case_of_the_whole_enterprise(actors: Actors) -> None:
    actors.load_and_patrol(people=3, 社保=insured(1, 2))
    enterprise_case = Case.objects.get(category=None)
    assert (enterprise_case.ground, enterprise_case.state) == ("insurance", "yellow")
    short = Case.objects.get(category="specialist-decoration")  # the third no longer counts
    assert short.state == "yellow"
    actors.load_and_patrol(NEXT_DAY, people=3)
    assert {case.closed_because for case in Case.objects.all()} == {"recovered"}


def test_an_insurance_case_is_determined_on_the_items_that_fail(actors: Actors) -> None:
    actors.load_and_patrol(people=3, 社保=insured(1, 2))
    enterprise_case = Case.objects.get(category=None)
    actors.prove_warning(enterprise_case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, people=3, 社保=insured(1, 2))
    with pytest.raises(CannotStep, match="哪些资质"):
        actors.propose(enterprise_case, day=PERIOD_OVER, by="city-officer")
    actors.propose(enterprise_case, day=PERIOD_OVER, items=[("specialist-decoration", "")])
    actors.sign(enterprise_case, day=PERIOD_OVER)
    assert reload(enterprise_case).closed_because == "determined"
    red = Case.objects.get(state="red")
    assert (red.ground, red.origin, red.category, red.determined_by) == (
        "insurance",
        "officer",
        "specialist-decoration",
        ["reviewer", "officer"],
    )
    assert RedCard.objects.get().number == red.card_number
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=4)
    assert reload(red).needs_review


def test_what_concerns_two_enterprises_is_one_conflict(actors: Actors) -> None:
    two_items = [ITEMS, item(), item(统一社会信用代码=OTHER, 资质证书号="D214000020")]
    people = [
        REGISTRATIONS,
        person(1),
        person(2),
        person(1, 统一社会信用代码=OTHER, 注册编号="晋214000000077"),
    ]
    actors.load_and_patrol(资质=two_items, 注册人员=people)
    assert Case.objects.filter(category="specialist-decoration").count() == 2
    assert Conflict.objects.count() == 1


def firms_without_people(count: int) -> dict[str, Rows]:
    """Firms with an item and nobody registered."""
    codes = [credit_code(100 + n) for n in range(count)]
    return {
        "企业": [
            ENTERPRISES,
            *([code, f"第{n}公司", "140105", ""] for n, code in enumerate(codes)),
        ],
        "资质": [
            ITEMS,
            *(
                item(统一社会信用代码=code, 资质证书号=f"D2140{n:05d}")
                for n, code in enumerate(codes)
            ),
        ],
    }


def test_a_mass_of_warnings_waits_for_a_reviewer_and_is_dated_on_the_release(
    actors: Actors,
) -> None:
    """F24: nothing is pushed before somebody has looked at the sample."""
    actors.load_registers(DAY, 2, firms_without_people(25))
    day_done = actors.patrol(DAY)
    assert (day_done.run.state, len(day_done.run.sample)) == ("held", 25)
    assert not Case.objects.exists()
    assert not Notice.objects.exists()
    actors.patrol(DAY)  # again
    assert not Case.objects.exists()
    at = actors.office.tick(NEXT_DAY)
    released = release_held_run(
        run=day_done.run,
        law=actors.law,
        by="reviewer",
        at=at,
        because="样本已核对",
        proposed_by="li",
    )
    assert released.cases["opened"] == 25
    assert set(Case.objects.values_list("opened_on", flat=True)) == {NEXT_DAY}
    assert set(CaseRequirement.objects.values_list("ends_on", flat=True)) == {date(2026, 7, 21)}


def test_a_held_run_closes_no_case_either(actors: Actors) -> None:
    case = actors.yellow_case()
    day = NEXT_DAY + timedelta(days=1)
    more = firms_without_people(25)
    more["企业"].append([OWN, "甲装饰有限公司", "140105", ""])
    more["资质"].append(item())
    actors.load_registers(day, 3, more)
    day_done = actors.patrol(day)
    assert day_done.run.state == "held"
    assert reload(case).state == "yellow"  # what is on record of it is the run before


def test_several_items_of_one_enterprise_are_warned_of_one_by_one(actors: Actors) -> None:
    """F12: one result, one card per item."""
    two = [
        ITEMS,
        item(),
        item(资质名称="消防设施工程专业承包", 资质证书号="D214000012", 等级="二级"),
    ]
    actors.load_and_patrol(DAY, 1, 资质=two)
    assert Case.objects.filter(credit_code=OWN, category__isnull=False).count() == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "green"},
        {"closed_because": "recovered"},
        {"state": "closed"},
        {"state": "red"},
        {"card_number": "x"},
        {"category": None, "sub_item": None, "state": "yellow"},
        {"ground": "weather"},
        {"red_ends_on": DAY},
    ],
)
def test_the_database_refuses_impossible_cases(actors: Actors, broken: dict[str, object]) -> None:
    case = actors.yellow_case()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(**broken)


def test_the_database_allows_one_open_case_per_item_ground_and_origin(actors: Actors) -> None:
    case = actors.yellow_case()
    case.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        case.save(force_insert=True)
    enterprise_case = Case(
        credit_code=OWN,
        ground="insurance",
        origin="system",
        state="yellow",
        enterprise="甲",
        opened_on=DAY,
    )
    enterprise_case.save()
    enterprise_case.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        enterprise_case.save(force_insert=True)


def test_a_period_on_an_unpublished_calendar_is_provisional_and_recomputed_when_published(
    actors: Actors,
) -> None:
    """F31: the end rests on a year that is not published; nothing adverse may rest on it, and it only gets longer."""
    published = actors.law.calendar
    unknown = replace(published, years=frozenset(year for year in published.years if year < 2026))
    actors.law = replace(actors.law, calendar=unknown)
    case = actors.yellow_case()
    row = case.requirements.get()
    assert (row.ends_on, row.is_provisional) == (ENDS, True)
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    with pytest.raises(CannotStep):
        actors.propose(case, day=PERIOD_OVER)
    holidays = frozenset(ENDS + timedelta(days=n) for n in range(3))  # a holiday is announced
    actors.law = replace(actors.law, calendar=replace(published, rest=published.rest | holidays))
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    row.refresh_from_db()
    assert (row.ends_on, row.is_provisional) == (ENDS + timedelta(days=3), False)
    actors.law = replace(actors.law, calendar=published)  # taken back: never shorter
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=2))
    row.refresh_from_db()
    assert row.ends_on == ENDS + timedelta(days=3)
    after_period = ENDS + timedelta(days=4)
    actors.load_and_patrol(after_period)
    actors.propose(case, day=after_period)


def test_an_item_absent_from_the_list_gets_a_task(actors: Actors) -> None:
    """A fresh list without it says nothing of why: the card stays, an officer has to look."""
    case = actors.red_case()
    other = [ITEMS, item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="一级")]
    for day in (PERIOD_OVER + timedelta(days=1), PERIOD_OVER + timedelta(days=2)):
        actors.load_and_patrol(day, 资质=other)
    assert reload(case).state == "red"
    assert [
        task.organisation for task in case.tasks.filter(kind="vanished", completed_on=None)
    ] == ["province"]


def test_an_insurance_case_ends_with_the_last_item_of_the_enterprise(actors: Actors) -> None:
    actors.load_and_patrol(people=4, 社保=insured(1, 2, 3))
    enterprise_case = Case.objects.get()
    deregistered = [ITEMS, item(状态="注销", 状态日期="2026-05-21")]
    actors.load_and_patrol(NEXT_DAY, people=4, 资质=deregistered, 社保=insured(1, 2, 3))
    assert (reload(enterprise_case).state, reload(enterprise_case).closed_because) == (
        "closed",
        "surrendered",
    )
    notice = Notice.objects.filter(kind="closed", credit_code=OWN).get()
    assert notice.subject.startswith("预警案件终结")
    assert "终结：企业申请注销" in notice.body


def test_a_red_card_is_notified_where_the_enterprise_builds(actors: Actors) -> None:
    case = actors.red_case()
    datong = actors.account("datong-officer")
    head = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工日期", "竣工日期"]
    assert not may_see_for_supervision(datong, case, on=PERIOD_OVER, law=actors.law)
    actors.office.load(
        "projects",
        [head, ["P1", OWN, "建筑装修装饰工程专业承包", "140212", "2026-01-01", "2026-08-01"]],
        day=PERIOD_OVER,
    )
    assert may_see_for_supervision(datong, case, on=PERIOD_OVER, law=actors.law)
    # The project is finished
    assert not may_see_for_supervision(datong, case, on=date(2026, 9, 1), law=actors.law)
    assert not may_see(datong, case)  # its documents are not theirs
    assert may_see_for_supervision(
        actors.account("city-officer"), case, on=PERIOD_OVER, law=actors.law
    )
    yellow = Case(
        credit_code=OWN,
        category="specialist-decoration",
        sub_item="",
        state="yellow",
        area="city:140100",
    )
    assert not may_see_for_supervision(datong, yellow, on=PERIOD_OVER, law=actors.law)
