"""journal.json: the journal of a case and of its acts, with the seals that prove it."""

from collections.abc import Iterable, Iterator
from typing import Any

from qualwatch.cases.models import Case, ProposedAct
from qualwatch.journal.actions import content_of
from qualwatch.journal.models import Seal, Stream
from qualwatch.journal.proofs import path_and_root
from qualwatch.journal.queries import entries_of


def streams_of(cases: Iterable[Case]) -> list[str]:
    """The streams of the cases, the last one's last; before each those of its acts.

    What is proposed and read before a case begins is recorded in the act's own stream.
    """
    names = []
    for case in cases:
        acts = ProposedAct.objects.filter(case=case).order_by("pk").values_list("pk", flat=True)
        own = [f"act/{act}" for act in acts]
        existing = set(Stream.objects.filter(name__in=own).values_list("name", flat=True))
        names += [*(name for name in own if name in existing), case.stream]
    return names


def journal_content(stream: str) -> dict[str, Any]:
    """One stream in journal.json: its entries, and the first seal over each of its lengths."""
    return {
        "stream": stream,
        "entries": [{**content_of(entry), "digest": entry.digest} for entry in entries_of(stream)],
        "seals": list(_seals(stream)),
    }


def _seals(stream: str) -> Iterator[dict[str, Any]]:
    """The seals in which the stream's head changed, with the path from it to the signed root."""
    last_head = None
    # One row at a time: each holds the heads of all streams.
    for seal in Seal.objects.order_by("id").iterator(chunk_size=1):
        index = _index_of_stream(seal, stream)
        if index is None or seal.heads[index] == last_head:
            continue
        last_head = seal.heads[index]
        path, root = path_and_root(seal.heads, index)
        yield {
            "day": seal.day,
            "head": last_head,
            "path": path,
            "root": root,
            "previous": seal.previous,
            "digest": seal.digest,
            "signature": seal.signature,
            "public_key": seal.public_key,
        }


def _index_of_stream(seal: Seal, stream: str) -> int | None:
    """Where the stream's head stands among the heads of a seal."""
    return next((index for index, head in enumerate(seal.heads) if head[0] == stream), None)
