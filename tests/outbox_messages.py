"""Messages of the outbox in tests."""

from __future__ import annotations

from datetime import datetime

from qualwatch.outbox.models import Message


def queued_message(key: str, channel: str, at: datetime) -> Message:
    """A message that is due at the moment it is queued."""
    return Message(
        key=key,
        channel=channel,
        recipient="a",
        subject="s",
        body="b",
        queued_at=at,
        not_before=at,
    )
