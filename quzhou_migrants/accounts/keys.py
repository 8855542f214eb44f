"""API keys: how a program of another office signs in. The key is shown once, kept as a hash, and ends on its day.

A key carries scopes and nothing else: a scope is a permission that a room offers to programs, so a program
reaches exactly the routes that ask for it, under /api/ only, inside the key's division.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from quzhou_migrants.accounts.forms import KeyForm
from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.accounts.sessions import pool
from quzhou_migrants.accounts.tables import ApiKey
from quzhou_migrants.kernel.actor import Actor, code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, fire, machine
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "accounts_api_key"
MARK, HINT, BYTES = "qm_", 9, 32
ROLE = "program"
SCOPES: dict[str, str] = {}


class S(StrEnum):
    """States of a key. A key whose day is over is active and of no use."""

    ACTIVE = "active"
    REVOKED = "revoked"


API_KEY = machine("API_KEY", S, S.ACTIVE, (Arrow(S.ACTIVE, "revoke", S.REVOKED, P.MANAGE_KEYS),))


def offer(permission: str) -> None:
    """Offer a permission to programs as a scope."""
    SCOPES[str(permission)] = str(permission)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `secret` is shown once and kept nowhere."""

    id: int
    secret: str


@command(P.MANAGE_KEYS, audit="accounts.key.create")
async def create(tx: Tx, form: KeyForm) -> NewKey:
    """Make a key for a division of one's own range.

    Raises: Refused ACC-141 (another place), ACC-142 (no such scope), ACC-143 (too long), ACC-144 (too often).
    """
    _check(tx, form)
    secret = MARK + secrets.token_urlsafe(BYTES)
    key_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {TABLE} (division_code, name, holder, scopes, key_hash, hint, expires_on, per_minute,"  # noqa: S608 - our own name
            " created_by, created_name, created_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            form.place,
            form.name,
            form.holder,
            form.scopes,
            hash_of(secret),
            secret[:HINT],
            form.expires_on,
            form.per_minute,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    scopes = "、".join(CATALOGUE.permission(s) for s in form.scopes)
    await tx.note((TABLE, key_id, form.place), "accounts.key.create", note=f"{form.holder}：{scopes}")
    return NewKey(key_id, secret)


def _check(tx: Tx, form: KeyForm) -> None:
    lo, hi = code_range(tx.actor.division_code)
    if not lo <= form.place < hi:
        raise Refused("ACC-141", field="place")
    if not form.scopes or set(form.scopes) - set(SCOPES):
        raise Refused("ACC-142", field="scopes")
    most = tx.policy.whole("accounts.keys.days_most")
    if not tx.today < form.expires_on <= tx.today + timedelta(days=most):
        raise Refused("ACC-143", field="expires_on", most=most)
    often = tx.policy.whole("accounts.keys.per_minute")
    if form.per_minute > often:
        raise Refused("ACC-144", field="per_minute", most=often)


@command(P.MANAGE_KEYS, audit="accounts.key.revoke")
async def revoke(tx: Tx, key_id: int) -> None:
    """End a key at once."""
    await fire(tx, API_KEY, ApiKey, await one(tx, key_id), "revoke")


async def one(tx: Tx, key_id: int) -> Row:
    """Read one key with its use. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT k.*, u.total, u.last_at, u.used, u.minute FROM accounts_api_key k"
        " LEFT JOIN accounts_api_use u ON u.key_id = k.id WHERE k.id = $1",
        key_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


def hash_of(secret: str) -> bytes:
    """What is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


async def identify_key(secret: str) -> tuple[Actor, float]:
    """Answer who a key belongs to, and count its use.

    Raises: Refused ACC-145 (unknown, ended or revoked: which, is nobody's business), ACC-146 (too often).
    """
    row = await pool().fetchrow("SELECT * FROM accounts_key_actor($1)", hash_of(secret))
    if row is None:
        raise Refused("ACC-145")
    if row["used"] > row["most"]:
        raise Refused("ACC-146", most=row["most"], minutes=1)
    held = frozenset(row["scopes"]) & frozenset(SCOPES)
    actor = Actor(
        None, row["name"], ROLE, None, row["holder"], row["division_code"], 0, None, held, row["holder"],
        is_demo=row["is_demo"],
    )  # fmt: skip
    return actor, float(row["shift"] or 0)


def ended(row: Row, today: date) -> bool:
    """Tell whether a key is of no use any more."""
    return bool(row["state"] == S.REVOKED or row["expires_on"] < today)


async def waiting(tx: Tx) -> list[Task]:
    """Name the keys that end soon, to who manages them."""
    if not tx.actor.may(P.MANAGE_KEYS):
        return []
    soon = tx.today + timedelta(days=tx.policy.whole("accounts.keys.warn_days"))
    rows = await tx.conn.fetch(
        "SELECT id, name, expires_on, division_code FROM accounts_api_key WHERE state = 'active'"
        " AND expires_on BETWEEN $1 AND $2 ORDER BY expires_on, id LIMIT 50",
        tx.today,
        soon,
    )
    say = CATALOGUE.text("task.key.title")
    return [
        Task(say.format(name=r["name"]), f"/accounts/keys/{r['id']}", r["expires_on"], r["division_code"], "key")
        for r in rows
    ]
