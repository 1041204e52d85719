"""Stores files and reads them back.

A file is complete and flushed to disk before a row names it, and its SHA-256 is checked whenever it
is read.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from qualwatch import ciphers
from qualwatch.archive.contents import Content
from qualwatch.archive.models import StoredFile


class DamagedFile(Exception):
    """The stored bytes are missing or do not have the recorded SHA-256."""


@transaction.atomic
def store(content: Content, *, at: datetime) -> StoredFile:
    """Stores a checked content; the row of the same bytes is returned if there is one."""
    sha256 = hashlib.sha256(content.data).hexdigest()
    existing = StoredFile.objects.filter(sha256=sha256).first()
    if existing is not None and _place(sha256).exists():
        return existing
    version = ciphers.newest_version()
    _write(_place(sha256), content.data, version)
    stored_file, _new = StoredFile.objects.get_or_create(
        sha256=sha256,
        defaults={
            "kind": content.kind,
            "size": len(content.data),
            "key_version": version,
            "stored_at": at,
        },
    )
    return stored_file


def content_of(file: StoredFile) -> bytes:
    """The stored bytes; DamagedFile."""
    try:
        version, _line, stored = _place(file.sha256).read_bytes().partition(b"\n")
        content = ciphers.decrypted(stored, version.decode())
    except (OSError, UnicodeDecodeError, ciphers.CannotDecrypt) as error:
        raise DamagedFile(file.sha256) from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DamagedFile(file.sha256)
    return content


@transaction.atomic
def rotate(*, at_most: int) -> int:
    """Encrypts files under an older key with the newest; returns how many.

    Repeat until it returns 0.
    """
    version, rotated = ciphers.newest_version(), 0
    for file in StoredFile.objects.select_for_update().exclude(key_version=version)[:at_most]:
        _write(_place(file.sha256), content_of(file), version)
        file.key_version = version
        file.save(update_fields=["key_version"])
        rotated += 1
    return rotated


def _place(sha256: str) -> Path:
    folder: Path = settings.STORED_FILES
    return folder / sha256[:2] / sha256


def _write(path: Path, content: bytes, version: str) -> None:
    """Writes a file completely or not at all, readable by its owner only.

    The first line is the key's version.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(version.encode() + b"\n" + ciphers.encrypted([content], version)[0])
        file.flush()
        # a row that names the file is committed later: after a crash the file must be there
        os.fsync(file.fileno())
    temporary.replace(path)
