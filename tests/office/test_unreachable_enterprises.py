"""An unreachable enterprise has an end (Clarified 8): letters, neutral notices, days, escalation."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from actors import Actors, act_arguments, cards_and_notices, picture, reload
from application_acts import CITY_ITEM
from builders import OTHER, OWN
from qualwatch.accounts.models import Organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.models import Case, Document, Notice, Service, Task
from qualwatch.cases.service.actions import fail_service, issue_warning, process_due_services
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.cases.withdrawals.actions import open_withdrawals
from qualwatch.journal.queries import entries_of
from qualwatch.outbox.models import Message
from qualwatch.procedure.service import served_by_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, FeedEntry
from qualwatch.publication.queries import public_copy, replayed
from register_files import ENTERPRISES, ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item
from service_acts import PERIOD_OVER, service_task_of

pytestmark = pytest.mark.django_db
# Words that would tell of a yellow card, its item or its figures.
TELLING = ("黄牌", "预警", "资质", "资预", "告知书", "建造师", "缺", "认定", "红牌")


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def letter_to(actors: Actors, case: Case, day: date = DAY) -> Document:
    return issue_warning(case=reload(case), **act_arguments(actors, "officer", day))


def fail_twice(actors: Actors, document: Document, day: date) -> None:
    """Nobody at the address, and the letter comes back, each with its file."""
    actors.fail_service(actors.start_service(document, day), day)
    actors.fail_service(actors.start_service(document, day, method="post"), day, why="returned")


def announced_warning(actors: Actors, day: date = DAY) -> tuple[Case, Document, Service]:
    case = actors.yellow_case(day)
    letter = letter_to(actors, case, day)
    fail_twice(actors, letter, day)
    return case, letter, actors.start_service(letter, day, method="public-notice")


def test_a_warning_counts_as_proved_after_two_proved_failures_and_a_neutral_notice(
    actors: Actors,
) -> None:
    """Clarified 8: in person and post failed with evidence, 30 days later the warning is proved."""
    case, letter, notice = announced_warning(actors)
    due = served_by_notice(DAY, 30, actors.law.calendar).ends_on
    assert (notice.due_on, Announcement.objects.get().ends_on) == (due, due)
    actors.load_and_patrol(due)
    assert reload(case).push_proved_on is None  # its last day is not over
    actors.load_and_patrol(due + timedelta(days=1))
    assert reload(case).push_proved_on == due
    assert [row.proved_on for row in case.requirements.all()] == [due]
    assert cards_and_notices() == {}  # nothing lies ready any more
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    assert reload(case).state == "red"
    assert letter.services.filter(proved_on__isnull=False).get().method == "public-notice"


def test_a_neutral_notice_tells_nothing_of_what_it_serves(actors: Actors, client: Client) -> None:
    """Clarified 8: text, key, kind, title, number, feed and pages are those of any such document."""
    case, letter, notice = announced_warning(actors)
    shown = Announcement.objects.get()
    assert (shown.number, shown.kind, shown.title, shown.card_number) == (
        "晋建告〔2026〕1号",
        "service",
        "公告送达",
        "",
    )
    assert "某路1号一楼大厅" in shown.body
    assert "工作日9时至17时" in shown.body
    assert case.enterprise in shown.body
    entry = FeedEntry.objects.exclude(kind="signing-key").get()
    assert (entry.kind, entry.key) == ("announcement", shown.number)
    pages = [
        client.get(reverse("announcement", args=[shown.number])),
        client.get("/announcements?kind=service"),
    ]
    assert all(page.status_code == 200 for page in pages)
    texts = [shown.body, shown.title, shown.number, str(entry.body)]
    texts += [page.content.decode().split("<h1>")[1].split("</main>")[0] for page in pages[:1]]
    for text in texts:
        assert not [word for word in TELLING if word in text], text
        assert letter.number not in text
    assert letter.title not in pages[1].content.decode()
    assert notice.announcement_number == shown.number
    assert replayed(10**9) == public_copy()


def test_the_same_neutral_text_serves_documents_of_red_cards_and_applications(
    actors: Actors,
) -> None:
    """Clarified 8: a warning is not the only kind of document that is announced so."""
    case, _letter, _notice = announced_warning(actors)
    first = Announcement.objects.get()
    actors.load_and_patrol(PERIOD_OVER)
    actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    account = actors.enterprise_account()
    application = actors.apply(case, PERIOD_OVER, account)
    account.is_active = False
    account.save()
    refuse(
        application=application,
        because="不实",
        **act_arguments(actors, "other-reviewer", PERIOD_OVER),
    )
    bodies = {first.body}
    for kind in ("determination", "application-decision"):
        document = Document.objects.get(kind=kind)
        fail_twice(actors, document, PERIOD_OVER)
        actors.start_service(document, PERIOD_OVER, method="public-notice")
        shown = Announcement.objects.get(number=document.services.latest("pk").announcement_number)
        assert (shown.title, shown.kind, shown.card_number) == (first.title, first.kind, "")
        bodies.add(shown.body)
    assert bodies == {first.body}
    assert {row.number for row in Announcement.objects.all()} == {
        "晋建告〔2026〕1号",
        "晋建告〔2026〕2号",
        "晋建告〔2026〕3号",
    }


def test_an_order_is_announced_with_its_content(actors: Actors) -> None:
    """Clarified 8: an order by public notice with its content; no person is named."""
    case = actors.red_case()
    order = actors.order_of(case)
    fail_twice(actors, order, PERIOD_OVER)
    actors.start_service(order, PERIOD_OVER, method="public-notice")
    shown = Announcement.objects.get()
    assert (shown.number, shown.title) == (order.number, "责令限期整改通知书")
    for content in (
        "建筑装修装饰工程专业承包",
        "应有 3，现有 2，缺 1",
        "1 个月内整改",
        "第二十八条",
    ):
        assert content in shown.body
    assert "张" not in shown.body


def test_one_failure_or_one_without_evidence_opens_no_notice(actors: Actors) -> None:
    """Clarified 8: each failure is proved by a file and has its day; an overdue answer proves none."""
    case = actors.yellow_case()
    letter = letter_to(actors, case)
    visit = actors.start_service(letter, DAY)
    with pytest.raises(CannotStep, match="上传"):
        fail_service(
            service=visit, why="absent", because="无人", **act_arguments(actors, "officer", DAY)
        )
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
        with pytest.raises(CannotStep, match="日期"):
            fail_service(
                service=visit,
                why="absent",
                because="无人",
                files=[SubmittedFile("上门照片.png", picture(5))],
                failed_on=day,
                **act_arguments(actors, "officer", DAY),
            )
    actors.fail_service(visit, DAY, why="unknown")
    # The address is unknown: enough for what is public, not for a yellow card.
    with pytest.raises(CannotStep, match="各有凭证"):
        actors.start_service(letter, DAY, method="public-notice")
    post = actors.start_service(letter, DAY, method="post")
    late = post.due_on + timedelta(days=1)
    actors.fail_service(post, late, why="unanswered")
    with pytest.raises(CannotStep, match="各有凭证"):
        actors.start_service(letter, late, method="public-notice")
    again = actors.start_service(letter, late, method="post")
    actors.fail_service(again, late, why="returned")
    assert service_task_of(letter).detail == f"{letter.number} public-notice"
    actors.start_service(letter, late, method="public-notice")


def test_a_failure_keeps_the_day_on_which_it_happened(actors: Actors) -> None:
    """Clarified 8: the day of the visit, also where it is recorded later."""
    letter = letter_to(actors, actors.yellow_case())
    visit = actors.start_service(letter, DAY)
    fail_service(
        service=visit,
        why="absent",
        because="无人",
        files=[SubmittedFile("上门照片.png", picture(5))],
        failed_on=DAY + timedelta(days=1),
        **act_arguments(actors, "officer", DAY + timedelta(days=3)),
    )
    visit.refresh_from_db()
    assert visit.failed_on == DAY + timedelta(days=1)


def test_a_notice_says_where_the_paper_lies_or_is_refused(actors: Actors) -> None:
    """Clarified 8: place and hours come from the authority's data."""
    Organisation.objects.filter(slug="province").update(address="", office_hours="")
    case = actors.yellow_case()
    letter = letter_to(actors, case)
    fail_twice(actors, letter, DAY)
    with pytest.raises(CannotStep, match="没有登记领取文书的地址"):
        actors.start_service(letter, DAY, method="public-notice")
    with pytest.raises(CommandError, match="地址和时间"):
        call_command("change_organisation", "province", address=" ", hours="9时")
    with pytest.raises(CommandError, match="没有单位"):
        call_command("change_organisation", "nowhere", address="甲路", hours="9时")
    call_command("change_organisation", "province", address="建设南路85号", hours="9时至12时")
    actors.start_service(letter, DAY, method="public-notice")
    assert "建设南路85号" in Announcement.objects.get().body
    assert entries_of("organisation/province")[-1].what == "contact-changed"


def test_a_yellow_card_that_ends_takes_its_notice_down(actors: Actors) -> None:
    """Clarified 8: nobody is asked to collect a paper about a warning that has ended."""
    case, letter, notice = announced_warning(actors)
    actors.load_and_patrol(DAY + timedelta(days=5), people=3)
    assert reload(case).state == "closed"
    notice.refresh_from_db()
    assert (notice.failed_as, notice.proved_on) == ("taken-down", None)
    assert public_copy() == replayed(10**9)
    assert cards_and_notices() == {}
    assert not Task.objects.filter(kind="serve", completed_on=None).exists()
    actors.load_and_patrol(DAY + timedelta(days=60), people=3)
    assert not letter.services.filter(proved_on__isnull=False).exists()


def test_a_paper_that_is_collected_ends_its_notice(actors: Actors) -> None:
    """Clarified 8: collected on the tenth day, the warning is proved then."""
    case, letter, _notice = announced_warning(actors)
    collected = DAY + timedelta(days=10)
    actors.serve(letter, collected)
    assert reload(case).push_proved_on == collected
    assert cards_and_notices() == {}
    actors.load_and_patrol(DAY + timedelta(days=60))
    assert letter.services.filter(proved_on__isnull=False).count() == 1


def test_an_enterprise_without_an_account_is_to_be_written_to_with_a_day(actors: Actors) -> None:
    """Clarified 8: its warning becomes a document that can be served; the task has a day."""
    case = actors.yellow_case()
    task = Task.objects.get(kind="letter", completed_on=None)
    assert task.due_on == date(2026, 5, 27)  # five working days
    letter = letter_to(actors, case)
    task.refresh_from_db()
    assert task.completed_on == DAY
    serve = service_task_of(letter)
    assert (serve.detail, serve.due_on) == (f"{letter.number} in-person", date(2026, 5, 27))
    actors.load_and_patrol(DAY + timedelta(days=1))
    assert not Task.objects.filter(kind="letter", completed_on=None).exists()


def test_a_warning_that_nobody_opens_becomes_a_letter(actors: Actors) -> None:
    """Clarified 8: with an account, but not opened within the policy's five working days."""
    account = actors.enterprise_account()
    case = actors.yellow_case()
    actors.load_and_patrol(date(2026, 5, 27))  # the fifth working day
    assert not Task.objects.filter(kind="letter").exists()
    actors.load_and_patrol(date(2026, 5, 28))
    actors.load_and_patrol(date(2026, 5, 29))
    task = Task.objects.get(kind="letter", completed_on=None)
    assert (task.case, task.organisation, task.due_on) == (case, "city-140100", date(2026, 6, 4))
    notice = Notice.objects.get(credit_code=OWN, kind="push")
    opened = act_arguments(actors, "officer", date(2026, 5, 29))
    open_notice(notice=notice, **{**opened, "by": account})
    task.refresh_from_db()
    assert task.completed_on == date(2026, 5, 29)


def test_a_warning_that_is_opened_in_time_needs_no_letter(actors: Actors) -> None:
    account = actors.enterprise_account()
    actors.yellow_case()
    notice = Notice.objects.get(credit_code=OWN, kind="push")
    opened = act_arguments(actors, "officer", DAY + timedelta(days=1))
    open_notice(notice=notice, **{**opened, "by": account})
    actors.load_and_patrol(DAY + timedelta(days=30))
    assert not Task.objects.filter(kind="letter").exists()


def city_red_case(actors: Actors) -> Case:
    """A red case of a city's item, its order not served."""
    actors.load_and_patrol(资质=CITY_ITEM)
    case = Case.objects.get()
    actors.prove_warning(case, DAY, by="city-officer")
    actors.load_and_patrol(PERIOD_OVER, 资质=CITY_ITEM)
    actors.propose(case, day=PERIOD_OVER, by="city-officer")
    actors.sign(case, day=PERIOD_OVER, by="city-reviewer")
    return reload(case)


def test_an_unserved_order_has_a_day_and_goes_to_the_reviewer_and_the_authority_above(
    actors: Actors,
) -> None:
    """Clarified 8: twenty working days, then its reviewers, five later the province; once each."""
    reviewer = actors.account("city-reviewer")
    reviewer.email = "reviewer@example.org"
    reviewer.save()
    case = city_red_case(actors)
    task = case.tasks.get(kind="serve-order", completed_on=None)
    assert (task.organisation, task.due_on) == ("city-140100", date(2026, 8, 18))
    for day in (date(2026, 8, 18), date(2026, 8, 19), date(2026, 8, 20)):
        actors.load_and_patrol(day, 资质=CITY_ITEM)
    about_order = Notice.objects.filter(kind="service-overdue", body__contains="责令限期整改")
    assert [notice.organisation for notice in about_order] == ["city-140100"]
    assert Message.objects.filter(recipient="reviewer@example.org", body__contains="责令").exists()
    assert not Task.objects.filter(kind="overdue-service").exists()
    for day in (date(2026, 8, 26), date(2026, 8, 27), date(2026, 8, 28)):
        actors.load_and_patrol(day, 资质=CITY_ITEM)
    assert [notice.organisation for notice in about_order.order_by("pk")] == [
        "city-140100",
        "province",
    ]
    above = Task.objects.get(kind="overdue-service", detail="city-140100")
    assert (above.organisation, above.completed_on) == ("province", None)
    assert [entry.what for entry in entries_of(case.stream)].count("service-overdue") >= 2
    # Nothing adverse proceeds on an order that was not served.
    with pytest.raises(CannotStep):
        open_withdrawals(
            cases=[reload(case)], **act_arguments(actors, "city-officer", date(2026, 8, 28))
        )
    assert reload(case).red_ends_on is None
    for document in Document.objects.filter(kind__in=("order-to-rectify", "determination")):
        actors.serve(document, date(2026, 8, 28), by="city-officer")
    actors.load_and_patrol(date(2026, 8, 29), 资质=CITY_ITEM)
    above.refresh_from_db()
    assert above.completed_on == date(2026, 8, 29)


def test_an_order_under_public_notice_is_not_called_overdue(actors: Actors) -> None:
    """Clarified 8: nobody can hasten the thirty days of a notice."""
    case = actors.red_case()
    order = actors.order_of(case)
    fail_twice(actors, order, PERIOD_OVER)
    late = date(2026, 8, 17)
    actors.start_service(order, late, method="public-notice")
    actors.load_and_patrol(date(2026, 8, 25))
    assert not Notice.objects.filter(body__contains="责令限期整改", kind="service-overdue").exists()


def test_a_move_mid_service_hands_the_task_to_the_authority_that_has_the_case_now(
    actors: Actors,
) -> None:
    """Unserved orders: a move of jurisdiction re-addresses the task, and the receiver may serve."""
    case = city_red_case(actors)
    order = actors.order_of(case)
    day = PERIOD_OVER + timedelta(days=1)
    elsewhere = [
        ITEMS,
        item(许可机关="大同市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    moved = [
        ENTERPRISES,
        [OWN, "甲装饰有限公司", "140200", ""],
        [OTHER, "乙建设有限公司", "140200", ""],
    ]
    actors.load_and_patrol(day, 资质=elsewhere, 企业=moved)
    waiting = Task.objects.filter(case=case, completed_on=None, kind__in=("serve", "serve-order"))
    assert {task.organisation for task in waiting} == {"city-140200"}
    # the determination, the order, and the letter that hands the case over
    assert waiting.count() == 3
    actors.serve(order, day, by="datong-officer")
    assert reload(case).order_served_on == day
    # What is opened from now on goes to the receiver too.
    determination = Document.objects.get(kind="determination")
    actors.fail_service(
        actors.start_service(determination, day, by="datong-officer"), day, by="datong-officer"
    )
    assert service_task_of(determination).organisation == "city-140200"


def test_a_notice_of_a_warning_that_relapsed_meanwhile_proves_the_old_push_only(
    actors: Actors,
) -> None:
    """The notice was about the warning of its day; a new period needs a proof of its own."""
    case, _letter, notice = announced_warning(actors)
    case.requirements.update(pushed_on=DAY + timedelta(days=6), ends_on=date(2026, 7, 27))
    after = notice.due_on + timedelta(days=1)
    process_due_services(ActContext(actors.law, actors.office.tick(after), "system"))
    assert [row.proved_on for row in case.requirements.all()] == [None]


def test_a_warning_that_is_opened_on_the_platform_ends_its_letter_and_notice(
    actors: Actors,
) -> None:
    """The enterprise gets an account and opens the push: nothing is left to be served."""
    case, letter, notice = announced_warning(actors)
    account = actors.enterprise_account()
    push = Notice.objects.get(credit_code=OWN, kind="push")
    opened = act_arguments(actors, "officer", DAY + timedelta(days=3))
    open_notice(notice=push, **{**opened, "by": account})
    assert reload(case).push_proved_on == DAY + timedelta(days=3)
    actors.load_and_patrol(DAY + timedelta(days=4))
    notice.refresh_from_db()
    assert (notice.failed_as, notice.proved_on) == ("taken-down", None)
    assert cards_and_notices() == {}
    with pytest.raises(CannotStep, match="不再送达"):
        actors.start_service(letter, DAY + timedelta(days=4))
    assert not Task.objects.filter(kind="serve", completed_on=None).exists()
