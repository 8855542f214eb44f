"""Reads of the accounts room: people, posts, engagements, the trail."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.accounts.roles import OUTSIDERS, Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing


def _by_name(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "(strpos(u.name, {}) > 0 OR starts_with(u.login, {}))", [text, text.lower()]


PEOPLE = Listing(
    key="people",
    source="accounts_user u",
    id="u.id",
    scope="u.division_code",
    columns=(
        Column("name", "u.name", sort=True, link="/accounts/{id}"),
        Column("login", "u.login", sort=True),
        Column("division", "u.division_code", kind="division"),
        Column(
            "posts",
            "(SELECT string_agg(o.name || '·' || p.role, '、' ORDER BY p.id) FROM accounts_post p"
            ' JOIN accounts_org o ON o.id = p.org WHERE p."user" = u.id AND p.active)',
            shown=False,
            export=False,
        ),
        Column("roles", '(SELECT count(*) FROM accounts_post p WHERE p."user" = u.id AND p.active)', kind="int"),
        Column("active", "CASE WHEN u.active THEN 'on' ELSE 'off' END", kind="tag"),
        Column("must_change", "u.must_change", kind="bool"),
        Column("id", "u.id", shown=False),
    ),
    filters=(
        Filter("division", "u.division_code", kind="division"),
        Filter(
            "role",
            'EXISTS (SELECT 1 FROM accounts_post p WHERE p."user" = u.id AND p.active AND p.role = {})',
            choices=tuple(str(r) for r in Role),
        ),
        Filter("disabled", "NOT u.active", kind="flag"),
    ),
    search=_by_name,
)

ENGAGEMENTS = Listing(
    key="engagements",
    source='accounts_engagement e JOIN accounts_post p ON p.id = e.post JOIN accounts_user u ON u.id = p."user"',
    id="e.id",
    scope="e.division_code",
    descending=True,
    columns=(
        Column("name", "u.name", link="/accounts/engagements/{id}"),
        Column("role", "p.role", kind="tag"),
        Column("purpose", "e.purpose"),
        Column("starts_on", "e.starts_on", kind="date", sort=True),
        Column("ends_on", "e.ends_on", kind="date", sort=True),
        Column("ended", "CASE WHEN e.revoked_at IS NULL THEN 'no' ELSE 'yes' END", kind="tag"),
        Column("id", "e.id", shown=False),
    ),
    filters=(Filter("role", "p.role = {}", choices=tuple(sorted(str(r) for r in OUTSIDERS))),),
)

TRAIL = Listing(
    key="trail",
    source="kernel_journal j",
    id="j.id",
    scope="j.division_code",
    descending=True,
    columns=(
        Column("at", "j.at", kind="datetime"),
        Column("actor", "j.actor_name"),
        Column("title", "j.actor_title"),
        Column("verb", "j.verb", kind="verb"),
        Column("division", "j.division_code", kind="division"),
        Column("clause", "j.clause"),
        Column("id", "j.id", shown=False),
    ),
    filters=(
        Filter("division", "j.division_code", kind="division"),
        Filter("from", "j.at >= {}::date", kind="date"),
        Filter("to", "j.at < {}::date + 1", kind="date"),
    ),
)


async def orgs(tx: Tx) -> list[dict[str, Any]]:
    """List the organisations of one's range, county before township before village."""
    lo, hi = await tx.conn.fetchval("SELECT ARRAY[current_setting('app.lo'), current_setting('app.hi')]")
    rows = await tx.conn.fetch(
        "SELECT id, name, division_code, kind FROM accounts_org WHERE kind <> 'outside'"
        " AND division_code >= $1 AND division_code < $2 ORDER BY kind, division_code",
        lo,
        hi,
    )
    return [dict(r) for r in rows]


async def posts(tx: Tx, user_id: int) -> list[dict[str, Any]]:
    """List a person's posts, ended ones too."""
    rows = await tx.conn.fetch(
        "SELECT p.id, p.role, p.active, o.name AS org FROM accounts_post p JOIN accounts_org o ON o.id = p.org"
        ' WHERE p."user" = $1 ORDER BY p.active DESC, p.id',
        user_id,
    )
    return [dict(r) for r in rows]


async def engagements(tx: Tx, user_id: int) -> list[dict[str, Any]]:
    """List a person's engagements, newest first."""
    rows = await tx.conn.fetch(
        "SELECT e.id, p.role, e.purpose, e.starts_on, e.ends_on, e.revoked_at FROM accounts_engagement e"
        ' JOIN accounts_post p ON p.id = e.post WHERE p."user" = $1 ORDER BY e.id DESC',
        user_id,
    )
    return [dict(r) for r in rows]


async def engagement(tx: Tx, engagement_id: int) -> dict[str, Any]:
    """Read one engagement of one's range. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT e.*, u.name, u.login, p.role FROM accounts_engagement e JOIN accounts_post p ON p.id = e.post"
        ' JOIN accounts_user u ON u.id = p."user" WHERE e.id = $1',
        engagement_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def chain(tx: Tx) -> dict[str, Any]:
    """Tell how far the change log is sealed. Shape: {pos, hash, waiting}."""
    row = await tx.conn.fetchrow("SELECT pos, encode(hash, 'hex') AS hash FROM kernel_seal ORDER BY pos DESC LIMIT 1")
    return dict(row) if row else {"pos": 0, "hash": ""}


async def checkpoints(tx: Tx) -> list[dict[str, Any]]:
    """List the last thirty daily checkpoints."""
    rows = await tx.conn.fetch("SELECT day, pos, hash FROM kernel_checkpoint ORDER BY day DESC LIMIT 30")
    return [dict(r) for r in rows]
