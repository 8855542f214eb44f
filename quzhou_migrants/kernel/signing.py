"""Keys for codes and lists: made on first use, named, rotated, never thrown away while in print.

One secret of 32 bytes makes one key. Two keys are derived from it: a MAC key (short tags that
only we can check, for codes that must stay sparse) and an Ed25519 key (signatures that anyone
can check with the public half, for lists and exports).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from quzhou_migrants.kernel.crypto import write_once

SECRET_BYTES = 32
MAX_KEYS = 32  # a key number has five bits in a code


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key by its number; the newest signs, all of them verify.

    Shape: secrets {number: 32 bytes}, numbers from 0 without gaps.
    """

    secrets: dict[int, bytes]

    @property
    def newest(self) -> int:
        """The number of the key that signs now."""
        return max(self.secrets)

    def tag(self, purpose: str, message: bytes, length: int, key: int | None = None) -> bytes:
        """Compute the first `length` bytes of HMAC-SHA256 under a key, the newest by default."""
        derived = self._derive("mac:" + purpose, self.newest if key is None else key)
        return hmac.digest(derived, message, hashlib.sha256)[:length]

    def tag_fits(self, purpose: str, message: bytes, tag: bytes, key: int) -> bool:
        """Tell whether a tag was made by a key of this ring for this purpose and message."""
        return key in self.secrets and hmac.compare_digest(self.tag(purpose, message, len(tag), key), tag)

    def sign(self, purpose: str, message: bytes) -> tuple[int, bytes]:
        """Sign with Ed25519 under the newest key.

        Shape: (key number, 64 bytes).
        """
        return self.newest, self._private(self.newest).sign(purpose.encode() + b"\0" + message)

    def public(self, key: int) -> bytes:
        """Give the public half of a key, 32 bytes, for anyone who wants to verify."""
        return self._private(key).public_key().public_bytes_raw()

    def rotated(self) -> KeyRing:
        """Add a fresh key; older ones keep verifying what is in print."""
        if len(self.secrets) >= MAX_KEYS:
            message = f"a ring holds {MAX_KEYS} keys"
            raise ValueError(message)
        return KeyRing({**self.secrets, self.newest + 1: secrets.token_bytes(SECRET_BYTES)})

    def _derive(self, use: str, key: int) -> bytes:
        return hmac.digest(self.secrets[key], b"quzhou-migrants/" + use.encode(), hashlib.sha256)

    def _private(self, key: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derive("ed25519", key))


def verify(public: bytes, purpose: str, message: bytes, signature: bytes) -> bool:
    """Check an Ed25519 signature with nothing but the public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, purpose.encode() + b"\0" + message)
    except InvalidSignature:
        return False
    return True


def open_ring(folder: Path, text: str | None = None) -> KeyRing:
    """Read the ring from `text` (an environment setting) or from the data folder, made there on first use.

    Raises: ValueError when a stored ring is damaged; it is never replaced in silence, since
    that would turn every printed code into a forgery.
    """
    if text:
        return _parse(text)
    file = folder / "signing-keys.json"
    if not file.exists():
        _create(file, KeyRing({0: secrets.token_bytes(SECRET_BYTES)}))
    return _parse(file.read_text())


@lru_cache(maxsize=4)
def _kept(folder: Path) -> KeyRing:
    return open_ring(folder)


def installed_ring() -> KeyRing:
    """The ring of this installation, beside its other keys; read once."""
    return _kept(Path(os.environ.get("QM_KEYS") or Path(os.environ.get("QM_DATA", "data")) / "keys.json").parent)


def save_ring(folder: Path, ring: KeyRing) -> None:
    """Write a ring back, whole or not at all."""
    file = folder / "signing-keys.json"
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    _create(fresh, ring)
    fresh.replace(file)


def _create(file: Path, ring: KeyRing) -> None:
    write_once(file, json.dumps({str(k): b64encode(v).decode() for k, v in ring.secrets.items()}, indent=1))


def _parse(text: str) -> KeyRing:
    try:
        found = {int(k): b64decode(v, validate=True) for k, v in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError) as wrong:
        message = "the signing keys cannot be read"
        raise ValueError(message) from wrong
    if not found or sorted(found) != list(range(len(found))) or {len(v) for v in found.values()} != {SECRET_BYTES}:
        message = "the signing keys are incomplete"
        raise ValueError(message)
    return KeyRing(found)
