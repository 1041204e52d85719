"""Sources of the registers: one folder per source with its description."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from qualwatch.law.texts_on_disk import load_yaml

Table = Literal[
    "enterprises", "items", "registrations", "contributions", "exemptions", "locks", "projects"
]


class UnknownSource(Exception):
    """There is no source of this slug; the message lists the sources."""


class Source(BaseModel):
    """A source. `precedence`: of two sources with the same key the lower one is in effect."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    slug: str
    name: str
    tables: list[Table] = Field(min_length=1)
    is_full: bool
    precedence: int = Field(gt=0)
    people: Literal["all", "present"] = "all"
    area: str = ""


@cache
def sources() -> dict[str, Source]:
    """All sources, by slug."""
    paths = sorted(Path(__file__).parent.glob("*/source.yaml"))
    return {path.parent.name: Source(slug=path.parent.name, **load_yaml(path)) for path in paths}


def source_of(slug: str) -> Source:
    """The source of a slug; UnknownSource."""
    if slug not in sources():
        raise UnknownSource("、".join(sources()))
    return sources()[slug]
