"""Messages waiting to be sent."""

from django.db import models


class Message(models.Model):
    """One message to one recipient. `key` names what it is about.

    A key is queued once.
    """

    key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(max_length=40)
    recipient = models.CharField(max_length=200)
    subject = models.TextField()
    body = models.TextField()
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=models.Q(sent_at__isnull=True),
                name="message_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.key
