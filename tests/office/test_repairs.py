"""Repairs: an upheld application corrects the register as requested, or changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actors import Actors, reload
from application_acts import (
    ACCEPT,
    NEXT_DAY,
    PERIOD_OVER,
    REVIEW,
    actors_with_accounts,
    assert_refused,
)
from builders import OTHER, OWN
from qualwatch.cases.applications.repairs import FieldCorrection, Repairs
from qualwatch.cases.models import Application, Case, CaseRequirement
from qualwatch.publication.models import RedCard
from qualwatch.registers.corrections import NEW_ROW, CannotCorrect, correct
from qualwatch.registers.models import Correction, RegistrationRow
from register_files import CONTRIBUTIONS, REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import paid, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def test_wrong_data_are_corrected_and_a_missing_row_added(actors: Actors) -> None:
    """The source lacks a constructor's registration; the repair adds it until the source has it."""
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    theirs = list(RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk"))
    missing = theirs[-1]
    insured = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    actors.load_and_patrol(NEXT_DAY, people=2, 社保=insured)
    case = Case.objects.get(state="yellow", category__isnull=False)
    filing = actors.filing("data-wrong")
    application = actors.apply(case, NEXT_DAY, account, filing)
    values = {name: getattr(missing, name) for name in RegistrationRow.fact_columns()}
    key = {name: values.pop(name) for name in RegistrationRow.KEY}
    assert_refused(
        actors,
        "register-effect",
        lambda: actors.uphold(application, ACCEPT, NEXT_DAY),
    )
    expired = FieldCorrection(
        "registrations", key, NEW_ROW, {**values, "valid_to": date(2026, 1, 1)}, "注册信息截图"
    )
    assert_refused(
        actors,
        "still-short",
        lambda: actors.uphold(application, Repairs(REVIEW, [expired]), NEXT_DAY),
    )
    assert not Correction.objects.exists()
    right = FieldCorrection("registrations", key, NEW_ROW, values, "注册信息截图")
    actors.uphold(application, Repairs(REVIEW, [right]), NEXT_DAY)
    assert reload(case).closed_because == "repaired"
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), people=2, 社保=insured)
    assert not Case.objects.exclude(state="closed").exists()
    actors.load_and_patrol(NEXT_DAY + timedelta(days=2), people=3)  # the source has it now
    effective = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert effective.filter(source="correction").count() == 0
    assert effective.count() == 3


def test_a_corrected_field_is_a_repair_too(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, NEXT_DAY, account, actors.filing("data-wrong"))
    key = {
        "credit_code": OWN,
        "category": case.category,
        "sub_item": "",
        "certificate_no": case.certificate_no,
    }
    lower = FieldCorrection("items", key, "register_state", "deregistered", "注销通知")
    actors.uphold(application, Repairs(REVIEW, [lower]), NEXT_DAY)
    assert reload(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["correction", Correction.objects.get().pk]]


def test_requirements_outside_the_application_stay_open(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20)
    )
    application = actors.apply(
        case, NEXT_DAY, account, actors.filing("assessment-wrong", "constructors")
    )
    assert application.requirements == ["constructors"]
    actors.uphold(application, ACCEPT, NEXT_DAY)
    case = reload(case)
    assert (case.state, case.application) == ("yellow", None)
    assert [row.recovered_on for row in case.requirements.order_by("pk")] == [NEXT_DAY, None]
    assert Application.objects.get().stage == "upheld"


def test_an_officer_s_red_card_is_repaired_without_a_run(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    application = actors.apply(case, NEXT_DAY, account)
    actors.uphold(application, ACCEPT, NEXT_DAY, by="other-reviewer")
    assert reload(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["supervision-finding", case.pk]]


def test_an_officer_s_red_card_can_be_disputed_whatever_the_registers_say(actors: Actors) -> None:
    """The next morning's run finds the item met; the card stands in public, and so does the right to object."""
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    actors.load_and_patrol(NEXT_DAY, people=3)
    application = actors.apply(case, NEXT_DAY, account)
    assert application.requirements == ["constructors"]
    actors.uphold(application, ACCEPT, NEXT_DAY, by="other-reviewer")
    assert reload(case).closed_because == "repaired"


def test_a_requirement_that_cannot_be_judged_is_not_repaired(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, NEXT_DAY, account, actors.filing("data-wrong", "constructors"))
    name = Repairs(
        REVIEW, [FieldCorrection("enterprises", {"credit_code": OWN}, "name", "甲", "执照")]
    )
    assert_refused(actors, "still-short", lambda: actors.verify(application, name, NEXT_DAY))
    actors.office.load(
        "practitioners",
        [REGISTRATIONS, person(1), person(2), person(3, 证书类别="？")],
        day=NEXT_DAY,
    )
    actors.patrol(NEXT_DAY)
    assert reload(case).last_result == "cannot-say"
    assert_refused(actors, "still-short", lambda: actors.verify(application, name, NEXT_DAY))
    # No recent run
    assert_refused(
        actors, "no-run", lambda: actors.verify(application, name, NEXT_DAY + timedelta(days=9))
    )


def test_registers_of_other_enterprises_are_not_corrected(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, NEXT_DAY, account, actors.filing("data-wrong", "constructors"))
    for correcting in (
        FieldCorrection("enterprises", {"credit_code": OTHER}, "name", "乙", "执照"),
        FieldCorrection("locks", {"person_id": 10**9}, "locked_from", None, "函"),
    ):
        assert_refused(
            actors,
            "register-effect",
            lambda repair=correcting: actors.verify(
                application, Repairs(REVIEW, [repair]), NEXT_DAY
            ),
        )
    item_row = FieldCorrection(
        "items",
        {"credit_code": OWN, "category": "x", "sub_item": "", "certificate_no": "y"},
        NEW_ROW,
        {},
        "函",
    )
    with pytest.raises(CannotCorrect):  # a qualification is granted, not added
        actors.verify(application, Repairs(REVIEW, [item_row]), NEXT_DAY)


def test_an_added_row_ends_when_the_source_has_it_and_does_not_come_back(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    missing = (
        RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    )
    assert missing is not None
    values = {name: getattr(missing, name) for name in RegistrationRow.fact_columns()}
    key = {name: values.pop(name) for name in RegistrationRow.KEY}
    actors.load_registers(NEXT_DAY, 2)
    correction = correct(
        table="registrations",
        key=key,
        field=NEW_ROW,
        value=values,
        because="漏登",
        document="截图",
        review_on=REVIEW,
        by="li",
        at=actors.office.tick(NEXT_DAY),
    )
    here = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert here.count() == 3
    actors.load_registers(NEXT_DAY + timedelta(days=1), 3)
    correction.refresh_from_db()
    assert correction.released_at is not None
    actors.load_registers(NEXT_DAY + timedelta(days=2), 2)
    assert here.count() == 2


def test_a_card_partly_repaired_and_partly_rectified_is_cleared_not_erased(actors: Actors) -> None:
    """The card did happen: of two requirements one had been rightly determined."""
    account = actors.enterprise_account()
    case = actors.red_case()
    CaseRequirement.objects.create(
        case=case,
        requirement="manual-titles",
        pushed_on=DAY,
        ends_on=date(2026, 7, 20),
        determined_on=PERIOD_OVER,
        recovered_on=PERIOD_OVER,
    )
    application = actors.apply(
        case, PERIOD_OVER, account, actors.filing("assessment-wrong", "constructors")
    )
    actors.uphold(application, ACCEPT, PERIOD_OVER, by="other-reviewer")
    assert reload(case).closed_because == "recovered"
    assert RedCard.objects.get().state == "cleared"


def test_wrong_data_against_an_officer_s_red_card(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    application = actors.apply(case, NEXT_DAY, account, actors.filing("data-wrong", "constructors"))
    actors.uphold(application, ACCEPT, NEXT_DAY, by="other-reviewer")
    assert reload(case).closed_because == "repaired"


def test_a_red_card_of_insurance_is_repaired_by_what_the_run_reads(actors: Actors) -> None:
    """No officer found it: the run did, and would warn again next morning."""
    account = actors.enterprise_account()
    unpaid = [CONTRIBUTIONS, *(row for n in (1, 2) for row in paid(n))]
    actors.load_and_patrol(people=3, 社保=unpaid)
    enterprise_case = Case.objects.get(category=None)
    actors.prove_warning(enterprise_case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, people=3, 社保=unpaid)
    actors.propose(enterprise_case, day=PERIOD_OVER, items=[("specialist-decoration", "")])
    actors.sign(enterprise_case, day=PERIOD_OVER)
    red = Case.objects.get(state="red")
    application = actors.apply(red, PERIOD_OVER, account, actors.filing("data-wrong", "insurance"))
    assert_refused(
        actors, "register-effect", lambda: actors.verify(application, ACCEPT, PERIOD_OVER)
    )
    who = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    assert who is not None
    rows = [
        FieldCorrection(
            "contributions",
            {"person_id": who.person_id, "month": f"2026-0{month}-01", "payer_credit_code": OWN},
            NEW_ROW,
            {},
            "社保证明",
        )
        for month in (4, 5, 6)
    ]
    actors.uphold(application, Repairs(REVIEW, rows), PERIOD_OVER, by="other-reviewer")
    assert reload(red).closed_because == "repaired"
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3, 社保=unpaid)
    assert not Case.objects.exclude(state="closed").filter(ground="insurance").exists()
