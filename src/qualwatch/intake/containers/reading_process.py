"""Workbooks read by a process of their own, which is started when needed and used again."""

import atexit
import os
import pickle
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from qualwatch.intake.containers import limits
from qualwatch.intake.containers.content import Container
from qualwatch.intake.containers.limits import MEGABYTE
from qualwatch.intake.containers.messages import SIZE, End, Request
from qualwatch.intake.containers.sheet_data import SheetData
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _
from qualwatch.wording import language

# -P: modules in the folder where the command runs are not taken for the library's
_COMMAND = [sys.executable, "-P", "-m", "qualwatch.intake.containers.worker"]
_PIECE = MEGABYTE
_idle: list["_Process"] = []
_lock = threading.Lock()


class _Ended(Exception):
    """The reading process ended before its answer did."""


class _Process:
    """One reading process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a parser written in Rust writes its panics there
            bufsize=0,
        )

    @property
    def is_alive(self) -> bool:
        """Whether it can still read; an idle one may have been ended from outside."""
        return self._process.poll() is None

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise _Ended
        return stdin, stdout

    def send(self, message: Any) -> None:
        """Sends a request."""
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            self._pipes[0].write(SIZE.pack(len(content)) + content)
        except OSError as error:
            raise _Ended from error

    def receive(self, patience: "_Patience") -> Any:
        """The next message; _Ended, TimeoutError."""
        size = SIZE.unpack(self._exactly(SIZE.size, patience))[0]
        if size > limits.memory_megabytes() * MEGABYTE:
            raise _Ended
        return pickle.loads(self._exactly(size, patience))

    def _exactly(self, size: int, patience: "_Patience") -> bytearray:
        stdout = self._pipes[1]
        content = bytearray(size)
        view = memoryview(content)
        at = 0
        while at < size:
            patience.wait_for(stdout)
            count = os.readv(stdout.fileno(), [view[at : at + _PIECE]])
            if not count:
                raise _Ended
            at += count
        return content

    def end(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        for pipe in self._pipes:
            pipe.close()
        self._process.wait()

    def forget(self) -> None:
        """Leaves the process to the one that started it; only copies of its pipes are closed."""
        for pipe in self._pipes:
            pipe.close()
        self._process.returncode = 0


class _Patience:
    """The time left for waiting; what the caller does in between does not count."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def wait_for(self, stream: IO[bytes]) -> None:
        """Waits until there is something to read; TimeoutError."""
        begun = time.monotonic()
        poll = select.poll()
        poll.register(stream, select.POLLIN | select.POLLHUP)
        ready = poll.poll(max(self._left, 0) * 1000)
        self._left -= time.monotonic() - begun
        if not ready:
            raise TimeoutError


def workbook_sheets(path: Path, container: Container) -> Iterator[SheetData]:
    """Every sheet of a workbook; BadFile where it cannot be read, or not within the limits."""
    process = _idle_or_new()
    keep = False
    try:
        for answer in _answers(process, path, container):
            if isinstance(answer, SheetData):
                yield answer
            elif isinstance(answer, End):
                keep = answer.peak < limits.limit("idle_megabytes") * MEGABYTE
            else:
                keep = True
                raise BadFile(
                    answer.problem, answer.remedy, answer.row, may_hold_rows=answer.may_hold_rows
                )
    finally:
        _keep_or_end(process, keep=keep)


def _keep_or_end(process: _Process, *, keep: bool) -> None:
    with _lock:
        if keep and len(_idle) < limits.limit("idle_processes"):
            _idle.append(process)
            return
    process.end()


def _answers(process: _Process, path: Path, container: Container) -> Iterator[Any]:
    patience = _Patience(limits.seconds())
    memory = limits.memory_megabytes() * MEGABYTE
    try:
        process.send(Request(path.absolute(), container, language(), memory))
        while True:
            answer = process.receive(patience)
            yield answer
            if not isinstance(answer, SheetData):
                return
    except TimeoutError as error:
        problem = _("读了 {seconds} 秒还没有读完").format(seconds=limits.seconds())
        raise BadFile(problem, _("删去数据以外的内容，或拆成几个文件")) from error
    except _Ended as error:
        problem = _("读到一半，读取程序中断：文件已损坏，或太大")
        raise BadFile(problem, _("用表格软件打开，删去数据以外的内容后另存为 .xlsx")) from error


def _idle_or_new() -> _Process:
    with _lock:
        while _idle:
            process = _idle.pop()
            if process.is_alive:
                return process
    return _Process()


def end_idle_processes() -> None:
    """Ends the processes that wait for a file."""
    with _lock:
        processes, _idle[:] = list(_idle), []
    for process in processes:
        process.end()


def _forget_processes() -> None:
    """In a forked child: the processes belong to the parent."""
    for process in _idle:
        process.forget()
    _idle.clear()


atexit.register(end_idle_processes)
os.register_at_fork(after_in_child=_forget_processes)
