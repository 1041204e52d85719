"""Reads the journal and verifies that no entry was altered, removed, inserted or reordered."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from qualwatch.journal.actions import content_of
from qualwatch.journal.models import Entry, Seal, Stream
from qualwatch.journal.proofs import digest_of, is_signed, root_of, seal_digest
from qualwatch.wording import gettext as _

# An act takes its moment before it waits for the locks of another.
TOLERANCE = timedelta(minutes=5)


def entries_of(stream: str) -> list[Entry]:
    """All entries of a stream, oldest first."""
    return list(Entry.objects.filter(stream=stream).order_by("number"))


def is_recorded(stream: str, what: str, details: Mapping[str, Any]) -> bool:
    """Whether a stream has an entry of this kind with exactly these details."""
    entries = Entry.objects.filter(stream=stream, what=what)
    return any(entry.details == details for entry in entries.iterator())


def faults(*public_keys: str) -> Iterator[str]:
    """One sentence for every fault in the journal; none for a sound one.

    `public_keys`: all of the office, also those that were replaced.
    """
    digests: dict[tuple[str, int], str] = {}
    lengths: dict[str, int] = {}
    for entry in Entry.objects.order_by("stream", "number").iterator(chunk_size=2000):
        length = lengths.get(entry.stream, 0)
        yield from _faults_of_entry(entry, length, digests.get((entry.stream, length), ""))
        lengths[entry.stream] = entry.number
        digests[entry.stream, entry.number] = entry.digest
    yield from _faults_of_heads(lengths, digests)
    yield from _faults_of_seals(public_keys, digests)


def backward_steps() -> Iterator[str]:
    """One sentence for every entry that is dated before the entry recorded just before it.

    Acts at the same time may be recorded in another order, within TOLERANCE.
    """
    previous: datetime | None = None
    entries = Entry.objects.order_by("id").values_list("stream", "number", "recorded_at")
    for stream, number, recorded_at in entries.iterator(chunk_size=2000):
        if previous is not None and previous - recorded_at > TOLERANCE:
            yield _(
                "{stream}：第 {number} 条记于 {at}，早于此前一条日志的 {before}，时钟倒退"
            ).format(
                stream=stream,
                number=number,
                at=f"{timezone.localtime(recorded_at):%Y-%m-%d %H:%M}",
                before=f"{timezone.localtime(previous):%Y-%m-%d %H:%M}",
            )
        previous = recorded_at


def _faults_of_entry(entry: Entry, length: int, previous: str) -> Iterator[str]:
    """Faults of one entry. `length`, `previous`: number and digest of the entry before it."""
    where = {"stream": entry.stream, "number": entry.number}
    if entry.number != length + 1:
        yield _("{stream}：第 {number} 条之前少了记录").format(**where)
    elif entry.previous != previous:
        yield _("{stream}：第 {number} 条接不上前一条").format(**where)
    if digest_of(content_of(entry)) != entry.digest:
        yield _("{stream}：第 {number} 条被改动").format(**where)


def _faults_of_heads(lengths: dict[str, int], digests: dict[tuple[str, int], str]) -> Iterator[str]:
    """Streams whose recorded length and head are not those of their entries."""
    streams = list(Stream.objects.order_by("name"))
    for name in lengths.keys() - {stream.name for stream in streams}:
        yield _("{stream}：没有登记这个日志流").format(stream=name)
    for stream in streams:
        head = digests.get((stream.name, stream.length), "")
        if stream.length != lengths.get(stream.name, 0) or stream.head != head:
            yield _("{stream}：末尾与登记的不符").format(stream=stream.name)


def _faults_of_seals(
    public_keys: Collection[str], digests: dict[tuple[str, int], str]
) -> Iterator[str]:
    previous = ""
    for seal in Seal.objects.order_by("id"):
        if (
            seal_digest(seal.day.isoformat(), root_of(seal.heads), seal.previous) != seal.digest
            or seal.previous != previous
        ):
            yield _("{day} 的封签被改动或接不上").format(day=seal.day)
        is_own_key = seal.public_key in public_keys
        if not is_own_key or not is_signed(seal.digest, seal.signature, seal.public_key):
            yield _("{day} 的封签签名不符").format(day=seal.day)
        for stream, length, head in seal.heads:
            if digests.get((stream, length), "") != head:
                yield _("{day} 的封签：{stream} 第 {number} 条已不是当时的内容").format(
                    day=seal.day, stream=stream, number=length
                )
        previous = seal.digest
