"""Receipt by an authority (Clarified 10): opened in its inbox or served with proof, not arrival."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from actors import APPROVAL, Actors, act_arguments
from page_requests import client_of
from qualwatch.cases.documents.attachments import document_for
from qualwatch.cases.models import Document, Notice, Service, Task, WithdrawalList
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.journal.queries import entries_of
from qualwatch.outbox.models import Message
from register_office import RegisterOffice
from withdrawal_acts import (
    CITY_SHEETS,
    RED_PERIOD_OVER,
    load_and_patrol,
    open_members,
    red_cases_past_period,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(office: RegisterOffice, settings: SettingsWrapper) -> Actors:
    """Officers without a second factor here: that is tested where log-in is."""
    settings.OFFICERS_NEED_TOTP = False
    """With accounts at the bureau, one with an address for messages."""
    actors = Actors(office)
    officer = actors.account("approval-officer")
    officer.email = "bureau@example.org"
    officer.save()
    return actors


def sent_list(actors: Actors) -> tuple[WithdrawalList, Document]:
    """A suggestion list on its way to the bureau, which nobody has opened."""
    cases = red_cases_past_period(actors, CITY_SHEETS)
    batch = withdrawals.open_withdrawals(
        cases=cases, **act_arguments(actors, "city-officer", RED_PERIOD_OVER)
    )
    letter = withdrawals.suggest(
        batch=batch, **act_arguments(actors, "city-reviewer", RED_PERIOD_OVER)
    )
    batch.refresh_from_db()
    return batch, letter


def notice_of(letter: Document, slug: str = APPROVAL) -> Notice:
    return Notice.objects.get(document=letter, organisation=slug)


def test_arrival_is_no_receipt_and_opening_begins_the_three_working_days(actors: Actors) -> None:
    """Clarified 10: the list arrives on Monday, is opened on Tuesday, is to be started by Friday."""
    batch, letter = sent_list(actors)
    assert (batch.received_on, batch.start_due_on) == (None, None)
    service = letter.services.get()
    assert (service.recipient, service.proved_on, service.due_on) == (
        APPROVAL,
        None,
        date(2026, 8, 26),
    )
    assert Message.objects.filter(recipient="bureau@example.org", body__contains=letter.number)
    tuesday = RED_PERIOD_OVER + timedelta(days=1)
    assert open_notice(
        notice=notice_of(letter), **act_arguments(actors, "approval-officer", tuesday)
    )
    batch.refresh_from_db()
    assert (batch.received_on, batch.start_due_on) == (tuesday, date(2026, 8, 28))
    assert Task.objects.get(kind="start").due_on == date(2026, 8, 28)
    proved = letter.services.get()
    assert (proved.proved_on, proved.proof, proved.proved_by) == (
        tuesday,
        "收文单位在平台上打开",
        "approval-officer",
    )
    assert "notice-opened" in [entry.what for entry in entries_of(f"organisation/{APPROVAL}")]


def test_only_an_account_that_acts_for_the_receiver_receives(actors: Actors) -> None:
    """Clarified 10: neither another authority nor an auditor; a copy to a third proves nothing."""
    _batch, letter = sent_list(actors)
    for name in ("city-officer", "auditor", "officer"):
        with pytest.raises(Notice.DoesNotExist):
            open_notice(notice=notice_of(letter), **act_arguments(actors, name, RED_PERIOD_OVER))
    copy = Notice.objects.create(
        kind="document",
        document=letter,
        organisation="province",
        subject="抄送",
        body="抄送",
        posted_at=actors.office.now,
    )
    open_notice(notice=copy, **act_arguments(actors, "officer", RED_PERIOD_OVER))
    assert letter.services.get().proved_on is None
    assert WithdrawalList.objects.get().received_on is None


def test_a_document_is_read_by_opening_it_not_around_it(actors: Actors) -> None:
    """Clarified 10: an account of the receiver downloads it only after opening."""
    _batch, letter = sent_list(actors)
    reader = actors.account("approval-officer")
    with pytest.raises(Document.DoesNotExist):
        document_for(reader, letter.pk)
    assert document_for(actors.account("city-officer"), letter.pk)[0] == letter
    open_notice(
        notice=notice_of(letter), **act_arguments(actors, "approval-officer", RED_PERIOD_OVER)
    )
    assert document_for(reader, letter.pk)[0] == letter


def test_a_list_that_nobody_opens_is_served_otherwise(actors: Actors) -> None:
    """Clarified 10: after the policy's two working days its sender gets a task, once."""
    _batch, letter = sent_list(actors)
    load_and_patrol(actors, date(2026, 8, 26), CITY_SHEETS)
    assert not Task.objects.filter(kind="serve", detail__startswith=letter.number).exists()
    for day in (date(2026, 8, 27), date(2026, 8, 28)):
        load_and_patrol(actors, day, CITY_SHEETS)
    task = Task.objects.get(kind="serve", detail__startswith=letter.number)
    assert (task.organisation, task.detail, task.due_on) == (
        "city-140100",
        f"{letter.number} in-person",
        date(2026, 9, 3),
    )
    actors.serve(letter, date(2026, 8, 28), by="city-officer")
    batch = WithdrawalList.objects.get()
    assert (batch.received_on, batch.start_due_on) == (date(2026, 8, 28), date(2026, 9, 2))
    task.refresh_from_db()
    assert task.completed_on == date(2026, 8, 28)
    # Opened afterwards: received already, nothing begins again.
    open_notice(
        notice=notice_of(letter), **act_arguments(actors, "approval-officer", date(2026, 8, 31))
    )
    batch.refresh_from_db()
    assert batch.received_on == date(2026, 8, 28)


def test_starting_counts_as_receipt_and_ends_the_service(actors: Actors) -> None:
    """Clarified 10: who starts the withdrawals has the list."""
    batch, letter = sent_list(actors)
    load_and_patrol(actors, date(2026, 8, 27), CITY_SHEETS)
    withdrawals.start(
        members=open_members(batch), **act_arguments(actors, "approval-officer", date(2026, 8, 27))
    )
    batch.refresh_from_db()
    assert (batch.received_on, batch.start_due_on) == (date(2026, 8, 27), date(2026, 9, 1))
    assert letter.services.get().proof == "收文单位已启动撤回程序"
    assert not Task.objects.filter(
        kind="serve", detail__startswith=letter.number, completed_on=None
    )
    load_and_patrol(actors, date(2026, 8, 28), CITY_SHEETS)
    assert Service.objects.filter(document=letter).count() == 1


def test_the_inbox_shows_what_was_sent_and_opens_it(actors: Actors) -> None:
    """Clarified 10: the page on which an authority receives; an auditor reads without receiving."""
    _batch, letter = sent_list(actors)
    notice = notice_of(letter)
    bureau = client_of(actors.account("approval-officer"))
    assert letter.number in bureau.get(reverse("inbox")).content.decode()
    unopened = bureau.get(reverse("inbox-notice", args=[notice.pk])).content.decode()
    assert "打开即视为收到" in unopened
    assert reverse("document", args=[letter.pk]) not in unopened
    assert (
        client_of(actors.account("city-officer"))
        .get(reverse("inbox-notice", args=[notice.pk]))
        .status_code
        == 404
    )
    assert bureau.get(reverse("inbox-open", args=[notice.pk])).status_code == 302
    notice.refresh_from_db()
    assert notice.first_opened_at is None  # reading an address opens nothing
    bureau.post(reverse("inbox-open", args=[notice.pk]))
    notice.refresh_from_db()
    assert notice.first_opened_by == "approval-officer"
    assert letter.services.get().proved_on is not None
    opened = bureau.get(reverse("inbox-notice", args=[notice.pk])).content.decode()
    assert reverse("document", args=[letter.pk]) in opened
    assert letter.number not in bureau.get(reverse("inbox") + "?unopened=1").content.decode()
    to_province = Notice.objects.create(
        kind="document",
        document=letter,
        organisation="province",
        subject="抄送",
        body="抄送内容",
        posted_at=actors.office.now,
    )
    auditor = client_of(actors.account("auditor"))
    assert (
        "抄送内容" in auditor.get(reverse("inbox-notice", args=[to_province.pk])).content.decode()
    )
    assert auditor.post(reverse("inbox-open", args=[to_province.pk])).status_code == 404
    to_province.refresh_from_db()
    assert to_province.first_opened_at is None
