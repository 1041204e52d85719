""".xlsb: refused for now, since its error values and hidden rows cannot be seen."""

from collections.abc import Iterator
from pathlib import Path

from qualwatch.intake.containers.sheet_data import SheetData
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _


def xlsb_sheets(path: Path) -> Iterator[SheetData]:
    """BadFile."""
    raise BadFile(_("这是 .xlsb 二进制工作簿"), _("用表格软件打开后另存为 .xlsx"))
    yield SheetData("")
