"""Proofs without a database: chains of entries, Merkle paths to the signed root of a day."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qualwatch.wording import gettext as _

Head = Sequence[Any]  # stream, length, digest of its last entry


def digest_of(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def root_of(heads: Sequence[Head]) -> str:
    """The Merkle root over all heads, in their order; of none the digest of an empty list."""
    return _levels(heads)[-1][0]


def path_and_root(heads: Sequence[Head], at: int) -> tuple[list[list[str]], str]:
    """The Merkle path of one head (side and digest of each neighbour), and the root."""
    path, levels = [], _levels(heads)
    for level in levels[:-1]:
        sibling = at ^ 1
        if sibling < len(level):
            path.append(["left" if sibling < at else "right", level[sibling]])
        at //= 2
    return path, levels[-1][0]


def root_by(head: Head, path: Sequence[Sequence[str]]) -> str:
    """The root computed from a head and its path."""
    digest_so_far = digest_of(list(head))
    for side, digest in path:
        digest_so_far = digest_of(
            [digest, digest_so_far] if side == "left" else [digest_so_far, digest]
        )
    return digest_so_far


def _levels(heads: Sequence[Head]) -> list[list[str]]:
    level = [digest_of(list(head)) for head in heads] or [digest_of([])]
    levels = [level]
    while len(level) > 1:  # one that has no neighbour goes up as it is
        level = [
            digest_of(level[at : at + 2]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        levels.append(level)
    return levels


def seal_digest(day: str, root: str, previous: str) -> str:
    """The digest that a day's signature covers."""
    return digest_of([day, root, previous])


def key_number(public_key: str) -> str:
    """The number by which a public key is named: the beginning of its SHA-256."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]


def is_signed(digest: str, signature: str, public_key: str) -> bool:
    """Whether the signature of the digest is valid for the key."""
    try:
        return is_signed_content(digest.encode(), bytes.fromhex(signature), public_key)
    except ValueError:
        return False


def is_signed_content(content: bytes, signature: bytes, public_key: str) -> bool:
    """Whether an Ed25519 signature of bytes is valid for the key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def faults_of_stream(stream: Mapping[str, Any], public_keys: Collection[str]) -> list[str]:
    """Faults of the entries of a stream and of the seals over it, by any of the keys."""
    faults: list[str] = []
    name = stream["stream"]
    previous = ""
    digests: dict[int, str] = {}
    for number, entry in enumerate(stream["entries"], 1):
        if not _is_chained(entry, number, previous):
            faults.append(_("{stream}：第 {number} 条被改动").format(stream=name, number=number))
        previous = digests[number] = entry["digest"]
    for seal in stream["seals"]:
        if not _is_sound_seal(seal, name, digests, public_keys):
            faults.append(_("{day} 的封签签名不符").format(day=seal["day"]))
    return faults


def _is_chained(entry: Mapping[str, Any], number: int, previous: str) -> bool:
    """Whether an entry has its number, follows the one before, and is what its digest says."""
    content = {field: value for field, value in entry.items() if field != "digest"}
    return bool(
        entry["number"] == number
        and entry["previous"] == previous
        and digest_of(content) == entry["digest"]
    )


def _is_sound_seal(
    seal: Mapping[str, Any], name: str, digests: Mapping[int, str], public_keys: Collection[str]
) -> bool:
    """Whether a seal covers the stream's head of its time and is signed by one of the keys."""
    stream, length, head = seal["head"]
    return bool(
        stream == name
        and digests.get(length) == head
        and root_by(seal["head"], seal["path"]) == seal["root"]
        and seal_digest(seal["day"], seal["root"], seal["previous"]) == seal["digest"]
        and seal["public_key"] in public_keys
        and is_signed(seal["digest"], seal["signature"], seal["public_key"])
    )
