"""Applications: received at once, examined and decided by others than those who determined; repairs heal or are not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from builders import OWN
from bureau import SEATS, Bureau, fresh, picture
from files import CONTRIBUTIONS, ITEMS
from office import DAY, Office
from qualwatch.accounts.models import Account
from qualwatch.cases.actions.apply import agree, file_data_error, refuse, retract, uphold
from qualwatch.cases.attachments import HandedIn, attachment_for, document_for
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Application, Attachment, Case, CaseRequirement, Document, Task
from qualwatch.cases.queries import applications_due_by, tasks_of
from qualwatch.cases.repairs import Correcting, Repairs
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.corrections import WHOLE
from qualwatch.registers.models import AcceptedFindingRow, Correction, RegistrationRow
from registers import item, paid

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
        lambda: uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "reviewer")),
    )
    with pytest.raises(NotCompetent):
        agree(application=made, because="属实", **acts(bureau, "datong-officer"))
    with pytest.raises(NotCompetent):
        refuse(application=made, because="不实", **acts(bureau, "reviewer"))  # it is the city's for now
    opinion = agree(application=made, because="人员确在本单位", **acts(bureau, "city-reviewer"))
    assert (opinion.organisation, opinion.addressee) == ("city-140100", "山西省住房和城乡建设厅")
    made.refresh_from_db()
    assert (made.stage, made.decision_due_on) == ("agreed", date(2026, 6, 18))
    assert [one.kind for one in tasks_of("province")] == ["decide-application"]
    with pytest.raises(NotCompetent):
        uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "city-reviewer"))
    decision = uphold(application=made, repairs=ACCEPT, because="核实属实", **acts(bureau, "reviewer"))
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
    for do in (
        lambda: refuse(application=made, because="不实", **acts(bureau, "reviewer", OVER)),
        lambda: uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "reviewer", OVER)),
    ):
        refused(bureau, "different-decider", do)
    uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "other-reviewer", OVER))
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
        lambda: uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "reviewer")),
    )
    expired = Correcting("registrations", key, WHOLE, {**told, "valid_to": date(2026, 1, 1)}, "注册信息截图")
    refused(bureau, "still-short", lambda: uphold(
        application=made, repairs=Repairs(REVIEW, [expired]), because="属实", **acts(bureau, "reviewer")))  # fmt: skip
    assert not Correction.objects.exists()
    right = Correcting("registrations", key, WHOLE, told, "注册信息截图")
    uphold(application=made, repairs=Repairs(REVIEW, [right]), because="属实", **acts(bureau, "reviewer"))
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
    uphold(application=made, repairs=Repairs(REVIEW, [lower]), because="资质已注销", **acts(bureau, "reviewer"))
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["correction", Correction.objects.get().pk]]


def test_what_the_application_was_not_about_goes_on(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    CaseRequirement.objects.create(case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20))
    made = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors"))
    assert made.requirements == ["constructors"]
    uphold(application=made, repairs=ACCEPT, because="属实", **acts(bureau, "reviewer"))
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
    bureau.morning(people=3)
    filing = bureau.filing("data-wrong", checklist={})
    made = file_data_error(filing=filing, by=account, law=bureau.law, at=bureau.office.tick())
    assert (made.case, made.receiver, made.number) == (None, "city-140100", "太原建资申〔2026〕1号")
    key = {"credit_code": OWN}
    fix = Repairs(REVIEW, [Correcting("enterprises", key, "name", "甲装饰有限公司", "营业执照")])
    refused(
        bureau,
        "opinion-first",
        lambda: uphold(application=made, repairs=fix, because="属实", **acts(bureau, "reviewer")),
    )
    agree(application=made, because="属实", **acts(bureau, "city-reviewer"))
    uphold(application=made, repairs=fix, because="属实", **acts(bureau, "reviewer"))
    made.refresh_from_db()
    assert (made.stage, Correction.objects.get().value) == ("upheld", "甲装饰有限公司")


def test_papers_are_seen_only_by_those_who_may(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account)
    number, receipt = made.attachments.get().pk, Document.objects.get(kind="receipt").pk
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
    uphold(application=made, repairs=ACCEPT, because="笔录有误", **acts(bureau, "reviewer"))
    assert fresh(case).closed_because == "repaired"
    assert Application.objects.get().repairs == [["supervision-finding", case.pk]]


def test_papers_are_served_as_downloads_to_those_who_may_see_them(
    bureau: Bureau, client: Client, settings: Any
) -> None:
    settings.OFFICERS_NEED_TOTP = False
    case, account = city_case(bureau)
    made = bureau.apply(case, NEXT, account, bureau.filing("assessment-wrong", "constructors", files=[HandedIn("../证明 1.png", picture())]))  # fmt: skip
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
