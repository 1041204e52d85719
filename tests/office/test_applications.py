"""Applications: received at once, examined and decided by others than those who determined; repairs heal or are not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from builders import OTHER, OWN
from bureau import SEATS, Bureau, fresh, picture
from files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from office import DAY, Office
from qualwatch.accounts.actions import change_roles
from qualwatch.accounts.models import Account
from qualwatch.archive.contents import CannotKeep
from qualwatch.cases.actions.apply import agree, file_data_error, refuse, retract, uphold
from qualwatch.cases.actions.determine import return_proposal
from qualwatch.cases.actions.supervise import open_notice
from qualwatch.cases.attachments import HandedIn, attachment_for, document_for
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.course import Doing
from qualwatch.cases.due import count_again
from qualwatch.cases.models import Application, Attachment, Case, CaseRequirement, Document, Notice, Task
from qualwatch.cases.queries import applications_due_by, tasks_of
from qualwatch.cases.repairs import Correcting, Repairs
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.corrections import WHOLE, CannotCorrect, correct
from qualwatch.registers.models import AcceptedFindingRow, Correction, RegistrationRow
from registers import item, paid, person

pytestmark = pytest.mark.django_db
NEXT, OVER = DAY + timedelta(days=1), date(2026, 7, 21)
REVIEW = date(2026, 12, 31)
CITY_ITEM = [ITEMS, item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级")]
ACCEPT = Repairs(REVIEW)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    made = Bureau(office)
    for name in SEATS:  # now, so that a refused act adds nothing to the journal
        made.who(name)
    return made


def acts(bureau: Bureau, by: str, day: date = NEXT) -> dict[str, Any]:
    return {"by": bureau.who(by), "law": bureau.law, "at": bureau.office.tick(day)}


def city_case(bureau: Bureau) -> tuple[Case, Account]:
    bureau.morning(资质=CITY_ITEM)
    return Case.objects.get(), bureau.enterprise()


def refused(bureau: Bureau, slug: str, do: Any) -> None:
    """Refused, and nothing is on record."""
    before = (
        Entry.objects.count(),
        list(Application.objects.values()),
        Document.objects.count(),
        Attachment.objects.count(),
    )
    with pytest.raises(CannotStep) as why:
        do()
    assert why.value.slug == slug
    assert before == (
        Entry.objects.count(), list(Application.objects.values()), Document.objects.count(), Attachment.objects.count(),
    )  # fmt: skip


def test_a_receipt_with_a_number_comes_at_once_and_the_clock_is_shown(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    made = bureau.apply(case, NEXT, account)
    assert (made.number, made.receiver, made.stage) == ("晋建资申〔2026〕1号", "province", "received")
    assert (made.opinion_due_on, made.decision_due_on) == (None, date(2026, 6, 18))  # 20 working days after 21 May
    receipt = Document.objects.get(kind="receipt")
    assert (receipt.application, receipt.addressee) == (made, case.enterprise)
    assert receipt.told["decision_due_on"] == "2026年6月18日"
    task = Task.objects.get(kind="application", done_on=None)
    assert (task.organisation, task.due_on) == ("province", date(2026, 6, 18))
    assert applications_due_by(date(2026, 6, 17)) == []
    assert applications_due_by(date(2026, 6, 18)) == [made]
    assert made.attachments.get().name == "证明.png"
    assert fresh(case).disputed == ["constructors"]


def test_the_checklist_is_answered_line_by_line(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    whole = bureau.filing()
    for checklist, sentence in (
        ({}, "身份证明"),
        ({"constructors": {**whole.checklist["constructors"], "insurance": " "}}, "社保缴纳证明"),
        ({"constructors": {**whole.checklist["constructors"], "insurance": ["别的.png"]}}, "没有收到文件 别的.png"),
    ):
        with pytest.raises(CannotStep, match=sentence):
            bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors", checklist=checklist))
    assert not Application.objects.exists()
    lines = {**whole.checklist["constructors"], "insurance": "退休人员，见退休证"}
    made = bureau.apply(
        case, NEXT, account, bureau.filing("assessment-wrong", "constructors", checklist={"constructors": lines})
    )
    assert ["constructors", "insurance", "退休人员，见退休证"] in made.checklist


def test_only_the_enterprise_itself_applies(bureau: Bureau) -> None:
    case = bureau.yellow()
    other = bureau.enterprise("91140100MA0K000018")
    for account in (other, bureau.who("officer"), bureau.who("auditor")):
        with pytest.raises(NotCompetent):
            bureau.apply(case, NEXT, account)


def test_a_first_application_stops_the_determination_and_a_second_one_does_not(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    first = bureau.apply(case, OVER, account)
    with pytest.raises(CannotStep, match="首次申请"):
        bureau.propose(case, day=OVER)
    refuse(application=first, because="社保由他人缴纳", **acts(bureau, "reviewer", OVER))
    refused(bureau, "new-evidence", lambda: bureau.apply(case, OVER, account))  # the same file again is nothing new
    bureau.apply(
        case, OVER, account, bureau.filing("assessment-wrong", "constructors", files=[HandedIn("证明.png", picture(9))])
    )
    bureau.propose(case, day=OVER)
    bureau.sign(case, day=OVER)
    assert fresh(case).place == "red"


def test_the_city_examines_and_the_province_repairs(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    assert made.receiver == "city-140100"
    assert (made.opinion_due_on, made.decision_due_on) == (date(2026, 6, 4), None)
    refused(
        bureau,
        "opinion-first",
        lambda: bureau.uphold(made, ACCEPT, NEXT),
    )
    with pytest.raises(NotCompetent):
        agree(application=made, because="属实", **acts(bureau, "datong-officer"))
    opinion = agree(application=made, because="人员确在本单位", **acts(bureau, "city-reviewer"))
    assert (opinion.organisation, opinion.addressee) == ("city-140100", "山西省住房和城乡建设厅")
    made.refresh_from_db()
    assert (made.stage, made.decision_due_on) == ("agreed", date(2026, 6, 18))
    assert [one.kind for one in tasks_of("province")] == ["decide-application"]
    with pytest.raises(NotCompetent):
        bureau.uphold(made, ACCEPT, NEXT, "city-reviewer")
    decision = bureau.uphold(made, ACCEPT, NEXT)
    assert decision.told["outcome"] == "予以支持，统一修复"
    case = fresh(case)
    assert (case.place, case.closed_because) == ("closed", "repaired")
    assert AcceptedFindingRow.objects.get().at_held == 2
    bureau.morning(NEXT + timedelta(days=1), 资质=CITY_ITEM)
    assert not Case.objects.exclude(place="closed").exists()  # not warned again next morning
    assert not Task.objects.filter(done_on=None).exclude(kind="letter").exists()


def test_a_refusal_has_reasons_and_names_the_remedies(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    refused(bureau, "because", lambda: refuse(application=made, because=" ", **acts(bureau, "city-reviewer")))
    decision = refuse(application=made, because="社保不在本单位", **acts(bureau, "city-reviewer"))
    assert (decision.organisation, decision.told["is_refused"]) == ("city-140100", True)
    assert (decision.told["reconsideration_days"], decision.told["litigation_months"]) == (60, 6)
    assert fresh(case).place == "yellow"
    assert fresh(case).application is None
    made.refresh_from_db()
    assert (made.stage, made.decided_because) == ("refused", "社保不在本单位")
    refused(bureau, "application", lambda: refuse(application=made, because="再说", **acts(bureau, "city-reviewer")))


def test_f29_whoever_determined_or_gave_the_opinion_does_not_decide(bureau: Bureau) -> None:
    """At every entry point: examine, refuse, uphold."""
    account = bureau.enterprise()
    case = bureau.red()
    made = bureau.apply(case, OVER, account)
    refused(
        bureau, "different-decider", lambda: refuse(application=made, because="不实", **acts(bureau, "reviewer", OVER))
    )
    refused(bureau, "different-decider", lambda: bureau.verify(made, ACCEPT, OVER, by="officer"))  # who proposed it
    bureau.verify(made, ACCEPT, OVER)
    refused(
        bureau, "different-decider", lambda: uphold(application=made, because="属实", **acts(bureau, "reviewer", OVER))
    )
    bureau.uphold(made, ACCEPT, OVER, "other-reviewer")
    assert (fresh(case).place, fresh(case).closed_because) == ("closed", "repaired")
    assert RedCard.objects.get().state == "removed"
    assert replayed(10**9) == public_copy()


def test_f29_the_city_s_determiner_gives_no_opinion(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    bureau.prove(case, NEXT)
    bureau.morning(OVER, 资质=CITY_ITEM)
    bureau.propose(case, by="city-officer", day=OVER)
    bureau.sign(case, by="city-reviewer", day=OVER)
    made = bureau.apply(case, OVER, account)
    for act in (agree, refuse):
        refused(
            bureau,
            "different-decider",
            lambda act=act: act(application=made, because="看过", **acts(bureau, "city-reviewer", OVER)),
        )


def test_wrong_data_are_corrected_and_a_missing_row_added(bureau: Bureau) -> None:
    """The source lacks a constructor's registration; the repair adds it until the source has it."""
    account = bureau.enterprise()
    bureau.morning(people=3)
    theirs = list(RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk"))
    gone = theirs[-1]
    insured = [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in paid(n))]
    bureau.morning(NEXT, people=2, 社保=insured)
    case = Case.objects.get(place="yellow", category__isnull=False)
    filing = bureau.filing("data-wrong")
    made = bureau.apply(case, NEXT, account, filing)
    told = {name: getattr(gone, name) for name in RegistrationRow.facts()}
    key = {name: told.pop(name) for name in RegistrationRow.KEY}
    refused(
        bureau,
        "leaves-something",
        lambda: bureau.uphold(made, ACCEPT, NEXT),
    )
    expired = Correcting("registrations", key, WHOLE, {**told, "valid_to": date(2026, 1, 1)}, "注册信息截图")
    refused(bureau, "still-short", lambda: bureau.uphold(made, Repairs(REVIEW, [expired]), NEXT))  # fmt: skip
    assert not Correction.objects.exists()
    right = Correcting("registrations", key, WHOLE, told, "注册信息截图")
    bureau.uphold(made, Repairs(REVIEW, [right]), NEXT)
    assert fresh(case).closed_because == "repaired"
    bureau.morning(NEXT + timedelta(days=1), people=2, 社保=insured)
    assert not Case.objects.exclude(place="closed").exists()
    bureau.morning(NEXT + timedelta(days=2), people=3)  # the source has it now
    believed = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert believed.filter(source="correction").count() == 0
    assert believed.count() == 3


def test_a_field_set_right_is_a_repair_too(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    made = bureau.apply(case, NEXT, account, bureau.filing("data-wrong"))
    told = {"credit_code": OWN, "category": case.category, "sub_item": "", "certificate_no": case.certificate_no}
    lower = Correcting("items", told, "register_state", "deregistered", "注销通知")
    bureau.uphold(made, Repairs(REVIEW, [lower]), NEXT)
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["correction", Correction.objects.get().pk]]


def test_what_the_application_was_not_about_goes_on(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    CaseRequirement.objects.create(case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20))
    made = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors"))
    assert made.requirements == ["constructors"]
    bureau.uphold(made, ACCEPT, NEXT)
    case = fresh(case)
    assert (case.place, case.application) == ("yellow", None)
    assert [row.recovered_on for row in case.requirements.order_by("pk")] == [NEXT, None]
    assert Application.objects.get().stage == "upheld"


def test_an_application_ends_with_its_case_and_can_be_taken_back(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    retract(application=bureau.apply(case, NEXT, account), by=account, law=bureau.law, at=bureau.office.tick(NEXT))
    assert fresh(case).application is None
    again = bureau.filing("assessment-wrong", "constructors", files=[HandedIn("证明.png", picture(3))])
    bureau.apply(case, NEXT, account, again)
    bureau.morning(NEXT + timedelta(days=1), people=3)
    assert fresh(case).closed_because == "recovered"
    assert [one.stage for one in Application.objects.order_by("pk")] == ["retracted", "moot"]
    assert not Task.objects.filter(done_on=None, kind="application").exists()


def test_data_errors_without_a_warning_go_the_same_way(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3, 资质=CITY_ITEM)
    filing = bureau.filing("data-wrong", checklist={})
    made = file_data_error(filing=filing, by=account, law=bureau.law, at=bureau.office.tick())
    assert (made.case, made.receiver, made.number) == (None, "city-140100", "太原建资申〔2026〕1号")
    key = {"credit_code": OWN}
    fix = Repairs(REVIEW, [Correcting("enterprises", key, "name", "甲装饰有限公司", "营业执照")])
    refused(
        bureau,
        "opinion-first",
        lambda: bureau.uphold(made, fix, NEXT),
    )
    agree(application=made, because="属实", **acts(bureau, "city-reviewer"))
    bureau.uphold(made, fix, NEXT)
    made.refresh_from_db()
    assert (made.stage, Correction.objects.get().value) == ("upheld", "甲装饰有限公司")


def test_papers_are_seen_only_by_those_who_may(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    number, receipt = made.attachments.get().pk, Document.objects.get(kind="receipt").pk
    with pytest.raises(Document.DoesNotExist):
        document_for(account, receipt)  # its notice was not opened yet
    notice = Notice.objects.get(document=receipt)
    open_notice(notice=notice, by=account, at=bureau.office.tick(NEXT), law=bureau.law)
    for who in (account, bureau.who("city-officer"), bureau.who("officer"), bureau.who("auditor")):
        assert attachment_for(who, number)[1] == picture()
        assert document_for(who, receipt)[1].startswith(b"PK")
    for who in (bureau.who("datong-officer"), bureau.enterprise("91140100MA0K000018")):
        with pytest.raises(Attachment.DoesNotExist):
            attachment_for(who, number)
        with pytest.raises(Document.DoesNotExist):
            document_for(who, receipt)


def test_an_officer_s_red_card_is_repaired_without_a_run(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    made = bureau.apply(case, NEXT, account)
    bureau.uphold(made, ACCEPT, NEXT)
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["supervision-finding", case.pk]]


def test_papers_are_served_as_downloads_to_those_who_may_see_them(
    bureau: Bureau, client: Client, settings: Any
) -> None:
    settings.OFFICERS_NEED_TOTP = False
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors", files=[HandedIn("../证明 1.png", picture())]))  # fmt: skip
    notice = Notice.objects.get(document__kind="receipt")
    open_notice(notice=notice, by=account, at=bureau.office.tick(NEXT), law=bureau.law)
    paths = {
        f"/papers/attachments/{made.attachments.get().pk}": ("image/png", picture()),
        f"/papers/documents/{Document.objects.get(kind='receipt').pk}": (None, None),
    }
    for path, (kind, told) in paths.items():
        assert client.get(path).headers["Location"].startswith("/accounts/login/")
        for who, status in ((account, 200), (bureau.who("city-officer"), 200), (bureau.who("datong-officer"), 404)):
            client.force_login(who)
            answer = client.get(path)
            assert answer.status_code == status, who
            if status == 200:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
                assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
                assert "no-store" in answer.headers["Cache-Control"]
                assert told is None or (answer.headers["Content-Type"], answer.content) == (kind, told)
            assert client.post(path).status_code == 405
        client.logout()
    assert made.attachments.get().name == "证明 1.png"


def test_a_repair_is_verified_by_an_officer_and_signed_by_a_reviewer(bureau: Bureau) -> None:
    account = bureau.enterprise()
    made = bureau.apply(bureau.yellow(), NEXT, account)
    refused(bureau, "verified", lambda: uphold(application=made, because="属实", **acts(bureau, "other-reviewer")))
    for name in ("reviewer", "city-officer", "auditor"):
        with pytest.raises(NotCompetent):
            bureau.verify(made, ACCEPT, NEXT, by=name)
    bureau.verify(made, ACCEPT, NEXT)
    assert not AcceptedFindingRow.objects.exists()  # tried out, not put on record
    change_roles(
        account=bureau.who("second-officer"), give=["province-reviewer"], by="admin", at=bureau.office.tick(NEXT)
    )
    refused(
        bureau, "different-decider", lambda: uphold(application=made, because="属实", **acts(bureau, "second-officer"))
    )
    uphold(application=made, because="属实", **acts(bureau, "reviewer"))
    assert AcceptedFindingRow.objects.get().at_held == 2


def test_whoever_proposed_and_was_returned_does_not_decide(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    bureau.propose(case, day=OVER)
    return_proposal(case=fresh(case), because="再查", **acts(bureau, "reviewer", OVER))
    made = bureau.apply(case, OVER, account)
    change_roles(account=bureau.who("officer"), give=["province-reviewer"], by="admin", at=bureau.office.tick(OVER))
    for name in ("officer",):
        refused(
            bureau,
            "different-decider",
            lambda name=name: refuse(application=made, because="不实", **acts(bureau, name, OVER)),
        )
    refuse(application=made, because="不实", **acts(bureau, "reviewer", OVER))  # returned it, and so determined nothing


def test_an_officer_s_red_card_can_be_disputed_whatever_the_registers_say(bureau: Bureau) -> None:
    """The next morning's run finds the item met; the card stands in public, and so does the right to object."""
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    bureau.morning(NEXT, people=3)
    made = bureau.apply(case, NEXT, account)
    assert made.requirements == ["constructors"]
    bureau.uphold(made, ACCEPT, NEXT)
    assert fresh(case).closed_because == "repaired"


def test_what_cannot_be_judged_is_not_healed(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    made = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    name = Repairs(REVIEW, [Correcting("enterprises", {"credit_code": OWN}, "name", "甲", "执照")])
    refused(bureau, "still-short", lambda: bureau.verify(made, name, NEXT))
    bureau.office.load("practitioners", [REGISTRATIONS, person(1), person(2), person(3, 证书类别="？")], day=NEXT)
    bureau.patrol(NEXT)
    assert fresh(case).last_found == "cannot-say"
    refused(bureau, "still-short", lambda: bureau.verify(made, name, NEXT))
    refused(bureau, "no-run", lambda: bureau.verify(made, name, NEXT + timedelta(days=9)))  # no recent run


def test_nobody_else_s_registers_are_corrected(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    made = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    for one in (
        Correcting("enterprises", {"credit_code": OTHER}, "name", "乙", "执照"),
        Correcting("locks", {"person_id": 10**9}, "locked_from", None, "函"),
    ):
        refused(bureau, "leaves-something", lambda one=one: bureau.verify(made, Repairs(REVIEW, [one]), NEXT))
    item_row = Correcting(
        "items", {"credit_code": OWN, "category": "x", "sub_item": "", "certificate_no": "y"}, WHOLE, {}, "函"
    )
    with pytest.raises(CannotCorrect):  # a qualification is granted, not added
        bureau.verify(made, Repairs(REVIEW, [item_row]), NEXT)


def test_an_added_row_ends_when_the_source_has_it_and_does_not_come_back(bureau: Bureau) -> None:
    bureau.morning(people=3)
    gone = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    assert gone is not None
    told = {name: getattr(gone, name) for name in RegistrationRow.facts()}
    key = {name: told.pop(name) for name in RegistrationRow.KEY}
    bureau.registers(NEXT, 2)
    made = correct(table="registrations", key=key, field=WHOLE, value=told, because="漏登", document="截图",
                   review_on=REVIEW, by="li", at=bureau.office.tick(NEXT))  # fmt: skip
    here = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN)
    assert here.count() == 3
    bureau.registers(NEXT + timedelta(days=1), 3)
    made.refresh_from_db()
    assert made.released_at is not None
    bureau.registers(NEXT + timedelta(days=2), 2)
    assert here.count() == 2


def test_a_case_that_moves_takes_its_application_along(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    moved = [ENTERPRISES, [OWN, "甲装饰有限公司", "140200", ""], [OTHER, "乙建设有限公司", "140200", ""]]
    day = NEXT + timedelta(days=1)
    elsewhere = [ITEMS, item(许可机关="大同市行政审批服务管理局", 资质证书号="D314000010", 等级="二级")]
    bureau.morning(day, 资质=elsewhere, 企业=moved)
    made.refresh_from_db()
    assert (made.receiver, made.opinion_due_on) == ("city-140200", date(2026, 6, 5))
    task = Task.objects.get(kind="application", done_on=None)
    assert (task.organisation, task.due_on) == ("city-140200", date(2026, 6, 5))
    with pytest.raises(NotCompetent):
        refuse(application=made, because="不实", **acts(bureau, "city-reviewer", day))


def test_the_province_s_task_stays_with_the_province_when_a_case_moves(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    agree(application=made, because="属实", **acts(bureau, "city-reviewer"))
    told = Notice.objects.get(kind="agreed")
    assert (told.credit_code, "2026-06-18" in told.body) == (OWN, True)
    moved = [ENTERPRISES, [OWN, "甲装饰有限公司", "140200", ""], [OTHER, "乙建设有限公司", "140200", ""]]
    bureau.morning(NEXT + timedelta(days=1), 资质=CITY_ITEM, 企业=moved)
    assert Task.objects.get(kind="decide-application", done_on=None).organisation == "province"
    bureau.uphold(made, ACCEPT, NEXT + timedelta(days=1))
    assert fresh(case).closed_because == "repaired"


def test_a_part_repaired_and_a_part_made_good_is_cleared_not_erased(bureau: Bureau) -> None:
    """The card did happen: of two requirements one had been rightly determined."""
    account = bureau.enterprise()
    case = bureau.red()
    CaseRequirement.objects.create(case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20),
                                   is_determined=True, recovered_on=OVER)  # fmt: skip
    made = bureau.apply(case, OVER, account, bureau.filing("assessment-wrong", "constructors"))
    bureau.uphold(made, ACCEPT, OVER, by="other-reviewer")
    assert fresh(case).closed_because == "recovered"
    assert RedCard.objects.get().state == "cleared"


def test_the_same_proof_may_serve_another_requirement(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    CaseRequirement.objects.create(case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20))
    first = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors"))
    refuse(application=first, because="不实", **acts(bureau, "reviewer"))
    second = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "manual-titles"))
    assert (fresh(case).application or {})["is_first"]
    assert second.requirements == ["manual-titles"]


def test_wrong_data_go_to_the_province_where_it_issued_an_item(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    filing = bureau.filing("data-wrong", checklist={})
    told: dict[str, Any] = {"by": account, "law": bureau.law}
    made = file_data_error(filing=filing, at=bureau.office.tick(), **told)
    assert (made.receiver, made.opinion_due_on) == ("province", None)
    task = Task.objects.get(case=None)
    assert (task.kind, task.organisation, task.detail) == ("decide-application", "province", made.number)
    notice = Notice.objects.get(document__kind="receipt")
    assert notice.case is None
    open_notice(notice=notice, by=account, at=bureau.office.tick(), law=bureau.law)
    assert Document.objects.get(kind="receipt").services.get().proved_on == DAY
    refuse(application=made, because="不实", **acts(bureau, "reviewer", DAY))
    assert not Task.objects.filter(case=None, done_on=None).exists()
    bureau.yellow(NEXT)
    with pytest.raises(CannotStep, match="针对预警"):
        file_data_error(filing=filing, at=bureau.office.tick(NEXT), **told)


def test_file_names_are_kept_as_they_are_listed(bureau: Bureau) -> None:
    account = bureau.enterprise()
    files = [HandedIn("../扫描.hta", picture())]
    made = bureau.apply(bureau.yellow(), NEXT, account, bureau.filing("assessment-wrong", "constructors", files=files))
    assert made.attachments.get().name == "扫描.hta.png"
    assert made.checklist[0] == ["constructors", "identity", ["扫描.hta.png"]]
    with pytest.raises(CannotKeep, match="最多上传 30 个"):
        bureau.apply(
            Case.objects.get(), NEXT, account, bureau.filing("assessment-wrong", "constructors", files=files * 31)
        )


def test_the_province_examines_where_nobody_of_the_city_may(bureau: Bureau) -> None:
    """The city's only reviewer signed the card: the application is not stuck, and the journal says who acted."""
    case, account = city_case(bureau)
    bureau.prove(case, NEXT)
    bureau.morning(OVER, 资质=CITY_ITEM)
    bureau.propose(case, by="city-officer", day=OVER)
    bureau.sign(case, by="city-reviewer", day=OVER)
    made = bureau.apply(case, OVER, account)
    refused(
        bureau,
        "different-decider",
        lambda: refuse(application=made, because="x", **acts(bureau, "city-reviewer", OVER)),
    )
    opinion = agree(application=made, because="属实", **acts(bureau, "other-reviewer", OVER))
    assert opinion.organisation == "province"
    refused(
        bureau,
        "different-decider",
        lambda: refuse(application=made, because="x", **acts(bureau, "other-reviewer", OVER)),
    )
    bureau.uphold(made, ACCEPT, OVER)
    assert fresh(case).closed_because == "repaired"


def test_wrong_data_against_an_officer_s_red_card(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    case = bureau.inspect(DAY)
    made = bureau.apply(case, NEXT, account, bureau.filing("data-wrong", "constructors"))
    bureau.uphold(made, ACCEPT, NEXT)
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
    red = Case.objects.get(place="red")
    made = bureau.apply(red, OVER, account, bureau.filing("data-wrong", "insurance"))
    refused(bureau, "leaves-something", lambda: bureau.verify(made, ACCEPT, OVER))
    who = RegistrationRow.objects.filter(recorded_to=None, credit_code=OWN).order_by("pk").last()
    assert who is not None
    rows = [
        Correcting("contributions", {"person_id": who.person_id, "month": f"2026-0{month}-01", "payer_credit_code": OWN}, WHOLE,
                   {}, "社保证明")
        for month in (4, 5, 6)
    ]  # fmt: skip
    bureau.uphold(made, Repairs(REVIEW, rows), OVER, by="other-reviewer")
    assert fresh(red).closed_because == "repaired"
    bureau.morning(OVER + timedelta(days=1), people=4, 社保=unpaid)
    assert not Case.objects.exclude(place="closed").exists()


def test_days_counted_again_are_those_of_their_own_application(bureau: Bureau) -> None:
    account, other = bureau.enterprise(), bureau.enterprise(OTHER)
    bureau.morning(people=3)
    filing = bureau.filing("data-wrong", checklist={})
    first, second = (
        file_data_error(filing=filing, by=who, law=bureau.law, at=bureau.office.tick(day))
        for who, day in ((account, DAY), (other, date(2026, 7, 17)))
    )
    Application.objects.filter(pk=second.pk).update(is_due_provisional=True)
    count_again(Doing(bureau.law, bureau.office.tick(date(2026, 7, 20)), "system"))
    due = {task.detail: task.due_on for task in Task.objects.filter(case=None)}
    assert due == {first.number: first.decision_due_on, second.number: second.decision_due_on}
