"""Identity numbers: encrypted where they lie, looked up by a keyed hash, shown masked."""

import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from qualwatch.journal.actions import record
from qualwatch.privacy import masked
from qualwatch.registers.bulk import BATCH, Staged, fill, rows_of
from qualwatch.registers.models import Person, PlatformChange
from qualwatch.registers.tables import lock

Identity = tuple[str, str]  # kind of document, number
MANY = 500  # people from which a join finds them
PERSON = ["id", "lookup", "key_version", "identity", "name", "born_on"]
NONCE = 12  # bytes, of AES-GCM


class CannotDecrypt(Exception):
    """The key of this version is not among the keys, or the stored bytes were altered."""


def lookup_of(identity: Identity) -> str:
    """The keyed hash under which an identity is found."""
    return keyed_hash("\x1f".join(identity))


def keyed_hash(text: str) -> str:
    """HMAC-SHA-256 under the look-up key, 64 hexadecimal digits."""
    return hmac.digest(settings.LOOKUP_KEY, text.encode(), "sha256").hex()


def encrypted(text: str, version: str) -> bytes:
    """A text under one of the keys; the key's version is bound to it."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(settings.IDENTITY_KEYS[version]).encrypt(nonce, text.encode(), version.encode())


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def decrypted(stored: bytes | memoryview, version: str) -> str:
    """The text again; CannotDecrypt."""
    stored = bytes(stored)
    try:
        key = _cipher(settings.IDENTITY_KEYS[version])
        return key.decrypt(stored[:NONCE], stored[NONCE:], version.encode()).decode()
    except (KeyError, InvalidTag) as error:
        raise CannotDecrypt(version) from error


def newest_version() -> str:
    """The version of the key that is written with."""
    return list(settings.IDENTITY_KEYS)[-1]


def identity_of(person: Person) -> Identity:
    """Kind of document and number."""
    kind, number = decrypted(person.identity, person.key_version).split("\x1f")
    return kind, number


def mask_of(person: Person) -> str:
    """The number as officers see it."""
    return masked(identity_of(person)[1])


def name_of(person: Person) -> str:
    """The name, for officers with jurisdiction and the enterprise itself."""
    return decrypted(person.name, person.key_version) if person.name else ""


def numbers_of(identities: Sequence[Identity], names: Sequence[str | None], born: pa.Array) -> pa.Array:
    """The row number of each person, made known where new; a name or birthday that was missing is filled in."""
    lookups = [lookup_of(one) for one in identities]
    found = _found(lookups)
    places = {one: at for at, one in enumerate(lookups)}
    for one, (_number, named, dated) in found.items():
        at = places[one]
        if (names[at] and not named) or (born[at].is_valid and not dated):
            _fill_in(Person.objects.get(lookup=one), names[at], born[at].as_py())
    new = sorted(one for one in places if one not in found)  # as the index lies
    first = _next_number(len(new))
    fill("registers_person", PERSON, _parts([places[one] for one in new], first, lookups, identities, names, born))
    numbers = {one: number for one, (number, _named, _dated) in found.items()}
    numbers |= {one: number for number, one in enumerate(new, first)}
    return pa.array([numbers[one] for one in lookups], pa.int64())


def _found(lookups: Sequence[str]) -> dict[str, tuple[int, bool, bool]]:
    """Row number, and whether a name and a birthday are known, by lookup."""
    query = "SELECT p.lookup, p.id, p.name IS NOT NULL, p.born_on IS NOT NULL FROM registers_person p"
    if len(lookups) <= MANY:
        marks = ", ".join(["%s"] * len(lookups)) or "NULL"
        rows = rows_of(f"{query} WHERE p.lookup IN ({marks})", lookups)
    elif not Person.objects.exists():
        rows = []
    else:
        with Staged({"lookup": pa.array(lookups, pa.string())}, "staged_person") as staged:
            rows = rows_of(f"{query} JOIN {staged} s ON s.lookup = p.lookup")
    return {lookup: (number, bool(named), bool(dated)) for lookup, number, named, dated in rows}


def _next_number(count: int) -> int:
    """The first of so many row numbers that are nobody's; the registers are locked meanwhile."""
    last = Person.objects.aggregate(last=Max("id"))["last"] or 0
    if count and connection.vendor == "postgresql":
        rows_of("SELECT setval(pg_get_serial_sequence('registers_person', 'id'), %s)", [last + count])
    return int(last) + 1


def _parts(
    places: Sequence[int], first: int, lookups: Sequence[str], identities: Sequence[Identity],
    names: Sequence[str | None], born: pa.Array,
) -> Iterator[pa.Table]:  # fmt: skip
    """New people as rows of the table, encrypted part by part while the database writes the part before."""
    version = newest_version()
    for start in range(0, len(places), BATCH):
        part = places[start : start + BATCH]
        told = [names[at] for at in part]
        columns = [
            pa.array(range(first + start, first + start + len(part)), pa.int64()),
            pa.array([lookups[at] for at in part], pa.string()),
            pa.repeat(pa.scalar(version), len(part)),
            pa.array([encrypted("\x1f".join(identities[at]), version) for at in part], pa.binary()),
            pa.array([encrypted(one, version) if one else None for one in told], pa.binary()),
            born.take(pa.array(part, pa.int64())),
        ]
        yield pa.table(columns, PERSON)


def _fill_in(person: Person, name: str | None, born_on: date | None) -> None:
    if name and not person.name:
        person.name = encrypted(name, person.key_version)
    person.born_on = person.born_on or born_on
    person.save(update_fields=["name", "born_on"])


@transaction.atomic
def rotate(*, by: str, at: datetime, at_most: int = 100_000) -> int:
    """Encrypts what is under an older key with the newest; how many rows were done. Run it until it says 0."""
    lock()
    version, done = newest_version(), 0
    for person in Person.objects.exclude(key_version=version)[:at_most]:
        identity, name = "\x1f".join(identity_of(person)), name_of(person)
        person.identity = encrypted(identity, version)
        person.name = encrypted(name, version) if name else None
        person.key_version = version
        person.save(update_fields=["identity", "name", "key_version"])
        done += 1
    for change in PlatformChange.objects.exclude(key_version=version)[: at_most - done]:
        change.row = encrypted(decrypted(change.row, change.key_version), version)
        change.key_version = version
        change.save(update_fields=["row", "key_version"])
        done += 1
    if done:
        record(stream="keys", by=by, at=at, what="encrypted-anew", details={"version": version, "rows": done})
    return done


def people_by_number(numbers: Iterable[int]) -> dict[int, Person]:
    """People by row number."""
    return Person.objects.in_bulk(list(numbers))
