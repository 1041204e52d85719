"""A synthetic province."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from qualwatch.cli.options import ALL_READ, AsOf, InvalidCommand
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.law.loader import load_law
from qualwatch.wording import gettext as _


def generate(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    enterprises: Annotated[int, typer.Option("--enterprises", min=1, max=1_000_000)] = 300,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    form: Annotated[Literal["csv", "xlsx"], typer.Option("--format")] = "csv",
    as_of: AsOf = None,
) -> int:
    """Write a synthetic province as register files; the same seed gives the same bytes."""
    plan = Plan(enterprises, seed, *([as_of] if as_of else []))
    try:
        counts = generate_province(plan, folder, form, load_law())
    except OSError as error:
        raise InvalidCommand(
            _("写不到 {path}：{reason}").format(path=folder, reason=error.strerror or error)
        ) from error
    for name, count in counts.items():
        print(f"{folder / name}  {count}")
    return ALL_READ
