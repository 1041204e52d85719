"""Reading registers with progress, choosing an engine, and the status that rejected rows lead to."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from qualwatch.cli.options import ALL_READ, SOME_REJECTED, InvalidCommand, required_day
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.evaluation.sessions import spark_session
from qualwatch.intake.gather import Gathered, gather
from qualwatch.law.corpus import Law
from qualwatch.law.loader import load_law
from qualwatch.law.policy import Policy
from qualwatch.privacy import hidden
from qualwatch.reports.check import rejection_line
from qualwatch.wording import gettext as _

Engine = Callable[[Law, Policy, Facts, date], Iterator[EnterpriseResult]]


def law_and_day(
    as_of: date | None, policy: Path | None, law: Path | None
) -> tuple[Law, Policy, date]:
    """The law, the policy in force, and the day."""
    day = required_day(as_of)
    texts = load_law(law, policy)
    return texts, texts.policy_on(day), day


class Steps:
    """Shows on a terminal what is being worked on and how far it is; silent elsewhere."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(
            *columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Steps":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def show(self, sentence: str, completed: int | None = None, of: int | None = None) -> None:
        """The present step; `completed` of `of` where that can be counted."""
        if self._task is None:
            self._task = self._progress.add_task("", total=None)
        self._progress.update(
            self._task, description=hidden(sentence), completed=completed or 0, total=of
        )

    def show_file(self, name: str, completed: int, of: int) -> None:
        """A file is being read: bytes before it, and bytes of all."""
        self.show(_("读取 {name}").format(name=name), completed, of)


def read(path: Path, law: Law, steps: Steps, also: Path | None = None) -> Gathered:
    """The facts of PATH, and of one file more."""
    return gather(path, law, steps.show_file, also)


def engine_of(name: str) -> Engine:
    """The engine of that name; InvalidCommand."""
    engines: dict[str, Engine] = {"duckdb": columnar.evaluate, "reference": reference.evaluate}
    if name in engines:
        return engines[name]
    if name.startswith("sc://"):
        return partial(columnar.evaluate, session=spark_session(name))
    raise InvalidCommand(
        _("没有引擎 {engine}，只有 duckdb、reference 或 sc://主机:端口").format(engine=name)
    )


def areas_of(law: Law, facts: Facts) -> dict[str, str | None]:
    """The supervising area of every enterprise that has a row, by credit code."""
    table = facts.tables["enterprises"]
    codes, divisions = (table.column(name).to_pylist() for name in ("credit_code", "division_code"))
    return {code: law.area_of(division) for code, division in zip(codes, divisions, strict=True)}


def status(gathered: Gathered) -> int:
    """0 where every row was read; 3, with the first rejection on standard error, otherwise."""
    if not gathered.rejections:
        return ALL_READ
    count, first = len(gathered.rejections), rejection_line(gathered.rejections[0])
    sentence = _("有 {count} 处拒收，第一处：{first}").format(count=count, first=first)
    print(hidden(sentence), file=sys.stderr)
    return SOME_REJECTED
