"""The list of all site codes, signed: what anybody needs to check a board without asking us.

A token is genuine and in force when its digest stands in a list whose signature holds, with state
"active". The list says when it was made; who uses an old one sees how old.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inspection.site_codes.rules import tidy
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.signing import KeyRing, verify

PURPOSE = "site-code-list"
FORMAT = "quzhou-codes-1"
DIGEST_CHARS = 24  # 96 bits: a list gives no token away, and no two tokens meet


def digest(token: str) -> str:
    """Shorten a token to what stands in the list; it cannot be turned back."""
    return hashlib.sha256(f"{FORMAT}:{tidy(token)}".encode()).hexdigest()[:DIGEST_CHARS]


def write_list(ring: KeyRing, made_at: datetime, codes: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Write and sign the list.

    Shape: codes (token, project code, state); `body` is the exact text that was signed.
    """
    rows = sorted([digest(token), project, state] for token, project, state in codes)
    body = json.dumps({"format": FORMAT, "made_at": made_at.isoformat(), "codes": rows}, ensure_ascii=False)
    key, signature = ring.sign(PURPOSE, body.encode())
    return {
        "body": body,
        "key": key,
        "signature": b64encode(signature).decode(),
        "public_key": b64encode(ring.public(key)).decode(),
    }


def read_list(signed: dict[str, Any], public_key: bytes) -> dict[str, Any]:
    """Read a list that was signed with a known key.

    Shape: {made_at, codes: {digest: (project code, state)}}.
    Raises: Refused INS-109, the signature does not hold.
    """
    body = str(signed["body"])
    if not verify(public_key, PURPOSE, body.encode(), b64decode(signed["signature"])):
        raise Refused("INS-109")
    read = json.loads(body)
    return {"made_at": datetime.fromisoformat(read["made_at"]), "codes": {d: (p, s) for d, p, s in read["codes"]}}
