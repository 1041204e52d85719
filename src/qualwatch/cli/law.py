"""Commands that need no register: the standards, legal periods, an invented province."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from qualwatch.cli.options import ALL_READ, Day, LawFolder, WrongWords, console
from qualwatch.intake.problems import BadCell
from qualwatch.intake.qualifications import QualificationNames
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.law.loader import load_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.texts_on_disk import LawError
from qualwatch.procedure.periods import BEIJING, CannotCount, Period
from qualwatch.reports import standards as standards_report
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

standards_app = typer.Typer(no_args_is_help=True, help=_n("标准：列表、查看、检查、覆盖情况"))


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
        counts = generate_province(plan, folder, form, load_law())
    except OSError as error:
        raise WrongWords(
            _("写不到 {path}：{reason}").format(path=folder, reason=error.strerror or error)
        ) from error
    for name, count in counts.items():
        print(f"{folder / name}  {count}")
    return ALL_READ


def deadline(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help=_n("事件之日"))],
    months: Annotated[int | None, typer.Option("--months", min=1, max=1200)] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=36_500)] = None,
    working_days: Annotated[int | None, typer.Option("--working-days", min=1, max=5000)] = None,
    first_counted: Annotated[bool, typer.Option("--first-counted", help=_n("首日计入"))] = False,
    law: LawFolder = None,
) -> int:
    """The last day of a legal period, alone on the last line."""
    given = [
        Period(n, unit)
        for n, unit in ((months, "months"), (days, "days"), (working_days, "working-days"))
        if n
    ]  # type: ignore[arg-type]  # literals
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
    with console(None) as out:
        standards_report.print_list(load_law(law), out)
    return ALL_READ


@standards_app.command(
    "show", help=_n("某类别某日要求什么，怎样演变来的；CATEGORY 可写标识、名称或资质代码")
)
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
        raise WrongWords(
            _("{name}没有{grade}，只有 {known}").format(name=text.name, grade=grade, known=known)
        )
    with console(None) as out:
        standards_report.print_category(texts, texts.policy_on(day), text, grade, day, out)
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
    print(
        _("没有错误：{categories} 类，{levels} 级").format(
            categories=len(texts.categories), levels=levels
        )
    )
    return ALL_READ


@standards_app.command("coverage", help=_n("多少等级可判不达标、只可提示、须人工核查、无可判"))
def standards_coverage(
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])] = None,
    law: LawFolder = None,
) -> int:
    """How many category-levels can give `short`, only `advise`, `manual`, nothing."""
    texts, day = load_law(law), on.date() if on else today()
    with console(None) as out:
        standards_report.print_coverage(texts, texts.policy_on(day), day, out)
    return ALL_READ


def today() -> date:
    """The Beijing day now: commands may read the clock."""
    return datetime.now(BEIJING).date()  # noqa: TID251  # a command
