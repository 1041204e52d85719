"""Pictures of our pages: those of reports, and bars and lines; colours come from the page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from qualwatch.reports import pictures
from qualwatch.reports.overview import Share
from qualwatch.reports.pictures import drawing, rect, shown, text
from qualwatch.wording import SOURCE, language

# in units of the drawing
WIDTH, BAR_HEIGHT, MARGIN = 440, 30, 10
LINE_TOP, LINE_HEIGHT, LABEL_HEIGHT = 14, 120, 34
STROKE = 3
CHINESE_TEXT = re.compile(r"<(text|title)([^>]*)>([^<]*[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step of a procedure on a timeline: its name, and its day once it has been reached."""

    name: str
    on: date | None
    kind: str = ""  # yellow, red, done

    @property
    def is_reached(self) -> bool:
        """Whether it has a day."""
        return self.on is not None


def bar(title: str, held: int | None, required: int | None, is_short: bool = True) -> Markup:
    """How many are held, with a mark at how many are required; dark where they fall short."""
    root = drawing(BAR_HEIGHT, title)
    held = held or 0
    required = required or 0
    most = max(held, required, 1)
    width = WIDTH - 2
    rect(root, 1, 6, width, 18, "track")
    if held:
        falls_short = is_short and held < required
        rect(root, 1, 6, held / most * width, 18, "short" if falls_short else "bar")
    rect(root, min(required / most * width, width - STROKE), 1, STROKE, 28, "mark")
    return _with_language(shown(root))


def funnel(title: str, steps: Sequence[Share]) -> Markup:
    """Bars in the middle, each as long as its share of the first."""
    return _with_language(pictures.funnel(title, steps))


def tile_map(title: str, areas: dict[str, Share]) -> Markup:
    """One tile per supervising area."""
    return _with_language(pictures.tile_map(title, areas))


def line(title: str, points: Sequence[tuple[str, int]]) -> Markup:
    """(label, number) over time as steps: each number holds until the next."""
    root = drawing(LINE_HEIGHT + LABEL_HEIGHT, title)
    most = max((number for _label, number in points), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(len(points), 1)
    y_before: float | None = None
    for index, (label, number) in enumerate(points):
        x = MARGIN + index * step
        y = LINE_TOP + LINE_HEIGHT - number / most * LINE_HEIGHT * 0.8
        rect(root, x, y, step, STROKE, "bar")
        if y_before is not None:
            rect(root, x, min(y, y_before), STROKE, abs(y - y_before) + STROKE, "bar")
        text(root, x + 6, y - 6, str(number), "number")
        text(root, x + 6, LINE_HEIGHT + 30, label, "small")
        y_before = y
    return _with_language(shown(root))


def _with_language(picture: str) -> Markup:
    """On a page in another language the Chinese texts are marked as Chinese."""
    if language() == SOURCE:
        return Markup(picture)
    return Markup(CHINESE_TEXT.sub(r'<\1\2 lang="zh-CN">\3', picture))
