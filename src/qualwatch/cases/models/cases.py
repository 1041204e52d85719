"""Cases, their notices and tasks. States and days are stored; what follows is derived."""

from datetime import date
from typing import get_args

from django.db import models
from django.db.models import Q

from qualwatch.procedure.state import CLOSED, OUTCOMES, Ground, Origin, State

STATES = tuple(get_arg for get_arg in get_args(State) if get_arg != "none")
HEARTBEAT_STATES = ("done", "held", "refused", "set-aside")
# In figures after an upgrade: the people who count for the grade that was warned of.
AS_WARNED = "as-warned"
GROUNDS, ORIGINS = get_args(Ground), get_args(Origin)


class Case(models.Model):
    """One item (or, where category is null, one enterprise), one ground, one origin.

    Name, grade, certificate, authority and area are the register's at the last run.
    """

    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80, null=True)
    sub_item = models.CharField(max_length=80, null=True)
    ground = models.CharField(max_length=10)
    origin = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    enterprise = models.CharField(max_length=200)
    qualification = models.CharField(max_length=120, blank=True)
    grade = models.CharField(max_length=30, blank=True)
    certificate_no = models.CharField(max_length=80, blank=True)
    licensing_authority = models.CharField(max_length=30, blank=True)
    area = models.CharField(max_length=30, blank=True)  # supervising
    opened_on = models.DateField()
    push_proved_on = models.DateField(null=True)
    extended_until = models.DateField(null=True)
    is_extension_provisional = models.BooleanField(default=False)
    published_on = models.DateField(null=True)
    card_number = models.CharField(max_length=40, blank=True)
    order_served_on = models.DateField(null=True)
    red_ends_on = models.DateField(null=True)
    is_red_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    last_result = models.CharField(max_length=12, default="none")
    last_result_on = models.DateField(null=True)
    was_found_short = models.BooleanField(default=False)
    needs_review = models.BooleanField(default=False)
    rechecked_on = models.DateField(null=True)
    application = models.JSONField(null=True)  # the undecided one, as `step` sees it
    disputed = models.JSONField(default=list)  # requirements that applications were about
    closed_on = models.DateField(null=True)
    closed_because = models.CharField(max_length=20, blank=True)
    watched_until = models.DateField(null=True)  # after clearing: a new case by then is a relapse
    relapse_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="relapses"
    )
    # determined in
    arises_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="arisen"
    )
    # the red card whose other requirements go on here, with their clocks as they run
    continued_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="continued_as"
    )
    determined_by = models.JSONField(default=list)  # accounts that proposed and signed
    # a row is written only if it is still as it was read
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code", "category", "sub_item", "ground", "origin"],
                condition=~Q(state="closed") & Q(category__isnull=False),
                name="case_of_item_open_once",
            ),
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~Q(state="closed") & Q(category=None),
                name="case_of_enterprise_open_once",
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="case_state_known"),
            models.CheckConstraint(
                condition=Q(ground__in=GROUNDS, origin__in=ORIGINS), name="case_ground_known"
            ),
            models.CheckConstraint(
                condition=Q(category=None, sub_item=None)
                | Q(category__isnull=False, sub_item__isnull=False),
                name="case_item_whole",
            ),
            models.CheckConstraint(
                condition=Q(category__isnull=False)
                | Q(ground="insurance", origin="system", state__in=("yellow", "closed")),
                name="case_of_enterprise_is_yellow_insurance",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="closed", closed_on__isnull=False, closed_because__in=list(CLOSED)
                )
                | Q(state__in=STATES[:2], closed_on=None, closed_because=""),
                name="case_closed_has_one_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="red") | Q(published_on__isnull=False) & ~Q(card_number=""),
                name="case_red_is_published",
            ),
            models.CheckConstraint(
                condition=~Q(state="yellow") | Q(published_on=None, card_number=""),
                name="case_yellow_is_not_public",
            ),
            models.CheckConstraint(
                condition=Q(red_ends_on=None) | Q(order_served_on__isnull=False),
                name="case_red_period_needs_service",
            ),
        ]
        indexes = [
            models.Index(fields=["credit_code"], name="case_enterprise"),
            models.Index(fields=["state", "area"], condition=~Q(state="closed"), name="case_open"),
            models.Index(
                fields=["watched_until"],
                condition=Q(watched_until__isnull=False),
                name="case_watched",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.credit_code} {self.category or ''} {self.state}"

    @property
    def stream(self) -> str:
        """Its stream in the journal."""
        return f"case/{self.pk}"


class CaseRequirement(models.Model):
    """A requirement that the enterprise was warned of, with its deadline and figures."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="requirements")
    requirement = models.CharField(max_length=60)
    pushed_on = models.DateField()
    ends_on = models.DateField()
    is_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    proved_on = models.DateField(null=True)  # day on which the warning reached the enterprise
    recovered_on = models.DateField(null=True)
    is_ended = models.BooleanField(default=False)
    # of the red card that rests on it; its order's proved service; the end of its red period
    determined_on = models.DateField(null=True)
    order_served_on = models.DateField(null=True)
    red_ends_on = models.DateField(null=True)
    is_red_provisional = models.BooleanField(default=False)
    # people that the enterprise was warned of; a higher figure since an upgrade, with its own
    # warning: required, pushed_on, ends_on, is_provisional, proved_on, figures
    required = models.IntegerField(null=True)
    raised = models.JSONField(default=dict)
    # run, text, required, held, shortfall, clauses, basis, because
    warned_figures = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "requirement"], name="case_requirement_once"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("pushed_on")), name="case_requirement_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(red_ends_on=None)
                | Q(order_served_on__isnull=False, determined_on__isnull=False),
                name="case_requirement_red_period_needs_service",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.requirement}"

    @property
    def raised_ends_on(self) -> date | None:
        """The last day of the period of a raised figure; None where none was raised."""
        return date.fromisoformat(self.raised["ends_on"]) if self.raised else None

    @property
    def unproved_days(self) -> list[date]:
        """The days of its warning and of its raised figure's, as far as they are not proved."""
        days = [self.pushed_on] if self.proved_on is None else []
        if self.raised and self.raised["proved_on"] is None:
            days.append(date.fromisoformat(self.raised["pushed_on"]))
        return days


class Determination(models.Model):
    """A proposal of an officer, and the reviewer's decision on it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="determinations")
    outcome = models.CharField(max_length=10)
    requirements = models.JSONField()
    # of an enterprise-wide case: [category, sub_item] of those that fail
    items = models.JSONField(default=list)
    # [category, sub_item, reason]: of items that no run can judge, what an officer's recheck showed
    rechecks = models.JSONField(default=list)
    until = models.DateField(null=True)
    because = models.TextField()  # the evidence: its attachments
    register_effect = models.CharField(max_length=20, blank=True)  # what the next run reads
    register_effect_details = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)  # by requirement, of the run that it was signed on
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="proposed")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="proposed"), name="determination_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "signed", "returned", "void")),
                name="determination_state_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=list(OUTCOMES)), name="determination_outcome_known"
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=models.F("decided_by")), name="determination_by_two_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.outcome} {self.state}"


class SupervisionFinding(models.Model):
    """What an authority found in daily supervision, the ground of a red card of an officer."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="supervision_finding")
    # who proposed and who signed it, and its evidence
    act = models.OneToOneField("cases.ProposedAct", on_delete=models.PROTECT, related_name="+")
    found_on = models.DateField()
    what = models.TextField()
    # by requirement: found, registers, why they differ
    figures = models.JSONField()
    run = models.BigIntegerField()  # of assessments: what the registers said when it was found
    authority = models.CharField(max_length=60)  # the organisation's slug
    by = models.CharField(max_length=150)  # who found it


class SupervisoryContact(models.Model):
    """A visit, letter, call or meeting that urges an enterprise to rectify (notice 3)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="supervisory_contacts")
    kind = models.CharField(max_length=10)
    on = models.DateField()
    what = models.TextField()
    by = models.CharField(max_length=150)
    # the form it came by: a form sent twice is recorded once
    form_token = models.CharField(max_length=32, null=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("visit", "letter", "call", "meeting")),
                name="contact_kind_known",
            )
        ]


class CreditRecord(models.Model):
    """Facts concealed or rectification faked: an adverse credit record, referred (notice 3)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="credit_records")
    # who proposed and who signed it, and its evidence
    act = models.OneToOneField("cases.ProposedAct", on_delete=models.PROTECT, related_name="+")
    credit_code = models.CharField(max_length=18)
    what = models.TextField()
    referred_to = models.CharField(max_length=200)
    recorded_on = models.DateField()
    by = models.CharField(max_length=150)  # who signed it


class Conflict(models.Model):
    """One person registered at two enterprises: their cases know of each other."""

    first = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    found_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "person_id"], name="conflict_once"),
            models.CheckConstraint(
                condition=Q(first__lt=models.F("second")), name="conflict_in_order"
            ),
        ]


class Notice(models.Model):
    """A notice to one organisation, or to an enterprise without an account, word for word."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="notices")
    document = models.ForeignKey(
        "cases.Document", on_delete=models.PROTECT, null=True, related_name="notices"
    )
    kind = models.CharField(max_length=30)
    # the enterprise, where it is the recipient
    credit_code = models.CharField(max_length=18, blank=True)
    organisation = models.CharField(max_length=60, blank=True)  # the authority's slug, where one is
    subject = models.CharField(max_length=200)
    body = models.TextField()
    posted_at = models.DateTimeField()
    first_opened_at = models.DateTimeField(null=True)
    first_opened_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(credit_code="") ^ Q(organisation=""), name="notice_has_one_recipient"
            )
        ]
        indexes = [
            models.Index(fields=["credit_code", "-posted_at"], name="notice_to_enterprise"),
            models.Index(fields=["organisation", "-posted_at"], name="notice_to_authority"),
        ]


class Delivery(models.Model):
    """One channel of a notice: in-platform, e-mail, sms, webhook."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=20)
    recipient = models.CharField(max_length=200)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel", "recipient"], name="delivery_once")
        ]


class Task(models.Model):
    """Something that an authority has to do; its kind is a row of `tasks.TASK_KINDS`."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="tasks")
    kind = models.CharField(max_length=20)
    detail = models.CharField(max_length=200, blank=True)
    organisation = models.CharField(max_length=60)
    opened_on = models.DateField()
    due_on = models.DateField(null=True)
    # overdue: the days on which its reviewers and the authority above were notified
    reminded_on = models.DateField(null=True)
    escalated_on = models.DateField(null=True)
    is_due_provisional = models.BooleanField(default=False)
    completed_on = models.DateField(null=True)
    completed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(escalated_on=None) | Q(reminded_on__isnull=False),
                name="task_escalated_after_reminder",
            ),
            models.UniqueConstraint(
                fields=["case", "kind", "detail"],
                condition=Q(completed_on=None),
                name="task_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation"], condition=Q(completed_on=None), name="task_waiting"
            )
        ]


class SupervisedProject(models.Model):
    """A project on the key-supervision list, as the authority of its place was notified of it.

    The list itself is computed from open red cases (`eligibility.measures`).
    """

    project_code = models.CharField(max_length=80)
    credit_code = models.CharField(max_length=18)
    organisation = models.CharField(max_length=60)  # the slug of the authority notified
    listed_on = models.DateField()
    removed_on = models.DateField(null=True)
    removed_because = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project_code", "credit_code", "organisation"],
                condition=Q(removed_on=None),
                name="supervised_project_listed_once",
            ),
            models.CheckConstraint(
                condition=Q(removed_on=None, removed_because="")
                | Q(removed_on__gte=models.F("listed_on")) & ~Q(removed_because=""),
                name="supervised_project_removed_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_code} {self.credit_code} {self.listed_on}"


class EligibilityRecord(models.Model):
    """ "May this enterprise do X today?", as asked and as answered."""

    asked_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    credit_code = models.CharField(max_length=18)
    purpose = models.CharField(max_length=20)
    category = models.CharField(max_length=80, blank=True)
    sub_item = models.CharField(max_length=80, blank=True)
    answer = models.CharField(max_length=12)
    reasons = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__in=("yes", "no", "cannot-say")), name="question_answer_known"
            )
        ]
        indexes = [models.Index(fields=["credit_code", "-asked_at"], name="question_of_enterprise")]


class AnsweredRequest(models.Model):
    """A request with its idempotency key, and the response that a repetition gets."""

    organisation = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)  # of what was asked
    response = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "key"], name="answered_request_once")
        ]


class DailyQuota(models.Model):
    """How many queries an organisation has made on one day; the row is locked by each."""

    organisation = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "day"], name="daily_quota_once")
        ]


class Heartbeat(models.Model):
    """The patrol of one day, and when it finished; or one that waits for a reviewer.

    Everything that a patrol writes has its moment, `finished_at`. because: why it is held. Who
    proposed that a patrol is set aside stands in `proposed_by`; who decided, in `decided_by`.
    """

    day = models.DateField()
    state = models.CharField(max_length=10, default="done")
    finished_at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True)
    summary = models.JSONField()
    because = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=150, blank=True)
    proposed_because = models.TextField(blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=HEARTBEAT_STATES), name="heartbeat_state_known"
            ),
            models.UniqueConstraint(
                fields=["day"], condition=Q(state__in=("done", "held")), name="heartbeat_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="set-aside")
                | ~Q(proposed_by="") & ~Q(decided_by="") & ~Q(proposed_by=models.F("decided_by")),
                name="heartbeat_set_aside_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.state}"
