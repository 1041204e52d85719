"""The main command: registers compared with the standards."""

from collections.abc import Callable
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
    engine_of,
    judged_by,
    read,
    status,
    whole_file,
)
from qualwatch.evaluation import columnar
from qualwatch.evaluation.facts import Facts
from qualwatch.intake.facts_folder import is_facts_folder, write_facts
from qualwatch.privacy import hidden
from qualwatch.reports.check import CheckReport, as_json, print_table
from qualwatch.reports.lines import json_lines, write_json_lines, write_parquet
from qualwatch.reports.page import as_page
from qualwatch.reports.workbook import write_workbook
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

Form = Literal["table", "json", "jsonl", "parquet", "xlsx", "html", "facts"]
ENDS: dict[str, Form] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
}
WRITERS: dict[str, Callable[[CheckReport, Path], None]] = {
    "jsonl": write_json_lines,
    "parquet": write_parquet,
    "xlsx": write_workbook,
    "html": lambda report, path: _write_text(path, as_page(report)),
    "json": lambda report, path: _write_text(path, hidden(as_json(report)) + "\n"),
}
WITH_PEOPLE = ("xlsx", "html")  # forms that list who was looked at for each shortfall


def check(
    path: Where,
    as_of: Day = None,
    form: Annotated[
        Form | None,
        typer.Option("--format", help=_n("输出格式；不写时看 --output 的扩展名，再不然是 table")),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help=_n("写到这个文件（facts 是文件夹）"))
    ] = None,
    engine: Engine = "duckdb",
    policy: PolicyFile = None,
    law: LawFolder = None,
) -> int:
    """Compare registers with the standards: every item's verdict, with its reasons."""
    form = form or ENDS.get(output.suffix.lower() if output else "", "table")
    if form in ("parquet", "xlsx", "facts") and output is None:
        raise WrongWords(_("格式 {form} 要写到文件，请加 --output").format(form=form))
    check_place(output)
    texts, values, day = judged_by(as_of, policy, law)
    run = engine_of(engine)
    with Steps() as steps:
        gathered = read(path, texts, steps)
        if form == "facts" and output is not None:
            _write_facts(gathered.facts, output)
            return status(gathered)
        steps.say(_("核查"))
        results = list(run(texts, values, gathered.facts, day))
        short = [
            one.credit_code
            for found in results
            for one in found.findings
            if one.verdict in ("short", "advise")
        ]
        people = (
            columnar.people(texts, values, gathered.facts, day, short)
            if form in WITH_PEOPLE
            else {}
        )
        report = CheckReport(
            day,
            texts,
            values,
            results,
            gathered.accounts,
            gathered.rejections,
            gathered.notices,
            gathered.masks,
            gathered.names if form in WITH_PEOPLE else {},
            people,
            areas_of(texts, gathered.facts),
        )
        if output is not None and form in WRITERS:
            steps.say(_("写出 {path}").format(path=output))
            with whole_file(output) as part:
                WRITERS[form](report, part)
    if form == "table" or output is None:
        _print(report, form, output)
    return status(gathered)


def _print(report: CheckReport, form: Form, output: Path | None) -> None:
    with console(output) as out:
        if form == "table":
            print_table(report, out)
        elif form == "jsonl":
            out.file.writelines(json_lines(report))
        else:
            out.file.write((as_page(report) if form == "html" else as_json(report)) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_facts(facts: Facts, folder: Path) -> None:
    if (
        folder.exists()
        and not is_facts_folder(folder)
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise WrongWords(_("{path} 已有别的内容，不能写成事实文件夹").format(path=folder))
    with whole_file(folder) as part:
        write_facts(facts, part)
