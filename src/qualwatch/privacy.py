"""Masking of identity numbers: their first 6 and last 2 characters are shown."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import IO, Any

from stdnum.cn import ric

_DIGIT = r"[0-9\uff10-\uff19]"
_LAST = r"[0-9\uff10-\uff19Xx\uff38\uff58]"
# what people put between the digits: blanks of every width, dashes, dots, nothing that is seen
_BETWEEN = r"[ \t\u3000\xa0\u2000-\u200d\u2060\ufeff\xad_.\xb7\-\u2010-\u2015\u2212\uff0d]{0,3}"
# nor a dot: a moment in seconds, as JSON has it, is a number with as many digits
_BETWEEN_OLD = _BETWEEN.replace("_.", "_")
# where a number may begin; what it is, is looked at without the marks
_MAY_BE_NUMBER = re.compile(
    rf"(?<!{_DIGIT})(?=({_DIGIT}(?:{_BETWEEN}{_DIGIT}){{16}}{_BETWEEN}{_LAST})(?!{_DIGIT}))"
    # the old form: in its parts only, since many pairs of days have as many digits
    rf"|(?<!{_DIGIT})(?=({_DIGIT}{{6}}{_BETWEEN_OLD}{_DIGIT}{{2}}{_BETWEEN_OLD}{_DIGIT}{{2}}"
    rf"{_BETWEEN_OLD}{_DIGIT}{{2}}{_BETWEEN_OLD}{_DIGIT}{{3}})(?!{_DIGIT}))"
)
_RESIDENT_NUMBER = re.compile(
    r"\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX]"
    r"|\d{6}\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}"
)
# of a file, a key, a signature: nothing that anybody writes
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}(?:[0-9a-f]{64})?")
_NO_PART = re.compile(r"[^0-9X]")
_ENOUGH_DIGITS = re.compile(rf"(?:{_DIGIT}{_BETWEEN}){{15}}")
_LONG = 18  # digits, the last one the check digit
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
    """Any text with every resident number in it masked, in whatever width and with blanks, dashes
    and dots between its digits.
    """
    if not _ENOUGH_DIGITS.search(text):
        return text
    spans = list(_resident_numbers(text))
    # a day before a number may look like its beginning: the one with a right check digit is meant
    sure = [span for span in spans if span[2]]
    pieces, end = [], 0
    for start, number, is_sure in spans:
        stop = start + len(number)
        is_part = not is_sure and any(
            other < stop and start < other + len(text_of) for other, text_of, _is_sure in sure
        )
        if start >= end and not is_part:
            pieces += [text[end:start], masked(number)]
            end = stop
    return "".join([*pieces, text[end:]])


def hidden_in(value: Any) -> Any:
    """A value of JSON with the resident numbers in its texts masked.

    Keys, numbers and digests stay as they are; tuples become lists. `hidden` on the written JSON
    would take the digits of a number for a resident's, and make text of it that nobody can read.
    """
    if isinstance(value, str):
        return value if _HEXADECIMAL.fullmatch(value) else hidden(value)
    if isinstance(value, Mapping):
        return {key: hidden_in(content) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [hidden_in(content) for content in value]
    return value


def _resident_numbers(text: str) -> Iterator[tuple[int, str, bool]]:
    """Where resident numbers stand in a text, how they are written, and whether the check digit is
    right.
    """
    for match in _MAY_BE_NUMBER.finditer(text):
        written = match[1] or match[2]
        number = _NO_PART.sub("", unicodedata.normalize("NFKC", written).upper())
        if not _RESIDENT_NUMBER.fullmatch(number):
            continue
        around = text[match.start() - 1 : match.start()] + text[match.start() + len(written) :][:1]
        is_sure = _has_check_digit(number)
        # beside a letter other codes have as many digits
        if is_sure or not _has_letter(around):
            yield match.start(), written, is_sure


def _has_letter(text: str) -> bool:
    return any(character.isascii() and character.isalpha() for character in text)


def _has_check_digit(number: str) -> bool:
    return len(number) == _LONG and number[-1] == ric.calc_check_digit(number)


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
