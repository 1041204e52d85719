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
from qualwatch.cases.actions.apply import refuse
from qualwatch.cases.actions.determine import sign
from qualwatch.cases.actions.serve import fail, issue_warning, take_up_services, void
from qualwatch.cases.actions.supervise import annul, open_notice, record_fraud
from qualwatch.cases.attachments import HandedIn, document_for
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
    assert not Task.objects.filter(kind="serve", detail__startswith=bureau.order(case).number).exists()
    bureau.morning(late)
    case = fresh(case)
    assert (case.order_served_on, case.red_ends_on) == (None, None)
    task = task_of(bureau.order(case))
    assert task.detail == f"{bureau.order(case).number} in-person"
    bureau.morning(late + timedelta(days=1))
    assert Task.objects.filter(kind="serve", detail__startswith=bureau.order(case).number).count() == 1  # once
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
    assert not Task.objects.filter(kind="serve-order", done_on=None).exists()
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.sent(bureau.order(case), date(2026, 8, 4))


def test_a_returned_letter_opens_the_next_way_up_to_the_public_notice(bureau: Bureau) -> None:
    case = bureau.red()
    order, number = bureau.order(case), bureau.order(case).number
    with pytest.raises(CannotStep, match="直接送达和邮寄都没有成功"):
        bureau.sent(order, OVER, method="public-notice")
    with pytest.raises(CannotStep, match="书面材料"):
        bureau.sent(order, OVER, method="e-mail")
    with pytest.raises(CannotStep, match="没有平台账号"):
        bureau.sent(order, OVER, method="platform")
    with pytest.raises(CannotStep, match="拒绝签收"):
        bureau.sent(order, OVER, method="left")
    service = bureau.sent(order, OVER, method="in-person")
    with pytest.raises(CannotStep, match="原因"):
        bureau.failed(service, OVER, why="bored")
    for why in ("returned", "unanswered", "voided"):  # not of a visit
        with pytest.raises(CannotStep, match="选择没有送达的原因"):
            bureau.failed(service, OVER, why=why)
    with pytest.raises(CannotStep, match="上传"):
        fail(service=service, why="refused", because="拒收", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    bureau.failed(service, OVER)
    with pytest.raises(CannotStep, match="拒绝签收"):
        bureau.sent(order, OVER, method="left")  # nobody was there, which is no refusal
    with pytest.raises(CannotStep, match="都没有成功"):
        bureau.sent(order, OVER, method="public-notice")  # one way is not every way
    assert task_of(order).detail == f"{number} post"
    post = bureau.sent(order, OVER, method="post")
    assert not Task.objects.filter(kind="serve", detail__startswith=number, done_on=None).exists()
    with pytest.raises(CannotStep, match="还没有逾期"):
        bureau.failed(post, OVER + timedelta(days=6), why="unanswered")
    bureau.failed(post, OVER + timedelta(days=6), why="returned")
    assert task_of(order).detail == f"{number} public-notice"
    published = OVER + timedelta(days=7)
    notice = bureau.sent(order, published, method="public-notice")
    shown = Announcement.objects.get()
    assert shown.number == number
    assert "公告送达" in shown.body
    assert "建造师" not in shown.body
    due = served_by_notice(published, 30, bureau.law.calendar).ends_on
    assert (notice.due_on, shown.ends_on) == (due, due) == (date(2026, 8, 27), date(2026, 8, 27))
    with pytest.raises(CannotStep, match="已在公告送达"):
        bureau.sent(order, published, method="public-notice")
    with pytest.raises(CannotStep, match="期满即为送达"):
        bureau.failed(notice, published)
    bureau.morning(due)
    assert fresh(case).order_served_on is None  # its last day is not over
    bureau.morning(due + timedelta(days=1))
    assert (fresh(case).order_served_on, fresh(case).red_ends_on) == (due, date(2026, 9, 28))  # 27th is a Sunday
    assert replayed(10**9) == public_copy()


def test_whoever_answers_during_a_public_notice_is_served_then(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER, method="post"), OVER, why="unknown")
    bureau.sent(order, OVER, method="public-notice")
    came = OVER + timedelta(days=5)
    bureau.served(order, came)
    bureau.morning(OVER + timedelta(days=60))
    assert fresh(case).order_served_on == came
    assert [one.proved_on for one in order.services.order_by("pk")] == [None, None, came]


def test_a_yellow_card_is_never_published_to_serve_it(bureau: Bureau) -> None:
    case = bureau.yellow()
    letter = issue_warning(case=fresh(case), **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    bureau.failed(bureau.sent(letter, DAY), DAY, why="unknown")
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
    for document in (order, Document.objects.get(kind="determination")):
        with pytest.raises(Document.DoesNotExist):
            document_for(account, document.pk)  # not before it has come
    notice = Notice.objects.get(document=order)
    assert open_notice(notice=notice, by=account, at=bureau.office.tick(OVER + timedelta(days=2)), law=bureau.law)
    assert fresh(case).order_served_on == OVER + timedelta(days=2)
    assert document_for(account, order.pk)[0] == order
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
    bureau.failed(bureau.sent(bureau.order(case), OVER), OVER)
    assert any(one.kind == "serve" for one in tasks_of(bureau.order(case).organisation))
    assert Case.objects.count() == 1


def test_the_ways_are_tried_in_their_order() -> None:
    tried: list[str] = []
    while method := next_method(tried, Circumstances(True, True, True, True, {one: ["refused"] for one in tried})):
        tried.append(method)
    assert tried == [one for one in METHODS if one != "public-notice"]  # who refuses has been reached
    both = {"in-person": ["absent"], "post": ["returned"]}
    assert next_method(["in-person", "post"], Circumstances(failed=both)) == ""  # a yellow card ends here
    assert next_method(["in-person", "post"], Circumstances(may_be_public=True, failed=both)) == "public-notice"


def task_of(document: Document) -> Task:
    return Task.objects.get(kind="serve", detail__startswith=document.number, done_on=None)


def test_a_voided_order_that_is_opened_starts_nothing(bureau: Bureau) -> None:
    """Its service on the platform ends with it; the order in its place goes there too, and counts when it is opened."""
    account = bureau.enterprise()
    case = bureau.red()
    old = bureau.order(case)
    void(document=old, because="写错", **told(bureau, OVER, "reviewer"))  # type: ignore[arg-type]  # as told
    again = bureau.order(case)
    assert [one.failed_as for one in old.services.all()] == ["voided"]
    for document, served in ((old, None), (again, OVER + timedelta(days=1))):
        notice = Notice.objects.get(document=document)
        open_notice(notice=notice, by=account, at=bureau.office.tick(OVER + timedelta(days=1)), law=bureau.law)
        assert fresh(case).order_served_on == served


def test_only_who_issued_a_document_voids_it(bureau: Bureau) -> None:
    case = bureau.red()
    for name in ("city-reviewer", "officer", "auditor"):
        with pytest.raises(NotCompetent):
            void(document=bureau.order(case), because="x", **told(bureau, OVER, name))  # type: ignore[arg-type]  # as told


def test_a_new_attempt_is_not_overtaken_by_the_task_of_an_old_one(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.sent(order, OVER, method="post")
    late = date(2026, 8, 12)
    bureau.morning(late)
    assert task_of(order).detail.endswith(" in-person")
    bureau.sent(order, late)
    for day in (late + timedelta(days=1), late + timedelta(days=14)):
        bureau.morning(day)
        assert not Task.objects.filter(kind="serve", detail__startswith=order.number, done_on=None).exists()
    with pytest.raises(CannotStep, match="都没有成功"):  # that nothing was heard is not that it failed
        bureau.sent(order, late + timedelta(days=14), method="public-notice")


def test_the_determination_has_to_arrive_too(bureau: Bureau) -> None:
    case = bureau.red()
    determination = Document.objects.get(kind="determination", case=case)
    assert task_of(determination).detail.endswith(" in-person")
    bureau.served(determination, OVER)
    assert not Task.objects.filter(kind="serve", detail__startswith=determination.number, done_on=None).exists()
    assert fresh(case).order_served_on is None


def test_a_letter_proves_the_warnings_that_it_told_of_and_no_other(bureau: Bureau) -> None:
    """Recovered and short again meanwhile: the old letter says nothing of the new period."""
    bureau.morning(people=1)
    case = Case.objects.get()
    letter = issue_warning(case=case, **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    service = bureau.sent(letter, DAY, method="post")
    case.requirements.update(pushed_on=DAY + timedelta(days=6), ends_on=date(2026, 7, 27))
    bureau.proved(service, DAY + timedelta(days=8), proved_on=DAY + timedelta(days=7))
    assert [row.proved_on for row in case.requirements.all()] == [None]
    assert Service.objects.get(pk=service.pk).proved_on == DAY + timedelta(days=7)


def test_mail_needs_the_consent_as_a_file(bureau: Bureau) -> None:
    case = bureau.red()
    with pytest.raises(CannotStep, match="书面材料"):
        bureau.sent(bureau.order(case), OVER, method="e-mail")
    made = bureau.sent(bureau.order(case), OVER, method="e-mail", consent=HandedIn("送达地址确认书.png", picture(7)))
    assert [(one.name, one.is_consent) for one in made.attachments.all()] == [("送达地址确认书.png", True)]


def test_nothing_of_a_yellow_card_s_papers_is_published(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    made = bureau.apply(case, DAY, account)
    account.is_active = False
    account.save()
    decision = refuse(application=made, because="不实", **told(bureau, DAY, "reviewer"))  # type: ignore[arg-type]  # as told
    bureau.failed(bureau.sent(decision, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(decision, DAY, method="public-notice")
    record_fraud(case=fresh(case), what="伪造", evidence=["回函"], referred_to="执法局", **told(bureau, DAY))  # type: ignore[arg-type]  # as told
    record = Document.objects.get(kind="credit-record")
    bureau.failed(bureau.sent(record, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(record, DAY, method="public-notice")
    assert public_copy() == {}


def test_public_notices_go_with_their_card(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    bureau.sent(order, OVER, method="public-notice")
    assert f"announcement/{order.number}" in public_copy()
    annul(case=case, because="判决撤销", document="判决书", **told(bureau, OVER, "other-reviewer"))  # type: ignore[arg-type]  # as told
    assert public_copy() == replayed(10**9) == {}
    with pytest.raises(CannotStep, match="已经终结"):
        bureau.sent(order, OVER, method="post")


def test_an_issuer_serves_its_own_documents(bureau: Bureau) -> None:
    """A city that found it out serves its order, although the item is the province's."""
    bureau.morning(people=3)
    case = bureau.inspect(DAY, by="city-officer")
    order = bureau.order(case)
    assert (order.organisation, order.number) == ("city-140100", "太原建资责〔2026〕1号")
    assert RedCard.objects.get().authority == "太原市住房和城乡建设局"
    assert case.tasks.get(kind="serve-order").organisation == "city-140100"
    bureau.served(order, DAY, by="city-officer")
    assert fresh(case).order_served_on == DAY


def test_a_service_that_the_course_refuses_stops_no_patrol(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    notice = bureau.sent(order, OVER, method="public-notice")
    Case.objects.filter(pk=case.pk).update(order_served_on=OVER)  # served by another paper, whatever the reason
    bureau.morning(notice.due_on + timedelta(days=1))
    failed = Service.objects.get(pk=notice.pk)
    assert (failed.proved_on, failed.failed_as) == (None, "taken-down")
    assert f"announcement/{order.number}" not in public_copy()
    assert task_of(order).detail.startswith(order.number)
    Case.objects.filter(pk=case.pk).update(order_served_on=None)
    again = bureau.sent(order, notice.due_on + timedelta(days=1), method="public-notice")  # no trace is in the way
    assert again.due_on > notice.due_on


def test_a_refusal_is_no_disappearance(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="refused")
    bureau.failed(bureau.sent(order, OVER, method="post"), OVER, why="refused")
    with pytest.raises(CannotStep, match="下落不明"):
        bureau.sent(order, OVER, method="public-notice")
    assert task_of(order).detail == f"{order.number} left"
    bureau.proved(bureau.sent(order, OVER, method="left"), OVER)
    assert fresh(case).order_served_on == OVER


def test_a_notice_taken_down_with_its_card_serves_nothing(bureau: Bureau) -> None:
    """The card is cleared: the order's notice goes and proves nothing; the decision's stays, for it outlives the case."""
    account = bureau.enterprise()
    case = bureau.red()
    made = bureau.apply(case, OVER, account)
    account.is_active = False
    account.save()
    decision = refuse(application=made, because="不实", **told(bureau, OVER, "other-reviewer"))  # type: ignore[arg-type]  # as told
    order = bureau.order(case)
    for document in (decision, order):
        bureau.failed(bureau.sent(document, OVER), OVER, why="unknown")
        bureau.sent(document, OVER, method="public-notice")
    bureau.morning(OVER + timedelta(days=1), people=3)
    assert fresh(case).place == "closed"
    assert {one.number: one.is_removed for one in Announcement.objects.all()} == {
        decision.number: False,
        order.number: True,
    }
    bureau.morning(OVER + timedelta(days=60), people=3)
    served = Service.objects.filter(method="public-notice", proved_on__isnull=False)
    assert [one.document for one in served] == [decision]
    assert order.services.get(method="public-notice").failed_as == "taken-down"


def test_what_outlives_its_case_is_served_after_it(bureau: Bureau) -> None:
    case = bureau.red()
    record_fraud(case=case, what="伪造", evidence=["回函"], referred_to="执法局", **told(bureau, OVER))  # type: ignore[arg-type]  # as told
    record = Document.objects.get(kind="credit-record")
    bureau.morning(OVER + timedelta(days=1), people=3)
    assert fresh(case).place == "closed"
    assert task_of(record).detail.endswith(" in-person")
    assert Task.objects.filter(done_on=None).exclude(kind="letter").count() == 1
    bureau.served(record, OVER + timedelta(days=1))
    assert not Task.objects.filter(kind="serve", done_on=None).exists()


def test_what_was_served_has_no_task(bureau: Bureau) -> None:
    """Posted while a notice ran: the notice proves it, and the overdue letter asks for nothing."""
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    notice = bureau.sent(order, OVER, method="public-notice")
    bureau.sent(order, OVER + timedelta(days=1), method="post")
    bureau.morning(notice.due_on + timedelta(days=1))
    assert fresh(case).order_served_on == notice.due_on
    assert not Task.objects.filter(kind="serve", detail__startswith=order.number, done_on=None).exists()


def test_a_voided_decision_is_issued_again(bureau: Bureau) -> None:
    account = bureau.enterprise()
    made = bureau.apply(bureau.yellow(), DAY, account)
    decision = refuse(application=made, because="不实", **told(bureau, DAY, "reviewer"))  # type: ignore[arg-type]  # as told
    void(document=decision, because="写错", **told(bureau, DAY, "reviewer"))  # type: ignore[arg-type]  # as told
    again = Document.objects.get(kind="application-decision", voided_on=None)
    assert (again.number, again.application, again.told["because"]) == ("晋建资决〔2026〕2号", made, "不实")
    assert again.services.get().method == "platform"


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
        bureau.failed(post, DAY + timedelta(days=5), why="unknown")
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
