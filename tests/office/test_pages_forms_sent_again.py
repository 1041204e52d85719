"""Forms sent twice are recorded once; refused forms keep what was typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from actors import Actors
from fixtures_case_states import CaseStates
from page_requests import (
    application_form,
    client_of,
    enterprise_client,
    evidence_upload,
    open_evidence,
    page,
    post_act,
    post_proposal,
    refusal_page,
)
from qualwatch.cases.models import Application, Determination, Document, Submission, Withdrawal
from qualwatch.procedure.checklists import LINES
from qualwatch.publication.models import Announcement

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
ONCE = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's."""


def test_an_answer_sent_twice_is_one_application(officers: Actors, case_states: CaseStates) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    path = reverse("own-answer", args=[case.pk])
    assert 'name="form_token" value="' in page(client, "own-answer", case.pk)
    for _time in range(2):
        answer = client.post(path, application_form(form_token=ONCE), follow=True)
        assert "已收到你的申请" in answer.content.decode()
    application = Application.objects.get(case=case)
    assert Document.objects.filter(application=application, kind="receipt").count() == 1
    # Another form is another application
    refusal_page(client.post(path, application_form(form_token=ONCE[::-1])))
    own = page(client, "own-case", case.pk)
    # Where the receipt waits
    assert "打开并确认收到" in own.split("还没有打开的通知")[1].split("收到的文书")[0]


def test_an_objection_sent_twice_is_recorded_once(
    client: Client, officers: Actors, case_states: CaseStates
) -> None:
    display = Announcement.objects.get(kind="display", credit_code=case_states.codes[2])
    path = reverse("object-publicly", args=[display.number])
    fields = {"text": "人够", "name": "王某某", "address": "13900000000", "form_token": ONCE}
    for _time in range(2):
        assert client.post(path, fields).status_code == 302
    assert Submission.objects.filter(kind="objection").count() == 1
    assert Withdrawal.objects.get(credit_code=case_states.codes[2]).unanswered == 1
    for number in range(20):
        # The same again is counted once
        assert client.post(path, fields).status_code == 302, number
    again = refusal_page(client.post(path, fields | {"text": "", "form_token": ONCE[::-1]}), "text")
    assert f'value="{ONCE[::-1]}"' in again  # a corrected form is the same form
    assert "请重新选择" in again  # files are not kept by browsers


def test_a_supervisory_contact_and_a_proposal_sent_twice_are_recorded_once(
    officers: Actors, case_states: CaseStates
) -> None:
    officer, case = client_of(officers.account("city-officer")), case_states.cases[9]
    for _time in range(2):
        officer.post(
            reverse("follow-up", args=[case.pk]),
            {"kind": "letter", "what": "发函督促", "form_token": ONCE},
        )
        assert post_proposal(officer, case).status_code == 302
    assert case.supervisory_contacts.count() == 1
    assert Document.objects.filter(case=case, kind="supervision-letter").count() == 1
    assert Determination.objects.filter(case=case).count() == 1
    for other in (
        {"because": "另一个理由"},
        {"evidence": [evidence_upload("别的.png", 77)]},
        {"outcome": "dismissed", "review_on": "2026-12-31"},
    ):
        # Another proposal than the one that waits
        refusal_page(post_proposal(officer, case, **other))


def test_a_second_click_that_waited_for_the_first_shows_the_result_of_the_first(
    officers: Actors, case_states: CaseStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other request did the act first, after this one had looked: this one is refused."""
    from qualwatch.procedure.transitions import CannotStep
    from qualwatch.web.staff import applications, determinations

    def after_another(room: Any, name: str) -> None:
        act = getattr(room, name)

        def second(**arguments: Any) -> None:
            act(**arguments)
            raise CannotStep("changed", "案件刚刚被别人改动过")

        monkeypatch.setattr(room, name, second)

    for name in ("propose", "sign", "return_proposal"):
        after_another(determinations, name)
    for name in ("agree", "uphold"):
        after_another(applications, name)
    officer, reviewer = (
        client_of(officers.account("city-officer")),
        client_of(officers.account("city-reviewer")),
    )
    assert post_proposal(officer, case_states.cases[9]).status_code == 302
    for number, name in ((9, "sign"), (4, "return")):
        waits = Determination.objects.get(case=case_states.cases[number])
        open_evidence(reviewer, waits)
        fields = {"proposal": waits.pk, "because": "证据不足", "has_read": "1"}
        path = reverse(name, args=[case_states.cases[number].pk])
        assert reviewer.post(path, fields).status_code == 302
        waits.refresh_from_db()
        assert waits.decided_by == officers.account("city-reviewer").username
    application = Application.objects.get(case=case_states.cases[6])
    assert post_act(reviewer, application, "agree").status_code == 302
    assert (
        post_act(
            client_of(officers.account("second-officer")),
            application,
            "verify",
            review_on="2026-12-31",
        ).status_code
        == 302
    )
    last = client_of(officers.account("other-reviewer"))
    read = (
        page(last, "application", application.pk).split('name="repairs" value="')[1].split('"')[0]
    )
    assert post_act(last, application, "uphold", has_read="1", repairs=read).status_code == 302
    assert (
        post_act(
            client_of(officers.account("reviewer")),
            application,
            "uphold",
            has_read="1",
            repairs=read,
        ).status_code
        != 302
    )


def test_refusal_reasons_are_shown_where_the_form_is_no_longer_offered(
    client: Client, officers: Actors, case_states: CaseStates
) -> None:
    reviewer, case = client_of(officers.account("city-reviewer")), case_states.cases[4]
    waits = Determination.objects.get(case=case)
    Determination.objects.filter(pk=waits.pk).update(state="void")
    fields = {"proposal": waits.pk, "because": "写了很久的理由"}
    shown = reviewer.post(reverse("return", args=[case.pk]), fields).content.decode()
    assert 'class="submitted">写了很久的理由' in shown
    application = Application.objects.get(case=case_states.cases[6])
    Application.objects.filter(pk=application.pk).update(stage="retracted")
    assert (
        'class="submitted">写了很久的理由'
        in post_act(reviewer, application, "agree", because="写了很久的理由").content.decode()
    )
    missing = client.post(
        reverse("object-publicly", args=["没有"]), {"text": "写了很久的理由", "name": "某"}
    )
    assert missing.status_code == 404
    assert 'class="submitted">写了很久的理由' in missing.content.decode()


def test_answered_requirements_are_submitted_though_not_ticked(
    officers: Actors, case_states: CaseStates
) -> None:
    client, case = enterprise_client(case_states, 7), case_states.cases[7]
    path = reverse("own-answer", args=[case.pk])
    no_answers = {"cause": "assessment-wrong", "statement": "人员在册"}
    assert "请勾选对哪些指标提出申请" in refusal_page(
        client.post(path, no_answers), "about-constructors"
    )
    reasons = {f"reason-constructors-{line}": "见说明" for line in LINES}
    assert "要附证据" in refusal_page(
        client.post(path, no_answers | reasons), "file-constructors-identity"
    )
    fields = application_form()
    del fields["requirement"]
    assert client.post(path, fields).status_code == 302
    assert Application.objects.get(case=case).requirements == ["constructors"]


def test_before_it_answers_an_enterprise_reads_who_decides_and_by_when(
    officers: Actors, case_states: CaseStates
) -> None:
    client = enterprise_client(case_states, 7)
    assert (
        "由太原市"
        in page(client, "own-answer", case_states.cases[7].pk).split('class="consequence"')[1]
    )
    case = case_states.cases[7]
    case.licensing_authority = "province"
    case.save()
    shown = page(client, "own-answer", case.pk).split('class="consequence"')[1]
    assert "由山西省住房和城乡建设厅办理" in shown
    assert "书面答复" in shown


def test_an_error_page_is_not_shown_as_success(officers: Actors, case_states: CaseStates) -> None:
    client, application = (
        enterprise_client(case_states, 6),
        Application.objects.get(case=case_states.cases[6]),
    )
    path = reverse("own-retract", args=[application.pk])
    assert 'class="message"' in client.post(path, follow=True).content.decode()
    assert 'class="message"' in client.post(path, follow=True).content.decode()  # sent twice
    Application.objects.filter(pk=application.pk).update(
        stage="refused", decided_by="wang", decided_because="已核实"
    )
    again = client.post(path, follow=True).content.decode()
    assert 'class="message"' not in again
    assert "没有未决的申请" in again.split('class="errors" role="alert"')[1]


def test_typed_values_are_shown_again_where_a_form_is_refused(
    officers: Actors, case_states: CaseStates
) -> None:
    fields = {
        "cause": "assessment-wrong",
        "statement": "写了很久的理由",
        "reason-constructors-identity": "遗失",
        "password": "correct-horse",
    }
    path = reverse("own-answer", args=[case_states.cases[7].pk])
    client = enterprise_client(case_states, 7)
    with time_machine.travel(timezone.now() + timedelta(minutes=60), tick=False):
        idle = client.post(path, fields)
    checking_client = Client(enforce_csrf_checks=True)
    checking_client.cookies = enterprise_client(case_states, 7).cookies
    for answer in (idle, Client().post(path, fields), checking_client.post(path, fields)):
        assert answer.status_code == 403
        shown = answer.content.decode()
        assert "没有提交" in shown
        for text in ("写了很久的理由", "遗失"):
            assert text in shown
        for text in ("assessment-wrong", "correct-horse"):
            assert text not in shown
        assert f'href="{path}"' in shown
        assert "no-store" in answer.headers["Cache-Control"]
    foreign = checking_client.post(path, fields, headers={"Origin": "https://evil.example"})
    # No other site has its words shown on ours
    assert "写了很久的理由" not in foreign.content.decode()
    response = Client().post("//evil.example/x", {"text": "写了很久的理由"})
    assert response.status_code == 404
    assert "写了很久的理由" not in response.content.decode()
    assert 'href="//' not in response.content.decode()
    unparsed = Client().post(
        path, b"text=x", content_type="application/x-www-form-urlencoded; charset=gbk"
    )
    assert unparsed.status_code == 400
    assert "无法处理" in unparsed.content.decode()
    changed = Client(enforce_csrf_checks=True).post(
        "/accounts/password/change/", {"oldpassword": "x", "text": "y"}
    )
    assert "typed" not in changed.content.decode()


def test_an_address_that_only_takes_a_form_redirects_to_its_page(
    officers: Actors, case_states: CaseStates
) -> None:
    officer, own, case = (
        client_of(officers.account("city-officer")),
        enterprise_client(case_states, 7),
        case_states.cases[9],
    )
    for name in ("follow-up", "review"):
        assert officer.get(reverse(name, args=[case.pk])).headers["Location"] == reverse(
            "case", args=[case.pk]
        )
    application = Application.objects.get(case=case_states.cases[6])
    redirect = enterprise_client(case_states, 6).get(reverse("own-retract", args=[application.pk]))
    assert redirect.headers["Location"] == reverse("own-case", args=[case_states.cases[6].pk])
    assert own.get(reverse("own-retract", args=[application.pk])).status_code == 404
    other = Client().post("/red-cards", {"q": "x"})
    assert other.status_code == 405
    assert "这个地址不能这样打开" in other.content.decode()
    assert "GET" in other.headers["Allow"]
