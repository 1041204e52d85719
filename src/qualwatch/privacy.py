"""Masking of identity numbers: their first 6 and last 2 characters are shown."""

import re
from typing import IO, Any

_RESIDENT_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"\d{6}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:[0-2]\d|3[01])[ -]?\d{3}[\dXx]"
    r"|\d{6}[ -]?\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}"
    r")(?![0-9A-Za-z])"
)
_SHORT = 10  # characters
_LONGEST_SHOWN = 60  # characters


def masked(identity: str) -> str:
    """An identity number with its first 6 and last 2 characters.

    A short one with the first and last.
    """
    head = tail = 0
    if len(identity) > _SHORT:
        head, tail = 6, 2
    elif len(identity) > 2:
        head, tail = 1, 1
    stars = "*" * (len(identity) - head - tail)
    return identity[:head] + stars + identity[len(identity) - tail :]


def hidden(text: str) -> str:
    """Any text with every resident number in it masked."""
    return _RESIDENT_NUMBER.sub(lambda match: masked(match.group()), text)


def masked_text(text: str) -> str:
    """Free text with resident numbers masked, at most 60 characters."""
    return hidden(text)[:_LONGEST_SHOWN]


class MaskingFile:
    """A text file that masks resident numbers in whatever is written to it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Writes the text with its resident numbers masked."""
        return self._file.write(hidden(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
