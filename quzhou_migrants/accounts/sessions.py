"""Sessions on the server: random token in the browser, its hash here, rotated at every sign-in.

The framework's own session backend accepts ids a visitor brings along; this one knows only the
tokens it gave out, writes only on sign-in, sign-out and change of post, and deletes for good.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.accounts.passwords import matches
from quzhou_migrants.accounts.roles import OF_ONE_OBJECT, OUTSIDERS
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import ENGINE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.permissions import permissions_of

COOKIE = "qm_session"
IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 12 * 3600
FREE_TRIES = 5
FREE_TRIES_OF_PLACE = 50  # a whole office signs in from one address
KEY = 120  # characters of a key
WINDOW_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True)
class Identity:
    """One post (and engagement) a person can act in."""

    post_id: int
    engagement_id: int | None
    role: str
    org_name: str
    division_code: str
    purpose: str
    ends_on: date | None

    @property
    def title(self) -> str:
        """What the choice is called on screen."""
        return f"{self.org_name}{CATALOGUE.role(self.role)}" + (f"（{self.purpose}）" if self.purpose else "")


def token_hash(token: str) -> bytes:
    """What the server keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


async def identify(token: str) -> tuple[Actor, float] | None:
    """Answer who a token belongs to and the shift of the business clock; None when it ended."""
    row = await pool().fetchrow("SELECT * FROM accounts_session_actor($1, $2)", token_hash(token), IDLE_SECONDS)
    if row is None:
        return None
    role = row["role"] or ""
    ended = role in OUTSIDERS and not row["engagement_id"]
    held = permissions_of(role) if role and not ended else frozenset()
    actor = Actor(
        row["user_id"],
        row["name"],
        role,
        row["org_id"],
        row["org_name"] or "",
        "" if ended else row["division_code"] or "",
        row["post_id"] or 0,
        (row["engagement_id"] or 0) if role in OF_ONE_OBJECT else None,
        held,
        f"{row['org_name'] or ''}{CATALOGUE.role(role)}" if role else "",
        row["must_change"],
        row["is_demo"],
        token_hash(token),
    )
    return actor, float(row["shift"] or 0)


async def sign_in(login: str, password: str, *, address: str, agent: str) -> str:
    """Check the password and open a session; answer its token.

    Raises: Refused ACC-101 (wrong, whichever part), ACC-102 (too many tries).
    """
    key, place = f"login:{login.lower()}"[:KEY], f"addr:{address}"[:KEY]
    await try_once(place, FREE_TRIES_OF_PLACE)
    try:
        await try_once(key)
    except Refused:
        await give_back(place)  # nobody guessed: the name alone must wait, not everybody at this address
        raise
    row = await pool().fetchrow("SELECT * FROM accounts_credentials($1)", login)
    if not await matches(row["password_hash"] if row else None, password):
        raise Refused("ACC-101", field="password")
    await forget_tries(key)
    await give_back(place)
    return await open_session(row["user_id"], agent)


async def open_session(user_id: int, agent: str) -> str:
    """Open a session in the person's first post; answer its token."""
    found = await identities(user_id)
    first = found[0] if found else None
    token = secrets.token_urlsafe(32)
    await pool().execute(
        'INSERT INTO accounts_session (token_hash, "user", post_id, engagement_id, created_at, idle_until,'
        " expires_at, agent) VALUES ($1, $2, $3, $4, now(), now() + make_interval(secs => $5),"
        " now() + make_interval(secs => $6), $7)",
        token_hash(token),
        user_id,
        first.post_id if first else None,
        first.engagement_id if first else None,
        IDLE_SECONDS,
        ABSOLUTE_SECONDS,
        agent[:200],
    )
    return token


async def identities(user_id: int) -> list[Identity]:
    """List the posts and engagements a person may act in today."""
    rows = await pool().fetch("SELECT * FROM accounts_identities($1)", user_id)
    return [Identity(*(r[k] for k in Identity.__slots__)) for r in rows]


async def owner_of(token: str) -> int | None:
    """Tell whose session a token was, also after it has ended; None for a token nobody was given."""
    found: int | None = await pool().fetchval(
        'SELECT "user" FROM accounts_session WHERE token_hash = $1', token_hash(token)
    )
    return found


async def choose(actor: Actor, post_id: int, engagement_id: int | None) -> None:
    """Act in another of one's own posts. Raises: Refused ACC-103."""
    own = {(i.post_id, i.engagement_id) for i in await identities(actor.user_id or 0)}
    if (post_id, engagement_id) not in own:
        raise Refused("ACC-103")
    await pool().execute(
        "UPDATE accounts_session SET post_id = $2, engagement_id = $3 WHERE token_hash = $1",
        actor.session_id,
        post_id,
        engagement_id,
    )


async def sign_out(actor: Actor, *, everywhere: bool = False) -> None:
    """End this session, or every session of the person."""
    if everywhere:
        await pool().execute('DELETE FROM accounts_session WHERE "user" = $1', actor.user_id)
    else:
        await pool().execute("DELETE FROM accounts_session WHERE token_hash = $1", actor.session_id)


async def try_once(key: str, most: int = FREE_TRIES) -> None:
    """Count a try before it is made, so that a hundred made at once are a hundred. Raises: Refused ACC-102."""
    if await count_try(key) > most:
        await throttle(key, most)


async def throttle(key: str, most: int) -> None:
    """Let wait who has used up the tries of the window. Raises: Refused ACC-102."""
    waits = await pool().fetchval(
        "SELECT extract(epoch FROM since + make_interval(secs => $2) - now()) FROM accounts_attempt"
        " WHERE key = $1 AND since > now() - make_interval(secs => $2) AND tries >= $3",
        key,
        WINDOW_SECONDS,
        most,
    )
    if waits:
        raise Refused("ACC-102", minutes=int(waits // 60) + 1)


async def count_try(key: str) -> int:
    """Count a try; answer the how manieth of its window it is."""
    tries: int = await pool().fetchval(
        "INSERT INTO accounts_attempt (key, tries, since) VALUES ($1, 1, now()) ON CONFLICT (key) DO UPDATE"
        " SET tries = CASE WHEN accounts_attempt.since < now() - make_interval(secs => $2) THEN 1"
        " ELSE accounts_attempt.tries + 1 END,"
        " since = CASE WHEN accounts_attempt.since < now() - make_interval(secs => $2) THEN now()"
        " ELSE accounts_attempt.since END RETURNING tries",
        key,
        WINDOW_SECONDS,
    )
    return tries


async def give_back(key: str) -> None:
    """Take back a try that was no wrong guess: a whole office signs in from one address."""
    await pool().execute("UPDATE accounts_attempt SET tries = tries - 1 WHERE key = $1 AND tries > 0", key)


async def forget_tries(key: str) -> None:
    """Forget the tries of who knew the password after all."""
    await pool().execute("DELETE FROM accounts_attempt WHERE key = $1", key)


def pool() -> Any:  # noqa: ANN401 - asyncpg's pool is untyped through Piccolo
    """The process's pool, for reads before anybody's range is known."""
    if ENGINE.pool is None:
        raise RuntimeError("the pool is not open")
    return ENGINE.pool
