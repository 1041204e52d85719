"""Commands that ask beyond the day: explain with what is coming, what if, the impact of a change."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from qualwatch.cli.options import (
    Day,
    Engine,
    LawFolder,
    PolicyFile,
    Steps,
    Where,
    WrongWords,
    areas_of,
    check_place,
    console,
    day_param,
    engine_of,
    judged_by,
    read,
    status,
)
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.forecast import forecast
from qualwatch.evaluation.impact import turns
from qualwatch.evaluation.reference import judge
from qualwatch.evaluation.whatif import UnknownRegistration, without
from qualwatch.intake.facts_folder import is_facts_folder
from qualwatch.law.loader import load_law
from qualwatch.privacy import hidden
from qualwatch.reports.comparison import ImpactReport, impact_as_json, print_impact, print_what_if
from qualwatch.reports.explanation import print_coming, print_explanation
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

HORIZON_DAYS = 180  # how far ahead `explain` looks
Code = Annotated[str, typer.Argument(metavar="CREDIT_CODE", help=_n("统一社会信用代码"))]


def explain(
    path: Where,
    credit_code: Code,
    as_of: Day = None,
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """One enterprise: every requirement, every person, why counted or not; what is coming in 180 days."""
    texts, values, day = judged_by(as_of, policy, law)
    with Steps() as steps:
        gathered = read(path, texts, steps)
        code = _known_code(gathered.facts, credit_code)
        result = judge(texts, values, gathered.facts, code, day)
        coming = forecast(texts, texts.policy_on, gathered.facts, code, day, HORIZON_DAYS)
    with console(None) as out:
        print_explanation(result, texts, day, gathered.masks, gathered.names, out)
        print_coming(
            coming, day + timedelta(days=HORIZON_DAYS), gathered.masks, gathered.names, out
        )
    return status(gathered)


def whatif(
    path: Where,
    credit_code: Code,
    as_of: Day = None,
    without_: Annotated[
        list[str] | None, typer.Option("--without", help=_n("假如没有这个注册编号；可写多次"))
    ] = None,
    with_: Annotated[
        Path | None,
        typer.Option("--with", help=_n("假如多了这个文件里的行：人员、社保，或换等级的资质")),
    ] = None,
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """One enterprise as it would be if people left or joined, or an item had another grade."""
    if not without_ and with_ is None:
        raise WrongWords(_("请用 --without 或 --with 写明假如什么"))
    if with_ is not None and is_facts_folder(path):
        raise WrongWords(_("事实文件夹里没有证件号码，不能与 --with 的文件合在一起"))
    texts, values, day = judged_by(as_of, policy, law)
    with Steps() as steps:
        gathered = read(path, texts, steps)
        code = _known_code(gathered.facts, credit_code)
        supposed = gathered if with_ is None else read(path, texts, steps, also=with_)
    try:
        facts = without(supposed.facts, without_ or ())
    except UnknownRegistration as unknown:
        raise WrongWords(_("数据里没有注册编号 {number}").format(number=unknown)) from unknown
    before, after = (judge(texts, values, one, code, day) for one in (gathered.facts, facts))
    with console(None) as out:
        print_what_if(before.findings, after.findings, out)
    return status(supposed)


def impact(
    path: Where,
    as_of: Day = None,
    policy: PolicyFile = None,
    against: Annotated[Path | None, typer.Option("--against", help=_n("改后的政策文件"))] = None,
    law: LawFolder = None,
    against_law: Annotated[
        Path | None, typer.Option("--against-law", help=_n("改后的标准文件夹"))
    ] = None,
    engine: Engine = "duckdb",
    form: Annotated[Literal["table", "json"], typer.Option("--format")] = "table",
    output: Annotated[Path | None, typer.Option("--output", help=_n("写到这个文件"))] = None,
) -> int:
    """Who would turn short or met under another policy or standard, per supervising area and category."""
    if against is None and against_law is None:
        raise WrongWords(
            _("请用 --against 写明改后的政策文件，或用 --against-law 写明改后的标准文件夹")
        )
    check_place(output)
    day = day_param(as_of)
    old, new = load_law(law, policy), load_law(against_law or law, against or policy)
    run = engine_of(engine)
    with Steps() as steps:
        gathered = read(path, old, steps)
        steps.say(_("按原来的核查"))
        before = list(run(old, old.policy_on(day), gathered.facts, day))
        steps.say(_("按改后的核查"))
        after = list(run(new, new.policy_on(day), gathered.facts, day))
    report = ImpactReport(day, old, turns(before, after), areas_of(old, gathered.facts))
    with console(output) as out:
        if form == "json":
            out.file.write(hidden(impact_as_json(report)) + "\n")
        else:
            print_impact(report, out)
    return status(gathered)


def _known_code(facts: Facts, credit_code: str) -> str:
    """A credit code that the registers know."""
    code = credit_code.strip().upper()
    if code not in facts.credit_codes:
        raise WrongWords(_("数据里没有信用代码为 {code} 的企业").format(code=code))
    return code
