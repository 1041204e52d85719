"""Service: no period starts without proof; a failed attempt leads to the next method (F18)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actors import Actors, act_arguments, picture, reload
from qualwatch.archive.contents import CannotStore
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import SubmittedFile, document_for
from qualwatch.cases.models import Case, Document, Notice, Service, Task
from qualwatch.cases.queries import tasks_of
from qualwatch.cases.service.actions import issue_warning, void_document
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.journal.queries import entries_of
from qualwatch.procedure.service import METHODS, Circumstances, next_method
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from register_office import DAY, RegisterOffice
from service_acts import PERIOD_OVER, service_task_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def test_f18_a_mailed_document_is_not_yet_served(actors: Actors) -> None:
    """The order was mailed, no receipt came back: no red period runs, and a task names the next lawful way."""
    case = actors.red_case()
    actors.start_service(actors.order_of(case), PERIOD_OVER, method="post")
    late = date(2026, 8, 12)  # 15 working days after the 21st of July end on the 11th of August
    actors.load_and_patrol(late - timedelta(days=1))
    assert not Task.objects.filter(
        kind="serve", detail__startswith=actors.order_of(case).number
    ).exists()
    actors.load_and_patrol(late)
    case = reload(case)
    assert (case.order_served_on, case.red_ends_on) == (None, None)
    task = service_task_of(actors.order_of(case))
    assert task.detail == f"{actors.order_of(case).number} in-person"
    actors.load_and_patrol(late + timedelta(days=1))
    # Once
    assert (
        Task.objects.filter(kind="serve", detail__startswith=actors.order_of(case).number).count()
        == 1
    )
    actors.load_and_patrol(date(2026, 12, 20))
    assert reload(case).state == "red"
    assert reload(case).red_ends_on is None  # however long it lies


def test_the_period_starts_on_proved_service_and_the_proof_is_stored(actors: Actors) -> None:
    case = actors.red_case()
    service = actors.start_service(actors.order_of(case), PERIOD_OVER, method="post")
    with pytest.raises(CannotStep, match="上传"):
        actors.prove_service(service, PERIOD_OVER + timedelta(days=2), files=[])
    with pytest.raises(CannotStore, match="不是能接收的文件"):
        actors.prove_service(
            service, PERIOD_OVER + timedelta(days=2), files=[SubmittedFile("回执.exe", b"MZ....")]
        )
    assert Service.objects.get(pk=service.pk).proved_on is None
    received = date(2026, 7, 27)
    actors.prove_service(service, date(2026, 8, 3), proved_on=received, proof="邮政回执 1234")
    case = reload(case)
    assert (case.order_served_on, case.red_ends_on) == (received, date(2026, 8, 27))
    assert Service.objects.get(pk=service.pk).attachments.get().name == "送达回证.png"
    assert not Task.objects.filter(kind="serve-order", completed_on=None).exists()
    with pytest.raises(CannotStep, match="已经送达"):
        actors.start_service(actors.order_of(case), date(2026, 8, 4))


def test_opening_on_the_platform_proves_an_order_where_the_policy_says_so(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.red_case()
    order = actors.order_of(case)
    service = order.services.get()
    assert (service.method, service.proved_on) == ("platform", None)
    for document in (order, Document.objects.get(kind="determination")):
        with pytest.raises(Document.DoesNotExist):
            document_for(account, document.pk)  # not before it has come
    notice = Notice.objects.get(document=order)
    assert open_notice(
        notice=notice,
        by=account,
        at=actors.office.tick(PERIOD_OVER + timedelta(days=2)),
        law=actors.law,
    )
    assert reload(case).order_served_on == PERIOD_OVER + timedelta(days=2)
    assert document_for(account, order.pk)[0] == order
    with pytest.raises(CannotStep, match="已经送达"):
        actors.serve(order, PERIOD_OVER + timedelta(days=3))


def test_a_voided_document_keeps_its_number_and_another_is_issued(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.start_service(order, PERIOD_OVER, method="post")
    with pytest.raises(NotCompetent):
        void_document(
            document=order, because="日期写错", **act_arguments(actors, "officer", PERIOD_OVER)
        )
    void_document(
        document=order, because="日期写错", **act_arguments(actors, "reviewer", PERIOD_OVER)
    )
    again = actors.order_of(case)
    assert again.pk != order.pk
    assert [
        document.number
        for document in Document.objects.filter(kind="order-to-rectify").order_by("pk")
    ] == [
        "晋建资责〔2026〕1号",
        "晋建资责〔2026〕2号",
    ]
    with pytest.raises(CannotStep, match="作废"):
        actors.serve(order, PERIOD_OVER)
    actors.serve(again, PERIOD_OVER)
    assert reload(case).order_served_on == PERIOD_OVER
    words = [entry.what for entry in entries_of(case.stream)]
    assert words.count("voided") == 1
    assert words.index("voided") < words.index("order-served")


def test_another_authority_serves_nothing(actors: Actors) -> None:
    case = actors.red_case()
    for name in ("datong-officer", "auditor", "reviewer"):
        with pytest.raises(NotCompetent):
            actors.start_service(actors.order_of(case), PERIOD_OVER, by=name)
    assert not actors.order_of(case).services.exists()


def test_service_proved_after_the_case_has_ended_starts_nothing(actors: Actors) -> None:
    case = actors.red_case()
    service = actors.start_service(actors.order_of(case), PERIOD_OVER)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3)
    assert reload(case).state == "closed"
    actors.prove_service(service, PERIOD_OVER + timedelta(days=2))
    assert reload(case).order_served_on is None
    assert RedCard.objects.get().ends_on is None


def test_no_red_on_a_warning_that_was_only_sent(actors: Actors) -> None:
    """At the determination too: a letter in the post is no proof."""
    case = actors.yellow_case()
    letter = issue_warning(case=reload(case), **act_arguments(actors, "officer", DAY))
    service = actors.start_service(letter, DAY, method="post")
    actors.load_and_patrol(PERIOD_OVER)
    with pytest.raises(CannotStep, match="推送有凭证"):
        actors.propose(case, day=PERIOD_OVER)
    actors.prove_service(service, PERIOD_OVER, proved_on=DAY + timedelta(days=4))
    actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    assert reload(case).state == "red"


def test_the_task_of_a_service_goes_to_whoever_issued_the_document(actors: Actors) -> None:
    case = actors.red_case()
    actors.fail_service(actors.start_service(actors.order_of(case), PERIOD_OVER), PERIOD_OVER)
    assert any(task.kind == "serve" for task in tasks_of(actors.order_of(case).organisation))
    assert Case.objects.count() == 1


def test_service_methods_are_tried_in_their_order() -> None:
    tried: list[str] = []
    while method := next_method(
        tried,
        Circumstances(
            True, True, True, True, True, {method: ["refused"] for method in tried}, tried
        ),
    ):
        tried.append(method)
    # Who refuses has been reached
    assert tried == [method for method in METHODS if method != "public-notice"]
    tried = ["in-person", "post"]
    both = {"in-person": ["absent"], "post": ["returned"]}
    assert next_method(tried, Circumstances(may_be_announced=True, failed=both)) == ""
    proved = Circumstances(may_be_announced=True, failed=both, proved_failures=tried)
    assert next_method(tried, proved) == "public-notice"
    # Of a public case it is enough that the address is unknown, of a yellow card it is not.
    unknown = {"post": ["unknown"]}
    for is_public, method in ((True, "public-notice"), (False, "")):
        circumstances = Circumstances(may_be_announced=True, is_public=is_public, failed=unknown)
        assert next_method(tried, circumstances) == method


def test_a_voided_order_that_is_opened_starts_nothing(actors: Actors) -> None:
    """Its service on the platform ends with it; the order in its place goes there too, and counts when it is opened."""
    account = actors.enterprise_account()
    case = actors.red_case()
    old = actors.order_of(case)
    void_document(document=old, because="写错", **act_arguments(actors, "reviewer", PERIOD_OVER))
    again = actors.order_of(case)
    assert [service.failed_as for service in old.services.all()] == ["voided"]
    for document, served in ((old, None), (again, PERIOD_OVER + timedelta(days=1))):
        notice = Notice.objects.get(document=document)
        open_notice(
            notice=notice,
            by=account,
            at=actors.office.tick(PERIOD_OVER + timedelta(days=1)),
            law=actors.law,
        )
        assert reload(case).order_served_on == served


def test_only_the_issuer_voids_a_document(actors: Actors) -> None:
    case = actors.red_case()
    for name in ("city-reviewer", "officer", "auditor"):
        with pytest.raises(NotCompetent):
            void_document(
                document=actors.order_of(case),
                because="x",
                **act_arguments(actors, name, PERIOD_OVER),
            )


def test_a_new_service_attempt_is_not_overtaken_by_the_task_of_an_old_one(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.start_service(order, PERIOD_OVER, method="post")
    late = date(2026, 8, 12)
    actors.load_and_patrol(late)
    assert service_task_of(order).detail.endswith(" in-person")
    actors.start_service(order, late)
    for day in (late + timedelta(days=1), late + timedelta(days=14)):
        actors.load_and_patrol(day)
        assert not Task.objects.filter(
            kind="serve", detail__startswith=order.number, completed_on=None
        ).exists()
    # That nothing was heard is not that it failed
    with pytest.raises(CannotStep, match="都没有成功"):
        actors.start_service(order, late + timedelta(days=14), method="public-notice")


def test_the_determination_must_be_served_too(actors: Actors) -> None:
    case = actors.red_case()
    determination = Document.objects.get(kind="determination", case=case)
    assert service_task_of(determination).detail.endswith(" in-person")
    actors.serve(determination, PERIOD_OVER)
    assert not Task.objects.filter(
        kind="serve", detail__startswith=determination.number, completed_on=None
    ).exists()
    assert reload(case).order_served_on is None


def test_a_letter_proves_only_the_warnings_it_lists(actors: Actors) -> None:
    """Recovered and short again meanwhile: the old letter says nothing of the new period."""
    actors.load_and_patrol(people=1)
    case = Case.objects.get()
    letter = issue_warning(case=case, **act_arguments(actors, "officer", DAY))
    service = actors.start_service(letter, DAY, method="post")
    case.requirements.update(pushed_on=DAY + timedelta(days=6), ends_on=date(2026, 7, 27))
    actors.prove_service(service, DAY + timedelta(days=8), proved_on=DAY + timedelta(days=7))
    assert [row.proved_on for row in case.requirements.all()] == [None]
    assert Service.objects.get(pk=service.pk).proved_on == DAY + timedelta(days=7)


def test_service_by_mail_needs_the_consent_as_a_file(actors: Actors) -> None:
    case = actors.red_case()
    with pytest.raises(CannotStep, match="书面材料"):
        actors.start_service(actors.order_of(case), PERIOD_OVER, method="e-mail")
    service = actors.start_service(
        actors.order_of(case),
        PERIOD_OVER,
        method="e-mail",
        consent=SubmittedFile("送达地址确认书.png", picture(7)),
    )
    assert [
        (attachment.name, attachment.is_consent) for attachment in service.attachments.all()
    ] == [("送达地址确认书.png", True)]


def test_an_issuer_serves_its_own_documents(actors: Actors) -> None:
    """A city that found it out serves its order, although the item is the province's."""
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY, by="city-officer")
    order = actors.order_of(case)
    assert (order.organisation, order.number) == ("city-140100", "太原建资责〔2026〕1号")
    assert RedCard.objects.get().authority == "太原市住房和城乡建设局"
    assert case.tasks.get(kind="serve-order").organisation == "city-140100"
    actors.serve(order, DAY, by="city-officer")
    assert reload(case).order_served_on == DAY


def test_a_document_that_outlives_its_case_is_served_after_it_closed(actors: Actors) -> None:
    case = actors.red_case()
    actors.act(
        "fraud",
        PERIOD_OVER,
        because="伪造",
        by="officer",
        case=case,
        payload={"referred_to": "执法局"},
    )
    record = Document.objects.get(kind="credit-record")
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3)
    assert reload(case).state == "closed"
    assert service_task_of(record).detail.endswith(" in-person")
    assert Task.objects.filter(completed_on=None).exclude(kind="letter").count() == 1
    actors.serve(record, PERIOD_OVER + timedelta(days=1))
    assert not Task.objects.filter(kind="serve", completed_on=None).exists()


def test_a_voided_decision_is_issued_again(actors: Actors) -> None:
    account = actors.enterprise_account()
    application = actors.apply(actors.yellow_case(), DAY, account)
    decision = refuse(
        application=application, because="不实", **act_arguments(actors, "reviewer", DAY)
    )
    void_document(document=decision, because="写错", **act_arguments(actors, "reviewer", DAY))
    again = Document.objects.get(kind="application-decision", voided_on=None)
    assert (again.number, again.application, again.template_values["because"]) == (
        "晋建资决〔2026〕2号",
        application,
        "不实",
    )
    assert again.services.get().method == "platform"
