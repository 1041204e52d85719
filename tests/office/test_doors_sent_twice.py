"""What is sent twice is done once; what is not taken is shown again; what is asked in another way is told how."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from test_doors import filled

from bureau import Bureau
from doors import as_, enterprise, page, propose, refused
from qualwatch.cases.models import Application, Determination, Document, Point, Withdrawal
from qualwatch.procedure.checklists import LINES
from qualwatch.publication.models import Announcement
from scene import Scene

pytestmark = pytest.mark.django_db
ONCE = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The scene's own transaction instead of pytest-django's."""


def test_an_answer_sent_twice_is_one_application(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    path = reverse("own-answer", args=[case.pk])
    assert 'name="once" value="' in page(client, "own-answer", case.pk)
    for _time in range(2):
        done = client.post(path, filled(once=ONCE), follow=True)
        assert "已收到你的申请" in done.content.decode()
    made = Application.objects.get(case=case)
    assert Document.objects.filter(application=made, kind="receipt").count() == 1
    refused(client.post(path, filled(once=ONCE[::-1])))  # another form is another application
    own = page(client, "own-case", case.pk)
    assert "打开并确认收到" in own.split("还没有打开的通知")[1].split("收到的文书")[0]  # where the receipt waits


def test_an_objection_sent_twice_is_one(client: Client, staff: Bureau, scene: Scene) -> None:
    display = Announcement.objects.get(kind="display", credit_code=scene.codes[2])
    path = reverse("object-publicly", args=[display.number])
    told = {"text": "人够", "name": "王某某", "address": "13900000000", "once": ONCE}
    for _time in range(2):
        assert client.post(path, told).status_code == 302
    assert Point.objects.filter(kind="objection").count() == 1
    assert Withdrawal.objects.get(credit_code=scene.codes[2]).unanswered == 1
    again = refused(client.post(path, told | {"text": "", "once": ONCE[::-1]}), "text")
    assert f'value="{ONCE[::-1]}"' in again  # a corrected form is the same form
    assert "请重新选择" in again  # files are not kept by browsers


def test_an_urging_and_a_proposal_sent_twice_are_one(staff: Bureau, scene: Scene) -> None:
    officer, case = as_(staff.who("city-officer")), scene.cases[9]
    for _time in range(2):
        officer.post(reverse("urge", args=[case.pk]), {"kind": "letter", "what": "发函督促", "once": ONCE})
        assert propose(officer, case).status_code == 302
    assert case.urgings.count() == 1
    assert Document.objects.filter(case=case, kind="urging-letter").count() == 1
    assert Determination.objects.filter(case=case).count() == 1
    refused(propose(officer, case, because="另一个理由"))  # another proposal than the one that waits


def test_what_is_filled_is_handed_in_though_nobody_ticked_it(staff: Bureau, scene: Scene) -> None:
    client, case = enterprise(scene, 7), scene.cases[7]
    path = reverse("own-answer", args=[case.pk])
    nothing = {"cause": "assessment-wrong", "statement": "人员在册"}
    assert "请勾选对哪些指标提出申请" in refused(client.post(path, nothing), "about-constructors")
    reasons = {f"reason-constructors-{line}": "见说明" for line in LINES}
    assert "要附证据" in refused(client.post(path, nothing | reasons), "file-constructors-identity")
    told = filled()
    del told["requirement"]
    assert client.post(path, told).status_code == 302
    assert Application.objects.get(case=case).requirements == ["constructors"]


def test_before_it_answers_an_enterprise_reads_who_decides_and_by_when(staff: Bureau, scene: Scene) -> None:
    client = enterprise(scene, 7)
    assert "由太原市" in page(client, "own-answer", scene.cases[7].pk).split('class="consequence"')[1]
    case = scene.cases[7]
    case.licensing_authority = "province"
    case.save()
    shown = page(client, "own-answer", case.pk).split('class="consequence"')[1]
    assert "由山西省住房和城乡建设厅办理" in shown
    assert "书面答复" in shown


def test_an_error_is_no_success(staff: Bureau, scene: Scene) -> None:
    client, made = enterprise(scene, 6), Application.objects.get(case=scene.cases[6])
    path = reverse("own-retract", args=[made.pk])
    assert 'class="said"' in client.post(path, follow=True).content.decode()
    again = client.post(path, follow=True).content.decode()
    assert 'class="said"' not in again
    assert "没有未决的申请" in again.split('class="errors" role="alert"')[1]


def test_what_was_typed_is_shown_where_a_form_is_not_taken(staff: Bureau, scene: Scene) -> None:
    told = {"cause": "assessment-wrong", "statement": "写了很久的理由", "reason-constructors-identity": "遗失",
            "password": "correct-horse"}  # fmt: skip
    path = reverse("own-answer", args=[scene.cases[7].pk])
    client = enterprise(scene, 7)
    with time_machine.travel(timezone.now() + timedelta(minutes=60), tick=False):
        idle = client.post(path, told)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = enterprise(scene, 7).cookies
    for answer in (idle, Client().post(path, told), strict.post(path, told)):
        assert answer.status_code == 403
        shown = answer.content.decode()
        assert "没有提交" in shown
        for text in ("写了很久的理由", "遗失"):
            assert text in shown
        for text in ("assessment-wrong", "correct-horse"):
            assert text not in shown
        assert f'href="{path}"' in shown
        assert "no-store" in answer.headers["Cache-Control"]
    changed = Client(enforce_csrf_checks=True).post("/accounts/password/change/", {"oldpassword": "x", "text": "y"})
    assert "typed" not in changed.content.decode()


def test_what_only_takes_a_form_leads_to_its_page(staff: Bureau, scene: Scene) -> None:
    officer, own, case = as_(staff.who("city-officer")), enterprise(scene, 7), scene.cases[9]
    for name in ("urge", "review"):
        assert officer.get(reverse(name, args=[case.pk])).headers["Location"] == reverse("case", args=[case.pk])
    made = Application.objects.get(case=scene.cases[6])
    there = enterprise(scene, 6).get(reverse("own-retract", args=[made.pk]))
    assert there.headers["Location"] == reverse("own-case", args=[scene.cases[6].pk])
    assert own.get(reverse("own-retract", args=[made.pk])).status_code == 404
    other = Client().post("/red-cards", {"q": "x"})
    assert other.status_code == 405
    assert "这个地址不能这样打开" in other.content.decode()
    assert "GET" in other.headers["Allow"]
