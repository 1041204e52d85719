"""Takes the pictures of docs/guide from the demo's output: the page on a desktop and a phone, the
workbook.

Needs `make demo` before it, Chromium, LibreOffice and pdftoppm.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from browser import DESKTOP, PHONE, chromium  # noqa: E402  # the tests' browser

IMAGES = ROOT / "docs" / "images"
DEMO = ROOT / "demo"
HEIGHT = 1500  # pixels of the upper part


def page_pictures() -> None:
    """The upper part of the page, as wide as a desktop and as a phone."""
    with chromium() as browser:
        for name, screen in (("desktop", DESKTOP), ("phone", PHONE)):
            page = browser.new_page(viewport=screen)
            page.goto((DEMO / "check.html").as_uri())
            page.screenshot(
                path=IMAGES / f"check-{name}.png",
                full_page=True,
                clip={"x": 0, "y": 0, "width": screen["width"], "height": HEIGHT},
            )


def workbook_picture() -> None:
    """The sheet of shortfalls, as it prints."""
    with tempfile.TemporaryDirectory() as folder:
        to_pdf = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", folder]
        subprocess.run([*to_pdf, str(DEMO / "check.xlsx")], check=True, capture_output=True)
        target = IMAGES / "check-workbook"
        pages = ["-f", "2", "-l", "2", "-r", "75", "-png", "-singlefile"]
        subprocess.run(["pdftoppm", *pages, f"{folder}/check.pdf", str(target)], check=True)


if __name__ == "__main__":
    page_pictures()
    workbook_picture()
