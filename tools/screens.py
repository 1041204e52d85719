"""Pictures of the pages, from the demo's province: ten for the README and the guides, or (`--all FOLDER`) all.

Needs `make demo` before it, and Chromium.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from play_papers import PASSWORD  # noqa: E402  # the demo's
from playwright.sync_api import Browser, Page  # noqa: E402  # after the paths

from browser import DESKTOP, PHONE, chromium  # noqa: E402  # the tests' browser
from live_server import log_in, run_server  # noqa: E402  # the tests' server

IMAGES, STATE = ROOT / "docs" / "images", ROOT / "demo" / "played" / "state"
HIGHEST = 1600  # of a picture, in pixels
NOBODY, OFFICER, REVIEWER, ENTERPRISE = (
    "",
    "sample-officer",
    "sample-reviewer",
    "sample-enterprise-1",
)
# name of the picture: who looks, where it begins, links to follow (by a part of their address)
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
    """Serves the played province, looks at it."""
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
        for who in dict.fromkeys(PAGES[name][0] for name in names):
            page = opened(browser, address, who, dark=namespace.dark, english=namespace.english)
            for number in range(2, 13) if who == ENTERPRISE else ():
                if page.locator("main a[href*='/own/cases/']").count():
                    break  # one that has something to answer
                page = opened(
                    browser,
                    address,
                    f"{who[:-1]}{number}",
                    dark=namespace.dark,
                    english=namespace.english,
                )
            for name in (name for name in names if PAGES[name][0] == who):
                if reached(page, address, *PAGES[name][1:]):
                    pictures(page, name, folder, phone=bool(namespace.all))
                else:
                    print(f"{name}: no such page in this province")


def opened(browser: Browser, address: str, who: str, *, dark: bool, english: bool) -> Page:
    """A browser window of somebody."""
    window = browser.new_context(viewport=DESKTOP, color_scheme="dark" if dark else "light")
    page = window.new_page()
    if english:
        page.goto(address + "/language/en")
    if who:
        log_in(page, address, who, PASSWORD)
    return page


def reached(page: Page, address: str, begins: str, links: tuple[str, ...]) -> bool:
    """Goes there; whether there is such a page."""
    page.goto(address + begins)
    for part in links:
        there = page.locator(f"main a[href*='{part}']").first
        if not there.count():
            return False
        there.click()
        page.wait_for_load_state()
    return True


def pictures(page: Page, name: str, folder: Path, *, phone: bool) -> None:
    """One picture, or one of each width."""
    for screen, ending in ((DESKTOP, ""), (PHONE, "-phone")) if phone else ((DESKTOP, ""),):
        page.set_viewport_size(screen)
        height = min(int(page.evaluate("document.documentElement.scrollHeight")), HIGHEST)
        clip = {"x": 0.0, "y": 0.0, "width": float(screen["width"]), "height": float(height)}
        target = folder / f"page-{re.sub(r'[^a-z-]', '', name)}{ending}.png"
        page.screenshot(path=target, full_page=True, clip=clip)  # type: ignore[arg-type]  # a plain mapping
    page.set_viewport_size(DESKTOP)


if __name__ == "__main__":
    main()
