"""Pages of acts that one person proposes and another signs (Clarified 4)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from actors import Actors, reload
from fixtures_case_states import TODAY, CaseStates
from page_requests import (
    client_of,
    enterprise_client,
    evidence_upload,
    open_evidence,
    page,
    refusal_page,
)
from qualwatch.cases.models import Case, ProposedAct
from qualwatch.publication.models import RedCard

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's."""


def test_a_red_card_is_lifted_by_two_officers_through_the_browser(
    officers: Actors, case_states: CaseStates
) -> None:
    case = case_states.cases[3]
    Case.objects.filter(pk=case.pk).update(needs_review=True)
    officer = client_of(officers.account("second-officer"))
    reviewer = client_of(officers.account("other-reviewer"))
    assert 'enctype="multipart/form-data"' in page(officer, "case", case.pk)
    path = reverse("review", args=[case.pk])
    fields = {"because": "已补齐", "has_read": "1"}
    refused = refusal_page(officer.post(path, fields), "evidence")
    assert "请上传证据文件" in refused
    assert "已补齐" in refused  # what was written is not lost
    for _time in range(2):  # sent twice
        sent = officer.post(path, fields | {"evidence": evidence_upload()})
        assert sent.status_code == 302
    act = ProposedAct.objects.get()
    assert reload(case).state == "red"
    assert "有提出的事项等待签批" in page(reviewer, "case", case.pk)
    assert "复查解除红牌" in page(reviewer, "case-acts", case.pk)
    assert reverse("proposed-act", args=[act.pk]) in page(reviewer, "work")
    shown = page(reviewer, "proposed-act", act.pk)
    assert "已补齐" in shown
    assert "限制随之取消" in shown
    signing = reverse("sign-act", args=[act.pk])
    refusal_page(reviewer.post(signing, {}), "has_read")
    assert "请先打开证据" in refusal_page(reviewer.post(signing, {"has_read": "1"}), "evidence")
    open_evidence(reviewer, act)
    for _time in range(2):
        assert reviewer.post(signing, {"has_read": "1"}).status_code == 302
    assert reload(case).closed_because == "reviewed"
    assert not RedCard.objects.filter(state="open", number=case.card_number).exists()


def test_a_proposer_does_not_sign_but_may_take_back_on_the_page(
    officers: Actors, case_states: CaseStates
) -> None:
    act = officers.propose_act("end", TODAY, case=case_states.cases[9], payload={"code": "merged"})
    client = client_of(officers.account("officer"))
    assert "现在不能签批" in page(client, "proposed-act", act.pk)
    assert "企业合并" in page(client, "proposed-act", act.pk)
    answer = client.post(reverse("sign-act", args=[act.pk]), {"has_read": "1"})
    assert answer.status_code == 422
    path = reverse("retract-act", args=[act.pk])
    refusal_page(client.post(path, {"because": ""}), "because")
    for _time in range(2):
        assert client.post(path, {"because": "另案"}).status_code == 302
    act.refresh_from_db()
    assert act.state == "void"
    assert "已失效" in page(client, "case-acts", act.case_id)


def test_an_act_is_returned_with_reasons_on_the_page(
    officers: Actors, case_states: CaseStates
) -> None:
    act = officers.propose_finding(TODAY, credit_code=case_states.codes[7])
    reviewer = client_of(officers.account("city-reviewer"))
    shown = page(reviewer, "proposed-act", act.pk)
    assert "与登记不同：李某" in shown
    assert "应有 3，现有 1" in shown
    path = reverse("return-act", args=[act.pk])
    refusal_page(reviewer.post(path, {"because": ""}), "because")
    for _time in range(2):
        assert reviewer.post(path, {"because": "照片看不清"}).status_code == 302
    act.refresh_from_db()
    assert (act.state, act.decided_because) == ("returned", "照片看不清")
    assert "照片看不清" in page(client_of(officers.account("officer")), "proposed-act", act.pk)


def test_acts_of_others_are_not_found(officers: Actors, case_states: CaseStates) -> None:
    act = officers.propose_act("end", TODAY, case=case_states.cases[9], payload={"code": "merged"})
    finding = officers.propose_finding(TODAY, credit_code=case_states.codes[7])
    (file,) = act.attachments.all()
    stranger = client_of(officers.account("datong-reviewer"))
    for number in (act.pk, finding.pk, 999):
        page(stranger, "proposed-act", number, status=404)
        assert stranger.post(reverse("sign-act", args=[number])).status_code == 404
    page(stranger, "attachment", file.pk, status=404)
    enterprise = enterprise_client(case_states, 7)
    page(enterprise, "attachment", file.pk, status=404)
    assert enterprise.get(reverse("proposed-act", args=[act.pk])).status_code in (403, 404)
    for name in ("sign-act", "return-act", "retract-act"):
        answer = client_of(officers.account("reviewer")).get(reverse(name, args=[act.pk]))
        assert answer.headers["Location"] == reverse("proposed-act", args=[act.pk])
