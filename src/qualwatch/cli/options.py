"""Option types, statuses and the error that the commands share. Loads nothing but Typer."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

ALL_READ, FAILED, SOME_REJECTED = 0, 2, 3
_DAYS = (
    re.compile(r"(\d{4})(\d\d)(\d\d)"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日"),
    *(re.compile(rf"(\d{{4}}){mark}(\d{{1,2}}){mark}(\d{{1,2}})") for mark in ("-", "/", r"\.")),
)


class InvalidCommand(Exception):
    """The command cannot be carried out as written; the message is one sentence."""


def read_day(text: str) -> date:
    """A day as people write it: 2026-05-20, 2026/5/20, 2026.5.20, 20260520, 2026年5月20日.

    Raises ValueError. Without separators all eight digits are needed: 2026111 is two days.
    """
    for pattern in _DAYS:
        if match := pattern.fullmatch(text.strip()):
            year, month, day = match.groups()
            return date(int(year), int(month), int(day))
    raise ValueError(text)


AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", parser=read_day, metavar="DAY", help=_n("核查哪一天，如 2026-05-20 或 2026/5/20")
    ),
]
On = Annotated[
    date | None,
    typer.Option(
        "--on", parser=read_day, metavar="DAY", help=_n("哪一天，如 2026-05-20 或 2026/5/20")
    ),
]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help=_n("另用一个政策文件"))]
LawFolder = Annotated[Path | None, typer.Option("--law", help=_n("另用一个标准文件夹"))]
RegistersPath = Annotated[
    Path, typer.Argument(metavar="PATH", help=_n("登记文件的文件夹、一个工作簿，或事实文件夹"))
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        help=_n("auto（自选快的一种）、duckdb、reference，或 Spark Connect 地址 sc://主机:端口"),
    ),
]
PasswordFromStdin = Annotated[
    bool, typer.Option("--password-from-stdin", help=_n("密码从标准输入读"))
]


def required_day(day: date | None, option: str = "--as-of") -> date:
    """The day to judge by; a command never guesses it. Raises InvalidCommand."""
    if day is None:
        raise InvalidCommand(
            _("请用 {option} 写明哪一天，如 {option} 2026-05-20").format(option=option)
        )
    return day
