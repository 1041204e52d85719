"""journal.json: the journal of a case, with the seals that prove it."""

from collections.abc import Iterator
from typing import Any

from qualwatch.cases.models import Case
from qualwatch.journal.actions import content_of
from qualwatch.journal.models import Seal
from qualwatch.journal.proofs import path_and_root
from qualwatch.journal.queries import entries_of


def journal_content(case: Case) -> dict[str, Any]:
    """One case in journal.json: its entries, and the first seal over each length of its stream."""
    return {
        "stream": case.stream,
        "entries": [
            {**content_of(entry), "digest": entry.digest} for entry in entries_of(case.stream)
        ],
        "seals": list(_seals(case.stream)),
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
