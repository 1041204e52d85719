"""What lies encrypted: bytes under one of the office's keys (AES-GCM), the key's version bound to them."""

import os
from collections.abc import Sequence
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes, of AES-GCM


class CannotDecrypt(Exception):
    """The key of this version is not among the keys, or the stored bytes were altered."""


def newest_version() -> str:
    """The version of the key that is written with."""
    return list(settings.IDENTITY_KEYS)[-1]


def encrypted(told: Sequence[bytes], version: str) -> list[bytes]:
    """Each under a nonce of its own."""
    encrypt, bound = _cipher(settings.IDENTITY_KEYS[version]).encrypt, version.encode()
    drawn = os.urandom(NONCE * len(told))
    nonces = [drawn[at : at + NONCE] for at in range(0, len(drawn), NONCE)]
    return [nonce + encrypt(nonce, one, bound) for nonce, one in zip(nonces, told, strict=True)]


def decrypted(stored: bytes | memoryview, version: str) -> bytes:
    """The bytes again; CannotDecrypt."""
    stored = bytes(stored)
    try:
        key = _cipher(settings.IDENTITY_KEYS[version])
        return key.decrypt(stored[:NONCE], stored[NONCE:], version.encode())
    except (KeyError, InvalidTag) as error:
        raise CannotDecrypt(version) from error


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
