"""Forgeries of an evidence pack: what somebody without the office's key may do to it."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qualwatch.journal.packs import (
    JOURNAL,
    MANIFEST,
    SIGNATURE,
    SUMS,
    parts_digest,
    signed_files,
    sums_of,
    zipped,
)
from qualwatch.journal.proofs import digest_of, key_number

Files = dict[str, bytes]
FACT = "facts/registrations.parquet"
PLAIN = "登记事实/注册.csv"
POLICY = "law/policy/shanxi.yaml"
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
ALTERED_SIGNATURE = "签名不符"
NOT_PLAIN = "压缩包不是原样"


def unpacked(pack: bytes) -> Files:
    """The files of a pack by name."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_folder(files: Files, folder: Path) -> Path:
    """The files in a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def document_in(files: Files) -> str:
    """The name of a document."""
    return next(name for name in files if name.startswith("documents/"))


def resealed(files: Files) -> Files:
    """The manifest and the sums made to fit the files again; the signature is the old one."""
    manifest = json.loads(files[MANIFEST])
    content = {
        name: body for name, body in files.items() if name not in (MANIFEST, SUMS, SIGNATURE)
    }
    files_of_stranger = signed_files(content, manifest, STRANGER)
    return {**files_of_stranger, SIGNATURE: files[SIGNATURE]}


def with_file(name: str, change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    """One file changed, nothing else."""
    return lambda files: {**files, name: change(files[name])}


def with_json(name: str, change: Callable[[Any], object]) -> Callable[[Files], Files]:
    """A JSON file changed."""

    def forge(files: Files) -> Files:
        content = json.loads(files[name])
        change(content)
        return {**files, name: json.dumps(content, ensure_ascii=False, indent=1).encode()}

    return forge


def then_resealed(forge: Callable[[Files], Files]) -> Callable[[Files], Files]:
    """The same with manifest and sums rebuilt."""
    return lambda files: resealed(forge(files))


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {other: body for other, body in files.items() if other != name}


def renamed(files: Files) -> Files:
    return {name.replace("people.parquet", "persons.parquet"): body for name, body in files.items()}


def swapped(files: Files) -> Files:
    first, second = [name for name in files if name.startswith("documents/")][:2]
    return {**files, first: files[second], second: files[first]}


def rechained(journal: Any) -> None:
    """The digests of all entries made to follow again."""
    for stream in journal:
        previous = ""
        for entry in stream["entries"]:
            entry["previous"] = previous
            content = {key: value for key, value in entry.items() if key != "digest"}
            previous = entry["digest"] = digest_of(content)


def with_journal(change: Callable[[list[Any]], object]) -> Callable[[Files], Files]:
    """The entries of the card's stream changed, the chain and the manifest's head rebuilt."""

    def forge(files: Files) -> Files:
        journal = json.loads(files[JOURNAL])
        change(journal[-1]["entries"])
        rechained(journal)
        manifest = json.loads(files[MANIFEST])
        last = journal[-1]["entries"][-1]
        manifest["journal"][-1] |= {
            "length": len(journal[-1]["entries"]),
            "head": last["digest"],
        }
        return {
            **files,
            JOURNAL: json.dumps(journal, ensure_ascii=False).encode(),
            MANIFEST: json.dumps(manifest, ensure_ascii=False).encode(),
        }

    return forge


def with_unsealed_entry_rewritten(files: Files) -> Files:
    """The fact altered, and the last entry, which no day's seal covers, made to agree with it."""
    files = with_file(FACT, lambda body: body + b" ")(files)
    parts = parts_digest(sums_of(files))
    return with_journal(lambda entries: entries[-1]["details"].update(parts=parts))(files)


def signed_by_a_stranger(*, named: bool) -> Callable[[Files], Files]:
    """Signed anew with another key; `named`: which the manifest says."""

    def forge(files: Files) -> Files:
        manifest = json.loads(files[MANIFEST])
        if named:
            public_key = STRANGER.public_key().public_bytes_raw().hex()
            manifest["key"] = key_number(public_key)
            manifest["keys"].append({"number": manifest["key"], "public_key": public_key})
        content = {
            name: body for name, body in files.items() if name not in (MANIFEST, SUMS, SIGNATURE)
        }
        return signed_files(content, manifest, STRANGER)

    return forge


# kind of forgery -> sentence, what is done to the files
OF_FILES: dict[str, tuple[str, Callable[[Files], Files]]] = {
    "a fact edited": (f"{FACT} 被改动", with_file(FACT, lambda body: body[:-1] + b"x")),
    "a plain fact edited": (
        f"{PLAIN} 被改动",
        with_file(PLAIN, lambda body: body.replace("二级".encode(), "一级".encode(), 1)),
    ),
    "a file added": ("多了 补充.txt", lambda files: {**files, "补充.txt": b"x"}),
    "a file added under two listed names": (
        "多了 README.txt?index.html",
        lambda files: {**files, "README.txt\nindex.html": b"x"},
    ),
    "a file added under a listed name and dot": (
        "多了 README.txt?",
        lambda files: {**files, "README.txt\n./index.html": b"x"},
    ),
    "a key added": ("多了 office.pem", lambda files: {**files, "office.pem": b"x"}),
    "an archive added": (
        "多了 更多.zip",
        lambda files: {**files, "更多.zip": zipped({"a.txt": b"x"})},
    ),
    "a file removed": ("少了 finding.json", without("finding.json")),
    "a file renamed": ("少了 facts/people.parquet；多了 facts/persons.parquet", renamed),
    "two files swapped": ("被改动", swapped),
    "README changed": (
        "README.txt 被改动",
        with_file("README.txt", lambda body: body.replace(b"openssl", b"opensll")),
    ),
    "README with CRLF": (
        "README.txt 被改动",
        with_file("README.txt", lambda body: body.replace(b"\n", b"\r\n")),
    ),
    "sums with CRLF": (
        ALTERED_SIGNATURE,
        with_file(SUMS, lambda body: body.replace(b"\n", b"\r\n")),
    ),
    "sums with a byte order mark": (
        ALTERED_SIGNATURE,
        with_file(SUMS, lambda body: b"\xef\xbb\xbf" + body),
    ),
    "manifest edited": (
        f"{MANIFEST} 被改动",
        with_json(MANIFEST, lambda manifest: manifest.update(made_on="2020-01-01")),
    ),
    "signature removed": (f"没有 {SIGNATURE}", without(SIGNATURE)),
    "signature emptied": (ALTERED_SIGNATURE, with_file(SIGNATURE, lambda _body: b"")),
    "signature altered": (ALTERED_SIGNATURE, with_file(SIGNATURE, lambda body: body[::-1])),
    "sums removed": (f"没有 {SUMS}", without(SUMS)),
    "manifest removed": (f"没有 {MANIFEST}", without(MANIFEST)),
    "manifest of endless depth": (
        "不是完整的证据包",
        with_file(MANIFEST, lambda _body: b"[" * 100_000),
    ),
    "manifest with a key that is none": (
        "不是完整的证据包",
        with_json(MANIFEST, lambda manifest: manifest["keys"][0].update(public_key="x")),
    ),
    "manifest broken": ("不是完整的证据包", with_file(MANIFEST, lambda _body: b"{")),
    "a fact edited, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_file(FACT, lambda body: body[:-1] + b"x")),
    ),
    "a fact edited, sums and unsealed entry rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_unsealed_entry_rewritten),
    ),
    "a file removed, sums rebuilt": (ALTERED_SIGNATURE, then_resealed(without("finding.json"))),
    "a file added, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(lambda files: {**files, "补充.txt": b"x"}),
    ),
    "another law text, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_file("law/professions.yaml", lambda body: body + b"\n")),
    ),
    "another policy, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(
            with_file(POLICY, lambda body: body.replace(b"number-and-trade", b"highest-any-trade"))
        ),
    ),
    "a document edited, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(lambda files: {**files, document_in(files): b"PK"}),
    ),
    "another card number, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(
            with_json(MANIFEST, lambda manifest: manifest.update(card="晋红〔2026〕9号"))
        ),
    ),
    "another day, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_json(MANIFEST, lambda manifest: manifest.update(made_on="2020-01-01"))),
    ),
    "another finding, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(
            with_json("finding.json", lambda finding: finding.update(card="晋红〔2026〕9号"))
        ),
    ),
    "an entry edited, chain and sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_journal(lambda entries: entries[1].update(by="somebody"))),
    ),
    "entries reordered, chain and sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_journal(lambda entries: entries.reverse())),
    ),
    "the last entry dropped, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_journal(lambda entries: entries.pop())),
    ),
    "all seals removed, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_json(JOURNAL, lambda journal: journal[-1].update(seals=[]))),
    ),
    "a seal altered, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(
            with_json(JOURNAL, lambda journal: journal[-1]["seals"][0].update(day="2026-01-01"))
        ),
    ),
    "no journal, sums rebuilt": (
        ALTERED_SIGNATURE,
        then_resealed(with_json(JOURNAL, lambda journal: journal.clear())),
    ),
    "signed by a stranger under the office's number": (
        ALTERED_SIGNATURE,
        signed_by_a_stranger(named=False),
    ),
    "signed by a stranger": ("不是所给的公钥", signed_by_a_stranger(named=True)),
}


def with_entry(name: str, mode: int = 0o100644, **details: Any) -> Callable[[Files], bytes]:
    """The archive with one more entry."""

    def forge(files: Files) -> bytes:
        buffer = io.BytesIO(zipped(files))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the second entry of a name
            with zipfile.ZipFile(buffer, "a") as archive:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = mode << 16
                archive.writestr(entry, details.get("content", b"x"))
        return buffer.getvalue()

    return forge


def recompressed(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def with_comment(files: Files) -> bytes:
    buffer = io.BytesIO(zipped(files))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = "另见附件".encode()
    return buffer.getvalue()


def as_link(files: Files) -> bytes:
    """README.txt as a symbolic link."""
    return with_entry("README.txt", 0o120777, content=b"/etc/hostname")(
        {name: body for name, body in files.items() if name != "README.txt"}
    )


# kind of forgery -> sentence, the archive
OF_ARCHIVES: dict[str, tuple[str, Callable[[Files], bytes]]] = {
    "truncated": ("不是完整的压缩包", lambda files: zipped(files)[:-400]),
    "cut in half": ("不是完整的压缩包", lambda files: zipped(files)[: len(zipped(files)) // 2]),
    "empty": ("不是完整的压缩包", lambda _files: b""),
    "a comment": (NOT_PLAIN, with_comment),
    "bytes behind it": (NOT_PLAIN, lambda files: zipped(files) + b"more"),
    "bytes before it": (NOT_PLAIN, lambda files: b"MZ" + zipped(files)),
    "compressed again": (NOT_PLAIN, recompressed),
    "a second README": ("两个 README.txt", with_entry("README.txt")),
    "an entry that leaves the folder": ("要写到包外", with_entry("../../etc/cron.d/x")),
    "an entry with an absolute name": ("要写到包外", with_entry("/etc/cron.d/x")),
    "an entry with a drive": ("要写到包外", with_entry("C:\\x.exe")),
    "an entry more": (NOT_PLAIN, with_entry("facts/more.csv")),
    "an empty folder more": (NOT_PLAIN, with_entry("更多/", 0o040755, content=b"")),
    "a link": ("README.txt 是链接", as_link),
}
