"""One transaction around a piece of work, with the caller's range of divisions set inside it.

Handlers and jobs open it; services take it. Row-level security, the change log and the journal
all read what is set here, so nothing reaches a table without a range and an actor.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from quzhou_migrants.kernel.actor import PUBLIC, SYSTEM, Actor, ancestors, code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.events import handlers
from quzhou_migrants.kernel.policy import Packs, Policies

if TYPE_CHECKING:
    from litestar import Request

    AnyRequest = Request[Any, Any, Any]

WHOLE = ("", "~")
NOTHING = ("", "")

_ENTER = """
SELECT set_config('app.lo', $1, true), set_config('app.hi', $2, true), set_config('app.up', $3, true),
  set_config('app.engagement', $4, true), set_config('app.public', $5, true),
  set_config('app.actor', $6, true), set_config('app.actor_name', $7, true),
  set_config('app.command', $8, true), set_config('app.request', $9, true),
  now() AS now, (SELECT value->>'shift_seconds' FROM kernel_setting WHERE key = 'business_clock') AS shift
"""


@lru_cache(maxsize=1)
def installed_packs() -> Packs:
    """The policy packs of this installation, read once."""
    return Packs.load(Path(__file__).resolve().parents[1] / "policy")


class AlreadyDone(Exception):  # noqa: N818 - it is an answer, not an error
    """The form token was used before: the answer given then is given again."""

    def __init__(self, location: str) -> None:
        """Keep where the first answer led."""
        self.location = location
        super().__init__(location)


@dataclass(slots=True)
class Tx:
    """What a service needs: who, when, under which rules, and the connection.

    Units: `now` is the business time (Asia/Shanghai, aware), `today` its date.
    """

    actor: Actor
    now: datetime
    conn: asyncpg.Connection
    request_id: str
    command: str = ""
    _events: list[object] = field(default_factory=list)
    _once: uuid.UUID | None = None
    _policy: Policies | None = None

    @property
    def today(self) -> date:
        """The business date."""
        return self.now.date()

    @property
    def policy(self) -> Policies:
        """The rules in force on the business date for the actor's division."""
        if self._policy is None:
            self._policy = installed_packs().at(self.today, self.actor.division_code)
        return self._policy

    def policy_for(self, division_code: str) -> Policies:
        """Answer the rules in force today for another division."""
        return installed_packs().at(self.today, division_code)

    def require(self, permission: str) -> None:
        """Refuse whoever lacks the permission. Raises: Refused KRN-403."""
        if not self.actor.may(permission):
            raise Refused("KRN-403", need=CATALOGUE.permission(permission))

    def emit(self, event: object) -> None:
        """Tell upper rooms a fact; they hear it before this transaction commits."""
        self._events.append(event)

    async def enter(self, command: str) -> None:
        """Name the command for the change log and stamp the policy version on what follows."""
        self.command = command
        await self.conn.execute(
            "SELECT set_config('app.command', $1, true), set_config('app.policy', $2, true)",
            command,
            self.policy.version,
        )

    async def deliver(self) -> None:
        """Hand every told fact to its listeners, and what they tell in turn."""
        while self._events:
            event = self._events.pop(0)
            for handler in handlers(event):
                await handler(self, event)

    async def note(
        self,
        subject: tuple[str, int, str],
        verb: str,
        *,
        clause: str = "",
        from_state: str = "",
        to_state: str = "",
        **facts: Any,  # noqa: ANN401 - facts are any value
    ) -> None:
        """Write one line of an object's timeline. Shape: subject = (table, id, division_code)."""
        table, key, division = subject
        await self.conn.execute(
            "INSERT INTO kernel_journal (at, division_code, subject_table, subject_id, verb, from_state,"
            " to_state, actor_id, actor_name, actor_title, clause, facts, request_id)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12::jsonb,$13)",
            self.now,
            division,
            table,
            key,
            verb,
            from_state,
            to_state,
            self.actor.user_id,
            self.actor.name,
            self.actor.title,
            clause,
            json.dumps(facts, ensure_ascii=False, default=str),
            self.request_id,
        )

    async def claim_once(self, token: str | uuid.UUID) -> None:
        """Use a form token, at the address of this command: forms of one page may carry the same.

        Raises: AlreadyDone with the first answer; Refused KRN-410 for a foreign token.
        """
        given = token if isinstance(token, uuid.UUID) else _as_uuid(token)
        key = uuid.uuid5(given, self.command) if self.command else given
        if await self.conn.fetchval(
            "INSERT INTO kernel_once (token, actor_id, location, at) VALUES ($1, $2, '', now())"
            " ON CONFLICT DO NOTHING RETURNING token",
            key,
            self.actor.user_id,
        ):
            self._once = key
            return
        first = await self.conn.fetchrow("SELECT actor_id, location FROM kernel_once WHERE token = $1", key)
        if first is None or first["actor_id"] != self.actor.user_id:
            raise Refused("KRN-410")
        raise AlreadyDone(first["location"])

    async def done(self, location: str) -> str:
        """Remember where the answer leads, for a repeat of the same form."""
        if self._once is not None:
            await self.conn.execute("UPDATE kernel_once SET location = $2 WHERE token = $1", self._once, location)
        return location


def _as_uuid(token: str) -> uuid.UUID:
    try:
        return uuid.UUID(token)
    except ValueError:
        raise Refused("KRN-411") from None


def _range(actor: Actor) -> tuple[str, str]:
    if actor is SYSTEM:
        return WHOLE
    if actor is PUBLIC or actor.is_outsider or not actor.division_code:
        return NOTHING
    return code_range(actor.division_code)


@asynccontextmanager
async def begin(
    actor: Actor,
    *,
    request_id: str,
    command: str = "",
    at: datetime | None = None,
    once: str | uuid.UUID | None = None,
) -> AsyncIterator[Tx]:
    """Open one transaction for an actor; commit at the end, roll back on any exception.

    `at` freezes the business time (tests, demonstration data). Constraint violations that the
    catalogue knows come out as `Refused` with their code.
    """
    lo, hi = _range(actor)
    up = ",".join(ancestors(actor.division_code)) if actor.division_code and not actor.is_outsider else ""
    try:
        async with ENGINE.transaction(allow_nested=False) as transaction:
            conn = transaction.connection
            row = await conn.fetchrow(
                _ENTER,
                lo,
                hi,
                up,
                str(actor.engagement_id or ""),
                "1" if actor is PUBLIC else "",
                str(actor.user_id or ""),
                actor.name,
                command,
                request_id,
            )
            now = at or (row["now"] + timedelta(seconds=float(row["shift"] or 0)))
            tx = Tx(actor, now.astimezone(SHANGHAI), conn, request_id, command)
            if once:
                await tx.claim_once(once)
            yield tx
            await tx.deliver()
    except asyncpg.IntegrityConstraintViolationError as error:
        code = CATALOGUE.constraint(error.constraint_name or "")
        if code is None:
            raise
        raise Refused(code) from error


@asynccontextmanager
async def open_tx(request: AnyRequest, *, once: str | None = None) -> AsyncIterator[Tx]:
    """Open the transaction of a request, for the post its session has chosen."""
    actor: Actor = request.scope["state"].get("actor") or PUBLIC
    async with begin(actor, request_id=request.scope["state"]["request_id"], command=request.url.path, once=once) as tx:
        yield tx


@asynccontextmanager
async def public_tx(request: AnyRequest) -> AsyncIterator[Tx]:
    """Open a transaction that sees only what tables declare public."""
    async with begin(PUBLIC, request_id=request.scope["state"]["request_id"], command=request.url.path) as tx:
        yield tx


@asynccontextmanager
async def system_tx(command: str, *, at: datetime | None = None) -> AsyncIterator[Tx]:
    """Open a transaction of the machine itself: jobs, the command line, demonstration data."""
    async with begin(SYSTEM, request_id=f"job-{uuid.uuid4().hex[:12]}", command=command, at=at) as tx:
        await tx.enter(command)
        yield tx
