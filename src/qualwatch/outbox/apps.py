"""The room of the outbox."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Messages waiting to be sent."""

    name = "qualwatch.outbox"
    label = "outbox"
