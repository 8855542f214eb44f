"""A form that arrived after its session had ended: sealed here until its owner signs in again."""

from __future__ import annotations

import json
import secrets

from quzhou_migrants.accounts.sessions import pool, token_hash
from quzhou_migrants.kernel.crypto import seal, unseal

AAD = "accounts_parked_post.body"
COOKIE = "qm_parked"
KEPT_SECONDS = 2 * 3600
LARGEST = 256 * 1024  # characters; an endless form would fill the table from outside
MOST = 500  # forms whose sender is unknown: so many at a time, or a stranger would fill the table with small ones
Fields = list[tuple[str, str]]


async def park(path: str, fields: Fields, owner: int | None) -> str:
    """Keep the typed fields (files cannot be kept); answer the token that gets them back, "" when they are not kept.

    `owner` is whose session had ended, where that is known.
    """
    if sum(len(k) + len(v) for k, v in fields) > LARGEST:
        return ""
    token = secrets.token_urlsafe(24)
    body = seal(json.dumps({"owner": owner, "fields": fields}, ensure_ascii=False), AAD)
    kept = await pool().fetchval(
        "WITH old AS (DELETE FROM accounts_parked_post WHERE at < now() - make_interval(secs => $4))"
        " INSERT INTO accounts_parked_post (token_hash, path, body, at) SELECT $1, $2, $3, now()"
        " WHERE $5 OR (SELECT count(*) FROM accounts_parked_post) < $6 RETURNING true",
        token_hash(token),
        path,
        body,
        KEPT_SECONDS,
        owner is not None,
        MOST,
    )
    return token if kept else ""


async def fetch(token: str, user_id: int | None) -> tuple[str, Fields] | None:
    """Get a parked form back, once; None when it was fetched already, is too old or is somebody else's."""
    row = await pool().fetchrow(
        "SELECT path, body FROM accounts_parked_post WHERE token_hash = $1 AND at > now() - make_interval(secs => $2)",
        token_hash(token),
        KEPT_SECONDS,
    )
    if row is None:
        return None
    told = json.loads(unseal(bytes(row["body"]), AAD))
    if told["owner"] not in {None, user_id}:
        return None
    await pool().execute("DELETE FROM accounts_parked_post WHERE token_hash = $1", token_hash(token))
    return row["path"], [(k, v) for k, v in told["fields"]]
