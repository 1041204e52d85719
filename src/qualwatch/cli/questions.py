"""Commands that ask beyond the day: explain, what if, the impact of a change."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qualwatch.cli.options import (
    AsOf,
    EngineName,
    InvalidCommand,
    LawFolder,
    PolicyFile,
    RegistersPath,
    required_day,
)
from qualwatch.cli.output import check_folder, console, form_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from qualwatch.evaluation.facts import Facts

HORIZON_DAYS = 180  # how far ahead `explain` looks
CreditCode = Annotated[str, typer.Argument(metavar="CREDIT_CODE", help=_n("统一社会信用代码"))]
Without = Annotated[
    list[str] | None, typer.Option("--without", help=_n("假如没有这个注册编号；可写多次"))
]
With = Annotated[
    Path | None,
    typer.Option("--with", help=_n("假如多了这个文件里的行：人员、社保，或换等级的资质")),
]
Against = Annotated[Path | None, typer.Option("--against", help=_n("改后的政策文件"))]
AgainstLaw = Annotated[Path | None, typer.Option("--against-law", help=_n("改后的标准文件夹"))]
ImpactForm = Literal["table", "json"]
ImpactFormOption = Annotated[
    ImpactForm | None,
    typer.Option("--format", help=_n("输出格式；不写时看 --output 的扩展名，再不然是 table")),
]
OutputPath = Annotated[Path | None, typer.Option("--output", help=_n("写到这个文件"))]
FORMS_BY_ENDING: dict[str, ImpactForm] = {".json": "json", ".txt": "table"}


def explain(
    path: RegistersPath,
    credit_code: CreditCode,
    as_of: AsOf = None,
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """One enterprise: every requirement, every person, why counted or not; what is coming."""
    required_day(as_of)
    from qualwatch.cli import registers
    from qualwatch.evaluation.forecast import forecast
    from qualwatch.evaluation.reference import judge
    from qualwatch.reports.explanation import print_coming, print_explanation

    texts, values, day = registers.law_and_day(as_of, policy, law)
    with registers.Steps() as steps:
        register_files = registers.read(path, texts, steps)
        code = _registered(register_files.facts, credit_code)
        result = judge(texts, values, register_files.facts, code, day)
        coming = forecast(texts, texts.policy_on, register_files.facts, code, day, HORIZON_DAYS)
    horizon = day + timedelta(days=HORIZON_DAYS)
    with console(None) as out:
        print_explanation(result, texts, day, register_files.masks, register_files.names, out)
        print_coming(coming, horizon, register_files.masks, register_files.names, out)
    return registers.status(register_files)


def whatif(
    path: RegistersPath,
    credit_code: CreditCode,
    as_of: AsOf = None,
    without_: Without = None,
    with_: With = None,
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """One enterprise as it would be if people left or joined, or an item had another grade."""
    if not without_ and with_ is None:
        raise InvalidCommand(_("请用 --without 或 --with 写明假如什么"))
    required_day(as_of)
    from qualwatch.cli import registers
    from qualwatch.evaluation.reference import judge
    from qualwatch.intake.facts_folder import is_facts_folder
    from qualwatch.reports.comparison import print_what_if

    if with_ is not None and is_facts_folder(path):
        raise InvalidCommand(_("事实文件夹里没有证件号码，不能与 --with 的文件合在一起"))
    texts, values, day = registers.law_and_day(as_of, policy, law)
    with registers.Steps() as steps:
        register_files = registers.read(path, texts, steps)
        code = _registered(register_files.facts, credit_code)
        scenario = (
            register_files if with_ is None else registers.read(path, texts, steps, also=with_)
        )
    changed = _without(scenario.facts, without_ or [])
    before = judge(texts, values, register_files.facts, code, day)
    after = judge(texts, values, changed, code, day)
    with console(None) as out:
        print_what_if(before.findings, after.findings, out)
    return registers.status(scenario)


def impact(  # noqa: PLR0913  # the options of a command are its arguments
    path: RegistersPath,
    as_of: AsOf = None,
    policy: PolicyFile = None,
    against: Against = None,
    law: LawFolder = None,
    against_law: AgainstLaw = None,
    engine: EngineName = "auto",
    form: ImpactFormOption = None,
    output: OutputPath = None,
) -> int:
    """Who would turn short or met under another policy or standard, per area and category."""
    if against is None and against_law is None:
        raise InvalidCommand(
            _("请用 --against 写明改后的政策文件，或用 --against-law 写明改后的标准文件夹")
        )
    form = form or form_of(output, FORMS_BY_ENDING, "table")
    check_folder(output)
    day = required_day(as_of)
    from qualwatch.cli import registers
    from qualwatch.evaluation.impact import turns
    from qualwatch.law.loader import load_law
    from qualwatch.reports.comparison import ImpactReport, impact_as_json, print_impact

    old, new = load_law(law, policy), load_law(against_law or law, against or policy)
    run = registers.engine_of(engine)
    with registers.Steps() as steps:
        register_files = registers.read(path, old, steps)
        steps.show(_("按原来的核查"))
        before = list(run(old, old.policy_on(day), register_files.facts, day))
        steps.show(_("按改后的核查"))
        after = list(run(new, new.policy_on(day), register_files.facts, day))
    areas = registers.areas_of(old, register_files.facts)
    report = ImpactReport(day, old, turns(before, after), areas)
    with console(output) as out:
        if form == "json":
            out.file.write(impact_as_json(report) + "\n")
        else:
            print_impact(report, out)
    return registers.status(register_files)


def _registered(facts: "Facts", credit_code: str) -> str:
    """A credit code that the registers have; InvalidCommand."""
    code = credit_code.strip().upper()
    if code not in facts.credit_codes:
        raise InvalidCommand(_("数据里没有信用代码为 {code} 的企业").format(code=code))
    return code


def _without(facts: "Facts", numbers: list[str]) -> "Facts":
    """The facts without these registrations; InvalidCommand."""
    from qualwatch.evaluation.whatif import UnknownRegistration, without

    try:
        return without(facts, numbers)
    except UnknownRegistration as unknown:
        raise InvalidCommand(_("数据里没有注册编号 {number}").format(number=unknown)) from unknown
