"""Proofs that need no database: chains of entries, heads under the signed root of a day, sums of files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qualwatch.wording import gettext as _

Head = Sequence[Any]  # stream, length, digest of its last entry
SUMS, JOURNAL = "SHA256SUMS", "journal.json"
HANDED = ("served", "service-failed", "consent-kept", "files-kept")  # entries that tell of files


def digest_of(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def root_of(heads: Sequence[Head]) -> str:
    """The root of the tree over all heads, in their order; of none the digest of an empty list."""
    return _levels(heads)[-1][0]


def path_and_root(heads: Sequence[Head], at: int) -> tuple[list[list[str]], str]:
    """From one head up to the root: the side and the digest of each neighbour; and the root."""
    path, levels = [], _levels(heads)
    for level in levels[:-1]:
        beside = at ^ 1
        if beside < len(level):
            path.append(["left" if beside < at else "right", level[beside]])
        at //= 2
    return path, levels[-1][0]


def root_by(head: Head, path: Sequence[Sequence[str]]) -> str:
    """The root that a head and its path give."""
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
    """What the signature of a day is over."""
    return digest_of([day, root, previous])


def is_signed(digest: str, signature: str, public_key: str) -> bool:
    """Whether the key signed it."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
            bytes.fromhex(signature), digest.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def parts_digest(sums: Mapping[str, str]) -> str:
    """What the journal says of a pack's files: their sums, but for the journal that says it."""
    return digest_of({name: told for name, told in sums.items() if name != JOURNAL})


def faults_of_pack(folder: Path, public_key: str = "") -> list[str]:
    """One sentence for everything in an unpacked evidence pack that is not as it was written; none for a sound one.

    `public_key`: the office's, from elsewhere; without it a pack can only be found to agree with itself.
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
    """How many entries of a sound pack come after its last seal: the next day's seal proves them."""
    streams = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
    return sum(len(stream["entries"]) - stream["seals"][-1]["head"][1] for stream in streams)


def _faults_of_files(folder: Path, sums: Mapping[str, str]) -> list[str]:
    there = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {SUMS}
    faults = [_("少了文件 {name}").format(name=one) for one in sorted(set(sums) - there)]
    faults += [_("多了文件 {name}").format(name=one) for one in sorted(there - set(sums))]
    changed = (
        name
        for name in sorted(there & set(sums))
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sums[name]
    )
    return faults + [_("{name} 被改动").format(name=one) for one in changed]


def _faults_of_binding(sums: Mapping[str, str], streams: Sequence[Mapping[str, Any]]) -> list[str]:
    """Documents and proofs are those of which the journal tells, and the rest is what the pack was made of."""
    entries = [entry for stream in streams for entry in stream["entries"]]
    if not entries:
        return [_("没有日志")]
    issued = {entry["details"]["sha256"] for entry in entries if entry["what"] == "issued"}
    handed = {
        one
        for entry in entries
        for one in entry["details"].get("files", ())
        if entry["what"] in HANDED
    }
    digests_by_folder = {"documents/": issued, "proofs/": handed}
    faults = [
        _("{name} 不是日志所记的文件").format(name=name)
        for name in sorted(sums)
        for folder, known in digests_by_folder.items()
        if name.startswith(folder) and sums[name] not in known
    ]
    packings = [entry["details"]["parts"] for entry in entries if entry["what"] == "pack-made"]
    if not packings or packings[-1] != parts_digest(sums):
        faults.append(_("包内文件与日志所记的不同"))
    return faults


def _faults_of_stream(told: Mapping[str, Any], public_key: str) -> list[str]:
    faults: list[str] = []
    previous, digests = "", {}
    for number, entry in enumerate(told["entries"], 1):
        content = {name: value for name, value in entry.items() if name != "digest"}
        if (
            entry["number"] != number
            or entry["previous"] != previous
            or digest_of(content) != entry["digest"]
        ):
            faults.append(
                _("{stream}：第 {number} 条被改动").format(stream=told["stream"], number=number)
            )
        previous = digests[number] = entry["digest"]
    if not told["seals"]:
        faults.append(_("{stream}：没有封签").format(stream=told["stream"]))
    key = public_key or (told["seals"][0]["public_key"] if told["seals"] else "")
    for seal in told["seals"]:
        stream, length, head = seal["head"]
        good = (
            stream == told["stream"]
            and digests.get(length) == head
            and root_by(seal["head"], seal["path"]) == seal["root"]
            and seal_digest(seal["day"], seal["root"], seal["previous"]) == seal["digest"]
            and is_signed(seal["digest"], seal["signature"], key)
        )
        if not good:
            faults.append(_("{day} 的封签签名不符").format(day=seal["day"]))
    return faults
