"""The registers. Every row has two times.

The register's own dates, and the revisions between which it was on record.

A row is never changed but for its end (`recorded_to`, `absent_since`); the database refuses
anything else, and two rows of one key and source whose time on record overlaps (guards.py).
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q


class Revision(models.Model):
    """One change of what is known.

    Revisions are numbered in the order in which they are committed.
    """

    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    what = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"{self.pk} {self.what}"


class RevisionClock(models.Model):
    """The one row that whoever changes the registers locks first."""

    number = models.PositiveSmallIntegerField(primary_key=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(number=1), name="one_revision_clock")]


class Person(models.Model):
    """Somebody in the registers. The identity is encrypted; `lookup` is a keyed hash of it."""

    lookup = models.CharField(max_length=64)
    key_version = models.CharField(max_length=20)
    identity = models.BinaryField()  # kind of document and number
    name = models.BinaryField(null=True)
    born_on = models.DateField(null=True)  # of resident cards: their number's, which never changes

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lookup"], name="person_once")
        ]  # `unique` would index it twice

    def __str__(self) -> str:
        return f"P{self.pk}"


# of a quarantined change, released and rejected: a person has checked it; superseded: a full list
# of a later day has come, which says of every row what holds
CHANGE_STATES = ("applied", "quarantined", "released", "rejected", "superseded")
LOAD_STATES = ("released", "held", "rejected", "unchanged")


class Load(models.Model):
    """One delivery of one source: accepted + rejected = read; of the accepted.

    Added, changed, unchanged.
    """

    source = models.CharField(max_length=40)
    as_of = models.DateField()  # the day whose register it is
    is_full = models.BooleanField()
    received_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    state = models.CharField(max_length=20)
    because = models.TextField(blank=True)
    files = models.JSONField()  # name, sha256, bytes
    # per table: read, accepted, rejected, rows, added, changed, absent, unchanged
    counts = models.JSONField()
    # the days of insurance that the importer said are covered
    stated_from = models.DateField(null=True)
    stated_to = models.DateField(null=True)
    covers_from = models.DateField(null=True)  # those that are
    covers_to = models.DateField(null=True)
    proposed_by = models.CharField(max_length=150, blank=True)  # its release, where it was held
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, related_name="loads"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=LOAD_STATES), name="load_state_known"),
            models.CheckConstraint(
                condition=Q(state="released", revision__isnull=False)
                | Q(state__in=LOAD_STATES[1:], revision__isnull=True),
                name="load_revision_if_released",
            ),
            models.CheckConstraint(
                condition=Q(decided_by="")
                | Q(state="rejected")
                | ~Q(proposed_by="") & ~Q(proposed_by=F("decided_by")),
                name="load_released_by_two_people",
            ),
        ]
        indexes = [models.Index(fields=["source", "-as_of"], name="load_of_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.as_of}"


class LoadRejection(models.Model):
    """A row (or file) of a load that was not taken; the value is masked."""

    load = models.ForeignKey(Load, on_delete=models.CASCADE, related_name="rejections")
    file = models.CharField(max_length=300)
    sheet = models.CharField(max_length=100, blank=True)
    row = models.PositiveIntegerField(null=True)
    column = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=200, blank=True)
    problem = models.TextField()
    remedy = models.TextField()

    def __str__(self) -> str:
        return f"{self.file} {self.row}: {self.problem}"


class Recorded(models.Model):
    """A row of a register. `duplicate_no` tells apart rows that a source writes twice with the same
    key.
    """

    KEY: ClassVar[tuple[str, ...]]
    EXPANDED_KEYS: ClassVar[
        tuple[str, ...]
    ] = ()  # of the key: what tells apart the rows that one row of the source becomes
    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=40)
    duplicate_no = models.PositiveIntegerField(default=1)
    recorded_from = models.IntegerField()
    recorded_to = models.IntegerField(null=True)
    # the day from which the source no longer had the key
    absent_since = models.DateField(null=True)

    class Meta:
        abstract = True

    @classmethod
    def source_key(cls) -> tuple[str, ...]:
        """What a single row of the source is known by.

        A change of it replaces all rows that share this.
        """
        return tuple(name for name in cls.KEY if name not in cls.EXPANDED_KEYS)

    @classmethod
    def fact_columns(cls) -> list[str]:
        """The columns that are not the record's own, keys first."""
        own = {"id", "source", "duplicate_no", "recorded_from", "recorded_to", "absent_since"}
        names = [field.attname for field in cls._meta.concrete_fields if field.attname not in own]
        return [*cls.KEY, *(name for name in names if name not in cls.KEY)]


def recorded_meta(name: str, key: tuple[str, ...], *more: models.Index) -> Any:
    """One current row per source and key; the rows of an enterprise or person quickly found."""
    once = models.UniqueConstraint(
        fields=[*key, "duplicate_no", "source"],
        condition=Q(recorded_to__isnull=True),
        name=f"{name}_current_once",
    )
    ends = models.CheckConstraint(
        condition=Q(recorded_to__isnull=True) | Q(recorded_to__gt=models.F("recorded_from")),
        name=f"{name}_ends_later",
    )
    past = models.Index(fields=[*key], condition=Q(recorded_to__isnull=False), name=f"{name}_past")
    return type(
        "Meta",
        (),
        {"constraints": [once, ends], "indexes": [past, *more], "db_table": f"registers_{name}"},
    )


def _person() -> Any:
    return models.ForeignKey(
        Person, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )


HAS_BRANCHES = Q(recorded_to__isnull=True) & ~Q(branch_credit_codes="")


class EnterpriseRow(Recorded):
    """A legal person: names and places over time are its rows over time."""

    KEY = ("credit_code",)
    credit_code = models.CharField(max_length=18)
    name = models.CharField(max_length=200)
    division_code = models.CharField(max_length=20, null=True)
    branch_credit_codes = models.TextField(default="")  # separated by ;

    Meta = recorded_meta(
        "enterprise",
        KEY,
        models.Index(
            fields=["credit_code"], condition=HAS_BRANCHES, name="enterprise_with_branches"
        ),
    )


class ItemRow(Recorded):
    """One certificate record of an item (credit_code, category, sub_item)."""

    KEY = ("credit_code", "category", "sub_item", "certificate_no")
    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80)
    sub_item = models.CharField(max_length=80)
    certificate_no = models.CharField(max_length=80)
    grade = models.CharField(max_length=30)
    licensing_authority = models.CharField(max_length=30, null=True)
    route = models.CharField(max_length=20)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    renewal_filed_on = models.DateField(null=True)
    extended_without_check_until = models.DateField(null=True)
    register_state = models.CharField(max_length=20)
    register_state_from = models.DateField(null=True)

    Meta = recorded_meta("item", KEY)


class RegistrationRow(Recorded):
    """One person, one profession, one speciality, one enterprise.

    '' = no number, no readable speciality.
    """

    KEY = ("credit_code", "person_id", "profession", "speciality", "registration_no")
    EXPANDED_KEYS = ("speciality",)
    credit_code = models.CharField(max_length=18)
    person = _person()
    profession = models.CharField(max_length=60)
    speciality = models.CharField(max_length=60)
    registration_no = models.CharField(max_length=80)
    profession_grade = models.CharField(max_length=30, null=True)
    at_enterprise_from = models.DateField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    register_state = models.CharField(max_length=20)
    register_state_from = models.DateField(null=True)
    renewal_filed_on = models.DateField(null=True)
    # the end of the certificate, where the source gives none of the registration
    certificate_valid_to = models.DateField(null=True)

    Meta = recorded_meta(
        "registration", KEY, models.Index(fields=["person"], name="registration_person")
    )


class ContributionRow(Recorded):
    """One month (its first day) of social insurance of one kind by one payer.

    insurance_kind '' = the source does not tell kinds apart.
    """

    KEY = ("person_id", "month", "payer_credit_code", "insurance_kind")
    person = _person()
    month = models.DateField()
    payer_credit_code = models.CharField(max_length=30)
    insurance_kind = models.CharField(max_length=20)
    payment_state = models.CharField(max_length=20, null=True)

    Meta = recorded_meta("contribution", KEY)


class ExemptionRow(Recorded):
    """A lawful reason why a person's insurance is elsewhere."""

    KEY = ("person_id", "credit_code", "reason")
    person = _person()
    credit_code = models.CharField(max_length=18)
    reason = models.CharField(max_length=60)
    document = models.TextField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    Meta = recorded_meta("exemption", KEY)


class LockRow(Recorded):
    """A person locked while 挂证 is looked into, or dead."""

    KEY = ("person_id",)
    person = _person()
    locked_from = models.DateField(null=True)
    locked_until = models.DateField(null=True)
    died_on = models.DateField(null=True)

    Meta = recorded_meta("lock", KEY)


class BirthdayRow(Recorded):
    """The birthday of somebody without a resident card, as a source tells it."""

    KEY = ("person_id",)
    person = _person()
    born_on = models.DateField(null=True)

    Meta = recorded_meta("birthday", KEY)


class ProjectRow(Recorded):
    """A project of an enterprise in the province.

    Red cards put it on the key-supervision list while it runs.
    """

    KEY = ("project_code", "credit_code", "qualification")
    project_code = models.CharField(max_length=80)
    credit_code = models.CharField(max_length=18)
    qualification = models.CharField(max_length=120)
    division_code = models.CharField(max_length=20, null=True)
    started_on = models.DateField(null=True)
    completed_on = models.DateField(null=True)

    Meta = recorded_meta(
        "project", KEY, models.Index(fields=["credit_code"], name="project_enterprise")
    )


class UnparsedRow(Recorded):
    """What of a rejected row could still be read.

    While the source says nothing better it can only help.
    """

    KEY = ("table_name", "credit_code", "profession", "person_id", "category")
    table_name = models.CharField(max_length=30)
    credit_code = models.CharField(max_length=18)  # '' = could be anyone's
    profession = models.CharField(max_length=60)
    person_id = models.BigIntegerField()  # 0 = could be anyone
    category = models.CharField(max_length=80)

    Meta = recorded_meta("unparsed", KEY)


class AcceptedFindingRow(Recorded):
    """A finding that an officer has determined or repaired.

    It does not warn again while so many are held.
    """

    KEY = ("credit_code", "category", "sub_item", "requirement")
    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80)
    sub_item = models.CharField(max_length=80)
    requirement = models.CharField(max_length=60)
    at_held = models.IntegerField()
    until = models.DateField(null=True)
    because = models.TextField()

    Meta = recorded_meta("accepted_finding", KEY)


class PlatformChange(models.Model):
    """One record that the platform pushed, in its order; the row itself lies encrypted.

    A malformed record has what of it could be read; without a number of its own no sequence.
    """

    change_id = models.CharField(max_length=100, unique=True)
    sequence = models.PositiveBigIntegerField(unique=True, null=True)
    claimed_sequence = models.PositiveBigIntegerField(null=True)  # the number of another record
    source = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=10, blank=True)
    digest = models.CharField(max_length=64)
    row = models.BinaryField()
    key_version = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    problem = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=150, blank=True)  # its release
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    because = models.TextField(blank=True)
    received_at = models.DateTimeField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="changes")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CHANGE_STATES), name="change_state_known"),
            models.CheckConstraint(
                condition=Q(action__in=("put", "remove", "")), name="change_action_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by="")
                | Q(state="rejected")
                | ~Q(proposed_by="") & ~Q(proposed_by=F("decided_by")),
                name="change_released_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.change_id}"


class Correction(models.Model):
    """One field of one row set right by an officer, on top of what the source says."""

    table = models.CharField(max_length=30)
    key = models.JSONField()
    field = models.CharField(max_length=40)
    source_value = models.JSONField(null=True)
    value = models.JSONField(null=True)
    because = models.TextField()
    document = models.TextField()
    review_on = models.DateField()
    corrected_by = models.CharField(max_length=150)
    corrected_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["table", "key", "field"],
                condition=Q(released_at__isnull=True),
                name="correction_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.table}.{self.field}"


TABLES: dict[str, type[Recorded]] = {
    "enterprises": EnterpriseRow,
    "items": ItemRow,
    "registrations": RegistrationRow,
    "contributions": ContributionRow,
    "exemptions": ExemptionRow,
    "locks": LockRow,
    "projects": ProjectRow,
    "birthdays": BirthdayRow,
    "unparsed": UnparsedRow,
    "accepted_findings": AcceptedFindingRow,
}
