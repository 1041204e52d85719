"""The public copy and the feed of its changes. Nothing refers to a case or a person."""

from django.db import models
from django.db.models import Q

CARD_STATES = ("open", "cleared", "removed")
ANNOUNCED = ("service", "display", "decision")
STANDINGS = (
    "in-force",
    "red",
    "withdrawn",
    "ended",
    "unknown",
    "cannot-say",
)  # the same six everywhere
STORED_STANDINGS = (
    "in-force",
    "withdrawn",
    "ended",
)  # red comes from cards, the rest from what is not there


class RedCard(models.Model):
    """A published red card; of a removed one only the number is stored."""

    number = models.CharField(max_length=40, unique=True)
    credit_code = models.CharField(max_length=18, blank=True, db_index=True)
    enterprise = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=80, blank=True)
    sub_item = models.CharField(max_length=80, blank=True)
    qualification = models.CharField(max_length=120, blank=True)
    grade = models.CharField(max_length=30, blank=True)
    area = models.CharField(max_length=30, blank=True)
    authority = models.CharField(max_length=200, blank=True)
    requirements = models.JSONField(default=list)  # text, required, held; no person
    published_on = models.DateField()
    ends_on = models.DateField(null=True)  # of the red period, once the order has been served
    # days off of its time are not published yet: it may be later
    is_provisional = models.BooleanField(default=False)
    state = models.CharField(max_length=10, default="open")
    ended_on = models.DateField(null=True)
    because = models.CharField(max_length=40, blank=True)
    hidden_from = models.DateField(null=True)  # of a cleared one: when its retention is over

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CARD_STATES), name="red_card_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", ended_on=None)
                | Q(state__in=CARD_STATES[1:], ended_on__isnull=False),
                name="red_card_ended_if_not_open",
            ),
            models.CheckConstraint(
                condition=~Q(state="removed") | Q(credit_code="", enterprise=""),
                name="red_card_removed_is_empty",
            ),
        ]
        indexes = [models.Index(fields=["state", "published_on"], name="red_card_list")]

    def __str__(self) -> str:
        return self.number


class Announcement(models.Model):
    """A notice to the public: service by public notice, a display, a decision.

    Of a removed one only the number is stored.
    """

    number = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=300, blank=True)
    enterprise = models.CharField(max_length=200, blank=True)
    credit_code = models.CharField(max_length=18, blank=True, db_index=True)
    body = models.TextField(blank=True)
    published_on = models.DateField()
    ends_on = models.DateField(null=True)
    is_provisional = models.BooleanField(default=False)  # as of a red card
    # of the red card that it follows from
    card_number = models.CharField(max_length=40, blank=True, db_index=True)
    is_removed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ANNOUNCED), name="announcement_kind_known"),
            models.CheckConstraint(
                condition=Q(is_removed=False) | Q(credit_code="", enterprise="", body=""),
                name="announcement_removed_is_empty",
            ),
        ]
        indexes = [models.Index(fields=["kind", "published_on"], name="announcement_list")]

    def __str__(self) -> str:
        return self.number


class SigningKey(models.Model):
    """A public key by which seals and evidence packs are verified, and when it was used."""

    number = models.CharField(max_length=16, unique=True)  # the beginning of its SHA-256
    public_key = models.CharField(max_length=64)  # Ed25519, 64 hexadecimal digits
    used_from = models.DateField()
    used_until = models.DateField(null=True)  # the day on which the next key began

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_until=None) | Q(used_until__gte=models.F("used_from")),
                name="signing_key_until_later",
            )
        ]

    def __str__(self) -> str:
        return self.number


class Enterprise(models.Model):
    """An enterprise as the public may find it.

    `names` is every name it had, as searched in, newest first. `former_names` has a line for each
    former one, the newest first: the day from which the register has another, a tab, the name.
    """

    credit_code = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    names = models.TextField()
    former_names = models.TextField(default="", blank=True)
    area = models.CharField(max_length=30, blank=True)  # supervising
    is_in_register = models.BooleanField(default=False)
    registered_on = models.DateField(null=True)  # on the platform: the day of its first account

    class Meta:
        indexes = [models.Index(fields=["area"], name="enterprise_area")]

    def __str__(self) -> str:
        return f"{self.credit_code} {self.name}"


class QuarterFigures(models.Model):
    """The figures of a quarter in one supervising area ('' = outside any).

    Red cards, withdrawals, timeliness.
    """

    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    area = models.CharField(max_length=30, blank=True)
    figures = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "quarter", "area"], name="quarter_figures_once")
        ]

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter} {self.area}"


class Standing(models.Model):
    """What the register says of an item from one day to another."""

    credit_code = models.CharField(max_length=18)
    category = models.CharField(max_length=80)
    sub_item = models.CharField(max_length=80)
    enterprise = models.CharField(max_length=200)
    qualification = models.CharField(max_length=120)
    grade = models.CharField(max_length=30)
    standing = models.CharField(max_length=12)
    because = models.CharField(max_length=40, blank=True)
    valid_to = models.DateField(null=True)  # of one in force: the last day by its certificate
    from_on = models.DateField()
    to_on = models.DateField(null=True)  # the first day on which it no longer held

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code", "category", "sub_item"],
                condition=Q(to_on=None),
                name="standing_current_once",
            ),
            models.CheckConstraint(
                condition=Q(standing__in=STORED_STANDINGS), name="standing_known"
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gt=models.F("from_on")),
                name="standing_ends_later",
            ),
        ]
        indexes = [models.Index(fields=["credit_code", "from_on"], name="standing_of_enterprise")]

    def __str__(self) -> str:
        return f"{self.credit_code} {self.category} {self.standing}"


class Freshness(models.Model):
    """How old the registers were when somebody last looked, and how old they may be."""

    day = models.DateField(unique=True)
    loaded = models.JSONField()  # table: the day whose list was the newest, or null
    limit_days = models.PositiveIntegerField()  # older lists say nothing of an item
    # registers that cards rest on, but no standing: table -> [day, limit]
    others = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.day}"


class FeedEntry(models.Model):
    """One change of the public copy. `sequence` has no gaps."""

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=100)
    # the row as it is from now on; null = it is no longer public
    body = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class FeedClock(models.Model):
    """The one row that every write to the public copy locks first."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveBigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)  # of what is public beside the feed

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(number=1), name="one_feed_clock")]


class Snapshot(models.Model):
    """The public copy at the close of a day: what replaying the feed up to `sequence` gives."""

    day = models.DateField(unique=True)
    sequence = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.day}"
