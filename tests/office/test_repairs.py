"""Repairs: what an upheld application puts on record heals what was applied for, or nothing is done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from applying import ACCEPT, NEXT, OVER, REVIEW, capability_required, refused
from builders import OTHER, OWN
from bureau import Bureau, fresh
from files import CONTRIBUTIONS, REGISTRATIONS
from office import DAY, Office
from qualwatch.cases.applications.repairs import Correcting, Repairs
from qualwatch.cases.models import Application, Case, CaseRequirement
from qualwatch.publication.models import RedCard
from qualwatch.registers.corrections import WHOLE, CannotCorrect, correct
from qualwatch.registers.models import Correction, RegistrationRow
from registers import paid, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return capability_required(office)


def test_wrong_data_are_corrected_and_a_missing_row_added(bureau: Bureau) -> None:
    """The source lacks a constructor's registration; the repair adds it until the source has it."""
    account = bureau.enterprise()
    bureau.morning(people=3)
    theirs = list(RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk"))
    gone = theirs[-1]
    insured = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    bureau.morning(NEXT, people=2, 社保=insured)
    case = Case.objects.get(state="yellow", category__isnull=False)
    filing = bureau.filing("data-wrong")
    application = bureau.apply(case, NEXT, account, filing)
    told = {name: getattr(gone, name) for name in RegistrationRow.fact_columns()}
    key = {name: told.pop(name) for name in RegistrationRow.KEY}
    refused(
        bureau,
        "leaves-something",
        lambda: bureau.uphold(application, ACCEPT, NEXT),
    )
    expired = Correcting(
        "registrations", key, WHOLE, {**told, "valid_to": date(2026, 1, 1)}, "注册信息截图"
    )
    refused(
        bureau, "still-short", lambda: bureau.uphold(application, Repairs(REVIEW, [expired]), NEXT)
    )
    assert not Correction.objects.exists()
    right = Correcting("registrations", key, WHOLE, told, "注册信息截图")
    bureau.uphold(application, Repairs(REVIEW, [right]), NEXT)
    assert fresh(case).closed_because == "repaired"
    bureau.morning(NEXT + timedelta(days=1), people=2, 社保=insured)
    assert not Case.objects.exclude(state="closed").exists()
    bureau.morning(NEXT + timedelta(days=2), people=3)  # the source has it now
    believed = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert believed.filter(source="correction").count() == 0
    assert believed.count() == 3


def test_a_field_set_right_is_a_repair_too(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    application = bureau.apply(case, NEXT, account, bureau.filing("data-wrong"))
    told = {
        "credit_code": OWN,
        "category": case.category,
        "sub_item": "",
        "certificate_no": case.certificate_no,
    }
    lower = Correcting("items", told, "register_state", "deregistered", "注销通知")
    bureau.uphold(application, Repairs(REVIEW, [lower]), NEXT)
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["correction", Correction.objects.get().pk]]


def test_what_the_application_was_not_about_goes_on(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20)
    )
    application = bureau.apply(
        case, NEXT, account, bureau.filing("assessment-wrong", "constructors")
    )
    assert application.requirements == ["constructors"]
    bureau.uphold(application, ACCEPT, NEXT)
    case = fresh(case)
    assert (case.state, case.application) == ("yellow", None)
    assert [row.recovered_on for row in case.requirements.order_by("pk")] == [NEXT, None]
    assert Application.objects.get().stage == "upheld"


def test_an_officer_s_red_card_is_repaired_without_a_run(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    application = bureau.apply(case, NEXT, account)
    bureau.uphold(application, ACCEPT, NEXT)
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["supervision-finding", case.pk]]


def test_an_officer_s_red_card_can_be_disputed_whatever_the_registers_say(bureau: Bureau) -> None:
    """The next morning's run finds the item met; the card stands in public, and so does the right to object."""
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    bureau.morning(NEXT, people=3)
    application = bureau.apply(case, NEXT, account)
    assert application.requirements == ["constructors"]
    bureau.uphold(application, ACCEPT, NEXT)
    assert fresh(case).closed_because == "repaired"


def test_what_cannot_be_judged_is_not_healed(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    application = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    name = Repairs(REVIEW, [Correcting("enterprises", {"credit_code": OWN}, "name", "甲", "执照")])
    refused(bureau, "still-short", lambda: bureau.verify(application, name, NEXT))
    bureau.office.load(
        "practitioners", [REGISTRATIONS, person(1), person(2), person(3, 证书类别="？")], day=NEXT
    )
    bureau.patrol(NEXT)
    assert fresh(case).last_result == "cannot-say"
    refused(bureau, "still-short", lambda: bureau.verify(application, name, NEXT))
    refused(
        bureau, "no-run", lambda: bureau.verify(application, name, NEXT + timedelta(days=9))
    )  # no recent run


def test_nobody_else_s_registers_are_corrected(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    application = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    for correcting in (
        Correcting("enterprises", {"credit_code": OTHER}, "name", "乙", "执照"),
        Correcting("locks", {"person_id": 10**9}, "locked_from", None, "函"),
    ):
        refused(
            bureau,
            "leaves-something",
            lambda one=correcting: bureau.verify(application, Repairs(REVIEW, [one]), NEXT),
        )
    item_row = Correcting(
        "items",
        {"credit_code": OWN, "category": "x", "sub_item": "", "certificate_no": "y"},
        WHOLE,
        {},
        "函",
    )
    with pytest.raises(CannotCorrect):  # a qualification is granted, not added
        bureau.verify(application, Repairs(REVIEW, [item_row]), NEXT)


def test_an_added_row_ends_when_the_source_has_it_and_does_not_come_back(bureau: Bureau) -> None:
    bureau.morning(people=3)
    gone = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    assert gone is not None
    told = {name: getattr(gone, name) for name in RegistrationRow.fact_columns()}
    key = {name: told.pop(name) for name in RegistrationRow.KEY}
    bureau.registers(NEXT, 2)
    correction = correct(
        table="registrations",
        key=key,
        field=WHOLE,
        value=told,
        because="漏登",
        document="截图",
        review_on=REVIEW,
        by="li",
        at=bureau.office.tick(NEXT),
    )
    here = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert here.count() == 3
    bureau.registers(NEXT + timedelta(days=1), 3)
    correction.refresh_from_db()
    assert correction.released_at is not None
    bureau.registers(NEXT + timedelta(days=2), 2)
    assert here.count() == 2


def test_a_part_repaired_and_a_part_made_good_is_cleared_not_erased(bureau: Bureau) -> None:
    """The card did happen: of two requirements one had been rightly determined."""
    account = bureau.enterprise()
    case = bureau.red()
    CaseRequirement.objects.create(
        case=case,
        requirement="manual-titles",
        pushed_on=DAY,
        ends_on=date(2026, 7, 20),
        is_determined=True,
        recovered_on=OVER,
    )
    application = bureau.apply(
        case, OVER, account, bureau.filing("assessment-wrong", "constructors")
    )
    bureau.uphold(application, ACCEPT, OVER, by="other-reviewer")
    assert fresh(case).closed_because == "recovered"
    assert RedCard.objects.get().state == "cleared"


def test_wrong_data_against_an_officer_s_red_card(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    application = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    bureau.uphold(application, ACCEPT, NEXT)
    assert fresh(case).closed_because == "repaired"


def test_a_red_card_of_insurance_is_repaired_by_what_the_run_reads(bureau: Bureau) -> None:
    """No officer found it: the run did, and would warn again next morning."""
    account = bureau.enterprise()
    unpaid = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    bureau.morning(people=4, 社保=unpaid)
    whole = Case.objects.get()
    bureau.prove(whole, NEXT)
    bureau.morning(OVER, people=4, 社保=unpaid)
    bureau.propose(whole, day=OVER, items=[("specialist-decoration", "")])
    bureau.sign(whole, day=OVER)
    red = Case.objects.get(state="red")
    application = bureau.apply(red, OVER, account, bureau.filing("data-wrong", "insurance"))
    refused(bureau, "leaves-something", lambda: bureau.verify(application, ACCEPT, OVER))
    who = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    assert who is not None
    rows = [
        Correcting(
            "contributions",
            {"person_id": who.person_id, "month": f"2026-0{month}-01", "payer_credit_code": OWN},
            WHOLE,
            {},
            "社保证明",
        )
        for month in (4, 5, 6)
    ]
    bureau.uphold(application, Repairs(REVIEW, rows), OVER, by="other-reviewer")
    assert fresh(red).closed_because == "repaired"
    bureau.morning(OVER + timedelta(days=1), people=4, 社保=unpaid)
    assert not Case.objects.exclude(state="closed").exists()
