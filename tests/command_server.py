"""Serves `qualwatch` commands as forks of one process that has imported the modules and read the law.

Each command is still a process of its own, with its own arguments, environment, folder, streams and status; what it
does not do again is the start. One request a line on standard input, one answer a line on standard output.
"""

import json
import os
import sys
from typing import NoReturn

from qualwatch.cli import main
from qualwatch.cli.run import load_every_command
from qualwatch.law.loader import load_law


def run(request: dict[str, object], streams: tuple[int, int, int]) -> NoReturn:
    """What the child does."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False)
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]  # as the tests wrote it
    os.chdir(str(request["folder"]))
    sys.argv = ["qualwatch", *request["words"]]  # type: ignore[misc]  # as the tests wrote it
    status = 1
    try:
        main()
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Until standard input ends."""
    load_law()
    load_every_command()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            stdin = os.open(request["stdin"], os.O_RDONLY)
            out, err = (
                os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                for name in ("stdout", "stderr")
            )
            run(request, (stdin, out, err))
        _pid, how = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(how)}\n")
        answers.flush()


if __name__ == "__main__":
    serve()
