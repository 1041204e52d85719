"""Queueing messages and sending them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from qualwatch.outbox.models import Message

Send = Callable[[Message], None]
OnSent = Callable[[Message, datetime], None]
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
CLAIM_DURATION = timedelta(minutes=5)  # longer than any channel waits for its server


class NotInAnAction(Exception):
    """A message was queued outside a transaction.

    It would be sent although its act is rolled back.
    """


def enqueue(messages: Sequence[Message]) -> None:
    """Messages to be sent once the act's transaction is done; NotInAnAction outside of one.

    A message whose key is queued already is left out.
    """
    if messages and not connection.in_atomic_block:
        raise NotInAnAction(messages[0].key)
    Message.objects.bulk_create(messages, batch_size=500, ignore_conflicts=True)


def deliver(
    *,
    send: Send,
    at: datetime,
    at_most: int = 1000,
    on_sent: OnSent | None = None,
    clock: Callable[[], datetime] | None = None,
) -> tuple[int, int]:
    """Sends what is due, oldest first; returns (sent, failed). Each failure doubles the wait.

    `on_sent` is called for each message sent, in the transaction that marks it as sent. `clock`
    gives the moment of each claim (`at` throughout without it).

    Each message is claimed for a while before it is sent: two loops never send it twice, and
    nothing is locked while a server is slow. A crash between sending and marking may send it again;
    recipients recognise it by its key.
    """
    sent = failed = 0
    for number in (
        Message.objects.filter(sent_at=None, not_before__lte=at)
        .order_by("queued_at", "id")
        .values_list("id", flat=True)[:at_most]
    ):
        waiting = Message.objects.filter(id=number, sent_at=None, not_before__lte=at)
        if not waiting.update(
            not_before=(clock() if clock else at) + CLAIM_DURATION, attempts=F("attempts") + 1
        ):
            continue  # another loop has it
        message = Message.objects.get(id=number)
        try:
            send(message)
        # whatever a channel raises is a failed attempt, not the end of the loop
        except Exception as error:
            message.last_error = str(error)[:500]
            message.not_before = at + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(message.attempts, 10))
            message.save(update_fields=["last_error", "not_before"])
            failed += 1
            continue
        with transaction.atomic():
            message.sent_at, message.last_error = at, ""
            message.save(update_fields=["sent_at", "last_error"])
            if on_sent is not None:
                on_sent(message, at)
        sent += 1
    return sent, failed


def waiting_since(at: datetime) -> datetime | None:
    """Since when the oldest due message has been waiting; None where none is."""
    due = Message.objects.filter(sent_at=None, not_before__lte=at).order_by("queued_at")
    return due.values_list("queued_at", flat=True).first()
