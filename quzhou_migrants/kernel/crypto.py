"""Secrets at rest: sealed values, blind search keys, and the keys themselves.

Keys live in one file of the data folder (or the environment), never in the database: the ID space
of a county is small, so a blind index is only as good as its key.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Keys:
    """The key ring: every key by id, and which one seals now."""

    def __init__(self, ring: dict[str, bytes], current: str, blind: bytes) -> None:
        """Hold sealing keys by id (one letter to eight), the current id and the blind-index key."""
        self._aead = {k: AESGCM(v) for k, v in ring.items()}
        self.current = current
        self._blind = blind

    def seal(self, plain: str, aad: str) -> bytes:
        """Encrypt a text bound to its place (table.column). Shape: id length, id, nonce, ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        key_id = self.current.encode()
        body = self._aead[self.current].encrypt(nonce, plain.encode(), aad.encode())
        return bytes([len(key_id)]) + key_id + nonce + body

    def unseal(self, sealed: bytes, aad: str) -> str:
        """Decrypt. Raises: KeyError for a lost key, InvalidTag for a foreign place or altered bytes."""
        width = sealed[0]
        key_id = sealed[1 : 1 + width].decode()
        nonce = sealed[1 + width : 1 + width + NONCE_BYTES]
        return self._aead[key_id].decrypt(nonce, sealed[1 + width + NONCE_BYTES :], aad.encode()).decode()

    def blind(self, plain: str, purpose: str) -> bytes:
        """Keyed search value of a normalised text: HMAC-SHA256, 32 bytes."""
        return hmac.digest(self._blind, f"{purpose}\0{plain}".encode(), "sha256")

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for another purpose, bound to this installation."""
        return hmac.digest(self._blind, f"derive\0{purpose}".encode(), "sha256")


def load_keys(path: Path) -> Keys:
    """Read the key file, making it (owner-readable only) at the first start."""
    if not path.exists():
        fresh = {
            "current": "k1",
            "seal": {"k1": secrets.token_hex(KEY_BYTES)},
            "blind": secrets.token_hex(KEY_BYTES),
        }
        write_once(path, json.dumps(fresh, indent=1))
    stored = json.loads(path.read_text())
    ring = {k: bytes.fromhex(v) for k, v in stored["seal"].items()}
    return Keys(ring, stored["current"], bytes.fromhex(stored["blind"]))


def write_once(path: Path, text: str) -> None:
    """Write a secret that nobody has written yet, whole and on disk, readable by its owner alone.

    Of several processes or threads that come together the first one's text stays: the draft has
    a name of its own for each of them, and it is linked, not renamed, into place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


def key_path() -> Path:
    """Where the key file lies: QM_KEYS, else keys.json in the data folder."""
    return Path(os.environ.get("QM_KEYS") or Path(os.environ.get("QM_DATA", "data")) / "keys.json")


@lru_cache(maxsize=1)
def keys() -> Keys:
    """The key ring of this process."""
    return load_keys(key_path())


def seal(plain: str, aad: str) -> bytes:
    """Encrypt with the process's key ring; see `Keys.seal`."""
    return keys().seal(plain, aad)


def unseal(sealed: bytes, aad: str) -> str:
    """Decrypt with the process's key ring; see `Keys.unseal`."""
    return keys().unseal(sealed, aad)


def blind(plain: str, purpose: str) -> bytes:
    """Blind index with the process's key ring; see `Keys.blind`."""
    return keys().blind(plain, purpose)
