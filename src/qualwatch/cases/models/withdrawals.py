"""Withdrawals in lists, the submissions against them, hearings (notice 3(5), 4(2))."""

from typing import get_args

from django.db import models
from django.db.models import Q

from qualwatch.cases.models.cases import Case
from qualwatch.procedure.state import ROUTES, WITHDRAWAL_ENDED, Route

STAGES = tuple(dict.fromkeys(stage for steps in ROUTES.values() for stage in steps))
SUBMISSION_KINDS = ("statement", "hearing", "objection")
# `dropped`: the withdrawal ended before the hearing.
HEARINGS = ("fixed", "moved", "held", "retracted", "absent", "dropped")


class WithdrawalList(models.Model):
    """Items whose withdrawal was opened together; the outcomes of the members add up."""

    route = models.CharField(max_length=10)
    housing = models.CharField(max_length=60)  # slug of the authority that opened it
    withdrawing_authority = models.CharField(max_length=60)  # slug of the authority that withdraws
    opened_on = models.DateField()
    opened_by = models.CharField(max_length=150)
    suggestion = models.ForeignKey(
        "cases.Document", on_delete=models.PROTECT, null=True, related_name="+"
    )
    received_on = models.DateField(null=True)  # the suggestion or report, by its proof of service
    start_due_on = models.DateField(null=True)
    is_start_due_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    # the results, all of them, back to the housing authority
    reported_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(route__in=get_args(Route)), name="withdrawal_list_route_known"
            ),
            models.CheckConstraint(
                condition=Q(start_due_on=None) | Q(received_on__isnull=False),
                name="withdrawal_list_due_from_receipt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.housing} {self.opened_on}"


class Withdrawal(models.Model):
    """The withdrawal of one item; `case` is the red card that carries it now."""

    batch = models.ForeignKey(WithdrawalList, on_delete=models.PROTECT, related_name="members")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="withdrawals")
    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80)
    sub_item = models.CharField(max_length=80)
    enterprise = models.CharField(max_length=200)  # as they were called when it was opened
    item = models.CharField(max_length=260)
    stage = models.CharField(max_length=12, default="opened")
    opened_on = models.DateField()
    started_on = models.DateField(null=True)
    notice_served_on = models.DateField(null=True)
    statement_until = models.DateField(null=True)
    is_statement_provisional = models.BooleanField(default=False)
    unanswered = models.PositiveIntegerField(default=0)
    hearing = models.CharField(max_length=6, default="none")
    hearing_asked_on = models.DateField(null=True)
    hearing_on = models.DateField(null=True)
    hearing_notified_on = models.DateField(null=True)
    hearing_request_until = models.DateField(null=True)
    is_hearing_request_provisional = models.BooleanField(default=False)
    hearing_due_on = models.DateField(null=True)  # from the request
    is_hearing_due_provisional = models.BooleanField(default=False)
    hearing_not_before = models.DateField(null=True)  # from the service of its notice
    is_hearing_not_before_provisional = models.BooleanField(default=False)
    displayed_on = models.DateField(null=True)
    display_until = models.DateField(null=True)
    is_display_provisional = models.BooleanField(default=False)
    display_number = models.CharField(max_length=80, blank=True)  # of its announcement
    rechecked_on = models.DateField(null=True)
    figures = models.JSONField(default=dict)  # by requirement, of the recheck
    handled_by = models.JSONField(default=list)
    reviewed_on = models.DateField(null=True)
    reviewed_by = models.CharField(max_length=150, blank=True)
    review_opinion = models.TextField(blank=True)
    decided_on = models.DateField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    because = models.TextField(blank=True)  # of the decision, or why it ended without one
    decision_number = models.CharField(max_length=80, blank=True)
    lower_grade_until = models.DateField(null=True)
    is_lower_grade_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    # what the decision put into the registers: number, then valid_from
    corrections = models.JSONField(default=list)
    # of the announcement that it is finished
    final_number = models.CharField(max_length=80, blank=True)
    announced_on = models.DateField(null=True)  # the decision's proof of service was recorded
    closed_on = models.DateField(null=True)
    ended = models.CharField(max_length=20, blank=True)
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code", "category", "sub_item"],
                condition=Q(ended="") & ~Q(stage="closed"),
                name="withdrawal_of_item_open_once",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=STAGES, ended__in=("", *WITHDRAWAL_ENDED)),
                name="withdrawal_stage_known",
            ),
            models.CheckConstraint(
                condition=Q(ended="", ended_on=None) | ~Q(ended="") & Q(ended_on__isnull=False),
                name="withdrawal_ended_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(decided_on=None) | ~Q(because="") & ~Q(decision_number=""),
                name="withdrawal_decided_with_reasons",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=("decided", "announced", "closed"), decided_on__isnull=False)
                | ~Q(stage__in=("decided", "announced", "closed")) & Q(decided_on=None),
                name="withdrawal_decided_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=models.F("reviewed_by")),
                name="withdrawal_decided_by_another",
            ),
        ]
        indexes = [models.Index(fields=["credit_code"], name="withdrawal_enterprise")]

    def __str__(self) -> str:
        return f"{self.pk} {self.credit_code} {self.category} {self.ended or self.stage}"

    @property
    def outcome(self) -> str:
        """The code with which it ended, `withdrawn`, or '' while it is under way."""
        return self.ended or ("withdrawn" if self.decided_on else "")


class Submission(models.Model):
    """A statement, a point of a hearing or a public objection against a withdrawal; its answer."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="submissions")
    kind = models.CharField(max_length=10)
    text = models.TextField()
    submitted_on = models.DateField()
    # the account; '' of the public and of a point of a hearing
    submitted_by = models.CharField(max_length=150, blank=True)
    # of the public, encrypted: name and address
    objector = models.BinaryField(null=True)
    objector_key = models.CharField(max_length=20, blank=True)
    answer = models.TextField(blank=True)
    answered_on = models.DateField(null=True)
    answered_by = models.CharField(max_length=150, blank=True)
    # of the form, so that a form sent twice is recorded once
    form_token = models.CharField(max_length=32, null=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SUBMISSION_KINDS), name="submission_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(answered_on=None, answer="")
                | Q(answered_on__isnull=False) & ~Q(answer=""),
                name="submission_answered_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.withdrawal_id} {self.kind} {self.submitted_on}"


class Hearing(models.Model):
    """A hearing as it was scheduled, and its outcome."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="hearings")
    at = models.DateTimeField()
    place = models.CharField(max_length=200)
    chair = models.CharField(max_length=150)  # the account
    chair_name = models.CharField(max_length=60)
    notice = models.ForeignKey(
        "cases.Document", on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(max_length=10, default="fixed")
    present = models.CharField(max_length=500, blank=True)
    record = models.ForeignKey(
        "cases.Document", on_delete=models.PROTECT, null=True, related_name="+"
    )
    because = models.TextField(blank=True)  # why it was moved, or was not held

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=HEARINGS), name="hearing_state_known"),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(record__isnull=False), name="hearing_held_has_record"
            ),
            models.UniqueConstraint(
                fields=["withdrawal"], condition=Q(state="fixed"), name="hearing_fixed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.withdrawal_id} {self.at} {self.state}"
