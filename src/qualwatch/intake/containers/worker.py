"""The process that reads workbooks: a request on standard input, sheets on standard output.

A parser may abort, hang or want all memory; then only this process ends.
"""

import contextlib
import gc
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from python_calamine import CalamineError

from qualwatch.intake.containers.content import Container, damaged, encrypted
from qualwatch.intake.containers.html import html_sheets, mhtml_sheets
from qualwatch.intake.containers.limits import MEGABYTE
from qualwatch.intake.containers.messages import SIZE, End, Refusal, Request
from qualwatch.intake.containers.opendocument import flat_ods_sheets, ods_sheets
from qualwatch.intake.containers.sheet_data import SheetData
from qualwatch.intake.containers.xls import xls_sheets
from qualwatch.intake.containers.xlsb import xlsb_sheets
from qualwatch.intake.containers.xlsx import xlsx_sheets
from qualwatch.intake.containers.xml_2003 import xml_2003_sheets
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _
from qualwatch.wording import set_language

READERS: dict[Container, Callable[[Path], Iterator[SheetData]]] = {
    Container.XLSX: xlsx_sheets,
    Container.XLSB: xlsb_sheets,
    Container.XLS: xls_sheets,
    Container.ODS: ods_sheets,
    Container.FLAT_ODS: flat_ods_sheets,
    Container.XML_2003: xml_2003_sheets,
    Container.HTML: html_sheets,
    Container.MHTML: mhtml_sheets,
}


def answers(request: Request) -> Iterator[SheetData | Refusal | End]:
    """The sheets of a file and an end, or a refusal; never an error."""
    try:
        is_empty = True
        for sheet in READERS[request.container](request.path):
            is_empty = False
            yield sheet
        if is_empty:
            raise BadFile(_("工作簿里没有工作表"), _("用表格软件打开后另存为 .xlsx"))
        yield End(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    except BadFile as bad:
        yield _refusal(bad)
    except GeneratorExit:
        raise
    except MemoryError:
        yield _refusal(too_large(request.memory // MEGABYTE))
    # a parser written in Rust may panic on garbage; its panic is no Exception
    except BaseException as error:
        yield _refusal(encrypted() if _is_password(error) else damaged())


def _refusal(bad: BadFile) -> Refusal:
    return Refusal(bad.problem, bad.remedy, bad.row, bad.may_hold_rows)


def _is_password(error: BaseException) -> bool:
    return isinstance(error, CalamineError) and any(
        word in str(error) for word in ("assword", "ncrypt")
    )


def too_large(megabytes: int) -> BadFile:
    """The problem of a file that needs more memory than the limit."""
    problem = _("读取需要的内存超过 {size} MB").format(size=megabytes)
    return BadFile(problem, _("删去数据以外的内容，或拆成几个文件"))


def write_message(stream: BinaryIO, message: Any) -> None:
    """One message: its size, then its pickle."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(SIZE.pack(len(content)))
    stream.write(content)
    stream.flush()


def _read_request(stream: BinaryIO) -> Request | None:
    """The next request; None where the other process has ended."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        return None
    request: Request = pickle.loads(stream.read(SIZE.unpack(head)[0]))
    return request


def main() -> None:
    """Answers requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing else may write there
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # millions of cells hold no cycle, and are looked through again and again
    with contextlib.suppress(BrokenPipeError):
        while request := _read_request(sys.stdin.buffer):
            _limit_memory(request.memory)
            set_language(request.language)
            for answer in answers(request):
                write_message(out, answer)
            gc.collect()


def _limit_memory(size: int) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


if __name__ == "__main__":
    main()
