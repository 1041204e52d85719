"""Identity numbers: stored encrypted, looked up by a keyed hash, shown masked."""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from qualwatch import ciphers
from qualwatch.ciphers import newest_version
from qualwatch.journal.actions import record
from qualwatch.privacy import masked
from qualwatch.registers.bulk import BATCH, Staged, fill, rows_of, table_of
from qualwatch.registers.models import Person, PlatformChange
from qualwatch.registers.tables import lock

Identity = tuple[str, str]  # kind of document, number
MAX_IN_LIST = 500  # people from which a join finds them
SCAN_RATIO = 4  # a person in so many is looked up by name
PRESENCE_COLUMNS = {"is_named": "p.name", "is_dated": "p.born_on"}
EXISTING_SCHEMA = pa.schema(
    [
        ("lookup", pa.string()),
        ("id", pa.int64()),
        *((name, pa.int32()) for name in PRESENCE_COLUMNS),
    ]
)
PERSON = ["id", "lookup", "key_version", "identity", "name", "born_on"]


def keyed_hash(text: str) -> str:
    """HMAC-SHA-256 under the look-up key, 64 hexadecimal digits."""
    return keyed_hashes([text])[0]


def keyed_hashes(texts: Iterable[str]) -> list[str]:
    """The keyed hash of each text; a person is looked up by that of kind and number."""
    key, digest = settings.LOOKUP_KEY, hmac.digest
    return [digest(key, text.encode(), "sha256").hex() for text in texts]


def encrypted(text: str, version: str) -> bytes:
    """A text under one of the keys; the key's version is bound to it."""
    return ciphers.encrypted([text.encode()], version)[0]


def _encrypted(texts: Sequence[str], version: str) -> list[bytes]:
    return ciphers.encrypted([text.encode() for text in texts], version)


def decrypted(stored: bytes | memoryview, version: str) -> str:
    """The decrypted text; CannotDecrypt."""
    return ciphers.decrypted(stored, version).decode()


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


def numbers_of(
    identities: Sequence[Identity], names: Sequence[str | None], born: pa.Array
) -> pa.Array:
    """The row number of each person; new people are stored.

    A missing name or birthday is filled in.
    """
    lookups = keyed_hashes(map("\x1f".join, identities))
    lookup_array = pa.array(lookups, pa.string())
    existing = _known(lookup_array)
    # null where the person is new
    at = pc.index_in(lookup_array, value_set=existing.column("lookup"))
    named = pa.array([bool(name) for name in names], pa.bool_())
    to_name = pc.and_(named, pc.equal(existing.column("is_named").take(at), 0))
    to_date = pc.and_(pc.is_valid(born), pc.equal(existing.column("is_dated").take(at), 0))
    for position in pc.indices_nonzero(pc.or_(to_name, to_date).fill_null(False)).to_pylist():
        _fill_in(
            Person.objects.get(lookup=lookups[position]), names[position], born[position].as_py()
        )
    new = pc.indices_nonzero(pc.is_null(at))
    new = new.take(pc.sort_indices(lookup_array.take(new)))  # as the index lies
    first = _next_number(len(new))
    fill(
        "registers_person", PERSON, _parts(new.to_pylist(), first, lookups, identities, names, born)
    )
    numbers = pa.chunked_array(
        [*existing.column("id").chunks, pa.array(range(first, first + len(new)), pa.int64())],
        pa.int64(),
    )
    all_lookups = pa.chunked_array(
        [*existing.column("lookup").chunks, lookup_array.take(new)], pa.string()
    )
    return numbers.take(pc.index_in(lookup_array, value_set=all_lookups)).combine_chunks()


def _known(lookups: pa.Array) -> pa.Table:
    """The people on record among those looked up.

    Their look-up hash and row number, and whether name and birthday are stored.
    """
    columns = {"lookup": "p.lookup", "id": "p.id"}
    columns |= {
        name: f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END"
        for name, column in PRESENCE_COLUMNS.items()
    }
    people = "FROM registers_person p"
    if len(lookups) <= MAX_IN_LIST:
        marks = ", ".join(["%s"] * len(lookups)) or "NULL"
        return table_of(
            columns, EXISTING_SCHEMA, f"{people} WHERE p.lookup IN ({marks})", lookups.to_pylist()
        )
    # all of them are read sooner than most are looked up
    if len(lookups) * SCAN_RATIO >= Person.objects.count():
        return table_of(columns, EXISTING_SCHEMA, people)
    with Staged({"lookup": lookups}, "staged_person") as staged:
        return table_of(
            columns, EXISTING_SCHEMA, f"{people} JOIN {staged} s ON s.lookup = p.lookup"
        )


def _next_number(count: int) -> int:
    """The first of `count` unused row numbers; the registers are locked meanwhile."""
    last = Person.objects.aggregate(last=Max("id"))["last"] or 0
    if count and connection.vendor == "postgresql":
        rows_of(
            # the rows come with numbers of their own: the sequence has to go past them
            "SELECT setval(pg_get_serial_sequence('registers_person', 'id'), %s)",
            [last + count],
        )
    return int(last) + 1


def _parts(
    places: Sequence[int],
    first: int,
    lookups: Sequence[str],
    identities: Sequence[Identity],
    names: Sequence[str | None],
    born: pa.Array,
) -> Iterator[pa.Table]:
    """Rows of new people, in parts: one is encrypted while the database writes the one before."""
    version, named = newest_version(), pa.array([bool(name) for name in names], pa.bool_())
    for start in range(0, len(places), BATCH):
        part = places[start : start + BATCH]
        which, part_names = pa.array(part, pa.int64()), [names[at] or "" for at in part]
        columns = [
            pa.array(range(first + start, first + start + len(part)), pa.int64()),
            pa.array([lookups[at] for at in part], pa.string()),
            pa.repeat(pa.scalar(version), len(part)),
            pa.array(
                _encrypted(["\x1f".join(identities[at]) for at in part], version), pa.binary()
            ),
            pc.if_else(
                named.take(which), pa.array(_encrypted(part_names, version), pa.binary()), None
            ),
            born.take(which),
        ]
        yield pa.table(columns, PERSON)


def _fill_in(person: Person, name: str | None, born_on: date | None) -> None:
    if name and not person.name:
        person.name = encrypted(name, person.key_version)
    person.born_on = person.born_on or born_on
    person.save(update_fields=["name", "born_on"])


@transaction.atomic
def rotate(*, by: str, at: datetime, at_most: int = 100_000) -> int:
    """Encrypts what is under an older key with the newest; returns the number of rows.

    Repeat until it returns 0.
    """
    lock()
    version, rotated = newest_version(), 0
    for person in Person.objects.exclude(key_version=version)[:at_most]:
        identity, name = "\x1f".join(identity_of(person)), name_of(person)
        person.identity = encrypted(identity, version)
        person.name = encrypted(name, version) if name else None
        person.key_version = version
        person.save(update_fields=["identity", "name", "key_version"])
        rotated += 1
    for change in PlatformChange.objects.exclude(key_version=version)[: at_most - rotated]:
        change.row = encrypted(decrypted(change.row, change.key_version), version)
        change.key_version = version
        change.save(update_fields=["row", "key_version"])
        rotated += 1
    if rotated:
        record(
            stream="keys",
            by=by,
            at=at,
            what="encrypted-anew",
            details={"version": version, "rows": rotated},
        )
    return rotated


def people_by_number(numbers: Iterable[int]) -> dict[int, Person]:
    """People by row number."""
    return Person.objects.in_bulk(list(numbers))
