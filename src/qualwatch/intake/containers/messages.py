"""What passes between the reading process and the one that asks it."""

import struct
from dataclasses import dataclass
from pathlib import Path

from qualwatch.intake.containers.content import Container

SIZE = struct.Struct("<Q")  # before every message


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read. memory: bytes of address space."""

    path: Path
    container: Container
    language: str
    memory: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The file cannot be read: what a BadFile says."""

    problem: str
    remedy: str
    row: int | None
    may_hold_rows: bool


@dataclass(frozen=True, slots=True)
class End:
    """Every sheet has been sent. peak: the most memory that the process has held, in bytes."""

    peak: int
