"""The standards: listed, shown, checked, covered."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from qualwatch.cli.command_line import Command, Group
from qualwatch.cli.options import ALL_READ, InvalidCommand, LawFolder, On
from qualwatch.cli.output import console
from qualwatch.law.loader import Law, load_law
from qualwatch.law.model import GRADE_NAMES, CategoryText
from qualwatch.law.texts_on_disk import LawError
from qualwatch.procedure.periods import BEIJING
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

standards_app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
    help=_n("标准：列表、查看、检查、覆盖情况"),
)
CategoryName = Annotated[str, typer.Argument(metavar="CATEGORY")]
GradeName = Annotated[str | None, typer.Argument(metavar="GRADE")]
TextsFolder = Annotated[Path | None, typer.Argument(metavar="PATH")]


@standards_app.command("list", cls=Command, help=_n("列出所有类别"))
def standards_list(law: LawFolder = None) -> int:
    """Every category."""
    from qualwatch.reports.standards import print_list

    texts = load_law(law)
    with console(None) as out:
        print_list(texts, out)
    return ALL_READ


@standards_app.command(
    "show",
    cls=Command,
    help=_n("某类别某日要求什么，怎样演变来的；CATEGORY 可写标识、名称或资质代码"),
)
def standards_show(
    category: CategoryName, grade: GradeName = None, on: On = None, law: LawFolder = None
) -> int:
    """What a category requires on a day, and how that came about."""
    from qualwatch.reports.standards import print_category

    texts, day = load_law(law), on or today()
    text, grade = _category(texts, category, grade)
    with console(None) as out:
        print_category(texts, texts.policy_on(day), text, grade, day, out)
    return ALL_READ


def _category(law: Law, name: str, grade: str | None) -> tuple[CategoryText, str | None]:
    """A category by its slug, official name or item code, and the grade; InvalidCommand."""
    from qualwatch.intake.problems import BadCell
    from qualwatch.intake.qualifications import QualificationNames

    slug = name
    if slug not in law.categories:
        try:
            item = QualificationNames(law).read(name, needs_grade=False)
        except BadCell as bad:
            raise InvalidCommand(f"{bad.problem}；{bad.remedy}") from bad
        slug, grade = item.category, grade or item.grade or None
    if slug not in law.categories:
        raise InvalidCommand(_("{name} 不在预警范围，没有标准可列").format(name=name))
    text = law.categories[slug]
    grades = {grade_slug for _sub_item, grade_slug, _text in text.every_grade()}
    names = [GRADE_NAMES[grade_slug] for grade_slug in GRADE_NAMES if grade_slug in grades]
    if grade and grade not in grades and grade not in names:
        raise InvalidCommand(
            _("{name}没有{grade}，只有 {known}").format(
                name=text.name, grade=grade, known=_("、").join(_(known) for known in names)
            )
        )
    return text, grade


@standards_app.command(
    "lint", cls=Command, help=_n("检查一个标准文件夹：哪个文件、哪一行、哪一条、错在哪里")
)
def standards_lint(path: TextsFolder = None) -> int:
    """Every fault of a folder of law texts: file, line, clause, what is wrong."""
    try:
        texts = load_law(path)
    except LawError as error:
        for problem in error.problems:
            print(problem)
        raise InvalidCommand(_("{count} 处错误").format(count=len(error.problems))) from error
    levels = sum(len(text.every_grade()) for text in texts.categories.values())
    print(
        _("没有错误：{categories} 类，{levels} 级").format(
            categories=len(texts.categories), levels=levels
        )
    )
    return ALL_READ


@standards_app.command(
    "coverage", cls=Command, help=_n("多少等级可判不达标、只可提示、须人工核查、无可判")
)
def standards_coverage(on: On = None, law: LawFolder = None) -> int:
    """How many category-levels can give `short`, only `advise`, `manual`, nothing."""
    from qualwatch.reports.standards import print_coverage

    texts, day = load_law(law), on or today()
    with console(None) as out:
        print_coverage(texts, texts.policy_on(day), day, out)
    return ALL_READ


def today() -> date:
    """The Beijing day now: commands may read the clock."""
    return datetime.now(BEIJING).date()  # noqa: TID251  # a command
