"""Runs, and findings and anomalies on record between runs.

`recorded_from` and `recorded_to` are runs' numbers here.
"""

from django.db import models
from django.db.models import F, Q

from qualwatch.archive.models import StoredFile
from qualwatch.registers.models import Recorded, Revision, recorded_meta

# decided: released by a run of its own; set-aside: its day was wrong
STATES = ("released", "held", "decided", "rejected", "set-aside")


class Run(models.Model):
    """One assessment: a day, what was known (revision), the law and policy it was judged by, what
    came out.
    """

    as_of = models.DateField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    law_digest = models.CharField(max_length=64)
    policy_digest = models.CharField(max_length=64)
    program_digest = models.CharField(max_length=64)
    input_digest = models.CharField(max_length=64)
    is_full = models.BooleanField()
    # of a run that is not full: the enterprises that a push concerned
    credit_codes = models.JSONField(null=True)
    run_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    state = models.CharField(max_length=20)
    because = models.TextField(blank=True)
    counts = models.JSONField()  # findings by verdict, anomalies, enterprises, newly
    sample = models.JSONField(default=list)  # of a held run: enterprises newly short or anomalous
    # the held run released
    of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    proposed_by = models.CharField(max_length=150, blank=True)  # its release
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="run_state_known"),
            models.CheckConstraint(
                condition=Q(of=None) | ~Q(proposed_by="") & ~Q(proposed_by=F("decided_by")),
                name="run_released_by_two_people",
            ),
        ]
        indexes = [models.Index(fields=["-as_of", "-id"], name="run_newest")]

    def __str__(self) -> str:
        return f"{self.pk} {self.as_of}"


class LawText(models.Model):
    """The texts of the law and the policy that runs were judged by, as they stood.

    A .zip of the folder.
    """

    digest = models.CharField(max_length=64, unique=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.digest[:12]


def _since(name: str) -> models.Index:
    """What has been on record since some run on: the mass-warning guard asks after every push."""
    return models.Index(
        fields=["recorded_from"], condition=Q(recorded_to=None), name=f"{name}_since"
    )


class FindingRow(Recorded):
    """What was found of one requirement of one item, as long as verdict, numbers and basis stayed
    the same.
    """

    KEY = ("credit_code", "category", "sub_item", "requirement")
    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80)
    sub_item = models.CharField(max_length=80)
    requirement = models.CharField(max_length=60)
    grade = models.CharField(max_length=30)
    certificate_no = models.CharField(max_length=80)
    licensing_authority = models.CharField(max_length=30, null=True)
    verdict = models.CharField(max_length=20)
    required = models.IntegerField(null=True)
    held = models.IntegerField(null=True)
    possible = models.IntegerField(null=True)
    shortfall = models.IntegerField(null=True)
    clauses = models.TextField()  # JSON: text, at_least, eligible, eligible_possible
    basis = models.TextField()  # JSON: documents' numbers
    because = models.TextField()  # JSON: reason slugs

    Meta = recorded_meta(
        "finding", KEY, models.Index(fields=["verdict"], name="finding_verdict"), _since("finding")
    )


class AnomalyRow(Recorded):
    """Abnormal social insurance of one person at one enterprise."""

    KEY = ("credit_code", "person_id")
    credit_code = models.CharField(max_length=18)
    person_id = models.BigIntegerField()
    registration_no = models.CharField(max_length=80, null=True)
    kind = models.CharField(max_length=30)
    months = models.TextField()  # first days, separated by ;

    Meta = recorded_meta("anomaly", KEY, _since("anomaly"))


class ConflictRow(Recorded):
    """A certificate whose rows contradict each other, as long as they do.

    Of items: subject is the category, part the sub-item, person_id 0. Of registrations: the
    profession, the speciality and the number of a person's certificate.
    """

    KEY = ("credit_code", "table_name", "subject", "part", "person_id", "number")
    credit_code = models.CharField(max_length=18)
    table_name = models.CharField(max_length=30)
    subject = models.CharField(max_length=80)
    part = models.CharField(max_length=80)
    person_id = models.BigIntegerField()
    number = models.CharField(max_length=80)

    Meta = recorded_meta("conflict", KEY)
