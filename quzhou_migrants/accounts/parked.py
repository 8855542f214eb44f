"""A form that arrived after its session had ended: sealed here until its owner signs in again."""

from __future__ import annotations

import json
import secrets
from typing import Any

from litestar import Request

from quzhou_migrants.accounts.sessions import token_hash
from quzhou_migrants.kernel.crypto import seal, unseal
from quzhou_migrants.kernel.db import ENGINE

AAD = "accounts_parked_post.body"
KEPT_SECONDS = 2 * 3600
LARGEST = 256 * 1024  # an endless form would fill the table from outside
Fields = list[tuple[str, str]]


async def park(path: str, fields: Fields) -> str:
    """Keep the typed fields (files cannot be kept); answer the token that gets them back."""
    token = secrets.token_urlsafe(24)
    body = seal(json.dumps(fields, ensure_ascii=False), AAD)
    await _pool().execute(
        "WITH old AS (DELETE FROM accounts_parked_post WHERE at < now() - make_interval(secs => $4))"
        " INSERT INTO accounts_parked_post (token_hash, path, body, at) VALUES ($1, $2, $3, now())",
        token_hash(token),
        path,
        body,
        KEPT_SECONDS,
    )
    return token


async def fetch(token: str) -> tuple[str, Fields] | None:
    """Get a parked form back, once; None when it was fetched already or is too old."""
    row = await _pool().fetchrow(
        "DELETE FROM accounts_parked_post WHERE token_hash = $1"
        " AND at > now() - make_interval(secs => $2) RETURNING path, body",
        token_hash(token),
        KEPT_SECONDS,
    )
    if row is None:
        return None
    return row["path"], [(k, v) for k, v in json.loads(unseal(bytes(row["body"]), AAD))]


async def park_request(request: Request[Any, Any, Any]) -> str:
    """Keep the typed fields of a request whose session has ended; empty when there is nothing to keep."""
    if not request.content_type[0].startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return ""
    sent = await request.form()
    fields = [(k, v) for k, v in sent.multi_items() if isinstance(v, str)]
    if sum(len(k) + len(v) for k, v in fields) > LARGEST:
        return ""
    return await park(request.url.path, fields)


def _pool() -> Any:  # noqa: ANN401 - asyncpg's pool is untyped through Piccolo
    if ENGINE.pool is None:
        raise RuntimeError("the pool is not open")
    return ENGINE.pool
