"""Pictures of our pages: those of reports, and bars, lines and timelines of the doors; colours come from the page."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from qualwatch.reports import pictures
from qualwatch.reports.overview import Share
from qualwatch.reports.pictures import drawing, rect, shown, text
from qualwatch.wording import SOURCE, language

WIDE, TALL, EDGE = 440, 30, 10
LINE_TALL = 120
TEXT = re.compile(r"<(text|title)([^>]*)>([^<]*[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Stop:
    """A point of a course: its name, its day if it has one, and whether it has been reached."""

    name: str
    on: date | None
    is_reached: bool
    kind: str = ""  # yellow, red, done


def bar(title: str, held: int | None, required: int | None, is_short: bool = True) -> Markup:
    """How many are held of how many required, with a mark there; darker where that falls short and counts as short."""
    root = drawing(TALL, title)
    held, required = held or 0, required or 0
    most = max(held, required, 1)
    room = WIDE - 2
    rect(root, 1, 6, room, 18, "track")
    if held:
        rect(root, 1, 6, held / most * room, 18, "short" if is_short and held < required else "bar")
    rect(root, min(required / most * room, room - 3), 1, 3, 28, "mark")
    return _marked(shown(root))


def funnel(title: str, steps: Sequence[Share]) -> Markup:
    """Bars in the middle, each as long as its share of the first."""
    return _marked(pictures.funnel(title, steps))


def tile_map(title: str, areas: dict[str, Share]) -> Markup:
    """One tile per supervising area."""
    return _marked(pictures.tile_map(title, areas))


def line(title: str, points: Sequence[tuple[str, int]]) -> Markup:
    """A number over time as steps: each holds until the next."""
    root = drawing(LINE_TALL + 34, title)
    most = max((number for _label, number in points), default=0) or 1
    step = (WIDE - 2 * EDGE) / max(len(points), 1)
    for at, (label, number) in enumerate(points):
        x, y = EDGE + at * step, 26 + LINE_TALL - number / most * LINE_TALL * 0.8 - 12
        rect(root, x, y, step, 3, "bar")
        if at:
            before = 26 + LINE_TALL - points[at - 1][1] / most * LINE_TALL * 0.8 - 12
            rect(root, x, min(y, before), 3, abs(y - before) + 3, "bar")
        text(root, x + 6, y - 6, str(number), "number")
        text(root, x + 6, LINE_TALL + 30, label, "small")
    return _marked(shown(root))


def _marked(picture: str) -> Markup:
    """On a page in another language Chinese texts say that they are."""
    if language() == SOURCE:
        return Markup(picture)
    return Markup(TEXT.sub(r'<\1\2 lang="zh-CN">\3', picture))


def shares(rows: Iterable[tuple[str, str, int, int]]) -> dict[str, Share]:
    """(slug, label, part, whole) as shares."""
    return {slug: Share(label, part, whole) for slug, label, part, whole in rows}
