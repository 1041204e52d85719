"""Identity numbers: encrypted where they lie, looked up by a keyed hash, shown masked."""

import hmac
import os
from collections.abc import Iterable, Sequence

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from qualwatch.privacy import masked
from qualwatch.registers.bulk import Staged, rows_of
from qualwatch.registers.models import Person

Identity = tuple[str, str]  # kind of document, number
NONCE = 12  # bytes, of AES-GCM


class CannotDecrypt(Exception):
    """The key of this version is not among the keys, or the stored bytes were altered."""


def lookup_of(identity: Identity) -> str:
    """The keyed hash under which an identity is found."""
    return hmac.digest(settings.LOOKUP_KEY, "\x1f".join(identity).encode(), "sha256").hex()


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
    """The row number of each person, made known where new. A new name or birthday replaces the old one's absence."""
    lookups = [lookup_of(one) for one in identities]
    with Staged({"lookup": pa.array(lookups, pa.string())}, "staged_person") as staged:
        query = f"SELECT p.lookup, p.id FROM registers_person p JOIN {staged} s ON s.lookup = p.lookup"
        known: dict[str, int] = dict(rows_of(query))
    version, born_on = newest_version(), born.to_pylist()
    new = [at for at, one in enumerate(lookups) if one not in known]
    for start in range(0, len(new), 5000):
        made = Person.objects.bulk_create(
            Person(
                lookup=lookups[at], key_version=version, identity=encrypted("\x1f".join(identities[at]), version),
                name=encrypted(names[at] or "", version) if names[at] else None, born_on=born_on[at],
            )
            for at in new[start : start + 5000]
        )  # fmt: skip
        known |= {one.lookup: one.pk for one in made}
    return pa.array([known[one] for one in lookups], pa.int64())


@transaction.atomic
def rotate(*, at_most: int = 100_000) -> int:
    """Encrypts people that are under an older key with the newest; how many were done. Run it until it says 0."""
    version, done = newest_version(), 0
    for person in Person.objects.select_for_update().exclude(key_version=version)[:at_most]:
        identity, name = "\x1f".join(identity_of(person)), name_of(person)
        person.identity = encrypted(identity, version)
        person.name = encrypted(name, version) if name else None
        person.key_version = version
        person.save(update_fields=["identity", "name", "key_version"])
        done += 1
    return done


def people_by_number(numbers: Iterable[int]) -> dict[int, Person]:
    """People by row number."""
    return Person.objects.in_bulk(list(numbers))
