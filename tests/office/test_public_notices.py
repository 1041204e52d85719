"""Public notices: after other methods failed, for public documents only, removed with their card (F19)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from actors import Actors, act_arguments, cards_and_notices, reload
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.models import Document, Service, Task
from qualwatch.cases.proposed_acts.releases import release_held_run
from qualwatch.cases.service.actions import fail_service, issue_warning, process_due_services
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.procedure.service import served_by_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, FeedClock
from qualwatch.publication.queries import public_copy, replayed
from register_office import DAY, SOURCES, RegisterOffice
from service_acts import PERIOD_OVER, service_task_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def test_a_returned_letter_opens_the_next_service_method_up_to_the_public_notice(
    actors: Actors,
) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    fail_to_hand_over(actors, order)
    fail_to_mail(actors, order)
    due = publish_notice(actors, order, PERIOD_OVER + timedelta(days=7))
    actors.load_and_patrol(due)
    assert reload(case).order_served_on is None  # its last day is not over
    actors.load_and_patrol(due + timedelta(days=1))
    assert reload(case).order_served_on == due
    assert reload(case).red_ends_on == date(2026, 9, 28)  # the 27th is a Sunday
    assert replayed(10**9) == public_copy()


def fail_to_hand_over(actors: Actors, order: Document) -> None:
    """A visit finds nobody; other methods are refused before and after it."""
    for method, problem in (
        ("public-notice", "直接送达和邮寄都没有成功"),
        ("e-mail", "书面材料"),
        ("platform", "没有平台账号"),
        ("left", "拒绝签收"),
    ):
        with pytest.raises(CannotStep, match=problem):
            actors.start_service(order, PERIOD_OVER, method=method)
    service = actors.start_service(order, PERIOD_OVER, method="in-person")
    with pytest.raises(CannotStep, match="原因"):
        actors.fail_service(service, PERIOD_OVER, why="bored")
    for why in ("returned", "unanswered", "voided"):  # not of a visit
        with pytest.raises(CannotStep, match="选择没有送达的原因"):
            actors.fail_service(service, PERIOD_OVER, why=why)
    with pytest.raises(CannotStep, match="上传"):
        fail_service(
            service=service,
            why="refused",
            because="拒收",
            **act_arguments(actors, "officer", PERIOD_OVER),
        )
    actors.fail_service(service, PERIOD_OVER)
    # Nobody was there, which is no refusal; and one failed method is not every method.
    with pytest.raises(CannotStep, match="拒绝签收"):
        actors.start_service(order, PERIOD_OVER, method="left")
    with pytest.raises(CannotStep, match="都没有成功"):
        actors.start_service(order, PERIOD_OVER, method="public-notice")
    assert service_task_of(order).detail == f"{order.number} post"


def fail_to_mail(actors: Actors, order: Document) -> None:
    """The letter comes back on the seventh day."""
    post = actors.start_service(order, PERIOD_OVER, method="post")
    assert not Task.objects.filter(
        kind="serve", detail__startswith=order.number, completed_on=None
    ).exists()
    with pytest.raises(CannotStep, match="还没有逾期"):
        actors.fail_service(post, PERIOD_OVER + timedelta(days=6), why="unanswered")
    actors.fail_service(post, PERIOD_OVER + timedelta(days=6), why="returned")
    assert service_task_of(order).detail == f"{order.number} public-notice"


def publish_notice(actors: Actors, order: Document, day: date) -> date:
    """The public notice states the order's content; the last of its thirty days."""
    notice = actors.start_service(order, day, method="public-notice")
    announcement = Announcement.objects.get()
    assert announcement.number == order.number
    assert "公告送达" in announcement.body
    assert "1 个月内整改" in announcement.body
    due = served_by_notice(day, 30, actors.law.calendar).ends_on
    assert due == date(2026, 8, 27)
    assert (notice.due_on, announcement.ends_on) == (due, due)
    with pytest.raises(CannotStep, match="已在公告送达"):
        actors.start_service(order, day, method="public-notice")
    with pytest.raises(CannotStep, match="期满即为送达"):
        actors.fail_service(notice, day)
    return due


def test_an_enterprise_that_answers_during_a_public_notice_is_served_then(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.fail_service(
        actors.start_service(order, PERIOD_OVER, method="post"), PERIOD_OVER, why="unknown"
    )
    actors.start_service(order, PERIOD_OVER, method="public-notice")
    received_on = PERIOD_OVER + timedelta(days=5)
    actors.serve(order, received_on)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=60))
    assert reload(case).order_served_on == received_on
    assert [service.proved_on for service in order.services.order_by("pk")] == [
        None,
        None,
        received_on,
    ]


def test_a_yellow_card_is_never_published_to_serve_it(actors: Actors) -> None:
    case = actors.yellow_case()
    letter = issue_warning(case=reload(case), **act_arguments(actors, "officer", DAY))
    actors.fail_service(actors.start_service(letter, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="各有凭证"):
        actors.start_service(letter, DAY, method="public-notice")
    assert not Announcement.objects.exists()
    assert cards_and_notices() == {}


def test_no_document_of_a_yellow_card_is_published(actors: Actors) -> None:
    account = actors.enterprise_account()
    case = actors.yellow_case()
    application = actors.apply(case, DAY, account)
    account.is_active = False
    account.save()
    decision = refuse(
        application=application, because="不实", **act_arguments(actors, "reviewer", DAY)
    )
    actors.fail_service(actors.start_service(decision, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="各有凭证"):
        actors.start_service(decision, DAY, method="public-notice")
    actors.act(
        "fraud",
        DAY,
        because="伪造",
        by="officer",
        case=reload(case),
        payload={"referred_to": "执法局"},
    )
    record = Document.objects.get(kind="credit-record")
    actors.fail_service(actors.start_service(record, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="各有凭证"):
        actors.start_service(record, DAY, method="public-notice")
    assert cards_and_notices() == {}


def test_a_public_notice_with_recomputed_days_is_published_again(actors: Actors) -> None:
    """Published while the year's holidays are not known: its end is provisional, then the calendar moves it."""
    published = actors.law.calendar
    case = actors.red_case()
    order = actors.order_of(case)
    for method in ("in-person", "post"):
        actors.fail_service(
            actors.start_service(order, PERIOD_OVER, method=method),
            PERIOD_OVER,
            why="returned" if method == "post" else "absent",
        )
    years = frozenset(year for year in published.years if year < PERIOD_OVER.year)
    actors.law = replace(actors.law, calendar=replace(published, years=years))
    notice = actors.start_service(order, PERIOD_OVER, method="public-notice")
    shown = Announcement.objects.get()
    assert shown.ends_on == notice.due_on
    assert shown.is_provisional
    holidays = frozenset(
        notice.due_on + timedelta(days=n) for n in range(2)
    )  # a holiday is announced
    actors.law = replace(actors.law, calendar=replace(published, rest=published.rest | holidays))
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1))
    shown.refresh_from_db()
    notice.refresh_from_db()
    assert not shown.is_provisional
    assert shown.ends_on == notice.due_on
    assert replayed(FeedClock.objects.get().last) == public_copy()


def test_public_notices_are_removed_with_their_card(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.fail_service(actors.start_service(order, PERIOD_OVER), PERIOD_OVER, why="unknown")
    actors.start_service(order, PERIOD_OVER, method="public-notice")
    assert f"announcement/{order.number}" in public_copy()
    actors.act("annul", PERIOD_OVER, because="判决撤销", signer="other-reviewer", case=case)
    assert public_copy() == replayed(10**9)
    assert cards_and_notices() == {}
    with pytest.raises(CannotStep, match="已经终结"):
        actors.start_service(order, PERIOD_OVER, method="post")


def test_a_service_that_the_case_refuses_does_not_stop_the_patrol(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.fail_service(actors.start_service(order, PERIOD_OVER), PERIOD_OVER, why="unknown")
    notice = actors.start_service(order, PERIOD_OVER, method="public-notice")
    # Served by another document, whatever the reason
    case.requirements.update(order_served_on=PERIOD_OVER)
    actors.load_and_patrol(notice.due_on + timedelta(days=1))
    failed = Service.objects.get(pk=notice.pk)
    assert (failed.proved_on, failed.failed_as) == (None, "taken-down")
    assert f"announcement/{order.number}" not in public_copy()
    assert service_task_of(order).detail.startswith(order.number)
    case.requirements.update(order_served_on=None)
    # No trace is in the way
    again = actors.start_service(order, notice.due_on + timedelta(days=1), method="public-notice")
    assert again.due_on > notice.due_on


def test_a_refused_service_is_not_an_absence(actors: Actors) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    actors.fail_service(actors.start_service(order, PERIOD_OVER), PERIOD_OVER, why="refused")
    actors.fail_service(
        actors.start_service(order, PERIOD_OVER, method="post"), PERIOD_OVER, why="refused"
    )
    with pytest.raises(CannotStep, match="下落不明"):
        actors.start_service(order, PERIOD_OVER, method="public-notice")
    assert service_task_of(order).detail == f"{order.number} left"
    actors.prove_service(actors.start_service(order, PERIOD_OVER, method="left"), PERIOD_OVER)
    assert reload(case).order_served_on == PERIOD_OVER


def test_a_notice_removed_with_its_card_serves_nothing(actors: Actors) -> None:
    """The card is cleared: the order's notice goes and proves nothing; the decision's stays, for it outlives the case."""
    account = actors.enterprise_account()
    case = actors.red_case()
    application = actors.apply(case, PERIOD_OVER, account)
    account.is_active = False
    account.save()
    decision = refuse(
        application=application,
        because="不实",
        **act_arguments(actors, "other-reviewer", PERIOD_OVER),
    )
    order = actors.order_of(case)
    for document in (decision, order):
        actors.fail_service(actors.start_service(document, PERIOD_OVER), PERIOD_OVER, why="unknown")
        actors.start_service(document, PERIOD_OVER, method="public-notice")
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=3)
    assert reload(case).state == "closed"
    assert {
        announcement.number: announcement.is_removed for announcement in Announcement.objects.all()
    } == {
        "晋建告〔2026〕1号": False,
        order.number: True,
    }
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=60), people=3)
    served = Service.objects.filter(method="public-notice", proved_on__isnull=False)
    assert [service.document for service in served] == [decision]
    assert order.services.get(method="public-notice").failed_as == "taken-down"


def test_a_served_document_has_no_open_task(actors: Actors) -> None:
    """Posted while a notice ran: the notice proves it, and the overdue letter asks for nothing."""
    case = actors.red_case()
    order = actors.order_of(case)
    actors.fail_service(actors.start_service(order, PERIOD_OVER), PERIOD_OVER, why="unknown")
    notice = actors.start_service(order, PERIOD_OVER, method="public-notice")
    actors.start_service(order, PERIOD_OVER + timedelta(days=1), method="post")
    actors.load_and_patrol(notice.due_on + timedelta(days=1))
    assert reload(case).order_served_on == notice.due_on
    assert not Task.objects.filter(
        kind="serve", detail__startswith=order.number, completed_on=None
    ).exists()


def test_f19_of_twenty_eight_orders_every_one_is_accounted_for(
    actors: Actors, tmp_path: Path
) -> None:
    """17 served and silent, 11 unreachable and served by public notice, 1 of which answers meanwhile; sums to 28."""
    files = generate_province(Plan(150, 4, DAY), tmp_path / "province", "csv", actors.law)
    assert files
    for name, source in SOURCES.items():
        path = tmp_path / "province" / f"{name}.csv"
        if path.exists() and name != "在建项目":
            assert actors.office.load_files(source, {path.name: path}, day=DAY).state == "released"
    day_done = actors.patrol(DAY)
    if day_done.run.state == "held":
        release_held_run(
            run=day_done.run,
            law=actors.law,
            by="wang",
            at=actors.office.tick(),
            because="核对过样本",
            proposed_by="li",
        )
    met = FindingRow.objects.filter(recorded_to=None, verdict="met", required__gt=1).order_by(
        "credit_code", "pk"
    )
    one_each = {row.credit_code: row for row in met}
    cases = []
    for row in list(one_each.values())[:28]:
        figures = {row.requirement: {"required": row.required, "held": 0}}
        cases.append(
            actors.inspect(
                DAY,
                credit_code=row.credit_code,
                category=row.category,
                sub_item=row.sub_item,
                figures=figures,
            )
        )
    assert len(cases) == 28
    served, unreachable = cases[:17], cases[17:]
    for case in served:
        actors.serve(actors.order_of(case), DAY + timedelta(days=1))
    for case in unreachable:
        post = actors.start_service(actors.order_of(case), DAY, method="post")
        actors.fail_service(post, DAY + timedelta(days=5), why="unknown")
        actors.start_service(actors.order_of(case), DAY + timedelta(days=6), method="public-notice")
    account = actors.enterprise_account(unreachable[0].credit_code)
    about = unreachable[0].requirements.get().requirement
    actors.apply(
        unreachable[0], DAY + timedelta(days=20), account, actors.filing("assessment-wrong", about)
    )
    assert Announcement.objects.filter(kind="service").count() == 11
    day_done = actors.patrol(DAY + timedelta(days=2))
    due = served_by_notice(DAY + timedelta(days=6), 30, actors.law.calendar).ends_on
    process_due_services(
        ActContext(actors.law, actors.office.tick(due + timedelta(days=1)), "system")
    )
    by_way = Counter(
        Service.objects.filter(proved_on__isnull=False).values_list("method", flat=True)
    )
    assert by_way == {"in-person": 17, "public-notice": 11}
    cases = [reload(case) for case in cases]
    assert {case.order_served_on for case in cases[17:]} == {due}
    undecided = [case for case in cases if case.application]
    silent = [case for case in cases if not case.application]
    assert (len(undecided), len(silent), len(cases)) == (1, 27, 28)
    # The clocks of all run, the one undecided cannot be withdrawn
    assert all(case.red_ends_on for case in cases)
