"""Writing the journal: an entry goes into the transaction of the act itself, or the act does not happen."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from qualwatch.journal.models import Entry, Seal, Stream
from qualwatch.privacy import hidden


class NotInAnAction(Exception):
    """A journal entry outside a transaction would stay although its act is undone."""


def digest_of(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(entry: Entry) -> dict[str, Any]:
    """What an entry's digest binds."""
    return {
        "stream": entry.stream, "number": entry.number, "recorded_at": entry.recorded_at.timestamp(), "by": entry.by,
        "what": entry.what, "basis": entry.basis, "before": entry.before, "after": entry.after,
        "details": entry.details, "previous": entry.previous,
    }  # fmt: skip


def record(
    *, stream: str, by: str, at: datetime, what: str, basis: str = "", before: Any = None, after: Any = None,
    details: Mapping[str, Any] | None = None,
) -> Entry:  # fmt: skip
    """The next entry of a stream. `before` and `after` are kept as digests; details hold no identity number."""
    if not connection.in_atomic_block:
        raise NotInAnAction(what)
    locked = Stream.objects.select_for_update()
    head = locked.filter(name=stream).first()
    if head is None:
        Stream.objects.get_or_create(name=stream)
        head = locked.get(name=stream)
    entry = Entry(
        stream=stream, number=head.length + 1, recorded_at=at, by=by, what=what, basis=hidden(basis),
        before="" if before is None else digest_of(before), after="" if after is None else digest_of(after),
        details=json.loads(hidden(json.dumps(details or {}, default=str, ensure_ascii=False))), previous=head.head,
    )  # fmt: skip
    entry.digest = digest_of(content_of(entry))
    entry.save(force_insert=True)
    Stream.objects.filter(name=stream).update(length=entry.number, head=entry.digest)
    return entry


@transaction.atomic
def seal(*, day: date) -> Seal:
    """The signed seal of all stream heads of a day; a day is sealed once."""
    known = Seal.objects.filter(day=day).first()
    if known:
        return known
    last = Seal.objects.order_by("-id").first()
    heads = [list(one) for one in Stream.objects.order_by("name").values_list("name", "length", "head")]
    key = Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)
    found = Seal(day=day, heads=heads, previous=last.digest if last else "")
    found.digest = digest_of([day.isoformat(), heads, found.previous])
    found.signature = key.sign(found.digest.encode()).hex()
    found.public_key = key.public_key().public_bytes_raw().hex()
    found.save(force_insert=True)
    return found
