"""Stored files. Who may see one is decided by the room that refers to it."""

from django.db import models
from django.db.models import Q

KINDS = (
    "pdf",
    "ofd",
    "png",
    "jpeg",
    "docx",
    "xlsx",
    "zip",
)  # zip: evidence packs, made here and never handed in


class StoredFile(models.Model):
    """One content, whoever submitted it under whatever names; its bytes are in the state folder."""

    sha256 = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10)
    size = models.PositiveBigIntegerField()  # bytes, before encryption
    key_version = models.CharField(max_length=20)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="stored_file_kind_known")
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.kind}"
