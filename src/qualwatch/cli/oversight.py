"""Commands of oversight: overdue returns, a repeated draw."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from qualwatch.cli.database import office_law, with_database
from qualwatch.cli.options import (
    ALL_READ,
    SOME_REJECTED,
    InvalidCommand,
    On,
    required_day,
)
from qualwatch.cli.output import print_lines
from qualwatch.oversight.quarters import NotAQuarter, Quarter
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from qualwatch.oversight.returns import DueReturn

QuarterName = Annotated[str, typer.Argument(metavar="QUARTER", help=_n("季度，如 2023Q3"))]
DrawNumber = Annotated[int, typer.Argument(metavar="NUMBER", help=_n("抽查的编号"))]


@with_database
def returns(quarter: QuarterName, on: On = None) -> int:
    """Who owes the return of a quarter, who sent it when; status 3 where one is overdue."""
    from qualwatch.oversight.returns import due_returns

    day = required_day(on, "--on")
    rows = due_returns(_quarter(quarter), office_law())
    print_lines(*(_return_line(row, day) for row in rows))
    is_overdue = any(row.is_late(day) and row.submitted_on is None for row in rows)
    return SOME_REJECTED if is_overdue else ALL_READ


@with_database
def redraw(number: DrawNumber) -> int:
    """Repeats the draw of a spot check from its recorded seed.

    Status 3 where it differs from the items that were checked.
    """
    from qualwatch.oversight.checks import draw_again
    from qualwatch.oversight.models import Draw

    draw = Draw.objects.get(pk=number)
    if draw.kind != "random":
        raise InvalidCommand(_("这次抽查不是随机的"))
    lots = draw_again(draw)
    print_lines(_("种子 {seed}，每市 {count} 项").format(seed=draw.seed, count=draw.per_city))
    print_lines(*(f"{city}\t{' '.join(map(str, cases))}" for city, cases in lots.items()))
    redrawn = {case for cases in lots.values() for case in cases}
    is_same = redrawn == set(draw.checks.values_list("case_id", flat=True))
    print_lines(_("与记录一致") if is_same else _("与记录不一致"))
    return ALL_READ if is_same else SOME_REJECTED


def _return_line(row: "DueReturn", day: date) -> str:
    from qualwatch.accounts.queries import organisation

    submitted = row.submitted_on
    state = _("{day} 报送").format(day=submitted) if submitted else _("未报送")
    overdue = _("（逾期）") if row.is_late(day) else ""
    return f"{organisation(row.reporter).name}\t{row.due.ends_on}\t{state}{overdue}"


def _quarter(text: str) -> Quarter:
    try:
        return Quarter.read(text)
    except NotAQuarter as error:
        raise InvalidCommand(str(error)) from error
