"""Applications, attachments, issued documents and their service."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q

from qualwatch.archive.models import StoredFile
from qualwatch.cases.models.cases import Case
from qualwatch.procedure.service import FAILURES, METHODS, NOTICE

CAUSES = ("data-wrong", "assessment-wrong")
# `moot`: its case ended otherwise.
STAGES = ("received", "agreed", "refused", "upheld", "retracted", "moot")
UNDECIDED = STAGES[:2]


class NumberSequence(models.Model):
    """The numbers of one kind in one year; they run without gaps."""

    kind = models.CharField(max_length=100)
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "year"], name="number_sequence_once")
        ]


class Application(models.Model):
    """An objection or a request for repair of data (4(5)); without a case only the latter."""

    number = models.CharField(max_length=60, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="applications")
    credit_code = models.CharField(max_length=18)
    enterprise = models.CharField(max_length=200)
    cause = models.CharField(max_length=20)
    requirements = models.JSONField(default=list)
    statement = models.TextField()
    # per line: requirement, line, file names or the reason why there is none
    checklist = models.JSONField()
    receiver = models.CharField(max_length=60)  # the authority's slug that examines it first
    filed_by = models.CharField(max_length=150)
    filed_at = models.DateTimeField()
    stage = models.CharField(max_length=10, default="received")
    opinion_due_on = models.DateField(null=True)  # of the city
    decision_due_on = models.DateField(null=True)  # of the province, once it has it
    is_due_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    opinion_by = models.CharField(max_length=150, blank=True)
    opinion_on = models.DateField(null=True)
    opinion_because = models.TextField(blank=True)
    # of the province: what is to be repaired, and how
    verified_by = models.CharField(max_length=150, blank=True)
    verified_on = models.DateField(null=True)
    verified_because = models.TextField(blank=True)
    proposed_repairs = models.JSONField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_on = models.DateField(null=True)
    decided_because = models.TextField(blank=True)
    # what the next run reads: kind and number of what was put on record
    repairs = models.JSONField(default=list)
    # the form it came by: a form sent twice is recorded once
    form_token = models.CharField(max_length=32, null=True, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(stage__in=UNDECIDED), name="application_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=STAGES, cause__in=CAUSES), name="application_words_known"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=("refused", "upheld"))
                | ~Q(decided_by="") & ~Q(decided_because=""),
                name="application_decided_with_reasons",
            ),
            models.CheckConstraint(
                condition=(Q(opinion_by="") | ~Q(opinion_by=F("decided_by")))
                & (Q(verified_by="") | ~Q(verified_by=F("decided_by"))),
                name="application_decided_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(stage="upheld") | ~Q(repairs=[]) & ~Q(verified_by=""),
                name="application_upheld_repairs",
            ),
        ]
        indexes = [
            models.Index(fields=["credit_code", "-filed_at"], name="application_of_enterprise")
        ]

    def __str__(self) -> str:
        return self.number


class Document(models.Model):
    """A document as issued: its bytes are stored, and a reprint is those bytes."""

    kind = models.CharField(max_length=30)
    number = models.CharField(max_length=60)
    organisation = models.CharField(max_length=60)  # the slug of who issued it
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="documents")
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, related_name="documents"
    )
    withdrawal = models.ForeignKey(
        "cases.Withdrawal", on_delete=models.PROTECT, null=True, related_name="documents"
    )
    batch = models.ForeignKey(
        "cases.WithdrawalList", on_delete=models.PROTECT, null=True, related_name="documents"
    )
    # the enterprise addressed, where one is
    credit_code = models.CharField(max_length=18, blank=True)
    addressee = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    template_values = models.JSONField()  # everything that its text was made from
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    issued_on = models.DateField()
    issued_by = models.CharField(max_length=150)
    issued_at = models.DateTimeField()
    voided_on = models.DateField(null=True)  # the number stays used
    voided_by = models.CharField(max_length=150, blank=True)
    voided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="document_number_once"),
            models.CheckConstraint(
                condition=Q(voided_on=None, voided_because="")
                | Q(voided_on__isnull=False) & ~Q(voided_because=""),
                name="document_voided_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["kind", "organisation", "issued_on"], name="document_list")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Service(models.Model):
    """One attempt at serving a document; proved, failed, or neither yet."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="services")
    method = models.CharField(max_length=20)
    recipient = models.CharField(max_length=300)
    sent_on = models.DateField()
    sent_by = models.CharField(max_length=150)
    # without proof by then the next method is tried; of a notice: the day it counts as served
    due_on = models.DateField()
    is_due_provisional = models.BooleanField(default=False)
    # of a public notice: under which it was announced
    announcement_number = models.CharField(max_length=60, blank=True)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    proved_on = models.DateField(null=True)
    proof = models.TextField(blank=True)
    proved_by = models.CharField(max_length=150, blank=True)
    failed_on = models.DateField(null=True)
    failed_as = models.CharField(max_length=20, blank=True)
    failed_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document"],
                condition=Q(proved_on__isnull=False),
                name="service_proved_once",
            ),
            models.CheckConstraint(
                condition=Q(method__in=list(METHODS)), name="service_method_known"
            ),
            models.CheckConstraint(
                condition=Q(proved_on=None)
                | Q(proved_on__gte=F("sent_on"), failed_on=None) & ~Q(proof=""),
                name="service_proved_since_sent",
            ),
            models.CheckConstraint(
                condition=Q(failed_on=None)
                | Q(failed_on__gte=F("sent_on"), failed_as__in=list(FAILURES)),
                name="service_failed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(method=NOTICE) ^ Q(announcement_number=""),
                name="service_announced_by_notice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.method} {self.sent_on}"


# The rows of which a file may be a part; exactly one of them is set.
ATTACHMENT_OWNERS = ("application", "service", "withdrawal", "determination", "act", "recheck")


def _owned_by(owner: str) -> Q:
    """Whether an attachment belongs to this owner alone."""
    return Q(
        **{f"{name}__isnull": name != owner for name in ATTACHMENT_OWNERS},
    )


class Attachment(models.Model):
    """A file of an application, of a service (its proof or consent) or of a withdrawal.

    Of a withdrawal: of a submission, or (submission null) an officer's file. Of a determination,
    a proposed act or a recheck: the evidence that it rests on.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    withdrawal = models.ForeignKey(
        "cases.Withdrawal", on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    submission = models.ForeignKey(
        "cases.Submission", on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    determination = models.ForeignKey(
        "cases.Determination", on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    act = models.ForeignKey(
        "cases.ProposedAct", on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    recheck = models.ForeignKey(
        "cases.Recheck", on_delete=models.PROTECT, null=True, related_name="attachments"
    )
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    note = models.TextField(blank=True)  # what the file shows, in the words of who handed it in
    is_consent = models.BooleanField(default=False)  # to be served by e-mail
    uploaded_by = models.CharField(max_length=150)
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=reduce(or_, map(_owned_by, ATTACHMENT_OWNERS)), name="attachment_of_one"
            ),
            models.CheckConstraint(
                condition=Q(submission=None) | Q(withdrawal__isnull=False),
                name="attachment_of_submission_has_withdrawal",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FileOpening(models.Model):
    """That an account opened a file of evidence, for the first time."""

    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="openings")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attachment", "by"], name="file_opening_once")
        ]
