"""What stands in a site code, and how a code is told from a forgery.

A token is 15 characters of Crockford's base 32: 40 bits of HMAC-SHA256, 5 bits key number, 30 bits
code id. It is short enough to type by hand and for a sparse QR that reads from two metres in
the rain. Why a MAC in print and a signature on the list: docs/adr/0007-site-codes.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.signing import KeyRing

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
LOOKALIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": "", "—": "", "－": ""})
LENGTH, GROUP = 15, 5
KEY_BITS, ID_BITS, TAG_BYTES = 5, 30, 5
BODY_BITS = KEY_BITS + ID_BITS
PURPOSE = "site-code"


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says."""

    code_id: int
    key: int


def write_token(ring: KeyRing, code_id: int) -> str:
    """Write the token of a code under the newest key.

    Raises: ValueError, the id does not fit 30 bits.
    """
    if not 0 < code_id < 1 << ID_BITS:
        raise ValueError(code_id)
    key = ring.newest
    tag = ring.tag(PURPOSE, _message(key, code_id), TAG_BYTES)
    value = int.from_bytes(tag) << BODY_BITS | key << ID_BITS | code_id
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(LENGTH)))


def read_token(ring: KeyRing, text: str) -> Token:
    """Read a scanned or typed token; case, spaces, dashes and look-alike letters are forgiven.

    Raises: Refused INS-101 no token at all, INS-102 forged or mistyped.
    """
    plain = tidy(text)
    if len(plain) != LENGTH or any(c not in ALPHABET for c in plain):
        raise Refused("INS-101", field="token", text=text[:40])
    value = 0
    for char in plain:
        value = value << 5 | ALPHABET.index(char)
    code_id = value & (1 << ID_BITS) - 1
    key = value >> ID_BITS & (1 << KEY_BITS) - 1
    tag = (value >> BODY_BITS).to_bytes(TAG_BYTES)
    if not ring.tag_fits(PURPOSE, _message(key, code_id), tag, key):
        raise Refused("INS-102", field="token")
    return Token(code_id, key)


def tidy(text: str) -> str:
    """Bring a typed token, or a whole scanned address, to its plain form."""
    return text.strip().rstrip("/").rsplit("/", 1)[-1].upper().translate(LOOKALIKE)


def grouped(token: str) -> str:
    """Write a token for people: three groups of five."""
    return "-".join(token[i : i + GROUP] for i in range(0, len(token), GROUP))


def address(base: str, token: str) -> str:
    """Write what the QR says: an ordinary https address that every scanner opens."""
    return f"{base.rstrip('/')}/c/{token}"


def _message(key: int, code_id: int) -> bytes:
    return (key << ID_BITS | code_id).to_bytes(TAG_BYTES)
