"""What people read: Chinese in the source, other languages from the catalogs in locale/."""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
SOURCE = "zh"
_of_process: list[str] = [SOURCE]
_of_request: ContextVar[str] = ContextVar("language")


def speak(language: str) -> None:
    """Sets the language of the process: `zh` (the source) or a catalog's name, such as `en`."""
    _of_process[0] = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Sets the language of this thread while the block runs."""
    token = _of_request.set(language)
    try:
        yield
    finally:
        _of_request.reset(token)


def language() -> str:
    """The chosen language."""
    return _of_request.get(_of_process[0])


@cache
def _catalog(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("qualwatch", LOCALE, [language], fallback=True)


def gettext(text: str) -> str:
    """The text in the chosen language."""
    return _catalog(language()).gettext(text)


def gettext_noop(text: str) -> str:
    """Marks a text for translation where it is only stored; it is translated when shown."""
    return text
