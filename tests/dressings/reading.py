"""Files read and judged in a process of their own: an abort or a hang is seen, and memory is bounded.

The process takes a path a line and answers a line of JSON: {"answer": "findings" or "sentence" or
"silent" or "raised", "text": …, "peak": memory in MB}.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY = 4 << 30  # bytes of address space that the process may use
SETTING = {"QUALWATCH_READ_MEMORY_MB": "1024"}  # of the process that reads workbooks for it
SECONDS = 60  # for one file, on a busy machine


@dataclass(frozen=True)
class Answer:
    """What came of a file. kind: findings, sentence, silent (a file that nothing is sentences about),
    raised, ended (no process any more), hung.
    """

    kind: str
    text: str = ""
    peak: int = 0  # MB of memory, of the process so far

    @property
    def is_right(self) -> bool:
        """Findings, or one sentence."""
        return self.kind == "findings" or (self.kind == "sentence" and "\n" not in self.text)


class ReadingProcess:
    """Begins a process when one is needed, and another after one has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, path: Path) -> Answer:
        """What comes of the files at a path."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], SECONDS)
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return Answer(answer["answer"], answer["text"], answer["peak"])
        self.end()
        return Answer("ended" if ready else "hung", f"status {process.returncode}")

    def end(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            tests = str(Path(__file__).parents[1])
            inherited = os.environ.get("PYTHONPATH", "")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dressings.reading"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=os.environ | SETTING | {"PYTHONPATH": f"{tests}{os.pathsep}{inherited}"},
            )
        return self._process


def answer_for(path: Path) -> dict[str, Any]:
    """Reads and judges what stands at a path, as `qualwatch check` does."""
    from builders import law
    from dressings.facts import DAY
    from qualwatch.evaluation import reference
    from qualwatch.intake.problems import NothingReadable
    from qualwatch.intake.register_files import read_register_files

    try:
        files = read_register_files(path, law())
        results = list(reference.evaluate(law(), law().policy_on(DAY), files.facts, DAY))
        sentences = [row.problem for row in files.rejections] + [n.text for n in files.notices]
        if any("\n" in text for text in sentences):
            return {"answer": "raised", "text": "a sentence of several lines"}
        mentioned = {account.file for account in files.accounts}
        mentioned |= {rejection.file for rejection in files.rejections}
        mentioned |= {notice.file for notice in files.notices}
        silent = sorted({str(file.relative_to(path)) for file in path.rglob("*.*")} - mentioned)
        if silent:
            return {"answer": "silent", "text": f"not a word about {silent}"}
        count = sum(len(result.findings) for result in results)
        return {"answer": "findings", "text": f"{count} findings, {len(files.rejections)} rejected"}
    except NothingReadable as refused:
        return {"answer": "sentence", "text": str(refused)}
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"answer": "raised", "text": "".join(traceback.format_exception(error)[-4:])}


def peak() -> int:
    """MB of memory that this process, or a process that it began, has taken at most."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    running = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return max(ended, *map(_peak_of, ["self", *running]))


def _peak_of(process: str) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) // 1024


def serve() -> None:
    """Until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin:
        print(json.dumps(answer_for(Path(line.rstrip("\n"))) | {"peak": peak()}), flush=True)


if __name__ == "__main__":
    serve()
