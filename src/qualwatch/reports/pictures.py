"""Pictures as SVG elements that take their colours from the page: bars, funnel, tile map,
columns.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from qualwatch.law.texts_on_disk import load_yaml
from qualwatch.reports.overview import Share

WIDTH = 440  # of every picture, in its own units; the page scales it: readable on a phone too
BAR = 44  # height of a bar with its label above
NUMBER = 96  # room right of the bars
STEP = 44  # height of a funnel's step
STEP_LABEL = 110  # room left of it
TILE = 104  # width of a tile of the map
TILE_HEIGHT = 76  # height of a tile
GAP = 8  # between tiles
SHADES = 5  # of a tile map
COLUMN_AREA = 170  # height of the columns


def drawing(height: int, title: str) -> ET.Element:
    """A new SVG picture."""
    root = ET.Element(
        "svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": title}
    )
    ET.SubElement(root, "title").text = title
    return root


def text(
    parent: ET.Element, x: float, y: float, words: str, css: str, anchor: str = "start"
) -> None:
    """A text at a position."""
    attributes = {"x": f"{x:g}", "y": f"{y:g}", "class": css, "text-anchor": anchor}
    ET.SubElement(parent, "text", attributes).text = words


def rect(parent: ET.Element, x: float, y: float, width: float, height: float, css: str) -> None:
    """A box with rounded corners."""
    box = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "width": f"{width:.1f}",
        "height": f"{height:.1f}",
        "rx": "3",
        "class": css,
    }
    ET.SubElement(parent, "rect", box)


def shown(root: ET.Element) -> str:
    """The picture as HTML."""
    return ET.tostring(root, encoding="unicode")


def bars(title: str, rows: Iterable[tuple[str, float, str]], css: str = "bar") -> str:
    """Horizontal bars, each under its label: (label, length in any unit, what stands beside it)."""
    rows = list(rows)
    longest = max((length for _label, length, _beside in rows), default=0) or 1
    root = drawing(BAR * len(rows) + 4, title)
    for at, (label, length, beside) in enumerate(rows):
        width = max(1.5 if length else 0, length / longest * (WIDTH - NUMBER))
        text(root, 0, at * BAR + 16, label, "label")
        rect(root, 0, at * BAR + 22, width, 14, css)
        text(root, width + 6, at * BAR + 34, beside, "number")
    return shown(root)


def funnel(title: str, steps: Iterable[Share]) -> str:
    """Bars in the middle, each as long as its share of the first; the last one marked."""
    steps = list(steps)
    room = WIDTH - STEP_LABEL - NUMBER + 16
    root = drawing(STEP * len(steps) + 4, title)
    for at, step in enumerate(steps):
        width = max(3.0, step.percent / 100 * room)
        x = STEP_LABEL + (room - width) / 2
        y = at * STEP + 4
        is_last = at == len(steps) - 1
        text(root, 0, y + 23, step.label, "label")
        rect(root, x, y, width, 34, "short" if is_last else f"step step-{at}")
        text(root, WIDTH, y + 15, f"{step.part:,}", "number", "end")
        text(root, WIDTH, y + 31, f"{step.percent:.1f}%", "small", "end")
    return shown(root)


@lru_cache(maxsize=1)
def _tiles() -> dict[str, dict[str, Any]]:
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "tiles.yaml")
    return loaded


def tile_map(title: str, areas: Mapping[str, Share]) -> str:
    """One tile per supervising area, darker the larger the share."""
    positions = _tiles()["positions"]
    names = _tiles()["short_names"]
    rows = max(row for _column, row in positions.values()) + 1
    root = drawing(rows * (TILE_HEIGHT + GAP), title)
    highest = max((share.percent for share in areas.values()), default=0) or 1
    for slug, (column, row) in positions.items():
        share = areas[slug]
        shade = round(share.percent / highest * SHADES) if share.part else 0
        tile = ET.SubElement(root, "g", {"class": f"tile shade-{shade}"})
        ET.SubElement(tile, "title").text = f"{share.label} {share.part}/{share.total}"
        left = column * (TILE + GAP)
        _fill_tile(tile, left, row * (TILE_HEIGHT + GAP), names.get(slug, share.label), share)
    return shown(root)


def _fill_tile(tile: ET.Element, left: float, top: float, name: str, share: Share) -> None:
    middle = left + TILE / 2
    rect(tile, left, top, TILE, TILE_HEIGHT, "ground")
    text(tile, middle, top + 20, name, "name", "middle")
    text(tile, middle, top + 46, f"{share.percent:.1f}%", "share", "middle")
    text(tile, middle, top + 66, f"{share.part:,} / {share.total:,}", "small", "middle")


def columns(title: str, rows: Iterable[tuple[str, int]]) -> str:
    """Upright columns: (label below, height)."""
    rows = list(rows)
    root = drawing(COLUMN_AREA + 50, title)
    highest = max((height for _label, height in rows), default=0) or 1
    step = WIDTH / max(len(rows), 4)
    for at, (label, height) in enumerate(rows):
        bar_height = max(1.5 if height else 0, height / highest * COLUMN_AREA)
        middle = at * step + step / 2
        rect(
            root,
            at * step + step * 0.15,
            COLUMN_AREA + 20 - bar_height,
            step * 0.7,
            bar_height,
            "short",
        )
        text(root, middle, COLUMN_AREA + 14 - bar_height, f"{height:,}", "number", "middle")
        text(root, middle, COLUMN_AREA + 40, label, "label", "middle")
    return shown(root)
