"""Commands of oversight: who owes a return, a lot drawn again."""

from datetime import datetime
from typing import Annotated

import typer

from qualwatch.cli.office import with_database
from qualwatch.cli.options import ALL_READ, SOME_REJECTED, LawFolder, WrongWords, day_param
from qualwatch.law.loader import load_law
from qualwatch.oversight.quarters import NotAQuarter, Quarter
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

QuarterArgument = Annotated[str, typer.Argument(metavar="QUARTER", help=_n("季度，如 2023Q3"))]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help=_n("哪一天，YYYY-MM-DD"))
]


@with_database
def returns(quarter: QuarterArgument, on: Day = None, law: LawFolder = None) -> int:
    """Who owes the return of a quarter, who sent it when; status 3 where one is overdue."""
    from qualwatch.accounts.queries import organisation
    from qualwatch.oversight.returns import owed

    texts, asked, day = load_law(law), _quarter(quarter), day_param(on)
    late = 0
    for one in owed(asked, texts):
        state = _("{day} 报送").format(day=one.submitted_on) if one.submitted_on else _("未报送")
        overdue = one.is_late(day)
        late += overdue and one.submitted_on is None
        print(
            f"{organisation(one.reporter).name}\t{one.due.ends_on}\t{state}"
            + (_("（逾期）") if overdue else "")
        )
    return SOME_REJECTED if late else ALL_READ


@with_database
def redraw(number: Annotated[int, typer.Argument(metavar="NUMBER", help=_n("抽查的编号"))]) -> int:
    """The lot of a spot check drawn again from its recorded seed; status 3 where it is not what was looked at."""
    from qualwatch.oversight.checks import drawn
    from qualwatch.oversight.models import Draw

    draw = Draw.objects.get(pk=number)
    if draw.kind != "random":
        raise WrongWords(_("这次抽查不是随机的"))
    again = {case for numbers in drawn(draw).values() for case in numbers}
    print(_("种子 {seed}，每市 {count} 项").format(seed=draw.seed, count=draw.per_city))
    for city, numbers in drawn(draw).items():
        print(f"{city}\t{' '.join(map(str, numbers))}")
    same = again == set(draw.checks.values_list("case_id", flat=True))
    print(_("与记录一致") if same else _("与记录不一致"))
    return ALL_READ if same else SOME_REJECTED


def _quarter(text: str) -> Quarter:
    try:
        return Quarter.read(text)
    except NotAQuarter as error:
        raise WrongWords(str(error)) from error
