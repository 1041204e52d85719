"""Telling enterprises and authorities: in-platform inbox always, other ways where an account has an address."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.cases.competence import authority_of
from qualwatch.cases.models import Case, Delivery, Document, Notice, Task
from qualwatch.cases.recipient import Recipient
from qualwatch.outbox.actions import enqueue
from qualwatch.outbox.models import Message

INBOX, EMAIL, SMS, WEBHOOK = "in-platform", "email", "sms", "webhook"
LETTER = "letter"  # the task of a city whose enterprise has no account


@dataclass(frozen=True, slots=True)
class Notification:
    """What is written to an enterprise and its authorities (or to some of them), mostly about a case.

    Without a case `recipient` is the enterprise; it may be missing where only authorities are written to.
    """

    case: Case | None
    kind: str
    subject: str
    body: str
    to_enterprise: bool = True
    to_authorities: tuple[str, ...] | None = None  # None: the competent one and that of the place
    document: Document | None = None
    recipient: Recipient | None = None  # None: the enterprise of the case

    @property
    def enterprise(self) -> Recipient:
        """The enterprise concerned."""
        if self.case is not None:
            return Recipient.of_case(self.case)
        return self.recipient or Recipient("", "")


def notify(all_said: Iterable[Notification], at: datetime) -> None:
    """Puts notices into inboxes, and messages for the other channels into the outbox; in the act's transaction."""
    all_said = list(all_said)
    accounts = _accounts_of(
        {
            notification.enterprise.credit_code
            for notification in all_said
            if notification.to_enterprise
        }
    )
    notices, whose = [], []
    for notification in all_said:
        enterprise = notification.enterprise
        authorities = notification.to_authorities
        if authorities is None:
            authorities = tuple(sorted({enterprise.authority, authority_of(enterprise.area)}))
        told: dict[str, Any] = {
            "case": notification.case,
            "kind": notification.kind,
            "subject": notification.subject[:200],
            "body": notification.body,
            "posted_at": at,
            "document": notification.document,
        }
        if notification.to_enterprise:
            notices.append(Notice(credit_code=enterprise.credit_code, **told))
            whose.append(accounts.get(enterprise.credit_code, []))
        notices += [Notice(organisation=slug, **told) for slug in authorities]
        whose += [[] for _slug in authorities]
    Notice.objects.bulk_create(notices, batch_size=1000)
    deliveries, messages, letters = [], [], []
    for notice, people in zip(notices, whose, strict=True):
        if notice.credit_code and not people:
            letters.append(notice)
            continue
        recipient = notice.credit_code or notice.organisation
        deliveries.append(
            Delivery(notice=notice, channel=INBOX, recipient=recipient, delivered_at=at)
        )
        for channel, address in _others(people):
            deliveries.append(Delivery(notice=notice, channel=channel, recipient=address))
            key = f"notice/{notice.pk}/{channel}/{address}"
            messages.append(
                Message(
                    key=key,
                    channel=channel,
                    recipient=address,
                    subject=notice.subject,
                    body=notice.body,
                    queued_at=at,
                    not_before=at,
                )
            )
    Delivery.objects.bulk_create(deliveries, batch_size=1000)
    enqueue(messages)
    _letters(letters, at)


def has_account(credit_code: str) -> bool:
    """Whether somebody of the enterprise can read what is told."""
    return bool(_accounts_of({credit_code}))


def _accounts_of(codes: set[str]) -> Mapping[str, list[Account]]:
    found: dict[str, list[Account]] = defaultdict(list)
    accounts = Account.objects.filter(is_active=True, organisation__credit_code__in=codes - {""})
    for account in accounts.select_related("organisation").order_by("pk"):
        if account.organisation is not None:
            found[account.organisation.credit_code].append(account)
    return found


def _others(people: Iterable[Account]) -> list[tuple[str, str]]:
    """Channel and address of everything besides the inbox: accounts' e-mail, their phones, the platform's own hook."""
    people = list(people)
    found = {(EMAIL, account.email) for account in people if account.email}
    if settings.SMS_GATEWAY:
        found |= {(SMS, account.phone) for account in people if account.phone}
    if settings.WEBHOOK and people:
        found.add((WEBHOOK, settings.WEBHOOK))
    return sorted(found)


def _letters(notices: list[Notice], at: datetime) -> None:
    """A task for the city: a letter, and inviting the enterprise to register on the platform."""
    waiting = set(
        Task.objects.filter(
            kind=LETTER, completed_on=None, case__in=[one.case_id for one in notices]
        ).values_list("case_id", flat=True)
    )
    made: dict[int, Task] = {}
    for notice in notices:
        if notice.case is not None and notice.case.pk not in waiting:
            where = authority_of(notice.case.area)
            made[notice.case.pk] = Task(
                case=notice.case, kind=LETTER, organisation=where, opened_on=timezone.localdate(at)
            )
    Task.objects.bulk_create(made.values(), batch_size=1000)


def record_sent(message: Message, at: datetime) -> None:
    """A message of a notice has gone out: its delivery is dated."""
    kind, _slash, rest = message.key.partition("/")
    if kind == "notice":
        number, channel, recipient = rest.split("/", 2)
        Delivery.objects.filter(
            notice_id=int(number), channel=channel, recipient=recipient, delivered_at=None
        ).update(delivered_at=at)
