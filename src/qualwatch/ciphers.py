"""Encryption of bytes under one of the office's keys (AES-GCM), with the key's version bound to
them.
"""

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
    """The version of the key that encrypts now."""
    return list(settings.IDENTITY_KEYS)[-1]


def encrypted(plain: Sequence[bytes], version: str) -> list[bytes]:
    """Each under a nonce of its own, which stands before it."""
    cipher = _cipher(settings.IDENTITY_KEYS[version])
    bound = version.encode()
    # one system call for all nonces
    random_bytes = os.urandom(NONCE * len(plain))
    stored = []
    for index, text in enumerate(plain):
        nonce = random_bytes[index * NONCE : (index + 1) * NONCE]
        # the version is authenticated too: a row cannot be passed off under another key
        stored.append(nonce + cipher.encrypt(nonce, text, bound))
    return stored


def decrypted(stored: bytes | memoryview, version: str) -> bytes:
    """The bytes as they were; raises CannotDecrypt."""
    stored = bytes(stored)
    try:
        key = _cipher(settings.IDENTITY_KEYS[version])
        return key.decrypt(stored[:NONCE], stored[NONCE:], version.encode())
    except (KeyError, InvalidTag) as error:
        raise CannotDecrypt(version) from error


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
