"""The sites of enterprises and staff: visibility, refusals in a sentence, records."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from actors import Actors, picture, reload
from fixtures_case_states import TODAY, CaseStates
from page_requests import (
    application_form,
    client_of,
    enterprise_client,
    open_evidence,
    page,
    post_act,
    post_proposal,
    refusal_page,
)
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.models import Application, Case, Determination, Notice, ProposedAct, Task
from qualwatch.journal.models import Entry
from query_counts import assert_recorded, page_name

MAX_BYTES = 100_000


pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's, which would close the connection."""


# The enterprise
def test_an_enterprise_sees_its_card_its_deadlines_and_what_to_do(
    officers: Actors, case_states: CaseStates
) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    home = page(client, "own")
    ends = case.requirements.get().ends_on
    for text in (
        "建筑装修装饰工程专业承包 二级",
        "黄牌",
        "应有 3 / 现有 2",
        f"还有 {(ends - TODAY).days} 天",
        "还没有打开的通知",
        reverse("own-case", args=[case.pk]),
    ):
        assert text in home, text
    own = page(client, "own-case", case.pk)
    for text in ("提醒时", "现在", "建筑建造师至少3人", "建市〔2014〕159号", "提出申请"):
        assert text in own, text


def test_opening_a_notice_proves_its_receipt(officers: Actors, case_states: CaseStates) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    notice = Notice.objects.get(case=case, kind="push", credit_code=case.credit_code)
    unopened_page = page(client, "own-notice", notice.pk)
    assert "缺 1 人" not in unopened_page  # nothing is read without the confirmation
    unopened = client.get(reverse("own-open", args=[notice.pk]))
    # Only the button opens it
    assert unopened.headers["Location"] == reverse("own-notice", args=[notice.pk])
    assert case.requirements.get().proved_on is None
    answer = client.post(reverse("own-open", args=[notice.pk]), follow=True)
    assert "缺 1 人" in answer.content.decode()
    assert case.requirements.get().proved_on == TODAY
    assert "打开并确认收到" not in page(client, "own-notice", notice.pk)


def test_an_enterprise_applies_against_its_card_and_retracts(
    officers: Actors, case_states: CaseStates
) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    path = reverse("own-answer", args=[case.pk])
    assert "写明为何没有" in page(client, "own-answer", case.pk)
    before = Entry.objects.count()
    refused = client.post(path, application_form(**{"reason-constructors-insurance": ""}))
    shown = refusal_page(refused, "file-constructors-insurance")
    assert "请上传最近一个已结算月的社保缴纳证明，或写明为何没有" in shown
    assert "人员确在本单位" in shown  # what was written is not lost
    assert "重新选择" in shown
    refused_file = client.post(
        path,
        application_form() | {"file-constructors-identity": SimpleUploadedFile("a.png", b"<html>")},
    )
    refusal_page(refused_file)
    refusal_page(client.post(path, application_form(statement=" ")), "statement")
    refusal_page(client.post(path, application_form(cause="other")), "cause-assessment-wrong")
    assert not Application.objects.filter(case=case).exists()
    assert Entry.objects.count() == before
    answer = client.post(path, application_form(), follow=True)
    application = Application.objects.get(case=case)
    assert application.number in answer.content.decode()
    assert application.checklist[0][2] == ["身份证.png"]
    assert application.checklist[1][2] == "见说明"
    assert "已有一份申请在办" in answer.content.decode()
    again = client.post(path, application_form())
    assert again.status_code == 422
    retracted = client.post(reverse("own-retract", args=[application.pk]), follow=True)
    assert "已撤回" in retracted.content.decode()
    application.refresh_from_db()
    assert application.stage == "retracted"


def test_two_files_of_one_name_are_both_stored(officers: Actors, case_states: CaseStates) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    files = {
        f"file-constructors-{line}": SimpleUploadedFile("扫描.png", picture(nth))
        for nth, line in enumerate(("identity", "registration"))
    }
    client.post(reverse("own-answer", args=[case.pk]), application_form() | files)
    application = Application.objects.get(case=case)
    assert sorted(attachment.name for attachment in application.attachments.all()) == [
        "扫描-2.png",
        "扫描.png",
    ]
    assert [row[2] for row in application.checklist][:2] == [["扫描.png"], ["扫描-2.png"]]


def test_an_enterprise_sees_no_cases_of_others(officers: Actors, case_states: CaseStates) -> None:
    client = enterprise_client(case_states, 7)
    other = Application.objects.get(case=case_states.cases[6])
    notice = Notice.objects.filter(case=case_states.cases[6]).exclude(credit_code="").first()
    assert notice is not None
    for name, number in (
        ("own-case", case_states.cases[6].pk),
        ("own-answer", case_states.cases[6].pk),
        ("own-notice", notice.pk),
    ):
        page(client, name, number, status=404)
    for name, number in (("own-open", notice.pk), ("own-retract", other.pk)):
        assert client.post(reverse(name, args=[number])).status_code == 404
    for name in ("work", "cases"):
        assert "主管部门" in page(client, name, status=403)
    page(client, "application", other.pk, status=403)


# Staff
def test_the_work_list_is_grouped_by_deadline(officers: Actors, case_states: CaseStates) -> None:
    home = page(client_of(officers.account("city-officer")), "work")
    assert "已逾期" in home
    assert reverse("determine", args=[case_states.cases[9].pk]) in home
    assert "第9装饰公司" in home
    assert reverse("decide", args=[case_states.cases[4].pk]) in home
    task = Task.objects.get(case=case_states.cases[6], kind="application", completed_on=None)
    assert reverse("application-of-task", args=[task.pk]) in home
    empty = page(client_of(officers.account("datong-officer")), "work")
    assert "现在没有待办" in empty


def test_cases_are_those_of_the_jurisdiction(officers: Actors, case_states: CaseStates) -> None:
    everywhere = page(client_of(officers.account("officer")), "cases")
    own = page(client_of(officers.account("city-officer")), "cases")
    others = client_of(officers.account("datong-officer"))
    for number in (3, 4, 9):
        assert f"第{number}装饰公司" in everywhere
        assert f"第{number}装饰公司" in own
    assert "没有符合条件的案件" in page(others, "cases")
    for name in ("case", "case-documents", "case-history", "determine", "decide"):
        page(others, name, case_states.cases[4].pk, status=404)
    application = Application.objects.get(case=case_states.cases[6])
    page(others, "application", application.pk, status=404)
    red_cases = client_of(officers.account("officer")).get("/cases?state=red").content.decode()
    assert "第3装饰公司" in red_cases
    assert "第4装饰公司" not in red_cases


def test_a_case_shows_allowed_acts_and_why_others_are_not(
    officers: Actors, case_states: CaseStates
) -> None:
    ripe = page(client_of(officers.account("city-officer")), "case", case_states.cases[9].pk)
    assert reverse("determine", args=[case_states.cases[9].pk]) in ripe
    assert "没有待签批的认定" not in ripe  # who may not sign reads that first
    early = page(client_of(officers.account("city-officer")), "case", case_states.cases[7].pk)
    assert "认定红牌的条件不齐" in early
    auditor = page(client_of(officers.account("auditor")), "case", case_states.cases[9].pk)
    assert "没有这项权限" in auditor
    red = page(client_of(officers.account("officer")), "case", case_states.cases[3].pk)
    assert "没有可以认定的指标：没有预警、已经恢复，或者已经认定" in red


def test_an_officer_proposes_and_a_reviewer_signs(
    officers: Actors, case_states: CaseStates
) -> None:
    officer, reviewer = (
        client_of(officers.account("city-officer")),
        client_of(officers.account("city-reviewer")),
    )
    case = case_states.cases[9]
    shown = page(officer, "determine", case.pk)
    assert "提醒时" in shown
    assert "最近核查（2026年9月21日）" in shown
    assert "告知有凭证" in shown
    unparsed = post_proposal(officer, case, has_read="")
    refusal = refusal_page(unparsed, "has_read")
    assert "请先阅读后果并勾选" in refusal
    assert "期满后核查仍缺一名注册建造师" in refusal  # what was written is not lost
    refusal_page(post_proposal(officer, case, evidence=[]), "evidence")
    broken = SimpleUploadedFile("坏.pdf", b"%PDF-1.7 not a document")
    refusal_page(post_proposal(officer, case, evidence=[broken]))
    refusal_page(post_proposal(officer, case, because=" "), "because")
    refusal_page(post_proposal(officer, case, outcome="other"), "outcome-red")
    assert not Determination.objects.filter(case=case).exists()
    assert post_proposal(officer, case).status_code == 302
    determination = Determination.objects.get(case=case)
    files = evidence_of(determination)
    assert [file.name for file in files] == ["核查表.png", "送达回证.png"]
    entry = Entry.objects.get(stream=case.stream, what="proposed")
    assert "立即向社会公布红牌" in entry.details["read"]
    sign_on_the_page(officer, reviewer, determination)


def sign_on_the_page(officer: Client, reviewer: Client, determination: Determination) -> None:
    """Not the proposer, not unread, not of another page; then at once."""
    case = determination.case
    path = reverse("sign", args=[case.pk])
    own = officer.post(path, {"proposal": determination.pk, "has_read": "1"})
    assert own.status_code == 422
    decide = page(reviewer, "decide", case.pk)
    assert "期满后核查仍缺一名注册建造师" in decide
    assert "立即向社会公布红牌" in decide
    refusal_page(reviewer.post(path, {"proposal": determination.pk}), "has_read")
    refusal_page(reviewer.post(path, {"proposal": 0, "has_read": "1"}))  # of another page
    assert reload(case).state == "yellow"
    signature = {"proposal": determination.pk, "has_read": "1"}
    unread = refusal_page(reviewer.post(path, signature), "evidence")
    assert "请先打开证据再签批：核查表.png、送达回证.png" in unread
    assert unread.count("你还没有打开") == 2
    open_evidence(reviewer, determination)
    assert page(reviewer, "decide", case.pk).count("你已打开") == 2
    assert reviewer.post(path, signature).status_code == 302
    assert reload(case).state == "red"
    signed = Entry.objects.get(stream=case.stream, what="signed")
    assert "立即向社会公布红牌" in signed.details["read"]
    assert "立即向社会公布红牌" in page(reviewer, "case-history", case.pk)
    assert "责令限期整改通知书" in page(reviewer, "case-documents", case.pk)
    assert reload(case).card_number in Client().get("/red-cards").content.decode()


def test_a_reviewer_returns_with_reasons(officers: Actors, case_states: CaseStates) -> None:
    reviewer, case = client_of(officers.account("city-reviewer")), case_states.cases[4]
    path = reverse("return", args=[case.pk])
    waits = Determination.objects.get(case=case)
    fields = {"proposal": waits.pk}
    refusal_page(reviewer.post(path, fields | {"because": ""}), "because")
    # Another than was read
    refusal_page(reviewer.post(path, fields | {"because": "证据不足", "proposal": waits.pk + 1}))
    assert reviewer.post(path, fields | {"because": "证据不足"}).status_code == 302
    # Sent twice
    assert (
        "已退回"
        in reviewer.post(path, fields | {"because": "证据不足"}, follow=True).content.decode()
    )
    assert (
        client_of(officers.account("reviewer"))
        .post(path, fields | {"because": "证据不足"})
        .status_code
        == 422
    )
    assert Determination.objects.get(case=case).state == "returned"
    page(reviewer, "decide", case.pk, status=404)


def test_dismissed_and_extended_need_their_day(officers: Actors, case_states: CaseStates) -> None:
    officer, case = client_of(officers.account("city-officer")), case_states.cases[9]
    refused = post_proposal(officer, case, outcome="dismissed", review_on="明天")
    assert "复核日：请写成 2023-07-31 这样的日期" in refusal_page(refused, "review_on")
    refusal_page(
        post_proposal(officer, case, outcome="dismissed", review_on=f"{TODAY}"), "review_on"
    )
    refusal_page(post_proposal(officer, case, outcome="extended"), "until")
    assert (
        post_proposal(officer, case, outcome="dismissed", review_on="2026-12-31").status_code == 302
    )
    assert Determination.objects.get(case=case).register_effect_details == {"until": "2026-12-31"}


def test_a_supervisory_contact_is_recorded(officers: Actors, case_states: CaseStates) -> None:
    officer, case = client_of(officers.account("city-officer")), case_states.cases[9]
    path = reverse("follow-up", args=[case.pk])
    refused = officer.post(path, {"kind": "", "what": "上门看过"})
    refusal = refusal_page(refused, "kind")
    assert "请选择督促的方式" in refusal
    assert "上门看过" in refusal  # what was written is not lost
    assert "请写明内容" in refusal_page(officer.post(path, {"kind": "call", "what": ""}), "what")
    assert not case.supervisory_contacts.exists()
    officer.post(path, {"kind": "call", "what": "电话督促"})
    assert case.supervisory_contacts.get().what == "电话督促"


def test_an_application_from_the_city_to_the_provinces_signature(
    officers: Actors, case_states: CaseStates
) -> None:
    application, case = Application.objects.get(case=case_states.cases[6]), case_states.cases[6]
    city, officer, reviewer = (
        client_of(officers.account(name))
        for name in ("city-reviewer", "second-officer", "other-reviewer")
    )
    task = Task.objects.get(case=case, kind="application", completed_on=None)
    redirect = city.get(reverse("application-of-task", args=[task.pk]))
    assert redirect.headers["Location"] == reverse("application", args=[application.pk])
    shown = page(city, "application", application.pk)
    attachment = application.attachments.first()
    assert attachment is not None
    assert reverse("attachment", args=[attachment.pk]) in shown
    assert "人员确在本单位" in shown
    refusal_page(post_act(city, application, "agree", because=""), "because-agree")
    assert post_act(city, application, "agree").status_code == 302
    assert "市级已同意" in page(officer, "application", application.pk)
    refusal = refusal_page(
        post_act(officer, application, "verify", because="已核对原件"), "review_on"
    )
    assert refusal.count("已核对原件") == 1  # in its own form only
    assert post_act(officer, application, "verify", review_on="2026-12-31").status_code == 302
    assert "认可现有人数，不更正登记" in page(reviewer, "application", application.pk)
    assert post_act(officer, application, "uphold").status_code == 422  # who verified does not sign
    refusal_page(post_act(reviewer, application, "uphold"), "read-uphold")
    read = (
        page(reviewer, "application", application.pk)
        .split('name="repairs" value="')[1]
        .split('"')[0]
    )
    assert post_act(reviewer, application, "uphold", has_read="1", repairs=read).status_code == 302
    application.refresh_from_db()
    entry = Entry.objects.get(stream=case.stream, what="application-upheld")
    assert "登记立即修复" in entry.details["read"]
    assert application.stage == "upheld"
    assert reload(case).closed_because == "repaired"
    assert "予以支持，已修复" in page(enterprise_client(case_states, 6), "own")


def test_a_field_of_the_register_is_corrected(officers: Actors, case_states: CaseStates) -> None:
    from qualwatch.registers.models import Correction, ItemRow

    application, case = Application.objects.get(case=case_states.cases[6]), case_states.cases[6]
    Application.objects.filter(pk=application.pk).update(cause="data-wrong")
    post_act(client_of(officers.account("city-reviewer")), application, "agree")
    officer, reviewer = (
        client_of(officers.account("second-officer")),
        client_of(officers.account("other-reviewer")),
    )
    row = ItemRow._default_manager.get(recorded_to=None, credit_code=case.credit_code)
    fields = {
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
    for refused in (
        {"row": "items/0"},
        {"field": "credit_code"},
        {"value": "消失"},
        {"document": ""},
        {"field": "grade", "value": "九级"},
        {"field": "licensing_authority", "value": "某局"},
    ):
        refusal_page(
            post_act(officer, application, "verify", **{**fields, **refused}),
            ""
            if "document" in refused
            else "row"
            if set(refused) & {"row"} or refused.get("field") == "credit_code"
            else "value",
        )
    assert post_act(officer, application, "verify", **fields).status_code == 302
    # Only tried out
    assert not Correction.objects.filter(field="register_state", value="deregistered").exists()
    shown = page(reviewer, "application", application.pk)
    assert "登记状态改为 注销（注销通知）" in shown
    read = shown.split('name="repairs" value="')[1].split('"')[0]
    # After it was read
    assert (
        post_act(officer, application, "verify", **fields | {"document": "另一份通知"}).status_code
        == 302
    )
    assert "重新阅读" in refusal_page(
        post_act(reviewer, application, "uphold", has_read="1", repairs=read)
    )
    read = (
        page(reviewer, "application", application.pk)
        .split('name="repairs" value="')[1]
        .split('"')[0]
    )
    assert post_act(reviewer, application, "uphold", has_read="1", repairs=read).status_code == 302
    second = reviewer.post(
        reverse("application-uphold", args=[application.pk]),
        {"because": "已核实"},
        follow=True,
    )
    assert "登记已修复" in second.content.decode()
    assert Correction.objects.filter(field="register_state", value="deregistered").count() == 1


def test_people_are_masked_where_officers_choose_a_row(
    officers: Actors, case_states: CaseStates
) -> None:
    from builders import identity

    application = Application.objects.get(case=case_states.cases[6])
    post_act(client_of(officers.account("city-reviewer")), application, "agree")
    shown = page(client_of(officers.account("second-officer")), "application", application.pk)
    assert "注册建造师" in shown.split("更正哪一行登记")[1]
    for number in range(1, 30):
        assert identity(number) not in shown


def test_refusing_gives_the_reason_and_the_case_continues(
    officers: Actors, case_states: CaseStates
) -> None:
    application, case = Application.objects.get(case=case_states.cases[6]), case_states.cases[6]
    assert (
        post_act(
            client_of(officers.account("city-reviewer")),
            application,
            "refuse",
            because="材料与核查一致",
            has_read="1",
        ).status_code
        == 302
    )
    assert reload(case).state == "yellow"
    assert "材料与核查一致" in page(enterprise_client(case_states, 6), "own-case", case.pk)


def test_the_address_of_an_act_leads_back_to_its_page(
    officers: Actors, case_states: CaseStates
) -> None:
    """Where the language is changed on the page of a refused form, the browser opens its address."""
    application = Application.objects.get(case=case_states.cases[6])
    client = client_of(officers.account("city-reviewer"))
    for act in ("agree", "verify", "uphold", "refuse"):
        answer = client.get(reverse(f"application-{act}", args=[application.pk]))
        assert answer.headers["Location"] == reverse("application", args=[application.pk])
    case = case_states.cases[4]
    for name in ("sign", "return"):
        answer = client.get(reverse(name, args=[case.pk]))
        assert answer.headers["Location"] == reverse("decide", args=[case.pk])


def waiting_acts(officers: Actors, case_states: CaseStates) -> list[ProposedAct]:
    """An act about a case, and a finding about an item without one."""
    code = case_states.codes[7]
    return [
        officers.propose_act("end", TODAY, case=case_states.cases[9], payload={"code": "merged"}),
        officers.propose_finding(TODAY, credit_code=code),
    ]


def test_pages_after_log_in_are_small_need_few_queries_and_are_not_cached(
    officers: Actors, case_states: CaseStates, settings: SettingsWrapper
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    from qualwatch.accounts.sessions import LAST_REQUEST
    from qualwatch.web.base.template_env import STYLESHEET

    application, everybody = (
        Application.objects.get(case=case_states.cases[6]),
        Case.objects.order_by("pk"),
    )
    assert everybody.filter(category=None).exists()
    post_act(client_of(officers.account("city-reviewer")), application, "agree")
    post_act(
        client_of(officers.account("second-officer")), application, "verify", review_on="2026-12-31"
    )
    inside = [
        ("work",),
        ("inbox",),
        ("key-supervision",),
        ("cases",),
        *(
            (name, case.pk)
            for case in everybody
            for name in ("case", "case-documents", "case-history", "case-acts", "determine")
        ),
        *(("proposed-act", act.pk) for act in waiting_acts(officers, case_states)),
        ("decide", case_states.cases[4].pk),
        ("application", application.pk),
    ]
    settings.OFFICERS_NEED_TOTP = True
    requests = []
    for seat in ("city-reviewer", "second-officer", "other-reviewer"):
        officer = officers.account(seat)
        TOTP.activate(officer, "JBSWY3DPEHPK3PXP")
        client = client_of(officer)
        requests += [(client, reverse(str(name), args=places)) for name, *places in inside]
    for number in (2, 6, 7):
        own = (
            enterprise_client(case_states, number)
            if number > 2
            else client_of(officers.enterprise_account(case_states.codes[number]))
        )
        requests += [
            (own, reverse(name, args=[case_states.cases[number].pk]))
            for name in ("own-case", "own-answer")
        ]
        requests += [(own, reverse(name)) for name in ("own", "own-data-error")]
    for who, path in requests:
        session = who.session
        session[LAST_REQUEST] -= 61  # after a minute the use of the session is noted again
        session.save()
        with CaptureQueriesContext(connection) as queries:
            answer = who.get(path)
        assert answer.status_code == 200, path
        assert_recorded(page_name(path), queries)
        assert len(answer.content) + STYLESHEET.stat().st_size < MAX_BYTES, path
        assert "no-store" in answer.headers["Cache-Control"], path


def test_texts_on_record_are_chinese_whoever_acts(
    officers: Actors, case_states: CaseStates
) -> None:
    officer, case = client_of(officers.account("city-officer")), case_states.cases[9]
    officer.cookies["language"] = "en"
    shown = officer.get(reverse("case", args=[case.pk])).content.decode()
    assert "Work list" in shown
    officer.post(reverse("follow-up", args=[case.pk]), {"kind": "call", "what": "督促"})
    assert Entry.objects.get(stream=case.stream, what="followed-up").basis == "71号文 三"
    post_proposal(officer, case)
    assert (
        Entry.objects.get(stream=case.stream, what="proposed").details["read"].startswith("签批后")
    )


def test_a_session_of_a_deactivated_account_ends(officers: Actors, case_states: CaseStates) -> None:
    account = officers.account("city-officer")
    client = client_of(account)
    account.is_active = False
    account.save()
    assert client.get("/work").status_code == 302
