"""The main command: registers compared with the standards."""

from collections.abc import Callable, Mapping
from datetime import date
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
from qualwatch.cli.output import check_folder, complete_file, console, form_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from qualwatch.cli.registers import Engine
    from qualwatch.evaluation.facts import Facts
    from qualwatch.evaluation.findings import EnterpriseResult, FindingKey, PersonLine
    from qualwatch.intake.register_files import RegisterFiles
    from qualwatch.law.corpus import Law
    from qualwatch.reports.check import CheckReport

Form = Literal["table", "json", "jsonl", "csv", "parquet", "xlsx", "html", "facts"]
FORMS_BY_ENDING: dict[str, Form] = {
    ".xlsx": "xlsx",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".txt": "table",
}
FILE_ONLY_FORMS = ("parquet", "xlsx", "facts")
WITH_PEOPLE = ("xlsx", "html")  # forms that list who was looked at for each shortfall
FormOption = Annotated[
    Form | None,
    typer.Option("--format", help=_n("输出格式；不写时看 --output 的扩展名，再不然是 table")),
]
OutputPath = Annotated[
    Path | None, typer.Option("--output", help=_n("写到这个文件（facts 是文件夹）"))
]


def check(
    path: RegistersPath,
    as_of: AsOf = None,
    form: FormOption = None,
    output: OutputPath = None,
    engine: EngineName = "auto",
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """Compare registers with the standards: every item's verdict, with its reasons."""
    form = form or form_of(output, FORMS_BY_ENDING, "table")
    if form in FILE_ONLY_FORMS and output is None:
        raise InvalidCommand(_("格式 {form} 要写到文件，请加 --output").format(form=form))
    check_folder(output)
    required_day(as_of)
    from qualwatch.cli import registers  # takes half a second to load

    texts, _values, day = registers.law_and_day(as_of, policy, law)
    run = registers.engine_of(engine)
    with registers.Steps() as steps:
        register_files = registers.read(path, texts, steps)
        if form == "facts" and output is not None:
            _write_facts(register_files.facts, output)
            return registers.status(register_files)
        steps.show(_("核查"))
        report = _report(texts, day, register_files, run, with_people=form in WITH_PEOPLE)
        if output is not None and form != "table":
            steps.show(_("写出 {path}").format(path=output))
            _write(report, form, output)
    if output is None or form == "table":
        _print(report, form, output)
    return registers.status(register_files)


def _report(
    law: "Law", day: date, register_files: "RegisterFiles", run: "Engine", *, with_people: bool
) -> "CheckReport":
    from qualwatch.cli.registers import areas_of, names_of_enterprises
    from qualwatch.reports.check import CheckReport

    policy = law.policy_on(day)
    results = list(run(law, policy, register_files.facts, day))
    return CheckReport(
        as_of=day,
        law=law,
        policy=policy,
        results=results,
        accounts=register_files.accounts,
        rejections=register_files.rejections,
        notices=register_files.notices,
        masks=register_files.masks,
        names=register_files.names if with_people else {},
        people=_people(law, day, register_files, results) if with_people else {},
        areas=areas_of(law, register_files.facts),
        enterprise_names=names_of_enterprises(register_files.facts),
    )


def _people(
    law: "Law", day: date, register_files: "RegisterFiles", results: "list[EnterpriseResult]"
) -> "Mapping[FindingKey, tuple[PersonLine, ...]]":
    """Who was looked at for each shortfall."""
    from qualwatch.evaluation.columnar import people

    short = [
        finding.credit_code
        for result in results
        for finding in result.findings
        if finding.verdict in ("short", "advise")
    ]
    return people(law, law.policy_on(day), register_files.facts, day, short)


def _write(report: "CheckReport", form: Form, output: Path) -> None:
    with complete_file(output) as part:
        _writer(form)(report, part)


def _writer(form: Form) -> Callable[["CheckReport", Path], None]:
    """What writes a form; only its library is loaded."""
    if form == "xlsx":
        from qualwatch.reports.workbook import write_workbook

        return write_workbook
    if form == "parquet":
        from qualwatch.reports.lines import write_parquet

        return write_parquet
    if form == "jsonl":
        from qualwatch.reports.lines import write_json_lines

        return write_json_lines
    if form == "csv":
        from qualwatch.reports.csv_table import write_csv

        return write_csv
    return lambda report, path: _write_text(path, _text(report, form))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _print(report: "CheckReport", form: Form, output: Path | None) -> None:
    with console(output) as out:
        if form == "table":
            from qualwatch.reports.check import print_table

            print_table(report, out)
        else:
            out.file.write(_text(report, form))


def _text(report: "CheckReport", form: Form) -> str:
    """The forms that are text."""
    if form == "jsonl":
        from qualwatch.reports.lines import json_lines

        return "".join(json_lines(report))
    if form == "csv":
        from qualwatch.reports.csv_table import csv_text

        return csv_text(report)
    if form == "html":
        from qualwatch.reports.page import as_page

        return as_page(report) + "\n"
    from qualwatch.reports.check import as_json

    return as_json(report) + "\n"


def _write_facts(facts: "Facts", folder: Path) -> None:
    from qualwatch.intake.facts_folder import is_facts_folder, write_facts

    has_other_content = not folder.is_dir() or any(folder.iterdir())
    if folder.exists() and not is_facts_folder(folder) and has_other_content:
        raise InvalidCommand(_("{path} 已有别的内容，不能写成事实文件夹").format(path=folder))
    with complete_file(folder) as part:
        write_facts(facts, part)
