"""What people read: Chinese in the source, other languages from the catalogs in locale/."""

import gettext as _gettext
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
_current: list[_gettext.NullTranslations] = [_gettext.NullTranslations()]
_language: list[str] = ["zh"]


def speak(language: str) -> None:
    """Choose the language of everything said from now on: `zh` (the source) or a catalog's name, such as `en`."""
    _current[0] = _gettext.translation("qualwatch", LOCALE, [language], fallback=True)
    _language[0] = language


def language() -> str:
    """The chosen language."""
    return _language[0]


def gettext(text: str) -> str:
    """The text in the chosen language."""
    return _current[0].gettext(text)


def gettext_noop(text: str) -> str:
    """Marks a text for translation where it is only stored; it is translated when shown."""
    return text
