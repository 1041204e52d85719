"""Cases of many: the item or enterprise changes, whole enterprises, mass warnings, what the database refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from builders import OTHER, OWN, credit_code
from bureau import Bureau, fresh
from files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from office import DAY, Office
from qualwatch.cases.competence import may_see
from qualwatch.cases.eligibility.measures import may_know_of
from qualwatch.cases.models import Case, CaseRequirement, Conflict, Notice
from qualwatch.cases.queries import history_of
from qualwatch.cases.warnings.supervise import end
from qualwatch.patrol.days import release_held_run
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from registers import item, paid, person

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
ENDS = date(2026, 7, 20)  # two months after 20 May; a Monday
OVER = ENDS + timedelta(days=1)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def test_expired_is_not_cured(bureau: Bureau) -> None:
    """F28: without a filing the item is void after its end, and the warning closes as expired."""
    case = bureau.yellow()
    bureau.morning(NEXT, 资质=[ITEMS, item(有效期止="2026-05-20")])
    assert (fresh(case).state, fresh(case).closed_because) == ("closed", "expired")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("撤回", "withdrawn"),
        ("注销", "surrendered"),
        ("吊销", "revoked"),
        ("撤销", "annulled-licence"),
    ],
)
def test_four_endings_keep_four_words(bureau: Bureau, state: str, code: str) -> None:
    case = bureau.yellow()
    bureau.morning(NEXT, 资质=[ITEMS, item(状态=state, 状态日期="2026-05-21")])
    assert fresh(case).closed_because == code


def test_moved_out_of_the_province_ends_it_and_an_officer_may_end_it_with_a_code(
    bureau: Bureau,
) -> None:
    case = bureau.yellow()
    away = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "130100", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    bureau.morning(NEXT, 企业=away)
    assert fresh(case).closed_because == "moved-out"
    bureau.morning(NEXT + timedelta(days=1))
    again = Case.objects.get(state="yellow")
    told: dict[str, Any] = {
        "by": bureau.who("officer"),
        "law": bureau.law,
        "at": bureau.office.tick(NEXT + timedelta(days=1)),
    }
    with pytest.raises(CannotStep):
        end(case=fresh(again), code="recovered", because="x", **told)
    with pytest.raises(CannotStep):
        end(case=fresh(again), code="withdrawn", because="x", **told)
    end(case=fresh(again), code="merged", because="吸收合并", **told)
    assert fresh(again).closed_because == "merged"


def test_the_case_follows_a_rename_and_a_move_and_the_receiver_is_told(bureau: Bureau) -> None:
    case = bureau.red()
    moved = [
        ENTERPRISES,
        [OWN, "甲新装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    day = OVER + timedelta(days=1)
    bureau.morning(day, 企业=moved)
    case = fresh(case)
    assert (case.enterprise, case.area, case.state) == ("甲新装饰有限公司", "city:140200", "red")
    assert Notice.objects.get(kind="moved").organisation == "city-140200"
    assert RedCard.objects.get().enterprise == "甲新装饰有限公司"
    assert may_see(bureau.who("datong-officer"), case)
    assert not may_see(bureau.who("city-officer"), case)
    assert "followed" in [entry.what for entry in history_of(case)]


def test_a_regrade_is_measured_by_the_new_grade(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.morning(NEXT, 资质=[ITEMS, item(等级="一级")])
    assert fresh(case).grade == "一级"


def insured(*numbers: int) -> list[list[object]]:
    return [CONTRIBUTIONS, *(row for n in numbers for row in paid(n))]


def test_abnormal_insurance_is_a_case_of_the_whole_enterprise(bureau: Bureau) -> None:
    bureau.morning(people=3, 社保=insured(1, 2))
    whole = Case.objects.get(category=None)
    assert (whole.ground, whole.state) == ("insurance", "yellow")
    short = Case.objects.get(category="specialist-decoration")  # the third no longer counts
    assert short.state == "yellow"
    bureau.morning(NEXT, people=3)
    assert {case.closed_because for case in Case.objects.all()} == {"recovered"}


def test_an_insurance_case_is_determined_on_the_items_that_fail(bureau: Bureau) -> None:
    bureau.morning(people=4, 社保=insured(1, 2, 3))
    whole = Case.objects.get()
    bureau.prove(whole, NEXT)
    bureau.morning(OVER, people=4, 社保=insured(1, 2, 3))
    with pytest.raises(CannotStep, match="哪些资质"):
        bureau.propose(whole, day=OVER, by="city-officer")
    bureau.propose(whole, day=OVER, items=[("specialist-decoration", "")])
    bureau.sign(whole, day=OVER)
    assert fresh(whole).closed_because == "determined"
    red = Case.objects.get(state="red")
    assert (red.ground, red.origin, red.category, red.determined_by) == (
        "insurance",
        "officer",
        "specialist-decoration",
        ["reviewer", "officer"],
    )
    assert RedCard.objects.get().number == red.card_number
    bureau.morning(OVER + timedelta(days=1), people=4)
    assert fresh(red).needs_review


def test_what_concerns_two_enterprises_is_one_conflict(bureau: Bureau) -> None:
    both = [ITEMS, item(), item(统一社会信用代码=OTHER, 资质证书号="D214000020")]
    people = [
        REGISTRATIONS,
        person(1),
        person(2),
        person(1, 统一社会信用代码=OTHER, 注册编号="晋214000000077"),
    ]
    bureau.morning(资质=both, 注册人员=people)
    assert Case.objects.filter(category="specialist-decoration").count() == 2
    assert Conflict.objects.count() == 1


def many(count: int) -> dict[str, Rows]:
    """Firms that all lack everybody."""
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
    bureau: Bureau,
) -> None:
    """F24: nothing is pushed before somebody has looked at the sample."""
    bureau.registers(DAY, 2, many(25))
    day_done = bureau.patrol(DAY)
    assert (day_done.run.state, len(day_done.run.sample)) == ("held", 25)
    assert not Case.objects.exists()
    assert not Notice.objects.exists()
    bureau.patrol(DAY)  # again
    assert not Case.objects.exists()
    at = bureau.office.tick(NEXT)
    let_in = release_held_run(
        run=day_done.run, law=bureau.law, by="reviewer", at=at, because="样本已核对"
    )
    assert let_in.cases["opened"] == 25
    assert set(Case.objects.values_list("opened_on", flat=True)) == {NEXT}
    assert set(CaseRequirement.objects.values_list("ends_on", flat=True)) == {date(2026, 7, 21)}


def test_a_held_run_closes_nothing_either(bureau: Bureau) -> None:
    case = bureau.yellow()
    day = NEXT + timedelta(days=1)
    more = many(25)
    more["企业"].append([OWN, "甲装饰有限公司", "140105", ""])
    more["资质"].append(item())
    bureau.registers(day, 3, more)
    day_done = bureau.patrol(day)
    assert day_done.run.state == "held"
    assert fresh(case).state == "yellow"  # what is on record of it is the run before


def test_several_items_of_one_enterprise_are_warned_of_one_by_one(bureau: Bureau) -> None:
    """F12: one result, one card per item."""
    two = [
        ITEMS,
        item(),
        item(资质名称="消防设施工程专业承包", 资质证书号="D214000012", 等级="二级"),
    ]
    bureau.morning(DAY, 1, 资质=two)
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
def test_the_database_refuses_what_cannot_be(bureau: Bureau, broken: dict[str, object]) -> None:
    case = bureau.yellow()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(**broken)


def test_the_database_knows_one_open_case_per_item_ground_and_origin(bureau: Bureau) -> None:
    case = bureau.yellow()
    case.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        case.save(force_insert=True)
    whole = Case(
        credit_code=OWN,
        ground="insurance",
        origin="system",
        state="yellow",
        enterprise="甲",
        opened_on=DAY,
    )
    whole.save()
    whole.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        whole.save(force_insert=True)


def test_a_period_on_an_unpublished_calendar_is_provisional_and_is_counted_again_when_it_is_known(
    bureau: Bureau,
) -> None:
    """F31: the end rests on a year that is not published; nothing adverse may rest on it, and it only gets longer."""
    published = bureau.law.calendar
    unknown = replace(published, years=frozenset(year for year in published.years if year < 2026))
    bureau.law = replace(bureau.law, calendar=unknown)
    case = bureau.yellow()
    row = case.requirements.get()
    assert (row.ends_on, row.is_provisional) == (ENDS, True)
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    with pytest.raises(CannotStep):
        bureau.propose(case, day=OVER)
    rest = frozenset(ENDS + timedelta(days=n) for n in range(3))  # a holiday is announced
    bureau.law = replace(bureau.law, calendar=replace(published, rest=published.rest | rest))
    bureau.morning(OVER + timedelta(days=1))
    row.refresh_from_db()
    assert (row.ends_on, row.is_provisional) == (ENDS + timedelta(days=3), False)
    bureau.law = replace(bureau.law, calendar=published)  # taken back: never shorter
    bureau.morning(OVER + timedelta(days=2))
    row.refresh_from_db()
    assert row.ends_on == ENDS + timedelta(days=3)
    over = ENDS + timedelta(days=4)
    bureau.morning(over)
    bureau.propose(case, day=over)


def test_an_item_that_vanished_from_the_list_is_looked_into(bureau: Bureau) -> None:
    """A fresh list without it says nothing of why: the card stays, an officer has to look."""
    case = bureau.red()
    other = [ITEMS, item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="一级")]
    for day in (OVER + timedelta(days=1), OVER + timedelta(days=2)):
        bureau.morning(day, 资质=other)
    assert fresh(case).state == "red"
    assert [
        task.organisation for task in case.tasks.filter(kind="vanished", completed_on=None)
    ] == ["province"]


def test_an_insurance_case_ends_with_the_last_item_of_the_enterprise(bureau: Bureau) -> None:
    bureau.morning(people=4, 社保=insured(1, 2, 3))
    whole = Case.objects.get()
    gone = [ITEMS, item(状态="注销", 状态日期="2026-05-21")]
    bureau.morning(NEXT, people=4, 资质=gone, 社保=insured(1, 2, 3))
    assert (fresh(whole).state, fresh(whole).closed_because) == ("closed", "surrendered")
    notice = Notice.objects.filter(kind="closed", credit_code=OWN).get()
    assert notice.subject.startswith("预警案件终结")
    assert "终结：企业申请注销" in notice.body


def test_a_red_card_is_known_where_the_enterprise_builds(bureau: Bureau) -> None:
    case = bureau.red()
    datong = bureau.who("datong-officer")
    head = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工日期", "竣工日期"]
    assert not may_know_of(datong, case, on=OVER, law=bureau.law)
    bureau.office.load(
        "projects",
        [head, ["P1", OWN, "建筑装修装饰工程专业承包", "140212", "2026-01-01", "2026-08-01"]],
        day=OVER,
    )
    assert may_know_of(datong, case, on=OVER, law=bureau.law)
    assert not may_know_of(
        datong, case, on=date(2026, 9, 1), law=bureau.law
    )  # the project is finished
    assert not may_see(datong, case)  # its papers are not theirs
    assert may_know_of(bureau.who("city-officer"), case, on=OVER, law=bureau.law)
    yellow = Case(
        credit_code=OWN,
        category="specialist-decoration",
        sub_item="",
        state="yellow",
        area="city:140100",
    )
    assert not may_know_of(datong, yellow, on=OVER, law=bureau.law)
