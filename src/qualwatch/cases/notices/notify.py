"""Notices to enterprises and authorities: the inbox, and other channels of an account."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.cases.competence import authority_of
from qualwatch.cases.models import Case, Delivery, Document, Notice, Task
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.tasks import LETTER, new_task, open_tasks
from qualwatch.outbox.actions import enqueue
from qualwatch.outbox.models import Message

INBOX, EMAIL, SMS, WEBHOOK = "in-platform", "email", "sms", "webhook"
LONGEST_SUBJECT, ROWS_AT_ONCE = 200, 1000
# Capabilities of accounts that act for an authority; an auditor has none of them.
ACTING = ("propose", "sign", "serve", "withdraw", "sign-withdrawal")
AccountsByCode = Mapping[str, list[Account]]


@dataclass(frozen=True, slots=True)
class Notification:
    """A notice to an enterprise, mostly about its case, and to authorities by slug."""

    case: Case | None
    kind: str
    subject: str
    body: str
    to_enterprise: bool = True
    # None: the competent authority and that of the place of registration.
    to_authorities: tuple[str, ...] | None = None
    document: Document | None = None
    # Where there is no case.
    recipient: Recipient | None = None
    # Accounts of the authorities with one of these get a message by their other channels too.
    message_capabilities: tuple[str, ...] = ()

    @property
    def enterprise(self) -> Recipient:
        """The enterprise concerned; empty where only authorities are notified."""
        if self.case is not None:
            return Recipient.of_case(self.case)
        return self.recipient or Recipient("", "")

    @property
    def authorities(self) -> tuple[str, ...]:
        """The slugs of the authorities notified."""
        if self.to_authorities is not None:
            return self.to_authorities
        return tuple(sorted({self.enterprise.authority, authority_of(self.enterprise.area)}))


def notify(notifications: Iterable[Notification], at: datetime) -> None:
    """Puts notices into inboxes and messages for other channels into the outbox.

    In the act's transaction. An enterprise without an account gets a letter: a task.
    """
    notifications = list(notifications)
    codes = {row.enterprise.credit_code for row in notifications if row.to_enterprise}
    accounts = _accounts_of(codes)
    addressed = [(row, notice) for row in notifications for notice in _notices_of(row, at)]
    Notice.objects.bulk_create([notice for _row, notice in addressed], batch_size=ROWS_AT_ONCE)
    deliveries: list[Delivery] = []
    messages: list[Message] = []
    without_account: list[Notice] = []
    for row, notice in addressed:
        people = accounts.get(notice.credit_code, []) if notice.credit_code else []
        if notice.organisation and row.message_capabilities:
            people = _seats_of(notice.organisation, row.message_capabilities)
        if notice.credit_code and not people:
            without_account.append(notice)
            continue
        deliveries += _deliveries_of(notice, people, at)
        messages += [_message_of(notice, *channel, at) for channel in _other_channels(people)]
    Delivery.objects.bulk_create(deliveries, batch_size=ROWS_AT_ONCE)
    enqueue(messages)
    _open_letter_tasks(without_account, at)


def _notices_of(notification: Notification, at: datetime) -> list[Notice]:
    """One notice for the enterprise, and one for each authority; not saved."""
    recipients: list[dict[str, str]] = []
    if notification.to_enterprise:
        recipients.append({"credit_code": notification.enterprise.credit_code})
    recipients += [{"organisation": slug} for slug in notification.authorities]
    return [
        Notice(
            case=notification.case,
            kind=notification.kind,
            subject=notification.subject[:LONGEST_SUBJECT],
            body=notification.body,
            posted_at=at,
            document=notification.document,
            **recipient,
        )
        for recipient in recipients
    ]


def _deliveries_of(notice: Notice, people: Sequence[Account], at: datetime) -> list[Delivery]:
    recipient = notice.credit_code or notice.organisation
    inbox = Delivery(notice=notice, channel=INBOX, recipient=recipient, delivered_at=at)
    others = [
        Delivery(notice=notice, channel=channel, recipient=address)
        for channel, address in _other_channels(people)
    ]
    return [inbox, *others]


def _message_of(notice: Notice, channel: str, address: str, at: datetime) -> Message:
    return Message(
        key=f"notice/{notice.pk}/{channel}/{address}",
        channel=channel,
        recipient=address,
        subject=notice.subject,
        body=notice.body,
        queued_at=at,
        not_before=at,
    )


def has_account(credit_code: str) -> bool:
    """Whether somebody of the enterprise can read its notices on the platform."""
    return bool(_accounts_of({credit_code}))


def has_seat(slug: str) -> bool:
    """Whether an authority has an account that acts for it; '' has none."""
    return bool(_seats_of(slug, ACTING))


def _seats_of(slug: str, capabilities: Iterable[str]) -> list[Account]:
    """Active accounts of an authority with one of the capabilities."""
    accounts = Account.objects.filter(is_active=True, organisation__slug=slug) if slug else []
    return [
        account
        for account in accounts
        if any(has_capability(account, capability) for capability in capabilities)
    ]


def codes_with_account(codes: Iterable[str]) -> set[str]:
    """The credit codes of enterprises of which somebody can read its notices on the platform."""
    return set(_accounts_of(set(codes)))


def _accounts_of(codes: set[str]) -> AccountsByCode:
    """Active accounts by the credit code of their enterprise."""
    by_code: dict[str, list[Account]] = defaultdict(list)
    accounts = Account.objects.filter(is_active=True, organisation__credit_code__in=codes - {""})
    for account in accounts.select_related("organisation").order_by("pk"):
        if account.organisation is not None:
            by_code[account.organisation.credit_code].append(account)
    return by_code


def _other_channels(people: Sequence[Account]) -> list[tuple[str, str]]:
    """Channel and address besides the inbox: e-mail, phones, the platform's own webhook."""
    channels = {(EMAIL, account.email) for account in people if account.email}
    if settings.SMS_GATEWAY:
        channels |= {(SMS, account.phone) for account in people if account.phone}
    if settings.WEBHOOK and people:
        channels.add((WEBHOOK, settings.WEBHOOK))
    return sorted(channels)


def _open_letter_tasks(notices: Sequence[Notice], at: datetime) -> None:
    """A task of the city for each case: a letter, inviting the enterprise to the platform."""
    cases = [notice.case_id for notice in notices]
    waiting = set(open_tasks(LETTER).filter(case__in=cases).values_list("case_id", flat=True))
    opened_on = timezone.localdate(at)
    tasks: dict[int, Task] = {}
    for notice in notices:
        case = notice.case
        if case is not None and case.pk not in waiting:
            tasks[case.pk] = new_task(case, LETTER, opened_on=opened_on)
    Task.objects.bulk_create(tasks.values(), batch_size=ROWS_AT_ONCE)


def record_sent(message: Message, at: datetime) -> None:
    """Dates the delivery of a notice whose message was sent."""
    kind, _slash, rest = message.key.partition("/")
    if kind == "notice":
        number, channel, recipient = rest.split("/", 2)
        Delivery.objects.filter(
            notice_id=int(number), channel=channel, recipient=recipient, delivered_at=None
        ).update(delivered_at=at)
