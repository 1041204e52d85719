"""Streams, entries, seals. Entries and seals are append-only.

The database refuses anything else (migrations).
"""

from django.db import models


class Stream(models.Model):
    """The head of one chain of entries: a case, an organisation, a source."""

    name = models.CharField(max_length=120, primary_key=True)
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One thing done. `digest` binds everything here and the digest of the entry before it."""

    stream = models.CharField(max_length=120)
    number = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    what = models.CharField(max_length=80)
    basis = models.TextField(blank=True)
    before = models.CharField(max_length=64, blank=True)
    after = models.CharField(max_length=64, blank=True)
    details = models.JSONField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "number"], name="entry_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.number}: {self.what}"


class Seal(models.Model):
    """The heads of all streams at the close of one day, signed (Ed25519)."""

    day = models.DateField(unique=True)
    heads = models.JSONField()  # [stream, length, head], by name
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.day}"
