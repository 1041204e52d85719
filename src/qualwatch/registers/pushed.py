"""What the platform pushes, and its order: each record once, in the order of its numbers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qualwatch.registers.identities import keyed_hash
from qualwatch.registers.models import PlatformChange, Revision
from qualwatch.wording import gettext as _

MAX_ID_LENGTH = 100


class OutOfOrder(Exception):
    """Records are missing before these.

    `expected` is the sequence number that must come next.
    """

    def __init__(self, sentence: str, expected: int) -> None:
        super().__init__(sentence)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Change:
    """One row put or removed. `row`: cells by the headers of the source's register files."""

    change_id: str
    sequence: int
    source: str
    action: str  # put, remove
    row: Mapping[str, str]
    position: int = 0  # in its batch, from 1

    @property
    def digest(self) -> str:
        """What tells this change from another under the same id."""
        return _digest([self.sequence, self.source, self.action, dict(self.row)])


@dataclass(frozen=True, slots=True)
class MalformedChange:
    """A record that is no change: what of it could be read, and why it is none.

    `sequence` is None where it has no number, or that of another record (`claimed_sequence`).
    `source` and `row` are empty where they cannot be read.
    """

    content: Any  # as it came
    problem: str
    change_id: str = ""
    sequence: int | None = None
    claimed_sequence: int | None = None
    source: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    position: int = 0

    @property
    def digest(self) -> str:
        """What tells this record from another."""
        return _digest(self.content)


Pushed = Change | MalformedChange


def _digest(content: Any) -> str:
    # of a plain digest the identity number could be guessed
    return keyed_hash(json.dumps(content))


@dataclass(slots=True)
class PushResult:
    """What became of a batch.

    A state per record (applied, quarantined, known) with its problem; the enterprises concerned.
    """

    outcomes: list[tuple[Pushed, str, str]] = field(default_factory=list)
    credit_codes: set[str] = field(default_factory=set)
    revision: Revision | None = None


def new_records(records: Sequence[Pushed]) -> tuple[list[Pushed], PushResult]:
    """The records that were not pushed before, in order; those known with what became of them.

    A record without a number of its own takes none: for each, one number may be missing after it.
    OutOfOrder where more are.
    """
    result = PushResult()
    last = PlatformChange.objects.exclude(sequence=None).order_by("-sequence").first()
    fresh = list(_without_known(records, result))
    return _in_order(fresh, last), result


def _without_known(records: Sequence[Pushed], result: PushResult) -> Iterable[Pushed]:
    """Records that are new, by ids and numbers of their own."""
    identified = [_with_id(record) for record in records]
    ids = {record.change_id for record in identified} | set(map(_id_by_content, identified))
    stored = PlatformChange.objects.filter(change_id__in=ids)
    stored_by_id = {row.change_id: (row.digest, row.problem) for row in stored}
    sequences = _sequences_taken(identified)
    # a change keeps its id and number before a malformed record with the same
    in_order = sorted(
        identified, key=lambda record: (isinstance(record, MalformedChange), _number(record))
    )
    for record in in_order:
        if stored_by_id.get(record.change_id, ("", ""))[0] == record.digest:
            result.outcomes.append((record, "known", stored_by_id[record.change_id][1]))
            continue
        new = record
        if record.change_id in stored_by_id:
            new = _malformed(record, _("变更编号 {id} 已用于别的内容").format(id=record.change_id))
        if record.sequence in sequences:
            problem = _("序号 {sequence} 已用于别的变更").format(sequence=record.sequence)
            malformed = _malformed(record, problem)
            new = replace(malformed, sequence=None, claimed_sequence=record.sequence)
        # a malformed record that came before under an id of its content
        if new.change_id in stored_by_id:
            result.outcomes.append((new, "known", stored_by_id[new.change_id][1]))
            continue
        stored_by_id[new.change_id] = (new.digest, "")
        if new.sequence is not None:
            sequences.add(new.sequence)
        yield new


def _sequences_taken(records: Sequence[Pushed]) -> set[int | None]:
    """The numbers of other records: those on record, and those from before the first of all."""
    numbers = {record.sequence for record in records if record.sequence is not None}
    on_record = PlatformChange.objects.exclude(sequence=None)
    used: set[int | None] = set(
        on_record.filter(sequence__in=numbers).values_list("sequence", flat=True)
    )
    first = on_record.order_by("sequence").values_list("sequence", flat=True).first()
    return used | {number for number in numbers if first is not None and number < first}


def _id_by_content(record: Pushed) -> str:
    """The id that the record has where it is quarantined under an id of its content."""
    content = record.content if isinstance(record, MalformedChange) else _content(record)
    return _id_of_content(_digest(content))


def _with_id(record: Pushed) -> Pushed:
    """A record without a readable id gets one from its content."""
    if isinstance(record, Change) or record.change_id:
        return record
    return replace(record, change_id=_id_of_content(record.digest))


def _id_of_content(digest: str) -> str:
    return f"malformed-{digest}"[:MAX_ID_LENGTH]


def _malformed(record: Pushed, problem: str) -> MalformedChange:
    """The record as one that is quarantined, under an id of its content."""
    content = record.content if isinstance(record, MalformedChange) else _content(record)
    return MalformedChange(
        content=content,
        problem=problem,
        change_id=_id_of_content(_digest(content)),
        sequence=record.sequence,
        source=record.source,
        row=record.row,
        position=record.position,
    )


def _content(change: Change) -> dict[str, Any]:
    return {
        "id": change.change_id,
        "sequence": change.sequence,
        "source": change.source,
        "action": change.action,
        "row": dict(change.row),
    }


def _in_order(fresh: Sequence[Pushed], last: PlatformChange | None) -> list[Pushed]:
    """The records by number; those without one where numbers are missing, the rest at the end.

    A number that was left out before may come later. OutOfOrder where more numbers are missing than
    records came without one.
    """
    claiming = [record for record in fresh if _claims_another(record)]
    numbered = [record for record in fresh if record.sequence is not None]
    numbered.sort(key=_number)
    unnumbered = [
        record for record in fresh if record.sequence is None and not _claims_another(record)
    ]
    room_before = 0
    if last is not None:
        without_number = PlatformChange.objects.filter(sequence=None, claimed_sequence=None)
        room_before = without_number.filter(pk__gt=last.pk).count()
    expected = _after(last, numbered)
    ordered: list[Pushed] = claiming
    for record in numbered:
        missing = max(_number(record) - expected, 0)
        if missing > room_before + len(unnumbered):
            raise OutOfOrder(
                _("序号 {sequence} 接不上，应为 {expected}").format(
                    sequence=record.sequence, expected=expected
                ),
                expected,
            )
        from_before = min(missing, room_before)
        room_before -= from_before
        ordered += unnumbered[: missing - from_before]
        unnumbered = unnumbered[missing - from_before :]
        ordered.append(record)
        expected = max(expected, _number(record) + 1)
    return ordered + unnumbered


def _claims_another(record: Pushed) -> bool:
    """Whether the record names the number of another."""
    return isinstance(record, MalformedChange) and record.claimed_sequence is not None


def _number(record: Pushed) -> int:
    return record.sequence or 0


def _after(last: PlatformChange | None, numbered: Sequence[Pushed]) -> int:
    """The number that comes next; the platform begins with whichever it likes."""
    if last is not None and last.sequence is not None:
        return last.sequence + 1
    return _number(numbered[0]) if numbered else 0
