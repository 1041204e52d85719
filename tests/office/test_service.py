"""Service: nothing rests on `sent`; what is unproved goes another way (F18)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bureau import Bureau, fresh, picture
from office import DAY, Office
from qualwatch.archive.contents import CannotStore
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import SubmittedFile, document_for
from qualwatch.cases.models import Case, Document, Notice, Service, Task
from qualwatch.cases.queries import tasks_of
from qualwatch.cases.service.actions import issue_warning, void
from qualwatch.cases.warnings.determine import sign
from qualwatch.cases.warnings.supervise import open_notice, record_fraud
from qualwatch.journal.queries import entries_of
from qualwatch.procedure.service import METHODS, Circumstances, next_method
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from serving_papers import OVER, task_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def test_f18_mailed_is_not_served(bureau: Bureau) -> None:
    """The order was mailed, no receipt came back: no red period runs, and a task names the next lawful way."""
    case = bureau.red()
    bureau.sent(bureau.order(case), OVER, method="post")
    late = date(2026, 8, 12)  # 15 working days after the 21st of July end on the 11th of August
    bureau.morning(late - timedelta(days=1))
    assert not Task.objects.filter(
        kind="serve", detail__startswith=bureau.order(case).number
    ).exists()
    bureau.morning(late)
    case = fresh(case)
    assert (case.order_served_on, case.red_ends_on) == (None, None)
    task = task_of(bureau.order(case))
    assert task.detail == f"{bureau.order(case).number} in-person"
    bureau.morning(late + timedelta(days=1))
    assert (
        Task.objects.filter(kind="serve", detail__startswith=bureau.order(case).number).count() == 1
    )  # once
    bureau.morning(date(2026, 12, 20))
    assert fresh(case).state == "red"
    assert fresh(case).red_ends_on is None  # however long it lies


def test_the_clock_starts_on_proved_service_and_the_proof_is_kept(bureau: Bureau) -> None:
    case = bureau.red()
    service = bureau.sent(bureau.order(case), OVER, method="post")
    with pytest.raises(CannotStep, match="上传"):
        bureau.proved(service, OVER + timedelta(days=2), files=[])
    with pytest.raises(CannotStore, match="不是能接收的文件"):
        bureau.proved(
            service, OVER + timedelta(days=2), files=[SubmittedFile("回执.exe", b"MZ....")]
        )
    assert Service.objects.get(pk=service.pk).proved_on is None
    received = date(2026, 7, 27)
    bureau.proved(service, date(2026, 8, 3), proved_on=received, proof="邮政回执 1234")
    case = fresh(case)
    assert (case.order_served_on, case.red_ends_on) == (received, date(2026, 8, 27))
    assert Service.objects.get(pk=service.pk).attachments.get().name == "送达回证.png"
    assert not Task.objects.filter(kind="serve-order", completed_on=None).exists()
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.sent(bureau.order(case), date(2026, 8, 4))


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
    assert open_notice(
        notice=notice, by=account, at=bureau.office.tick(OVER + timedelta(days=2)), law=bureau.law
    )
    assert fresh(case).order_served_on == OVER + timedelta(days=2)
    assert document_for(account, order.pk)[0] == order
    with pytest.raises(CannotStep, match="已经送达"):
        bureau.served(order, OVER + timedelta(days=3))


def test_a_voided_document_keeps_its_number_and_another_is_issued(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.sent(order, OVER, method="post")
    with pytest.raises(NotCompetent):
        void(document=order, because="日期写错", **told(bureau, OVER))
    void(document=order, because="日期写错", **told(bureau, OVER, "reviewer"))
    again = bureau.order(case)
    assert again.pk != order.pk
    assert [
        document.number
        for document in Document.objects.filter(kind="order-to-rectify").order_by("pk")
    ] == [
        "晋建资责〔2026〕1号",
        "晋建资责〔2026〕2号",
    ]
    with pytest.raises(CannotStep, match="作废"):
        bureau.served(order, OVER)
    bureau.served(again, OVER)
    assert fresh(case).order_served_on == OVER
    words = [entry.what for entry in entries_of(case.stream)]
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
    assert fresh(case).state == "closed"
    bureau.proved(service, OVER + timedelta(days=2))
    assert fresh(case).order_served_on is None
    assert RedCard.objects.get().ends_on is None


def test_no_red_on_a_warning_that_was_only_sent(bureau: Bureau) -> None:
    """At the determination too: a letter in the post is no proof."""
    case = bureau.yellow()
    letter = issue_warning(case=fresh(case), **told(bureau, DAY))
    service = bureau.sent(letter, DAY, method="post")
    bureau.morning(OVER)
    with pytest.raises(CannotStep, match="推送有凭证"):
        bureau.propose(case, day=OVER)
    bureau.proved(service, OVER, proved_on=DAY + timedelta(days=4))
    bureau.propose(case, day=OVER)
    sign(case=fresh(case), because="同意", **told(bureau, OVER, "reviewer"))
    assert fresh(case).state == "red"


def test_the_task_of_a_service_goes_to_whoever_issued_the_document(bureau: Bureau) -> None:
    case = bureau.red()
    bureau.failed(bureau.sent(bureau.order(case), OVER), OVER)
    assert any(task.kind == "serve" for task in tasks_of(bureau.order(case).organisation))
    assert Case.objects.count() == 1


def test_the_ways_are_tried_in_their_order() -> None:
    tried: list[str] = []
    while method := next_method(
        tried, Circumstances(True, True, True, True, {one: ["refused"] for one in tried})
    ):
        tried.append(method)
    assert tried == [
        one for one in METHODS if one != "public-notice"
    ]  # who refuses has been reached
    both = {"in-person": ["absent"], "post": ["returned"]}
    assert (
        next_method(["in-person", "post"], Circumstances(failed=both)) == ""
    )  # a yellow card ends here
    assert (
        next_method(["in-person", "post"], Circumstances(may_be_public=True, failed=both))
        == "public-notice"
    )


def test_a_voided_order_that_is_opened_starts_nothing(bureau: Bureau) -> None:
    """Its service on the platform ends with it; the order in its place goes there too, and counts when it is opened."""
    account = bureau.enterprise()
    case = bureau.red()
    old = bureau.order(case)
    void(document=old, because="写错", **told(bureau, OVER, "reviewer"))
    again = bureau.order(case)
    assert [service.failed_as for service in old.services.all()] == ["voided"]
    for document, served in ((old, None), (again, OVER + timedelta(days=1))):
        notice = Notice.objects.get(document=document)
        open_notice(
            notice=notice,
            by=account,
            at=bureau.office.tick(OVER + timedelta(days=1)),
            law=bureau.law,
        )
        assert fresh(case).order_served_on == served


def test_only_who_issued_a_document_voids_it(bureau: Bureau) -> None:
    case = bureau.red()
    for name in ("city-reviewer", "officer", "auditor"):
        with pytest.raises(NotCompetent):
            void(document=bureau.order(case), because="x", **told(bureau, OVER, name))


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
        assert not Task.objects.filter(
            kind="serve", detail__startswith=order.number, completed_on=None
        ).exists()
    with pytest.raises(
        CannotStep, match="都没有成功"
    ):  # that nothing was heard is not that it failed
        bureau.sent(order, late + timedelta(days=14), method="public-notice")


def test_the_determination_has_to_arrive_too(bureau: Bureau) -> None:
    case = bureau.red()
    determination = Document.objects.get(kind="determination", case=case)
    assert task_of(determination).detail.endswith(" in-person")
    bureau.served(determination, OVER)
    assert not Task.objects.filter(
        kind="serve", detail__startswith=determination.number, completed_on=None
    ).exists()
    assert fresh(case).order_served_on is None


def test_a_letter_proves_the_warnings_that_it_told_of_and_no_other(bureau: Bureau) -> None:
    """Recovered and short again meanwhile: the old letter says nothing of the new period."""
    bureau.morning(people=1)
    case = Case.objects.get()
    letter = issue_warning(case=case, **told(bureau, DAY))
    service = bureau.sent(letter, DAY, method="post")
    case.requirements.update(pushed_on=DAY + timedelta(days=6), ends_on=date(2026, 7, 27))
    bureau.proved(service, DAY + timedelta(days=8), proved_on=DAY + timedelta(days=7))
    assert [row.proved_on for row in case.requirements.all()] == [None]
    assert Service.objects.get(pk=service.pk).proved_on == DAY + timedelta(days=7)


def test_mail_needs_the_consent_as_a_file(bureau: Bureau) -> None:
    case = bureau.red()
    with pytest.raises(CannotStep, match="书面材料"):
        bureau.sent(bureau.order(case), OVER, method="e-mail")
    service = bureau.sent(
        bureau.order(case),
        OVER,
        method="e-mail",
        consent=SubmittedFile("送达地址确认书.png", picture(7)),
    )
    assert [
        (attachment.name, attachment.is_consent) for attachment in service.attachments.all()
    ] == [("送达地址确认书.png", True)]


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


def test_what_outlives_its_case_is_served_after_it(bureau: Bureau) -> None:
    case = bureau.red()
    record_fraud(
        case=case, what="伪造", evidence=["回函"], referred_to="执法局", **told(bureau, OVER)
    )
    record = Document.objects.get(kind="credit-record")
    bureau.morning(OVER + timedelta(days=1), people=3)
    assert fresh(case).state == "closed"
    assert task_of(record).detail.endswith(" in-person")
    assert Task.objects.filter(completed_on=None).exclude(kind="letter").count() == 1
    bureau.served(record, OVER + timedelta(days=1))
    assert not Task.objects.filter(kind="serve", completed_on=None).exists()


def test_a_voided_decision_is_issued_again(bureau: Bureau) -> None:
    account = bureau.enterprise()
    application = bureau.apply(bureau.yellow(), DAY, account)
    decision = refuse(application=application, because="不实", **told(bureau, DAY, "reviewer"))
    void(document=decision, because="写错", **told(bureau, DAY, "reviewer"))
    again = Document.objects.get(kind="application-decision", voided_on=None)
    assert (again.number, again.application, again.template_values["because"]) == (
        "晋建资决〔2026〕2号",
        application,
        "不实",
    )
    assert again.services.get().method == "platform"
