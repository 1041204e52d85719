"""The doors where something is in the way: what may not be done, what has not come, what was added later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from bureau import Bureau, fresh
from doors import act, as_, page, propose, refused
from qualwatch.cases.models import Application, Case, CaseRequirement, Determination
from qualwatch.cases.service.actions import issue_warning
from scene import TODAY, Scene

MOST_BYTES = 100_000


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The scene's own transaction instead of pytest-django's, which would close the connection after each test."""


def test_what_may_not_be_done_with_an_application_is_said(staff: Bureau, scene: Scene) -> None:
    application = Application.objects.get(case=scene.cases[6])
    city = page(as_(staff.who("city-officer")), "application", application.pk)
    assert "没有这项权限" in city
    assert "审查意见</label>" not in city
    auditor = page(as_(staff.who("auditor")), "application", application.pk)
    assert "<textarea" not in auditor
    assert (
        "更正哪一行登记" not in auditor
    )  # nor are people's names read for somebody who may not verify


def test_an_enterprise_sees_how_far_its_withdrawal_has_come(staff: Bureau, scene: Scene) -> None:
    account = staff.enterprise(scene.codes[2])
    own = page(as_(account), "own-case", scene.cases[2].pk)
    for told in (
        "这项资质已进入撤回程序：公示中",
        "启动撤回",
        "拟撤回告知送达",
        "要求听证",
        "许可机关书面陈述申辩",
    ):
        assert told in own, told
    assert '启动撤回</span> <span class="soft">（未到）' not in own


def test_an_insurance_case_is_determined_by_items_through_the_browser(
    staff: Bureau, scene: Scene
) -> None:
    case = Case.objects.get(category=None, state="yellow")
    officer = as_(staff.who("city-officer"))
    assert "specialist-decoration/" in page(officer, "determine", case.pk)
    told = {
        "outcome": "dismissed",
        "requirement": ["insurance"],
        "because": "已豁免",
        "evidence": "豁免文件",
        "has_read": "1",
        "leaves": "exemption",
    }
    path = reverse("determine", args=[case.pk])
    wrong = officer.post(path, told | {"left_number": "x"})
    assert "请写明更正或豁免的编号" in refused(wrong, "left_number")
    assert "没有找到所说的更正或豁免" in refused(
        officer.post(path, told | {"left_number": "7"}), "left_number"
    )
    assert "请写明哪些资质" in refused(officer.post(path, told | {"outcome": "red"}), "item-1")
    del told["leaves"]
    assert "请选择不予认定时留下什么" in refused(officer.post(path, told), "leaves-1")


def test_a_reviewer_reads_which_items_turn_red_and_what_a_dismissal_leaves(
    staff: Bureau, scene: Scene
) -> None:
    case = Case.objects.get(category=None, state="yellow")
    told: dict[str, Any] = {
        "case": case,
        "requirements": ["insurance"],
        "because": "核实",
        "evidence": ["核查表"],
        "proposed_by": "city-officer",
        "proposed_at": staff.office.tick(),
    }
    determination = Determination.objects.create(
        outcome="red", items=[["specialist-decoration", ""]], **told
    )
    reviewer = as_(staff.who("city-reviewer"))
    assert (
        "建筑装修装饰工程专业承包"
        in page(reviewer, "decide", case.pk).split("认定红牌的资质")[1].split("</dd>")[0]
    )
    Determination.objects.filter(pk=determination.pk).update(
        outcome="dismissed", items=[], leaves="exemption", left={"exemption": 7}
    )
    assert "已有的豁免：第 7 号" in page(reviewer, "decide", case.pk)


def test_what_is_ripe_may_be_determined_though_more_was_added(staff: Bureau, scene: Scene) -> None:
    """A requirement warned of later has its own period, and does not hold up the others."""
    case = scene.cases[9]
    CaseRequirement.objects.create(
        case=case, requirement="manual-titles", pushed_on=TODAY, ends_on=TODAY + timedelta(60)
    )
    officer = as_(staff.who("city-officer"))
    shown = page(officer, "determine", case.pk)
    assert 'id="outcome-red" name="outcome" value="red" required>' in " ".join(shown.split())
    assert 'value="constructors" checked' in shown
    assert 'value="manual-titles" checked' not in shown
    assert propose(officer, case).status_code == 302


def test_a_document_is_listed_when_it_has_come(staff: Bureau, scene: Scene) -> None:
    account, case = staff.enterprise(scene.codes[9]), scene.cases[9]
    waits = issue_warning(
        case=fresh(case), by=staff.who("officer"), law=staff.law, at=staff.office.tick(TODAY)
    )
    client = as_(account)
    assert waits.number not in page(client, "own-case", case.pk)
    staff.served(waits, TODAY)
    assert waits.number in page(client, "own-case", case.pk)


def test_odd_answers_of_a_dismissal_are_refused_in_a_sentence(staff: Bureau, scene: Scene) -> None:
    officer, case = as_(staff.who("city-officer")), scene.cases[9]
    for told in (
        {"leaves": "foo", "left_number": "1"},
        {"leaves": "correction", "left_number": "9" * 5000},
        {"leaves": "exemption", "left_number": "-1"},
    ):
        assert propose(officer, case, outcome="dismissed", **told).status_code == 422, told
    assert not Determination.objects.filter(case=case).exists()


def test_rows_are_found_by_a_word_of_their_names(
    staff: Bureau, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qualwatch.web.staff import applications

    monkeypatch.setattr(applications, "MOST", 1)
    application = Application.objects.get(case=scene.cases[6])
    act(as_(staff.who("city-reviewer")), application, "agree")
    officer = as_(staff.who("second-officer"))
    assert "登记行太多" in page(officer, "application", application.pk)
    found = officer.get(
        reverse("application", args=[application.pk]) + "?row=注册建造师"
    ).content.decode()
    assert "注册建造师" in found.split("更正哪一行登记")[1].split("</select>")[0]
