"""A web server of an office in its own process, with its own clock; logging in to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

SERVE = Path(__file__).parent.parent / "tools" / "serve.py"


@contextmanager
def run_server(state: Mapping[str, str], at: str = "") -> Iterator[str]:
    """The address of a server of a state folder, running until the context ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable,
        str(SERVE),
        "--port",
        str(port),
        "--state",
        state["QUALWATCH_STATE"],
        *(["--at", at] if at else []),
    ]
    with (Path(state["QUALWATCH_STATE"]) / "served.log").open("w") as log:
        server = subprocess.Popen(
            words, env={**os.environ, **state}, stdout=log, stderr=subprocess.STDOUT
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _try in range(600):
        assert server.poll() is None, "the server has stopped"
        try:
            urllib.request.urlopen(address + "/how-it-works", timeout=5).close()
        except OSError:  # not there yet, or too busy to answer
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def log_in(page: Page, address: str, name: str, password: str) -> None:
    """Logs in through the page."""
    page.goto(address + "/accounts/login/")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("main button").first.click()
    page.wait_for_load_state()
