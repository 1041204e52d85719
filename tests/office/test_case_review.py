"""What an independent review of the cases found, with the right value of each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from builders import OTHER, OWN
from bureau import ITEM, Bureau, fresh
from files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from office import DAY, Office
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.eligibility.measures import EligibilityQuery, check
from qualwatch.cases.models import Case, Notice, Task
from qualwatch.cases.service.actions import issue_warning
from qualwatch.cases.warnings.supervise import annul, end, open_notice, recheck, review
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import entries_after, standing_of
from qualwatch.registers.corrections import correct
from registers import item, paid, person

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
OVER = date(2026, 7, 21)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def unpaid_fourth() -> list[list[Any]]:
    return [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]


@pytest.mark.parametrize("what", ["unparsed payer", "no place", "registration unparsed"])
def test_an_insurance_case_is_not_closed_because_nothing_can_be_judged(
    bureau: Bureau, what: str
) -> None:
    bureau.morning(people=4, 社保=unpaid_fourth())
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
    bureau.registers(NEXT, 4, changed, may_be_held=True)
    bureau.patrol(NEXT)
    assert (fresh(case).state, fresh(case).last_result) == ("yellow", "cannot-say")
    bureau.morning(NEXT + timedelta(days=1), people=4)
    assert fresh(case).closed_because == "recovered"


def asked(bureau: Bureau, on: date) -> str:
    return check(
        asked=EligibilityQuery(OWN, "bid", ITEM[1]), by="p", on=on, at=bureau.office.tick(on)
    ).answer


def test_a_withdrawn_item_may_do_nothing(bureau: Bureau) -> None:
    bureau.morning(people=3, 资质=[ITEMS, item(状态="撤回", 状态日期="2026-05-01")])
    assert asked(bureau, DAY) == "no"


def test_a_warning_is_proved_requirement_by_requirement_and_not_before_it_was_sent(
    bureau: Bureau,
) -> None:
    case = bureau.yellow()
    letter = bureau.sent(
        issue_warning(
            case=fresh(case), by=bureau.who("officer"), law=bureau.law, at=bureau.office.tick(NEXT)
        ),
        NEXT,
    )
    with pytest.raises(CannotStep, match="不能早于发出"):
        bureau.proved(letter, NEXT, proved_on=date(2020, 1, 1))
    with pytest.raises(NotCompetent):
        bureau.proved(letter, NEXT, by="auditor")
    assert case.requirements.get().proved_on is None
    bureau.prove(case, NEXT)
    assert case.requirements.get().proved_on == NEXT


def test_an_order_cannot_be_served_before_it_was_made(bureau: Bureau) -> None:
    case = bureau.red()
    with pytest.raises(CannotStep, match="不能早于发出"):
        bureau.proved(bureau.sent(bureau.order(case), OVER), OVER, proved_on=date(2026, 6, 1))
    assert fresh(case).red_ends_on is None


def test_an_old_list_ends_nothing_as_expired(bureau: Bureau) -> None:
    bureau.registers(DAY, 2, {"资质": [ITEMS, item(有效期止="2026-05-25")]})
    bureau.patrol(DAY)
    case = Case.objects.get()
    bureau.patrol(DAY + timedelta(days=10))  # the renewal may not have arrived
    assert fresh(case).state == "yellow"


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
    bureau: Bureau, figures: dict[str, dict[str, object]]
) -> None:
    bureau.morning(people=3)
    with pytest.raises(CannotStep):
        bureau.inspect(DAY, figures=figures)
    assert not RedCard.objects.exists()


def test_a_correction_is_believed_by_cases_standings_and_measures(bureau: Bureau) -> None:
    case = bureau.yellow()
    correct(
        table="enterprises",
        key={"credit_code": OWN},
        field="division_code",
        value="140200",
        because="迁址",
        document="营业执照",
        review_on=DAY + timedelta(days=90),
        by="li",
        at=bureau.office.tick(),
    )
    bureau.morning(NEXT)
    assert fresh(case).area == "city:140200"
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
        at=bureau.office.tick(NEXT),
    )
    day = NEXT + timedelta(days=1)
    bureau.morning(day)
    assert fresh(case).closed_because == "withdrawn"
    assert standing_of(*ITEM, day).standing == "withdrawn"
    assert asked(bureau, day) == "no"


def test_registers_that_contradict_an_inspection_do_not_reset_it(bureau: Bureau) -> None:
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    bureau.morning(NEXT, people=3)
    assert not fresh(case).needs_review  # no run ever said short
    told: dict[str, Any] = {
        "case": fresh(case),
        "because": "看过",
        "evidence": ["照片"],
        "law": bureau.law,
    }
    with pytest.raises(CannotStep, match="复查结果"):
        recheck(outcome="typo", by=bureau.who("officer"), at=bureau.office.tick(NEXT), **told)
    recheck(outcome="recovered", by=bureau.who("city-officer"), at=bureau.office.tick(NEXT), **told)
    assert Task.objects.filter(kind="review", completed_on=None).exists()
    review(
        case=fresh(case),
        because="达标",
        by=bureau.who("reviewer"),
        law=bureau.law,
        at=bureau.office.tick(NEXT),
    )
    assert fresh(case).state == "closed"


def test_what_is_red_for_its_insurance_is_not_warned_of_it_again(bureau: Bureau) -> None:
    bureau.morning(people=4, 社保=unpaid_fourth())
    whole = Case.objects.get()
    bureau.prove(whole, NEXT)
    bureau.morning(OVER, people=4, 社保=unpaid_fourth())
    bureau.propose(whole, day=OVER, items=[(ITEM[1], "")])
    bureau.sign(whole, day=OVER)
    bureau.morning(OVER + timedelta(days=1), people=4, 社保=unpaid_fourth())
    assert not Case.objects.filter(state="yellow").exists()


def test_a_dismissal_accepts_what_is_held_on_the_day_of_signing(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.morning(NEXT, people=1)
    bureau.propose(
        case,
        day=NEXT,
        outcome="dismissed",
        leaves="accepted-finding",
        left={"until": DAY + timedelta(days=90)},
    )
    bureau.sign(case, day=NEXT)
    bureau.morning(NEXT + timedelta(days=1), people=1)
    assert not Case.objects.filter(state="yellow").exists()


def test_a_correction_of_another_enterprise_is_nothing_left(bureau: Bureau) -> None:
    case = bureau.yellow()
    correction = correct(
        table="enterprises",
        key={"credit_code": OTHER},
        field="name",
        value="乙二",
        because="更名",
        document="执照",
        review_on=DAY + timedelta(days=90),
        by="li",
        at=bureau.office.tick(),
    )
    with pytest.raises(CannotStep, match="没有找到"):
        bureau.propose(
            case, outcome="dismissed", leaves="correction", left={"correction": correction.pk}
        )


def test_a_missed_morning_says_what_the_last_list_said(bureau: Bureau) -> None:
    bureau.morning(people=3)
    assert standing_of(*ITEM, NEXT).standing == "in-force"
    assert standing_of(*ITEM, DAY + timedelta(days=4)).standing == "cannot-say"


def test_the_feed_no_longer_serves_what_was_removed(bureau: Bureau) -> None:
    case = bureau.red()
    annul(
        case=fresh(case),
        because="判决",
        document="判决书",
        by=bureau.who("reviewer"),
        law=bureau.law,
        at=bureau.office.tick(OVER),
    )
    assert [feed_entry.body for feed_entry in entries_after(0)] == [None, None]


def test_a_requirement_that_is_no_longer_asked_for_has_ended(bureau: Bureau) -> None:
    names = {"资质名称": "房屋建筑工程监理", "资质证书号": "E214000010"}
    bureau.morning(DAY, 1, 资质=[ITEMS, item(等级="甲级", **names)])
    case = Case.objects.get()
    before = set(case.requirements.values_list("requirement", flat=True))
    bureau.morning(NEXT, 1, 资质=[ITEMS, item(等级="丙级", **names)])
    after = set(FindingRow.objects.filter(recorded_to=None).values_list("requirement", flat=True))
    assert before - after  # some are not asked for in the lower grade
    ended = case.requirements.filter(is_ended=True, recovered_on=NEXT).values_list(
        "requirement", flat=True
    )
    assert set(ended) == before - after


def test_one_officer_alone_does_not_make_a_red_card_vanish(bureau: Bureau) -> None:
    case = bureau.red()
    told: dict[str, Any] = {
        "case": fresh(case),
        "code": "duplicate",
        "because": "重复",
        "law": bureau.law,
    }
    with pytest.raises(NotCompetent):
        end(by=bureau.who("officer"), at=bureau.office.tick(OVER), **told)
    with pytest.raises(CannotStep, match="要附证据"):
        end(by=bureau.who("other-reviewer"), at=bureau.office.tick(OVER), **told)
    with pytest.raises(CannotStep, match="签批过"):
        end(by=bureau.who("reviewer"), at=bureau.office.tick(OVER), evidence="另案", **told)
    assert fresh(case).state == "red"


def test_an_early_extension_is_refused(bureau: Bureau) -> None:
    case = bureau.yellow()
    with pytest.raises(CannotStep, match="期满后"):
        bureau.propose(case, outcome="extended", until=NEXT)


def test_opening_an_addition_proves_the_addition_only(bureau: Bureau) -> None:
    boss = bureau.enterprise()
    case = bureau.yellow()
    bureau.morning(
        NEXT, people=3, 社保=[CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    )
    bureau.morning(NEXT + timedelta(days=1))
    again = Case.objects.get(state="yellow")
    old = Notice.objects.filter(case=case, kind="push", credit_code=OWN).get()
    open_notice(
        notice=old, by=boss, at=bureau.office.tick(NEXT + timedelta(days=2)), law=bureau.law
    )
    assert again.requirements.get().proved_on is None
    new = Notice.objects.filter(case=again, kind="push", credit_code=OWN).get()
    open_notice(
        notice=new, by=boss, at=bureau.office.tick(NEXT + timedelta(days=2)), law=bureau.law
    )
    assert again.requirements.get().proved_on == NEXT + timedelta(days=2)


def test_a_period_that_is_over_is_a_task_until_somebody_acts(bureau: Bureau) -> None:
    case = bureau.yellow()
    bureau.morning(OVER)
    bureau.morning(OVER + timedelta(days=1))
    task = Task.objects.get(kind="propose", completed_on=None)
    assert (task.organisation, task.due_on) == ("province", OVER)
    assert Task.objects.filter(kind="letter", completed_on=None).exists()
    bureau.prove(case, OVER + timedelta(days=1))  # the letter came
    assert not Task.objects.filter(kind="letter", completed_on=None).exists()
    bureau.propose(case, day=OVER + timedelta(days=1))
    bureau.patrol(OVER + timedelta(days=1))  # what waits for a signature is nobody's to propose
    assert not Task.objects.filter(kind="propose", completed_on=None).exists()
    bureau.sign(case, day=OVER + timedelta(days=1))
    bureau.serve_order(case, OVER + timedelta(days=1))
    bureau.morning(date(2026, 8, 25))
    assert Task.objects.get(kind="withdraw", completed_on=None).case == case
