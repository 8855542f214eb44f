"""What other rooms may ask of accounts."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.accounts.roles import OUTSIDERS, Role
from quzhou_migrants.accounts.service import create_outsider, engage, outside_org, prolong, release, revoke
from quzhou_migrants.accounts.sessions import token_hash
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import Tx

__all__ = [
    "OUTSIDERS",
    "Role",
    "acting_as",
    "create_outsider",
    "engage",
    "engagements_for",
    "holders",
    "holds",
    "outside_org",
    "people_outside",
    "prolong",
    "release",
    "revoke",
    "standing_posts",
    "token_hash",
]


async def engagements_for(tx: Tx, subject_table: str, subject_id: int) -> list[dict[str, Any]]:
    """List who is engaged for an object. Shape: {id, user_id, name, role, purpose, starts_on, ends_on, revoked_at}."""
    rows = await tx.conn.fetch(
        "SELECT e.id, u.id AS user_id, u.name, p.role, e.purpose, e.starts_on, e.ends_on, e.revoked_at"
        ' FROM accounts_engagement e JOIN accounts_post p ON p.id = e.post JOIN accounts_user u ON u.id = p."user"'
        " WHERE e.subject_table = $1 AND e.subject_id = $2 ORDER BY e.id",
        subject_table,
        subject_id,
    )
    return [dict(r) for r in rows]


async def people_outside(tx: Tx, role: Role) -> list[dict[str, Any]]:
    """List the outside people of one's range who were engaged in a role before, or hold no post at all."""
    rows = await tx.conn.fetch(
        "SELECT u.id, u.name, u.login FROM accounts_user u WHERE u.active AND NOT EXISTS ("
        '  SELECT 1 FROM accounts_post p WHERE p."user" = u.id AND p.active'
        "  AND p.role <> ALL($2::text[]))"
        ' AND (EXISTS (SELECT 1 FROM accounts_post p WHERE p."user" = u.id AND p.role = $1)'
        '   OR NOT EXISTS (SELECT 1 FROM accounts_post p WHERE p."user" = u.id)) ORDER BY u.id',
        str(role),
        [str(r) for r in OUTSIDERS],
    )
    return [dict(r) for r in rows]


async def holders(tx: Tx, division_code: str, role: Role) -> list[dict[str, Any]]:
    """List who holds a role in exactly one division. Shape: {id, name}."""
    rows = await tx.conn.fetch(
        'SELECT DISTINCT u.id, u.name FROM accounts_post p JOIN accounts_user u ON u.id = p."user"'
        " WHERE p.division_code = $1 AND p.role = $2 AND p.active AND u.active ORDER BY u.name, u.id",
        division_code,
        str(role),
    )
    return [dict(r) for r in rows]


async def standing_posts(tx: Tx, division_code: str) -> list[dict[str, Any]]:
    """List who still holds a post in exactly one division. Shape: {user_id, name, role}."""
    rows = await tx.conn.fetch(
        'SELECT u.id AS user_id, u.name, p.role FROM accounts_post p JOIN accounts_user u ON u.id = p."user"'
        " WHERE p.division_code = $1 AND p.active AND u.active ORDER BY u.id",
        division_code,
    )
    return [dict(r) for r in rows]


async def acting_as(tx: Tx, user_id: int, post_id: int) -> Actor | None:
    """Give a person in one standing post, for what is read in their name without a session.

    Outsiders are never read for: their range ends with an engagement. None when the post has ended.
    """
    row = await tx.conn.fetchrow(
        "SELECT u.name, u.is_demo, p.role, o.id AS org_id, o.name AS org_name, o.division_code"
        ' FROM accounts_post p JOIN accounts_user u ON u.id = p."user" JOIN accounts_org o ON o.id = p.org'
        " WHERE u.id = $1 AND p.id = $2 AND p.active AND u.active AND p.role <> ALL($3::text[])",
        user_id,
        post_id,
        [str(r) for r in OUTSIDERS],
    )
    if row is None:
        return None
    role = row["role"]
    return Actor(
        user_id,
        row["name"],
        role,
        row["org_id"],
        row["org_name"],
        row["division_code"],
        post_id,
        None,
        permissions_of(role),
        f"{row['org_name']}{CATALOGUE.role(role)}",
        is_demo=row["is_demo"],
    )


async def holds(tx: Tx, user_id: int, post_id: int) -> bool:
    """Tell whether a person still holds a post."""
    found = await tx.conn.fetchval(
        'SELECT true FROM accounts_post p JOIN accounts_user u ON u.id = p."user"'
        " WHERE p.id = $1 AND u.id = $2 AND p.active AND u.active",
        post_id,
        user_id,
    )
    return bool(found)
