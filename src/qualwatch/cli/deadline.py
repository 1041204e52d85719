"""Legal periods. Reads the calendar only."""

from datetime import date
from typing import Annotated

import typer

from qualwatch.cli.options import ALL_READ, InvalidCommand, LawFolder, read_day
from qualwatch.law.calendar import load_calendar
from qualwatch.procedure.periods import CannotCount, Period
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


def deadline(
    start: Annotated[
        date,
        typer.Option(
            "--from",
            parser=read_day,
            metavar="DAY",
            help=_n("事件之日，如 2026-05-20 或 2026/5/20"),
        ),
    ],
    months: Annotated[int | None, typer.Option("--months", min=1, max=1200)] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=36_500)] = None,
    working_days: Annotated[int | None, typer.Option("--working-days", min=1, max=5000)] = None,
    first_counted: Annotated[bool, typer.Option("--first-counted", help=_n("首日计入"))] = False,
    law: LawFolder = None,
) -> int:
    """The last day of a legal period, alone on the last line."""
    period = _period(months, days, working_days)
    try:
        last = period.from_day(start, load_calendar(law), first_counted=first_counted)
    except CannotCount as error:
        raise InvalidCommand(_("按月的期间自次日起算，不能首日计入")) from error
    except (OverflowError, ValueError) as error:
        raise InvalidCommand(_("期间太长，超出日历")) from error
    if last.provisional:
        print(_("暂定：所涉年份的放假安排尚未公布，公布后重新计算"))
    print(last.ends_on)
    return ALL_READ


def _period(months: int | None, days: int | None, working_days: int | None) -> Period:
    """The one period that was given; InvalidCommand."""
    periods = [
        *([Period(months, "months")] if months else []),
        *([Period(days, "days")] if days else []),
        *([Period(working_days, "working-days")] if working_days else []),
    ]
    if len(periods) != 1:
        raise InvalidCommand(_("期间须有且只有一种单位：--months、--days 或 --working-days"))
    return periods[0]
