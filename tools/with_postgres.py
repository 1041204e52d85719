"""Runs a command beside a PostgreSQL cluster of its own in a temporary folder; DATABASE_URL says where it is.

PostgreSQL refuses to run as root: then the `postgres` user runs it. What is missing is said loudly, with status 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=256MB",
)
DURABLE = (
    "synchronous_commit=on",
    "max_connections=60",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
)


def programs() -> Path:
    """The folder of initdb and pg_ctl."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        sys.exit("FAIL: the tests need PostgreSQL (initdb, pg_ctl): apt-get install postgresql")
    return Path(on_path).resolve().parent


@contextmanager
def cluster(settings: tuple[str, ...] = SETTINGS) -> Iterator[str]:
    """A running cluster; its address as DATABASE_URL wants it."""
    bin_folder, folder = programs(), Path(tempfile.mkdtemp(prefix="qualwatch-postgres-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o700)
    data, log = folder / "data", folder / "log"

    def run(*words: str) -> None:
        done = subprocess.run(
            [*as_user, *words], capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode:
            sys.exit(f"FAIL: {' '.join(words)}: {done.stderr or done.stdout}")

    try:
        run(
            str(bin_folder / "initdb"),
            "-D",
            str(data),
            "-U",
            "qualwatch",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        options = [
            f"-c {one}"
            for one in (*settings, "listen_addresses=''", f"unix_socket_directories={folder}")
        ]
        folder.chmod(0o711)  # the socket is reached by whoever runs the tests
        run(
            str(bin_folder / "pg_ctl"),
            "-D",
            str(data),
            "-l",
            str(log),
            "-w",
            "-o",
            " ".join(options),
            "start",
        )
        try:
            yield f"postgresql://qualwatch@/postgres?host={folder}"
        finally:
            run(str(bin_folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with cluster() as address:
        status = subprocess.run(
            sys.argv[1:], env={**os.environ, "DATABASE_URL": address}, check=False
        ).returncode
    sys.exit(status)
