"""The version of the database's shape: a hash over every migration of the five packages."""

from __future__ import annotations

import hashlib
from functools import cache

from quzhou_migrants.kernel.catalogue import PACKAGES, ROOT

KEY = "schema"
SAVE = (
    "INSERT INTO kernel_setting (key, value) VALUES ('schema', jsonb_build_object('version', $1::text))"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
READ = "SELECT value->>'version' FROM kernel_setting WHERE key = 'schema'"


@cache
def version() -> str:
    """Name the shape this program expects: 16 hex digits over names and contents of the migrations."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package / "piccolo_migrations").glob("*.py")):
            digest.update(f"{package}/{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
