"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ViewportSize, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own; without Chromium the test fails and says what to install."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, (
        "no Chromium on this machine: apt-get install chromium (make test does it when root)"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
