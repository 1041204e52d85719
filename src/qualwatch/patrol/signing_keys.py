"""The public keys by which everybody verifies seals and evidence packs, in the public copy."""

from collections.abc import Sequence
from datetime import date, datetime

from qualwatch.journal.keys import signing_keys
from qualwatch.publication.actions import PublicKey, post_signing_keys


def publish_signing_keys(*, on: date, at: datetime, keys: Sequence[str] = ()) -> None:
    """Publishes public keys, by default those of the office, with the days of their use."""
    post_signing_keys(
        (
            PublicKey(key.number, key.public_key, key.used_from, key.used_until)
            for key in signing_keys(on, keys)
        ),
        at=at,
    )
