"""Acts that one person proposes and another signs, and an officer's rechecks."""

from django.db import models
from django.db.models import F, Q

from qualwatch.cases.models.cases import Case
from qualwatch.cases.models.withdrawals import Withdrawal

ACT_STATES = ("proposed", "signed", "returned", "void")
RECHECK_OUTCOMES = ("short", "recovered")


class ProposedAct(models.Model):
    """An act by which a right begins or ends; its kind is a row of `proposed_acts.kinds`.

    One person proposes it with reasons and evidence (`attachments`), another signs or returns it.
    It is about a case, a withdrawal, an item (`credit_code`, `category`, `sub_item`), or a load,
    run or pushed change by its `number`; the release of several changes has the first, and all of
    them in `payload`.
    """

    kind = models.CharField(max_length=20)
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, null=True, related_name="proposed_acts"
    )
    withdrawal = models.ForeignKey(
        Withdrawal, on_delete=models.PROTECT, null=True, related_name="proposed_acts"
    )
    number = models.BigIntegerField(null=True)
    credit_code = models.CharField(max_length=18, blank=True)
    category = models.CharField(max_length=80, blank=True)
    sub_item = models.CharField(max_length=80, blank=True)
    # the enterprise's area and who issued the item, when it was proposed
    area = models.CharField(max_length=30, blank=True)
    licensing_authority = models.CharField(max_length=30, blank=True)
    payload = models.JSONField(default=dict)  # what the act needs, as checked when proposed
    because = models.TextField()
    authority = models.CharField(max_length=60)  # the slug of who proposed it
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    # What the proposer, and then the signer, was shown: the digests of the consequence and of each
    # file of the evidence.
    proposer_read = models.JSONField(default=dict)
    signer_read = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="proposed")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "case"],
                condition=Q(state="proposed", case__isnull=False),
                name="act_on_case_waits_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "number"],
                condition=Q(state="proposed", number__isnull=False),
                name="act_on_number_waits_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "credit_code", "category", "sub_item"],
                condition=Q(state="proposed", case=None, number=None),
                name="act_on_item_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ACT_STATES) & ~Q(because=""), name="act_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by="", decided_at=None)
                | ~Q(state="proposed") & ~Q(decided_by="") & Q(decided_at__isnull=False),
                name="act_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("signed", "returned")) | ~Q(proposed_by=F("decided_by")),
                name="act_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"

    @property
    def stream(self) -> str:
        """Its stream in the journal: that of its case, where it has one."""
        return self.case.stream if self.case is not None else f"act/{self.pk}"


class Recheck(models.Model):
    """An officer's recheck of a red card of officer origin, with what was seen."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="rechecks")
    outcome = models.CharField(max_length=10)
    because = models.TextField()
    # by requirement: found, registers, why they differ
    figures = models.JSONField()
    run = models.BigIntegerField(null=True)  # of assessments: what the registers said
    rechecked_on = models.DateField()
    authority = models.CharField(max_length=60)
    by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=RECHECK_OUTCOMES), name="recheck_outcome_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.outcome} {self.rechecked_on}"
