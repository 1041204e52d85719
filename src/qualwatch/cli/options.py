"""What the commands share: their options, reading with progress, writing whole files, statuses."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.evaluation.sessions import spark_session
from qualwatch.intake.gather import Gathered, gather
from qualwatch.law.loader import Law, load_law
from qualwatch.law.policy import Policy
from qualwatch.privacy import Hiding, hidden
from qualwatch.reports.check import rejection_line
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

ALL_READ, WRONG, SOME_REJECTED = 0, 2, 3
WIDE = 160  # columns where nobody looks: output into a file or a pipe

Day = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help=_n("核查哪一天，YYYY-MM-DD")),
]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help=_n("另用一个政策文件"))]
LawFolder = Annotated[Path | None, typer.Option("--law", help=_n("另用一个标准文件夹"))]
Where = Annotated[
    Path, typer.Argument(metavar="PATH", help=_n("登记文件的文件夹、一个工作簿，或事实文件夹"))
]

Engine = Annotated[
    str,
    typer.Option("--engine", help=_n("duckdb、reference，或 Spark Connect 地址 sc://主机:端口")),
]
Run = Callable[[Law, Policy, Facts, date], Iterator[EnterpriseResult]]


class WrongWords(Exception):
    """The command cannot be carried out as asked; the message is one sentence."""


def day_param(as_of: datetime | None) -> date:
    """The day to judge by; a command never guesses it."""
    if as_of is None:
        raise WrongWords(_("请用 --as-of 写明核查哪一天，如 --as-of 2026-05-20"))
    return as_of.date()


def judged_by(
    as_of: datetime | None, policy: Path | None, law: Path | None
) -> tuple[Law, Policy, date]:
    """The law, the policy in force, and the day."""
    day = day_param(as_of)
    texts = load_law(law, policy)
    return texts, texts.policy_on(day), day


class Steps:
    """Says on a terminal what is being done and how far it is; silent elsewhere."""

    def __init__(self) -> None:
        shown = [
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
        ]
        self._progress = Progress(
            *shown, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Steps":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def say(self, sentence: str, done: int | None = None, of: int | None = None) -> None:
        """What is being done now; `done` of `of` where that is known."""
        if self._task is None:
            self._task = self._progress.add_task("", total=None)
        self._progress.update(
            self._task, description=hidden(sentence), completed=done or 0, total=of
        )

    def reading(self, name: str, done: int, of: int) -> None:
        """A file is being read: bytes before it, and bytes of all."""
        self.say(_("读取 {name}").format(name=name), done, of)


def read(path: Path, law: Law, steps: Steps, also: Path | None = None) -> Gathered:
    """The facts of PATH, and of one file more."""
    return gather(path, law, steps.reading, also)


def engine_of(engine: str) -> Run:
    """The engine of that name."""
    engines: dict[str, Run] = {"duckdb": columnar.evaluate, "reference": reference.evaluate}
    if engine in engines:
        return engines[engine]
    if engine.startswith("sc://"):
        return partial(columnar.evaluate, session=spark_session(engine))
    raise WrongWords(
        _("没有引擎 {engine}，只有 duckdb、reference 或 sc://主机:端口").format(engine=engine)
    )


def areas_of(law: Law, facts: Facts) -> dict[str, str | None]:
    """The supervising area of every enterprise that has a row."""
    table = facts.tables["enterprises"]
    codes, divisions = (table.column(name).to_pylist() for name in ("credit_code", "division_code"))
    return {code: law.area_of(division) for code, division in zip(codes, divisions, strict=True)}


@contextmanager
def console(output: Path | None) -> Iterator[Console]:
    """A console on standard output, or into a file that appears only when it is whole."""
    if output is None:
        width = None if sys.stdout.isatty() else WIDE
        yield Console(
            file=Hiding(sys.stdout), width=width, highlight=False, markup=False, emoji=False
        )  # type: ignore[arg-type]  # a text file in all that is used
        return
    with whole_file(output) as part, part.open("w", encoding="utf-8") as file:
        yield Console(file=Hiding(file), width=WIDE, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]  # as above


def check_place(output: Path | None) -> None:
    """Says at once, not after the work, that an output has no folder to be in."""
    if output is not None and not output.parent.is_dir():
        raise WrongWords(
            _("写不到 {path}：{reason}").format(path=output, reason=_("没有这个文件夹"))
        )


@contextmanager
def whole_file(output: Path) -> Iterator[Path]:
    """A path to write to (a file or a folder); what is written takes `output`'s place only when it is whole."""
    part = output.with_name(output.name + ".part")
    try:
        yield part
        if part.is_dir() and output.is_dir():
            shutil.rmtree(output)
        part.replace(output)
    except OSError as error:
        raise WrongWords(
            _("写不到 {path}：{reason}").format(path=output, reason=error.strerror or error)
        ) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def status(gathered: Gathered) -> int:
    """0 where every row was read; 3, with the first rejection said, where some were not."""
    if gathered.rejections:
        count = len(gathered.rejections)
        first = rejection_line(gathered.rejections[0])
        print(
            hidden(_("有 {count} 处拒收，第一处：{first}").format(count=count, first=first)),
            file=sys.stderr,
        )
    return SOME_REJECTED if gathered.rejections else ALL_READ
