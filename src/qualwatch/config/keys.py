"""Secrets: from the environment, or from one file that is made at first use and only its owner can read."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BadKeys(Exception):
    """The file of keys, or a key in the environment, cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Keys:
    """`identity`: AES keys by version, the newest last; `lookup`: for HMAC; `seal`: Ed25519 seed. Keys are 32 bytes."""

    secret: str
    identity: Mapping[str, bytes]
    lookup: bytes
    seal: bytes
    openid_connect: list[dict[str, Any]]


def keys_of(state: Path) -> Keys:
    """QUALWATCH_KEYS (JSON) in the environment, else `keys.json` in the state folder, made if missing."""
    given = os.environ.get("QUALWATCH_KEYS")
    path = state / "keys.json"
    try:
        told = json.loads(
            given or (_made(path) if not path.exists() else path.read_text(encoding="utf-8"))
        )
        return Keys(
            told["secret"],
            {version: _key(text) for version, text in told["identity"].items()},
            _key(told["lookup"]),
            _key(told["seal"]),
            told.get("openid_connect", []),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadKeys(
            f"{'QUALWATCH_KEYS' if given else path}: {type(error).__name__} {error}"
        ) from error


def new_key() -> str:
    """A new key of 32 bytes, as it stands in the file."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key


def _made(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = {
        "secret": secrets.token_urlsafe(50),
        "identity": {"1": new_key()},
        "lookup": new_key(),
        "seal": new_key(),
    }
    text = json.dumps(keys, indent=1)
    write_keys(path, text)
    return path.read_text(encoding="utf-8")


def write_keys(path: Path, text: str) -> None:
    """Written whole or not at all, readable by its owner only; a file that another process made first is kept."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
