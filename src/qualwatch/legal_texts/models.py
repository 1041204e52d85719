"""Texts of the law that were loaded into the office, proposed by one person, signed by another."""

from django.db import models
from django.db.models import F, Q

KINDS = ("calendar", "policy", "standard")
STATES = ("proposed", "signed", "refused")


class LegalText(models.Model):
    """One file: next year's calendar or a changed one, a version of the policy, a standard.

    name: its name within a folder of the law. text: the file, word for word.
    """

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=120)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)  # of the text in UTF-8
    in_force_from = models.DateField()
    state = models.CharField(max_length=10, default="proposed")
    # what its proposer was shown: deadlines that move, findings that turn
    preview = models.JSONField(default=dict)
    # by account name: the digest of what was shown to who may sign
    readings = models.JSONField(default=dict)
    because = models.TextField()
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=KINDS, state__in=STATES), name="legal_text_words_known"
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("decided_by")), name="legal_text_by_two_people"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by="", decided_at=None)
                | ~Q(state="proposed") & ~Q(decided_by="") & Q(decided_at__isnull=False),
                name="legal_text_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["state", "in_force_from"], name="legal_text_in_force")]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.in_force_from}"
