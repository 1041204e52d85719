"""Service: nothing rests on `sent`; what is unproved goes another way; notices count after their days (F18, F19)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from bureau import Bureau, fresh, picture
from office import DAY, SOURCES, Office
from qualwatch.archive.contents import CannotKeep
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.actions.determine import sign
from qualwatch.cases.actions.serve import fail, issue_warning, take_up_services, void
from qualwatch.cases.actions.supervise import open_notice
from qualwatch.cases.attachments import HandedIn
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.course import Doing
from qualwatch.cases.models import Case, Document, Notice, Service, Task
from qualwatch.cases.queries import tasks_of
from qualwatch.intake.invent import Plan, invent
from qualwatch.journal.queries import entries_of
from qualwatch.patrol.days import let_run_in
from qualwatch.procedure.service import METHODS, Circumstances, next_method, served_by_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, RedCard
from qualwatch.publication.queries import public_copy, replayed

pytestmark = pytest.mark.django_db
OVER = date(2026, 7, 21)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def told(bureau: Bureau, day: date, by: str = "officer") -> dict[str, object]:
    return {"by": bureau.who(by), "law": bureau.law, "at": bureau.office.tick(day)}


def test_f18_mailed_is_not_served(bureau: Bureau) -> None:
    """The order was mailed, no receipt came back: no red period runs, and a task names the next lawful way."""
    case = bureau.red()
    bureau.sent(bureau.order(case), OVER, method="post")
    late = date(2026, 8, 12)  # 15 working days after the 21st of July end on the 11th of August
    bureau.morning(late - timedelta(days=1))
    assert not Task.objects.filter(kind="serve").exists()
    bureau.morning(late)
    case = fresh(case)
    assert (case.order_served_on, case.red_ends_on) == (None, None)
    task = Task.objects.get(kind="serve", done_on=None)
    assert task.detail == f"{bureau.order(case).number} in-person"
    bureau.morning(late + timedelta(days=1))
    assert Task.objects.filter(kind="serve").count() == 1  # once
    bureau.morning(date(2026, 12, 20))
    assert fresh(case).place == "red"
    assert fresh(case).red_ends_on is None  # however long it lies


def test_the_clock_starts_on_proved_service_and_the_proof_is_kept(bureau: Bureau) -> None:
    case = bureau.red()
    service = bureau.sent(bureau.order(case), OVER, method="post")
    with pytest.raises(CannotStep, match="上传"):
        bureau.proved(service, OVER + timedelta(days=2), files=[])
    with pytest.raises(CannotKeep, match="不是能接收的文件"):
        bureau.proved(service, OVER + timedelta(days=2), files=[HandedIn("回执.exe", b"MZ....")])
    assert Service.objects.get(pk=service.pk).proved_on is None
    received = date(2026, 7, 27)
    bureau.proved(service, date(2026, 8, 3), proved_on=received, proof="邮政回执 1234")
    case = fresh(case)
    assert (case.order_served_on, case.red_ends_on) == (received, date(2026, 8, 27))
    assert Service.objects.get(pk=service.pk).attachments.get().name == "送达回证.png"
    assert not Task.objects.filter(kind__in=("serve-order", "serve"), done_on=None).exists()
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.sent(bureau.order(case), date(2026, 8, 4))


def test_a_returned_letter_opens_the_next_way_up_to_the_public_notice(bureau: Bureau) -> None:
    case = bureau.red()
    order, number = bureau.order(case), bureau.order(case).number
    with pytest.raises(CannotStep, match="直接送达或邮寄没有成功"):
        bureau.sent(order, OVER, method="public-notice")
    with pytest.raises(CannotStep, match="书面材料"):
        bureau.sent(order, OVER, method="e-mail")
    with pytest.raises(CannotStep, match="没有平台账号"):
        bureau.sent(order, OVER, method="platform")
    with pytest.raises(CannotStep, match="拒绝签收"):
        bureau.sent(order, OVER, method="left")
    service = bureau.sent(order, OVER, method="in-person")
    with pytest.raises(CannotStep, match="原因"):
        fail(service=service, because=" ", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    fail(service=service, because="门锁着，无人", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    assert Task.objects.get(kind="serve", done_on=None).detail == f"{number} left"
    post = bureau.sent(order, OVER, method="post")
    assert not Task.objects.filter(kind="serve", done_on=None).exists()
    fail(service=post, because="查无此人，退回", **told(bureau, OVER + timedelta(days=6)))  # type: ignore[arg-type]  # as told
    published = OVER + timedelta(days=7)
    notice = bureau.sent(order, published, method="public-notice")
    shown = Announcement.objects.get()
    assert shown.number == number
    assert "公告送达" in shown.body
    assert "建造师" not in shown.body
    due = served_by_notice(published, 30, bureau.law.calendar).ends_on
    assert (notice.due_on, shown.ends_on) == (due, due) == (date(2026, 8, 27), date(2026, 8, 27))
    bureau.morning(due)
    assert fresh(case).order_served_on is None  # its last day is not over
    bureau.morning(due + timedelta(days=1))
    assert (fresh(case).order_served_on, fresh(case).red_ends_on) == (due, date(2026, 9, 28))  # 27th is a Sunday
    assert replayed(10**9) == public_copy()


def test_whoever_answers_during_a_public_notice_is_served_then(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    fail(service=bureau.sent(order, OVER, method="post"), because="退回", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    bureau.sent(order, OVER, method="public-notice")
    came = OVER + timedelta(days=5)
    bureau.served(order, came)
    bureau.morning(OVER + timedelta(days=60))
    assert fresh(case).order_served_on == came
    assert [one.proved_on for one in order.services.order_by("pk")] == [None, None, came]


def test_a_yellow_card_is_never_published_to_serve_it(bureau: Bureau) -> None:
    case = bureau.yellow()
    letter = issue_warning(case=fresh(case), **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    fail(service=bureau.sent(letter, DAY), because="无人", **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(letter, DAY, method="public-notice")
    assert not Announcement.objects.exists()
    assert public_copy() == {}


def test_opening_on_the_platform_proves_an_order_where_the_policy_says_so(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.red()
    order = bureau.order(case)
    service = order.services.get()
    assert (service.method, service.proved_on) == ("platform", None)
    notice = Notice.objects.get(document=order)
    assert open_notice(notice=notice, by=account, at=bureau.office.tick(OVER + timedelta(days=2)), law=bureau.law)
    assert fresh(case).order_served_on == OVER + timedelta(days=2)
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.served(order, OVER + timedelta(days=3))


def test_a_voided_document_keeps_its_number_and_another_is_issued(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.sent(order, OVER, method="post")
    with pytest.raises(NotCompetent):
        void(document=order, because="日期写错", **told(bureau, OVER))  # type: ignore[arg-type]  # an officer does not sign
    void(document=order, because="日期写错", **told(bureau, OVER, "reviewer"))  # type: ignore[arg-type]  # as told
    again = bureau.order(case)
    assert again.pk != order.pk
    assert [one.number for one in Document.objects.filter(kind="order-to-rectify").order_by("pk")] == [
        "晋建资责〔2026〕1号", "晋建资责〔2026〕2号",
    ]  # fmt: skip
    with pytest.raises(CannotStep, match="作废"):
        bureau.served(order, OVER)
    bureau.served(again, OVER)
    assert fresh(case).order_served_on == OVER
    words = [one.what for one in entries_of(case.stream)]
    assert words.count("voided") == 1
    assert words.index("voided") < words.index("order-served")


def test_another_authority_serves_nothing(bureau: Bureau) -> None:
    case = bureau.red()
    for name in ("datong-officer", "auditor", "reviewer"):
        with pytest.raises(NotCompetent):
            bureau.sent(bureau.order(case), OVER, by=name)
    assert not bureau.order(case).services.exists()


def test_service_proved_after_the_case_has_ended_starts_nothing(bureau: Bureau) -> None:
    case = bureau.red()
    service = bureau.sent(bureau.order(case), OVER)
    bureau.morning(OVER + timedelta(days=1), people=3)
    assert fresh(case).place == "closed"
    bureau.proved(service, OVER + timedelta(days=2))
    assert fresh(case).order_served_on is None
    assert RedCard.objects.get().ends_on is None


def test_no_red_on_a_warning_that_was_only_sent(bureau: Bureau) -> None:
    """At the determination too: a letter in the post is no proof."""
    case = bureau.yellow()
    letter = issue_warning(case=fresh(case), **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    service = bureau.sent(letter, DAY, method="post")
    bureau.morning(OVER)
    with pytest.raises(CannotStep, match="推送有凭证"):
        bureau.propose(case, day=OVER)
    bureau.proved(service, OVER, proved_on=DAY + timedelta(days=4))
    bureau.propose(case, day=OVER)
    sign(case=fresh(case), because="同意", **told(bureau, OVER, "reviewer"))  # type: ignore[arg-type]  # as told
    assert fresh(case).place == "red"


def test_the_task_of_a_service_goes_to_whoever_issued_the_document(bureau: Bureau) -> None:
    case = bureau.red()
    fail(service=bureau.sent(bureau.order(case), OVER), because="无人", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    assert any(one.kind == "serve" for one in tasks_of(bureau.order(case).organisation))
    assert Case.objects.count() == 1


def test_the_ways_are_tried_in_their_order() -> None:
    tried: list[str] = []
    while method := next_method(tried, Circumstances(True, True, True, True, tuple(tried))):
        tried.append(method)
    assert tried == list(METHODS)
    assert next_method(["in-person", "left", "post"], Circumstances(failed=("in-person", "post"))) == ""
    assert picture(1) != picture()


def test_f19_of_twenty_eight_orders_every_one_is_accounted_for(bureau: Bureau, tmp_path: Path) -> None:
    """17 served and silent, 11 unreachable and served by public notice, 1 of which answers meanwhile; sums to 28."""
    files = invent(Plan(150, 4, DAY), tmp_path / "province", "csv", bureau.law)
    assert files
    for name, source in SOURCES.items():
        path = tmp_path / "province" / f"{name}.csv"
        if path.exists() and name != "在建项目":
            assert bureau.office.take(source, {path.name: path}, day=DAY).state == "released"
    done = bureau.patrol(DAY)
    if done.run.state == "held":
        let_run_in(run=done.run, law=bureau.law, by="wang", at=bureau.office.tick(), because="核对过样本")
    met = FindingRow.objects.filter(recorded_to=None, verdict="met", required__gt=1).order_by("credit_code", "pk")
    one_each = {row.credit_code: row for row in met}
    cases = []
    for row in list(one_each.values())[:28]:
        figures = {row.requirement: {"required": row.required, "held": 0}}
        cases.append(bureau.inspect(DAY, credit_code=row.credit_code, category=row.category, sub_item=row.sub_item,
                                    figures=figures))  # fmt: skip
    assert len(cases) == 28
    served, unreachable = cases[:17], cases[17:]
    for case in served:
        bureau.served(bureau.order(case), DAY + timedelta(days=1))
    for case in unreachable:
        post = bureau.sent(bureau.order(case), DAY, method="post")
        fail(service=post, because="退回", **told(bureau, DAY + timedelta(days=5)))  # type: ignore[arg-type]  # as told
        bureau.sent(bureau.order(case), DAY + timedelta(days=6), method="public-notice")
    account = bureau.enterprise(unreachable[0].credit_code)
    about = unreachable[0].requirements.get().requirement
    bureau.apply(unreachable[0], DAY + timedelta(days=20), account, bureau.filing("assessment-wrong", about))
    assert Announcement.objects.filter(kind="service").count() == 11
    done = bureau.patrol(DAY + timedelta(days=2))
    due = served_by_notice(DAY + timedelta(days=6), 30, bureau.law.calendar).ends_on
    take_up_services(Doing(bureau.law, bureau.office.tick(due + timedelta(days=1)), "system"))
    by_way = Counter(Service.objects.filter(proved_on__isnull=False).values_list("method", flat=True))
    assert by_way == {"in-person": 17, "public-notice": 11}
    cases = [fresh(case) for case in cases]
    assert {case.order_served_on for case in cases[17:]} == {due}
    undecided = [case for case in cases if case.application]
    silent = [case for case in cases if not case.application]
    assert (len(undecided), len(silent), len(cases)) == (1, 27, 28)
    assert all(case.red_ends_on for case in cases)  # the clocks of all run, the one undecided cannot be withdrawn
