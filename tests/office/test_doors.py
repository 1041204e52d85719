"""The doors of enterprises and of staff: who sees what, what is refused in a sentence, what goes on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from bureau import Bureau, fresh, picture
from doors import act, as_, enterprise, page, propose, refused
from qualwatch.cases.models import Application, Case, Determination, Notice, Task
from qualwatch.journal.models import Entry
from qualwatch.procedure.checklists import LINES
from queries import name_of, recorded
from scene import TODAY, Scene

MOST_BYTES = 100_000


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The scene's own transaction instead of pytest-django's, which would close the connection after each test."""


def filled(cause: str = "assessment-wrong", **changed: Any) -> dict[str, Any]:
    """The form of an answer: a file for one line, reasons for the others."""
    told: dict[str, Any] = {
        "cause": cause,
        "statement": "人员确在本单位",
        "requirement": "constructors",
    }
    told |= {f"reason-constructors-{line}": "见说明" for line in LINES}
    told["file-constructors-identity"] = SimpleUploadedFile("身份证.png", picture())
    return told | changed


# The enterprise
def test_an_enterprise_sees_its_card_its_days_and_what_to_do(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    home = page(client, "own")
    ends = case.requirements.get().ends_on
    for told in (
        "建筑装修装饰工程专业承包 二级",
        "黄牌",
        "应有 3 / 现有 2",
        f"还有 {(ends - TODAY).days} 天",
        "还没有打开的通知",
        reverse("own-case", args=[case.pk]),
    ):
        assert told in home, told
    own = page(client, "own-case", case.pk)
    for told in ("提醒时", "现在", "建筑建造师至少3人", "建市〔2014〕159号", "提出申请"):
        assert told in own, told


def test_opening_a_notice_proves_that_it_came(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    notice = Notice.objects.get(case=case, kind="push", credit_code=case.credit_code)
    shut = page(client, "own-notice", notice.pk)
    assert "缺 1 人" not in shut  # nothing is read without the confirmation
    unopened = client.get(reverse("own-open", args=[notice.pk]))
    assert unopened.headers["Location"] == reverse(
        "own-notice", args=[notice.pk]
    )  # only the button opens it
    assert case.requirements.get().proved_on is None
    answer = client.post(reverse("own-open", args=[notice.pk]), follow=True)
    assert "缺 1 人" in answer.content.decode()
    assert case.requirements.get().proved_on == TODAY
    assert "打开并确认收到" not in page(client, "own-notice", notice.pk)


def test_an_enterprise_answers_its_card_and_takes_it_back(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    path = reverse("own-answer", args=[case.pk])
    assert "写明为何没有" in page(client, "own-answer", case.pk)
    before = Entry.objects.count()
    wrong = client.post(path, filled(**{"reason-constructors-insurance": ""}))
    told = refused(wrong, "file-constructors-insurance")
    assert "请上传最近一个已结算月的社保缴纳证明，或写明为何没有" in told
    assert "人员确在本单位" in told  # what was written is not lost
    assert "重新选择" in told
    bad = client.post(
        path, filled() | {"file-constructors-identity": SimpleUploadedFile("a.png", b"<html>")}
    )
    refused(bad)
    refused(client.post(path, filled(statement=" ")), "statement")
    refused(client.post(path, filled(cause="other")), "cause-assessment-wrong")
    assert not Application.objects.filter(case=case).exists()
    assert Entry.objects.count() == before
    done = client.post(path, filled(), follow=True)
    application = Application.objects.get(case=case)
    assert application.number in done.content.decode()
    assert application.checklist[0][2] == ["身份证.png"]
    assert application.checklist[1][2] == "见说明"
    assert "已有一份申请在办" in done.content.decode()
    again = client.post(path, filled())
    assert again.status_code == 422
    back = client.post(reverse("own-retract", args=[application.pk]), follow=True)
    assert "已撤回" in back.content.decode()
    application.refresh_from_db()
    assert application.stage == "retracted"


def test_two_files_of_one_name_are_both_kept(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    files = {
        f"file-constructors-{line}": SimpleUploadedFile("扫描.png", picture(nth))
        for nth, line in enumerate(("identity", "registration"))
    }
    client.post(reverse("own-answer", args=[case.pk]), filled() | files)
    application = Application.objects.get(case=case)
    assert sorted(attachment.name for attachment in application.attachments.all()) == [
        "扫描-2.png",
        "扫描.png",
    ]
    assert [row[2] for row in application.checklist][:2] == [["扫描.png"], ["扫描-2.png"]]


def test_an_enterprise_sees_nobody_elses(staff: Bureau, scene: Scene) -> None:
    client = enterprise(scene, 7)
    other = Application.objects.get(case=scene.cases[6])
    notice = Notice.objects.filter(case=scene.cases[6]).exclude(credit_code="").first()
    assert notice is not None
    for name, number in (
        ("own-case", scene.cases[6].pk),
        ("own-answer", scene.cases[6].pk),
        ("own-notice", notice.pk),
    ):
        page(client, name, number, status=404)
    for name, number in (("own-open", notice.pk), ("own-retract", other.pk)):
        assert client.post(reverse(name, args=[number])).status_code == 404
    for name in ("work", "cases"):
        assert "主管部门" in page(client, name, status=403)
    page(client, "application", other.pk, status=403)


# Staff
def test_the_work_list_is_grouped_by_deadline(staff: Bureau, scene: Scene) -> None:
    home = page(as_(staff.who("city-officer")), "work")
    assert "已逾期" in home
    assert reverse("determine", args=[scene.cases[9].pk]) in home
    assert "第9装饰公司" in home
    assert reverse("decide", args=[scene.cases[4].pk]) in home
    task = Task.objects.get(case=scene.cases[6], kind="application", completed_on=None)
    assert reverse("application-of-task", args=[task.pk]) in home
    empty = page(as_(staff.who("datong-officer")), "work")
    assert "现在没有待办" in empty


def test_cases_are_those_of_the_jurisdiction(staff: Bureau, scene: Scene) -> None:
    everywhere = page(as_(staff.who("officer")), "cases")
    own = page(as_(staff.who("city-officer")), "cases")
    others = as_(staff.who("datong-officer"))
    for number in (3, 4, 9):
        assert f"第{number}装饰公司" in everywhere
        assert f"第{number}装饰公司" in own
    assert "没有符合条件的案件" in page(others, "cases")
    for name in ("case", "case-documents", "case-history", "determine", "decide"):
        page(others, name, scene.cases[4].pk, status=404)
    application = Application.objects.get(case=scene.cases[6])
    page(others, "application", application.pk, status=404)
    found = as_(staff.who("officer")).get("/cases?state=red").content.decode()
    assert "第3装饰公司" in found
    assert "第4装饰公司" not in found


def test_a_case_says_what_may_be_done_and_why_the_rest_may_not(staff: Bureau, scene: Scene) -> None:
    ripe = page(as_(staff.who("city-officer")), "case", scene.cases[9].pk)
    assert reverse("determine", args=[scene.cases[9].pk]) in ripe
    assert "没有待签批的认定" not in ripe  # who may not sign is told that first
    early = page(as_(staff.who("city-officer")), "case", scene.cases[7].pk)
    assert "认定红牌的条件不齐" in early
    auditor = page(as_(staff.who("auditor")), "case", scene.cases[9].pk)
    assert "没有这项权限" in auditor
    red = page(as_(staff.who("officer")), "case", scene.cases[3].pk)
    assert "这一步现在不能办" in red


def test_an_officer_proposes_and_a_reviewer_signs(staff: Bureau, scene: Scene) -> None:
    officer, reviewer = as_(staff.who("city-officer")), as_(staff.who("city-reviewer"))
    case = scene.cases[9]
    shown = page(officer, "determine", case.pk)
    assert "提醒时" in shown
    assert "最近核查（2026年9月21日）" in shown
    assert "告知有凭证" in shown
    unparsed = propose(officer, case, has_read="")
    told = refused(unparsed, "has_read")
    assert "请先阅读后果并勾选" in told
    assert "期满仍不达标" in told  # what was written is not lost
    refused(propose(officer, case, evidence=" "), "evidence")
    refused(propose(officer, case, because=" "), "because")
    refused(propose(officer, case, outcome="other"), "outcome-red")
    assert not Determination.objects.filter(case=case).exists()
    assert propose(officer, case).status_code == 302
    determination = Determination.objects.get(case=case)
    assert determination.evidence == ["核查表", "送达回证"]
    entry = Entry.objects.get(stream=case.stream, what="proposed")
    assert "立即向社会公布红牌" in entry.details["read"]
    own = officer.post(
        reverse("decide", args=[case.pk]),
        {"act": "sign", "proposal": determination.pk, "has_read": "1"},
    )
    assert own.status_code == 422
    decide = page(reviewer, "decide", case.pk)
    assert "期满仍不达标" in decide
    assert "立即向社会公布红牌" in decide
    path = reverse("decide", args=[case.pk])
    refused(reviewer.post(path, {"act": "sign", "proposal": determination.pk}), "has_read")
    refused(reviewer.post(path, {"act": "sign", "proposal": 0, "has_read": "1"}))  # of another page
    assert fresh(case).state == "yellow"
    assert (
        reviewer.post(
            path, {"act": "sign", "proposal": determination.pk, "has_read": "1"}
        ).status_code
        == 302
    )
    assert fresh(case).state == "red"
    signed = Entry.objects.get(stream=case.stream, what="signed")
    assert "立即向社会公布红牌" in signed.details["read"]
    assert "立即向社会公布红牌" in page(reviewer, "case-history", case.pk)
    assert "责令限期整改通知书" in page(reviewer, "case-documents", case.pk)
    assert fresh(case).card_number in Client().get("/red-cards").content.decode()


def test_a_reviewer_returns_with_reasons(staff: Bureau, scene: Scene) -> None:
    reviewer, case = as_(staff.who("city-reviewer")), scene.cases[4]
    path = reverse("decide", args=[case.pk])
    waits = Determination.objects.get(case=case)
    told = {"act": "return", "proposal": waits.pk}
    refused(reviewer.post(path, told | {"because": ""}), "because")
    refused(
        reviewer.post(path, told | {"because": "证据不足", "proposal": waits.pk + 1})
    )  # another than was read
    assert reviewer.post(path, told | {"because": "证据不足"}).status_code == 302
    assert (
        "已退回"
        in reviewer.post(path, told | {"because": "证据不足"}, follow=True).content.decode()
    )  # sent twice
    assert as_(staff.who("reviewer")).post(path, told | {"because": "证据不足"}).status_code == 422
    assert Determination.objects.get(case=case).state == "returned"
    page(reviewer, "decide", case.pk, status=404)


def test_dismissed_and_extended_need_their_day(staff: Bureau, scene: Scene) -> None:
    officer, case = as_(staff.who("city-officer")), scene.cases[9]
    wrong = propose(officer, case, outcome="dismissed", review_on="明天")
    assert "复核日：请写成 2023-07-31 这样的日期" in refused(wrong, "review_on")
    refused(propose(officer, case, outcome="dismissed", review_on=f"{TODAY}"), "review_on")
    refused(propose(officer, case, outcome="extended"), "until")
    assert propose(officer, case, outcome="dismissed", review_on="2026-12-31").status_code == 302
    assert Determination.objects.get(case=case).left == {"until": "2026-12-31"}


def test_urging_goes_on_record(staff: Bureau, scene: Scene) -> None:
    officer, case = as_(staff.who("city-officer")), scene.cases[9]
    path = reverse("follow-up", args=[case.pk])
    wrong = officer.post(path, {"kind": "", "what": "上门看过"})
    told = refused(wrong, "kind")
    assert "请选择督促的方式" in told
    assert "上门看过" in told  # what was written is not lost
    assert "请写明内容" in refused(officer.post(path, {"kind": "call", "what": ""}), "what")
    assert not case.supervisory_contacts.exists()
    officer.post(path, {"kind": "call", "what": "电话督促"})
    assert case.supervisory_contacts.get().what == "电话督促"


def test_an_application_from_the_city_to_the_provinces_signature(
    staff: Bureau, scene: Scene
) -> None:
    application, case = Application.objects.get(case=scene.cases[6]), scene.cases[6]
    city, officer, reviewer = (
        as_(staff.who(name)) for name in ("city-reviewer", "second-officer", "other-reviewer")
    )
    task = Task.objects.get(case=case, kind="application", completed_on=None)
    there = city.get(reverse("application-of-task", args=[task.pk]))
    assert there.headers["Location"] == reverse("application", args=[application.pk])
    shown = page(city, "application", application.pk)
    attachment = application.attachments.first()
    assert attachment is not None
    assert reverse("attachment", args=[attachment.pk]) in shown
    assert "人员确在本单位" in shown
    refused(act(city, application, "agree", because=""), "because-agree")
    assert act(city, application, "agree").status_code == 302
    assert "市级已同意" in page(officer, "application", application.pk)
    told = refused(act(officer, application, "verify", because="已核对原件"), "review_on")
    assert told.count("已核对原件") == 1  # in its own form only
    assert act(officer, application, "verify", review_on="2026-12-31").status_code == 302
    assert "认可现有人数，不更正登记" in page(reviewer, "application", application.pk)
    assert act(officer, application, "uphold").status_code == 422  # who verified does not sign
    refused(act(reviewer, application, "uphold"), "read-uphold")
    read = (
        page(reviewer, "application", application.pk)
        .split('name="repairs" value="')[1]
        .split('"')[0]
    )
    assert act(reviewer, application, "uphold", has_read="1", repairs=read).status_code == 302
    application.refresh_from_db()
    entry = Entry.objects.get(stream=case.stream, what="application-upheld")
    assert "登记立即修复" in entry.details["read"]
    assert application.stage == "upheld"
    assert fresh(case).closed_because == "repaired"
    assert "予以支持，已修复" in page(enterprise(scene, 6), "own")


def test_a_field_of_the_register_is_set_right(staff: Bureau, scene: Scene) -> None:
    from qualwatch.registers.models import Correction, ItemRow

    application, case = Application.objects.get(case=scene.cases[6]), scene.cases[6]
    Application.objects.filter(pk=application.pk).update(cause="data-wrong")
    act(as_(staff.who("city-reviewer")), application, "agree")
    officer, reviewer = as_(staff.who("second-officer")), as_(staff.who("other-reviewer"))
    row = ItemRow._default_manager.get(recorded_to=None, credit_code=case.credit_code)
    told = {
        "review_on": "2026-12-31",
        "row": f"items/{row.pk}",
        "field": "register_state",
        "value": "注销",
        "document": "注销通知",
    }
    assert (
        "身份证"
        not in page(officer, "application", application.pk)
        .split("更正哪一行登记")[1]
        .split("</select>")[0]
    )
    for wrong in (
        {"row": "items/0"},
        {"field": "credit_code"},
        {"value": "消失"},
        {"document": ""},
        {"field": "grade", "value": "九级"},
        {"field": "licensing_authority", "value": "某局"},
    ):
        refused(
            act(officer, application, "verify", **{**told, **wrong}),
            ""
            if "document" in wrong
            else "row"
            if set(wrong) & {"row"} or wrong.get("field") == "credit_code"
            else "value",
        )
    assert act(officer, application, "verify", **told).status_code == 302
    assert not Correction.objects.filter(
        field="register_state", value="deregistered"
    ).exists()  # only tried out
    shown = page(reviewer, "application", application.pk)
    assert "登记状态改为 注销（注销通知）" in shown
    read = shown.split('name="repairs" value="')[1].split('"')[0]
    assert (
        act(officer, application, "verify", **told | {"document": "另一份通知"}).status_code == 302
    )  # after it was read
    assert "重新阅读" in refused(act(reviewer, application, "uphold", has_read="1", repairs=read))
    read = (
        page(reviewer, "application", application.pk)
        .split('name="repairs" value="')[1]
        .split('"')[0]
    )
    assert act(reviewer, application, "uphold", has_read="1", repairs=read).status_code == 302
    twice = reviewer.post(
        reverse("application", args=[application.pk]),
        {"act": "uphold", "because": "已核实"},
        follow=True,
    )
    assert "登记已修复" in twice.content.decode()
    assert Correction.objects.filter(field="register_state", value="deregistered").count() == 1


def test_people_are_masked_where_officers_choose_a_row(staff: Bureau, scene: Scene) -> None:
    from builders import identity

    application = Application.objects.get(case=scene.cases[6])
    act(as_(staff.who("city-reviewer")), application, "agree")
    shown = page(as_(staff.who("second-officer")), "application", application.pk)
    assert "注册建造师" in shown.split("更正哪一行登记")[1]
    for number in range(1, 30):
        assert identity(number) not in shown


def test_refusing_says_why_and_the_case_goes_on(staff: Bureau, scene: Scene) -> None:
    application, case = Application.objects.get(case=scene.cases[6]), scene.cases[6]
    assert (
        act(
            as_(staff.who("city-reviewer")),
            application,
            "refuse",
            because="材料与核查一致",
            has_read="1",
        ).status_code
        == 302
    )
    assert fresh(case).state == "yellow"
    assert "材料与核查一致" in page(enterprise(scene, 6), "own-case", case.pk)


def test_an_unknown_act_is_refused(staff: Bureau, scene: Scene) -> None:
    application = Application.objects.get(case=scene.cases[6])
    assert act(as_(staff.who("city-reviewer")), application, "burn").status_code == 422


def test_pages_inside_are_small_ask_little_and_are_kept_nowhere(
    staff: Bureau, scene: Scene, settings: SettingsWrapper
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    from qualwatch.accounts.sessions import SEEN
    from qualwatch.web.base.template_env import STYLE

    application, everybody = (
        Application.objects.get(case=scene.cases[6]),
        Case.objects.order_by("pk"),
    )
    assert everybody.filter(category=None).exists()
    act(as_(staff.who("city-reviewer")), application, "agree")
    act(as_(staff.who("second-officer")), application, "verify", review_on="2026-12-31")
    inside = [
        ("work",),
        ("cases",),
        *(
            (name, case.pk)
            for case in everybody
            for name in ("case", "case-documents", "case-history", "determine")
        ),
        ("decide", scene.cases[4].pk),
        ("application", application.pk),
    ]
    settings.OFFICERS_NEED_TOTP = True
    asked = []
    for seat in ("city-reviewer", "second-officer", "other-reviewer"):
        officer = staff.who(seat)
        TOTP.activate(officer, "JBSWY3DPEHPK3PXP")
        client = as_(officer)
        asked += [(client, reverse(str(name), args=places)) for name, *places in inside]
    for number in (2, 6, 7):
        own = (
            enterprise(scene, number) if number > 2 else as_(staff.enterprise(scene.codes[number]))
        )
        asked += [
            (own, reverse(name, args=[scene.cases[number].pk]))
            for name in ("own-case", "own-answer")
        ]
        asked += [(own, reverse(name)) for name in ("own", "own-data-error")]
    for who, path in asked:
        session = who.session
        session[SEEN] -= 61  # that it is in use is noted again after a minute
        session.save()
        with CaptureQueriesContext(connection) as queries:
            answer = who.get(path)
        assert answer.status_code == 200, path
        recorded(name_of(path), queries)
        assert len(answer.content) + STYLE.stat().st_size < MOST_BYTES, path
        assert "no-store" in answer.headers["Cache-Control"], path


def test_texts_on_record_are_chinese_whoever_acts(staff: Bureau, scene: Scene) -> None:
    officer, case = as_(staff.who("city-officer")), scene.cases[9]
    officer.cookies["language"] = "en"
    shown = officer.get(reverse("case", args=[case.pk])).content.decode()
    assert "Work list" in shown
    officer.post(reverse("follow-up", args=[case.pk]), {"kind": "call", "what": "督促"})
    assert Entry.objects.get(stream=case.stream, what="followed-up").basis == "71号文 三"
    propose(officer, case)
    assert (
        Entry.objects.get(stream=case.stream, what="proposed").details["read"].startswith("签批后")
    )


def test_a_session_of_a_shut_account_ends(staff: Bureau, scene: Scene) -> None:
    account = staff.who("city-officer")
    client = as_(account)
    account.is_active = False
    account.save()
    assert client.get("/work").status_code == 302
