"""What people read: Chinese in the source, other languages from the catalogs in locale/."""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
SOURCE = "zh"
_default: list[str] = [SOURCE]  # of the process: commands
_asked: ContextVar[str] = ContextVar("asked")  # of one request


def speak(language: str) -> None:
    """Choose the language of everything said from now on: `zh` (the source) or a catalog's name, such as `en`."""
    _default[0] = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """The language of what is said meanwhile in this thread."""
    token = _asked.set(language)
    try:
        yield
    finally:
        _asked.reset(token)


def language() -> str:
    """The chosen language."""
    return _asked.get(_default[0])


@cache
def _catalog(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("qualwatch", LOCALE, [language], fallback=True)


def gettext(text: str) -> str:
    """The text in the chosen language."""
    return _catalog(language()).gettext(text)


def gettext_noop(text: str) -> str:
    """Marks a text for translation where it is only stored; it is translated when shown."""
    return text
