"""Proofs without a database: chains of entries, Merkle paths to the signed root of a day,
checksums.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qualwatch.wording import gettext as _

Head = Sequence[Any]  # stream, length, digest of its last entry
SUMS, JOURNAL = "SHA256SUMS", "journal.json"
WITH_FILES = (
    "served",
    "service-failed",
    "consent-stored",
    "files-stored",
)  # entries with digests of submitted files


def digest_of(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def root_of(heads: Sequence[Head]) -> str:
    """The Merkle root over all heads, in their order; of none the digest of an empty list."""
    return _levels(heads)[-1][0]


def path_and_root(heads: Sequence[Head], at: int) -> tuple[list[list[str]], str]:
    """The Merkle path of one head (side and digest of each neighbour), and the root."""
    path, levels = [], _levels(heads)
    for level in levels[:-1]:
        sibling = at ^ 1
        if sibling < len(level):
            path.append(["left" if sibling < at else "right", level[sibling]])
        at //= 2
    return path, levels[-1][0]


def root_by(head: Head, path: Sequence[Sequence[str]]) -> str:
    """The root computed from a head and its path."""
    digest_so_far = digest_of(list(head))
    for side, digest in path:
        digest_so_far = digest_of(
            [digest, digest_so_far] if side == "left" else [digest_so_far, digest]
        )
    return digest_so_far


def _levels(heads: Sequence[Head]) -> list[list[str]]:
    level = [digest_of(list(head)) for head in heads] or [digest_of([])]
    levels = [level]
    while len(level) > 1:  # one that has no neighbour goes up as it is
        level = [
            digest_of(level[at : at + 2]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        levels.append(level)
    return levels


def seal_digest(day: str, root: str, previous: str) -> str:
    """The digest that a day's signature covers."""
    return digest_of([day, root, previous])


def is_signed(digest: str, signature: str, public_key: str) -> bool:
    """Whether the signature of the digest is valid for the key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
            bytes.fromhex(signature), digest.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def parts_digest(sums: Mapping[str, str]) -> str:
    """The digest of a pack in the journal: over the sums of all its files but the journal."""
    return digest_of({name: digest for name, digest in sums.items() if name != JOURNAL})


def faults_of_pack(folder: Path, public_key: str = "") -> list[str]:
    """One sentence for every fault of an unpacked evidence pack; none for a sound one.

    `public_key`: the office's, obtained elsewhere. Without it a pack can only be checked against
    itself.
    """
    try:
        sums = dict(
            line.split("  ", 1)[::-1]
            for line in (folder / SUMS).read_text(encoding="utf-8").splitlines()
        )
        streams = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
        faults = _faults_of_files(folder, sums)
        for stream in streams:
            faults += _faults_of_stream(stream, public_key)
        return faults + _faults_of_binding(sums, streams)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return [
            _("{folder} 不是完整的证据包：{reason}").format(
                folder=folder, reason=error or type(error).__name__
            )
        ]


def not_yet_sealed(folder: Path) -> int:
    """The number of entries of a sound pack after its last seal.

    The next day's seal covers them.
    """
    streams = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
    return sum(len(stream["entries"]) - stream["seals"][-1]["head"][1] for stream in streams)


def _faults_of_files(folder: Path, sums: Mapping[str, str]) -> list[str]:
    actual = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {SUMS}
    faults = [_("少了文件 {name}").format(name=one) for one in sorted(set(sums) - actual)]
    faults += [_("多了文件 {name}").format(name=one) for one in sorted(actual - set(sums))]
    changed = (
        name
        for name in sorted(actual & set(sums))
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sums[name]
    )
    return faults + [_("{name} 被改动").format(name=one) for one in changed]


def _faults_of_binding(sums: Mapping[str, str], streams: Sequence[Mapping[str, Any]]) -> list[str]:
    """Documents and proofs that the journal does not name, and a pack whose digest is not the
    recorded one.
    """
    entries = [entry for stream in streams for entry in stream["entries"]]
    if not entries:
        return [_("没有日志")]
    recorded = {"documents/": _issued_digests(entries), "proofs/": _submitted_digests(entries)}
    faults = [
        _("{name} 不是日志所记的文件").format(name=name)
        for name in sorted(sums)
        for folder, digests in recorded.items()
        if name.startswith(folder) and sums[name] not in digests
    ]
    packings = [entry["details"]["parts"] for entry in entries if entry["what"] == "pack-created"]
    if not packings or packings[-1] != parts_digest(sums):
        faults.append(_("包内文件与日志所记的不同"))
    return faults


def _issued_digests(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """SHA-256 of the issued documents, by the journal."""
    return {entry["details"]["sha256"] for entry in entries if entry["what"] == "issued"}


def _submitted_digests(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """SHA-256 of the submitted files, by the journal."""
    acts = [entry for entry in entries if entry["what"] in WITH_FILES]
    return {digest for entry in acts for digest in entry["details"].get("files", ())}


def _faults_of_stream(stream: Mapping[str, Any], public_key: str) -> list[str]:
    """Faults of the entries of a stream and of the seals over it."""
    faults: list[str] = []
    name = stream["stream"]
    previous = ""
    digests: dict[int, str] = {}
    for number, entry in enumerate(stream["entries"], 1):
        if not _is_chained(entry, number, previous):
            faults.append(_("{stream}：第 {number} 条被改动").format(stream=name, number=number))
        previous = digests[number] = entry["digest"]
    seals = stream["seals"]
    if not seals:
        return [*faults, _("{stream}：没有封签").format(stream=name)]
    key = public_key or seals[0]["public_key"]
    for seal in seals:
        if not _is_sound_seal(seal, name, digests, key):
            faults.append(_("{day} 的封签签名不符").format(day=seal["day"]))
    return faults


def _is_chained(entry: Mapping[str, Any], number: int, previous: str) -> bool:
    """Whether an entry has its number, follows the one before, and is what its digest says."""
    content = {field: value for field, value in entry.items() if field != "digest"}
    return bool(
        entry["number"] == number
        and entry["previous"] == previous
        and digest_of(content) == entry["digest"]
    )


def _is_sound_seal(
    seal: Mapping[str, Any], name: str, digests: Mapping[int, str], key: str
) -> bool:
    """Whether a seal covers the stream's head of its time and is signed."""
    stream, length, head = seal["head"]
    return bool(
        stream == name
        and digests.get(length) == head
        and root_by(seal["head"], seal["path"]) == seal["root"]
        and seal_digest(seal["day"], seal["root"], seal["previous"]) == seal["digest"]
        and is_signed(seal["digest"], seal["signature"], key)
    )
