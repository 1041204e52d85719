"""Ways out of the outbox: e-mail, text messages and a webhook. Each raises whatever goes wrong.

The outbox tries again.

SMS: `POST QUALWATCH_SMS_URL` with `{"key", "to", "text"}`. Webhook: `POST` to the address with
`{"key", "subject", "body"}`. Both are JSON and carry `X-Qualwatch-Signature: sha256=` HMAC-SHA-256
of the body under the secret in QUALWATCH_HOOK_SECRET; anything but a 2xx is a failed attempt. `key`
is the same at every attempt.
"""

import hashlib
import hmac
import json
import urllib.request
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from qualwatch.outbox.models import Message

SECONDS = 10  # to wait for a gateway
SUCCESS_STATUSES = range(200, 300)


class NoSuchChannel(Exception):
    """No adapter for the channel of a message."""


class NotAccepted(Exception):
    """The gateway answered without success."""


def send(message: Message) -> None:
    """Sends one message by its channel."""
    if message.channel == "email":
        mail = EmailMessage(message.subject, message.body, None, [message.recipient])
        mail.extra_headers["Message-ID"] = (
            f"<{hashlib.sha256(message.key.encode()).hexdigest()}@qualwatch>"
        )
        mail.send()
    elif message.channel == "sms":
        _post(
            settings.SMS_GATEWAY,
            {"key": message.key, "to": message.recipient, "text": message.body},
        )
    elif message.channel == "webhook":
        payload = {"key": message.key, "subject": message.subject, "body": message.body}
        _post(message.recipient, payload)
    else:
        raise NoSuchChannel(message.channel)


def _post(address: str, payload: dict[str, Any]) -> None:
    if not address.startswith(("http://", "https://")):
        raise NotAccepted(address)
    body = json.dumps(payload, ensure_ascii=False).encode()
    signature = hmac.digest(settings.HOOK_SECRET.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Qualwatch-Signature": f"sha256={signature}"}
    request = urllib.request.Request(address, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        if answer.status not in SUCCESS_STATUSES:
            raise NotAccepted(str(answer.status))
