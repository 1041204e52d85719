"""Queueing messages and sending them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from qualwatch.outbox.models import Message

Send = Callable[[Message], None]
Noted = Callable[[Message, datetime], None]
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
CLAIMED = timedelta(minutes=5)  # longer than any channel waits for its server


class NotInAnAction(Exception):
    """A message outside a transaction would go out although its act is undone."""


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
    noted: Noted | None = None,
    clock: Callable[[], datetime] | None = None,
) -> tuple[int, int]:
    """Sends what is due, oldest first; (sent, failed). What fails waits longer each time.

    `noted` is called for each message sent, in the transaction that notes it as sent. `clock` tells
    the moment of each claim (`at` throughout without it).

    Each message is claimed first, for a while: two loops never send one twice, and nothing is
    locked while a server is slow. A crash between sending and noting it may send it again, which
    the key in the message lets the recipient see.
    """
    sent = failed = 0
    for number in (
        Message.objects.filter(sent_at=None, not_before__lte=at)
        .order_by("queued_at", "id")
        .values_list("id", flat=True)[:at_most]
    ):
        waiting = Message.objects.filter(id=number, sent_at=None, not_before__lte=at)
        if not waiting.update(
            not_before=(clock() if clock else at) + CLAIMED, attempts=F("attempts") + 1
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
            if noted is not None:
                noted(message, at)
        sent += 1
    return sent, failed


def waiting_since(at: datetime) -> datetime | None:
    """Since when the oldest message that is due has been waiting; None where none is."""
    due = Message.objects.filter(sent_at=None, not_before__lte=at).order_by("queued_at")
    return due.values_list("queued_at", flat=True).first()
