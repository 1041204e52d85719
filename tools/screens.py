"""Pictures of the pages, from the demo's province: ten for the README and the guides, or (`--all
FOLDER`) all.

Needs `make demo` before it, and Chromium.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from play_papers import PASSWORD  # noqa: E402  # the demo's
from playwright.sync_api import Browser, Page  # noqa: E402  # after the paths

from browser import DESKTOP, PHONE, chromium  # noqa: E402  # the tests' browser
from live_server import log_in, run_server  # noqa: E402  # the tests' server

IMAGES = ROOT / "docs" / "images"
STATE = ROOT / "demo" / "played" / "state"
SAMPLE_ENTERPRISES = 12
HIGHEST = 1600  # of a picture, in pixels
NOBODY, OFFICER, REVIEWER, ENTERPRISE = (
    "",
    "sample-officer",
    "sample-reviewer",
    "sample-enterprise-1",
)
# name of the picture: whose window, first page, links to follow (by a part of their address)
PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "search": (NOBODY, "/", ()),
    "enterprise": (NOBODY, "/red-cards", ("/red-cards/", "/enterprises/")),
    "red-list": (NOBODY, "/red-cards", ()),
    "red-card": (NOBODY, "/red-cards?state=open", ("/red-cards/",)),
    "announcements": (NOBODY, "/announcements", ()),
    "announcement": (NOBODY, "/announcements?kind=display", ("/announcements/",)),
    "statistics": (NOBODY, "/statistics", ()),
    "standards": (NOBODY, "/standards", ()),
    "standard": (NOBODY, "/standards/specialist-decoration", ()),
    "how-it-works": (NOBODY, "/how-it-works", ()),
    "freshness": (NOBODY, "/freshness", ()),
    "keys": (NOBODY, "/keys", ()),
    "missing": (NOBODY, "/nothing", ()),
    "log-in": (NOBODY, "/accounts/login/", ()),
    "own": (ENTERPRISE, "/own", ()),
    "own-case": (ENTERPRISE, "/own", ("/own/cases/",)),
    "answer": (ENTERPRISE, "/own", ("/own/cases/", "/answer")),
    "work": (OFFICER, "/work", ()),
    "cases": (OFFICER, "/cases", ()),
    "case": (OFFICER, "/cases?state=red", ("/cases/",)),
    "determine": (OFFICER, "/work", ("/determine",)),
    "decide": (REVIEWER, "/work", ("/decide",)),
    "inbox": (OFFICER, "/inbox", ()),
    "key-supervision": (OFFICER, "/key-supervision", ()),
    "case-acts": (OFFICER, "/cases?state=red", ("/cases/", "/acts")),
    "second-factor": (OFFICER, "/accounts/2fa/", ()),
}
IN_THE_GUIDES = (
    "search",
    "enterprise",
    "red-list",
    "red-card",
    "statistics",
    "standard",
    "own",
    "own-case",
    "work",
    "case",
)


def main() -> None:
    """Serves the played province and takes the pictures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument(
        "--all", type=Path, help="every page, as wide as a desktop and as a phone, into this folder"
    )
    words.add_argument("--dark", action="store_true")
    words.add_argument("--only", nargs="+", default=[])
    words.add_argument("--english", action="store_true")
    namespace = words.parse_args()
    folder = namespace.all or IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    names = namespace.only or (list(PAGES) if namespace.all else IN_THE_GUIDES)
    with (
        run_server({"QUALWATCH_STATE": str(STATE), "DATABASE_URL": ""}) as address,
        chromium() as browser,
    ):
        site = Site(browser, address, dark=namespace.dark, english=namespace.english)
        for who in dict.fromkeys(PAGES[name][0] for name in names):
            page = site.enterprise_with_a_case() if who == ENTERPRISE else site.opened(who)
            for name in (name for name in names if PAGES[name][0] == who):
                if reached(page, address, *PAGES[name][1:]):
                    pictures(page, name, folder, phone=bool(namespace.all))
                else:
                    print(f"{name}: no such page in this province")


@dataclass(frozen=True)
class Site:
    """The served province in a browser, in the colours and language chosen."""

    browser: Browser
    address: str
    dark: bool
    english: bool

    def opened(self, who: str) -> Page:
        """A browser window of somebody."""
        colours: Literal["dark", "light"] = "dark" if self.dark else "light"
        window = self.browser.new_context(viewport=DESKTOP, color_scheme=colours)
        page = window.new_page()
        if self.english:
            page.goto(self.address + "/language/en")
        if who:
            log_in(page, self.address, who, PASSWORD)
        return page

    def enterprise_with_a_case(self) -> Page:
        """The window of the first sample enterprise that has something to answer, else of the
        last.
        """
        for number in range(1, SAMPLE_ENTERPRISES + 1):
            page = self.opened(f"{ENTERPRISE[:-1]}{number}")
            if page.locator("main a[href*='/own/cases/']").count():
                break
        return page


def reached(page: Page, address: str, begins: str, links: tuple[str, ...]) -> bool:
    """Whether following the links leads to a page; it is open then."""
    page.goto(address + begins)
    for part in links:
        link = page.locator(f"main a[href*='{part}']").first
        if not link.count():
            return False
        link.click()
        page.wait_for_load_state()
    return True


def pictures(page: Page, name: str, folder: Path, *, phone: bool) -> None:
    """One picture, or one of each width."""
    screens = [(DESKTOP, ""), (PHONE, "-phone")] if phone else [(DESKTOP, "")]
    for screen, ending in screens:
        page.set_viewport_size(screen)
        height = min(int(page.evaluate("document.documentElement.scrollHeight")), HIGHEST)
        target = folder / f"page-{re.sub(r'[^a-z-]', '', name)}{ending}.png"
        page.screenshot(
            path=target,
            full_page=True,
            clip={"x": 0, "y": 0, "width": screen["width"], "height": height},
        )
    page.set_viewport_size(DESKTOP)


if __name__ == "__main__":
    main()
