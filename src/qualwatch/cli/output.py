"""Where a command writes: the terminal, or a file that appears only when it is complete."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qualwatch.cli.options import InvalidCommand
from qualwatch.privacy import MaskingFile, hidden
from qualwatch.wording import gettext as _

if TYPE_CHECKING:
    from rich.console import Console

FILE_WIDTH = 160  # columns of a table in a file or a pipe
Form = TypeVar("Form", bound=str)


def print_lines(*lines: str) -> None:
    """Prints lines, resident numbers masked."""
    for line in lines:
        print(hidden(line))


@contextmanager
def console(output: Path | None) -> Iterator["Console"]:
    """A console on standard output, or into a file that appears only when it is complete."""
    from rich.console import Console  # takes as long to load as a short command to run

    plain = {"highlight": False, "markup": False, "emoji": False}
    if output is None:
        width = None if sys.stdout.isatty() else FILE_WIDTH
        yield Console(file=MaskingFile(sys.stdout), width=width, **plain)  # type: ignore[arg-type]
        return
    with complete_file(output) as part, part.open("w", encoding="utf-8") as file:
        yield Console(file=MaskingFile(file), width=FILE_WIDTH, **plain)  # type: ignore[arg-type]


def form_of(output: Path | None, forms: Mapping[str, Form], default: Form) -> Form:
    """The form that the ending of `output` stands for; `default` without a file or an ending.

    Raises InvalidCommand with the list of endings that can be written.
    """
    ending = output.suffix.lower() if output else ""
    if not ending:
        return default
    if ending not in forms:
        raise InvalidCommand(
            _("写不出 {ending} 文件；可以写 {endings}").format(
                ending=ending, endings=_listed(forms)
            )
        )
    return forms[ending]


def _listed(words: Iterable[str]) -> str:
    return _("、").join(words)


def check_folder(output: Path | None) -> None:
    """Raises InvalidCommand, before the work begins, where the folder of `output` is missing."""
    if output is not None and not output.parent.is_dir():
        raise InvalidCommand(
            _("写不到 {path}：{reason}").format(path=output, reason=_("没有这个文件夹"))
        )


@contextmanager
def complete_file(output: Path) -> Iterator[Path]:
    """A path to write to, a file or a folder, that replaces `output` when the block has ended.

    Raises InvalidCommand where it cannot be written; `output` is then as it was.
    """
    part = output.with_name(output.name + ".part")
    try:
        yield part
        if part.is_dir() and output.is_dir():
            shutil.rmtree(output)
        part.replace(output)
    except OSError as error:
        raise InvalidCommand(
            _("写不到 {path}：{reason}").format(path=output, reason=error.strerror or error)
        ) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)
