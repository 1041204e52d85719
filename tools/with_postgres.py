"""Runs a command beside a PostgreSQL cluster in a temporary folder, with its address as
DATABASE_URL.

PostgreSQL refuses to run as root: then the `postgres` user runs it. Without its programs it ends
with status 1.
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
    initdbs = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(initdbs, key=lambda path: int(path.parts[-3]), default=None)
    if newest is not None:
        return newest.parent
    on_path = shutil.which("initdb")
    if on_path is None:
        sys.exit("FAIL: the tests need PostgreSQL (initdb, pg_ctl): apt-get install postgresql")
    return Path(on_path).resolve().parent


@contextmanager
def cluster(settings: tuple[str, ...] = SETTINGS) -> Iterator[str]:
    """A running cluster; its address as DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="qualwatch-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o700)
    data = str(folder / "data")
    options = [*settings, "listen_addresses=''", f"unix_socket_directories={folder}"]
    try:
        run(
            "initdb", "-D", data, "-U", "qualwatch", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
        )
        # the socket is reached by whoever runs the tests
        folder.chmod(0o711)
        flags = " ".join(f"-c {option}" for option in options)
        run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", flags, "start")
        try:
            yield f"postgresql://qualwatch@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(program: str, *words: str) -> None:
    """One of PostgreSQL's programs; ends this process with its message where it fails."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_user, str(programs() / program), *words]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if process.returncode:
        sys.exit(f"FAIL: {' '.join(command)}: {process.stderr or process.stdout}")


if __name__ == "__main__":
    with cluster() as address:
        status = subprocess.run(
            sys.argv[1:], env={**os.environ, "DATABASE_URL": address}, check=False
        ).returncode
    sys.exit(status)
