"""Organisations, accounts, the roles that they hold, tokens of machines."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from qualwatch.procedure.roles import ROLES

KINDS = ("housing-authority", "approval-bureau", "enterprise", "platform")


class Organisation(models.Model):
    """An authority, a bureau, an enterprise, a platform. `area`: a city's slug.

    Area '' of an authority or bureau is the province. Its letters name contact, telephone and
    address.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    area = models.CharField(max_length=30, blank=True)
    credit_code = models.CharField(max_length=18, blank=True)
    # how an authority is reached: where and when papers are collected; whom its letters name
    address = models.CharField(max_length=200, blank=True)
    office_hours = models.CharField(max_length=100, blank=True)
    telephone = models.CharField(max_length=40, blank=True)
    contact = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=KINDS), name="organisation_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="enterprise") ^ models.Q(credit_code=""),
                name="organisation_code_if_enterprise",
            ),
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~models.Q(credit_code=""),
                name="organisation_of_enterprise_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Account(AbstractUser):
    """A person who logs in. Early warning is switched on account by account (notice 4(1))."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="accounts", null=True
    )
    has_early_warning_permission = models.BooleanField(default=False)
    phone = models.CharField(max_length=20, blank=True)  # for text messages, where a gateway is set

    REQUIRED_FIELDS = []


class RoleAssignment(models.Model):
    """A role that an account holds."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "role"], name="role_assigned_once"),
            models.CheckConstraint(condition=models.Q(role__in=list(ROLES)), name="role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.role}"


class MachineToken(models.Model):
    """A machine's token, of which only the hash is stored.

    `ends_at`: when a rotated token ends.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tokens")
    hashed = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.organisation} {self.created_at}"
