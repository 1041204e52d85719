"""The keys that sign seals and evidence packs, and the days on which each was used.

Private is only the current one (`seal` of the keys). The public keys of those that it replaced
stay in `former_seals` of the same keys: what a database says of keys is believed by nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db.models import Min

from qualwatch.journal.models import Seal
from qualwatch.journal.proofs import key_number


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key (64 hexadecimal digits), its number, the day of its first seal.

    `used_until`: the day on which the next key began; None for the current one.
    """

    number: str
    public_key: str
    used_from: date
    used_until: date | None


def private_key() -> Ed25519PrivateKey:
    """The key that signs now."""
    return Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)


def public_key_of(seed: bytes) -> str:
    """The public key of a seed, as 64 hexadecimal digits."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def current_public_key() -> str:
    """The public key of the one that signs now, as 64 hexadecimal digits."""
    return public_key_of(settings.SEAL_KEY)


def public_keys() -> list[str]:
    """All public keys of the office, the oldest first, the current one last."""
    return [*settings.FORMER_SEAL_KEYS, current_public_key()]


def signing_keys(on: date, keys: Sequence[str] = ()) -> list[SigningKey]:
    """Public keys, by default those of the office, with their days.

    A key that has not sealed a day yet begins on `on`.
    """
    first_days = dict(Seal.objects.order_by().values_list("public_key").annotate(first=Min("day")))
    keys = keys or public_keys()
    starts = _starts([first_days.get(key) for key in keys], on)
    ends: list[date | None] = [*starts[1:], None]
    return [
        SigningKey(key_number(key), key, start, end)
        for key, start, end in zip(keys, starts, ends, strict=True)
    ]


def _starts(first_days: Iterable[date | None], on: date) -> list[date]:
    """The first days, where one is unknown that of the key after it, of the last key `on`."""
    starts: list[date] = []
    following = on
    for first_day in reversed(list(first_days)):
        following = min(first_day or following, following)
        starts.append(following)
    return starts[::-1]
