"""Applications: received at once, examined and decided by others than those who determined."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from applying import (
    ACCEPT,
    CITY_ITEM,
    NEXT,
    OVER,
    REVIEW,
    acts,
    capability_required,
    city_case,
    refused,
)
from builders import OTHER, OWN
from bureau import Bureau, fresh, picture
from files import ENTERPRISES, ITEMS
from office import DAY, Office
from qualwatch.accounts.actions import change_roles
from qualwatch.archive.contents import CannotStore
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.applications.actions import agree, file_data_error, refuse, retract, uphold
from qualwatch.cases.applications.repairs import Correcting, Repairs
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.course.step import ActContext
from qualwatch.cases.deadlines import recount_deadlines
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.models import Application, Case, CaseRequirement, Document, Notice, Task
from qualwatch.cases.queries import applications_due_by, tasks_of
from qualwatch.cases.warnings.determine import return_proposal
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.corrections import CannotCorrect
from qualwatch.registers.models import AcceptedFindingRow, Correction, ItemRow
from registers import item

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return capability_required(office)


def test_a_receipt_with_a_number_comes_at_once_and_the_clock_is_shown(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    application = bureau.apply(case, NEXT, account)
    assert (application.number, application.receiver, application.stage) == (
        "晋建资申〔2026〕1号",
        "province",
        "received",
    )
    assert (application.opinion_due_on, application.decision_due_on) == (
        None,
        date(2026, 6, 18),
    )  # 20 working days after 21 May
    receipt = Document.objects.get(kind="receipt")
    assert (receipt.application, receipt.addressee) == (application, case.enterprise)
    assert receipt.template_values["decision_due_on"] == "2026年6月18日"
    task = Task.objects.get(kind="application", completed_on=None)
    assert (task.organisation, task.due_on) == ("province", date(2026, 6, 18))
    assert applications_due_by(date(2026, 6, 17)) == []
    assert applications_due_by(date(2026, 6, 18)) == [application]
    assert application.attachments.get().name == "证明.png"
    assert fresh(case).disputed == ["constructors"]


def test_the_checklist_is_answered_line_by_line(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    whole = bureau.filing()
    for checklist, sentence in (
        ({}, "身份证明"),
        ({"constructors": {**whole.checklist["constructors"], "insurance": " "}}, "社保缴纳证明"),
        (
            {"constructors": {**whole.checklist["constructors"], "insurance": ["别的.png"]}},
            "没有收到文件 别的.png",
        ),
    ):
        with pytest.raises(CannotStep, match=sentence):
            bureau.apply(
                case,
                NEXT,
                account,
                bureau.filing("assessment-wrong", "constructors", checklist=checklist),
            )
    assert not Application.objects.exists()
    lines = {**whole.checklist["constructors"], "insurance": "退休人员，见退休证"}
    application = bureau.apply(
        case,
        NEXT,
        account,
        bureau.filing("assessment-wrong", "constructors", checklist={"constructors": lines}),
    )
    assert ["constructors", "insurance", "退休人员，见退休证"] in application.checklist


def test_only_the_enterprise_itself_applies(bureau: Bureau) -> None:
    case = bureau.yellow()
    other = bureau.enterprise("91140100MA0K000018")
    for account in (other, bureau.who("officer"), bureau.who("auditor")):
        with pytest.raises(NotCompetent):
            bureau.apply(case, NEXT, account)


def test_a_first_application_stops_the_determination_and_a_second_one_does_not(
    bureau: Bureau,
) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    first = bureau.apply(case, OVER, account)
    with pytest.raises(CannotStep, match="首次申请"):
        bureau.propose(case, day=OVER)
    refuse(application=first, because="社保由他人缴纳", **acts(bureau, "reviewer", OVER))
    refused(
        bureau, "new-evidence", lambda: bureau.apply(case, OVER, account)
    )  # the same file again is nothing new
    bureau.apply(
        case,
        OVER,
        account,
        bureau.filing(
            "assessment-wrong", "constructors", files=[SubmittedFile("证明.png", picture(9))]
        ),
    )
    bureau.propose(case, day=OVER)
    bureau.sign(case, day=OVER)
    assert fresh(case).state == "red"


def test_the_city_examines_and_the_province_repairs(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    application = bureau.apply(case, NEXT, account)
    assert application.receiver == "city-140100"
    assert (application.opinion_due_on, application.decision_due_on) == (date(2026, 6, 4), None)
    refused(
        bureau,
        "opinion-first",
        lambda: bureau.uphold(application, ACCEPT, NEXT),
    )
    with pytest.raises(NotCompetent):
        agree(application=application, because="属实", **acts(bureau, "datong-officer"))
    opinion = agree(
        application=application, because="人员确在本单位", **acts(bureau, "city-reviewer")
    )
    assert (opinion.organisation, opinion.addressee) == ("city-140100", "山西省住房和城乡建设厅")
    application.refresh_from_db()
    assert (application.stage, application.decision_due_on) == ("agreed", date(2026, 6, 18))
    assert [task.kind for task in tasks_of("province")] == ["decide-application"]
    with pytest.raises(NotCompetent):
        bureau.uphold(application, ACCEPT, NEXT, "city-reviewer")
    decision = bureau.uphold(application, ACCEPT, NEXT)
    assert decision.template_values["outcome"] == "予以支持，统一修复"
    case = fresh(case)
    assert (case.state, case.closed_because) == ("closed", "repaired")
    assert AcceptedFindingRow.objects.get().at_held == 2
    bureau.morning(NEXT + timedelta(days=1), 资质=CITY_ITEM)
    assert not Case.objects.exclude(state="closed").exists()  # not warned again next morning
    assert not Task.objects.filter(completed_on=None).exclude(kind="letter").exists()


def test_a_refusal_has_reasons_and_names_the_remedies(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    application = bureau.apply(case, NEXT, account)
    refused(
        bureau,
        "because",
        lambda: refuse(application=application, because=" ", **acts(bureau, "city-reviewer")),
    )
    decision = refuse(
        application=application, because="社保不在本单位", **acts(bureau, "city-reviewer")
    )
    assert (decision.organisation, decision.template_values["is_refused"]) == ("city-140100", True)
    assert (
        decision.template_values["reconsideration_days"],
        decision.template_values["litigation_months"],
    ) == (60, 6)
    assert fresh(case).state == "yellow"
    assert fresh(case).application is None
    application.refresh_from_db()
    assert (application.stage, application.decided_because) == ("refused", "社保不在本单位")
    refused(
        bureau,
        "application",
        lambda: refuse(application=application, because="再说", **acts(bureau, "city-reviewer")),
    )


def test_f29_whoever_determined_or_gave_the_opinion_does_not_decide(bureau: Bureau) -> None:
    """At every entry point: examine, refuse, uphold."""
    account = bureau.enterprise()
    case = bureau.red()
    application = bureau.apply(case, OVER, account)
    refused(
        bureau,
        "different-decider",
        lambda: refuse(application=application, because="不实", **acts(bureau, "reviewer", OVER)),
    )
    refused(
        bureau, "different-decider", lambda: bureau.verify(application, ACCEPT, OVER, by="officer")
    )  # who proposed it
    bureau.verify(application, ACCEPT, OVER)
    refused(
        bureau,
        "different-decider",
        lambda: uphold(application=application, because="属实", **acts(bureau, "reviewer", OVER)),
    )
    bureau.uphold(application, ACCEPT, OVER, "other-reviewer")
    assert (fresh(case).state, fresh(case).closed_because) == ("closed", "repaired")
    assert RedCard.objects.get().state == "removed"
    assert replayed(10**9) == public_copy()


def test_f29_the_city_s_determiner_gives_no_opinion(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    bureau.prove(case, NEXT)
    bureau.morning(OVER, 资质=CITY_ITEM)
    bureau.propose(case, by="city-officer", day=OVER)
    bureau.sign(case, by="city-reviewer", day=OVER)
    application = bureau.apply(case, OVER, account)
    for act in (agree, refuse):
        refused(
            bureau,
            "different-decider",
            lambda act=act: act(
                application=application, because="看过", **acts(bureau, "city-reviewer", OVER)
            ),
        )


def test_an_application_ends_with_its_case_and_can_be_taken_back(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    retract(
        application=bureau.apply(case, NEXT, account),
        by=account,
        law=bureau.law,
        at=bureau.office.tick(NEXT),
    )
    assert fresh(case).application is None
    again = bureau.filing(
        "assessment-wrong", "constructors", files=[SubmittedFile("证明.png", picture(3))]
    )
    bureau.apply(case, NEXT, account, again)
    bureau.morning(NEXT + timedelta(days=1), people=3)
    assert fresh(case).closed_because == "recovered"
    assert [application.stage for application in Application.objects.order_by("pk")] == [
        "retracted",
        "moot",
    ]
    assert not Task.objects.filter(completed_on=None, kind="application").exists()


def test_data_errors_without_a_warning_go_the_same_way(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3, 资质=CITY_ITEM)
    filing = bureau.filing("data-wrong", checklist={})
    application = file_data_error(
        filing=filing, by=account, law=bureau.law, at=bureau.office.tick()
    )
    assert (application.case, application.receiver, application.number) == (
        None,
        "city-140100",
        "太原建资申〔2026〕1号",
    )
    key = {"credit_code": OWN}
    fix = Repairs(REVIEW, [Correcting("enterprises", key, "name", "甲装饰有限公司", "营业执照")])
    refused(
        bureau,
        "opinion-first",
        lambda: bureau.uphold(application, fix, NEXT),
    )
    agree(application=application, because="属实", **acts(bureau, "city-reviewer"))
    bureau.uphold(application, fix, NEXT)
    application.refresh_from_db()
    assert (application.stage, Correction.objects.get().value) == ("upheld", "甲装饰有限公司")


def test_a_repair_without_a_warning_is_assessed_at_once(bureau: Bureau) -> None:
    account = bureau.enterprise()
    bureau.morning(people=3)
    application = file_data_error(
        filing=bureau.filing("data-wrong", checklist={}),
        by=account,
        law=bureau.law,
        at=bureau.office.tick(),
    )
    (row,) = ItemRow._default_manager.filter(recorded_to=None, credit_code=OWN)
    key = {name: getattr(row, name) for name in ItemRow.KEY}
    for grade in ("二级", "grade-9"):  # not as the register writes it
        with pytest.raises(CannotCorrect, match="grade 只能是"):
            bureau.verify(
                application,
                Repairs(REVIEW, [Correcting("items", key, "grade", grade, "证书")]),
                NEXT,
            )
    bureau.uphold(
        application, Repairs(REVIEW, [Correcting("items", key, "grade", "grade-1", "证书")]), NEXT
    )
    (finding,) = FindingRow._default_manager.filter(recorded_to=None, credit_code=OWN)
    assert finding.grade == "一级"  # and not only on the next morning


def test_a_repair_is_verified_by_an_officer_and_signed_by_a_reviewer(bureau: Bureau) -> None:
    account = bureau.enterprise()
    application = bureau.apply(bureau.yellow(), NEXT, account)
    refused(
        bureau,
        "verified",
        lambda: uphold(application=application, because="属实", **acts(bureau, "other-reviewer")),
    )
    for name in ("reviewer", "city-officer", "auditor"):
        with pytest.raises(NotCompetent):
            bureau.verify(application, ACCEPT, NEXT, by=name)
    bureau.verify(application, ACCEPT, NEXT)
    assert not AcceptedFindingRow.objects.exists()  # tried out, not put on record
    change_roles(
        account=bureau.who("second-officer"),
        give=["province-reviewer"],
        by="admin",
        at=bureau.office.tick(NEXT),
    )
    refused(
        bureau,
        "different-decider",
        lambda: uphold(application=application, because="属实", **acts(bureau, "second-officer")),
    )
    uphold(application=application, because="属实", **acts(bureau, "reviewer"))
    assert AcceptedFindingRow.objects.get().at_held == 2


def test_whoever_proposed_and_was_returned_does_not_decide(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    bureau.prove(case, NEXT)
    bureau.morning(OVER)
    bureau.propose(case, day=OVER)
    return_proposal(case=fresh(case), because="再查", **acts(bureau, "reviewer", OVER))
    application = bureau.apply(case, OVER, account)
    change_roles(
        account=bureau.who("officer"),
        give=["province-reviewer"],
        by="admin",
        at=bureau.office.tick(OVER),
    )
    for name in ("officer",):
        refused(
            bureau,
            "different-decider",
            lambda name=name: refuse(
                application=application, because="不实", **acts(bureau, name, OVER)
            ),
        )
    refuse(
        application=application, because="不实", **acts(bureau, "reviewer", OVER)
    )  # returned it, and so determined nothing


def test_a_case_that_moves_takes_its_application_along(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    application = bureau.apply(case, NEXT, account)
    moved = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    day = NEXT + timedelta(days=1)
    elsewhere = [
        ITEMS,
        item(许可机关="大同市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    bureau.morning(day, 资质=elsewhere, 企业=moved)
    application.refresh_from_db()
    assert (application.receiver, application.opinion_due_on) == ("city-140200", date(2026, 6, 5))
    task = Task.objects.get(kind="application", completed_on=None)
    assert (task.organisation, task.due_on) == ("city-140200", date(2026, 6, 5))
    with pytest.raises(NotCompetent):
        refuse(application=application, because="不实", **acts(bureau, "city-reviewer", day))


def test_the_province_s_task_stays_with_the_province_when_a_case_moves(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    application = bureau.apply(case, NEXT, account)
    agree(application=application, because="属实", **acts(bureau, "city-reviewer"))
    notice = Notice.objects.get(kind="agreed")
    assert (notice.credit_code, "2026-06-18" in notice.body) == (OWN, True)
    moved = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    bureau.morning(NEXT + timedelta(days=1), 资质=CITY_ITEM, 企业=moved)
    assert Task.objects.get(kind="decide-application", completed_on=None).organisation == "province"
    bureau.uphold(application, ACCEPT, NEXT + timedelta(days=1))
    assert fresh(case).closed_because == "repaired"


def test_the_same_proof_may_serve_another_requirement(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20)
    )
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
    application = file_data_error(filing=filing, at=bureau.office.tick(), **told)
    assert (application.receiver, application.opinion_due_on) == ("province", None)
    task = Task.objects.get(case=None)
    assert (task.kind, task.organisation, task.detail) == (
        "decide-application",
        "province",
        application.number,
    )
    notice = Notice.objects.get(document__kind="receipt")
    assert notice.case is None
    open_notice(notice=notice, by=account, at=bureau.office.tick(), law=bureau.law)
    assert Document.objects.get(kind="receipt").services.get().proved_on == DAY
    refuse(application=application, because="不实", **acts(bureau, "reviewer", DAY))
    assert not Task.objects.filter(case=None, completed_on=None).exists()
    bureau.yellow(NEXT)
    with pytest.raises(CannotStep, match="针对预警"):
        file_data_error(filing=filing, at=bureau.office.tick(NEXT), **told)


def test_file_names_are_kept_as_they_are_listed(bureau: Bureau) -> None:
    account = bureau.enterprise()
    files = [SubmittedFile("../扫描.hta", picture())]
    application = bureau.apply(
        bureau.yellow(),
        NEXT,
        account,
        bureau.filing("assessment-wrong", "constructors", files=files),
    )
    assert application.attachments.get().name == "扫描.hta.png"
    assert application.checklist[0] == ["constructors", "identity", ["扫描.hta.png"]]
    with pytest.raises(CannotStore, match="最多上传 30 个"):
        bureau.apply(
            Case.objects.get(),
            NEXT,
            account,
            bureau.filing("assessment-wrong", "constructors", files=files * 31),
        )


def test_the_province_examines_where_nobody_of_the_city_may(bureau: Bureau) -> None:
    """The city's only reviewer signed the card: the application is not stuck, and the journal says who acted."""
    case, account = city_case(bureau)
    bureau.prove(case, NEXT)
    bureau.morning(OVER, 资质=CITY_ITEM)
    bureau.propose(case, by="city-officer", day=OVER)
    bureau.sign(case, by="city-reviewer", day=OVER)
    application = bureau.apply(case, OVER, account)
    refused(
        bureau,
        "different-decider",
        lambda: refuse(application=application, because="x", **acts(bureau, "city-reviewer", OVER)),
    )
    opinion = agree(application=application, because="属实", **acts(bureau, "other-reviewer", OVER))
    assert opinion.organisation == "province"
    refused(
        bureau,
        "different-decider",
        lambda: refuse(
            application=application, because="x", **acts(bureau, "other-reviewer", OVER)
        ),
    )
    bureau.uphold(application, ACCEPT, OVER)
    assert fresh(case).closed_because == "repaired"


def test_days_counted_again_are_those_of_their_own_application(bureau: Bureau) -> None:
    account, other = bureau.enterprise(), bureau.enterprise(OTHER)
    bureau.morning(people=3)
    filing = bureau.filing("data-wrong", checklist={})
    first, second = (
        file_data_error(filing=filing, by=who, law=bureau.law, at=bureau.office.tick(day))
        for who, day in ((account, DAY), (other, date(2026, 7, 17)))
    )
    Application.objects.filter(pk=second.pk).update(is_due_provisional=True)
    recount_deadlines(ActContext(bureau.law, bureau.office.tick(date(2026, 7, 20)), "system"))
    due = {task.detail: task.due_on for task in Task.objects.filter(case=None)}
    assert due == {first.number: first.decision_due_on, second.number: second.decision_due_on}
