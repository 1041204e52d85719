"""Secrets: from the environment, or from one file that only its owner can read."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "keys.json"  # in the state folder
KEY_BYTES = 32


class BadKeys(Exception):
    """The file of keys, or a key in the environment, cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Keys:
    """`identity`: AES keys by version, the newest last; `lookup`: HMAC key; `seal`: Ed25519 seed.

    Keys have 32 bytes. All are empty before `manage prepare` was run. `former_seals`: the public
    keys (64 hexadecimal digits) of the seeds that `seal` has replaced, the oldest first.
    """

    secret: str = ""
    identity: Mapping[str, bytes] = field(default_factory=dict)
    lookup: bytes = b""
    seal: bytes = b""
    former_seals: tuple[str, ...] = ()
    openid_connect: list[dict[str, Any]] = field(default_factory=list)


def keys_of(state: Path) -> Keys:
    """QUALWATCH_KEYS (JSON) in the environment, otherwise `keys.json` in the state folder.

    Writes nothing: without either, the keys are empty. Raises BadKeys.
    """
    text, path = os.environ.get("QUALWATCH_KEYS"), state / FILE
    origin = "QUALWATCH_KEYS" if text else str(path)
    try:
        if not text:
            if not path.is_file():
                return Keys()
            text = path.read_text(encoding="utf-8")
        keys = json.loads(text)
        return Keys(
            keys["secret"],
            {version: _key(encoded) for version, encoded in keys["identity"].items()},
            _key(keys["lookup"]),
            _key(keys["seal"]),
            tuple(_public_key(encoded) for encoded in keys.get("former_seals", ())),
            keys.get("openid_connect", []),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise BadKeys(f"{origin}: {type(error).__name__} {error}") from error


def has_keys(state: Path) -> bool:
    """Whether there are keys, in the environment or in the state folder."""
    return bool(os.environ.get("QUALWATCH_KEYS")) or (state / FILE).is_file()


def create_keys(state: Path) -> None:
    """Makes the state folder, and its keys where there are none; both for their owner only."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if has_keys(state):
        return
    keys = {
        "secret": secrets.token_urlsafe(50),
        "identity": {"1": new_key()},
        "lookup": new_key(),
        "seal": new_key(),
    }
    write_keys(state / FILE, json.dumps(keys, indent=1))


def new_key() -> str:
    """A new key of 32 bytes, as it stands in the file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def write_keys(path: Path, text: str) -> None:
    """Written completely or not at all, for its owner only; an existing file is not replaced."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        os.link(part, path)
    except FileExistsError:  # another process was faster
        pass
    finally:
        part.unlink()


def prepare_seal_key(state: Path) -> bytes:
    """The seed that is to follow `seal`, written beside it as `next_seal`; signs nothing yet.

    A seed that was prepared and not used is the next one still. For keys in the state folder only.
    BadKeys, OSError; the file is then as it was.
    """
    keys = _file_content(state / FILE)
    if "next_seal" not in keys:
        keys["next_seal"] = new_key()
        _rewrite(state / FILE, keys)
    return _prepared(state / FILE, keys)


def switch_seal_key(state: Path, seed: bytes, former: str) -> None:
    """Puts the prepared seed in place of `seal`, whose public key joins `former_seals`.

    BadKeys where another seed is prepared; OSError; the file is then as it was.
    """
    keys = _file_content(state / FILE)
    if _prepared(state / FILE, keys) != seed:
        raise BadKeys(f"{state / FILE}: next_seal was replaced")
    keys["former_seals"] = [*keys.get("former_seals", ()), former]
    keys["seal"] = keys.pop("next_seal")
    _rewrite(state / FILE, keys)


def _file_content(path: Path) -> dict[str, Any]:
    try:
        keys: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadKeys(f"{path}: {error}") from error
    return keys


def _prepared(path: Path, keys: Mapping[str, Any]) -> bytes:
    try:
        return _key(keys["next_seal"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadKeys(f"{path}: next_seal: {type(error).__name__} {error}") from error


def _rewrite(path: Path, keys: Mapping[str, Any]) -> None:
    """Replaces the file as a whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.new")
    write_keys(part, json.dumps(keys, indent=1))
    part.replace(path)


def is_in_environment() -> bool:
    """Whether the keys come from QUALWATCH_KEYS."""
    return bool(os.environ.get("QUALWATCH_KEYS"))


def _public_key(text: str) -> str:
    if len(bytes.fromhex(text)) != KEY_BYTES:
        raise ValueError("a public key has 32 bytes")
    return text.lower()


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
