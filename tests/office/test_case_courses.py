"""Each requirement of a case has its own course, through the database ("Clarified" 2, 3, 5, 9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import Actors, reload
from builders import OWN
from qualwatch.cases.models import Case, Determination, Document, Notice, Task
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.corrections import correct
from qualwatch.registers.models import AcceptedFindingRow
from register_files import CONTRIBUTIONS, ITEMS, REGISTRATIONS, Rows
from register_office import DAY, RegisterOffice
from register_rows import item, paid, person

pytestmark = pytest.mark.django_db
LATER = date(2026, 6, 10)
FIRST_OVER = date(2026, 7, 21)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def insured(*numbers: int) -> Rows:
    return [CONTRIBUTIONS, *(row for n in numbers for row in paid(n))]


def supervision(engineers: int, cost_engineers: int) -> dict[str, Rows]:
    """A supervision firm of grade B: one cost engineer and fifteen person-times are required."""
    numbers = range(1, engineers + cost_engineers + 1)
    trades = [("注册监理工程师", "", "房屋建筑工程")] * engineers
    trades += [("注册造价工程师", "一级", "土木建筑工程")] * cost_engineers
    return {
        "资质": [
            ITEMS,
            item(资质名称="工程监理房屋建筑工程专业", 等级="乙级", 资质证书号="E214000010"),
        ],
        "注册人员": [
            REGISTRATIONS,
            *(
                person(n, 证书类别=kind, 等级=grade, 专业=trade)
                for n, (kind, grade, trade) in zip(numbers, trades, strict=True)
            ),
        ],
        "社保": insured(*numbers),
    }


def patrol(actors: Actors, day: date, engineers: int, cost_engineers: int) -> None:
    actors.load_registers(day, 2, supervision(engineers, cost_engineers))
    actors.patrol(day)


def two_courses(actors: Actors) -> Case:
    """Warned of cost engineers first, later of person-times too; both proved."""
    patrol(actors, DAY, 15, 0)
    case = Case.objects.get()
    patrol(actors, LATER, 14, 0)
    actors.prove_warning(case, LATER)
    assert {row.requirement: row.pushed_on for row in case.requirements.all()} == {
        "cost-engineers": DAY,
        "person-times": LATER,
    }
    return case


def red_for_the_first(actors: Actors) -> Case:
    """Red for the cost engineers, the order served; the person-times still yellow."""
    case = two_courses(actors)
    patrol(actors, FIRST_OVER, 14, 0)
    actors.propose(case, day=FIRST_OVER, requirements=["cost-engineers"])
    actors.sign(case, day=FIRST_OVER)
    actors.serve_order(case, FIRST_OVER)
    return reload(case)


def test_what_a_red_card_also_warned_of_goes_on_with_its_clock(actors: Actors) -> None:
    """Clarified 2: the card closes for the requirement that recovered; the other keeps its days."""
    case = red_for_the_first(actors)
    other = case.requirements.get(requirement="person-times")
    patrol(actors, FIRST_OVER + timedelta(days=7), 13, 1)
    closed = reload(case)
    assert (closed.state, closed.closed_because) == ("closed", "recovered")
    assert RedCard.objects.get(number=closed.card_number).state == "cleared"
    going_on = Case.objects.get(continued_from=case)
    assert (going_on.state, going_on.card_number, going_on.published_on) == ("yellow", "", None)
    row = going_on.requirements.get()
    assert (row.requirement, row.pushed_on, row.ends_on, row.proved_on) == (
        "person-times",
        other.pushed_on,
        other.ends_on,
        other.proved_on,
    )
    notice = Notice.objects.get(case=going_on, kind="continued", credit_code=OWN)
    assert "期限不变" in notice.body
    assert other.ends_on.isoformat() in notice.body
    assert Entry.objects.filter(stream=closed.stream, what="continued").exists()
    assert public_copy() == replayed(10**9)
    after = other.ends_on + timedelta(days=1)
    patrol(actors, after, 13, 1)
    assert Case.objects.exclude(state="closed").get() == going_on
    actors.propose(going_on, day=after)
    actors.sign(going_on, day=after)
    assert reload(going_on).card_number not in ("", closed.card_number)


def test_a_red_card_is_extended_to_a_requirement_whose_period_is_over(actors: Actors) -> None:
    """Clarified 2: with documents, an order and a red period of its own."""
    case = red_for_the_first(actors)
    first_order = actors.order_of(case)
    first_end = case.red_ends_on
    over = case.requirements.get(requirement="person-times").ends_on + timedelta(days=1)
    patrol(actors, over, 14, 0)
    assert Task.objects.filter(case=case, kind="propose", completed_on=None).count() == 1
    with pytest.raises(CannotStep, match="已经认定"):
        actors.propose(case, day=over, requirements=["cost-engineers"])
    actors.propose(case, day=over, requirements=["person-times"])
    actors.sign(case, day=over)
    card = RedCard.objects.get(number=case.card_number)
    assert [row["requirement"] for row in card.requirements] == ["cost-engineers", "person-times"]
    second_order = actors.order_of(case)
    assert second_order != first_order
    assert second_order.template_values["determined"] == ["person-times"]
    assert [row["name"] for row in second_order.template_values["requirements"]] == ["注册人员人次"]
    row = case.requirements.get(requirement="person-times")
    assert (row.determined_on, row.red_ends_on, reload(case).red_ends_on) == (over, None, first_end)
    actors.serve_order(case, over)
    row.refresh_from_db()
    assert row.red_ends_on is not None
    assert first_end is not None
    assert row.red_ends_on > first_end
    assert reload(case).red_ends_on == first_end
    assert public_copy() == replayed(10**9)


def test_a_requirement_that_recovers_leaves_the_red_card(actors: Actors) -> None:
    """Clarified 2: the public card shows what is still red, with the period that still runs."""
    case = red_for_the_first(actors)
    over = case.requirements.get(requirement="person-times").ends_on + timedelta(days=1)
    patrol(actors, over, 14, 0)
    actors.propose(case, day=over, requirements=["person-times"])
    actors.sign(case, day=over)
    actors.serve_order(case, over)
    patrol(actors, over + timedelta(days=1), 13, 1)
    row = case.requirements.get(requirement="person-times")
    assert (reload(case).state, reload(case).red_ends_on) == ("red", row.red_ends_on)
    card = RedCard.objects.get(number=case.card_number)
    assert [shown["requirement"] for shown in card.requirements] == ["person-times"]
    assert card.ends_on == row.red_ends_on
    assert public_copy() == replayed(10**9)


def regraded(people: int, grade: str) -> dict[str, Any]:
    return {"people": people, "资质": [ITEMS, item(等级=grade)]}


def raised_case(actors: Actors) -> Case:
    """Warned of three constructors, then upgraded: more are required, with a period of its own."""
    case = actors.yellow_case()
    actors.prove_warning(case, DAY + timedelta(days=1))
    actors.load_and_patrol(LATER, **regraded(2, "一级"))
    return reload(case)


def test_an_upgrade_tells_the_higher_figure_with_its_own_start(actors: Actors) -> None:
    """Clarified 9."""
    case = raised_case(actors)
    row = case.requirements.get()
    assert (row.pushed_on, row.required, row.warned_figures["required"]) == (DAY, 3, 3)
    assert row.raised["required"] > row.required
    assert row.raised["pushed_on"] == LATER.isoformat()
    assert row.raised["figures"]["required"] == row.raised["required"]
    notice = Notice.objects.filter(case=case, kind="push-addition", credit_code=OWN).get()
    assert str(row.raised["required"]) in notice.body
    assert row.raised["ends_on"] in notice.body


def test_the_red_card_states_the_figure_of_which_the_enterprise_was_warned(
    actors: Actors,
) -> None:
    """Clarified 9: determined on three although the new grade asks for more."""
    case = raised_case(actors)
    actors.load_and_patrol(FIRST_OVER, **regraded(2, "一级"))
    actors.propose(case, day=FIRST_OVER)
    actors.sign(case, day=FIRST_OVER)
    signed = Determination.objects.get(case=case)
    assert (
        signed.figures["constructors"]["required"],
        signed.figures["constructors"]["shortfall"],
    ) == (3, 1)
    card = RedCard.objects.get(number=reload(case).card_number)
    assert card.requirements[0]["required"] == 3
    document = Document.objects.get(case=case, kind="determination")
    assert document.template_values["requirements"][0]["required"] == 3


def test_the_raised_figure_takes_over_where_the_first_is_met(actors: Actors) -> None:
    """Clarified 9: nobody is determined on a figure of which the period still runs."""
    case = raised_case(actors)
    raised = case.requirements.get().raised
    actors.load_and_patrol(FIRST_OVER, **regraded(3, "一级"))
    row = reload(case).requirements.get()
    assert (row.pushed_on.isoformat(), row.required, row.raised) == (
        raised["pushed_on"],
        raised["required"],
        {},
    )
    assert row.warned_figures["required"] == raised["required"]
    with pytest.raises(CannotStep, match="条件不齐"):
        actors.propose(case, day=FIRST_OVER)


def test_a_letter_about_the_raised_figure_proves_both_warnings(actors: Actors) -> None:
    """Clarified 9: the letter lists both figures with their days."""
    case = raised_case(actors)
    actors.prove_warning(case, LATER + timedelta(days=1))
    row = reload(case).requirements.get()
    assert row.proved_on == DAY + timedelta(days=1)
    assert row.raised["proved_on"] == (LATER + timedelta(days=1)).isoformat()


def dismissal(until: date, **changed: Any) -> dict[str, Any]:
    return {
        "outcome": "dismissed",
        "register_effect": "accepted-finding",
        "register_effect_details": {"until": until},
        **changed,
    }


def test_a_review_day_lies_within_the_policys_months(actors: Actors) -> None:
    """Clarified 5: policy acceptance_max_months."""
    case = actors.yellow_case()
    actors.load_and_patrol(FIRST_OVER)
    with pytest.raises(CannotStep, match="最长 12 个月"):
        actors.propose(case, day=FIRST_OVER, **dismissal(date(2027, 7, 22)))
    actors.propose(case, day=FIRST_OVER, **dismissal(date(2027, 7, 21)))
    actors.sign(case, day=FIRST_OVER)
    assert reload(case).closed_because == "dismissed"
    actors.load_and_patrol(FIRST_OVER + timedelta(days=1))
    assert Case.objects.exclude(state="closed").count() == 0


def test_a_dismissal_whose_correction_does_not_heal_is_refused(actors: Actors) -> None:
    """Clarified 5: with it the next run would warn again."""
    case = actors.yellow_case()
    actors.load_and_patrol(FIRST_OVER)
    correction = correct(
        table="enterprises",
        key={"credit_code": OWN},
        field="name",
        value="甲装饰集团有限公司",
        because="更名",
        document="营业执照",
        review_on=date(2027, 1, 1),
        by="second-officer",
        at=actors.office.tick(FIRST_OVER),
    )
    with pytest.raises(CannotStep, match="仍不达标"):
        actors.propose(
            case,
            day=FIRST_OVER,
            outcome="dismissed",
            register_effect="correction",
            register_effect_details={"correction": correction.pk},
        )
    assert not Determination.objects.exists()
    assert not AcceptedFindingRow._default_manager.exists()


def test_a_met_item_never_becomes_red_for_insurance(actors: Actors) -> None:
    """Clarified 3: without the person in question three constructors are still there."""
    sheets: dict[str, Any] = {"社保": insured(1, 2, 3)}
    actors.load_and_patrol(people=4, **sheets)
    case = Case.objects.get()
    actors.prove_warning(case, DAY + timedelta(days=1))
    actors.load_and_patrol(FIRST_OVER, people=4, **sheets)
    with pytest.raises(CannotStep, match="仍然达标"):
        actors.propose(case, day=FIRST_OVER, items=[("specialist-decoration", "")])


def test_an_item_is_decided_on_by_its_own_authority(actors: Actors) -> None:
    """Clarified 3: the city may not decide on an item that the province issued."""
    sheets: dict[str, Any] = {"社保": insured(1, 2)}
    actors.load_and_patrol(people=3, **sheets)
    case = Case.objects.get(category=None)
    actors.prove_warning(case, DAY + timedelta(days=1))
    actors.load_and_patrol(FIRST_OVER, people=3, **sheets)
    with pytest.raises(CannotStep, match="别的主管部门"):
        actors.propose(
            case, day=FIRST_OVER, by="city-officer", items=[("specialist-decoration", "")]
        )
    actors.propose(case, day=FIRST_OVER, items=[("specialist-decoration", "")])
    actors.sign(case, day=FIRST_OVER)
    assert reload(case).closed_because == "determined"


def test_the_insurance_case_waits_for_the_authority_of_the_other_items(actors: Actors) -> None:
    """Clarified 3: the city decides on its item; the province's item keeps the case open."""
    items = [
        ITEMS,
        item(),
        item(
            资质名称="建筑幕墙工程专业承包",
            资质证书号="D314000011",
            许可机关="太原市行政审批服务管理局",
        ),
    ]
    sheets: dict[str, Any] = {"社保": insured(1), "资质": items}
    actors.load_and_patrol(people=3, **sheets)
    case = Case.objects.get(category=None)
    actors.prove_warning(case, DAY + timedelta(days=1))
    actors.load_and_patrol(FIRST_OVER, people=3, **sheets)
    city_item = Case.objects.exclude(category="specialist-decoration").get(category__isnull=False)
    actors.propose(case, day=FIRST_OVER, by="city-officer", items=[(city_item.category, "")])
    actors.sign(case, day=FIRST_OVER, by="city-reviewer")
    assert reload(case).state == "yellow"
    assert Case.objects.get(state="red").category == city_item.category
    assert Task.objects.get(case=case, kind="propose", completed_on=None).organisation == "province"
    actors.propose(case, day=FIRST_OVER, items=[("specialist-decoration", "")])
    actors.sign(case, day=FIRST_OVER)
    assert reload(case).closed_because == "determined"
