"""Evidence packs as files: what signs a pack as a whole, and its check without a database.

SHA256SUMS names every other file with its checksum, among them manifest.json, which says the card,
the case, the head of the journal, the day, the keys, and each file's size. SHA256SUMS.sig is the
Ed25519 signature of SHA256SUMS: nothing of a pack can be changed, added or left out without it.
"""

import hashlib
import io
import json
import re
import stat
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from qualwatch.journal.proofs import (
    digest_of,
    faults_of_stream,
    is_signed_content,
    key_number,
)
from qualwatch.wording import gettext as _

SCHEMA = "qualwatch-pack/1"
SUMS, SIGNATURE, MANIFEST, JOURNAL = "SHA256SUMS", "SHA256SUMS.sig", "manifest.json", "journal.json"
NEEDED = (SUMS, SIGNATURE, MANIFEST, JOURNAL)
# entries with digests of submitted files
WITH_FILES = (
    "served",
    "service-failed",
    "consent-stored",
    "files-stored",
    "applied",
    "proposed",
    "act-proposed",
    "act-signed",
    "rechecked",
)
# folders of files whose digests are in the journal
DOCUMENTS, SUBMITTED = "documents/", ("proofs/", "evidence/")
# every entry has the same time and system, and none is compressed: a pack of the same files has
# the same bytes, whichever library writes it
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
LONGEST_NAME = 200  # characters of a name in a sentence
MAX_NAMES = 5  # names in a sentence
_LINE = re.compile(r"(?P<sum>[0-9a-f]{64})  (?P<name>[^\\\r\n]+)")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{64}")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.S)


class BadKey(Exception):
    """A text or file is no public key; the message is one sentence."""


class _Fault(Exception):
    """The first thing that is wrong with a pack; the rest is not looked at."""


@dataclass(frozen=True, slots=True)
class PackCheck:
    """The result of a check: faults (none = sound), and what the pack says it is.

    `unsealed`: entries after the last seal of a day, which the pack's own signature covers.
    """

    faults: tuple[str, ...]
    card: str = ""
    enterprise: str = ""
    made_on: str = ""
    unsealed: int = 0


def sums_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file, as 64 hexadecimal digits."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def parts_digest(sums: Mapping[str, str]) -> str:
    """The digest of a pack in the journal: over the sums of all its files but the journal and
    what is made after it.
    """
    return digest_of({name: digest for name, digest in sums.items() if name not in NEEDED})


def signed_files(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], key: Ed25519PrivateKey
) -> dict[str, bytes]:
    """The files of a pack with its manifest, checksums and signature.

    `manifest`: everything but the list of files.
    """
    listed = [
        {"name": name, "sha256": digest, "bytes": len(files[name])}
        for name, digest in sorted(sums_of(files).items())
    ]
    content = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
    complete = {**files, MANIFEST: content.encode()}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums_of(complete).items())]
    sums = "".join(lines).encode()
    return {**complete, SUMS: sums, SIGNATURE: key.sign(sums)}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The archive of a pack; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, ENTRY_TIME)
            entry.create_system = UNIX
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_STORED)
    return buffer.getvalue()


def read_public_keys(text: str) -> list[str]:
    """Public keys as 64 hexadecimal digits: from such digits, or from a file of PEM blocks or of
    nothing but digits.

    BadKey.
    """
    try:
        keys = _keys_in(text) or _keys_in(Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(_("读不出公钥：{text}").format(text=text)) from error
    if not keys:
        raise BadKey(_("读不出公钥：{text}").format(text=text))
    return keys


def _keys_in(text: str) -> list[str]:
    """The keys of a text; none where it is something else. ValueError, UnsupportedAlgorithm."""
    keys = [load_pem_public_key(block.encode()) for block in _PEM.findall(text)]
    if keys:
        return [key.public_bytes_raw().hex() for key in keys if isinstance(key, Ed25519PublicKey)]
    words = text.split()
    return [word.lower() for word in words] if all(map(_HEXADECIMAL.fullmatch, words)) else []


def faults_of_pack(path: Path, *public_keys: str, card: str = "") -> list[str]:
    """The faults of `check_pack`."""
    return list(check_pack(path, public_keys, card=card).faults)


def check_pack(path: Path, public_keys: Collection[str], *, card: str = "") -> PackCheck:
    """Whether a pack, as .zip or unpacked, is as the office made it.

    `public_keys`: the office's, obtained elsewhere; without one no pack is sound. `card`: the red
    card that the pack is said to be of.
    """
    try:
        files = _files_of(path)
        missing = [name for name in NEEDED if name not in files]
        if missing:
            raise _Fault(_("不是完整的证据包：没有 {name}").format(name="、".join(missing)))
        manifest, signer = _signed_manifest(files, public_keys)
        check = _check_contents(files, manifest)
    except _Fault as fault:
        return PackCheck((str(fault),))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        RecursionError,
    ) as error:
        reason = f"{type(error).__name__} {error}"[:LONGEST_NAME]
        return PackCheck((_("不是完整的证据包：{reason}").format(reason=reason),))
    faults = [*check.faults, *_faults_of_identity(path, manifest["card"], card)]
    if signer not in public_keys:
        faults.append(_("没有给出机关公布的公钥，不能证明证据包出自哪个机关；请用 --key 写明"))
    return PackCheck(
        tuple(faults),
        manifest["card"],
        manifest["enterprise"],
        manifest["made_on"],
        check.unsealed,
    )


def _files_of(path: Path) -> dict[str, bytes]:
    """The files of a pack by name."""
    if path.is_dir():
        return _files_of_folder(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _Fault(_("打不开 {path}：{reason}").format(path=path, reason=reason)) from error
    return _files_of_archive(content)


def _files_of_folder(folder: Path) -> dict[str, bytes]:
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise _Fault(_("{name} 是链接，不是文件").format(name=name))
        if not path.is_dir():
            files[name] = path.read_bytes()
    return files


def _files_of_archive(content: bytes) -> dict[str, bytes]:
    """The files of an archive that holds nothing else: no comment, link, second or hidden entry."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _require_plain(entries, len(content))
            files = {entry.filename: archive.read(entry) for entry in entries}
    except _Fault:
        raise
    # whatever the library meets in a damaged or forged directory
    except Exception as error:
        raise _Fault(_("不是完整的压缩包，没有传完、被截断或被改动")) from error
    if zipped(files) != content:
        raise _Fault(_("压缩包不是原样：里面有清单以外的内容，或被重新压缩；可以解开后核对文件夹"))
    return files


def _require_plain(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """_Fault where an entry is no plain file of its own name. `size`: bytes of the archive."""
    names: set[str] = set()
    for entry in entries:
        name = entry.orig_filename[:LONGEST_NAME]
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or ":" in name:
            raise _Fault(_("压缩包里的 {name} 要写到包外").format(name=name))
        if entry.filename in names:
            raise _Fault(_("压缩包里有两个 {name}").format(name=name))
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _Fault(_("{name} 是链接，不是文件").format(name=name))
        names.add(entry.filename)
    # nothing is compressed: more content than bytes is no pack, and is not read
    if sum(entry.file_size for entry in entries) > size:
        raise _Fault(_("压缩包不是原样：里面有清单以外的内容，或被重新压缩；可以解开后核对文件夹"))


def _signed_manifest(
    files: Mapping[str, bytes], public_keys: Collection[str]
) -> tuple[dict[str, Any], str]:
    """The manifest of a pack whose checksums are signed, and the key that signed them.

    Without keys to trust, the key that the manifest names.
    """
    manifest = json.loads(files[MANIFEST])
    named = {key_number(key["public_key"]): key["public_key"] for key in manifest["keys"]}
    trusted = public_keys or [named[manifest["key"]]]
    signer = next(
        (key for key in trusted if is_signed_content(files[SUMS], files[SIGNATURE], key)), None
    )
    if signer is None and public_keys and manifest["key"] not in map(key_number, public_keys):
        text = _("证据包说是公钥 {number} 签的，不是所给的公钥 {given}")
        given = "、".join(map(key_number, public_keys))
        raise _Fault(text.format(number=str(manifest["key"])[:LONGEST_NAME], given=given))
    if signer is None or key_number(signer) != manifest["key"]:
        raise _Fault(_("签名不符：SHA256SUMS 不是机关签名时的原样"))
    return manifest, signer


def _check_contents(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> PackCheck:
    """The files by the signed checksums, then what the signed files say of one another."""
    sums = _read_sums(files[SUMS])
    _require_files(files, sums)
    if manifest["schema"] != SCHEMA:
        raise _Fault(_("不认识的证据包格式：{schema}").format(schema=manifest["schema"]))
    streams = json.loads(files[JOURNAL])
    faults = _faults_of_manifest(files, manifest, streams)
    public_keys = [key["public_key"] for key in manifest["keys"]]
    for stream in streams:
        faults += faults_of_stream(stream, public_keys)
    faults += _faults_of_binding(sums, streams)
    if not any(stream["seals"] for stream in streams if stream["stream"] == manifest["case"]):
        faults.append(_("案件日志还没有封签，不能算完好；请在当日巡查封签以后再取证据包"))
    return PackCheck(tuple(faults), unsealed=sum(map(_unsealed, streams)))


def _read_sums(content: bytes) -> dict[str, str]:
    """SHA256SUMS by name; every line as `sha256sum` writes it."""
    sums = {}
    for line in content.decode("utf-8").removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match["name"] in sums:
            raise _Fault(_("SHA256SUMS 有读不懂或重复的行"))
        sums[match["name"]] = match["sum"]
    return sums


def _require_files(files: Mapping[str, bytes], sums: Mapping[str, str]) -> None:
    """_Fault where a file is missing, additional, or has another checksum than the signed one."""
    actual = sums_of({name: files[name] for name in files.keys() - {SUMS, SIGNATURE}})
    altered = {name for name in actual.keys() & sums if actual[name] != sums[name]}
    differences = [
        text.format(names=_listed(names))
        for text, names in (
            (_("少了 {names}"), sums.keys() - actual),
            (_("多了 {names}"), actual.keys() - sums),
            (_("{names} 被改动"), altered),
        )
        if names
    ]
    if differences:
        raise _Fault(_("文件与签名时不同：{what}").format(what="；".join(differences)))


def _listed(names: Collection[str]) -> str:
    shown = "、".join(_shown_name(name) for name in sorted(names)[:MAX_NAMES])
    return shown + ("…" if len(names) > MAX_NAMES else "")


def _shown_name(name: str) -> str:
    """A name in one line."""
    return "".join(each if each.isprintable() else "?" for each in name[:LONGEST_NAME])


def _faults_of_manifest(
    files: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    streams: Sequence[Mapping[str, Any]],
) -> list[str]:
    """What the manifest says of files and journal, where they are otherwise."""
    listed = {row["name"]: (row["sha256"], row["bytes"]) for row in manifest["files"]}
    sums = sums_of({name: files[name] for name in files.keys() - {SUMS, SIGNATURE, MANIFEST}})
    actual = {name: (digest, len(files[name])) for name, digest in sums.items()}
    heads = [
        {
            "stream": stream["stream"],
            "length": len(stream["entries"]),
            "head": stream["entries"][-1]["digest"],
        }
        for stream in streams
        if stream["entries"]
    ]
    faults = []
    if listed != actual:
        faults.append(_("manifest.json 所列的文件与包内的不同"))
    if manifest["journal"] != heads or not any(
        head["stream"] == manifest["case"] for head in heads
    ):
        faults.append(_("日志的末条与 manifest.json 所记的不同"))
    return faults


def _faults_of_binding(sums: Mapping[str, str], streams: Sequence[Mapping[str, Any]]) -> list[str]:
    """Documents and submitted files that the journal does not name, and a pack whose digest is not
    the recorded one.
    """
    entries = [entry for stream in streams for entry in stream["entries"]]
    issued, submitted = _issued_digests(entries), _submitted_digests(entries)
    faults = [
        _("{name} 不是日志所记的文件").format(name=name)
        for name in sorted(sums)
        if (name.startswith(DOCUMENTS) and sums[name] not in issued)
        or (name.startswith(SUBMITTED) and sums[name] not in submitted)
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
    return {digest for entry in acts for digest in _digests_in(entry["details"])}


def _digests_in(details: Mapping[str, Any]) -> Iterator[str]:
    """SHA-256 of the files handed in with an act, and of the evidence that a signer opened."""
    yield from details.get("files", ())
    for file in details.get("evidence", ()):
        yield file["sha256"] if isinstance(file, dict) else file
    opened = details.get("read", {})
    if isinstance(opened, dict):
        yield from opened.get("files", ())


def _unsealed(stream: Mapping[str, Any]) -> int:
    """The number of entries of a stream after its last seal."""
    seals = stream["seals"]
    return len(stream["entries"]) - (seals[-1]["head"][1] if seals else 0)


def _faults_of_identity(path: Path, card: str, expected: str) -> list[str]:
    """A pack of another red card than the one asked for, or than the one in its name."""
    if expected and expected != card:
        text = _("这是红牌 {card} 的证据包，不是 {expected} 的")
        return [text.format(card=card, expected=expected)]
    pattern = re.sub(r"\d+", r"\\d+", re.escape(card))
    named = re.findall(pattern, path.resolve().name)
    if named and card not in named:
        text = _("这是红牌 {card} 的证据包，不是 {expected} 的")
        return [text.format(card=card, expected=named[0])]
    return []
