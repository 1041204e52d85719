"""The law in force on a day: the packaged texts with what the office has loaded since."""

import hashlib
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from qualwatch.law.loader import Law, load_law
from qualwatch.legal_texts.models import LegalText


class DamagedText(Exception):
    """The stored text does not have the recorded SHA-256."""


def law_in_force(on: date) -> Law:
    """The law by everything signed that is in force on a day; DamagedText."""
    return law_with(signed_texts(on))


def signed_texts(on: date) -> list[LegalText]:
    """What has been signed and is in force on a day, without the texts, oldest first."""
    texts = LegalText.objects.filter(state="signed", in_force_from__lte=on)
    return list(texts.order_by("in_force_from", "pk").defer("text", "preview"))


def law_with(texts: Iterable[LegalText]) -> Law:
    """The packaged law with these texts, a later one of the same name in place of an earlier.

    Raises DamagedText, LawError.
    """
    return load_law(texts={text.name: file_of(text) for text in texts})


def file_of(text: LegalText) -> Path:
    """The text as a file of the state folder, written where it is missing; DamagedText.

    The law is read from files; the database has the text, and the file's name is its digest.
    """
    folder: Path = settings.LAW_TEXTS
    path = folder / f"{text.sha256}.yaml"
    if not _is_intact(path, text.sha256):
        content = text.text.encode()
        if hashlib.sha256(content).hexdigest() != text.sha256:
            raise DamagedText(text.sha256)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        temporary.write_bytes(content)
        os.replace(temporary, path)
    return path


def _is_intact(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False
