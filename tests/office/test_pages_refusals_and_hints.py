"""Pages that refuse or explain: acts not allowed, documents not served yet, requirements added later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from actors import Actors, picture, reload
from fixtures_case_states import TODAY, CaseStates
from page_requests import client_of, page, post_act, post_proposal, refusal_page
from qualwatch.cases.models import Application, Case, CaseRequirement, Determination
from qualwatch.cases.service.actions import issue_warning

MAX_BYTES = 100_000


pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's, which would close the connection."""


def test_an_application_says_which_acts_are_not_allowed(
    officers: Actors, case_states: CaseStates
) -> None:
    application = Application.objects.get(case=case_states.cases[6])
    city = page(client_of(officers.account("city-officer")), "application", application.pk)
    assert "没有这项权限" in city
    assert "审查意见</label>" not in city
    auditor = page(client_of(officers.account("auditor")), "application", application.pk)
    assert "<textarea" not in auditor
    # Nor are people's names read for somebody who may not verify
    assert "更正哪一行登记" not in auditor


def test_an_enterprise_sees_the_stage_of_its_withdrawal(
    officers: Actors, case_states: CaseStates
) -> None:
    account = officers.enterprise_account(case_states.codes[2])
    own = page(client_of(account), "own-case", case_states.cases[2].pk)
    for text in (
        "这项资质已进入撤回程序：公示中",
        "启动撤回",
        "拟撤回告知送达",
        "要求听证",
        "许可机关书面陈述申辩",
    ):
        assert text in own, text
    assert '启动撤回</span> <span class="soft">（未到）' not in own


def test_an_insurance_case_is_determined_by_items_through_the_browser(
    officers: Actors, case_states: CaseStates
) -> None:
    case = Case.objects.get(category=None, state="yellow")
    officer = client_of(officers.account("city-officer"))
    assert "specialist-decoration/" in page(officer, "determine", case.pk)
    fields = {
        "outcome": "dismissed",
        "requirement": ["insurance"],
        "because": "已豁免",
        "has_read": "1",
        "register_effect": "exemption",
    }
    path = reverse("determine", args=[case.pk])

    def with_file() -> dict[str, Any]:
        return {"evidence": SimpleUploadedFile("豁免文件.png", picture())}

    wrong = officer.post(path, fields | with_file() | {"register_effect_number": "x"})
    assert "请写明更正或豁免的编号" in refusal_page(wrong, "register_effect_number")
    assert "没有找到所说的更正或豁免" in refusal_page(
        officer.post(path, fields | with_file() | {"register_effect_number": "7"}),
        "register_effect_number",
    )
    assert "请写明哪些资质" in refusal_page(
        officer.post(path, fields | with_file() | {"outcome": "red"}), "item-1"
    )
    del fields["register_effect"]
    assert "请选择不予认定时留下什么" in refusal_page(
        officer.post(path, fields | with_file()), "register_effect-1"
    )


def test_a_reviewer_reads_which_items_turn_red_and_what_a_dismissal_leaves(
    officers: Actors, case_states: CaseStates
) -> None:
    case = Case.objects.get(category=None, state="yellow")
    proposal: dict[str, Any] = {
        "case": case,
        "requirements": ["insurance"],
        "because": "核实",
        "proposed_by": "city-officer",
        "proposed_at": officers.office.tick(),
    }
    determination = Determination.objects.create(
        outcome="red", items=[["specialist-decoration", ""]], **proposal
    )
    reviewer = client_of(officers.account("city-reviewer"))
    assert (
        "建筑装修装饰工程专业承包"
        in page(reviewer, "decide", case.pk).split("认定红牌的资质")[1].split("</dd>")[0]
    )
    Determination.objects.filter(pk=determination.pk).update(
        outcome="dismissed",
        items=[],
        register_effect="exemption",
        register_effect_details={"exemption": 7},
    )
    assert "已有的豁免：第 7 号" in page(reviewer, "decide", case.pk)


def test_an_ended_requirement_may_be_determined_though_another_was_added(
    officers: Actors, case_states: CaseStates
) -> None:
    """A requirement warned of later has its own period, and does not hold up the others."""
    case = case_states.cases[9]
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=TODAY, ends_on=TODAY + timedelta(60)
    )
    officer = client_of(officers.account("city-officer"))
    shown = page(officer, "determine", case.pk)
    assert 'id="outcome-red" name="outcome" value="red" required>' in " ".join(shown.split())
    assert 'value="constructors" checked' in shown
    assert 'value="manual-titles" checked' not in shown
    assert post_proposal(officer, case).status_code == 302


def test_a_document_is_listed_once_it_is_served(officers: Actors, case_states: CaseStates) -> None:
    account, case = officers.enterprise_account(case_states.codes[9]), case_states.cases[9]
    # nobody has opened the warning yet
    case.requirements.update(proved_on=None)
    waits = issue_warning(
        case=reload(case),
        by=officers.account("officer"),
        law=officers.law,
        at=officers.office.tick(TODAY),
    )
    client = client_of(account)
    assert waits.number not in page(client, "own-case", case.pk)
    officers.serve(waits, TODAY)
    assert waits.number in page(client, "own-case", case.pk)


def test_odd_answers_of_a_dismissal_are_refused_in_a_sentence(
    officers: Actors, case_states: CaseStates
) -> None:
    officer, case = client_of(officers.account("city-officer")), case_states.cases[9]
    for fields in (
        {"register_effect": "foo", "register_effect_number": "1"},
        {"register_effect": "correction", "register_effect_number": "9" * 5000},
        {"register_effect": "exemption", "register_effect_number": "-1"},
    ):
        assert post_proposal(officer, case, outcome="dismissed", **fields).status_code == 422, (
            fields
        )
    assert not Determination.objects.filter(case=case).exists()


def test_register_rows_are_found_by_part_of_a_name(
    officers: Actors, case_states: CaseStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qualwatch.web.staff import applications

    monkeypatch.setattr(applications, "MAX_ROWS", 1)
    application = Application.objects.get(case=case_states.cases[6])
    post_act(client_of(officers.account("city-reviewer")), application, "agree")
    officer = client_of(officers.account("second-officer"))
    assert "登记行太多" in page(officer, "application", application.pk)
    shown = officer.get(
        reverse("application", args=[application.pk]) + "?row=注册建造师"
    ).content.decode()
    assert "注册建造师" in shown.split("更正哪一行登记")[1].split("</select>")[0]
