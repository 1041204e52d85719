"""Notices: channels, delivery, first opening; none lost, none sent twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.db import transaction

from actors import Actors
from builders import OWN
from outbox_messages import queued_message
from qualwatch.cases.models import Case, Delivery, Notice, Task
from qualwatch.cases.notices.notify import record_sent
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.journal.queries import entries_of
from qualwatch.outbox import channels
from qualwatch.outbox.actions import deliver, enqueue
from qualwatch.outbox.models import Message
from register_office import DAY, RegisterOffice

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def deliver_messages(actors: Actors, day: date = DAY) -> tuple[int, int]:
    return deliver(send=channels.send, at=actors.office.tick(day), on_sent=record_sent)


def test_notices_go_to_the_inbox_and_by_mail_where_there_is_an_address(actors: Actors) -> None:
    actors.enterprise_account(email="boss@example.com")
    actors.load_and_patrol()
    notice = Notice.objects.get(credit_code=OWN)
    deliveries = {delivery.channel: delivery for delivery in notice.deliveries.all()}
    assert set(deliveries) == {"in-platform", "email"}
    assert deliveries["in-platform"].delivered_at == notice.posted_at
    assert deliveries["email"].delivered_at is None
    assert deliver_messages(actors) == (1, 0)
    assert deliver_messages(actors) == (0, 0)
    assert [message.to for message in mail.outbox] == [["boss@example.com"]]
    assert mail.outbox[0].body == notice.body
    deliveries["email"].refresh_from_db()
    assert deliveries["email"].delivered_at is not None


def test_an_enterprise_without_an_account_is_a_task_for_its_city(actors: Actors) -> None:
    actors.load_and_patrol()
    notice = Notice.objects.get(credit_code=OWN)
    assert not notice.deliveries.exists()
    assert (Task.objects.get().kind, Task.objects.get().organisation) == ("letter", "city-140100")
    actors.load_and_patrol(NEXT_DAY, people=1)
    assert Task.objects.count() == 1


def test_the_first_opening_is_recorded_and_is_proof(actors: Actors) -> None:
    enterprise, stranger = actors.enterprise_account(), actors.account("datong-officer")
    actors.load_and_patrol()
    notice = Notice.objects.get(credit_code=OWN)
    with pytest.raises(Notice.DoesNotExist):
        open_notice(notice=notice, by=stranger, at=actors.office.tick(), law=actors.law)
    first = actors.office.tick(NEXT_DAY)
    assert open_notice(notice=notice, by=enterprise, at=first, law=actors.law)
    assert not open_notice(
        notice=notice, by=enterprise, at=actors.office.tick(NEXT_DAY), law=actors.law
    )
    notice.refresh_from_db()
    assert (notice.first_opened_at, notice.first_opened_by) == (first, enterprise.username)
    case = Case.objects.get()
    assert case.push_proved_on == NEXT_DAY
    assert [entry.what for entry in entries_of(case.stream)] == [
        "assessed",
        "notice-opened",
        "push-proved",
    ]


def test_an_officer_who_opens_a_notice_proves_nothing(actors: Actors) -> None:
    officer = actors.account("officer")
    actors.load_and_patrol()
    assert open_notice(
        notice=Notice.objects.get(organisation="province"),
        by=officer,
        at=actors.office.tick(),
        law=actors.law,
    )
    assert Case.objects.get().push_proved_on is None


def test_a_reminder_is_sent_once_and_late_after_a_missed_day(actors: Actors) -> None:
    """F36: the patrol was down on the day of the reminder."""
    actors.load_and_patrol()
    actors.load_and_patrol(date(2026, 7, 10))
    assert not Notice.objects.filter(kind="reminder").exists()
    actors.load_and_patrol(date(2026, 7, 16))
    actors.load_and_patrol(date(2026, 7, 17))
    assert Notice.objects.filter(kind="reminder").count() == 1


class Gateway(BaseHTTPRequestHandler):
    """A gateway that refuses at first."""

    received: ClassVar[list[tuple[str, dict[str, Any], str]]] = []
    refuse = 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Gateway.refuse > 0:
            Gateway.refuse -= 1
            self.send_response(503)
        else:
            Gateway.received.append(
                (self.path, json.loads(body), self.headers["X-Qualwatch-Signature"])
            )
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Says nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    Gateway.received, Gateway.refuse = [], 1
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_text_messages_and_the_webhook_are_retried_and_signed(
    actors: Actors, gateway: str, settings: Any
) -> None:
    settings.SMS_GATEWAY, settings.WEBHOOK, settings.HOOK_SECRET = (
        f"{gateway}/sms",
        f"{gateway}/hook",
        "s3cret",
    )
    enterprise = actors.enterprise_account()
    enterprise.phone = "13800000000"
    enterprise.save()
    actors.load_and_patrol()
    assert deliver_messages(actors) == (1, 1)  # the first attempt was refused
    assert deliver_messages(actors) == (0, 0)  # it waits before the next
    assert deliver_messages(actors, NEXT_DAY) == (1, 0)
    assert {path for path, *_rest in Gateway.received} == {"/sms", "/hook"}
    message = next(body for path, body, _signature in Gateway.received if path == "/sms")
    assert message["to"] == "13800000000"
    assert all(
        signature.startswith("sha256=") and len(signature) == 71
        for *_rest, signature in Gateway.received
    )
    assert not Delivery.objects.filter(delivered_at=None).exists()


def test_a_message_of_an_unknown_channel_waits_and_gives_the_reason(actors: Actors) -> None:
    with transaction.atomic():
        enqueue([queued_message("x", "pigeon", actors.office.tick())])
    assert deliver_messages(actors) == (0, 1)
    assert Message.objects.get().last_error == "pigeon"


def test_nothing_is_locked_while_a_server_is_slow_and_no_second_loop_sends_it(
    actors: Actors,
) -> None:
    """Within the sending another loop runs: it finds the message claimed, and the database open."""
    at = actors.office.tick()
    with transaction.atomic():
        enqueue([queued_message("k", "sms", at)])
    observed: list[object] = []

    def slow(message: Message) -> None:
        observed.append(message.key)
        observed.append(deliver(send=slow, at=at))
        observed.append(Message.objects.get().not_before > at)

    assert deliver(send=slow, at=at) == (1, 0)
    assert observed == ["k", (0, 0), True]
    assert Message.objects.get().attempts == 1


def test_a_message_whose_sender_died_goes_out_again_later(actors: Actors) -> None:
    at = actors.office.tick()
    with transaction.atomic():
        enqueue([queued_message("k", "sms", at)])

    def killed(_message: Message) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(send=killed, at=at)
    assert deliver(send=lambda _message: None, at=at + timedelta(minutes=4)) == (0, 0)
    assert deliver(send=lambda _message: None, at=at + timedelta(minutes=5)) == (1, 0)
