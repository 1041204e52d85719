"""Identity numbers: encrypted where they lie, looked up by a keyed hash, shown masked."""

import hmac
import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from qualwatch.journal.actions import record
from qualwatch.privacy import masked
from qualwatch.registers.bulk import Staged, execute, rows_of
from qualwatch.registers.models import Person, PlatformChange
from qualwatch.registers.tables import lock

Identity = tuple[str, str]  # kind of document, number
FEW = 500  # people looked up by name instead of by a join
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
    return nonce + AESGCM(settings.IDENTITY_KEYS[version]).encrypt(nonce, text.encode(), version.encode())


def decrypted(stored: bytes | memoryview, version: str) -> str:
    """The text again; CannotDecrypt."""
    stored = bytes(stored)
    try:
        key = AESGCM(settings.IDENTITY_KEYS[version])
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
    _make_known([at for one, at in places.items() if one not in found], lookups, identities, names, born)
    if len(found) < len(places):
        found |= _found([one for one in places if one not in found])
    for one, (number, named, dated) in found.items():
        at = places[one]
        if (names[at] and not named) or (born[at].is_valid and not dated):
            _fill_in(Person.objects.get(pk=number), names[at], born[at].as_py())
    return pa.array([found[one][0] for one in lookups], pa.int64())


def _found(lookups: Sequence[str]) -> dict[str, tuple[int, bool, bool]]:
    """Row number, and whether a name and a birthday are known, by lookup."""
    query = "SELECT p.lookup, p.id, p.name IS NOT NULL, p.born_on IS NOT NULL FROM registers_person p"
    if len(lookups) <= FEW:
        marks = ", ".join(["%s"] * len(lookups)) or "NULL"
        rows = rows_of(f"{query} WHERE p.lookup IN ({marks})", lookups)
    else:
        with Staged({"lookup": pa.array(lookups, pa.string())}, "staged_person") as staged:
            rows = rows_of(f"{query} JOIN {staged} s ON s.lookup = p.lookup")
    return {lookup: (number, bool(named), bool(dated)) for lookup, number, named, dated in rows}


def _make_known(
    places: Sequence[int], lookups: Sequence[str], identities: Sequence[Identity], names: Sequence[str | None],
    born: pa.Array,
) -> None:  # fmt: skip
    if not places:
        return
    version = newest_version()
    told = [names[at] for at in places]
    columns = {
        "lookup": pa.array([lookups[at] for at in places], pa.string()),
        "key_version": pa.repeat(pa.scalar(version), len(places)),
        "identity": pa.array([encrypted("\x1f".join(identities[at]), version) for at in places], pa.binary()),
        "name": pa.array([encrypted(one, version) if one else None for one in told], pa.binary()),
        "born_on": born.take(pa.array(places, pa.int64())),
    }
    with Staged(columns, "staged_person") as staged:
        listed = ", ".join(columns)
        execute(
            f"INSERT INTO registers_person ({listed}) SELECT {listed} FROM {staged} ORDER BY lookup"
        )  # as the index lies


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
