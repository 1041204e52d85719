"""Identity numbers: shown with their first 6 and last 2 characters, and hidden wherever else they turn up."""

import re
from typing import IO, Any

_RESIDENT_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"\d{6}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:[0-2]\d|3[01])[ -]?\d{3}[\dXx]"
    r"|\d{6}[ -]?\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}"
    r")(?![0-9A-Za-z])"
)
_LONGEST_SHOWN = 60


def masked(identity: str) -> str:
    """An identity number with only its first 6 and last 2 characters; shorter ones with the first and last."""
    head, tail = (6, 2) if len(identity) > 10 else (1, 1) if len(identity) > 2 else (0, 0)
    return identity[:head] + "*" * (len(identity) - head - tail) + identity[len(identity) - tail :]


def hidden(text: str) -> str:
    """Any text with every resident number in it masked."""
    return _RESIDENT_NUMBER.sub(lambda found: masked(found.group()), text)


def masked_text(text: str) -> str:
    """Free text with resident numbers masked, at most 60 characters."""
    return hidden(text)[:_LONGEST_SHOWN]


class Hiding:
    """A text file that hides resident numbers in whatever is written to it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Writes the text with its resident numbers masked."""
        return self._file.write(hidden(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
