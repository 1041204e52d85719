"""The command `qualwatch`. Exit status: 0 all read; 3 rows were rejected; 2 nothing readable or wrong words."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console

from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.law_tables import CannotRunAsSql
from qualwatch.evaluation.reference import judge
from qualwatch.intake.gather import Gathered, gather
from qualwatch.intake.invent import Plan, invent
from qualwatch.intake.problems import BadCell, NothingReadable
from qualwatch.intake.qualifications import QualificationNames
from qualwatch.law.loader import Law, load_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.policy import NoPolicyYet, Policy
from qualwatch.law.texts_on_disk import LawError
from qualwatch.privacy import Hiding, hidden
from qualwatch.procedure.periods import BEIJING, CannotCount, Period
from qualwatch.reports import standards as standards_report
from qualwatch.reports.check import CheckReport, as_json, print_table, rejection_line
from qualwatch.reports.explanation import print_explanation
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n
from qualwatch.wording import speak

ALL_READ, WRONG, SOME_REJECTED = 0, 2, 3
WIDE = 160  # columns where nobody looks: output into a file or a pipe

ENGINES = {"duckdb": columnar.evaluate, "reference": reference.evaluate}

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
standards_app = typer.Typer(no_args_is_help=True, help=_n("标准：列表、查看、检查、覆盖情况"))
app.add_typer(standards_app, name="standards")

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help=_n("核查哪一天，YYYY-MM-DD"))]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help=_n("另用一个政策文件"))]
LawFolder = Annotated[Path | None, typer.Option("--law", help=_n("另用一个标准文件夹"))]
Where = Annotated[Path, typer.Argument(metavar="PATH", help=_n("登记文件的文件夹、一个工作簿，或事实文件夹"))]


class WrongWords(Exception):
    """The command cannot be carried out as asked; the message is one sentence."""


def main() -> NoReturn:
    """Runs the command; every foreseen failure is one sentence on standard error and status 2."""
    speak(_language())
    try:
        command = typer.main.get_command(app)
        _translate_help(command)
        status = command(prog_name="qualwatch", standalone_mode=False)
    except CannotRunAsSql:
        _fail(_("这份政策 duckdb 引擎表达不了，请加 --engine reference"))
    except (WrongWords, NothingReadable, NoPolicyYet) as error:
        _fail(str(error))
    except LawError as error:
        more = _("（另有 {count} 处，见 qualwatch standards lint）").format(count=len(error.problems) - 1)
        _fail(str(error.problems[0]) + (more if len(error.problems) > 1 else ""))
    except typer.Abort:
        _fail(_("已中止"))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(WRONG)
    except Exception as error:
        message = getattr(error, "format_message", None)  # the words of the command line itself
        if message is None:
            raise
        text = message()
        _fail(
            _("请写明命令，见 qualwatch --help")
            if text.startswith("Usage:")
            else _("命令有误：{text}").format(text=text)
        )
    sys.exit(status if isinstance(status, int) else ALL_READ)


def _translate_help(command: Any) -> None:
    """Help texts stand in the source language; said in the chosen one when the command runs."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for inner in getattr(command, "commands", {}).values():
        _translate_help(inner)


def _language() -> str:
    wanted = os.environ.get("QUALWATCH_LANG") or "zh"
    return "en" if wanted.lower().startswith("en") else "zh"


def _fail(sentence: str) -> NoReturn:
    print(hidden(f"qualwatch: {sentence}"), file=sys.stderr)
    sys.exit(WRONG)


@contextmanager
def _console(output: Path | None) -> Iterator[Console]:
    """A console on standard output, or into a file that appears only when it is whole."""
    if output is None:
        width = None if sys.stdout.isatty() else WIDE
        yield Console(file=Hiding(sys.stdout), width=width, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]  # a text file in all that is used
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield Console(file=Hiding(file), width=WIDE, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]  # as above
        part.replace(output)
    except OSError as error:
        raise WrongWords(_("写不到 {path}：{reason}").format(path=output, reason=error.strerror or error)) from error
    finally:
        part.unlink(missing_ok=True)


def _judged_by(as_of: datetime | None, policy: Path | None, law: Path | None) -> tuple[Law, Policy, date]:
    if as_of is None:
        raise WrongWords(_("请用 --as-of 写明核查哪一天，如 --as-of 2026-05-20"))
    texts = load_law(law, policy)
    return texts, texts.policy_on(as_of.date()), as_of.date()


def _read(path: Path, law: Law) -> Gathered:
    """The facts of PATH, naming each file on a terminal while it is read."""

    def told(name: str) -> None:
        if sys.stderr.isatty():
            print(hidden(_("读取 {name}").format(name=name)), file=sys.stderr)

    return gather(path, law, told)


@app.command(help=_n("对照标准核查登记数据：每项资质的结论和原因"))
def check(
    path: Where,
    as_of: Day = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format")] = "table",
    output: Annotated[Path | None, typer.Option("--output", help=_n("写到这个文件"))] = None,
    engine: Annotated[Literal["duckdb", "reference"], typer.Option("--engine")] = "duckdb",
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """Compare registers with the standards: every item's verdict, with its reasons."""
    texts, values, day = _judged_by(as_of, policy, law)
    gathered = _read(path, texts)
    evaluate = ENGINES[engine]
    results = list(evaluate(texts, values, gathered.facts, day))
    report = CheckReport(
        day, texts, values, results, gathered.accounts, gathered.rejections, gathered.notices, gathered.masks
    )
    with _console(output) as console:
        if form == "json":
            console.file.write(as_json(report) + "\n")
        else:
            print_table(report, console)
    return _status(gathered)


def _status(gathered: Gathered) -> int:
    if gathered.rejections:
        count = len(gathered.rejections)
        first = rejection_line(gathered.rejections[0])
        print(hidden(_("有 {count} 处拒收，第一处：{first}").format(count=count, first=first)), file=sys.stderr)
    return SOME_REJECTED if gathered.rejections else ALL_READ


@app.command(help=_n("解释一家企业：每个指标、每个人，计入与否及原因"))
def explain(
    path: Where,
    credit_code: Annotated[str, typer.Argument(metavar="CREDIT_CODE")],
    as_of: Day = None,
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """One enterprise: every requirement, every person, why counted or not."""
    texts, values, day = _judged_by(as_of, policy, law)
    gathered = _read(path, texts)
    code = credit_code.strip().upper()
    if code not in gathered.facts.credit_codes:
        raise WrongWords(_("数据里没有信用代码为 {code} 的企业").format(code=code))
    result = judge(texts, values, gathered.facts, code, day)
    with _console(None) as console:
        print_explanation(result, texts, day, gathered.masks, gathered.names, console)
    return _status(gathered)


@app.command(help=_n("生成一个虚构的省的登记文件；种子相同，字节相同"))
def generate(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    enterprises: Annotated[int, typer.Option("--enterprises", min=1, max=1_000_000)] = 300,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    form: Annotated[Literal["csv", "xlsx"], typer.Option("--format")] = "csv",
    as_of: Day = None,
) -> int:
    """Write an invented province as register files; the same seed gives the same bytes."""
    plan = Plan(enterprises, seed, *([as_of.date()] if as_of else []))
    try:
        counts = invent(plan, folder, form, load_law())
    except OSError as error:
        raise WrongWords(_("写不到 {path}：{reason}").format(path=folder, reason=error.strerror or error)) from error
    for name, count in counts.items():
        print(f"{folder / name}  {count}")
    return ALL_READ


@app.command(help=_n("法定期间的最后一天，单独印在末行"))
def deadline(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help=_n("事件之日"))],
    months: Annotated[int | None, typer.Option("--months", min=1, max=1200)] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=36_500)] = None,
    working_days: Annotated[int | None, typer.Option("--working-days", min=1, max=5000)] = None,
    first_counted: Annotated[bool, typer.Option("--first-counted", help=_n("首日计入"))] = False,
    law: LawFolder = None,
) -> int:
    """The last day of a legal period, alone on the last line."""
    given = [Period(n, unit) for n, unit in ((months, "months"), (days, "days"), (working_days, "working-days")) if n]  # type: ignore[arg-type]  # literals
    if len(given) != 1:
        raise WrongWords(_("期间须有且只有一种单位：--months、--days 或 --working-days"))
    try:
        found = given[0].from_day(start.date(), load_law(law).calendar, first_counted=first_counted)
    except CannotCount as error:
        raise WrongWords(_("按月的期间自次日起算，不能首日计入")) from error
    except (OverflowError, ValueError) as error:
        raise WrongWords(_("期间太长，超出日历")) from error
    if found.provisional:
        print(_("暂定：所涉年份的放假安排尚未公布，公布后重新计算"))
    print(found.ends_on)
    return ALL_READ


@standards_app.command("list", help=_n("列出所有类别"))
def standards_list(law: LawFolder = None) -> int:
    """Every category."""
    with _console(None) as console:
        standards_report.print_list(load_law(law), console)
    return ALL_READ


@standards_app.command("show", help=_n("某类别某日要求什么，怎样演变来的；CATEGORY 可写标识、名称或资质代码"))
def standards_show(
    category: Annotated[str, typer.Argument(metavar="CATEGORY")],
    grade: Annotated[str | None, typer.Argument(metavar="GRADE")] = None,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])] = None,
    law: LawFolder = None,
) -> int:
    """What a category requires on a day, and how that came about. CATEGORY: slug, official name or item code."""
    texts = load_law(law)
    day = on.date() if on else today()
    slug = category
    if slug not in texts.categories:
        try:
            named = QualificationNames(texts).read(category, needs_grade=False)
        except BadCell as bad:
            raise WrongWords(f"{bad.problem}；{bad.remedy}") from bad
        slug, grade = named.category, grade or named.grade or None
    if slug not in texts.categories:
        raise WrongWords(_("{name} 不在预警范围，没有标准可列").format(name=category))
    text = texts.categories[slug]
    grades = {one for _sub, one, _text in text.every_grade()}
    if grade and grade not in grades and grade not in {GRADE_NAMES[one] for one in grades}:
        known = "、".join(GRADE_NAMES[one] for one in GRADE_NAMES if one in grades)
        raise WrongWords(_("{name}没有{grade}，只有 {known}").format(name=text.name, grade=grade, known=known))
    with _console(None) as console:
        standards_report.print_category(texts, texts.policy_on(day), text, grade, day, console)
    return ALL_READ


@standards_app.command("lint", help=_n("检查一个标准文件夹：哪个文件、哪一行、哪一条、错在哪里"))
def standards_lint(path: Annotated[Path | None, typer.Argument(metavar="PATH")] = None) -> int:
    """Every fault of a folder of law texts: file, line, clause, what is wrong."""
    try:
        texts = load_law(path)
    except LawError as error:
        for problem in error.problems:
            print(problem)
        raise WrongWords(_("{count} 处错误").format(count=len(error.problems))) from error
    levels = sum(len(text.every_grade()) for text in texts.categories.values())
    print(_("没有错误：{categories} 类，{levels} 级").format(categories=len(texts.categories), levels=levels))
    return ALL_READ


@standards_app.command("coverage", help=_n("多少等级可判不达标、只可提示、须人工核查、无可判"))
def standards_coverage(
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])] = None, law: LawFolder = None
) -> int:
    """How many category-levels can give `short`, only `advise`, `manual`, nothing."""
    texts, day = load_law(law), on.date() if on else today()
    with _console(None) as console:
        standards_report.print_coverage(texts, texts.policy_on(day), day, console)
    return ALL_READ


def today() -> date:
    """The Beijing day now: commands may read the clock."""
    return datetime.now(BEIJING).date()  # noqa: TID251  # a command
