"""Writing the journal: an entry goes into the transaction of the act itself, or the act does not
happen.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from qualwatch.journal.keys import private_key
from qualwatch.journal.models import Entry, Seal, Stream
from qualwatch.journal.proofs import digest_of, root_of, seal_digest
from qualwatch.privacy import hidden, hidden_in


class NotInAnAction(Exception):
    """A journal entry outside a transaction would stay although its act is undone."""


def content_of(entry: Entry) -> dict[str, Any]:
    """What an entry's digest binds."""
    return {
        "stream": entry.stream,
        "number": entry.number,
        "recorded_at": entry.recorded_at.timestamp(),
        "by": entry.by,
        "what": entry.what,
        "basis": entry.basis,
        "before": entry.before,
        "after": entry.after,
        "details": entry.details,
        "previous": entry.previous,
    }


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One entry to be made. `before` and `after` are kept as digests.

    Details hold no identity number.
    """

    stream: str
    what: str
    basis: str = ""
    before: Any = None
    after: Any = None
    details: Mapping[str, Any] | None = None


def record(  # noqa: PLR0913  # keyword-only: each is a column
    *,
    stream: str,
    by: str,
    at: datetime,
    what: str,
    basis: str = "",
    before: Any = None,
    after: Any = None,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """The next entry of a stream."""
    return record_all([NewEntry(stream, what, basis, before, after, details)], by=by, at=at)[0]


def record_all(entries: Sequence[NewEntry], *, by: str, at: datetime) -> list[Entry]:
    """The next entries of their streams, in the order given."""
    if not connection.in_atomic_block:
        raise NotInAnAction(entries[0].what if entries else "")
    # one order for everybody: two acts on the same streams cannot deadlock
    names = sorted({entry.stream for entry in entries})
    heads = _locked(names)
    if len(heads) < len(names):
        Stream.objects.bulk_create(
            [Stream(name=name) for name in names if name not in heads], ignore_conflicts=True
        )
        heads = _locked(names)
    # the heads are locked: numbers have no gaps and each digest follows the one before
    recorded = [_next(heads[entry.stream], entry, by, at) for entry in entries]
    Entry.objects.bulk_create(recorded)
    Stream.objects.bulk_update(heads.values(), ["length", "head"], batch_size=500)
    return recorded


def _locked(names: Sequence[str]) -> dict[str, Stream]:
    return {
        stream.name: stream
        for stream in Stream.objects.select_for_update().filter(name__in=names).order_by("name")
    }


def _next(head: Stream, new_entry: NewEntry, by: str, at: datetime) -> Entry:
    entry = Entry(
        stream=new_entry.stream,
        number=head.length + 1,
        recorded_at=at,
        by=by,
        what=new_entry.what,
        basis=hidden(new_entry.basis),
        before="" if new_entry.before is None else digest_of(new_entry.before),
        after="" if new_entry.after is None else digest_of(new_entry.after),
        # masked once more here, whatever the caller has put into the details
        details=hidden_in(json.loads(json.dumps(new_entry.details or {}, default=str))),
        previous=head.head,
    )
    entry.digest = digest_of(content_of(entry))
    head.length, head.head = entry.number, entry.digest
    return entry


@transaction.atomic
def seal(*, day: date) -> Seal:
    """The signed seal of all stream heads of a day; a day is sealed once."""
    existing = Seal.objects.filter(day=day).first()
    if existing:
        return existing
    last = Seal.objects.order_by("-id").first()
    heads = [
        list(one) for one in Stream.objects.order_by("name").values_list("name", "length", "head")
    ]
    key = private_key()
    new_seal = Seal(day=day, heads=heads, previous=last.digest if last else "")
    new_seal.digest = seal_digest(day.isoformat(), root_of(heads), new_seal.previous)
    new_seal.signature = key.sign(new_seal.digest.encode()).hex()
    new_seal.public_key = key.public_key().public_bytes_raw().hex()
    new_seal.save(force_insert=True)
    return new_seal
