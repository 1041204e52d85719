"""What people read: Chinese in the source, other languages from the catalogs in locale/."""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
SOURCE = "zh"
_process_language: list[str] = [SOURCE]
_thread_language: ContextVar[str] = ContextVar("language")


def set_language(language: str) -> None:
    """Sets the language of the process: `zh` (the source) or a catalog's name, such as `en`."""
    _process_language[0] = language


@contextmanager
def language_override(language: str) -> Iterator[None]:
    """Sets the language of this thread while the block runs."""
    token = _thread_language.set(language)
    try:
        yield
    finally:
        _thread_language.reset(token)


def language() -> str:
    """The chosen language."""
    return _thread_language.get(_process_language[0])


@cache
def _catalog(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("qualwatch", LOCALE, [language], fallback=True)


def gettext(text: str) -> str:
    """The text in the chosen language."""
    return _catalog(language()).gettext(text)


def gettext_noop(text: str) -> str:
    """Marks a text for translation where it is only stored; it is translated when shown."""
    return text
