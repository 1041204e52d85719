"""Putting messages in and sending them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from qualwatch.outbox.models import Message

Send = Callable[[Message], None]
Noted = Callable[[Message, datetime], None]
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


class NotInAnAction(Exception):
    """A message outside a transaction would go out although its act is undone."""


def put(*, key: str, channel: str, recipient: str, subject: str, body: str, at: datetime) -> Message:
    """A message to be sent once the act's transaction is done; the same key again is the same message."""
    if not connection.in_atomic_block:
        raise NotInAnAction(key)
    told = {"channel": channel, "recipient": recipient, "subject": subject, "body": body}
    return Message.objects.get_or_create(key=key, defaults={**told, "put_at": at, "not_before": at})[0]


def put_all(messages: Sequence[Message]) -> None:
    """Many at once; those whose key is there already stay as they are."""
    if messages and not connection.in_atomic_block:
        raise NotInAnAction(messages[0].key)
    Message.objects.bulk_create(messages, batch_size=500, ignore_conflicts=True)


def deliver(*, send: Send, at: datetime, at_most: int = 1000, noted: Noted | None = None) -> tuple[int, int]:
    """Sends what is due, oldest first; (sent, failed). What fails waits longer each time.

    `noted` is called for each message sent, in the transaction that notes it as sent.

    Each message is claimed in a transaction of its own: two loops never send one twice. A crash between sending and
    noting it may send it again, which the key in the message lets the recipient see.
    """
    sent = failed = 0
    for number in (
        Message.objects.filter(sent_at=None, not_before__lte=at)
        .order_by("put_at", "id")
        .values_list("id", flat=True)[:at_most]
    ):
        with transaction.atomic():
            waiting = Message.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
            message = waiting.filter(id=number, sent_at=None, not_before__lte=at).first()
            if message is None:
                continue
            message.attempts += 1
            try:
                send(message)
                message.sent_at, message.last_error = at, ""
                if noted is not None:
                    noted(message, at)
                sent += 1
            except Exception as error:  # whatever a channel raises is a failed attempt, not the end of the loop
                message.last_error = str(error)[:500]
                message.not_before = at + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(message.attempts, 10))
                failed += 1
            message.save()
    return sent, failed
