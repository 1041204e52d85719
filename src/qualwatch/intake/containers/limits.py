"""Bounds of reading one file (limits.yaml), some of them from the environment."""

import os
from functools import lru_cache
from pathlib import Path

import yaml

from qualwatch.intake.problems import NothingReadable
from qualwatch.wording import gettext as _

MEGABYTE = 1024**2


@lru_cache(maxsize=1)
def _limits() -> dict[str, int]:
    text = (Path(__file__).parent / "limits.yaml").read_text(encoding="utf-8")
    loaded: dict[str, int] = yaml.safe_load(text)
    return loaded


def limit(name: str) -> int:
    """A bound by its name in limits.yaml."""
    return _limits()[name]


def memory_megabytes() -> int:
    """Address space of the process that reads workbooks, in MiB."""
    return _setting("QUALWATCH_READ_MEMORY_MB", "memory_megabytes")


def text_megabytes() -> int:
    """The size of the largest text file that is read, in MiB."""
    return _setting("QUALWATCH_READ_TEXT_MB", "text_megabytes")


def seconds() -> int:
    """How long a file's reading may take."""
    return _setting("QUALWATCH_READ_SECONDS", "seconds")


def _setting(name: str, usual: str) -> int:
    given = os.environ.get(name)
    if not given:
        return limit(usual)
    if not given.isdecimal() or int(given) == 0:
        raise NothingReadable(_("设置 {name} 不是正整数：{value}").format(name=name, value=given))
    return int(given)
