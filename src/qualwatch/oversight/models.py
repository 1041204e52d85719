"""Quarterly returns, draws and spot checks, circulars."""

from django.db import models
from django.db.models import F, Q

from qualwatch.archive.models import StoredFile
from qualwatch.cases.models import Case, Document

STATES = ("compiled", "reviewed", "submitted")
DRAWS = ("random", "targeted")
RESULTS = ("in-order", "fault")


class Return(models.Model):
    """The return of one reporter for one quarter, compiled from cases.

    A version for each submission.

    reporter: the housing authority's slug; `province` for the summary of all.
    """

    reporter = models.CharField(max_length=60)
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, default="compiled")
    figures = models.JSONField()
    rows = models.JSONField()
    differences = models.JSONField(default=dict)  # from the version submitted before
    due_on = models.DateField()
    is_due_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    compiled_on = models.DateField()
    compiled_by = models.CharField(max_length=150)
    reviewed_on = models.DateField(null=True)
    reviewed_by = models.CharField(max_length=150, blank=True)
    submitted_on = models.DateField(null=True)
    submitted_by = models.CharField(max_length=150, blank=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    workbook = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "year", "quarter", "version"], name="return_version_once"
            ),
            models.UniqueConstraint(
                fields=["reporter", "year", "quarter"],
                condition=~Q(state="submitted"),
                name="return_draft_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=STATES, quarter__gte=1, quarter__lte=4), name="return_known"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by="") | ~Q(reviewed_by=F("compiled_by")),
                name="return_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="submitted")
                | Q(submitted_on__isnull=False, document__isnull=False, workbook__isnull=False),
                name="return_submitted_has_papers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reporter} {self.year}Q{self.quarter} v{self.version} {self.state}"


class ReturnDeadline(models.Model):
    """By when the returns of a quarter are due, counted when the quarter ended."""

    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    is_due_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "quarter"], name="return_deadline_once"),
            models.CheckConstraint(
                condition=Q(quarter__gte=1, quarter__lte=4), name="return_deadline_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter} {self.due_on}"


class Draw(models.Model):
    """The choice of items to check. A random one is reproducible from its seed and its
    population.
    """

    kind = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    seed = models.CharField(max_length=64, blank=True)
    per_city = models.PositiveSmallIntegerField(default=0)
    population = models.JSONField()  # city -> numbers of cases
    drawn_on = models.DateField()
    drawn_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DRAWS), name="draw_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind="random") | ~Q(seed=""), name="draw_random_has_seed"
            ),
            models.UniqueConstraint(
                fields=["year", "quarter"], condition=Q(kind="random"), name="draw_random_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}Q{self.quarter}"


class Check(models.Model):
    """One item to check: the sheet, the problem found, and its follow-up.

    sheet: per line question, what the records say, answer, remark.
    """

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="checks")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="spot_checks")
    city = models.CharField(max_length=60)
    why = models.CharField(max_length=40)  # random, or what it was chosen for
    sheet = models.JSONField(default=list)
    result = models.CharField(max_length=10, blank=True)
    problem = models.TextField(blank=True)
    checked_on = models.DateField(null=True)
    checked_by = models.CharField(max_length=150, blank=True)
    follow_up_due_on = models.DateField(null=True)
    is_follow_up_provisional = models.BooleanField(default=False)
    # by deadline: what it was counted from (cases.deadline_columns)
    deadline_bases = models.JSONField(default=dict)
    followed_up_on = models.DateField(null=True)
    followed_up = models.TextField(blank=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "case"], name="check_once"),
            models.CheckConstraint(
                condition=Q(result__in=("", *RESULTS)), name="check_result_known"
            ),
            models.CheckConstraint(
                condition=Q(result="", checked_on=None)
                | ~Q(result="") & Q(checked_on__isnull=False),
                name="check_done_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city} {self.case_id} {self.result}"


class Circular(models.Model):
    """A circular naming an authority that did not carry withdrawals out, with the items."""

    authority = models.CharField(max_length=60)
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    rows = models.JSONField()
    demand = models.TextField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    issued_on = models.DateField()
    issued_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return f"{self.authority} {self.year}Q{self.quarter}"
