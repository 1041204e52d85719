"""Public keys as files."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def pem_of(public_key: str) -> str:
    """An Ed25519 public key (64 hexadecimal digits) as a PEM file, which openssl reads."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")
