"""Applications: receipt at once, examination and decision by people who did not determine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from actors import Actors, act_arguments, picture, reload
from application_acts import (
    ACCEPT,
    CITY_ITEM,
    NEXT_DAY,
    PERIOD_OVER,
    REVIEW,
    actors_with_accounts,
    assert_refused,
    city_case,
)
from builders import OTHER, OWN
from qualwatch.accounts.actions import change_roles
from qualwatch.archive.contents import CannotStore
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.actions import agree, file_data_error, refuse, retract, uphold
from qualwatch.cases.applications.repairs import FieldCorrection, Repairs
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.models import Application, Case, CaseRequirement, Document, Notice, Task
from qualwatch.cases.queries import applications_due_by, tasks_of
from qualwatch.cases.warnings.determine import return_proposal
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.patrol.calendar_changes import move_deadlines
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.corrections import CannotCorrect
from qualwatch.registers.models import AcceptedFindingRow, Correction, ItemRow
from register_files import ENTERPRISES, ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def test_a_numbered_receipt_comes_at_once_and_shows_the_deadline(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, NEXT_DAY, account)
    assert (application.number, application.receiver, application.stage) == (
        "晋建资申〔2026〕1号",
        "province",
        "received",
    )
    # 20 working days after 21 May
    assert (application.opinion_due_on, application.decision_due_on) == (
        None,
        date(2026, 6, 18),
    )
    receipt = Document.objects.get(kind="receipt")
    assert (receipt.application, receipt.addressee) == (application, case.enterprise)
    assert receipt.template_values["decision_due_on"] == "2026年6月18日"
    task = Task.objects.get(kind="application", completed_on=None)
    assert (task.organisation, task.due_on) == ("province", date(2026, 6, 18))
    assert applications_due_by(date(2026, 6, 17)) == []
    assert applications_due_by(date(2026, 6, 18)) == [application]
    assert application.attachments.get().name == "证明.png"
    assert reload(case).disputed == ["constructors"]


def test_the_checklist_is_answered_line_by_line(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    filing = actors.filing()
    for checklist, sentence in (
        ({}, "身份证明"),
        ({"constructors": {**filing.checklist["constructors"], "insurance": " "}}, "社保缴纳证明"),
        (
            {"constructors": {**filing.checklist["constructors"], "insurance": ["别的.png"]}},
            "没有收到文件 别的.png",
        ),
    ):
        with pytest.raises(CannotStep, match=sentence):
            actors.apply(
                case,
                NEXT_DAY,
                account,
                actors.filing("assessment-wrong", "constructors", checklist=checklist),
            )
    assert not Application.objects.exists()
    lines = {**filing.checklist["constructors"], "insurance": "退休人员，见退休证"}
    application = actors.apply(
        case,
        NEXT_DAY,
        account,
        actors.filing("assessment-wrong", "constructors", checklist={"constructors": lines}),
    )
    assert ["constructors", "insurance", "退休人员，见退休证"] in application.checklist


def test_only_the_enterprise_itself_may_apply(actors: Actors) -> None:
    case = actors.yellow_case()
    other = actors.enterprise_account("91140100MA0K000018")
    for account in (other, actors.account("officer"), actors.account("auditor")):
        with pytest.raises(NotCompetent):
            actors.apply(case, NEXT_DAY, account)


def test_a_first_application_stops_the_determination_and_a_second_one_does_not(
    actors: Actors,
) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    first = actors.apply(case, PERIOD_OVER, account)
    with pytest.raises(CannotStep, match="首次申请"):
        actors.propose(case, day=PERIOD_OVER)
    refuse(
        application=first,
        because="社保由他人缴纳",
        **act_arguments(actors, "reviewer", PERIOD_OVER),
    )
    # The same file again is nothing new
    assert_refused(actors, "new-evidence", lambda: actors.apply(case, PERIOD_OVER, account))
    actors.apply(
        case,
        PERIOD_OVER,
        account,
        actors.filing(
            "assessment-wrong", "constructors", files=[SubmittedFile("证明.png", picture(9))]
        ),
    )
    actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    assert reload(case).state == "red"


def test_the_city_examines_and_the_province_repairs(actors: Actors) -> None:
    case, account = city_case(actors)
    application = actors.apply(case, NEXT_DAY, account)
    assert application.receiver == "city-140100"
    assert (application.opinion_due_on, application.decision_due_on) == (date(2026, 6, 4), None)
    assert_refused(
        actors,
        "opinion-first",
        lambda: actors.uphold(application, ACCEPT, NEXT_DAY),
    )
    with pytest.raises(NotCompetent):
        agree(
            application=application,
            because="属实",
            **act_arguments(actors, "datong-officer", NEXT_DAY),
        )
    opinion = agree(
        application=application,
        because="人员确在本单位",
        **act_arguments(actors, "city-reviewer", NEXT_DAY),
    )
    assert (opinion.organisation, opinion.addressee) == ("city-140100", "山西省住房和城乡建设厅")
    application.refresh_from_db()
    assert (application.stage, application.decision_due_on) == ("agreed", date(2026, 6, 18))
    assert [task.kind for task in tasks_of("province")] == ["decide-application"]
    with pytest.raises(NotCompetent):
        actors.uphold(application, ACCEPT, NEXT_DAY, "city-reviewer")
    decision = actors.uphold(application, ACCEPT, NEXT_DAY)
    assert decision.template_values["outcome"] == "予以支持，统一修复"
    case = reload(case)
    assert (case.state, case.closed_because) == ("closed", "repaired")
    assert AcceptedFindingRow.objects.get().at_held == 2
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), 资质=CITY_ITEM)
    assert not Case.objects.exclude(state="closed").exists()  # not warned again next morning
    assert not Task.objects.filter(completed_on=None).exclude(kind="letter").exists()


def test_a_refusal_has_reasons_and_names_the_remedies(actors: Actors) -> None:
    case, account = city_case(actors)
    application = actors.apply(case, NEXT_DAY, account)
    assert_refused(
        actors,
        "because",
        lambda: refuse(
            application=application, because=" ", **act_arguments(actors, "city-reviewer", NEXT_DAY)
        ),
    )
    decision = refuse(
        application=application,
        because="社保不在本单位",
        **act_arguments(actors, "city-reviewer", NEXT_DAY),
    )
    assert (decision.organisation, decision.template_values["is_refused"]) == ("city-140100", True)
    assert (
        decision.template_values["reconsideration_days"],
        decision.template_values["litigation_months"],
    ) == (60, 6)
    assert reload(case).state == "yellow"
    assert reload(case).application is None
    application.refresh_from_db()
    assert (application.stage, application.decided_because) == ("refused", "社保不在本单位")
    assert_refused(
        actors,
        "application",
        lambda: refuse(
            application=application,
            because="再说",
            **act_arguments(actors, "city-reviewer", NEXT_DAY),
        ),
    )


def test_f29_whoever_determined_or_gave_the_opinion_may_not_decide(actors: Actors) -> None:
    """At every entry point: examine, refuse, uphold."""
    account = actors.enterprise_account()
    case = actors.red_case()
    application = actors.apply(case, PERIOD_OVER, account)
    assert_refused(
        actors,
        "different-decider",
        lambda: refuse(
            application=application,
            because="不实",
            **act_arguments(actors, "reviewer", PERIOD_OVER),
        ),
    )
    # Who proposed it
    assert_refused(
        actors,
        "different-decider",
        lambda: actors.verify(application, ACCEPT, PERIOD_OVER, by="officer"),
    )
    actors.verify(application, ACCEPT, PERIOD_OVER)
    assert_refused(
        actors,
        "different-decider",
        lambda: uphold(
            application=application,
            because="属实",
            **act_arguments(actors, "reviewer", PERIOD_OVER),
        ),
    )
    actors.uphold(application, ACCEPT, PERIOD_OVER, "other-reviewer")
    assert (reload(case).state, reload(case).closed_because) == ("closed", "repaired")
    assert RedCard.objects.get().state == "removed"
    assert replayed(10**9) == public_copy()


def test_f29_the_citys_determiner_may_not_give_the_opinion(actors: Actors) -> None:
    case, account = city_case(actors)
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, 资质=CITY_ITEM)
    actors.propose(case, by="city-officer", day=PERIOD_OVER)
    actors.sign(case, by="city-reviewer", day=PERIOD_OVER)
    application = actors.apply(case, PERIOD_OVER, account)
    for act in (agree, refuse):
        assert_refused(
            actors,
            "different-decider",
            lambda act=act: act(
                application=application,
                because="看过",
                **act_arguments(actors, "city-reviewer", PERIOD_OVER),
            ),
        )


def test_an_application_ends_with_its_case_and_can_be_retracted(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    retract(
        application=actors.apply(case, NEXT_DAY, account),
        by=account,
        law=actors.law,
        at=actors.office.tick(NEXT_DAY),
    )
    assert reload(case).application is None
    again = actors.filing(
        "assessment-wrong", "constructors", files=[SubmittedFile("证明.png", picture(3))]
    )
    actors.apply(case, NEXT_DAY, account, again)
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), people=3)
    assert reload(case).closed_because == "recovered"
    assert [application.stage for application in Application.objects.order_by("pk")] == [
        "retracted",
        "moot",
    ]
    assert not Task.objects.filter(completed_on=None, kind="application").exists()


def test_data_errors_without_a_warning_take_the_same_route(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3, 资质=CITY_ITEM)
    filing = actors.filing("data-wrong", checklist={})
    application = file_data_error(
        filing=filing, by=account, law=actors.law, at=actors.office.tick()
    )
    assert (application.case, application.receiver, application.number) == (
        None,
        "city-140100",
        "太原建资申〔2026〕1号",
    )
    key = {"credit_code": OWN}
    fix = Repairs(
        REVIEW, [FieldCorrection("enterprises", key, "name", "甲装饰有限公司", "营业执照")]
    )
    assert_refused(
        actors,
        "opinion-first",
        lambda: actors.uphold(application, fix, NEXT_DAY),
    )
    agree(
        application=application, because="属实", **act_arguments(actors, "city-reviewer", NEXT_DAY)
    )
    actors.uphold(application, fix, NEXT_DAY)
    application.refresh_from_db()
    assert (application.stage, Correction.objects.get().value) == ("upheld", "甲装饰有限公司")


def test_a_repair_without_a_warning_is_assessed_at_once(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    application = file_data_error(
        filing=actors.filing("data-wrong", checklist={}),
        by=account,
        law=actors.law,
        at=actors.office.tick(),
    )
    (row,) = ItemRow._default_manager.filter(recorded_to=None, credit_code=OWN)
    key = {name: getattr(row, name) for name in ItemRow.KEY}
    for grade in ("二级", "grade-9"):  # not as the register writes it
        with pytest.raises(CannotCorrect, match="grade 只能是"):
            actors.verify(
                application,
                Repairs(REVIEW, [FieldCorrection("items", key, "grade", grade, "证书")]),
                NEXT_DAY,
            )
    actors.uphold(
        application,
        Repairs(REVIEW, [FieldCorrection("items", key, "grade", "grade-1", "证书")]),
        NEXT_DAY,
    )
    (finding,) = FindingRow._default_manager.filter(recorded_to=None, credit_code=OWN)
    assert finding.grade == "一级"  # and not only on the next morning


def test_a_repair_is_verified_by_an_officer_and_signed_by_a_reviewer(actors: Actors) -> None:
    account = actors.enterprise_account()
    application = actors.apply(actors.yellow_case(), NEXT_DAY, account)
    assert_refused(
        actors,
        "verified",
        lambda: uphold(
            application=application,
            because="属实",
            **act_arguments(actors, "other-reviewer", NEXT_DAY),
        ),
    )
    for name in ("reviewer", "city-officer", "auditor"):
        with pytest.raises(NotCompetent):
            actors.verify(application, ACCEPT, NEXT_DAY, by=name)
    actors.verify(application, ACCEPT, NEXT_DAY)
    assert not AcceptedFindingRow.objects.exists()  # tried out, not put on record
    change_roles(
        account=actors.account("second-officer"),
        give=["province-reviewer"],
        by="admin",
        at=actors.office.tick(NEXT_DAY),
    )
    assert_refused(
        actors,
        "different-decider",
        lambda: uphold(
            application=application,
            because="属实",
            **act_arguments(actors, "second-officer", NEXT_DAY),
        ),
    )
    uphold(application=application, because="属实", **act_arguments(actors, "reviewer", NEXT_DAY))
    assert AcceptedFindingRow.objects.get().at_held == 2


def test_the_author_of_a_returned_proposal_may_not_decide(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    return_proposal(
        case=reload(case), because="再查", **act_arguments(actors, "reviewer", PERIOD_OVER)
    )
    application = actors.apply(case, PERIOD_OVER, account)
    change_roles(
        account=actors.account("officer"),
        give=["province-reviewer"],
        by="admin",
        at=actors.office.tick(PERIOD_OVER),
    )
    for name in ("officer",):
        assert_refused(
            actors,
            "different-decider",
            lambda name=name: refuse(
                application=application, because="不实", **act_arguments(actors, name, PERIOD_OVER)
            ),
        )
    # Returned it, and so determined nothing
    refuse(
        application=application, because="不实", **act_arguments(actors, "reviewer", PERIOD_OVER)
    )


def test_a_case_that_moves_takes_its_application_along(actors: Actors) -> None:
    case, account = city_case(actors)
    application = actors.apply(case, NEXT_DAY, account)
    moved = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    day = NEXT_DAY + timedelta(days=1)
    elsewhere = [
        ITEMS,
        item(许可机关="大同市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    actors.load_and_patrol(day, 资质=elsewhere, 企业=moved)
    application.refresh_from_db()
    assert (application.receiver, application.opinion_due_on) == ("city-140200", date(2026, 6, 5))
    task = Task.objects.get(kind="application", completed_on=None)
    assert (task.organisation, task.due_on) == ("city-140200", date(2026, 6, 5))
    with pytest.raises(NotCompetent):
        refuse(
            application=application, because="不实", **act_arguments(actors, "city-reviewer", day)
        )


def test_the_provinces_task_stays_with_the_province_when_a_case_moves(actors: Actors) -> None:
    case, account = city_case(actors)
    application = actors.apply(case, NEXT_DAY, account)
    agree(
        application=application, because="属实", **act_arguments(actors, "city-reviewer", NEXT_DAY)
    )
    notice = Notice.objects.get(kind="agreed")
    assert (notice.credit_code, "2026-06-18" in notice.body) == (OWN, True)
    moved = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1), 资质=CITY_ITEM, 企业=moved)
    assert Task.objects.get(kind="decide-application", completed_on=None).organisation == "province"
    actors.uphold(application, ACCEPT, NEXT_DAY + timedelta(days=1))
    assert reload(case).closed_because == "repaired"


def test_the_same_proof_may_serve_another_requirement(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=DAY, ends_on=date(2026, 7, 20)
    )
    first = actors.apply(case, NEXT_DAY, account, actors.filing("assessment-wrong", "constructors"))
    refuse(application=first, because="不实", **act_arguments(actors, "reviewer", NEXT_DAY))
    second = actors.apply(
        case, NEXT_DAY, account, actors.filing("assessment-wrong", "manual-titles")
    )
    assert (reload(case).application or {})["is_first"]
    assert second.requirements == ["manual-titles"]


def test_wrong_data_go_to_the_province_where_it_issued_an_item(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.load_and_patrol(people=3)
    filing = actors.filing("data-wrong", checklist={})
    arguments: dict[str, Any] = {"by": account, "law": actors.law}
    application = file_data_error(filing=filing, at=actors.office.tick(), **arguments)
    assert (application.receiver, application.opinion_due_on) == ("province", None)
    task = Task.objects.get(case=None)
    assert (task.kind, task.organisation, task.detail) == (
        "decide-application",
        "province",
        application.number,
    )
    notice = Notice.objects.get(document__kind="receipt")
    assert notice.case is None
    open_notice(notice=notice, by=account, at=actors.office.tick(), law=actors.law)
    assert Document.objects.get(kind="receipt").services.get().proved_on == DAY
    refuse(application=application, because="不实", **act_arguments(actors, "reviewer", DAY))
    assert not Task.objects.filter(case=None, completed_on=None).exists()
    actors.yellow_case(NEXT_DAY)
    with pytest.raises(CannotStep, match="针对预警"):
        file_data_error(filing=filing, at=actors.office.tick(NEXT_DAY), **arguments)


def test_file_names_are_stored_as_listed(actors: Actors) -> None:
    account = actors.enterprise_account()
    files = [SubmittedFile("../扫描.hta", picture())]
    application = actors.apply(
        actors.yellow_case(),
        NEXT_DAY,
        account,
        actors.filing("assessment-wrong", "constructors", files=files),
    )
    assert application.attachments.get().name == "扫描.hta.png"
    assert application.checklist[0] == ["constructors", "identity", ["扫描.hta.png"]]
    with pytest.raises(CannotStore, match="最多上传 30 个"):
        actors.apply(
            Case.objects.get(),
            NEXT_DAY,
            account,
            actors.filing("assessment-wrong", "constructors", files=files * 31),
        )


def test_the_province_examines_where_no_city_officer_may(actors: Actors) -> None:
    """The city's only reviewer signed the card: the application is not stuck, and the journal says who acted."""
    case, account = city_case(actors)
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER, 资质=CITY_ITEM)
    actors.propose(case, by="city-officer", day=PERIOD_OVER)
    actors.sign(case, by="city-reviewer", day=PERIOD_OVER)
    application = actors.apply(case, PERIOD_OVER, account)
    assert_refused(
        actors,
        "different-decider",
        lambda: refuse(
            application=application,
            because="x",
            **act_arguments(actors, "city-reviewer", PERIOD_OVER),
        ),
    )
    opinion = agree(
        application=application,
        because="属实",
        **act_arguments(actors, "other-reviewer", PERIOD_OVER),
    )
    assert opinion.organisation == "province"
    assert_refused(
        actors,
        "different-decider",
        lambda: refuse(
            application=application,
            because="x",
            **act_arguments(actors, "other-reviewer", PERIOD_OVER),
        ),
    )
    actors.uphold(application, ACCEPT, PERIOD_OVER)
    assert reload(case).closed_because == "repaired"


def test_recomputed_deadlines_belong_to_their_own_application(actors: Actors) -> None:
    account, other = actors.enterprise_account(), actors.enterprise_account(OTHER)
    actors.load_and_patrol(people=3)
    filing = actors.filing("data-wrong", checklist={})
    first, second = (
        file_data_error(filing=filing, by=who, law=actors.law, at=actors.office.tick(day))
        for who, day in ((account, DAY), (other, date(2026, 7, 17)))
    )
    calendar = actors.law.calendar
    assert second.decision_due_on is not None
    rest = calendar.rest | {second.decision_due_on}
    law = replace(actors.law, calendar=replace(calendar, rest=rest))
    with transaction.atomic():
        moved = move_deadlines(ActContext(law, actors.office.tick(date(2026, 7, 20)), "system"))
    assert moved == 1
    second.refresh_from_db()
    due = {task.detail: task.due_on for task in Task.objects.filter(case=None)}
    assert due == {first.number: first.decision_due_on, second.number: second.decision_due_on}
