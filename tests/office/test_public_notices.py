"""Public notices: only where nothing else reaches, only of what is public, and they go with their card (F19)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bureau import Bureau, fresh
from office import DAY, SOURCES, Office
from qualwatch.assessments.models import FindingRow
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.course.step import ActContext
from qualwatch.cases.models import Case, Document, Service, Task
from qualwatch.cases.service.actions import fail, issue_warning, process_due_services
from qualwatch.cases.warnings.supervise import annul, record_fraud
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.patrol.days import release_held_run
from qualwatch.procedure.service import served_by_notice
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, FeedClock
from qualwatch.publication.queries import public_copy, replayed
from serving_papers import OVER, task_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


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
        fail(service=service, why="refused", because="拒收", **told(bureau, OVER))
    bureau.failed(service, OVER)
    with pytest.raises(CannotStep, match="拒绝签收"):
        bureau.sent(order, OVER, method="left")  # nobody was there, which is no refusal
    with pytest.raises(CannotStep, match="都没有成功"):
        bureau.sent(order, OVER, method="public-notice")  # one way is not every way
    assert task_of(order).detail == f"{number} post"
    post = bureau.sent(order, OVER, method="post")
    assert not Task.objects.filter(
        kind="serve", detail__startswith=number, completed_on=None
    ).exists()
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
    assert (fresh(case).order_served_on, fresh(case).red_ends_on) == (
        due,
        date(2026, 9, 28),
    )  # 27th is a Sunday
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
    assert [service.proved_on for service in order.services.order_by("pk")] == [None, None, came]


def test_a_yellow_card_is_never_published_to_serve_it(bureau: Bureau) -> None:
    case = bureau.yellow()
    letter = issue_warning(case=fresh(case), **told(bureau, DAY))
    bureau.failed(bureau.sent(letter, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(letter, DAY, method="public-notice")
    assert not Announcement.objects.exists()
    assert public_copy() == {}


def test_nothing_of_a_yellow_card_s_papers_is_published(bureau: Bureau) -> None:
    account = bureau.enterprise()
    case = bureau.yellow()
    application = bureau.apply(case, DAY, account)
    account.is_active = False
    account.save()
    decision = refuse(application=application, because="不实", **told(bureau, DAY, "reviewer"))
    bureau.failed(bureau.sent(decision, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(decision, DAY, method="public-notice")
    record_fraud(
        case=fresh(case), what="伪造", evidence=["回函"], referred_to="执法局", **told(bureau, DAY)
    )
    record = Document.objects.get(kind="credit-record")
    bureau.failed(bureau.sent(record, DAY), DAY, why="unknown")
    with pytest.raises(CannotStep, match="可以公开的文书"):
        bureau.sent(record, DAY, method="public-notice")
    assert public_copy() == {}


def test_a_public_notice_whose_days_are_counted_again_says_so_publicly(bureau: Bureau) -> None:
    """Published while the year's holidays are not known: its end is provisional, then the calendar moves it."""
    published = bureau.law.calendar
    case = bureau.red()
    order = bureau.order(case)
    for way in ("in-person", "post"):
        bureau.failed(
            bureau.sent(order, OVER, method=way),
            OVER,
            why="returned" if way == "post" else "absent",
        )
    years = frozenset(year for year in published.years if year < OVER.year)
    bureau.law = replace(bureau.law, calendar=replace(published, years=years))
    notice = bureau.sent(order, OVER, method="public-notice")
    shown = Announcement.objects.get()
    assert shown.ends_on == notice.due_on
    assert shown.is_provisional
    rest = frozenset(notice.due_on + timedelta(days=n) for n in range(2))  # a holiday is announced
    bureau.law = replace(bureau.law, calendar=replace(published, rest=published.rest | rest))
    bureau.morning(OVER + timedelta(days=1))
    shown.refresh_from_db()
    notice.refresh_from_db()
    assert not shown.is_provisional
    assert shown.ends_on == notice.due_on
    assert replayed(FeedClock.objects.get().last) == public_copy()


def test_public_notices_go_with_their_card(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    bureau.sent(order, OVER, method="public-notice")
    assert f"announcement/{order.number}" in public_copy()
    annul(case=case, because="判决撤销", document="判决书", **told(bureau, OVER, "other-reviewer"))
    assert public_copy() == replayed(10**9) == {}
    with pytest.raises(CannotStep, match="已经终结"):
        bureau.sent(order, OVER, method="post")


def test_a_service_that_the_course_refuses_stops_no_patrol(bureau: Bureau) -> None:
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    notice = bureau.sent(order, OVER, method="public-notice")
    Case.objects.filter(pk=case.pk).update(
        order_served_on=OVER
    )  # served by another paper, whatever the reason
    bureau.morning(notice.due_on + timedelta(days=1))
    failed = Service.objects.get(pk=notice.pk)
    assert (failed.proved_on, failed.failed_as) == (None, "taken-down")
    assert f"announcement/{order.number}" not in public_copy()
    assert task_of(order).detail.startswith(order.number)
    Case.objects.filter(pk=case.pk).update(order_served_on=None)
    again = bureau.sent(
        order, notice.due_on + timedelta(days=1), method="public-notice"
    )  # no trace is in the way
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
    application = bureau.apply(case, OVER, account)
    account.is_active = False
    account.save()
    decision = refuse(
        application=application, because="不实", **told(bureau, OVER, "other-reviewer")
    )
    order = bureau.order(case)
    for document in (decision, order):
        bureau.failed(bureau.sent(document, OVER), OVER, why="unknown")
        bureau.sent(document, OVER, method="public-notice")
    bureau.morning(OVER + timedelta(days=1), people=3)
    assert fresh(case).state == "closed"
    assert {
        announcement.number: announcement.is_removed for announcement in Announcement.objects.all()
    } == {
        decision.number: False,
        order.number: True,
    }
    bureau.morning(OVER + timedelta(days=60), people=3)
    served = Service.objects.filter(method="public-notice", proved_on__isnull=False)
    assert [service.document for service in served] == [decision]
    assert order.services.get(method="public-notice").failed_as == "taken-down"


def test_what_was_served_has_no_task(bureau: Bureau) -> None:
    """Posted while a notice ran: the notice proves it, and the overdue letter asks for nothing."""
    case = bureau.red()
    order = bureau.order(case)
    bureau.failed(bureau.sent(order, OVER), OVER, why="unknown")
    notice = bureau.sent(order, OVER, method="public-notice")
    bureau.sent(order, OVER + timedelta(days=1), method="post")
    bureau.morning(notice.due_on + timedelta(days=1))
    assert fresh(case).order_served_on == notice.due_on
    assert not Task.objects.filter(
        kind="serve", detail__startswith=order.number, completed_on=None
    ).exists()


def test_f19_of_twenty_eight_orders_every_one_is_accounted_for(
    bureau: Bureau, tmp_path: Path
) -> None:
    """17 served and silent, 11 unreachable and served by public notice, 1 of which answers meanwhile; sums to 28."""
    files = generate_province(Plan(150, 4, DAY), tmp_path / "province", "csv", bureau.law)
    assert files
    for name, source in SOURCES.items():
        path = tmp_path / "province" / f"{name}.csv"
        if path.exists() and name != "在建项目":
            assert bureau.office.take(source, {path.name: path}, day=DAY).state == "released"
    day_done = bureau.patrol(DAY)
    if day_done.run.state == "held":
        release_held_run(
            run=day_done.run,
            law=bureau.law,
            by="wang",
            at=bureau.office.tick(),
            because="核对过样本",
        )
    met = FindingRow.objects.filter(recorded_to=None, verdict="met", required__gt=1).order_by(
        "credit_code", "pk"
    )
    one_each = {row.credit_code: row for row in met}
    cases = []
    for row in list(one_each.values())[:28]:
        figures = {row.requirement: {"required": row.required, "held": 0}}
        cases.append(
            bureau.inspect(
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
        bureau.served(bureau.order(case), DAY + timedelta(days=1))
    for case in unreachable:
        post = bureau.sent(bureau.order(case), DAY, method="post")
        bureau.failed(post, DAY + timedelta(days=5), why="unknown")
        bureau.sent(bureau.order(case), DAY + timedelta(days=6), method="public-notice")
    account = bureau.enterprise(unreachable[0].credit_code)
    about = unreachable[0].requirements.get().requirement
    bureau.apply(
        unreachable[0], DAY + timedelta(days=20), account, bureau.filing("assessment-wrong", about)
    )
    assert Announcement.objects.filter(kind="service").count() == 11
    day_done = bureau.patrol(DAY + timedelta(days=2))
    due = served_by_notice(DAY + timedelta(days=6), 30, bureau.law.calendar).ends_on
    process_due_services(
        ActContext(bureau.law, bureau.office.tick(due + timedelta(days=1)), "system")
    )
    by_way = Counter(
        Service.objects.filter(proved_on__isnull=False).values_list("method", flat=True)
    )
    assert by_way == {"in-person": 17, "public-notice": 11}
    cases = [fresh(case) for case in cases]
    assert {case.order_served_on for case in cases[17:]} == {due}
    undecided = [case for case in cases if case.application]
    silent = [case for case in cases if not case.application]
    assert (len(undecided), len(silent), len(cases)) == (1, 27, 28)
    assert all(
        case.red_ends_on for case in cases
    )  # the clocks of all run, the one undecided cannot be withdrawn
