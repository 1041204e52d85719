"""Reading registers with progress, choosing an engine, the status of rejected rows."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from qualwatch.cli.options import ALL_READ, SOME_REJECTED, InvalidCommand, required_day
from qualwatch.evaluation import reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.intake.register_files import RegisterFiles, read_register_files
from qualwatch.law.corpus import Law
from qualwatch.law.loader import load_law
from qualwatch.law.policy import Policy
from qualwatch.privacy import hidden
from qualwatch.reports.check import rejection_line
from qualwatch.wording import gettext as _


class _NoPandas(MetaPathFinder):
    """Hides pandas, which only the Spark engine needs.

    Where it is installed, pyarrow imports it to look for its types in every list that it is given:
    a quarter of a second.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def _show_pandas(*, is_shown: bool) -> None:
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _NoPandas)]
    if not is_shown:
        sys.meta_path.insert(0, _NoPandas())


Engine = Callable[[Law, Policy, Facts, date], Iterator[EnterpriseResult]]
MAX_FOR_REFERENCE_ENGINE = (
    100  # enterprises: up to here the reference engine is faster than starting DuckDB
)


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


def read(path: Path, law: Law, steps: Steps, also: Path | None = None) -> RegisterFiles:
    """The facts of PATH, and of one file more."""
    return read_register_files(path, law, steps.show_file, also)


def engine_of(name: str) -> Engine:
    """The engine of that name; InvalidCommand."""
    engines: dict[str, Engine] = {
        "auto": _evaluate,
        "duckdb": _evaluate_in_duckdb,
        "reference": reference.evaluate,
    }
    if name in engines:
        _show_pandas(is_shown=False)
        return engines[name]
    if name.startswith("sc://"):
        _show_pandas(is_shown=True)
        from qualwatch.evaluation import columnar
        from qualwatch.evaluation.sessions import spark_session

        return partial(columnar.evaluate, session=spark_session(name))
    raise InvalidCommand(
        _("没有引擎 {engine}，只有 auto、duckdb、reference 或 sc://主机:端口").format(engine=name)
    )


def _evaluate(law: Law, policy: Policy, facts: Facts, day: date) -> Iterator[EnterpriseResult]:
    """Whichever engine is faster; both give the same answer."""
    is_small = len(facts.credit_codes) <= MAX_FOR_REFERENCE_ENGINE
    return (reference.evaluate if is_small else _evaluate_in_duckdb)(law, policy, facts, day)


def _evaluate_in_duckdb(
    law: Law, policy: Policy, facts: Facts, day: date
) -> Iterator[EnterpriseResult]:
    from qualwatch.evaluation import columnar  # loads DuckDB

    return columnar.evaluate(law, policy, facts, day)


def areas_of(law: Law, facts: Facts) -> dict[str, str | None]:
    """The supervising area of every enterprise that has a row, by credit code."""
    table = facts.tables["enterprises"]
    codes, divisions = (table.column(name).to_pylist() for name in ("credit_code", "division_code"))
    return {code: law.area_of(division) for code, division in zip(codes, divisions, strict=True)}


def names_of_enterprises(facts: Facts) -> dict[str, str]:
    """The name of every enterprise that has a row, by credit code."""
    table = facts.tables["enterprises"]
    codes, names = (table.column(name).to_pylist() for name in ("credit_code", "name"))
    return {code: name or "" for code, name in zip(codes, names, strict=True)}


def status(register_files: RegisterFiles) -> int:
    """0 where every row was read; 3, with the first rejection on standard error, otherwise."""
    if not register_files.rejections:
        return ALL_READ
    count, first = len(register_files.rejections), rejection_line(register_files.rejections[0])
    sentence = _("有 {count} 处拒收，第一处：{first}").format(count=count, first=first)
    print(hidden(sentence), file=sys.stderr)
    return SOME_REJECTED
